import { ANY, type Readings } from './paths';
import { schemaAt, type SchemaDocument } from './schema';
import type { FixedSetting } from './source';
import { keyOf, type ValuePath } from './template';
import { isCollection, type Values, valueAt } from './values';

const isSameKey = (one: string | undefined, other: string | undefined) => one === other || one === ANY || other === ANY;

/** Without what stands at these paths, in which `*` is any entry. */
export function without(values: Values, paths: readonly ValuePath[]): Values {
  const kept = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const inside = paths.filter(([first]) => isSameKey(first, key)).map((path) => path.slice(1));
    if (inside.some(({ length }) => length === 0)) return [];
    if (inside.length === 0 || !isCollection(value)) return [[key, value]];
    const left = without(value, inside);
    return [[key, Array.isArray(value) ? Object.values(left) : left]];
  });
  return Object.fromEntries(kept);
}

/** Paths that are taken out, and those of maps of which nothing is left then, nor may be. */
export function takenWith(
  paths: readonly ValuePath[],
  values: readonly Values[],
  document: SchemaDocument,
): ValuePath[] {
  const around = paths.flatMap((path) => path.slice(1).map((_, index) => path.slice(0, index + 1)));
  const gone = around.filter(
    (path) =>
      !path.includes(ANY) &&
      typeof schemaAt(document, path)?.additionalProperties !== 'object' &&
      values.some((one) => valueAt(one, path) !== undefined) &&
      values.every((one) => isHollow(valueAt(without(one, paths), path))),
  );
  return [...new Map([...paths, ...gone].map((path) => [keyOf(path), path])).values()];
}

/** Whether nothing is left of a map, but for maps of which nothing is left. */
const isHollow = (value: unknown): boolean =>
  value === undefined || (isCollection(value) && !Array.isArray(value) && Object.values(value).every(isHollow));

/** What stands at a path; where it goes through any entry, what stands in each. */
export function allAt(values: unknown, path: ValuePath): unknown {
  const any = path.indexOf(ANY);
  if (any < 0) return valueAt(values, path);
  const found = valueAt(values, path.slice(0, any));
  const each = isCollection(found) ? Object.values(found).map((one) => allAt(one, path.slice(any + 1))) : [];
  return each.filter((one) => one !== undefined);
}

/** Whether a path is another one, or within what stands there. */
export const isWithin = (path: ValuePath, around: ValuePath): boolean =>
  around.every((key, index) => isSameKey(key, path[index]));

/** Whether a path is as a pattern says, such as `*.secrets`: there `*` is any key, and one of the path is no pattern. */
export const isLike = (path: ValuePath, pattern: readonly string[]): boolean =>
  path.length === pattern.length && pattern.every((key, index) => key === ANY || key === path[index]);

/** Whether a template reads what stands there, something within it or all around it. */
export const isRead = (path: ValuePath, { read, optional }: Readings): boolean =>
  read.some((one) => isWithin(one, path) || isWithin(path, one)) || optional.some((one) => isWithin(one, path));

/** What templates read is a value: without it they would write something else. */
export function checkFixed(fixed: readonly FixedSetting[], readings: Readings): void {
  const wrong = fixed.filter(({ path }) => isRead(path, readings)).map(({ path }) => path.join('.'));
  if (wrong.length > 0) throw new Error(`templates read what is said to be fixed: ${wrong.join(', ')}`);
}
