import type { Setting } from './settings';
import type { LimitedSetting } from './source';
import { keyOf } from './template';

/** The settings, of which some may only be what an environment has. */
export function withLimits(setting: Setting, limited: readonly LimitedSetting[]): Setting {
  const own = limited.find(({ path }) => keyOf(path) === keyOf(setting.path));
  const named = setting.named.map((one) => withLimits(one, limited));
  if (!own) return { ...setting, named };
  const allowed = own.allowed.filter((one) => one !== undefined && one !== null);
  const isRequired = setting.isRequired && allowed.length === own.allowed.length;
  const description = [setting.schema.description, `Only what an environment has: ${own.reason}.`];
  const schema = { ...setting.schema, enum: allowed, description: description.filter(Boolean).join('\n\n') };
  return { ...setting, named, schema, isRequired };
}
