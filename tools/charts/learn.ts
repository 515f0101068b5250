import { canonical, digestOf } from '../../src/platform/digest';
import { entriesOf, evaluateNode } from '../../src/outputs/chart/evaluate';
import { isWithin } from '../../src/outputs/chart/fixed';
import {
  type Condition,
  KEY,
  type Node,
  type ObjectTemplate,
  type Optional,
  type Range,
  VALUE,
  type ValuePath,
} from '../../src/outputs/chart/template';
import { valueAt, withValue } from '../../src/outputs/chart/values';
import { isPlainMap } from '../../src/settings/merge';
import { alignItems } from './align';
import {
  type Case,
  entryPaths,
  entryScope,
  grouped,
  identity,
  influences,
  isEntryOf,
  refined,
  type Scope,
  seen,
  sharedValues,
  withoutIdle,
} from './cases';
import { presence } from './conditions';
import { placedAs } from './expressions';
import { jsonLines } from './json-lines';
import { digest, namesIn, unnamed, withNeutralKeys } from './objects';
import { mergedOrder } from './order';
import type { Sample } from './samples';
import { Scalars } from './scalars';
import { HOLE, linesOf, namesRelease, releasedAs } from './texts';
import { unitedWords, whenFilled } from './united';

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
  private readonly scalars: Scalars;

  public constructor(
    private readonly system: string,
    private readonly samples: readonly Sample[],
    private readonly collections: Collections,
    private readonly general: readonly ValuePath[],
    private readonly keyOfObject: (object: any, values: any) => string,
  ) {
    const own = samples.filter(({ origin }) => !origin).map(({ values }) => String(values['namespace']));
    this.scalars = new Scalars(general);
    this.shared = own.sort((a, b) => a.length - b.length)[0]!;
    this.scopes = scopesOf(samples);
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
      const node = this.explained(cases, () => this.learnObject(name, cases));
      const ids = new Set(cases.map(({ scope }) => scope.id));
      const marks = all.map(({ scope }): Case => ({ scope, value: ids.has(scope.id) }));
      const when = this.explained(marks, () => this.when(all, cases, name));
      return { name, layer: layers.get(name)!, when, node };
    });
  }

  /** What some cases come from, by what has something to do with it. */
  private explained<T>(cases: readonly Case[], explain: () => T): T {
    const before = this.unexplained.length;
    return withoutIdle(
      cases,
      () => {
        this.unexplained.length = before;
        return explain();
      },
      () => this.unexplained.length === before,
    );
  }

  private learnObject(name: string, given: readonly Case[]): Node {
    let cases = given;
    const failed = this.unexplained.length;
    const part = (one: Case) => (of: readonly string[]) => {
      const { objects, values } = this.sampleOf(one);
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
    let node = refined(
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
    // What changed nothing may tell, too: from where on a number is no less than another.
    if (this.unexplained.length > failed) {
      this.unexplained.length = failed;
      node = this.node(cases, name);
    }
    if (!isHashed || (!('map' in node) && !('literal' in node))) return node;
    return withNode(node, ['metadata', 'name'], { digest: { of: [name, 'spec', 'template'], length: 10, prefix } });
  }

  private sampleOf({ scope }: Pick<Case, 'scope'>): Sample {
    return this.samples[Number(scope.id)]!;
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
    if (groups.length === 1) return entryNode(cases) ?? this.constant(cases, where);
    const values = groups.map(([one]) => one!.value);
    if (values.every(isPlainMap)) return this.mapNode(cases, where);
    if (values.every(Array.isArray)) return this.listNode(cases, where);
    return this.scalarNode(cases, where);
  }

  /** What is everywhere the same, but for the name of the one environment in which it was seen. */
  private constant(cases: readonly Case[], where: string): Node {
    const [{ value }] = cases as [Case];
    if (!namesRelease(this.system, cases)) return { literal: value };
    if (Array.isArray(value)) return { list: this.columns(cases, where) };
    if (!isPlainMap(value)) return releasedAs(this.system, cases);
    const map = Object.keys(value).map((key) => {
      const below = cases.map((one): Case => ({
        scope: one.scope,
        value: (one.value as Record<string, unknown>)[key],
      }));
      return { key, node: this.node(below, `${where}.${key}`) };
    });
    return { map };
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
      const node = this.checksum(key, below) ?? this.node(below, inside);
      return { key, when: whenFilled(node, left, there) ?? this.when(left, there, inside), node };
    });
    return ranges.length > 0 ? { map, ranges } : { map };
  }

  /** Annotations that say what a ConfigMap holds. */
  private checksum(key: string, cases: readonly Case[]): Node | undefined {
    if (!key.startsWith('checksum/')) return undefined;
    const candidates = new Map<string, number>();
    for (const one of cases) {
      const { objects, values } = this.sampleOf(one);
      for (const { manifest } of objects) {
        if (manifest.kind !== 'ConfigMap') continue;
        const name = this.keyOfObject(manifest, values);
        if (digest(manifest.data) === one.value) candidates.set(name, (candidates.get(name) ?? 0) + 1);
      }
    }
    const found = [...candidates].find(([, count]) => count === cases.length);
    return found && { digest: { of: [found[0], 'data'], length: 64, prefix: '' } };
  }

  /** Entries that there are just as there are some in a map of values. */
  private mapRange(cases: readonly Case[], over: ValuePath, where: string): Range | undefined {
    let changes = 0;
    const there = cases.filter((one) => seen(one, over) !== undefined);
    for (const one of there) {
      const keys = Object.keys(seen(one, over) as object);
      if (!keys.every((key) => Object.hasOwn(one.value as object, key))) return undefined;
      if (isEntryOf(one.scope.changed, over)) changes += 1;
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
      if (scope.origin === undefined || !isEntryOf(scope.changed, over)) return false;
      const before = byScope.get(scope.origin);
      const key = scope.changed!.at(-1)!;
      return before !== undefined && Object.hasOwn(before.value as object, key) !== Object.hasOwn(value as object, key);
    });
  }

  private listNode(cases: readonly Case[], where: string): Node {
    const own = cases[0]!.scope.values[KEY] === undefined ? [] : entryPaths(cases);
    const paths = [...own, ...influences(cases)];
    const placed = placedAs(cases, paths);
    if (placed) return { placed };
    const united = this.attempt(() =>
      unitedWords(cases, this.collections.lists, {
        node: (few) => this.node(few, where),
        when: (all, there) => this.when(all, there, where),
      }),
    );
    if (united) return united;
    for (const over of [...this.collections.lists, ...this.collections.maps]) {
      // Where it was never changed alone, it may be any of them.
      if (paths.length > 0 && !paths.some((path) => isWithin(path, over))) continue;
      const node = this.listRange(cases, over, where) ?? this.wordRange(cases, over, where);
      if (node) return node;
    }
    return { list: this.columns(cases, where) };
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
    const columns = this.attempt(() => this.columns(sharedValues(cut), where));
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

  private columns(cases: readonly Case[], where: string): Optional<Node>[] {
    const groups = grouped(cases);
    const lists = groups.map(([one]) => one!.value as unknown[]);
    // One item is that item, however unlike it looks.
    const rows = lists.every(({ length }) => length === 1) ? lists : alignItems(lists);
    const width = rows[0]?.length ?? 0;
    return Array.from({ length: width }, (_, column) =>
      this.item(groups, (row) => rows[row]![column], `${where}[${column}]`),
    );
  }

  private scalarNode(cases: readonly Case[], where: string): Node {
    // An entry says by itself which kind it is of; elsewhere a trial would take too long.
    const isEntry = cases[0]!.scope.values[VALUE] !== undefined;
    const found = this.scalars.node(cases, this.trials === 0 ? 2 : isEntry ? 1 : 0);
    if (found) return found;
    const values = grouped(cases).map(([one]) => one!.value);
    if (values.every((value) => typeof value === 'string') && values.some((value) => value.includes('\n'))) {
      this.scalars.forget();
      const json = this.jsonText(cases, where);
      if (json) return json;
      const lines = cases.map(({ scope, value }): Case => ({ scope, value: linesOf(value as string) }));
      return { lines: this.columns(lines, where) };
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
    return { lines: order.map((id) => this.item(groups, (index) => byId[index]!.get(id), `${where}[${id}]`)) };
  }

  /** One of several that stand in a row, and when it does. `itemOf` tells which it is in a group, or none. */
  private item(
    groups: readonly (readonly Case[])[],
    itemOf: (group: number) => unknown,
    where: string,
  ): Optional<Node> {
    const all = groups.flatMap((group, index) => {
      const value = itemOf(index);
      return group.map(({ scope }): Case => ({ scope, value }));
    });
    const there = all.filter(({ value }) => value !== undefined);
    const when = this.when(all, there, where);
    if (when) this.scalars.note(when);
    return { when, node: this.node(there, where) };
  }
}

/** The values of samples, each with those from which they differ in one place. */
function scopesOf(samples: readonly Sample[]): Scope[] {
  const ids = new Map(samples.map((sample, index) => [sample, `${index}`]));
  const byText = new Map(samples.map(({ values }, index) => [JSON.stringify(values), `${index}`]));
  return samples.map(({ values, origin, changed }, index) => {
    const before = origin?.changed && changed && origin.origin;
    const alone = before && byText.get(JSON.stringify(withValue(before.values, changed, valueAt(values, changed))));
    return {
      id: `${index}`,
      values,
      origin: origin && ids.get(origin),
      changed,
      other: alone ? { origin: alone, changed: origin.changed } : undefined,
    };
  });
}

/** Where all entries that were seen are the same, what is made of them is still theirs and no constant. */
function entryNode(cases: readonly Case[]): Node | undefined {
  const [{ scope, value }] = cases as [Case];
  const entry = scope.values[VALUE];
  if (typeof entry !== 'string' || entry === '' || entry !== value) return undefined;
  return { placed: { path: [VALUE], as: 'same' } };
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
