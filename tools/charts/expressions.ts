import { type Conversion, conversion, CONVERSIONS } from '../../src/outputs/chart/conversions';
import { evaluateComputed, evaluateCondition, evaluatePlaced, evaluateTally } from '../../src/outputs/chart/evaluate';
import {
  type Computed,
  type Condition,
  type Node,
  type Placed,
  type Tally,
  type ValuePath,
  keyOf,
} from '../../src/outputs/chart/template';
import { isPlainMap } from '../../src/settings/merge';
import { type Case, identity, seen } from './cases';
import { distinctPaths } from './values';

/** A value that is what was seen in every case; nothing where there is none. */
export function placedAs(cases: readonly Case[], paths: readonly ValuePath[]): Placed | undefined {
  for (const path of paths) {
    for (const { name, of } of likely(cases, path)) {
      const same = (one: Case) => {
        const value = seen(one, path);
        return value !== undefined && identity(of(value, one.scope.values)) === identity(one.value);
      };
      if (cases.every(same)) return { path, as: name };
    }
  }
  return undefined;
}

/** Images, and parts that have one, around values that say something of them. */
export function imagesAround(cases: readonly Case[], paths: readonly ValuePath[]): ValuePath[] {
  const isImage = (value: unknown) => isPlainMap(value) && ('repository' in value || 'image' in value);
  const around = paths.flatMap((path) => path.slice(1).map((_, index) => path.slice(0, index + 1)));
  const found = distinctPaths(around).filter((path) => cases.some((one) => isImage(seen(one, path))));
  // That of an image says less than that of a part.
  return found.sort((a, b) => b.length - a.length);
}

/** An amount is written in its shortest form, where nothing seen says that it is not: `1Gi` for `1024Mi`. */
function likely(cases: readonly Case[], path: ValuePath): readonly Conversion[] {
  const isEvery = (pattern: RegExp) => cases.every((one) => pattern.test(String(seen(one, path))));
  if (isEvery(/^[0-9.]+[KMGT]i$/)) return [conversion('amount'), ...CONVERSIONS];
  const key = path.at(-1)!;
  const shortest = /cpu$/i.test(key) ? 'cores' : key === 'averageValue' ? 'decimal' : undefined;
  return shortest && isEvery(/^[0-9.]+m?$/) ? [conversion(shortest), ...CONVERSIONS] : CONVERSIONS;
}

const NUMERIC = ['same', 'seconds', 'bytes', 'millicores'];
const OVERS = [1, 2, 3, 4, 5, 8, 10, 16, 20, 100, 400, 1000, 1024, 9000].flatMap((one) => [one, one * 2 ** 20]);

/** A number computed of one value, or of two. */
export function computedOf(cases: readonly Case[], paths: readonly ValuePath[]): Computed | undefined {
  if (cases.some(({ value }) => typeof value !== 'number')) return undefined;
  const numeric = paths
    .slice(0, 8)
    .flatMap((path) =>
      NUMERIC.map((as): Placed => ({ path, as })).filter((placed) =>
        cases.every(({ scope }) => typeof evaluatePlaced(placed, scope.values) === 'number'),
      ),
    );
  const pairs = numeric.flatMap((one, index) =>
    numeric
      .slice(index + 1)
      .filter((other) => keyOf(other.path) !== keyOf(one.path))
      .map((other) => [one, other]),
  );
  for (const factors of [...numeric.map((one) => [one]), ...pairs]) {
    const found = fitted(cases, factors);
    if (found) return found;
  }
  for (const [one, other] of pairs) {
    const rest = cases.map((seen): Case => {
      const added = evaluatePlaced(other!, seen.scope.values) as number;
      return { scope: seen.scope, value: (seen.value as number) - added };
    });
    const found = fitted(rest, [one!]);
    if (found) return { ...found, added: [other!] };
  }
  return undefined;
}

function fitted(cases: readonly Case[], factors: readonly Placed[]): Computed | undefined {
  const points = cases.map(({ scope, value }) => ({
    x: factors.reduce((product, factor) => product * (evaluatePlaced(factor, scope.values) as number), 1),
    y: value as number,
  }));
  return fittedTo(points, cases, factors) ?? fittedAbove(points, cases, factors);
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The same where it is no less than a number: that is what it is in several cases, and the least. */
function fittedAbove(points: readonly Point[], cases: readonly Case[], factors: readonly Placed[]) {
  const atLeast = Math.min(...points.map(({ y }) => y));
  const above = points.filter(({ y }) => y > atLeast);
  const below = new Set(points.filter(({ y }) => y === atLeast).map(({ x }) => x));
  if (below.size < 2 || above.length === 0) return undefined;
  return fittedTo([...above, { x: 0, y: 0 }], cases, factors, atLeast);
}

function fittedTo(
  points: readonly Point[],
  cases: readonly Case[],
  factors: readonly Placed[],
  atLeast?: number,
): Computed | undefined {
  const low = points.reduce((a, b) => (b.x < a.x ? b : a));
  const high = points.reduce((a, b) => (b.x > a.x ? b : a));
  if (low.x === high.x) return undefined;
  const slope = (high.y - low.y) / (high.x - low.x);
  for (const over of OVERS) {
    const times = Math.round(slope * over);
    // One more or less, by rounding, may be much of a small number.
    const rounding = atLeast === undefined ? 0 : over / (high.x - low.x);
    const error = Math.abs(times - slope * over);
    if (times === 0 || error > Math.max(0.02 * Math.abs(times), rounding) || Math.abs(times) > 1e12) continue;
    const fitting = (['floor', 'ceil'] as const).flatMap((round): Computed[] => {
      const plus = high.y - Math[round]((high.x * times) / over);
      const computed: Computed = { factors, times, over, plus, round, ...(atLeast === undefined ? {} : { atLeast }) };
      return cases.every(({ scope, value }) => evaluateComputed(computed, scope.values) === value) ? [computed] : [];
    });
    // One more than rounded down is rounded up but for whole numbers, and those may not be among the cases.
    const [plainest] = fitting.sort((a, b) => Math.abs(a.plus) - Math.abs(b.plus));
    if (plainest) return plainest;
  }
  return undefined;
}

/** A number that counts what is there before it; nothing where these conditions do not make it. */
export function tallyOf(cases: readonly Case[], conditions: readonly Condition[]): Tally | undefined {
  const columns = conditions.map((when) => cases.map(({ scope }) => (evaluateCondition(when, scope.values) ? 1 : 0)));
  const distinct = conditions.flatMap((when, index) => {
    const text = columns[index]!.join('');
    const isFirst = columns.findIndex((column) => column.join('') === text) === index;
    return isFirst && text.includes('1') && text.includes('0') ? [{ when, column: columns[index]! }] : [];
  });
  const rows = [
    ...new Map(
      cases.map(({ value }, index) => {
        const row = [1, ...distinct.map(({ column }) => column[index]!), value as number];
        return [row.join(), row];
      }),
    ).values(),
  ];
  const solution = solved(rows);
  if (!solution || solution.some((amount) => !Number.isInteger(amount))) return undefined;
  const [plus = 0, ...amounts] = solution;
  const terms = distinct
    .map(({ when }, index) => ({ when, amount: amounts[index]! }))
    .filter(({ amount }) => amount !== 0);
  const tally: Tally = { plus, terms };
  return cases.every(({ scope, value }) => evaluateTally(tally, scope.values) === value) ? tally : undefined;
}

/** Solves linear equations, what is left open being zero; nothing where they contradict each other. */
function solved(equations: readonly (readonly number[])[]): number[] | undefined {
  const rows = equations.map((row) => [...row]);
  const width = rows[0]!.length - 1;
  const pivots: number[] = [];
  let top = 0;
  for (let column = 0; column < width && top < rows.length; column += 1) {
    const found = rows.findIndex((row, index) => index >= top && Math.abs(row[column]!) > 1e-9);
    if (found < 0) continue;
    [rows[top], rows[found]] = [rows[found]!, rows[top]!];
    const pivot = rows[top]!;
    for (const [index, row] of rows.entries()) {
      if (index === top || Math.abs(row[column]!) < 1e-9) continue;
      const factor = row[column]! / pivot[column]!;
      for (let at = column; at <= width; at += 1) row[at]! -= factor * pivot[at]!;
    }
    pivots.push(column);
    top += 1;
  }
  if (rows.slice(top).some((row) => Math.abs(row[width]!) > 1e-6)) return undefined;
  const solution = new Array<number>(width).fill(0);
  pivots.forEach(
    (column, index) => (solution[column] = Math.round((rows[index]![width]! / rows[index]![column]!) * 1e6) / 1e6),
  );
  return solution;
}

/** Text in which values stand. */
export function joinedOf(cases: readonly Case[], paths: readonly ValuePath[]): Node | undefined {
  if (cases.some(({ value }) => typeof value !== 'string')) return undefined;
  for (const reference of referencesOf(cases, paths)) {
    const text = reference.value as string;
    const places: { start: number; length: number; placed: Placed }[] = [];
    for (const path of paths) {
      const found = placesOf(cases, reference, path);
      if (found) places.push(...found);
    }
    const node = assembled(text, places);
    if (node && cases.every((one) => textOf(node, one) === one.value)) return { joined: node };
  }
  return undefined;
}

const textOf = ({ parts }: { parts: readonly (string | Placed | Computed)[] }, { scope }: Case) =>
  parts
    .map((part) =>
      typeof part === 'string'
        ? part
        : String('factors' in part ? evaluateComputed(part, scope.values) : evaluatePlaced(part, scope.values)),
    )
    .join('');

/** Cases around which most of the paths were changed. */
function referencesOf(cases: readonly Case[], paths: readonly ValuePath[]): Case[] {
  const byScope = new Map(cases.map((one) => [one.scope.id, one]));
  const counts = new Map<string, Set<string>>();
  const wanted = new Set(paths.map(keyOf));
  for (const { scope } of cases) {
    if (scope.origin === undefined || !scope.changed || !byScope.has(scope.origin) || !wanted.has(keyOf(scope.changed)))
      continue;
    counts.set(scope.origin, (counts.get(scope.origin) ?? new Set()).add(keyOf(scope.changed)));
  }
  return [...counts]
    .sort(([, a], [, b]) => b.size - a.size)
    .slice(0, 3)
    .map(([id]) => byScope.get(id)!);
}

/** Where a value stands in the text of a case: where other text came when it was changed. */
function placesOf(cases: readonly Case[], reference: Case, path: ValuePath) {
  const changed = cases.filter(
    ({ scope, value }) =>
      scope.origin === reference.scope.id &&
      scope.changed &&
      keyOf(scope.changed) === keyOf(path) &&
      value !== reference.value,
  );
  const value = seen(reference, path);
  if (value === undefined || changed.length === 0) return undefined;
  for (const { name, of } of CONVERSIONS) {
    const before = of(value, reference.scope.values);
    if (before === undefined || typeof before === 'object' || String(before) === '') continue;
    const starts = changed.map((one) => {
      const after = of(seen(one, path), one.scope.values);
      return after === undefined
        ? undefined
        : replacements(reference.value as string, String(before), one.value as string, String(after));
    });
    const first = starts[0];
    if (first && starts.every((one) => one && one.length >= 1)) {
      const best = starts.reduce((a, b) => (b!.length > a!.length ? b : a))!;
      return best.map((start) => ({ start, length: String(before).length, placed: { path, as: name } }));
    }
  }
  return undefined;
}

/** Where `before` was replaced by `after` to make one text of another; nothing where that does not make it. */
export function replacements(text: string, before: string, other: string, after: string): number[] | undefined {
  if (text.length > 20_000) return undefined;
  const dead = new Set<number>();
  const width = other.length + 1;
  const found: number[] = [];
  // By hand and not by calls: a text may be long.
  const stack: { i: number; j: number; tried: number }[] = [{ i: 0, j: 0, tried: 0 }];
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const { i, j } = top;
    if (i === text.length && j === other.length)
      return stack
        .filter(({ tried }) => tried === 2)
        .map((one) => one.i)
        .concat(found);
    if (top.tried === 0) {
      top.tried = 1;
      if (i < text.length && j < other.length && text[i] === other[j] && !dead.has((i + 1) * width + j + 1)) {
        stack.push({ i: i + 1, j: j + 1, tried: 0 });
        continue;
      }
    }
    if (top.tried === 1) {
      top.tried = 2;
      if (
        text.startsWith(before, i) &&
        other.startsWith(after, j) &&
        !dead.has((i + before.length) * width + j + after.length)
      ) {
        stack.push({ i: i + before.length, j: j + after.length, tried: 0 });
        continue;
      }
    }
    dead.add(i * width + j);
    stack.pop();
  }
  return undefined;
}

function assembled(text: string, places: readonly { start: number; length: number; placed: Placed }[]) {
  const sorted = [...places].sort((a, b) => a.start - b.start);
  const parts: (string | Placed)[] = [];
  let end = 0;
  for (const { start, length, placed } of sorted) {
    if (start < end) return undefined;
    if (start > end) parts.push(text.slice(end, start));
    parts.push(placed);
    end = start + length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return sorted.length > 0 ? { parts } : undefined;
}
