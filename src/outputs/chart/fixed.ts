import { type Values, valueAt } from './evaluate';
import { ANY, type Readings } from './paths';
import type { FixedSetting } from './source';
import type { ValuePath } from './template';

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isSameKey = (one: string | undefined, other: string | undefined) => one === other || one === ANY || other === ANY;

/** Without what stands at these paths, in which `*` is any entry. */
export function without(values: Values, paths: readonly ValuePath[]): Values {
  const kept = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const inside = paths.filter(([first]) => isSameKey(first, key)).map((path) => path.slice(1));
    if (inside.some(({ length }) => length === 0)) return [];
    if (inside.length === 0 || !isMap(value)) return [[key, value]];
    const left = without(value, inside);
    return [[key, Array.isArray(value) ? Object.values(left) : left]];
  });
  return Object.fromEntries(kept);
}

/** What stands at a path; where it goes through any entry, what stands in each. */
export function allAt(values: unknown, path: ValuePath): unknown {
  const any = path.indexOf(ANY);
  if (any < 0) return valueAt(values, path);
  const found = valueAt(values, path.slice(0, any));
  const each = isMap(found) ? Object.values(found).map((one) => allAt(one, path.slice(any + 1))) : [];
  return each.filter((one) => one !== undefined);
}

/** What templates read is a value: without it they would write something else. */
export function checkFixed(fixed: readonly FixedSetting[], { read, optional }: Readings): void {
  const wrong = fixed.flatMap(({ path: own }) => {
    const isAround = (path: ValuePath) => path.every((key, index) => isSameKey(key, own[index]));
    const isWithin = (path: ValuePath) => own.every((key, index) => isSameKey(key, path[index]));
    return read.some((path) => isAround(path) || isWithin(path)) || optional.some(isWithin) ? [own.join('.')] : [];
  });
  if (wrong.length > 0) throw new Error(`templates read what is said to be fixed: ${wrong.join(', ')}`);
}
