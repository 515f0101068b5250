import type { Joined, Node, ValuePath } from '../../src/outputs/chart/template';
import { type Case, seen } from './cases';

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

/** What objects are called by. */
const CALLED: readonly ValuePath[] = [['namespace'], ['environment'], ['version']];

/** Text that is the same but for the names of the environment: in what is rarely there these were not changed alone. */
export function calledBy(cases: readonly Case[]): Node | undefined {
  for (const path of CALLED) {
    const outlines = new Set<string>();
    for (const one of cases) {
      const name = seen(one, path);
      if (typeof one.value !== 'string' || typeof name !== 'string') return undefined;
      const words = name.replace(/[^A-Za-z0-9]/g, '\\$&');
      outlines.add(one.value.replace(new RegExp(`(?<![A-Za-z0-9])${words}(?![A-Za-z0-9])`, 'g'), HOLE));
    }
    const [outline] = outlines;
    if (outlines.size !== 1 || !outline!.includes(HOLE)) continue;
    const parts = split(outline!).map((part) => (part === HOLE ? { path, as: 'same' } : part));
    return parts.length === 1 ? { placed: { path, as: 'same' } } : { joined: { parts } };
  }
  return undefined;
}
