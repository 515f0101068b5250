import { changedPaths, type Changes, changesBetween } from '../../outputs/changes';
import type { OutputFile } from '../../outputs/plain';
import { isOurText } from '../../outputs/write';
import { type Entry, textsOf } from '../git/files';
import { listed, Refusal } from './refusal';
import { parentsOf, type Placement, type Target } from './target';

/** What a publication does to the other repository. */
export interface Plan extends Placement {
  readonly changes: Changes;
  /** Every path that is written or removed, for people. */
  readonly listing: string;
}

/** Compares with what the other repository has committed. Refuses what would destroy something of others. */
export function planFor(target: Target, files: readonly OutputFile[]): Plan {
  const entries = target.entries();
  const folders = ownedFolders(target, entries, files);
  const before = textsOf(
    target.git,
    entries.filter(({ path }) => folders.includes(topOf(path)) || files.some((file) => file.path === path)),
  );
  const ours = before.filter(({ text }) => isOurText(text));
  refuseInTheWay(target, files, entries, before);
  const paths = new Set(files.map(({ path }) => path));
  const changed = changedPaths(ours, files);
  const written = changed.filter((path) => paths.has(path));
  const removed = changed.filter((path) => !paths.has(path));
  target.refuseUncommitted([...paths, ...removed], files);
  const listing = [...written.map((path) => `  write  ${path}\n`), ...removed.map((path) => `  remove ${path}\n`)];
  return { changes: changesBetween(ours, files), files, written, removed, listing: listing.join('') };
}

const topOf = (path: string) => path.split('/')[0]!;

/**
 * Those that we fill, and those that an earlier publication filled with a system that is no longer there: they hold
 * `<environment>.yaml` of ours. Deeper folders may be what somebody publishes there under another prefix.
 */
function ownedFolders(target: Target, entries: readonly Entry[], files: readonly OutputFile[]): string[] {
  const single = entries.filter(({ path }) => /^[^/]+\/[^/]+\.yaml$/.test(path));
  const earlier = textsOf(target.git, single).filter(({ text }) => isOurText(text));
  const below = [...earlier, ...files].map(({ path }) => path).filter((path) => path.includes('/'));
  return [...new Set(below.map(topOf))].sort();
}

/** What others have where a file of ours has to be: a file, a link, a repository, or a file in place of a folder. */
function refuseInTheWay(
  target: Target,
  files: readonly OutputFile[],
  entries: readonly Entry[],
  before: readonly OutputFile[],
): void {
  const texts = new Map(before.map(({ path, text }) => [path, text]));
  const wanted = new Set(files.map(({ path }) => path));
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)));
  const committed = entries.filter(
    ({ path, isFile }) => folders.has(path) || (wanted.has(path) && !(isFile && isOurText(texts.get(path) ?? ''))),
  );
  const inTheWay = [...committed.map(({ path }) => path), ...target.foreignInTree(files)];
  if (inTheWay.length === 0) return;
  const names = [...new Set(inTheWay)].map((path) => target.pathOf(path));
  throw new Refusal(
    `${target.name}: we did not make ${listed(names)}, and our files belong there; move it, or give another --path`,
  );
}
