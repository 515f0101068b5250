import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { pageOf, readClaims, type Result, splitName } from '../../tools/proof-page';

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));

const claims = readClaims().flatMap((source) => source.claims);
const page = readFileSync('docs/proof.md', 'utf8');
const proofFiles = filesBelow('test').filter((file) => file.endsWith('.runtime.ts'));

test('every claim has a proof, a test, or the reason why there is none', () => {
  expect(claims.length).toBeGreaterThan(20);
  for (const { claim, proofs = [], tests = [], open } of claims) {
    expect([claim, proofs.length + tests.length + (open ? 1 : 0)]).not.toEqual([claim, 0]);
  }
});

test('what claims name is there', () => {
  const proofs = claims.flatMap(({ proofs = [] }) => proofs);
  const missing = proofs.filter((name) => {
    const [file, title] = splitName(name);
    return !proofFiles.some((path) => path.includes(file) && readFileSync(path, 'utf8').includes(title));
  });
  expect(missing).toEqual([]);
  const tests = claims.flatMap((claim) => claim.tests ?? []);
  expect(tests.filter((path) => !filesBelow('test').some((file) => file.startsWith(path)))).toEqual([]);
});

test('the page has a row for every claim, and a figure and a day for every proof', () => {
  for (const { claim } of claims) expect(page).toContain(claim.replaceAll('|', '\\|'));
  const rows = page.split('\n').filter((line) => line.startsWith('|') && /: /.test(line.split('|')[2] ?? ''));
  expect(rows.length).toBeGreaterThan(10);
});

describe('the page', () => {
  const result: Result = {
    file: 'test/runtime/a.runtime.ts',
    title: 'it holds',
    figure: '3 s',
    held: true,
    date: '2026-01-31',
  };
  const page = (results: readonly Result[]) =>
    pageOf(
      [{ source: 'Somebody', system: 'shop', claims: [{ claim: 'a|b', proofs: ['runtime/a: it holds'] }] }],
      results,
    );

  test('has the figures of all environments, and the oldest day', () => {
    const other = { ...result, figure: '4 s', date: '2026-01-30' };
    expect(page([result, other])).toContain('| a\\|b | runtime/a: it holds | 3 s; 4 s | 2026-01-30 |');
  });

  test('has those of its own system alone, where proofs run in every environment', () => {
    const own = { ...result, title: 'shop/test: it holds' };
    const other = { ...result, title: 'shopping/test: it holds', held: false };
    expect(page([own, other])).toContain('| runtime/a: it holds | shop/test 3 s | 2026-01-31 |');
    expect(() => page([other])).toThrow('no result of "runtime/a: it holds"');
  });

  test('is not made from proofs that did not run, or did not hold', () => {
    expect(() => page([])).toThrow('no result of "runtime/a: it holds": run `npm run verify -- runtime/a`');
    expect(() => page([{ ...result, held: false }])).toThrow('"it holds" did not hold: test/runtime/a.runtime.ts');
  });
});
