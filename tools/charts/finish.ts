import { isRead, isWithin } from '../../src/outputs/chart/fixed';
import { readingsOf } from '../../src/outputs/chart/paths';
import { limitedPaths } from '../../src/outputs/chart/limits';
import type { FixedSetting, LimitedSetting } from '../../src/outputs/chart/source';
import { type ObjectTemplate, type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { isPlainMap } from '../../src/settings/merge';
import { type Held, reasonOf } from './held';
import { type Values, valueAt } from '../../src/outputs/chart/values';

const WITHOUT_EFFECT = 'changes no object of this system as it is set here';
const REFUSED = 'no other value of it is accepted beside what else is set here';

/** Settings that are no values of a chart, and those that may only be what an environment has. */
export function closedSettings(
  templates: readonly ObjectTemplate[],
  all: readonly Values[],
  held: readonly Held[],
  /** Where a change was accepted. */
  changed: readonly ValuePath[],
) {
  const readings = readingsOf(templates.filter(({ name }) => !name.startsWith('Namespace/')));
  const fixed: FixedSetting[] = [];
  const limited: LimitedSetting[] = [];
  for (const { path, keys, reason, allowed } of held) {
    if (!isRead(path, readings)) fixed.push({ path, reason });
    else limited.push({ path, ...(keys ? { keys } : {}), reason, allowed: allowed.map((one) => one ?? null) });
  }
  const closed = new Set([...fixed, ...limited].flatMap(limitedPaths).map(keyOf));
  const walk = (path: ValuePath): void => {
    if (closed.has(keyOf(path)) || path[0] === 'namespace') return;
    const isApart = [...closed].some((one) => isWithin(one.split('\0'), path));
    if (path.length > 0 && !isRead(path, readings) && !isApart) {
      const isChanged = changed.some((one) => isWithin(one, path));
      fixed.push({ path, reason: reasonOf(path) ?? (isChanged ? WITHOUT_EFFECT : REFUSED) });
      return;
    }
    // What is placed as a whole is read down to its leaves.
    if (readings.read.some((one) => isWithin(path, one))) return;
    const maps = all.map((values) => valueAt(values, path)).filter(isPlainMap);
    for (const key of new Set(maps.flatMap((one) => Object.keys(one)))) walk([...path, key]);
  };
  walk([]);
  return { fixed, limited };
}
