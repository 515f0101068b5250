import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { environments, filesOf, objectsOf } from '../support/dist';
import { brokenLink } from '../support/links';

const PAGES = 'docs/systems';
const pages = readdirSync(PAGES).filter((name) => name !== 'README.md');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const testFiles = readdirSync('test', { recursive: true, encoding: 'utf8' }).map((file) => `test/${file}`);

/** The rows of tables whose last column says what shows them. */
function rowsOf(page: string): { asked: string; at: string; shownBy: string }[] {
  const lines = readFileSync(`${PAGES}/${page}`, 'utf8').split('\n');
  let shown = false;
  return lines.flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length < 3) shown = false;
    else if (cells.at(-2) === 'Shown by') shown = true;
    else if (shown && !/^-+$/.test(cells[1]!)) return [{ asked: cells[1]!, at: cells.at(-4)!, shownBy: cells.at(-2)! }];
    return [];
  });
}

/** What of a cell can be run: `contract`, tests by their path, proofs by their pattern, commands that there are. */
function runnable(text: string, system: string): boolean {
  const proofs = /^npm run verify -- (\S+)$/.exec(text);
  const command = /^npm run ([\w:]+) -- /.exec(text);
  if (text === 'contract') return existsSync(`test/contract/${system}.test.ts`);
  if (proofs) return testFiles.some((file) => file.includes(proofs[1]!) && file.endsWith('.runtime.ts'));
  if (command) return scripts[command[1]!] !== undefined;
  return testFiles.some((file) => file.startsWith(text.replace(/^npx jest /, '')));
}

const shownBy = (cell: string) =>
  cell
    .split('; ')
    .filter((part) => part === 'contract' || /^`[^`]+`$/.test(part))
    .map((part) => part.replaceAll('`', ''));

describe.each(pages)('%s', (page) => {
  const system = page.replace('.md', '');
  const rows = rowsOf(page);

  test('there are rows, and each has something that can be run', () => {
    expect(rows.length).toBeGreaterThan(20);
    const prose = rows.filter((row) => shownBy(row.shownBy).length === 0 && !/\]\([^)]+\)/.test(row.shownBy));
    expect(prose.map(({ asked }) => asked)).toEqual([]);
    const broken = rows.flatMap((row) => shownBy(row.shownBy).filter((text) => !runnable(text, system)));
    expect(broken).toEqual([]);
  });

  test('files and objects that rows name are in dist/', () => {
    const folders = environments().filter((name) => name.startsWith(`${system}/`));
    const files = folders.flatMap((name) => filesOf(name)).join('\n');
    const names = new Set(folders.flatMap((name) => objectsOf(name)).map(({ metadata }) => metadata.name));
    const text = folders
      .flatMap((name) => filesOf(name))
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
    const named = rows.flatMap(({ at }) => [...at.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
    const layers = named.filter((name) => /^\d\d-[a-z]+$/.test(name));
    expect(layers.filter((layer) => !files.includes(`/${layer}.k8s.yaml`))).toEqual([]);
    const kinds = /(?:Deployment|Service|ConfigMap|CronJob|NetworkPolicy|Ingress|StatefulSet|Role)e?s? `([a-z-]+)`/g;
    const objects = rows.flatMap(({ at }) => [...at.matchAll(kinds)].map(([, name]) => name!));
    expect(objects.length).toBeGreaterThan(5);
    expect(objects.filter((name) => !names.has(name) && !text.includes(`name: ${name}\n`))).toEqual([]);
  });

  test('links lead somewhere', () => {
    const links = [...readFileSync(`${PAGES}/${page}`, 'utf8').matchAll(/\]\((?!http)([^)]+)\)/g)];
    const paths = links.map(([, link]) => new URL(link!, `file:///${PAGES}/`).href.replace('file:///', ''));
    expect(paths.map(brokenLink).filter(Boolean)).toEqual([]);
  });
});

test('figures of how much each system takes are not far from what is there', () => {
  const overview = readFileSync(`${PAGES}/README.md`, 'utf8');
  for (const name of environments()) {
    const [system, environment] = name.split('/');
    const row = overview.split('\n').find((line) => line.startsWith(`| \`${system}\``));
    const [, objects, lines] = new RegExp(`· ${environment} (\\d+), (\\d+)|\\| ${environment} (\\d+), (\\d+)`)
      .exec(row ?? '')!
      .filter((part) => part !== undefined);
    const written = filesOf(name).map((file) => readFileSync(file, 'utf8').split('\n').length - 1);
    const there = written.reduce((a, b) => a + b);
    const near = (said: string | undefined, found: number) => Math.abs(Number(said) / found - 1) <= 0.1;
    expect([name, near(objects, objectsOf(name).length), near(lines, there)]).toEqual([name, true, true]);
  }
});
