import { isMap } from '../fields';
import type { Setting } from './settings';
import { isCollection } from './values';

/** Settings with their keys as overlays have them, and after these what no overlay says, as the schema has it. */
export function inOrderOf(setting: Setting, overlays: readonly unknown[]): Setting {
  const below = (key: string) => overlays.flatMap((one) => (isMap(one) && Object.hasOwn(one, key) ? [one[key]] : []));
  const keys = [...new Set(overlays.filter(isMap).flatMap((one) => Object.keys(one)))];
  const rank = ({ path }: Setting) => {
    const index = keys.indexOf(path.at(-1)!);
    return index < 0 ? keys.length : index;
  };
  const named = setting.named.map((one) => inOrderOf(one, below(one.path.at(-1)!))).sort((a, b) => rank(a) - rank(b));
  const entries = overlays.filter(isCollection).flatMap((one) => Object.values(one));
  return { ...setting, named, entry: setting.entry && inOrderOf(setting.entry, entries) };
}

/** Values with their keys as settings have them, and after these the others. */
export function ordered(values: unknown, { named, entry }: Setting): unknown {
  if (Array.isArray(values)) return entry ? values.map((one) => ordered(one, entry)) : values;
  if (!isMap(values)) return values;
  const known = new Map(named.map((one) => [one.path.at(-1)!, one]));
  const keys = [...[...known.keys()].filter((key) => Object.hasOwn(values, key)), ...Object.keys(values)];
  return Object.fromEntries(
    [...new Set(keys)].map((key) => {
      const setting = known.get(key) ?? entry;
      return [key, setting ? ordered(values[key], setting) : values[key]];
    }),
  );
}
