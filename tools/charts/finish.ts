import { readingsOf, type Readings, ANY } from '../../src/outputs/chart/paths';
import type { FixedSetting, LimitedSetting } from '../../src/outputs/chart/source';
import type { ObjectTemplate, ValuePath } from '../../src/outputs/chart/template';
import { isPlainMap } from '../../src/settings/merge';
import type { Held } from './held';
import { at, type Values } from './values';

const WITHOUT_EFFECT = 'changes no object of this system as it is set here';

/** Settings that are no values of a chart, and those that may only be what an environment has. */
export function closedSettings(templates: readonly ObjectTemplate[], all: readonly Values[], held: readonly Held[]) {
  const readings = readingsOf(templates.filter(({ name }) => !name.startsWith('Namespace/')));
  const fixed: FixedSetting[] = [];
  const limited: LimitedSetting[] = [];
  for (const { path, reason, allowed } of held) {
    if (!isRead(path, readings)) fixed.push({ path, reason });
    else limited.push({ path, reason, allowed: allowed.map((one) => one ?? null) });
  }
  const closed = new Set([...fixed, ...limited].map(({ path }) => path.join('\0')));
  const walk = (path: ValuePath): void => {
    if (closed.has(path.join('\0')) || path[0] === 'namespace') return;
    if (path.length > 0 && !isRead(path, readings)) {
      fixed.push({ path, reason: WITHOUT_EFFECT });
      return;
    }
    // What is placed as a whole is read down to its leaves.
    if (readings.read.some((one) => isWithin(path, one))) return;
    const maps = all.map((values) => at(values, path)).filter(isPlainMap);
    for (const key of new Set(maps.flatMap((one) => Object.keys(one)))) walk([...path, key]);
  };
  walk([]);
  return { fixed, limited };
}

const isSameKey = (one: string | undefined, other: string | undefined) => one === other || one === ANY || other === ANY;

const isWithin = (path: ValuePath, around: ValuePath) => around.every((key, index) => isSameKey(key, path[index]));

/** Whether a template reads what stands there, something within it or all around it. */
const isRead = (path: ValuePath, { read, optional }: Readings) =>
  read.some((one) => isWithin(one, path) || isWithin(path, one)) || optional.some((one) => isWithin(one, path));
