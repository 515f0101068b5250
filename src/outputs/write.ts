import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { HEADER, type OutputFile } from './plain';

/** What writing changed. */
export interface WriteReport {
  readonly written: number;
  readonly unchanged: number;
  readonly removed: number;
}

/** Name of a file that is being written. A run that was killed leaves such files; the next one removes them. */
const TEMPORARY = /\.webstack-[0-9]+\.tmp$/;

/**
 * Writes the files of one folder below `out`. Each is written beside its place and renamed into it, so that whoever
 * looks finds it old or new and never cut short. What an earlier run wrote and no longer belongs is removed; files of
 * others stay.
 */
export function writeFolder(out: string, folder: string, files: readonly OutputFile[]): WriteReport {
  const changed = files.filter(({ path, text }) => readOrNothing(join(out, path)) !== text);
  const temporary = changed.map(({ path, text }) => {
    const target = join(out, path);
    const beside = `${target}.webstack-${process.pid}.tmp`;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(beside, text);
    return { beside, target };
  });
  for (const { beside, target } of temporary) renameSync(beside, target);
  const keep = new Set(files.map(({ path }) => join(out, path)));
  return {
    written: changed.length,
    unchanged: files.length - changed.length,
    removed: removeStale(join(out, folder), keep),
  };
}

/** Removes the folders of systems and environments that are gone, as far as we wrote them. */
export function removeGone(out: string, folders: readonly string[]): number {
  const systems = subfolders(out);
  const environments = systems.flatMap((system) => subfolders(join(out, system)).map((name) => `${system}/${name}`));
  const gone = environments.filter((folder) => !folders.includes(folder));
  const removed = gone.map((folder) => removeStale(join(out, folder), new Set()));
  for (const system of systems) removeIfEmpty(join(out, system));
  return removed.reduce((a, b) => a + b, 0);
}

function removeStale(folder: string, keep: ReadonlySet<string>): number {
  const names = readdirOrNothing(folder).filter((name) => statSync(join(folder, name)).isFile());
  const stale = names.map((name) => join(folder, name)).filter((path) => !keep.has(path) && isOurs(path));
  for (const path of stale) rmSync(path);
  removeIfEmpty(folder);
  return stale.length;
}

const isOurs = (path: string) => TEMPORARY.test(path) || readFileSync(path, 'utf8').startsWith(HEADER);

const subfolders = (folder: string) =>
  readdirOrNothing(folder).filter((name) => statSync(join(folder, name)).isDirectory());

function removeIfEmpty(folder: string): void {
  if (readdirOrNothing(folder, ['.']).length === 0) rmdirSync(folder);
}

function readdirOrNothing(folder: string, nothing: string[] = []): string[] {
  return attempt(() => readdirSync(folder).sort(), nothing);
}

const readOrNothing = (path: string) => attempt(() => readFileSync(path, 'utf8'), undefined);

/** What is not there is nothing; any other failure is one. */
function attempt<T, N>(action: () => T, nothing: N): T | N {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothing;
    throw error;
  }
}
