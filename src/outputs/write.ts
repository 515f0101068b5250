import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** The files of one folder: all that we have there. */
export interface OutputFolder {
  readonly folder: string;
  readonly files: readonly OutputFile[];
}

/**
 * Writes folders below `out`. Every file is written beside its place first, and only when all are there are they renamed
 * into it, so that whoever looks finds each old or new and never cut short, and an error leaves all as they were. What an
 * earlier run wrote and no longer belongs is removed; files of others stay.
 */
export function writeFolders(out: string, folders: readonly OutputFolder[]): WriteReport {
  const files = folders.flatMap((folder) => folder.files);
  const changed = files.filter(({ path, text }) => readOrNothing(join(out, path)) !== text);
  const temporary = changed.map(({ path, text }) => {
    const target = join(out, path);
    return { text, target, beside: `${target}.webstack-${process.pid}.tmp` };
  });
  try {
    for (const { text, target, beside } of temporary) {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(beside, text);
    }
    for (const { beside, target } of temporary) renameSync(beside, target);
  } catch (error) {
    for (const { beside } of temporary) rmSync(beside, { force: true });
    throw error;
  }
  const keep = new Set(files.map(({ path }) => join(out, path)));
  const removed = folders.map(({ folder }) => removeStale(join(out, folder), keep));
  return {
    written: changed.length,
    unchanged: files.length - changed.length,
    removed: removed.reduce((a, b) => a + b, 0),
  };
}

/** Removes the folders of systems and environments that are gone, as far as we wrote them. */
export function removeGone(out: string, folders: readonly string[]): number {
  const systems = subfolders(out);
  const environments = systems.flatMap((system) => subfolders(join(out, system)).map((name) => `${system}/${name}`));
  const gone = environments.filter((folder) => !folders.includes(folder));
  const removed = gone.map((folder) => {
    const count = removeStale(join(out, folder), new Set());
    if (count > 0) removeIfEmpty(dirname(join(out, folder)));
    return count;
  });
  return removed.reduce((a, b) => a + b, 0);
}

function removeStale(folder: string, keep: ReadonlySet<string>): number {
  const files = entriesOf(folder).filter((entry) => entry.isFile());
  const stale = files.map(({ name }) => join(folder, name)).filter((path) => !keep.has(path) && isOurs(path));
  for (const path of stale) rmSync(path);
  if (stale.length > 0) removeIfEmpty(folder);
  return stale.length;
}

const isOurs = (path: string) => TEMPORARY.test(path) || readFileSync(path, 'utf8').startsWith(HEADER);

const subfolders = (folder: string) =>
  entriesOf(folder)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

function removeIfEmpty(folder: string): void {
  if (attempt(() => readdirSync(folder).length === 0, false)) rmdirSync(folder);
}

/** Links are neither files nor folders here: what they lead to is not ours. */
const entriesOf = (folder: string) => attempt(() => readdirSync(folder, { withFileTypes: true }), []);

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
