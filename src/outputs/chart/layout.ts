import { type Beside, entriesText, entryCondition } from './beside';
import { asArgument, escaped, type Piece, quoted, scalar, written } from './escape';
import { conditionText } from './conditions';
import { computedText, joinedNumber, joinedYaml, printedYaml } from './expressions';
import {
  blockOf,
  both,
  branchesOf,
  branchText,
  conditional,
  grouped,
  type Line,
  linesOf,
  madeWhen,
  textLines,
} from './lines';
import type { Scope } from './scope';
import { typeOf } from './shapes';
import {
  type Condition,
  type Digest,
  filledOf,
  KEY,
  NAMESPACE,
  type Node,
  type Optional,
  type Range,
} from './template';

/** What one template knows of the others. */
export interface Surroundings {
  /** A pipeline that computes a digest. */
  digest(digest: Digest, scope: Scope): string;
  /** The name of a template that makes this part of the object; nothing where none does. */
  partAt(path: readonly string[]): string | undefined;
  /** The name of a new template that makes this text. */
  textOf(lines: readonly Line[], scope: Scope): string;
}

type Entry = Optional<Node> & { readonly key?: string };
/** A range makes entries of a map where there is something beside it, else items of a list. */
type Item = Entry | (Range & { readonly beside?: Beside });

/** Whether each of the lists that it goes through has a condition of its own. */
const isUnited = (item: Item): boolean => 'over' in item && item.others !== undefined;
const withoutCondition = ({ when: _, ...item }: Item): Item => item as Item;

/** What people look for first. */
const FIRST = ['apiVersion', 'kind', 'metadata', 'name'];

/** Lays nodes out as the YAML of a template. */
export class Layout {
  public constructor(private readonly around: Surroundings) {}

  /** The lines of an object, or of a part of it. */
  public object(node: Node, scope: Scope, at: readonly string[]): string[] {
    const opened = open(node);
    if ('map' in opened) return this.items(mapItems(opened), '', scope, at);
    throw new Error(`expected a map at ${at.join('.')}, got ${Object.keys(node).join(', ')}`);
  }

  private items(items: readonly Item[], indent: string, scope: Scope, at: readonly string[]): string[] {
    const outer = items.map((item) => (isUnited(item) ? { item } : { item, when: item.when }));
    return conditional(outer, indent, scope, ({ item }, inner) => this.item(item, indent, inner, at));
  }

  private item(item: Item, indent: string, scope: Scope, at: readonly string[]): string[] {
    if ('over' in item) return this.range(item, indent, scope);
    const { key, node } = item;
    if (key === undefined) return this.entry('-', node, indent, scope, [...at, '-']);
    return this.entry(`${keyText(key, scope)}:`, node, indent, scope, [...at, key]);
  }

  private range(range: Extract<Item, { over: unknown }>, indent: string, scope: Scope): string[] {
    const { over, key, node, beside } = range;
    const inner = scope.within(over);
    const isKeyed = (beside && !key) || JSON.stringify({ key, node }).includes(`"${KEY}"`);
    const variables = isKeyed ? '$key, $value' : '$value';
    const head = !beside ? '-' : key ? `${this.scalar(key, inner)}:` : '{{ $key | quote }}:';
    const asked = beside && entryCondition(range, beside, inner);
    const body = this.entry(head, node, indent, inner, []);
    const { before, text } = beside ? entriesText(range, beside, scope) : wordsText(range, scope);
    return [
      ...before.map((line) => indent + line),
      `${indent}{{- range ${variables} := ${text} }}`,
      ...(asked ? [`${indent}{{- if ${asked} }}`, ...body, `${indent}{{- end }}`] : body),
      `${indent}{{- end }}`,
    ];
  }

  /** A node after its key or dash. */
  private entry(head: string, node: Node, indent: string, scope: Scope, at: readonly string[]): string[] {
    const part = this.around.partAt(at);
    if (part)
      return [`${indent}${head}`, `${indent}  {{- include "${part}" ${scope.root} | nindent ${indent.length + 2} }}`];
    const opened = open(node);
    if ('choice' in opened) return this.choice(head, opened.choice, indent, scope, at);
    if ('map' in opened) return this.collection(head, mapItems(opened, head === '-'), '{}', indent, scope, at);
    if ('list' in opened) return this.collection(head, opened.list, '[]', indent, scope, at);
    const lines = linesOf(opened);
    if (lines) return this.text(head, opened, lines, indent, scope);
    if (
      'placed' in opened &&
      opened.placed.as === 'same' &&
      ['list', 'map'].includes(typeOf(scope.shapeOf(opened.placed.path)))
    ) {
      const value = scope.read(opened.placed.path);
      if (head === '-') return [`${indent}- {{ toJson ${value} }}`];
      return [`${indent}${head}`, `${indent}  {{- toYaml ${value} | nindent ${indent.length + 2} }}`];
    }
    return [`${indent}${head} ${this.scalar(opened, scope)}`];
  }

  private collection(
    head: string,
    items: readonly Item[],
    empty: string,
    indent: string,
    scope: Scope,
    at: readonly string[],
  ): string[] {
    if (items.length === 0) return [`${indent}${head} ${empty}`];
    const deeper = `${indent}  `;
    const present = presenceOf(items);
    if (present && !scope.isHeld(present)) {
      const isAlike = grouped(items).length === 1;
      const plain = isAlike ? items.map((item) => (isUnited(item) ? item : withoutCondition(item))) : items;
      const body = this.items(plain, deeper, scope.knowing(present), at);
      const text = conditionText(present, scope);
      return [
        `${indent}${head}`,
        `${deeper}{{- if ${text} }}`,
        ...body,
        `${deeper}{{- else }}`,
        `${deeper}${empty}`,
        `${deeper}{{- end }}`,
      ];
    }
    const body = this.items(items, deeper, scope, at);
    const [first, ...more] = body;
    if (head !== '-' || first!.trimStart().startsWith('{{-')) return [`${indent}${head}`, ...body];
    return [`${indent}- ${first!.trimStart()}`, ...more];
  }

  private choice(head: string, choice: readonly Line[], indent: string, scope: Scope, at: readonly string[]): string[] {
    const branches = branchesOf(choice, scope).map(({ when, node, scope: inner }, index) => ({
      body: this.entry(head, node, indent, inner.knowing(when), at),
      action: (trim: string) => branchText(when, index, inner, trim),
    }));
    const start = `${indent}${head} `;
    const isOfLines = branches.some(({ body }) => body.length > 1 || !body[0]!.startsWith(start));
    if (!isOfLines && branches.length < 4 && !choice.at(-1)!.when) {
      const texts = branches.map(({ body, action }) => `${action('')}${body[0]!.slice(start.length)}`);
      const line = `${start}${texts.join('')}{{ end }}`;
      if (line.length <= 140) return [line];
    }
    return [...branches.flatMap(({ body, action }) => [`${indent}${action('-')}`, ...body]), `${indent}{{- end }}`];
  }

  private text(head: string, node: Node, lines: readonly Line[], indent: string, scope: Scope): string[] {
    const block = blockOf(lines, scope);
    if (block) return [`${indent}${head} ${block.header}`, ...textLines(block.lines, `${indent}  `, scope)];
    if ('literal' in node) return [`${indent}${head} ${escaped(quoted(String(node.literal)))}`];
    return [
      `${indent}${head} {{ include "${this.around.textOf(lines, scope)}" ${scope.root} | trimPrefix "\\n" | quote }}`,
    ];
  }

  private scalar(node: Node, scope: Scope): string {
    if ('literal' in node) return escaped(scalar(node.literal));
    if ('placed' in node) return `{{ ${printedYaml(node.placed, scope)} }}`;
    if ('computed' in node) return `{{ ${computedText(node.computed, scope)} }}`;
    if ('joined' in node) return node.numeric ? joinedNumber(node.joined, scope) : joinedYaml(node.joined, scope);
    if ('digest' in node) {
      const prefix = quoted(node.digest.prefix).slice(1, -1);
      return written(['"', prefix, { action: this.around.digest(node.digest, scope) }, '"']);
    }
    throw new Error(`expected a value of one line, got ${Object.keys(node).join(', ')}`);
  }
}

/** A constant map or list as one of constants. */
function open(node: Node): Node {
  if (!('literal' in node) || typeof node.literal !== 'object' || node.literal === null) return node;
  if (Array.isArray(node.literal)) return { list: node.literal.map((item): Line => ({ node: { literal: item } })) };
  return { map: Object.entries(node.literal).map(([key, value]) => ({ key, node: { literal: value } })) };
}

function mapItems({ map, ranges = [] }: Extract<Node, { map: unknown }>, isItem = false): Item[] {
  const rank = ({ key, when }: (typeof map)[number]) => {
    const place = FIRST.indexOf(key);
    // The first line of an item stands beside its dash, and an action cannot.
    return (isItem && when ? 100 : 0) + (place < 0 ? FIRST.length : place);
  };
  const own = [...map].sort((a, b) => rank(a) - rank(b));
  return [
    ...own,
    ...ranges.map((range, index) => ({ ...range, beside: { own: map, ranges: ranges.slice(0, index) } })),
  ];
}

/** A key, in which the namespace may stand. */
function keyText(key: string, scope: Scope): string {
  if (!key.includes(NAMESPACE)) return escaped(scalar(key));
  const isPlain = ['x', '1'].every((name) => {
    const sample = key.replaceAll(NAMESPACE, name);
    return scalar(sample) === sample;
  });
  const [mark, inside] = isPlain ? ['', (text: string) => text] : ['"', (text: string) => quoted(text).slice(1, -1)];
  const texts = key
    .split(NAMESPACE)
    .flatMap((text, index): Piece[] => [...(index > 0 ? [{ action: scope.read(['namespace']) }] : []), inside(text)]);
  return written([mark, ...texts, mark]);
}

/** What goes before a range, and what it goes through. */
function wordsText({ others, ...first }: Range, scope: Scope): { before: string[]; text: string } {
  if (!others) return { before: [], text: scope.read(first.over) };
  const before = [first, ...others].flatMap(({ over, when }, index) => {
    const words = (inner: Scope) => `${asArgument(inner.read(over))} | default list`;
    const more = (inner: Scope) => `{{- $words = concat $words (${words(inner)}) }}`;
    if (!when) return [index === 0 ? `{{- $words := ${words(scope)} }}` : more(scope)];
    const begun = index === 0 ? ['{{- $words := list }}'] : [];
    return [...begun, `{{- if ${conditionText(when, scope)} }}`, more(scope.knowing(when)), '{{- end }}'];
  });
  return { before, text: 'uniq $words' };
}

/** When there is any of these; nothing where there always is. */
function presenceOf(items: readonly Item[]): Condition | undefined {
  const conditions: Condition[number][] = [];
  for (const item of items) {
    const some = 'over' in item ? filledOf(item) : both(item.when, madeWhen(item.node));
    if (!some) return undefined;
    conditions.push(...some);
  }
  return [...new Map(conditions.map((one) => [JSON.stringify(one), one])).values()];
}
