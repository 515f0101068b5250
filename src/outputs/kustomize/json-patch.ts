import { isMap } from '../fields';

/** One step of a JSON patch (RFC 6902), which means the same for every kind. */
export interface Operation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

/** A step, and the names of the list items on its way: an index alone tells a reader nothing. */
export interface Step {
  readonly operation: Operation;
  readonly items: readonly string[];
}

interface Place {
  readonly path: string;
  readonly items: readonly string[];
}

/** The steps that make one object another. Where they would be longer than the part that they change, that is replaced. */
export const difference = (before: unknown, after: unknown): Step[] =>
  isMap(before) && isMap(after) ? mapSteps(before, after, { path: '', items: [] }) : [];

/** Characters that steps take: what a reader has to go through. */
export const lengthOf = (steps: readonly Step[]): number =>
  steps.reduce((sum, { operation }) => sum + JSON.stringify(operation).length, 0);

export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  if (!isMap(one) || !isMap(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => key in other && isSame(one[key], other[key]));
}

function steps(before: unknown, after: unknown, place: Place): Step[] {
  if (isSame(before, after)) return [];
  const whole: Step[] = [step('replace', place, after)];
  const parts = partSteps(before, after, place);
  return parts && lengthOf(parts) < lengthOf(whole) ? parts : whole;
}

function partSteps(before: unknown, after: unknown, place: Place): Step[] | undefined {
  if (isMap(before) && isMap(after)) return mapSteps(before, after, place);
  if (Array.isArray(before) && Array.isArray(after)) return listSteps(before, after, place);
  return undefined;
}

function mapSteps(before: Record<string, unknown>, after: Record<string, unknown>, place: Place): Step[] {
  const removed = Object.keys(before).filter((key) => !(key in after));
  return [
    ...removed.map((key) => step('remove', below(place, key))),
    ...Object.entries(after).flatMap(([key, value]) =>
      key in before ? steps(before[key], value, below(place, key)) : [step('add', below(place, key), value)],
    ),
  ];
}

/** Each step finds the list as those before it have left it. */
function listSteps(before: readonly unknown[], after: readonly unknown[], place: Place): Step[] {
  const made: Step[] = [];
  let index = 0;
  for (const { was, is } of aligned(before, after)) {
    const at = below(place, `${index}`, nameOf(was?.item ?? is?.item));
    if (was && is) made.push(...steps(was.item, is.item, at));
    else if (was) made.push(step('remove', at));
    else if (is) made.push(step('add', at, is.item));
    if (is) index += 1;
  }
  return made;
}

interface Pair {
  readonly was?: { readonly item: unknown };
  readonly is?: { readonly item: unknown };
}

/** Two lists side by side, by the longest run of items that are in both; what is between two of these is paired in turn. */
function aligned(before: readonly unknown[], after: readonly unknown[]): Pair[] {
  const [was, is] = [before.map(identityOf), after.map(identityOf)];
  const longest = commonLengths(was, is);
  const pairs: Pair[] = [];
  let [i, j] = [0, 0];
  while (i < was.length || j < is.length) {
    if (i < was.length && j < is.length && was[i] === is[j]) {
      pairs.push({ was: { item: before[i++] }, is: { item: after[j++] } });
    } else if (i < was.length && (j === is.length || longest[i + 1]![j]! >= longest[i]![j + 1]!)) {
      pairs.push({ was: { item: before[i++] } });
    } else {
      pairs.push({ is: { item: after[j++] } });
    }
  }
  return pairs.reduce<Pair[]>(paired, []);
}

/** An item that goes where another comes becomes that one. */
function paired(pairs: Pair[], next: Pair): Pair[] {
  const last = pairs.at(-1);
  const both = last && next && { ...last, ...next };
  const becomes = both?.was && both.is && !(last!.was && last!.is) && !(next.was && next.is);
  return becomes ? [...pairs.slice(0, -1), both] : [...pairs, next];
}

/** For each two ends of the lists, how many items these have in common, in order. */
function commonLengths(was: readonly string[], is: readonly string[]): number[][] {
  const lengths = Array.from({ length: was.length + 1 }, () => new Array<number>(is.length + 1).fill(0));
  for (let i = was.length - 1; i >= 0; i--) {
    for (let j = is.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        was[i] === is[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}

/** What is named is known by its name, and anything else by all that it is. */
const identityOf = (item: unknown): string => nameOf(item) ?? JSON.stringify(item);

function nameOf(item: unknown): string | undefined {
  if (!isMap(item)) return undefined;
  const name = item['name'] ?? item['mountPath'];
  return typeof name === 'string' ? name : undefined;
}

const below = ({ path, items }: Place, key: string, item?: string): Place => ({
  path: `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
  items: item === undefined ? items : [...items, item],
});

const step = (op: Operation['op'], { path, items }: Place, value?: unknown): Step => ({
  operation: { op, path, ...(op === 'remove' ? {} : { value }) },
  items,
});
