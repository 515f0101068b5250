import type { Setting } from './settings';
import type { LimitedSetting } from './source';
import { keyOf } from './template';
import { isMap } from '../fields';

/** The settings, of which some may only be what an environment has. */
export function withLimits(setting: Setting, limited: readonly LimitedSetting[]): Setting {
  const own = limited.find(({ path }) => keyOf(path) === keyOf(setting.path));
  const named = setting.named.map((one) => withLimits(one, limited));
  if (!own) return { ...setting, named };
  const allowed = own.allowed.filter((one) => one !== undefined && one !== null);
  const isRequired = setting.isRequired && allowed.length === own.allowed.length;
  const description = [setting.schema.description, `Only what an environment has: ${own.reason}.`];
  const schema = { ...setting.schema, enum: asMerged(allowed), description: description.filter(Boolean).join('\n\n') };
  return { ...setting, named, schema, isRequired };
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
