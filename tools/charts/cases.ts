import { isWithin } from '../../src/outputs/chart/fixed';
import { KEY, VALUE, type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { type Values, valueAt } from '../../src/outputs/chart/values';
import { differencesOf, distinctPaths, leavesOf } from './values';

/** Values under which something was seen. */
export interface Scope {
  readonly id: string;
  readonly values: Values;
  /** The scope from which it differs in one place, and that place. */
  readonly origin?: string;
  readonly changed?: ValuePath;
  /** The same of the scope that has this change and not the one before it, where there is one. */
  readonly other?: Change;
}

interface Change {
  readonly origin: string;
  readonly changed: ValuePath;
}

/** Each scope from which a scope differs in one place. */
const changesOf = ({ origin, changed, other }: Scope): Change[] => [
  ...(origin !== undefined && changed ? [{ origin, changed }] : []),
  ...(other ? [other] : []),
];

/** What was seen, and under which values. */
export interface Case {
  readonly scope: Scope;
  readonly value: unknown;
}

const texts = new WeakMap<object, string>();

/** A text by which values are told from one another. */
export function identity(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`;
  let text = texts.get(value);
  if (text === undefined) texts.set(value, (text = JSON.stringify(value)));
  return text;
}

/** Cases by what was seen. */
export function grouped(cases: readonly Case[]): Case[][] {
  const groups = new Map<string, Case[]>();
  for (const one of cases) {
    const key = identity(one.value);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}

/** Places in the values of which a change changed what was seen, those of most effect first. */
export function influences(cases: readonly Case[]): ValuePath[] {
  const byScope = new Map(cases.map((one) => [one.scope.id, one]));
  const found = new Map<string, { path: ValuePath; weight: number }>();
  for (const { scope, value } of cases) {
    for (const { origin: id, changed } of changesOf(scope)) {
      const origin = byScope.get(id);
      if (!origin || identity(origin.value) === identity(value)) continue;
      const places = placesOf(scope, origin.scope, changed);
      for (const path of places) {
        const entry = found.get(keyOf(path)) ?? { path, weight: 0 };
        // What changed alone tells more than what changed with others.
        entry.weight += keyOf(path) === keyOf(changed) ? 1 : 1 / places.length;
        found.set(keyOf(path), entry);
      }
    }
  }
  if (found.size === 0) return contrasts(cases);
  return [...found.values()].sort((a, b) => b.weight - a.weight).map(({ path }) => path);
}

let idle: ReadonlySet<string> = new Set();
let tried: ReadonlySet<string> | undefined;
let isEveryTried = true;

/** Says where a value was ever changed alone, or decides what there is. */
export function triedAt(paths: readonly ValuePath[]): void {
  tried = new Set(paths.map(keyOf));
}

const isTried = (path: ValuePath) =>
  isEveryTried || path[0] === KEY || path[0] === VALUE || !tried || tried.has(keyOf(path));

/** Whether a change there, tried alone, never changed the object at hand: then nothing of it is explained by that. */
export const isIdle = (path: ValuePath): boolean => idle.has(keyOf(path)) || !isTried(path);

/**
 * Explains cases without the places that were changed alone and never changed what is seen; first also without those that
 * never were changed alone, for what differs with them may differ for another reason. Where nothing else explains them, by all.
 */
export function withoutIdle<T>(cases: readonly Case[], explain: () => T, isExplained: (found: T) => boolean): T {
  const before = [idle, isEveryTried] as const;
  idle = idlePlaces(cases);
  try {
    isEveryTried = false;
    const found = explain();
    if (isExplained(found)) return found;
    isEveryTried = true;
    const more = explain();
    if (isExplained(more)) return more;
    // Another value may change nothing, and none at all something.
    idle = new Set();
    return explain();
  } finally {
    [idle, isEveryTried] = before;
  }
}

function idlePlaces(cases: readonly Case[]): ReadonlySet<string> {
  const byScope = new Map(cases.map((one) => [one.scope.id, one]));
  const [tried, told] = [new Set<string>(), new Set<string>()];
  for (const { scope, value } of cases) {
    for (const { origin: id, changed } of changesOf(scope)) {
      const origin = byScope.get(id);
      if (!origin) continue;
      if (identity(origin.value) === identity(value)) tried.add(keyOf(changed));
      else for (const path of placesOf(scope, origin.scope, changed)) told.add(keyOf(path));
    }
  }
  return new Set([...tried].filter((key) => !told.has(key)));
}

/** Where values differ between cases that show one thing and those most like them that show another: no change tells. */
export function contrasts(cases: readonly Case[]): ValuePath[] {
  const [many, ...others] = grouped(cases).sort((a, b) => b.length - a.length);
  const few = others.reverse().flat().slice(0, 4);
  const found = few.flatMap((one) => {
    const near = many!.filter(({ scope }) => scope.origin === one.scope.origin);
    const all = [...near.slice(0, 20), ...many!.slice(0, 10)].map((other) =>
      differencesOf(one.scope.values, other.scope.values),
    );
    return all.sort((a, b) => a.length - b.length).slice(0, 2);
  });
  return distinctPaths(found.flat())
    .filter((path) => !isIdle(path))
    .slice(0, 40);
}

/** What was changed together with any of these, one after the other, on the way from an environment. */
export function changedBeside(cases: readonly Case[], paths: readonly ValuePath[]): ValuePath[] {
  const byScope = new Map(cases.map(({ scope }) => [scope.id, scope]));
  const wanted = new Set(paths.map(keyOf));
  const found = cases.flatMap(({ scope }) => {
    const way: ValuePath[] = [];
    for (let at: Scope | undefined = scope; at?.changed; at = byScope.get(at.origin ?? '')) way.push(at.changed);
    return way.some((path) => wanted.has(keyOf(path))) ? way : [];
  });
  return distinctPaths(found);
}

const places = new WeakMap<Scope, Map<string, ValuePath[]>>();

/** Where the values of a scope differ from those of one from which it differs in one place. */
function placesOf(scope: Scope, origin: Scope, changed: ValuePath): ValuePath[] {
  const known = places.get(scope) ?? new Map<string, ValuePath[]>();
  places.set(scope, known);
  let found = known.get(origin.id);
  if (!found) {
    const [was, is] = [valueAt(origin.values, changed), valueAt(scope.values, changed)];
    found = [changed, ...differencesOf(was, is).map((path) => [...changed, ...path])];
    known.set(origin.id, found);
  }
  return found;
}

/** What stands at a path under the values of a case. */
export const seen = ({ scope }: Case, path: ValuePath): unknown => valueAt(scope.values, path);

/** Those that show something: what others are changes of, and changes that changed what was seen. */
export function telling(cases: readonly Case[]): Case[] {
  const byScope = new Map(cases.map((one) => [one.scope.id, one]));
  return cases.filter(({ scope, value }) => {
    const origin = scope.origin === undefined ? undefined : byScope.get(scope.origin);
    return !origin || identity(origin.value) !== identity(value);
  });
}

/** Learns from what tells something, then from what contradicts it, until nothing does. */
export function refined<T>(
  cases: readonly Case[],
  learn: (few: readonly Case[]) => T | undefined,
  agrees: (learned: T, one: Case) => boolean,
): T | undefined {
  let few = telling(cases);
  for (let round = 0; ; round += 1) {
    const learned = learn(few);
    if (learned === undefined || round === 6) return learned;
    const against = cases.filter((one) => !agrees(learned, one));
    if (against.length === 0) return learned;
    const taken = new Set(few);
    const more = against.filter((one) => !taken.has(one)).slice(0, 12);
    if (more.length === 0) return learned;
    few = [...few, ...more];
  }
}

/** What was changed where nothing can be seen of what it was before. */
export function changedAround(cases: readonly Case[]): ValuePath[] {
  return distinctPaths(cases.flatMap(({ scope }) => (scope.changed ? [scope.changed] : [])));
}

/** Equal values as the same. */
export function sharedValues(cases: readonly Case[]): Case[] {
  const known = new Map<string, unknown>();
  return cases.map(({ scope, value }) => {
    const text = JSON.stringify(value);
    if (!known.has(text)) known.set(text, value);
    return { scope, value: known.get(text) };
  });
}

/** The values as they are within an entry. */
export function entryScope(scope: Scope, over: ValuePath, key: string, value: unknown): Scope {
  const idOf = (id: string) => `${id}\0${keyOf(over)}\0${key}`;
  const inside = (path: ValuePath) => (isWithin(path, [...over, key]) ? [VALUE, ...path.slice(over.length + 1)] : path);
  const { id, origin, changed, other } = scope;
  return {
    id: idOf(id),
    values: { ...scope.values, [KEY]: key, [VALUE]: value },
    origin: origin === undefined ? undefined : idOf(origin),
    changed: changed && inside(changed),
    other: other && { origin: idOf(other.origin), changed: inside(other.changed) },
  };
}

/** Whether a path is that of an entry of a collection as a whole. */
export const isEntryOf = (path: ValuePath | undefined, over: ValuePath): boolean =>
  path?.length === over.length + 1 && isWithin(path, over);

/** Everything that the entries of a range say. */
export function entryPaths(cases: readonly Case[]): ValuePath[] {
  const paths = cases.flatMap(({ scope }) => leavesOf(scope.values[VALUE], [VALUE]));
  return distinctPaths([[VALUE], [KEY], ...paths]);
}
