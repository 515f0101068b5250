/** A field that is not what it was; one of the two values is undefined where there was or is nothing. */
export interface FieldChange {
  /** Such as `spec.template.spec.containers[backend].image`. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Where two objects differ, as deep as it can be said. Values of a Secret are never among them. */
export function fieldChanges(before: any, after: any): FieldChange[] {
  const found = differences('', before, after);
  return (before?.kind ?? after?.kind) === 'Secret' ? found.map(withoutValue) : found;
}

const HIDDEN = '(not shown)';

function withoutValue({ path, before, after }: FieldChange): FieldChange {
  const hidden = (value: unknown) => (value === undefined ? undefined : HIDDEN);
  return /^(data|stringData)\b/.test(path)
    ? { path, before: hidden(before), after: hidden(after) }
    : { path, before, after };
}

function differences(path: string, before: any, after: any): FieldChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(fieldOf(path, key), before[key], after[key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) return listDifferences(path, before, after);
  return [{ path, before, after }];
}

export const isMap = (value: any): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldOf = (path: string, key: string) => {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
};

/** Entries that have names are compared by name, in whatever order they are; others by their place. */
function listDifferences(path: string, before: readonly any[], after: readonly any[]): FieldChange[] {
  const [was, is] = [named(before), named(after)];
  if (was && is) {
    const names = [...new Set([...was.keys(), ...is.keys()])];
    const found = names.flatMap((name) => differences(`${path}[${name}]`, was.get(name), is.get(name)));
    // Nothing but the order: of init containers it counts.
    return found.length > 0 ? found : [{ path, before: [...was.keys()], after: [...is.keys()] }];
  }
  if (![...before, ...after].every(isMap)) return [{ path, before, after }];
  const longest = before.length > after.length ? before : after;
  return longest.flatMap((_, index) => differences(`${path}[${index}]`, before[index], after[index]));
}

/** The entries of a list by name; undefined where some have none, or share one. */
function named(list: readonly any[]): Map<string, any> | undefined {
  const entries = list.map((item) => [isMap(item) ? item['name'] : undefined, item] as const);
  if (entries.some(([name]) => typeof name !== 'string')) return undefined;
  const found = new Map(entries as (readonly [string, any])[]);
  return found.size === list.length ? found : undefined;
}
