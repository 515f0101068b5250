import { changeLines } from './changes-lines';
import { type Changes, countsOf, type EnvironmentChanges, type ObjectChange } from './changes';

/** First line of a comment, by which the next run finds the one to replace. */
export const COMMENT_MARK = '<!-- cdk8s-webstack: what the manifests change -->';

/** The most that GitHub takes for a comment. Counted in bytes, of which a character has one or more. */
export const COMMENT_LIMIT = 65_536;

export interface MarkdownOptions {
  /** @default 65,536: GitHub's bound of a comment */
  readonly limit?: number;
  /** Where a reader finds what is cut. */
  readonly rest: string;
}

const SAME = 'No object of any environment changes.';

/** The difference for a terminal. */
export function changesAsText({ environments, otherFiles }: Changes): string {
  const blocks = environments.map(({ environment, objects }) =>
    [`${environment}: ${told(objects)}`, ...objects.flatMap(changeLines).map((line) => `  ${line}`)].join('\n'),
  );
  const others = otherFiles.length > 0 ? [`other files:\n${otherFiles.map((path) => `  ${path}`).join('\n')}`] : [];
  return [...(blocks.length > 0 ? blocks : [SAME]), ...others].join('\n\n');
}

/** `1 added, 2 changed, 0 removed` */
export function told(objects: readonly ObjectChange[]): string {
  return Object.entries(countsOf(objects))
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

/** The difference as the comment of a pull request: a table of all environments, then as many details as there is room for. */
export function changesAsMarkdown(changes: Changes, { limit = COMMENT_LIMIT, rest }: MarkdownOptions): string {
  const { environments, otherFiles } = changes;
  const head = `${COMMENT_MARK}\n### What the manifests change\n`;
  const parts = [
    environments.length === 0 ? `\n${SAME}\n` : '',
    ...tableRows(environments),
    ...environments.flatMap(({ environment, objects }) => details(environment, objects)),
    ...otherDetails(otherFiles),
  ];
  return (
    head + fitting(parts, limit - size(head), `\n**Cut here**, for a comment has its bounds. All of it: ${rest}\n`)
  );
}

/** As many parts as fit. Each is whole, so that no block stays open. */
function fitting(parts: readonly string[], room: number, note: string): string {
  if (size(parts.join('')) <= room) return parts.join('');
  let left = room - size(note);
  const fit = parts.findIndex((part) => (left -= size(part)) < 0);
  return parts.slice(0, fit).join('') + note;
}

const size = (text: string) => Buffer.byteLength(text);

const tableRows = (environments: readonly EnvironmentChanges[]): string[] =>
  environments.length === 0
    ? []
    : [
        '\n| Environment | Added | Changed | Removed | Pods replaced |\n| --- | --: | --: | --: | --- |\n',
        ...environments.map(({ environment, objects }) => {
          const { added, changed, removed } = countsOf(objects);
          return `| ${inline(environment)} | ${added} | ${changed} | ${removed} | ${replacedBy(objects)} |\n`;
        }),
      ];

/** So many are named; of the others there is a number. */
const NAMED = 6;

function replacedBy(objects: readonly ObjectChange[]): string {
  const names = objects.filter(({ replacesPods }) => replacesPods).map(({ kind, name }) => `${kind} ${name}`);
  const more = names.length > NAMED ? [`and ${names.length - NAMED} more`] : [];
  return [...names.slice(0, NAMED).map(inline), ...more].join(', ');
}

/** Objects in blocks of this many bytes at most, so that a big environment is cut between objects, and not left out. */
const BLOCK = 12_000;

function details(environment: string, objects: readonly ObjectChange[]): string[] {
  const blocks: string[][] = [[]];
  for (const lines of objects.map((object) => changeLines(object).join('\n'))) {
    const last = blocks.at(-1)!;
    if (last.length > 0 && size(last.join('\n')) + size(lines) > BLOCK) blocks.push([lines]);
    else last.push(lines);
  }
  return blocks.map((block, index) => {
    const part = blocks.length > 1 ? ` (part ${index + 1} of ${blocks.length})` : '';
    return folded(`<b>${escaped(environment)}</b>: ${told(objects)}${part}`, block.join('\n'), 'diff');
  });
}

const otherDetails = (paths: readonly string[]): string[] =>
  paths.length === 0 ? [] : [folded(`${paths.length} other files in the output`, paths.join('\n'), 'text')];

/** A block whose fence is longer than any in it: text of a manifest must not end it. */
function folded(summary: string, body: string, language: string): string {
  const fence = '`'.repeat(Math.max(3, ...[...body.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `\n<details><summary>${summary}</summary>\n\n${fence}${language}\n${body}\n${fence}\n\n</details>\n`;
}

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/\|/g, '&#124;');
const inline = (text: string) => `<code>${escaped(text)}</code>`;
