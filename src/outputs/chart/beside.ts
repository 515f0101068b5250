import { booleanText, conditionText } from './conditions';
import { argument, asArgument } from './escape';
import { formatted } from './expressions';
import { grouped } from './lines';
import { refusedKeys } from './schema';
import type { Scope } from './scope';
import type { Condition, Range, ValuePath } from './template';

/** What else makes keys in the map in which a range does: no key may stand there twice. */
export interface Beside {
  readonly own: readonly { readonly key: string; readonly when?: Condition }[];
  /** Those before it. */
  readonly ranges: readonly Range[];
}

/** What a range goes through: a pipeline, and the actions that come before it. */
export function entriesText(
  { over, key }: Range,
  { own }: Beside,
  scope: Scope,
): { readonly before: readonly string[]; readonly text: string } {
  const read = scope.read(over);
  const shape = scope.shapeOf(over);
  const pattern = new RegExp(shape.schema.propertyNames?.pattern ?? '');
  const always = own.flatMap((one) => (one.when ? [] : [one.key]));
  const refused = refusedKeys(shape.schema, shape.examples, always);
  const isLeft = (one: Own) =>
    pattern.test(one.key) && (one.when ? !isOtherwise(one.when, [...over, one.key]) : !refused.includes(one.key));
  const left = key ? [] : own.filter(isLeft);
  if (left.length === 0) return { before: [], text: read };
  const some = `(${read} | default dict)`;
  const omitted = (from: string, names: readonly Own[]) =>
    `omit ${from} ${names.map((one) => argument(one.key)).join(' ')}`;
  const unasked = left.filter(({ when }) => !when);
  const start = unasked.length > 0 ? omitted(some, unasked) : some;
  const groups = grouped([...left.filter(({ when }) => when)].sort(byCondition));
  if (groups.length === 0) return { before: [], text: start };
  const asked = groups.map(({ when, items }) => {
    const condition = conditionText(when!, scope);
    return `{{- if ${condition} }}{{ ${LEFT} = ${omitted(LEFT, items)} }}{{ end }}`;
  });
  return { before: [`{{- ${LEFT} := ${start} }}`, ...asked], text: LEFT };
}

type Own = Beside['own'][number];

/** Those entries of which the keys do not stand there yet. */
const LEFT = '$left';

const byCondition = (a: Own, b: Own) => (JSON.stringify(a.when) < JSON.stringify(b.when) ? -1 : 1);

/** Whether a condition says that there is nothing at a path. */
const isOtherwise = (when: Condition, path: ValuePath) =>
  when.every((all) =>
    all.some(
      ({ test, not }) =>
        not &&
        (test.is === 'set' || (test.is === 'filled' && test.path.length < path.length)) &&
        test.path.every((key, index) => key === path[index]),
    ),
  );

const namesText = (names: Beside['own'], scope: Scope) =>
  names
    .map(({ key, when }) =>
      when ? `(ternary ${argument(key)} "" ${asArgument(booleanText(when, scope))})` : argument(key),
    )
    .join(' ');

/** What is asked of each entry; nothing where no other key can be as its own. */
export function entryCondition({ key }: Range, { own, ranges }: Beside, scope: Scope): string | undefined {
  if (!key) {
    const others = ranges.filter((range) => !range.key).map((range) => `not ${asArgument(hasKey(range, scope))}`);
    return others.length > 1 ? `and ${others.map(asArgument).join(' ')}` : others[0];
  }
  const parts = 'placed' in key ? [key.placed] : 'joined' in key ? key.joined.parts : [];
  const [first, last] = [parts[0], parts.at(-1)].map((part) => (typeof part === 'string' ? part : ''));
  const names = own.filter((one) => one.key.startsWith(first!) && one.key.endsWith(last!));
  if (parts.length === 0 || names.length === 0) return undefined;
  return `not (has (${formatted(parts, scope)}) (list ${namesText(names, scope)}))`;
}

function hasKey({ over, when }: Range, scope: Scope): string {
  const has = `hasKey (${scope.read(over)} | default dict) $key`;
  return when ? `and ${asArgument(conditionText(when, scope))} (${has})` : has;
}
