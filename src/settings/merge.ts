type Plain = Record<string, unknown>;

/** Whether a value is a map of settings. */
export const isPlainMap = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Helm's rule: maps merge, lists and all else replace, `null` removes. Keys stay in the order of base. Neither argument
 * is changed.
 */
export function mergeSettings(base: Plain, change: Plain): Plain {
  const keys = new Set([...Object.keys(base), ...Object.keys(change)]);
  const merged = [...keys].flatMap((key): [string, unknown][] => {
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    if (!Object.hasOwn(change, key)) return [[key, below]];
    const value = change[key];
    if (value === null) return [];
    return [[key, isPlainMap(value) ? mergeSettings(isPlainMap(below) ? below : {}, value) : value]];
  });
  return Object.fromEntries(merged);
}
