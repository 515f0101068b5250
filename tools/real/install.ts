import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { isRunning } from './running';
import { folderOf, recipeOf, TOOL_SETS, TOOLCHAINS, type ToolSet, toolSet } from './sets';

/**
 * Installs the named tool sets, or all, into the user's cache. A set that cannot be installed does not keep the others from
 * it; returns the problems.
 */
export async function install(sets: readonly ToolSet[]): Promise<string[]> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return [`the real parts run on Linux on x86-64, and this is ${process.platform} on ${process.arch}`];
  }
  const problems: string[] = [];
  for (const set of sets) {
    try {
      await installOne(set);
    } catch (error) {
      problems.push(`${set.name}: ${(error as Error).message}`);
      console.log(`${set.name}: failed`);
    }
  }
  return problems;
}

async function installOne(set: ToolSet): Promise<void> {
  const folder = folderOf(set);
  if (existsSync(folder)) return console.log(`${set.name}: there, ${folder}`);
  const missing = set.needs.filter((command) => !isOnPath(command));
  if (missing.length > 0) {
    throw new Error(missing.map((command) => `${command} is not on the PATH: get ${TOOLCHAINS[command]}`).join('; '));
  }
  removeLeftovers(folder);
  const began = Date.now();
  const building = `${folder}${BUILDING}${process.pid}`;
  mkdirSync(building, { recursive: true });
  try {
    console.log(`${set.name}: ${set.what}; takes about ${set.takes} the first time`);
    await follow(set, building);
    publish(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  console.log(`${set.name}: installed in ${seconds(began)} s, ${folder}`);
}

const BUILDING = '.building-';

/** What runs that were killed have left; what another run is building stays. */
function removeLeftovers(folder: string): void {
  const cache = dirname(folder);
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache).filter((name) => name.startsWith(`${basename(folder)}${BUILDING}`))) {
    const pid = Number(name.slice(name.lastIndexOf('-') + 1));
    if (!isRunning(pid)) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** In one step. Where another run was first, its result is as good. */
function publish(building: string, folder: string): void {
  try {
    renameSync(building, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

/** Runs the recipe and says every few seconds where it is. Fails with the end of what it printed. */
async function follow(set: ToolSet, building: string): Promise<void> {
  const began = Date.now();
  const lines: string[] = [];
  // A group of its own, so that what the recipe starts ends with it.
  const child = spawn('sh', ['install.sh', building], {
    cwd: recipeOf(set),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
      lines.splice(0, lines.length - 20);
    });
  }
  const ticker = setInterval(
    () => console.log(`${set.name}: ${seconds(began)} s, ${(lines.at(-1) ?? '').slice(0, 90)}`),
    15_000,
  );
  const release = endWith(child, building);
  try {
    const code = await new Promise((done, fail) => child.on('error', fail).on('close', done));
    if (code !== 0) throw new Error(`${join(recipeOf(set), 'install.sh')} ended with ${code}:\n${lines.join('\n')}`);
  } finally {
    clearInterval(ticker);
    release();
  }
}

/** When this run is interrupted, the recipe ends too and nothing half-built stays. */
function endWith(child: ChildProcess, building: string): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const end = () => {
    process.kill(-child.pid!, 'SIGKILL');
    rmSync(building, { recursive: true, force: true, maxRetries: 5 });
    process.exit(130);
  };
  signals.forEach((signal) => process.on(signal, end));
  return () => signals.forEach((signal) => process.off(signal, end));
}

const seconds = (began: number) => Math.round((Date.now() - began) / 1000);

function isOnPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The sets of these names; all of them without a name. */
export const setsNamed = (names: readonly string[]): readonly ToolSet[] =>
  names.length > 0 ? names.map(toolSet) : TOOL_SETS;
