type Plain = Record<string, unknown>;

/** Whether a value is a map of settings. */
export const isPlainMap = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Helm's rule: maps merge, lists and all else replace, `null` removes. Neither argument is changed. */
export function mergeSettings(base: Plain, change: Plain): Plain {
  const merged: [string, unknown][] = Object.entries(base).filter(([key]) => !Object.hasOwn(change, key));
  for (const [key, value] of Object.entries(change)) {
    if (value === null) continue;
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    merged.push([key, isPlainMap(value) ? mergeSettings(isPlainMap(below) ? below : {}, value) : value]);
  }
  return Object.fromEntries(merged);
}
