import { type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { isPlainMap } from '../../src/settings/merge';
import type { Values } from '../../src/outputs/chart/values';

/** Each path once, in the order in which they come first. */
export const distinctPaths = (paths: readonly ValuePath[]): ValuePath[] => [
  ...new Map(paths.map((path) => [keyOf(path), path])).values(),
];

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
