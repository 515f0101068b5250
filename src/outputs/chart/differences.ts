import { isMap } from '../fields';
import type { Values } from './values';

/** What makes other values of some when it is laid over them, as Helm does: maps merge, all else replaces, `null` removes. */
export function differences(from: Values, to: Values): Values {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  const changed = keys.flatMap((key): [string, unknown][] => {
    const [before, after] = [from[key] ?? undefined, to[key] ?? undefined];
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    if (after === undefined) return [[key, null]];
    if (!isMap(before) || !isMap(after)) return [[key, after]];
    const inside = differences(before, after);
    return Object.keys(inside).length > 0 ? [[key, inside]] : [];
  });
  return Object.fromEntries(changed);
}
