import { canonical } from '../../platform/digest';
import { isMap } from '../fields';
import { evaluateCondition, evaluateObjects } from './evaluate';
import type { ChartModel } from './model';
import { type Node, type ObjectTemplate, VALUE, KEY, type ValuePath, keyOf } from './template';
import { type Values, valueAt, withValue } from './values';

/** An environment that is to be a file of values. */
export interface FittedEnvironment {
  readonly environment: string;
  /** What its files say. */
  readonly settings: Values;
  /** What comes of it. */
  readonly manifests: readonly object[];
}

/**
 * The values with which the templates of a model make just the objects of an environment; nothing where there are none.
 * They are those of the model with what the settings say now; what else follows from these is read in the objects.
 */
export function valuesOf(model: ChartModel, one: FittedEnvironment): Values | undefined {
  const { given, values: remembered } = model.environments[one.environment] ?? { given: {}, values: model.values };
  const environment = { environment: one.environment };
  let values: Values = { ...changed(remembered, given, one.settings), ...environment };
  for (let round = 0; round < 3; round += 1) {
    const wrong = unlike(model.templates, values, one.manifests);
    if (wrong.length === 0) return values;
    const found = new Map(wrong.flatMap(({ node, manifest }) => readBack(node, values, manifest)));
    for (const [path, value] of found.values()) {
      if (valueAt(one.settings, path) === undefined) values = withValue(values, path, value);
    }
  }
  return undefined;
}

/** Values, with what settings say now and did not say before; what they no longer say is gone where they had said it. */
function changed(values: unknown, before: unknown, now: unknown): Values {
  if (!isMap(values) || !isMap(now)) return now as Values;
  const result: Record<string, unknown> = { ...values };
  const was = isMap(before) ? before : {};
  for (const [key, value] of Object.entries(now)) {
    if (!isSame(was[key], value)) result[key] = changed(values[key], was[key], value);
  }
  for (const key of Object.keys(was)) if (!Object.hasOwn(now, key)) delete result[key];
  return result;
}

/** In whatever order the keys are. */
const isSame = (a: unknown, b: unknown) => canonical(a ?? null) === canonical(b ?? null);

/** What an object is called by, of all that a chart makes. */
export const nameOf = ({ kind, metadata }: any) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;

/** Templates that make other objects than there are, each with the object that there is. */
function unlike(templates: readonly ObjectTemplate[], values: Values, manifests: readonly object[]) {
  const there = templates.filter(({ when }) => evaluateCondition(when, values));
  const made = evaluateObjects(templates, values);
  const wanted = new Map(manifests.map((one) => [nameOf(one), one]));
  const wrong = made.flatMap((object, index) => {
    const manifest = wanted.get(nameOf(object));
    wanted.delete(nameOf(object));
    return isSame(object, manifest) ? [] : [{ node: there[index]!.node, manifest }];
  });
  return [...wrong, ...[...wanted.values()].map((manifest) => ({ node: { literal: undefined } as Node, manifest }))];
}

type Found = [string, readonly [ValuePath, unknown]];

/** What stands in an object where its template places a value as it is. */
function readBack(node: Node, values: Values, actual: unknown): Found[] {
  if ('placed' in node) {
    const { path, as } = node.placed;
    if (as !== 'same' || actual === undefined || path[0] === VALUE || path[0] === KEY) return [];
    return isSame(valueAt(values, path), actual) ? [] : [[keyOf(path), [path, actual]]];
  }
  if ('map' in node) {
    return isMap(actual) ? node.map.flatMap((one) => readBack(one.node, values, actual[one.key])) : [];
  }
  if ('choice' in node) {
    const chosen = node.choice.find(({ when }) => evaluateCondition(when, values));
    return chosen ? readBack(chosen.node, values, actual) : [];
  }
  if (!('list' in node) || !Array.isArray(actual) || node.list.some((item) => 'over' in item)) return [];
  const there = node.list.filter((item) => evaluateCondition(item.when, values));
  if (there.length !== actual.length) return [];
  return there.flatMap((item, index) => readBack(item.node, values, actual[index]));
}
