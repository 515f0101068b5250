import type { ValuePath } from './template';

/** What a template is filled with. */
export type Values = Readonly<Record<string, unknown>>;

/** What stands at a path; nothing where none does. */
export function valueAt(values: unknown, path: ValuePath): unknown {
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

/** Whether a value is a map or a list, which is gone through alike. */
export const isCollection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
