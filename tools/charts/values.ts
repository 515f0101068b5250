import { isPlainMap } from '../../src/settings/merge';
import type { ValuePath } from '../../src/outputs/chart/template';

/** Settings, defaults filled in. */
export type Values = Readonly<Record<string, unknown>>;

/** What stands at a path; nothing where none does. */
export function at(values: unknown, path: ValuePath): unknown {
  let found = values;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

/** A copy in which something else stands at a path, or nothing. What is not on the way is shared. */
export function withValue<T>(values: T, [key, ...rest]: ValuePath, value: unknown): T {
  if (key === undefined) return value as T;
  const copy: any = Array.isArray(values) ? [...values] : { ...(values as object | undefined) };
  const inside = withValue(copy[key], rest, value);
  if (inside === undefined) {
    if (Array.isArray(copy)) copy.splice(Number(key), 1);
    else delete copy[key];
  } else copy[key] = inside;
  return copy as T;
}

/** Paths of everything that is no map with something in it. */
export function leavesOf(value: unknown, path: ValuePath = []): ValuePath[] {
  const inside = isPlainMap(value) ? Object.keys(value) : [];
  return inside.length === 0 ? [path] : inside.flatMap((key) => leavesOf((value as Values)[key], [...path, key]));
}

/** Paths at which two values differ, and those around them, outermost first. */
export function differencesOf(a: unknown, b: unknown, path: ValuePath = []): ValuePath[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  const own = path.length > 0 ? [path] : [];
  const inside = [a, b].map((one) => (isPlainMap(one) ? one : {}));
  const keys = [...new Set(inside.flatMap((one) => Object.keys(one)))];
  return [...own, ...keys.flatMap((key) => differencesOf(inside[0]![key], inside[1]![key], [...path, key]))];
}
