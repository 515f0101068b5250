import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { folderOf, toolSet } from '../../../tools/real/sets';
import { runFolder } from './run-folder';

/** The path of a file in a tool set: `toolPath('postgres', 'bin/psql')`. */
export function toolPath(name: string, file: string): string {
  const installed = folderOf(toolSet(name));
  if (!existsSync(installed)) throw new Error(`no ${installed}: run \`npm run tools -- ${name}\` first`);
  const path = join(forEveryUser(installed), file);
  if (!existsSync(path)) throw new Error(`the tool set ${name} has no ${file}: look into ${installed}`);
  return path;
}

/**
 * Root's cache is closed to the user as whom servers run that refuse root: they get the same files by another path. Links,
 * where the file system allows it.
 */
function forEveryUser(installed: string): string {
  if (process.getuid!() !== 0) return installed;
  const open = join(runFolder(), 'tools', basename(installed));
  if (existsSync(open)) return open;
  mkdirSync(join(runFolder(), 'tools'), { recursive: true });
  // Beside its place, since other workers look there at the same time; the first to be ready counts.
  const copy = `${open}.${process.pid}`;
  const copied = ['-al', '-a'].some((how) => spawnSync('cp', [how, installed, copy]).status === 0);
  if (!copied) throw new Error(`cannot copy ${installed} to ${copy}`);
  try {
    renameSync(copy, open);
  } catch (error) {
    if (!existsSync(open)) throw error;
    rmSync(copy, { recursive: true });
  }
  return open;
}
