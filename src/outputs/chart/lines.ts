import { isOdd, type Piece, written } from './escape';
import { conditionText } from './conditions';
import { isPlaced, isSafeIn, printed, text } from './expressions';
import type { Scope } from './scope';
import type { Condition, Joined, Node, Optional } from './template';

export type Line = Optional<Node>;

/** Text of several lines as a node of its own, or nothing where it is of one. */
export function linesOf(node: Node): readonly Line[] | undefined {
  if ('lines' in node) return node.lines;
  if ('literal' in node) {
    if (typeof node.literal !== 'string' || !node.literal.includes('\n')) return undefined;
    return node.literal.split('\n').map((line) => ({ node: { literal: line } }));
  }
  if (!('joined' in node) || !node.joined.parts.some((part) => typeof part === 'string' && part.includes('\n')))
    return undefined;
  const rows: Joined['parts'][number][][] = [[]];
  for (const part of node.joined.parts) {
    const [first, ...more] = typeof part === 'string' ? part.split('\n') : [part];
    if (first !== '') rows.at(-1)!.push(first!);
    more.forEach((one) => rows.push(one === '' ? [] : [one]));
  }
  return rows.map((parts) => ({ node: parts.length === 0 ? { literal: '' } : { joined: { parts } } }));
}

/** How a text of lines begins as a block of YAML, and the lines of it; nothing where no block says just this text. */
export function blockOf(
  lines: readonly Line[],
  scope: Scope,
): { readonly header: string; readonly lines: readonly Line[] } | undefined {
  const isEnded = lines.length > 1 && !lines.at(-1)!.when && isLiteral(lines.at(-1)!.node, '');
  const body = isEnded ? lines.slice(0, -1) : lines;
  if (lines.some(({ node }) => hasOdd(node))) return undefined;
  // A block says nothing of empty lines at its end.
  if (!outermost([...body].reverse()).every((node) => endsFilled(node, scope))) return undefined;
  const isPlain = outermost(body).every((node) => startsFilled(node));
  return { header: `|${isPlain ? '' : '2'}${isEnded ? '' : '-'}`, lines: body };
}

const isLiteral = (node: Node, value: unknown) => 'literal' in node && node.literal === value;

/** The nodes that may come first: up to one that is there for sure. */
function outermost(lines: readonly Line[]): Node[] {
  const sure = lines.findIndex(({ when, node }) => !when && !madeWhen(node));
  return (sure < 0 ? lines : lines.slice(0, sure + 1)).map(({ node }) => node);
}

const constants = (node: Node): string[] => {
  if ('literal' in node) return [String(node.literal)];
  if ('joined' in node) return node.joined.parts.filter((part) => typeof part === 'string');
  return 'choice' in node ? node.choice.flatMap((one) => constants(one.node)) : [];
};

const hasOdd = (node: Node) => constants(node).some(isOdd);

function startsFilled(node: Node): boolean {
  if ('literal' in node) return /^\S/.test(String(node.literal));
  if ('joined' in node) return typeof node.joined.parts[0] === 'string' && /^\S/.test(node.joined.parts[0]);
  return 'choice' in node && node.choice.every((one) => startsFilled(one.node));
}

function endsFilled(node: Node, scope: Scope): boolean {
  if ('literal' in node) return /\S/.test(String(node.literal));
  if ('choice' in node) return node.choice.every((one) => endsFilled(one.node, scope));
  if (!('joined' in node)) return false;
  const last = node.joined.parts.at(-1)!;
  if (isPlaced(last) && !isSafeIn(last, ['\n'], scope)) return false;
  return constants(node).some((part) => /\S/.test(part));
}

const LAST_OF_LINE = /(^|[^\S\n]+)$/;

/** Lines of a template that make lines of text. */
export function textLines(lines: readonly Line[], indent: string, scope: Scope): string[] {
  const laid = rows(lines, indent, scope);
  // What stands before `{{-` loses the spaces and empty lines at its end, unless an action ends it.
  return laid.map((line, index) => {
    const isCut = /^\s*\{\{-/.test(laid[index + 1] ?? '{{-') && LAST_OF_LINE.test(line);
    return isCut ? `${line || indent}{{ "" }}` : line;
  });
}

function rows(lines: readonly Line[], indent: string, scope: Scope): string[] {
  return conditional(lines, indent, scope, (line, inner) => row(line.node, indent, inner));
}

/** What `write` makes of items, and around those that are not always there the actions that say when they are. */
export function conditional<T extends { readonly when?: Condition }>(
  items: readonly T[],
  indent: string,
  scope: Scope,
  write: (item: T, scope: Scope) => readonly string[],
): string[] {
  const groups = grouped(items);
  let isElse = false;
  return groups.flatMap(({ when, items: own }, index) => {
    const body = own.flatMap((item) => write(item, scope.knowing(when)));
    if (!when) return body;
    const start = isElse ? 'else' : `if ${conditionText(when, scope)}`;
    isElse = !isElse && isOpposite(when, groups[index + 1]?.when);
    return [`${indent}{{- ${start} }}`, ...body, ...(isElse ? [] : [`${indent}{{- end }}`])];
  });
}

/** Whether one of two conditions of one test each holds just where the other does not. */
function isOpposite(one: Condition | undefined, other: Condition | undefined): boolean {
  const [a, b] = [one, other].map((condition) =>
    condition?.length === 1 && condition[0]!.length === 1 ? condition[0]![0]! : undefined,
  );
  return a !== undefined && b !== undefined && a.not !== b.not && JSON.stringify(a.test) === JSON.stringify(b.test);
}

function row(node: Node, indent: string, scope: Scope): string[] {
  if (!('choice' in node)) {
    const made = written(pieces(node, indent, scope));
    return [made === '' ? '' : `${indent}${made}`];
  }
  const branches = branchesOf(node.choice, scope).flatMap(({ when, node: own, scope: inner }, index) => {
    const body = row(own, indent, inner.knowing(when));
    return [`${indent}${branchText(when, index, inner)}`, ...body];
  });
  return [...branches, `${indent}{{- end }}`];
}

function pieces(node: Node, indent: string, scope: Scope): Piece[] {
  const piece = (part: Joined['parts'][number]): Piece => {
    if (typeof part === 'string') return part;
    const isOfLines = indent !== '' && isPlaced(part) && !isSafeIn(part, ['\n'], scope);
    return { action: isOfLines ? `${printed(part, scope)} | replace "\\n" "\\n${indent}"` : text(part, scope) };
  };
  if ('literal' in node) return [String(node.literal)];
  if ('joined' in node) return node.joined.parts.map(piece);
  if ('placed' in node) return [piece(node.placed)];
  if ('computed' in node) return [piece(node.computed)];
  throw new Error(`expected a line of text, got ${Object.keys(node).join(', ')}`);
}

/** Neighbours of the same condition together. */
export function grouped<T extends { readonly when?: Condition }>(
  items: readonly T[],
): { when?: Condition; items: T[] }[] {
  const groups: { when?: Condition; items: T[] }[] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last && JSON.stringify(last.when) === JSON.stringify(item.when)) last.items.push(item);
    else groups.push({ when: item.when, items: [item] });
  }
  return groups;
}

/** The branches of a choice, each with what is known where none before it holds. A choice in the last is part of it. */
export function branchesOf(choice: readonly Line[], scope: Scope): readonly (Line & { readonly scope: Scope })[] {
  const last = choice.at(-1)!;
  if (!last.when && 'choice' in last.node) return branchesOf([...choice.slice(0, -1), ...last.node.choice], scope);
  let inner = scope;
  return choice.map((branch) => {
    const known = { ...branch, scope: inner };
    inner = inner.knowingOpposite(branch.when);
    return known;
  });
}

/** When a choice makes anything; nothing where it always does, as other nodes do. */
export function madeWhen(node: Node): Condition | undefined {
  if (!('choice' in node)) return undefined;
  const last = node.choice.at(-1)!;
  if (!last.when && !madeWhen(last.node)) return undefined;
  return node.choice.flatMap((branch) => both(branch.when, madeWhen(branch.node)) ?? []);
}

/** When two conditions hold. */
export function both(one: Condition | undefined, other: Condition | undefined): Condition | undefined {
  return one && other ? one.flatMap((all) => other.map((more) => [...all, ...more])) : (one ?? other);
}

/** The action before a branch; `trim` as long as it stands on a line of its own. */
export function branchText(when: Condition | undefined, index: number, scope: Scope, trim = '-'): string {
  const words = [
    ...(index > 0 ? ['else'] : []),
    ...(when ? [`if ${conditionText(when, scope)}`] : index > 0 ? [] : ['if true']),
  ];
  return `{{${trim} ${words.join(' ')} }}`;
}
