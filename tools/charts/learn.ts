import { canonical, digestOf } from '../../src/platform/digest';
import { entriesOf, evaluateCondition, evaluateNode } from '../../src/outputs/chart/evaluate';
import {
  type Condition,
  type Joined,
  KEY,
  NAMESPACE,
  type Node,
  type ObjectTemplate,
  type Optional,
  type Range,
  VALUE,
  type ValuePath,
  keyOf,
} from '../../src/outputs/chart/template';
import type { Values } from '../../src/outputs/chart/values';
import { isPlainMap } from '../../src/settings/merge';
import { align, itemDistance } from './align';
import { type Case, grouped, identity, influences, refined, type Scope, seen } from './cases';
import { nearest, presence, testsOf } from './conditions';
import { jsonLines } from './json-lines';
import { computedOf, joinedOf, placedAs, tallyOf } from './expressions';
import type { Sample } from './samples';
import { leavesOf } from './values';
import { valueAt } from '../../src/outputs/chart/values';

/** Something that no template says. */
export interface Unexplained {
  readonly where: string;
  /** The settings that change it. */
  readonly paths: readonly ValuePath[];
  readonly examples: readonly string[];
}

/** Where the collections of values are whose entries may be any. */
export interface Collections {
  readonly maps: readonly ValuePath[];
  readonly lists: readonly ValuePath[];
}

/** Makes templates of samples: what is the same in all is text, what differs is a value, or there under a condition. */
export class Learner {
  public readonly unexplained: Unexplained[] = [];
  private readonly scopes: Scope[];
  private trials = 0;
  /** The shortest name of its namespace: in another environment it may be the name of something else as well. */
  private readonly shared: string;
  /** Conditions of the lines of a text so far. */
  private readonly conditions: Condition[] = [];

  public constructor(
    private readonly samples: readonly Sample[],
    private readonly collections: Collections,
    private readonly general: readonly ValuePath[],
    private readonly keyOfObject: (object: any, values: any) => string,
  ) {
    const own = samples.filter(({ origin }) => !origin).map(({ values }) => String(values['namespace']));
    this.shared = own.sort((a, b) => a.length - b.length)[0]!;
    const ids = new Map(samples.map((sample, index) => [sample, `${index}`]));
    this.scopes = samples.map((sample, index) => ({
      id: `${index}`,
      values: sample.values,
      origin: sample.origin && ids.get(sample.origin),
      changed: sample.changed,
    }));
  }

  /** @param known what was learned already, and is to stay as it is */
  public learn(known: ReadonlyMap<string, ObjectTemplate> = new Map()): ObjectTemplate[] {
    const byKey = new Map<string, Case[]>();
    const layers = new Map<string, string>();
    const orders: string[][] = [];
    this.samples.forEach(({ objects, values }, index) => {
      orders.push(
        objects.map(({ manifest, layer }) => {
          const key = this.keyOfObject(manifest, values);
          layers.set(key, layer);
          const cases = byKey.get(key) ?? [];
          cases.push({ scope: this.scopes[index]!, value: withNeutralKeys(manifest, values) });
          byKey.set(key, cases);
          return key;
        }),
      );
    });
    const all = this.scopes.map((scope): Case => ({ scope, value: undefined }));
    return mergedOrder(orders).map((name) => {
      const before = known.get(name);
      if (before) return before;
      const cases = byKey.get(name)!;
      const node = this.learnObject(name, cases);
      return { name, layer: layers.get(name)!, when: this.when(all, cases, name), node };
    });
  }

  private learnObject(name: string, given: readonly Case[]): Node {
    let cases = given;
    const failed = this.unexplained.length;
    const byScope = new Map(this.samples.map((sample, index) => [`${index}`, sample]));
    const part = (one: Case) => (of: readonly string[]) => {
      const { objects, values } = byScope.get(one.scope.id)!;
      return valueAt(
        objects.find(({ manifest }) => this.keyOfObject(manifest, values) === of[0])?.manifest,
        of.slice(1),
      );
    };
    const isHashed = cases.every(
      ({ value }: any) =>
        value.kind === 'Job' && value.metadata.name.endsWith(digestOf(value.spec.template).slice(0, 10)),
    );
    const prefix = (cases[0]!.value as any).metadata.name.slice(0, -10);
    // Jobs are called by what they run.
    if (isHashed) cases = cases.map(({ scope, value }) => ({ scope, value: unnamed(value) }));
    const node = refined(
      cases,
      (few) => {
        this.unexplained.length = failed;
        return this.node(few, name);
      },
      (learned, one) =>
        this.unexplained.length > failed ||
        canonical(withNeutralKeys(evaluateNode(learned, one.scope.values, part(one)), one.scope.values)) ===
          canonical(one.value),
    )!;
    if (!isHashed || (!('map' in node) && !('literal' in node))) return node;
    return withNode(node, ['metadata', 'name'], { digest: { of: [name, 'spec', 'template'], length: 10, prefix } });
  }

  private when(all: readonly Case[], there: readonly Case[], where: string): Condition | undefined {
    if (there.length === all.length) return undefined;
    const ids = new Set(there.map(({ scope }) => scope.id));
    const condition = presence(all, ({ scope }) => ids.has(scope.id), this.general);
    if (condition) return condition;
    const marks = all.map(({ scope }): Case => ({ scope, value: ids.has(scope.id) }));
    return this.fail(where, marks);
  }

  private fail(where: string, cases: readonly Case[]): undefined {
    const groups = grouped(cases);
    const examples = groups
      .slice(0, 4)
      .map(
        (group) =>
          `${identity(group[0]!.value).slice(0, 140)} (${group.length}: ${(group[0]!.scope.changed ?? []).join('.')})`,
      );
    this.unexplained.push({ where, paths: influences(cases), examples });
    return undefined;
  }

  private node(cases: readonly Case[], where: string): Node {
    const groups = grouped(cases);
    if (groups.length === 1) return entryNode(cases) ?? { literal: groups[0]![0]!.value };
    const values = groups.map(([one]) => one!.value);
    if (values.every(isPlainMap)) return this.mapNode(cases, where);
    if (values.every(Array.isArray)) return this.listNode(cases, where);
    return this.scalarNode(cases, where);
  }

  private mapNode(cases: readonly Case[], where: string): Node {
    const ranges: Range[] = [];
    let left = cases;
    for (const over of this.collections.maps) {
      const range = this.mapRange(left, over, where);
      if (!range) continue;
      ranges.push(range);
      left = left.map((one) => {
        const taken = (seen(one, over) ?? {}) as object;
        const rest = Object.entries(one.value as object).filter(([key]) => !Object.hasOwn(taken, key));
        return { scope: one.scope, value: Object.fromEntries(rest) };
      });
    }
    const keys = [...new Set(left.flatMap(({ value }) => Object.keys(value as object)))].sort();
    const map = keys.map((key) => {
      const there = left.filter(({ value }) => Object.hasOwn(value as object, key));
      const inside = `${where}.${key}`;
      const below = there.map(({ scope, value }): Case => ({ scope, value: (value as any)[key] }));
      return {
        key,
        when: this.when(left, there, inside),
        node: this.checksum(key, below, where) ?? this.node(below, inside),
      };
    });
    return ranges.length > 0 ? { map, ranges } : { map };
  }

  /** Annotations that say what a ConfigMap holds. */
  private checksum(key: string, cases: readonly Case[], where: string): Node | undefined {
    if (!key.startsWith('checksum/')) return undefined;
    const byScope = new Map(this.samples.map((sample, index) => [`${index}`, sample]));
    const candidates = new Map<string, number>();
    for (const { scope, value } of cases) {
      const { objects, values } = byScope.get(scope.id)!;
      for (const { manifest } of objects) {
        if (manifest.kind !== 'ConfigMap') continue;
        const name = this.keyOfObject(manifest, values);
        if (digest(manifest.data) === value) candidates.set(name, (candidates.get(name) ?? 0) + 1);
      }
    }
    const found = [...candidates].find(([, count]) => count === cases.length);
    void where;
    return found && { digest: { of: [found[0], 'data'], length: 64, prefix: '' } };
  }

  /** Entries that there are just as there are some in a map of values. */
  private mapRange(cases: readonly Case[], over: ValuePath, where: string): Range | undefined {
    let changes = 0;
    const there = cases.filter((one) => seen(one, over) !== undefined);
    for (const one of there) {
      const keys = Object.keys(seen(one, over) as object);
      if (!keys.every((key) => Object.hasOwn(one.value as object, key))) return undefined;
      const { changed } = one.scope;
      if (changed?.length === over.length + 1 && keyOf(changed.slice(0, -1)) === keyOf(over)) changes += 1;
    }
    if (changes === 0) return undefined;
    // An entry is there for its key alone: one key more, one entry more.
    const inside = there.flatMap((one) =>
      entriesOf(seen(one, over)).map(([key, value]): Case => ({
        scope: entryScope(one.scope, over, key, value),
        value: (one.value as any)[key],
      })),
    );
    if (inside.length === 0 || !this.isDriven(cases, over)) return undefined;
    const node = this.node(inside, `${where}[${over.join('.')}]`);
    return { over, node };
  }

  /** Whether entries come and go with those of a map of values. */
  private isDriven(cases: readonly Case[], over: ValuePath): boolean {
    const byScope = new Map(cases.map((one) => [one.scope.id, one]));
    return cases.some(({ scope, value }) => {
      const { changed, origin } = scope;
      if (
        !changed ||
        origin === undefined ||
        changed.length !== over.length + 1 ||
        keyOf(changed.slice(0, -1)) !== keyOf(over)
      )
        return false;
      const before = byScope.get(origin);
      const key = changed.at(-1)!;
      return before !== undefined && Object.hasOwn(before.value as object, key) !== Object.hasOwn(value as object, key);
    });
  }

  private listNode(cases: readonly Case[], where: string): Node {
    const own = cases[0]!.scope.values[KEY] === undefined ? [] : entryPaths(cases);
    const paths = [...own, ...influences(cases)];
    const placed = placedAs(cases, paths);
    if (placed) return { placed };
    for (const over of [...this.collections.lists, ...this.collections.maps]) {
      // Where it was never changed alone, it may be any of them.
      if (paths.length > 0 && !paths.some((path) => keyOf(path.slice(0, over.length)) === keyOf(over))) continue;
      const node = this.listRange(cases, over, where) ?? this.wordRange(cases, over, where);
      if (node) return node;
    }
    return { list: this.columns(cases, where, (item) => item) };
  }

  /** A list of which some items in a row are made of the entries of a list or map of values. */
  private listRange(cases: readonly Case[], over: ValuePath, where: string): Node | undefined {
    const sizes = cases.map((one) => (one.value as unknown[]).length - entriesOf(seen(one, over)).length);
    const others = Math.min(...sizes);
    if (others < 0 || sizes.some((size) => size !== others)) return undefined;
    for (let before = 0; before <= others; before += 1) {
      const inside = cases.flatMap((one) =>
        entriesOf(seen(one, over)).map(([key, value], index): Case => ({
          scope: entryScope(one.scope, over, key, value),
          value: (one.value as unknown[])[before + index],
        })),
      );
      if (inside.length === 0) return undefined;
      const trial = this.attempt(() => this.node(inside, `${where}[${over.join('.')}]`));
      if (!trial) continue;
      const part = (cut: (items: readonly unknown[]) => unknown[]) =>
        this.columns(
          cases.map(({ scope, value }) => ({ scope, value: cut(value as unknown[]) })),
          where,
          (item) => item,
        );
      const after = others - before;
      const rest = this.attempt(() => [
        part((items) => items.slice(0, before)),
        part((items) => items.slice(items.length - after)),
      ]);
      if (!rest) continue;
      const [first = [], last = []] = rest;
      return { list: [...first, { over, node: trial }, ...last] };
    }
    return undefined;
  }

  /** The same where the entries are words as they are, and what is around them may be there or not. */
  private wordRange(cases: readonly Case[], over: ValuePath, where: string): Node | undefined {
    const cut = cases.map(({ scope, value }): Case | undefined => {
      const entries = entriesOf(valueAt(scope.values, over)).map(([, entry]) => entry);
      const items = value as readonly unknown[];
      if (entries.length === 0 || !entries.every((entry) => typeof entry === 'string')) return undefined;
      const at = items.findIndex((_, index) => entries.every((entry, offset) => items[index + offset] === entry));
      return at < 0 ? undefined : { scope, value: [...items.slice(0, at), HOLE, ...items.slice(at + entries.length)] };
    });
    if (!cut.every((one) => one !== undefined)) return undefined;
    const columns = this.attempt(() => this.columns(sharedValues(cut), where, (item) => item));
    const range: Range = { over, node: { placed: { path: [VALUE], as: 'same' } } };
    const isHole = (node: Node) => 'literal' in node && node.literal === HOLE;
    if (!columns || columns.filter(({ node, when }) => isHole(node) && !when).length !== 1) return undefined;
    return { list: columns.map((one) => (isHole(one.node) ? range : one)) };
  }

  private attempt<T>(action: () => T): T | undefined {
    const before = this.unexplained.length;
    this.trials += 1;
    const result = action();
    this.trials -= 1;
    if (this.unexplained.length === before) return result;
    this.unexplained.length = before;
    return undefined;
  }

  private columns(cases: readonly Case[], where: string, itemOf: (item: unknown) => unknown): Optional<Node>[] {
    const groups = grouped(cases);
    const lists = groups.map(([one]) => (one!.value as unknown[]).map(itemOf));
    // One item is that item, however unlike it looks.
    const rows = lists.every(({ length }) => length === 1) ? lists : align(lists, itemDistance);
    const width = rows[0]?.length ?? 0;
    return Array.from({ length: width }, (_, column) => {
      const all: Case[] = [];
      const there: Case[] = [];
      groups.forEach((group, row) => {
        const item = rows[row]![column];
        for (const { scope } of group) {
          all.push({ scope, value: item });
          if (item !== undefined) there.push({ scope, value: item });
        }
      });
      return this.optional(all, there, `${where}[${column}]`);
    });
  }

  private scalarNode(cases: readonly Case[], where: string): Node {
    const found = this.simple(cases, this.trials > 0 ? 0 : 2);
    if (found) return found;
    const values = grouped(cases).map(([one]) => one!.value);
    if (values.every((value) => typeof value === 'string') && values.some((value) => value.includes('\n'))) {
      this.conditions.length = 0;
      const json = this.jsonText(cases, where);
      if (json) return json;
      const lines = cases.map(({ scope, value }): Case => ({ scope, value: linesOf(value as string) }));
      return { lines: this.columns(lines, where, (item) => item) };
    }
    this.fail(where, cases);
    return { literal: values[0] };
  }

  /** Text that is JSON: its lines are told apart by what they say something of, not by how they look. */
  private jsonText(cases: readonly Case[], where: string): Node | undefined {
    const groups = grouped(cases);
    const texts = groups.map(([one]) =>
      jsonLines(one!.value as string, { [this.shared]: '~', ...namesIn(one!.scope.values) }),
    );
    if (!texts.every((lines) => lines !== undefined)) return undefined;
    const byId = texts.map((lines) => new Map(lines.map(({ id, text }) => [id, text])));
    const order = mergedOrder(texts.map((lines) => lines.map(({ id }) => id)));
    const lines = order.map((id) => {
      const [all, there]: [Case[], Case[]] = [[], []];
      groups.forEach((group, index) => {
        const value = byId[index]!.get(id);
        for (const { scope } of group) {
          all.push({ scope, value });
          if (value !== undefined) there.push({ scope, value });
        }
      });
      return this.optional(all, there, `${where}[${id}]`);
    });
    return { lines };
  }

  private optional(all: readonly Case[], there: readonly Case[], where: string): Optional<Node> {
    const when = this.when(all, there, where);
    if (when && !this.conditions.some((known) => identity(known) === identity(when))) this.conditions.push(when);
    return { when, node: this.node(there, where) };
  }

  /** What one expression says, or a few by condition. */
  private simple(all: readonly Case[], depth: number): Node | undefined {
    const groups = grouped(all);
    if (groups.length === 1) return { literal: groups[0]![0]!.value };
    const own = all[0]!.scope.values[KEY] === undefined ? [] : entryPaths(all);
    const influential = influences(all);
    const paths = [...own, ...(influential.length > 0 ? influential : changedAround(all))].slice(0, 16);
    const isLong = groups.some(([one]) => typeof one!.value === 'string' && one!.value.includes('\n'));
    const general = depth > 0 && !isLong ? nearest(this.general, paths) : [];
    const candidates = [...new Map([...paths, ...general].map((path) => [keyOf(path), path])).values()].slice(0, 30);
    const cases = all;
    const placed = placedAs(cases, paths);
    if (placed) return { placed };
    const joined = isLong && depth < 2 ? undefined : joinedOf(cases, paths);
    if (joined) return joined;
    const computed = computedOf(cases, paths.slice(0, 4));
    if (computed) return { computed };
    if (isLong) return undefined;
    const called = calledBy(cases);
    if (called) return called;
    return this.counted(cases, paths) ?? (depth > 0 ? this.chosen(cases, candidates, depth) : undefined);
  }

  /** Text that is the same but for its numbers, and for values that stand between these. */
  private counted(cases: readonly Case[], paths: readonly ValuePath[]): Node | undefined {
    const texts = cases.map(({ value }) => value);
    if (!texts.every((value) => typeof value === 'string')) return undefined;
    const outlines = cases.map(({ scope, value }): Case => ({ scope, value: (value as string).replace(NUMBER, HOLE) }));
    const isSame = grouped(outlines).length === 1;
    const outline = isSame ? { parts: [outlines[0]!.value as string] } : textAround(outlines, paths);
    if (!outline) return undefined;
    const pieces = outline.parts.flatMap((part): Joined['parts'][number][] =>
      typeof part === 'string' ? split(part) : [part],
    );
    let index = 0;
    const parts: Joined['parts'][number][] = [];
    for (const piece of pieces) {
      if (piece !== HOLE) {
        parts.push(piece);
        continue;
      }
      const own = cases.map(({ scope, value }): Case => ({ scope, value: numbersIn(value as string)[index] }));
      index += 1;
      const part = own.some(({ value }) => value === undefined) ? undefined : this.number(own);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return { joined: { parts: merged(parts) } };
  }

  private number(cases: readonly Case[]): Joined['parts'][number] | undefined {
    if (grouped(cases).length === 1) return String(cases[0]!.value);
    const numbers = cases.map(({ scope, value }): Case => ({ scope, value: Number(value) }));
    const paths = influences(numbers).slice(0, 4);
    const words = paths.slice(0, 2).flatMap((path) => wordsAt(numbers, path));
    return (
      placedAs(numbers, paths) ??
      computedOf(numbers, paths) ??
      (words.length > 0 ? tallyOf(numbers, words) : undefined) ??
      tallyOf(numbers, this.conditions)
    );
  }

  /** One thing for each of the words that a value can be. */
  private switched(cases: readonly Case[], paths: readonly ValuePath[]): Node | undefined {
    for (const path of paths) {
      const words = [...new Set(cases.map((one) => seen(one, path)))];
      if (words.length < 3 || words.length > 8 || !words.every((word) => typeof word === 'string')) continue;
      const choice = words.map((to) => {
        const node = this.simple(
          cases.filter((one) => seen(one, path) === to),
          0,
        );
        return node && { when: [[{ test: { path, is: 'equal' as const, to }, not: false }]], node };
      });
      if (choice.every((one) => one !== undefined)) return { choice };
    }
    return undefined;
  }

  private chosen(cases: readonly Case[], candidates: readonly ValuePath[], depth: number): Node | undefined {
    const switched = this.switched(cases, candidates.slice(0, 3));
    if (switched) return switched;
    for (const test of testsOf(candidates, cases)) {
      const when: Condition = [[{ test, not: false }]];
      const yes = cases.filter(({ scope }) => evaluateCondition(when, scope.values));
      if (yes.length === 0 || yes.length === cases.length) continue;
      const no = cases.filter(({ scope }) => !evaluateCondition(when, scope.values));
      // The plainer side first: most tests fail at once.
      const [few, many] = grouped(yes).length <= grouped(no).length ? [yes, no] : [no, yes];
      const first = this.simple(few, 0) ?? (depth > 1 ? this.simple(few, depth - 1) : undefined);
      if (!first) continue;
      const second = this.simple(many, depth - 1);
      if (!second) continue;
      const [node, other] = few === yes ? [first, second] : [second, first];
      const both =
        'choice' in node ? node.choice.map((one) => ({ ...one, when: and(when, one.when) })) : [{ when, node }];
      return { choice: [...both, ...('choice' in other ? other.choice : [{ node: other }])] };
    }
    return undefined;
  }
}

/** Both of two conditions. */
const and = (one: Condition, other: Condition | undefined): Condition =>
  other ? one.flatMap((left) => other.map((right) => [...left, ...right])) : one;

const nameless = new WeakMap<object, object>();

/** The same object for the same one, or each would count as another. */
function unnamed(value: any): object {
  let found = nameless.get(value);
  if (!found) nameless.set(value, (found = { ...value, metadata: { ...value.metadata, name: '' } }));
  return found!;
}

/** Where all entries that were seen are the same, what is made of them is still theirs and no constant. */
function entryNode(cases: readonly Case[]): Node | undefined {
  const [{ scope, value }] = cases as [Case];
  const entry = scope.values[VALUE];
  if (typeof entry !== 'string' || entry === '' || entry !== value) return undefined;
  return { placed: { path: [VALUE], as: 'same' } };
}

/** Names of namespaces, with what stands for each. */
const namesIn = ({ namespace, namespaces = {} }: Values) => ({
  [String(namespace)]: '~',
  ...Object.fromEntries(Object.entries(namespaces as object).map(([key, name]) => [String(name), `~${key}`])),
});

/** What objects are called by. */
const CALLED: readonly ValuePath[] = [['namespace'], ['environment'], ['version']];

/** Text that is the same but for the names of the environment: in what is rarely there these were not changed alone. */
function calledBy(cases: readonly Case[]): Node | undefined {
  for (const path of CALLED) {
    const outlines = new Set<string>();
    for (const one of cases) {
      const name = seen(one, path);
      if (typeof one.value !== 'string' || typeof name !== 'string') return undefined;
      const words = name.replace(/[^A-Za-z0-9]/g, '\\$&');
      outlines.add(one.value.replace(new RegExp(`(?<![A-Za-z0-9])${words}(?![A-Za-z0-9])`, 'g'), HOLE));
    }
    const [outline] = outlines;
    if (outlines.size !== 1 || !outline!.includes(HOLE)) continue;
    const parts = split(outline!).map((part) => (part === HOLE ? { path, as: 'same' } : part));
    return parts.length === 1 ? { placed: { path, as: 'same' } } : { joined: { parts } };
  }
  return undefined;
}

/** What was changed where nothing can be seen of what it was before. */
function changedAround(cases: readonly Case[]): ValuePath[] {
  const paths = cases.flatMap(({ scope }) => (scope.changed ? [scope.changed] : []));
  return [...new Map(paths.map((path) => [keyOf(path), path])).values()];
}

/** Equal values as the same. */
function sharedValues(cases: readonly Case[]): Case[] {
  const known = new Map<string, unknown>();
  return cases.map(({ scope, value }) => {
    const text = JSON.stringify(value);
    if (!known.has(text)) known.set(text, value);
    return { scope, value: known.get(text) };
  });
}

/** Numbers that are no parts of words. */
const NUMBER = /(?<![\w.-])[0-9]+(?:\.[0-9]+)?(?![0-9])/g;
const HOLE = '\u0001';
const numbersIn = (text: string) => [...text.matchAll(NUMBER)].map(([one]) => one);
const split = (text: string) => text.split(/(\u0001)/).filter((one) => one !== '');

/** That a value is one of the few words that it can be. */
function wordsAt(cases: readonly Case[], path: ValuePath): Condition[] {
  const words = [...new Set(cases.map((one) => seen(one, path)))];
  if (words.length < 2 || words.length > 8 || !words.every((word) => typeof word === 'string')) return [];
  return words.map((to) => [[{ test: { path, is: 'equal', to }, not: false }]]);
}

function textAround(cases: readonly Case[], paths: readonly ValuePath[]): Joined | undefined {
  const node = joinedOf(sharedValues(cases), paths);
  return node && 'joined' in node ? node.joined : undefined;
}

const lineCache = new Map<string, string[]>();
function linesOf(text: string): string[] {
  let lines = lineCache.get(text);
  if (!lines) lineCache.set(text, (lines = text.split('\n')));
  return lines;
}

const digests = new WeakMap<object, string>();
function digest(value: object): string {
  let found = digests.get(value);
  if (found === undefined) digests.set(value, (found = digestOf(value)));
  return found;
}

function merged(parts: Joined['parts']): Joined['parts'][number][] {
  const result: Joined['parts'][number][] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part;
    else if (part !== '') result.push(part);
  }
  return result;
}

const neutral = new WeakMap<object, any>();

/** The object with its namespace taken out of the keys of its data. */
function withNeutralKeys(manifest: any, { namespace }: any): any {
  const prefix = `${namespace}-`;
  if (manifest.kind !== 'ConfigMap' || !Object.keys(manifest.data ?? {}).some((key) => key.startsWith(prefix)))
    return manifest;
  let found = neutral.get(manifest);
  if (!found) {
    const entries = Object.entries(manifest.data).map(([key, value]) => [
      key.startsWith(prefix) ? `${NAMESPACE}-${key.slice(prefix.length)}` : key,
      value,
    ]);
    neutral.set(manifest, (found = { ...manifest, data: Object.fromEntries(entries) }));
  }
  return found;
}

/** The values as they are within an entry. */
function entryScope(scope: Scope, over: ValuePath, key: string, value: unknown): Scope {
  const { changed } = scope;
  const isInside =
    changed !== undefined && keyOf(changed.slice(0, over.length)) === keyOf(over) && changed[over.length] === key;
  return {
    id: `${scope.id}\0${keyOf(over)}\0${key}`,
    values: { ...scope.values, [KEY]: key, [VALUE]: value },
    origin: scope.origin === undefined ? undefined : `${scope.origin}\0${keyOf(over)}\0${key}`,
    changed: isInside ? [VALUE, ...changed.slice(over.length + 1)] : changed,
  };
}

/** Everything that the entries of a range say. */
function entryPaths(cases: readonly Case[]): ValuePath[] {
  const paths = cases.flatMap(({ scope }) => leavesOf(scope.values[VALUE], [VALUE]));
  return [...new Map([[VALUE], [KEY], ...paths].map((path) => [keyOf(path), path])).values()];
}

function withNode(node: Node, [key, ...rest]: readonly string[], other: Node): Node {
  if (key === undefined) return other;
  if ('literal' in node) {
    const entries = Object.entries(node.literal as object).map(([own, value]) => ({
      key: own,
      node: { literal: value } as Node,
    }));
    return withNode({ map: entries }, [key, ...rest], other);
  }
  if (!('map' in node)) return node;
  return {
    ...node,
    map: node.map.map((entry) => (entry.key === key ? { ...entry, node: withNode(entry.node, rest, other) } : entry)),
  };
}

/** One order that keeps those of all. */
export function mergedOrder(orders: readonly (readonly string[])[]): string[] {
  const distinct = new Map(orders.map((order) => [order.join('\n'), order]));
  let result: string[] = [];
  for (const order of distinct.values()) {
    const known = new Set(result);
    if (order.every((key) => known.has(key))) continue;
    const next: string[] = [];
    const has = new Set(order);
    let index = 0;
    for (const key of order) {
      if (!known.has(key)) {
        next.push(key);
        continue;
      }
      while (index < result.length && result[index] !== key && !has.has(result[index]!)) next.push(result[index++]!);
      while (index < result.length && result[index] !== key) {
        if (!next.includes(result[index]!)) next.push(result[index]!);
        index += 1;
      }
      if (!next.includes(key)) next.push(key);
      if (result[index] === key) index += 1;
    }
    for (const key of result.slice(index)) if (!next.includes(key)) next.push(key);
    result = next;
  }
  return result;
}
