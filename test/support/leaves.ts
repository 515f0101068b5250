/** Every prop given, all the way down: a new setting does not compile until its test says what it does. */
export type Complete<T> = T extends (infer Item)[]
  ? Complete<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Complete<NonNullable<T[Key]>> }
    : T;

type Path = (string | number)[];

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The paths of all values that hold no others. */
export function leafPaths(value: unknown, path: Path = []): Path[] {
  if (!isMap(value)) return [path];
  return Object.entries(value).flatMap(([key, item]) => leafPaths(item, [...path, key]));
}

/** A copy in which one value is another one of its kind. */
export function varied(value: any, [key, ...rest]: Path): any {
  if (key === undefined) return other(value);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[key] = varied(value[key], rest);
  return copy;
}

function other(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  const [, number, unit] = /^(\d+)(s|m|h|d|Ki|Mi|Gi)$/.exec(String(value)) ?? [];
  return number ? `${Number(number) + 1}${unit}` : `${value}1`;
}

/** The paths whose value makes no difference to what is made. */
export function leavesWithoutEffect<T>(settings: T, make: (settings: T) => unknown): string[] {
  const before = JSON.stringify(make(settings));
  return leafPaths(settings)
    .filter((path) => JSON.stringify(make(varied(settings, path))) === before)
    .map((path) => path.join('.'));
}
