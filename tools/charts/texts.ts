import type { Joined, Node, ValuePath } from '../../src/outputs/chart/template';
import { type Case, identity, seen } from './cases';

/** Numbers that are no parts of words, and the sizes in options of Java: `-Xmx512m`. */
export const NUMBER = /(?:(?<![\w.-])|(?<=-Xm[sx]))[0-9]+(?:\.[0-9]+)?(?![0-9])/g;
export const HOLE = '\u0001';
export const numbersIn = (text: string) => [...text.matchAll(NUMBER)].map(([one]) => one);
export const split = (text: string) => text.split(/(\u0001)/).filter((one) => one !== '');

const lineCache = new Map<string, string[]>();
export function linesOf(text: string): string[] {
  let lines = lineCache.get(text);
  if (!lines) lineCache.set(text, (lines = text.split('\n')));
  return lines;
}

export function merged(parts: Joined['parts']): Joined['parts'][number][] {
  const result: Joined['parts'][number][] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part;
    else if (part !== '') result.push(part);
  }
  return result;
}

/** What an environment is called in labels, as `shop-dev`. */
const releaseOf = (system: string, { scope }: Case) => `${system}-${String(scope.values['environment'])}`;

const patterns = new Map<string, RegExp>();

/** Where a text stands as words of its own. */
function wordsLike(text: string): RegExp {
  let pattern = patterns.get(text);
  if (!pattern) {
    pattern = new RegExp(`(?<![A-Za-z0-9])${text.replace(/[^A-Za-z0-9]/g, '\\$&')}(?![A-Za-z0-9])`, 'g');
    patterns.set(text, pattern);
  }
  return pattern;
}

/** Whether what is seen, everywhere the same, names the one environment in which it was seen. */
export function namesRelease(system: string, cases: readonly Case[]): boolean {
  const [one] = cases as [Case];
  const name = releaseOf(system, one);
  return cases.every((other) => releaseOf(system, other) === name) && identity(one.value).search(wordsLike(name)) >= 0;
}

/** Text that names it: seen in no other environment, it would name that one in all of them. */
export function releasedAs(system: string, cases: readonly Case[]): Node {
  const [one] = cases as [Case];
  const outline = String(one.value).replace(wordsLike(releaseOf(system, one)), HOLE);
  const parts = split(outline).map((part) => (part === HOLE ? [`${system}-`, ENVIRONMENT] : [part]));
  return { joined: { parts: merged(parts.flat()) } };
}

const ENVIRONMENT = { path: ['environment'], as: 'same' };

/** What objects are called by. */
const CALLED: readonly ValuePath[] = [['namespace'], ['environment'], ['version']];

/** Text that is the same but for the names of the environment: in what is rarely there these were not changed alone. */
export function calledBy(cases: readonly Case[]): Node | undefined {
  for (const path of CALLED) {
    const outlines = new Set<string>();
    for (const one of cases) {
      const name = seen(one, path);
      if (typeof one.value !== 'string' || typeof name !== 'string') return undefined;
      outlines.add(one.value.replace(wordsLike(name), HOLE));
    }
    const [outline] = outlines;
    if (outlines.size !== 1 || !outline!.includes(HOLE)) continue;
    const parts = split(outline!).map((part) => (part === HOLE ? { path, as: 'same' } : part));
    return parts.length === 1 ? { placed: { path, as: 'same' } } : { joined: { parts } };
  }
  return undefined;
}
