import { digestOf } from '../../platform/digest';
import { conversion } from './conversions';
import {
  type Computed,
  type Condition,
  KEY,
  NAMESPACE,
  type Node,
  type ObjectTemplate,
  type Optional,
  type Placed,
  type Range,
  type Tally,
  type Test,
  VALUE,
} from './template';
import { type Values, valueAt } from './values';

/** A value as it is placed; nothing where there is none. */
export const evaluatePlaced = ({ path, as }: Placed, values: Values): unknown => {
  const value = valueAt(values, path);
  return value === undefined || value === null ? undefined : conversion(as).of(value, values);
};

/** What is computed of values. */
export function evaluateComputed(computed: Computed, values: Values): number {
  const { factors, times, over, plus, round, atLeast = -Infinity, added = [] } = computed;
  const product = factors.reduce((sum, factor) => sum * Number(evaluatePlaced(factor, values)), times);
  const rounded = Math.max(atLeast, Math[round](product / over) + plus);
  return added.reduce((sum, one) => sum + Number(evaluatePlaced(one, values)), rounded);
}

/** A number and what is added to it. */
export const evaluateTally = ({ plus, terms }: Tally, values: Values): number =>
  terms.reduce((sum, { when, amount }) => sum + (evaluateCondition(when, values) ? amount : 0), plus);

/** Whether a value is so. */
export function evaluateTest(test: Test, values: Values): boolean {
  const value = valueAt(values, test.path);
  switch (test.is) {
    case 'set':
      return value !== undefined && value !== null;
    case 'true':
      return value === true;
    case 'filled':
      return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    case 'equal':
      return value === test.to;
    case 'above':
      return typeof value === 'number' && value > Number(test.to);
    case 'moreThan': {
      const than = valueAt(values, test.than);
      return typeof value === 'number' && typeof than === 'number' && value > than;
    }
  }
}

/** Whether a condition holds. */
export const evaluateCondition = (condition: Condition | undefined, values: Values): boolean =>
  condition === undefined || condition.some((all) => all.every(({ test, not }) => evaluateTest(test, values) !== not));

/** The objects that a chart makes of values. What each digest is of must be in the same chart. */
export function evaluateObjects(objects: readonly ObjectTemplate[], values: Values): Record<string, unknown>[] {
  const there = objects.filter(({ when }) => evaluateCondition(when, values));
  const parts = new Map<string, Record<string, unknown>>();
  const evaluator = new Evaluator((of) => valueAt(parts.get(of[0]!), of.slice(1)));
  // A digest may be of an object that comes later: once to have them all, and once more with their digests.
  for (let round = 0; round < 2; round += 1) {
    for (const { name, node } of there) parts.set(name, evaluator.evaluate(node, values) as Record<string, unknown>);
  }
  return there.map(({ name }) => parts.get(name)!);
}

/** What a node makes of values; `part` gives what a digest is of. */
export const evaluateNode = (node: Node, values: Values, part: (of: readonly string[]) => unknown): unknown =>
  new Evaluator(part).evaluate(node, values);

class Evaluator {
  public constructor(private readonly part: (of: readonly string[]) => unknown) {}

  public evaluate(node: Node, values: Values): unknown {
    if ('literal' in node) return evaluateLiteral(node.literal, values);
    if ('placed' in node) return evaluatePlaced(node.placed, values);
    if ('computed' in node) return evaluateComputed(node.computed, values);
    if ('joined' in node) {
      const text = node.joined.parts.map((part) => this.part_(part, values)).join('');
      return node.numeric ? Number(text) : text;
    }
    if ('digest' in node) {
      const { of, length, prefix } = node.digest;
      return prefix + digestOf(this.part(of) ?? null).slice(0, length);
    }
    if ('choice' in node) {
      const chosen = node.choice.find(({ when }) => evaluateCondition(when, values));
      return chosen && this.evaluate(chosen.node, values);
    }
    if ('lines' in node)
      return this.there(node.lines, values)
        .flatMap((line) => made(line, this.evaluate(line, values)))
        .join('\n');
    if ('list' in node) {
      return node.list.flatMap((item) =>
        'over' in item
          ? this.entries(item, values).flatMap(([, value]) => made(item.node, value))
          : this.there([item], values).flatMap((one) => made(one, this.evaluate(one, values))),
      );
    }
    const own = node.map
      .filter(({ when }) => evaluateCondition(when, values))
      .map(({ key, node: below }): [string, unknown] => [ownKey(key, values), this.evaluate(below, values)]);
    const found = new Map(own);
    for (const range of node.ranges ?? []) {
      // What the map has of its own no value takes away.
      for (const [key, value] of this.entries(range, values)) if (!found.has(key)) found.set(key, value);
    }
    return Object.fromEntries(found);
  }

  private part_(part: string | Placed | Computed | Tally, values: Values): string {
    if (typeof part === 'string') return part;
    if ('terms' in part) return String(evaluateTally(part, values));
    return String('factors' in part ? evaluateComputed(part, values) : evaluatePlaced(part, values));
  }

  private there(items: readonly Optional<Node>[], values: Values): Node[] {
    return items.filter(({ when }) => evaluateCondition(when, values)).map(({ node }) => node);
  }

  private entries({ key, node, ...sources }: Range, values: Values): [string, unknown][] {
    return entriesOfAll(sources, values).map(([own, value]) => {
      const inside = { ...values, [KEY]: own, [VALUE]: value };
      return [key ? String(this.evaluate(key, inside)) : own, this.evaluate(node, inside)];
    });
  }
}

/** The entries of what a range goes through. */
function entriesOfAll({ others, ...first }: Pick<Range, 'over' | 'when' | 'others'>, values: Values) {
  const all = [first, ...(others ?? [])]
    .filter(({ when }) => evaluateCondition(when, values))
    .flatMap(({ over }) => entriesOf(valueAt(values, over)));
  if (!others) return all;
  const words = [...new Set(all.map(([, word]) => word))];
  return words.map((word, index): [string, unknown] => [`${index}`, word]);
}

/** A choice that comes to nothing makes nothing. */
const made = (node: Node, value: unknown): unknown[] => (value === undefined && 'choice' in node ? [] : [value]);

/** The key of an entry, in which the namespace may stand. */
export const ownKey = (key: string, values: Values) => key.replaceAll(NAMESPACE, String(values['namespace']));

const withNamespace = new WeakMap<object, boolean>();

/** A constant. In the keys of its maps the namespace may stand. */
function evaluateLiteral(literal: unknown, values: Values): unknown {
  if (typeof literal !== 'object' || literal === null) return literal;
  let isWith = withNamespace.get(literal);
  if (isWith === undefined) withNamespace.set(literal, (isWith = JSON.stringify(literal).includes(NAMESPACE)));
  if (!isWith) return literal;
  if (Array.isArray(literal)) return literal.map((item) => evaluateLiteral(item, values));
  return Object.fromEntries(
    Object.entries(literal).map(([key, value]) => [ownKey(key, values), evaluateLiteral(value, values)]),
  );
}

/** The entries of a map in the order of its keys, as templates go through them, or those of a list. */
export function entriesOf(found: unknown): [string, unknown][] {
  if (Array.isArray(found)) return found.map((value, index) => [`${index}`, value]);
  if (typeof found !== 'object' || found === null) return [];
  return Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1));
}
