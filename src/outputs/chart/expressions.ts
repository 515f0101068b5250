import { booleanText } from './conditions';
import { conversion } from './conversions';
import { argument, asArgument, isOdd, type Piece, quoted, written } from './escape';
import type { Scope } from './scope';
import { mayHold, type ShapeType, typeOf } from './shapes';
import type { Computed, Joined, Placed, Tally } from './template';

type Part = Joined['parts'][number];

/** Whether a part stands for a value as it is. */
export const isPlaced = (part: Part): part is Placed => typeof part !== 'string' && 'path' in part;

/** A pipeline that prints a value as text. */
export function printed(placed: Placed, scope: Scope): string {
  const { as } = placed;
  const value = scope.read(placed.path);
  const type = typeOf(scope.shapeOf(placed.path));
  if (as === 'same' || as === 'text') return printedAs(value, type);
  if (as === 'upper') return type === 'string' ? `upper ${value}` : `upper (${printedAs(value, 'any')})`;
  const shape = scope.shapeOf(placed.path);
  const isOfOthers = type === 'list' && typeOf(scope.entryOf(shape)) !== 'string';
  // Go would join large numbers as 1e+06.
  if (isOfOthers) return `include "webstack.join" (list ${argument(separatorOf(as))} ${value})`;
  return conversion(as).helm(value);
}

const separatorOf = (as: string) => String(conversion(as).of(['', ''], {}));

function printedAs(value: string, type: ShapeType): string {
  if (type === 'string' || type === 'boolean') return value;
  return type === 'integer' ? `${value} | int64` : `include "webstack.text" ${value}`;
}

/** A pipeline that prints a value as YAML on one line. */
export function printedYaml(placed: Placed, scope: Scope): string {
  const type = typeOf(scope.shapeOf(placed.path));
  if (conversion(placed.as).isNumber) return printed(placed, scope);
  if (placed.as !== 'same') return `${printed(placed, scope)} | quote`;
  const value = scope.read(placed.path);
  if (type === 'string') return `${value} | quote`;
  if (type === 'integer' || type === 'boolean') return printedAs(value, type);
  return type === 'number' ? `toJson ${value}` : `include "webstack.scalar" ${value}`;
}

/** A pipeline that computes a whole number. */
export function computedText({ atLeast, added = [], ...computed }: Computed, scope: Scope): string {
  const rounded = roundedText(computed, scope);
  const own = atLeast === undefined ? rounded : called('max', [`${atLeast}`, rounded]);
  return called('add', [own, ...added.map((one) => whole(one, scope))]);
}

function roundedText({ factors, times, over, plus, round }: Computed, scope: Scope): string {
  const isWhole = factors.every(({ path, as }) => as !== 'same' || typeOf(scope.shapeOf(path)) === 'integer');
  const values = factors.map((factor) =>
    asArgument(isWhole ? whole(factor, scope) : `float64 ${scope.read(factor.path)}`),
  );
  return isWhole ? wholeText(values, times, over, plus, round) : fractionText(values, times, over, plus, round);
}

const whole = (factor: Placed, scope: Scope) =>
  factor.as === 'same' ? `int64 ${scope.read(factor.path)}` : printed(factor, scope);

/** Go divides whole numbers towards zero. */
function wholeText(
  factors: readonly string[],
  times: number,
  over: number,
  plus: number,
  round: 'floor' | 'ceil',
): string {
  const isNegative = times < 0;
  const product = called('mul', [...factors, ...(Math.abs(times) === 1 ? [] : [`${Math.abs(times)}`])]);
  const isUp = (round === 'ceil') !== isNegative;
  const share =
    over === 1 ? product : called('div', [isUp ? called('add', [product, `${over - 1}`]) : product, `${over}`]);
  if (isNegative) return called('sub', [`${plus}`, share]);
  return plus < 0 ? called('sub', [share, `${-plus}`]) : called('add', plus === 0 ? [share] : [share, `${plus}`]);
}

function fractionText(factors: readonly string[], times: number, over: number, plus: number, round: string): string {
  const product = called('mulf', [...factors, ...(times === 1 ? [] : [`${times}`])]);
  const share = over === 1 ? product : called('divf', [product, `${over}`]);
  return called('add', [`(${round} ${asArgument(share)} | int64)`, ...(plus === 0 ? [] : [`${plus}`])]);
}

/** A pipeline that adds up. */
function tallyText({ plus, terms }: Tally, scope: Scope): string {
  const amounts = terms.map(({ when, amount }) => `ternary ${amount} 0 ${asArgument(booleanText(when, scope))}`);
  const isWhole = [plus, ...terms.map(({ amount }) => amount)].every(Number.isInteger);
  // Go would print the sum of fractions as 1e-05.
  return isWhole
    ? called('add', [...(plus === 0 ? [] : [`${plus}`]), ...amounts])
    : `${called('addf', [`${plus}`, ...amounts])} | toJson`;
}

/** A sum or product of one is that. */
const called = (name: string, parts: readonly string[]) =>
  parts.length === 1 ? parts[0]! : `${name} ${parts.map(asArgument).join(' ')}`;

/** Characters that mean something in every kind of quotes, or are none there. */
const NOWHERE = ['\n', '\r', '\t', '\u0001', '\u0085'];

/** Text in which values stand, as YAML on one line. */
export function joinedYaml({ parts }: Joined, scope: Scope): string {
  const texts = parts.filter((part) => typeof part === 'string').join('');
  const isSafe = (characters: readonly string[]) =>
    parts.every((part) => !isPlaced(part) || isSafeIn(part, characters, scope));
  // Single quotes where double ones would need escapes.
  const isSingle = /["\\]/.test(texts) && !texts.includes("'") && !isOdd(texts) && isSafe([...NOWHERE, "'"]);
  if (!isSingle && !isSafe([...NOWHERE, '"', '\\'])) return `{{ ${formatted(parts, scope)} | quote }}`;
  const [mark, inside] = isSingle ? ["'", (one: string) => one] : ['"', (one: string) => quoted(one).slice(1, -1)];
  const pieces = parts.map((part): Piece => (typeof part === 'string' ? inside(part) : { action: text(part, scope) }));
  return written([mark, ...pieces, mark]);
}

/** Whether a value is printed without these characters. */
export function isSafeIn(placed: Placed, characters: readonly string[], scope: Scope): boolean {
  const { isWithout } = conversion(placed.as);
  if (isWithout) return isWithout(characters);
  const shape = scope.shapeOf(placed.path);
  if (typeOf(shape) === 'map') return false;
  if (typeOf(shape) !== 'list') return !mayHold(shape, characters);
  return !characters.includes(separatorOf(placed.as)) && !mayHold(scope.entryOf(shape), characters);
}

/** A pipeline that prints what is placed, or computed. */
export function text(part: Exclude<Part, string>, scope: Scope): string {
  if (isPlaced(part)) return printed(part, scope);
  return 'terms' in part ? tallyText(part, scope) : computedText(part, scope);
}

/** A pipeline that makes one text of parts. */
export function formatted(parts: readonly Part[], scope: Scope): string {
  const format = parts.map((part) => (typeof part === 'string' ? part.replaceAll('%', '%%') : '%v')).join('');
  const values = parts.flatMap((part) => (typeof part === 'string' ? [] : [asArgument(text(part, scope))]));
  return `printf ${[argument(format), ...values].join(' ')}`;
}

/** A number of which the digits are put together. */
export function joinedNumber({ parts }: Joined, scope: Scope): string {
  const [only, ...others] = parts;
  if (others.length === 0 && typeof only === 'object' && !isPlaced(only)) return `{{ ${text(only, scope)} }}`;
  return `{{ ${formatted(parts, scope)} | float64 | toJson }}`;
}
