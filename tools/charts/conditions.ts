import { type Condition, KEY, type Test, VALUE, type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { evaluateCondition, evaluateTest } from '../../src/outputs/chart/evaluate';
import { distinctPaths } from './values';
import { type Case, changedBeside, contrasts, influences, isIdle, refined, seen } from './cases';

type Literal = Condition[number][number];
interface Column {
  readonly literal: Literal;
  readonly holds: Uint8Array;
  readonly weight: number;
}

/** Where a word or number is one of a few: whether it is that very one says something. */
let isChoice: (path: ValuePath) => boolean = () => true;

/** Says at which places a value is one of a few. Elsewhere no condition asks for a certain one. */
export function choicesAt(paths: readonly ValuePath[]): void {
  const known = new Set(paths.map(keyOf));
  isChoice = (path) => path[0] === KEY || path[0] === VALUE || known.has(keyOf(path));
}

/** Whether the value at a path is one of a few, so that which it is may be asked. */
export const isOneOfFew = (path: ValuePath): boolean => isChoice(path);

/** Tests of what stands at paths, the plainest first. */
export function testsOf(paths: readonly ValuePath[], cases: readonly Case[]): Test[] {
  const tests: Test[] = [];
  for (const path of paths) {
    const found = [
      ...new Set(
        cases
          .map((one) => seen(one, path))
          .map((value) => (typeof value === 'object' && value !== null ? '{}' : value)),
      ),
    ];
    const scalars = found.filter(
      (value): value is string | number | boolean => value !== undefined && value !== null && value !== '{}',
    );
    if (scalars.some((value) => typeof value === 'boolean')) tests.push({ path, is: 'true' });
    if (found.includes(undefined)) tests.push({ path, is: 'set' });
    if (found.includes('{}')) tests.push({ path, is: 'filled' });
    const numbers = scalars.filter((value) => typeof value === 'number');
    for (const limit of [0, 1])
      if (numbers.some((one) => one > limit) && numbers.some((one) => one <= limit))
        tests.push({ path, is: 'above', to: limit });
    if (!isChoice(path)) continue;
    const words = scalars.filter((value) => typeof value === 'string');
    if (words.length <= 12) for (const to of words) tests.push({ path, is: 'equal', to });
    if (numbers.length <= 6) for (const to of numbers) tests.push({ path, is: 'equal', to });
  }
  const numeric = paths.slice(0, 24).filter((path) => cases.some((one) => typeof seen(one, path) === 'number'));
  for (const path of numeric) {
    // Numbers of different parts have nothing to do with each other.
    const others = numeric.filter((than) => than[0] === path[0] && keyOf(than) !== keyOf(path));
    for (const than of others) tests.push({ path, is: 'moreThan', than });
  }
  return tests;
}

const WEIGHT: Readonly<Record<Test['is'], number>> = {
  true: 1,
  set: 1.2,
  filled: 1.3,
  equal: 1.4,
  above: 1.5,
  moreThan: 1.6,
};

/** The plainest condition that holds in just the cases for which `wanted` says so; nothing where there is none. */
export function conditionFor(
  cases: readonly Case[],
  wanted: Uint8Array,
  paths: readonly ValuePath[],
): Condition | undefined {
  const columns = columnsOf(cases, paths);
  const equal = (holds: Uint8Array) => holds.every((value, index) => value === wanted[index]);
  for (const column of columns) if (equal(column.holds)) return [[column.literal]];
  // Only what holds wherever it is wanted can be part of an "and", only what holds nowhere else part of an "or".
  const wide = columns.filter(({ holds }) => wanted.every((value, index) => value === 0 || holds[index] === 1));
  const narrow = columns.filter(
    ({ holds }) => holds.every((value, index) => value === 0 || wanted[index] === 1) && holds.includes(1),
  );
  const all = cover(
    wide,
    (index) => wanted[index] === 0,
    (column, index) => column.holds[index] === 0,
    cases.length,
    4,
  );
  if (all) return [all.map(({ literal }) => literal)];
  const any = cover(
    narrow,
    (index) => wanted[index] === 1,
    (column, index) => column.holds[index] === 1,
    cases.length,
    6,
  );
  if (any) return any.map(({ literal }) => [literal]);
  return mixed(columns, narrow, wanted, cases.length) ?? rules(columns, wanted);
}

function columnsOf(cases: readonly Case[], paths: readonly ValuePath[]): Column[] {
  const columns: Column[] = [];
  for (const test of testsOf(paths, cases)) {
    const holds = Uint8Array.from(cases, ({ scope }) => (evaluateTest(test, scope.values) ? 1 : 0));
    const weight = WEIGHT[test.is];
    columns.push({ literal: { test, not: false }, holds, weight });
    columns.push({ literal: { test, not: true }, holds: holds.map((value) => 1 - value), weight: weight + 0.05 });
  }
  return columns.sort((a, b) => a.weight - b.weight);
}

/** The fewest columns that together deal with every case that has to be, taking what deals with most first. */
function cover(
  columns: readonly Column[],
  has: (index: number) => boolean,
  deals: (column: Column, index: number) => boolean,
  length: number,
  most: number,
): Column[] | undefined {
  let open = Array.from({ length }, (_, index) => index).filter(has);
  const taken: Column[] = [];
  while (open.length > 0 && taken.length < most) {
    let [best, left]: [Column | undefined, number[]] = [undefined, open];
    for (const column of columns) {
      const rest = open.filter((index) => !deals(column, index));
      if (rest.length < left.length) [best, left] = [column, rest];
    }
    if (!best) return undefined;
    taken.push(best);
    open = left;
  }
  return open.length === 0 ? taken : undefined;
}

/** Any of some pairs of which both hold. */
function mixed(
  columns: readonly Column[],
  narrow: readonly Column[],
  wanted: Uint8Array,
  length: number,
): Condition | undefined {
  if (columns.length > 160) return undefined;
  const pairs: Column[] = [];
  for (const [index, a] of columns.entries()) {
    for (const b of columns.slice(index + 1)) {
      const holds = a.holds.map((value, at) => value & b.holds[at]!);
      if (holds.includes(1) && holds.every((value, at) => value === 0 || wanted[at] === 1)) {
        pairs.push({ literal: a.literal, holds, weight: a.weight + b.weight, ...{ both: [a.literal, b.literal] } });
      }
    }
  }
  const found = cover(
    [...narrow, ...pairs],
    (index) => wanted[index] === 1,
    (column, index) => column.holds[index] === 1,
    length,
    5,
  );
  return found?.map((column) => (column as Column & { both?: Literal[] }).both ?? [column.literal]);
}

/** Rules one after the other, each for what none before it holds for: of tests that tell most, until it holds for no other. */
function rules(columns: readonly Column[], wanted: Uint8Array): Condition | undefined {
  const all = Array.from(wanted, (_, index) => index);
  const others = all.filter((index) => wanted[index] === 0);
  const found: Literal[][] = [];
  for (let open = all.filter((index) => wanted[index] === 1); open.length > 0;) {
    let [kept, against]: [number[], number[]] = [open, others];
    const rule: Column[] = [];
    while (against.length > 0 && rule.length < 4) {
      const [best] = columns
        .map((column) => ({ column, gain: gainOf(column, kept, against) }))
        .sort((a, b) => b.gain - a.gain);
      if (!best || best.gain <= 0) return undefined;
      rule.push(best.column);
      [kept, against] = [kept, against].map((some) => some.filter((index) => best.column.holds[index] === 1)) as [
        number[],
        number[],
      ];
    }
    if (against.length > 0 || found.length === 5) return undefined;
    found.push(rule.map(({ literal }) => literal));
    const left = new Set(kept);
    open = open.filter((index) => !left.has(index));
  }
  return found;
}

/** How much more is told of those that are kept by a test than before it, in bits. */
function gainOf({ holds }: Column, kept: readonly number[], against: readonly number[]): number {
  const count = (some: readonly number[]) => some.reduce((sum, index) => sum + holds[index]!, 0);
  const [p, n] = [count(kept), count(against)];
  if (p === 0) return 0;
  return p * (Math.log2(p / (p + n)) - Math.log2(kept.length / (kept.length + against.length)));
}

/** The condition under which some of the cases are; nothing where none is found. */
export function presence(
  cases: readonly Case[],
  isThere: (one: Case) => boolean,
  general: readonly ValuePath[],
): Condition | undefined {
  const marks = cases.map((one): Case => ({ scope: one.scope, value: isThere(one) ? 1 : 0 }));
  const paths = influences(marks);
  const learned = (candidates: readonly ValuePath[]) =>
    refined(
      marks,
      (few) =>
        conditionFor(
          few,
          Uint8Array.from(few, ({ value }) => value as number),
          candidates,
        ),
      (condition, { scope, value }) => evaluateCondition(condition, scope.values) === (value === 1),
    );
  return (
    learned(paths.slice(0, 16)) ??
    learned(paths.slice(0, 40)) ??
    learned(distinctPaths([...paths.slice(0, 16), ...changedBeside(marks, paths.slice(0, 4))]).slice(0, 40)) ??
    learned([...paths.slice(0, 16), ...nearest(general, paths)].slice(0, 60)) ??
    learned(contrasts(marks))
  );
}

/** Those first that have most in common with what has an effect. */
export function nearest(all: readonly ValuePath[], paths: readonly ValuePath[]): ValuePath[] {
  const shared = (one: ValuePath) =>
    Math.max(
      0,
      ...paths.map((path) => {
        const end = one.findIndex((key, index) => key !== path[index]);
        return end < 0 ? one.length : end;
      }),
    );
  const ranked = all.filter((path) => !isIdle(path)).map((path) => ({ path, rank: shared(path) }));
  return ranked.sort((a, b) => b.rank - a.rank).map(({ path }) => path);
}
