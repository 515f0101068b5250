import { readBy } from '../../src/outputs/chart/conversions';
import { isWithin } from '../../src/outputs/chart/fixed';
import { keyOf, type ObjectTemplate, type Test, type ValuePath } from '../../src/outputs/chart/template';
import { isPlainMap } from '../../src/settings/merge';
import type { Probe } from './probe';
import { distinctPaths } from './values';

/**
 * Values that may be any, of which templates ask how they are and which they place nowhere: of all but those that were tried
 * they would make the same.
 */
export function askedAlone(templates: readonly ObjectTemplate[], probe: Pick<Probe, 'at'>): ValuePath[] {
  const [asked, placed]: [ValuePath[], ValuePath[]] = [[], []];
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (!isPlainMap(node)) return;
    const { test, path, over, as } = node as { test?: Test; path?: ValuePath; over?: unknown; as?: string };
    if (test) asked.push(test.path, ...('than' in test ? [test.than] : []));
    if (path && as !== undefined) placed.push(...Object.values(readBy({ path, as })).flat());
    if (Array.isArray(over)) placed.push(over as ValuePath);
    Object.values(node).forEach(walk);
  };
  walk(templates.map(({ node, when }) => [node, when]));
  const known = new Map(placed.map((path) => [keyOf(path), path]));
  return distinctPaths(asked).filter((path) => {
    const { enum: words, type, properties, additionalProperties } = probe.at(path) ?? { type: 'boolean' };
    if (words || type === 'boolean' || properties || typeof additionalProperties === 'object') return false;
    return ![...known.values()].some((one) => isWithin(one, path) || isWithin(path, one));
  });
}
