import { entriesOf, evaluateCondition, evaluateNode } from '../../src/outputs/chart/evaluate';
import {
  type Condition,
  filledOf,
  KEY,
  keyOf,
  type Node,
  type Source,
  VALUE,
  type ValuePath,
} from '../../src/outputs/chart/template';
import { canonical } from '../../src/platform/digest';
import { type Case, entryScope, seen } from './cases';
import { mergedOrder } from './order';

/** How what is in a list is learned. */
interface Teacher {
  readonly node: (cases: readonly Case[]) => Node;
  readonly when: (all: readonly Case[], there: readonly Case[]) => Condition | undefined;
}

const nothing = () => undefined;
const evaluated = (node: Node, values: Case['scope']['values']) => canonical(evaluateNode(node, values, nothing));

/** A list of what several lists of words say, each word once; nothing where it is none. */
export function unitedWords(cases: readonly Case[], all: readonly ValuePath[], learn: Teacher): Node | undefined {
  const lists = all.filter((over) => cases.every((one) => wordsAt(one, over)) && cases.some((one) => says(one, over)));
  const inside = alone(cases, lists);
  if (lists.length < 2 || inside.length === 0) return undefined;
  const node = learn.node(inside);
  const placesOf = (one: Case, over: ValuePath) => {
    const items = (one.value as unknown[]).map(canonical);
    const values = (word: string) => ({ ...one.scope.values, [KEY]: '', [VALUE]: word });
    return wordsAt(one, over)!.map((word) => items.indexOf(evaluated(node, values(word))));
  };
  // A word that several lists say tells of none of them.
  const told = cases.filter((one) => {
    const words = lists.flatMap((over) => wordsAt(one, over)!);
    return new Set(words).size === words.length;
  });
  const sources = lists.flatMap((over): Source[] => {
    const filled = told.filter((one) => wordsAt(one, over)!.length > 0);
    const there = filled.filter((one) => !placesOf(one, over).includes(-1));
    return there.length === 0 ? [] : [{ over, when: learn.when(filled, there) }];
  });
  const [first, ...others] = ordered(sources, told, placesOf);
  if (!first || others.length === 0) return undefined;
  const list: Node = { list: [{ ...first, others, node }] };
  return cases.every((one) => evaluated(list, one.scope.values) === canonical(one.value)) ? list : undefined;
}

/** What each word comes to, where one list alone has any. */
function alone(cases: readonly Case[], lists: readonly ValuePath[]): Case[] {
  return cases.flatMap((one) => {
    const [over, ...others] = lists.filter((list) => wordsAt(one, list)!.length > 0);
    const items = one.value as unknown[];
    if (!over || others.length > 0 || wordsAt(one, over)!.length !== items.length) return [];
    return entriesOf(seen(one, over)).map(([key, value], index): Case => ({
      scope: entryScope(one.scope, over, key, value),
      value: items[index],
    }));
  });
}

/** In the order in which their words come. */
function ordered(
  sources: readonly Source[],
  cases: readonly Case[],
  placesOf: (one: Case, over: ValuePath) => readonly number[],
): Source[] {
  const orders = cases.map((one) => {
    const places = sources.map(({ over }) => ({ key: keyOf(over), at: placesOf(one, over)[0] ?? -1 }));
    const there = places.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
    return there.map(({ key }) => key);
  });
  const byKey = new Map(sources.map((source) => [keyOf(source.over), source]));
  return mergedOrder(orders.sort((a, b) => b.length - a.length)).map((key) => byKey.get(key)!);
}

/** A list of words; one without any where nothing stands there, nothing where something else does. */
function wordsAt(one: Case, over: ValuePath): readonly string[] | undefined {
  const list = seen(one, over) ?? [];
  return Array.isArray(list) && list.every((word) => typeof word === 'string') ? list : undefined;
}

/** Whether what was seen has all words of a list that has any. */
function says(one: Case, over: ValuePath): boolean {
  const words = wordsAt(one, over)!;
  const text = words.length > 0 ? JSON.stringify(one.value) : '';
  return words.length > 0 && words.every((word) => text.includes(JSON.stringify(word)));
}

/** That there is any of the words that a list unites, where that says when it is there. */
export function whenFilled(node: Node, all: readonly Case[], there: readonly Case[]): Condition | undefined {
  const [range, ...others] = 'list' in node ? node.list : [];
  if (!range || others.length > 0 || !('over' in range) || !range.others) return undefined;
  const when = filledOf(range);
  const ids = new Set(there.map(({ scope }) => scope.id));
  return all.every(({ scope }) => evaluateCondition(when, scope.values) === ids.has(scope.id)) ? when : undefined;
}
