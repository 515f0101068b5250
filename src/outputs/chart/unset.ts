import { ANY } from './paths';
import { resolved, type Schema, type SchemaDocument } from './schema';
import type { Setting } from './settings';
import type { ValuePath } from './template';

/** Settings that are no values for nobody sets them, and they have no default: those within them are not told apart. */
export function unsetOf(document: SchemaDocument, root: Setting, taken: readonly ValuePath[]): ValuePath[] {
  const isTaken = (path: ValuePath) => taken.some((one) => isSame(one, path));
  const within = (setting: Setting, given: Schema): ValuePath[] => {
    const { properties = {}, items, additionalProperties } = resolved(given, document);
    const known = new Map(setting.named.map((one) => [one.path.at(-1)!, one]));
    const own = Object.entries(properties).flatMap(([key, schema]) => {
      const there = known.get(key);
      if (there) return within(there, schema);
      const path = [...setting.path, key];
      return isTaken(path) ? [] : [path];
    });
    const any = items ?? additionalProperties;
    if (typeof any !== 'object') return own;
    const entries = [...known].filter(([key]) => !Object.hasOwn(properties, key)).map(([, one]) => one);
    return [...own, ...[...entries, ...(setting.entry ? [setting.entry] : [])].flatMap((one) => within(one, any))];
  };
  return within(root, document);
}

const isSame = (one: ValuePath, other: ValuePath) =>
  one.length === other.length && one.every((key, index) => key === ANY || key === other[index]);
