import { readBy } from './conversions';
import {
  type Condition,
  type Joined,
  KEY,
  type Node,
  type ObjectTemplate,
  type Range,
  VALUE,
  type ValuePath,
  keyOf,
} from './template';

type Part = Joined['parts'][number];

/** Any entry of a map or list, in the path of a value that a template reads. */
export const ANY = '*';

/** What templates read, by paths in which the entries of what is gone through are `*`. */
export interface Readings {
  /** What is placed or compared. */
  readonly read: readonly ValuePath[];
  /** What may be left out: it is asked whether it is there, or gone through. */
  readonly optional: readonly ValuePath[];
  /** What must be there wherever that is which it is in: it is placed, and nothing around asks for it. */
  readonly needed: readonly ValuePath[];
  /** Keys that always stand beside those of an entry: a map of values that had them would say them twice. */
  readonly beside: readonly { readonly over: ValuePath; readonly keys: readonly string[] }[];
}

/** Every value that templates read, and how. */
export function readingsOf(objects: readonly ObjectTemplate[]): Readings {
  const reader = new Reader();
  for (const { node, when } of objects) {
    reader.condition(when, []);
    reader.node(node, [], impliedBy(when));
  }
  const { read, optional, needed, beside } = reader;
  // What is asked for somewhere may be missing, even where it is placed without asking.
  const sure = [...needed].filter(([key]) => !optional.has(key)).map(([, path]) => path);
  return { read: [...read.values()], optional: [...optional.values()], needed: sure, beside: [...beside.values()] };
}

/** Paths of what is there for sure where a condition holds: in each of its cases. */
export function impliedBy(condition: Condition | undefined): ValuePath[] {
  const [first = [], ...others] = (condition ?? []).map(impliedByAll);
  const sure = others.map((paths) => new Set(paths.map(keyOf)));
  return first.filter((path) => sure.every((paths) => paths.has(keyOf(path))));
}

function impliedByAll(all: Condition[number]): ValuePath[] {
  const paths = all.flatMap(({ test, not }) =>
    not ? [] : test.is === 'moreThan' ? [test.path, test.than] : [test.path],
  );
  return paths.flatMap((path) => path.map((_, index) => path.slice(0, index + 1)));
}

/** The same where it does not hold. */
export function impliedByOpposite(condition: Condition | undefined): ValuePath[] {
  const [only, ...others] = condition?.length === 1 ? condition[0]! : [];
  return only && others.length === 0 ? impliedBy([[{ ...only, not: !only.not }]]) : [];
}

class Reader {
  public readonly read = new Map<string, ValuePath>();
  public readonly optional = new Map<string, ValuePath>();
  public readonly needed = new Map<string, ValuePath>();
  public readonly beside = new Map<string, { readonly over: ValuePath; readonly keys: readonly string[] }>();

  public condition(condition: Condition | undefined, entry: ValuePath): void {
    for (const { test } of condition?.flat() ?? []) {
      add(test.is === 'set' || test.is === 'filled' ? this.optional : this.read, absolute(test.path, entry));
      if (test.is === 'moreThan') add(this.read, absolute(test.than, entry));
    }
  }

  public node(node: Node, entry: ValuePath, known: readonly ValuePath[]): void {
    const part = (one: Part) => this.part(one, entry, known);
    if ('placed' in node) part(node.placed);
    if ('computed' in node) part(node.computed);
    if ('joined' in node) node.joined.parts.forEach(part);
    const below = 'map' in node ? node.map : 'list' in node ? node.list : 'lines' in node ? node.lines : [];
    for (const one of below) {
      if ('over' in one) this.range(one, entry);
      else {
        this.condition(one.when, entry);
        this.node(one.node, entry, [...known, ...impliedBy(one.when)]);
      }
    }
    if ('map' in node) this.ranges(node, entry);
    if ('choice' in node) this.choice(node.choice, entry, known);
  }

  private choice(
    choice: Extract<Node, { choice: unknown }>['choice'],
    entry: ValuePath,
    known: readonly ValuePath[],
  ): void {
    let left = known;
    for (const { when, node } of choice) {
      this.condition(when, entry);
      this.node(node, entry, [...left, ...impliedBy(when)]);
      left = [...left, ...impliedByOpposite(when)];
    }
  }

  private ranges({ map, ranges = [] }: Extract<Node, { map: unknown }>, entry: ValuePath): void {
    const keys = map.flatMap(({ key, when }) => (when ? [] : [key]));
    for (const range of ranges) {
      this.range(range, entry);
      if (range.key) continue;
      const over = absolute(range.over, entry);
      const known = this.beside.get(keyOf(over))?.keys ?? [];
      this.beside.set(keyOf(over), { over, keys: [...new Set([...known, ...keys])].sort() });
    }
  }

  private range({ key, node, others = [], ...first }: Range, entry: ValuePath): void {
    for (const { over, when } of [first, ...others]) {
      this.condition(when, entry);
      const path = absolute(over, entry);
      add(this.optional, path);
      for (const one of key ? [key, node] : [node]) this.node(one, [...path, ANY], []);
    }
  }

  private part(part: Part, entry: ValuePath, known: readonly ValuePath[]): void {
    if (typeof part === 'string') return;
    if ('factors' in part) [...part.factors, ...(part.added ?? [])].forEach((one) => this.part(one, entry, known));
    else if ('terms' in part) part.terms.forEach(({ when }) => this.condition(when, entry));
    else {
      const { needed, optional } = readBy({ path: absolute(part.path, entry), as: part.as });
      for (const path of [...needed, ...optional]) add(this.read, path);
      for (const path of optional) add(this.optional, path);
      for (const path of needed) this.needs(path, entry, known);
    }
  }

  private needs(path: ValuePath, entry: ValuePath, known: readonly ValuePath[]): void {
    for (let length = path.length; length > 0; length -= 1) {
      const around = path.slice(0, length);
      if (around.at(-1) === ANY || known.some((one) => isSame(absolute(one, entry), around))) break;
      add(this.needed, around);
    }
  }
}

const isSame = (a: ValuePath, b: ValuePath) => a.length === b.length && a.every((key, index) => key === b[index]);

const add = (paths: Map<string, ValuePath>, path: ValuePath) => paths.set(keyOf(path), path);

function absolute([first, ...rest]: ValuePath, entry: ValuePath): ValuePath {
  return first === VALUE || first === KEY ? [...entry, ...rest] : [first!, ...rest];
}
