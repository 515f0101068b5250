import type { Setting } from './settings';
import type { LimitedSetting } from './source';
import type { Schema } from './schema';
import { keyOf, type ValuePath } from './template';
import { isMap } from '../fields';

/** Where what is limited stands. */
export const limitedPaths = ({ path, keys }: Pick<LimitedSetting, 'path' | 'keys'>): readonly ValuePath[] =>
  keys ? keys.map((key) => [...path, key]) : [path];

/** What is said of some keys of a value. */
export const ofKeys = (value: unknown, keys: readonly string[] | undefined): unknown =>
  keys && isMap(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key))) : value;

/** The settings, of which some may only be what an environment has. */
export function withLimits(setting: Setting, limited: readonly LimitedSetting[]): Setting {
  const own = limited.find(({ path }) => keyOf(path) === keyOf(setting.path));
  const named = setting.named.map((one) => withLimits(one, limited));
  if (!own) return { ...setting, named };
  const allowed = own.allowed.filter((one) => one !== undefined && one !== null);
  const isRequired = setting.isRequired && allowed.length === own.allowed.length;
  const { keys } = own;
  const which = keys ? `Of ${keys.map((key) => `\`${key}\``).join(', ')} only` : 'Only';
  const text = [setting.schema.description, `${which} what an environment has: ${own.reason}.`].filter(Boolean);
  const choice = keys ? { anyOf: allowed.map((one) => onlyLike(one, keys)) } : { enum: asMerged(allowed) };
  return { ...setting, named, schema: { ...setting.schema, ...choice, description: text.join('\n\n') }, isRequired };
}

/** A map that has in these keys what another has, and nothing where that has nothing. */
function onlyLike(one: unknown, keys: readonly string[]): Schema {
  const map: Readonly<Record<string, unknown>> = isMap(one) ? one : {};
  const properties = Object.fromEntries(keys.map((key) => [key, { enum: [map[key] ?? null] }]));
  return { properties, required: keys.filter((key) => Object.hasOwn(map, key)) };
}

/**
 * What files of values come to, too: they take a key out with null, which `helm lint` leaves where it stands in one of its
 * rules, and in another has forgotten, so that the key is as in `values.yaml`.
 */
function asMerged(allowed: readonly unknown[]): unknown[] {
  const maps = allowed.filter(isMap);
  return allowed.flatMap((one) => {
    if (!isMap(one)) return [one];
    const others = maps.filter((other) => Object.keys(other).some((key) => !Object.hasOwn(one, key)));
    const nulls = (other: object) => Object.fromEntries(Object.keys(other).map((key) => [key, null]));
    return [
      one,
      ...others.flatMap((other) => [
        { ...nulls(other), ...one },
        { ...other, ...one },
      ]),
    ];
  });
}
