import { answersTo, type Control, isClaimed, type Standard } from './controls';

/** An environment of `dist/`, as `system/environment`, with its objects. */
export type Environments = ReadonlyMap<string, readonly any[]>;

const TITLES: Readonly<Record<Standard, string>> = {
  CIS: 'CIS Kubernetes Benchmark, section 5',
  NIST: 'NIST SP 800-53, revision 5',
  'SOC 2': 'SOC 2, trust services criteria of 2017',
};

/** More than these of a kind are counted. */
const NAMED = 3;

const escaped = (text: string) => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** The objects of one kind, by their names where they are few. */
function named(wanted: string, objects: readonly any[]): string {
  const [kind] = wanted.split('/');
  const names = [...new Set(objects.map(({ metadata }) => metadata.name))].sort();
  return names.length > NAMED ? `${names.length} × \`${kind}\`` : names.map((name) => `\`${kind}/${name}\``).join(', ');
}

function answerIn(control: Control, environment: string, objects: readonly any[]): string {
  if (!isClaimed(control, environment)) return '–';
  return answersTo(control, objects)
    .map(([wanted, found]) => named(wanted, found))
    .join(', ');
}

function overview(controls: readonly Control[]): string {
  const rows = controls.map(({ id, asks, objects = [], shownBy = [], whose = '' }) => [
    id,
    asks,
    objects.map((one) => `\`${one}\``).join(', ') || '–',
    shownBy.map((path) => `\`${path}\``).join(', ') || '–',
    whose,
  ]);
  return table(['Item', 'What is asked', 'Answered by', 'Shown by', 'Whose it is, in whole or in part'], rows);
}

/** One table for each system: what answers each item in each of its environments. */
function answers(controls: readonly Control[], system: string, environments: Environments): string {
  const own = [...environments].filter(([name]) => name.startsWith(`${system}/`));
  const claimed = controls.filter((control) => own.some(([name]) => isClaimed(control, name)));
  const rows = claimed.map((control) => [
    `${control.standard} ${control.id}`,
    ...own.map(([name, objects]) => answerIn(control, name, objects)),
  ]);
  return table(['Item', ...own.map(([name]) => name.split('/')[1]!)], rows);
}

/** The whole page. */
export function controlsPage(controls: readonly Control[], environments: Environments): string {
  const standards = (Object.keys(TITLES) as Standard[]).map(
    (standard) => `## ${TITLES[standard]}\n\n${overview(controls.filter((one) => one.standard === standard))}\n`,
  );
  const systems = [...new Set([...environments.keys()].map((name) => name.split('/')[0]!))];
  const parts = systems.map((system) => `### ${system}\n\n${answers(controls, system, environments)}\n`);
  return [
    '# Controls',
    '',
    'Made by `npm run generate:controls` from [one table](../tools/controls.ts) and `dist/`. What is asked is told in our own',
    'words: the standards have the words that count. `npx jest test/docs/controls` asserts that every object is there, and, over',
    'every environment, what the items of CIS say that manifests can decide. Nobody has audited this.',
    '',
    'Items of CIS are numbered as in its releases 1.8 to 1.10.',
    '',
    ...standards,
    '## What answers, system by system',
    '',
    `Names stand for up to ${NAMED} objects of a kind; a dash is where an item is not claimed.`,
    '',
    ...parts,
  ].join('\n');
}
