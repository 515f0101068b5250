/** How unlike two items of lists are: 0 is the same, from 1 on they have nothing to do with one another. */
export type Distance = (a: unknown, b: unknown) => number;

const GAP = 0.51;

/**
 * Puts lists below one another, so that what is the same item, though it may say something else, stands in one column.
 * Gives for each list the item of each column, or nothing.
 */
export function align(lists: readonly (readonly unknown[])[], distance: Distance): unknown[][] {
  let columns: unknown[][] = [];
  const rows: unknown[][] = [];
  for (const list of lists) {
    const placed = match(columns, list, distance);
    const merged: unknown[][] = [];
    const order: number[] = [];
    for (const [column, item] of placed) {
      const known = column === undefined ? [] : columns[column]!;
      order.push(column ?? -1);
      merged.push(
        item === undefined || known.includes(list[item]) || known.length > 3 ? known : [...known, list[item]],
      );
    }
    for (const [index, row] of rows.entries())
      rows[index] = order.map((column) => (column < 0 ? undefined : row[column]));
    rows.push(placed.map(([, item]) => (item === undefined ? undefined : list[item])));
    columns = merged;
  }
  return rows;
}

/** Pairs of a column and an item, either of which may be missing, in an order that keeps both. */
function match(
  columns: readonly (readonly unknown[])[],
  list: readonly unknown[],
  distance: Distance,
): [number?, number?][] {
  const [n, m] = [columns.length, list.length];
  const near = (column: number, item: number) =>
    Math.min(...columns[column]!.map((known) => distance(known, list[item])));
  let begin = 0;
  while (begin < n && begin < m && near(begin, begin) === 0) begin += 1;
  let end = 0;
  while (end < n - begin && end < m - begin && near(n - 1 - end, m - 1 - end) === 0) end += 1;
  const [rows, width] = [n - begin - end, m - begin - end];
  const cost: number[][] = Array.from({ length: rows + 1 }, () => new Array<number>(width + 1).fill(0));
  const pair: number[][] = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: width }, (__, j) => near(begin + i, begin + j)),
  );
  for (let i = rows; i >= 0; i -= 1) {
    for (let j = width; j >= 0; j -= 1) {
      if (i === rows && j === width) continue;
      const skip = i < rows ? cost[i + 1]![j]! + GAP : Infinity;
      const add = j < width ? cost[i]![j + 1]! + GAP : Infinity;
      const both = i < rows && j < width && pair[i]![j]! < 1 ? cost[i + 1]![j + 1]! + pair[i]![j]! : Infinity;
      cost[i]![j] = Math.min(skip, add, both);
    }
  }
  const middle: [number?, number?][] = [];
  for (let [i, j] = [0, 0]; i < rows || j < width;) {
    const here = cost[i]![j]!;
    if (i < rows && j < width && pair[i]![j]! < 1 && here === cost[i + 1]![j + 1]! + pair[i]![j]!)
      middle.push([begin + i++, begin + j++]);
    else if (i < rows && here === cost[i + 1]![j]! + GAP) middle.push([begin + i++, undefined]);
    else middle.push([undefined, begin + j++]);
  }
  const first = Array.from({ length: begin }, (_, index): [number, number] => [index, index]);
  const last = Array.from({ length: end }, (_, index): [number, number] => [n - end + index, m - end + index]);
  return [...first, ...middle, ...last];
}

/**
 * The same for items of manifests. A flag that is said many times, such as `-c`, is known by what it sets: else each looks
 * like any other.
 */
export function alignItems(lists: readonly (readonly unknown[])[]): unknown[][] {
  const isFlagged = lists.every((list) => list.every((item) => typeof item === 'string')) && lists.some(repeatsFlag);
  if (!isFlagged) return align(lists, itemDistance);
  const flags = new Map<string, Flag>();
  const marked = lists.map((list) =>
    (list as string[]).map((item, index) => {
      const set = isFlag(item) ? setBy(list[index + 1] as string | undefined) : undefined;
      if (set === undefined) return item;
      const key = `${item} ${set}`;
      if (!flags.has(key)) flags.set(key, { flag: item });
      return flags.get(key)!;
    }),
  );
  const isMarked = (item: unknown): item is Flag => typeof item === 'object' && item !== null;
  const rows = align(marked, (a, b) => (isMarked(a) || isMarked(b) ? (a === b ? 0 : 1) : itemDistance(a, b)));
  return rows.map((row) => row.map((item) => (isMarked(item) ? item.flag : item)));
}

/** A flag that sets something; one and the same for the same thing. */
interface Flag {
  readonly flag: string;
}

const isFlag = (item: unknown): item is string => typeof item === 'string' && /^-[A-Za-z]$/.test(item);

const repeatsFlag = (list: readonly unknown[]) => {
  const flags = list.filter(isFlag);
  return new Set(flags).size < flags.length;
};

/** The name by which an item of a list is known. */
const nameOf = (item: any): unknown =>
  item.name ?? item.alert ?? item.record ?? item.key ?? item.secretKey ?? item.mountPath ?? item.path ?? peerOf(item);

/** Which pods of the system a rule of a NetworkPolicy is about; what others are called is a setting. */
function peerOf({ from, to }: any): unknown {
  const { podSelector, namespaceSelector } = (from ?? to)?.[0] ?? {};
  return namespaceSelector ? undefined : podSelector?.matchLabels?.['app.kubernetes.io/name'];
}

/** Distance of items of manifests. */
export function itemDistance(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return wordDistance(a, b);
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return typeof a === typeof b ? 0.9 : 1;
  const [one, other] = [linesOf(a), linesOf(b)];
  if (one.size === other.size && [...one].every((line) => other.has(line))) return 0;
  const [name, otherName] = [nameOf(a), nameOf(b)];
  if (name !== undefined && otherName !== undefined) return name === otherName ? 0.1 : 1;
  const same = [...one].filter((line) => other.has(line)).length;
  return 0.95 - 0.9 * (same / Math.max(one.size, other.size));
}

const known = new WeakMap<object, ReadonlySet<string>>();
function linesOf(value: object): ReadonlySet<string> {
  let lines = known.get(value);
  if (!lines) known.set(value, (lines = new Set(flat(value, ''))));
  return lines;
}
const flat = (value: unknown, path: string): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, item]) => flat(item, `${path}/${Array.isArray(value) ? '' : key}`))
    : [path, `${path}=${String(value)}`];

/** What is set by a word such as `max_connections=100`. */
const setBy = (word: string | undefined) => /^([a-z][a-z0-9_.-]*)=/.exec(word ?? '')?.[1];

function wordDistance(a: string, b: string): number {
  const [set, otherSet] = [setBy(a), setBy(b)];
  if (set !== undefined && otherSet !== undefined) return set === otherSet ? 0.1 : 1;
  const [one, other] = [a.split(/[^A-Za-z]+/), b.split(/[^A-Za-z]+/)];
  const has = new Set(other);
  const same = one.filter((word) => has.has(word)).length;
  return 0.05 + 0.95 * (1 - same / Math.max(one.length, other.length));
}
