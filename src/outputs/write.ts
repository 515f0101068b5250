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

/**
 * Writes files below `out`. Every file is written beside its place first, and only when all are there are they renamed
 * into it, so that whoever looks finds each old or new and never cut short, and an error leaves all as they were. What an
 * earlier run wrote and no longer belongs is removed; files of others stay.
 * @param whole the folders of `out`, or `.` for itself, in which nothing of ours belongs but these files
 */
export function writeFiles(out: string, files: readonly OutputFile[], whole: readonly string[]): WriteReport {
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
  const removed = whole.map((folder) => removeStale(join(out, folder), keep));
  return {
    written: changed.length,
    unchanged: files.length - changed.length,
    removed: removed.reduce((a, b) => a + b, 0),
  };
}

/** Removes what we wrote below a folder and no longer belongs, and the folders that are empty then. */
function removeStale(folder: string, keep: ReadonlySet<string>): number {
  const entries = entriesOf(folder);
  const paths = (kind: 'isFile' | 'isDirectory') =>
    entries.filter((entry) => entry[kind]()).map(({ name }) => join(folder, name));
  const below = paths('isDirectory').map((path) => removeStale(path, keep));
  const stale = paths('isFile').filter((path) => !keep.has(path) && isOurs(path));
  for (const path of stale) rmSync(path);
  const removed = below.reduce((a, b) => a + b, stale.length);
  if (removed > 0) removeIfEmpty(folder);
  return removed;
}

const isOurs = (path: string) => isTemporary(path) || isOurText(readFileSync(path, 'utf8'));

/** How text says that we made it where no comment in the manner of YAML can stand: HTML, Helm's templates, JSON. */
const MARKS = [
  /^<!-- Made by cdk8s-webstack/,
  /^\{\{-?\s*\/\* Made by cdk8s-webstack/,
  /^\{\s*"\$comment": "Made by cdk8s-webstack/,
];

/** Whether a file with this text is ours to change and to remove. */
export const isOurText = (text: string): boolean => text.startsWith(HEADER) || MARKS.some((mark) => mark.test(text));

/** Whether a run that writes this file is under way, or was killed. */
export const isTemporary = (path: string): boolean => TEMPORARY.test(path);

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
