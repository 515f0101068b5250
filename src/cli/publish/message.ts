import { type EnvironmentChanges, type ObjectChange } from '../../outputs/changes';
import { told } from '../../outputs/changes-report';
import type { Plan } from './plan';
import type { Source } from './source';

/** So many environments are named in the first line, which people see in lists. */
const NAMED = 3;

/** So many objects of one environment are named. */
const OBJECTS = 25;

/** The message of a publication: what changed, by environment, and from which commit it came. */
export function messageOf({ changes, written, removed }: Plan, source: Source, subject?: string): string {
  const { environments, otherFiles } = changes;
  const others = otherFiles.length > 0 ? [`other files: ${otherFiles.length} written or removed`] : [];
  const blocks = environments.map(({ environment, objects }) =>
    [`${environment}: ${told(objects)}`, ...objectLines(objects)].join('\n'),
  );
  return [
    subject ?? subjectOf(environments, [...written, ...removed]),
    ...blocks,
    ...others,
    `From: ${source.subject}${source.dirty ? '\nwith changes there that are in no commit' : ''}`,
    `Source-Commit: ${source.commit}${source.dirty ? '-dirty' : ''}\n`,
  ].join('\n\n');
}

function subjectOf(environments: readonly EnvironmentChanges[], paths: readonly string[]): string {
  const names = environments.map(({ environment }) => environment);
  if (names.length > NAMED) {
    const systems = new Set(names.map((name) => name.split('/')[0]));
    return `publish ${names.length} environments of ${systems.size} system${systems.size === 1 ? '' : 's'}`;
  }
  if (names.length > 0) return `publish ${names.join(', ')}`;
  // The objects are what they were; a chart's text or the like is not.
  return `publish files of ${[...new Set(paths.map((path) => path.split('/')[0]))].slice(0, NAMED).join(', ')}`;
}

function objectLines(objects: readonly ObjectChange[]): string[] {
  const lines = objects.map(({ what, kind, name, replacesPods }) => {
    const more = replacesPods ? ' (its pods are replaced)' : '';
    return `  ${what.padEnd(7)} ${kind} ${name}${more}`;
  });
  return lines.length > OBJECTS
    ? [...lines.slice(0, OBJECTS), `  … and ${lines.length - OBJECTS} more objects`]
    : lines;
}
