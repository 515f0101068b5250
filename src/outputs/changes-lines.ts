import type { FieldChange } from './fields';
import type { ObjectChange } from './changes';
import { toYaml } from './yaml';

/** Past this many lines a field's value is cut: a dashboard has thousands. */
const LONG = 40;

const SIGN = { added: '+', changed: '!', removed: '-' } as const;

/** An object's change in lines that editors and GitHub colour as a diff. */
export function changeLines({ what, kind, name, fields, replacesPods, fixed }: ObjectChange): string[] {
  return [
    `${SIGN[what]} ${kind} ${name}${replacesPods ? ' (its pods are replaced)' : ''}`,
    ...fixed.map(({ field, procedure }) => `!   ${field} cannot be changed in place: ${procedure}`),
    ...fields.flatMap(fieldLines),
  ];
}

function fieldLines({ path, before, after }: FieldChange): string[] {
  const [was, is] = [linesOf(before), linesOf(after)];
  if (was.length <= 1 && is.length <= 1) {
    return [...was.map((text) => `-   ${path}: ${text}`), ...is.map((text) => `+   ${path}: ${text}`)];
  }
  // What begins and ends alike says nothing.
  const head = common(was, is);
  const tail = common(was.slice(head).reverse(), is.slice(head).reverse());
  const changed = (lines: readonly string[]) => lines.slice(head, lines.length - tail);
  return [
    `    ${path}:`,
    ...cut(changed(was)).map((text) => `-     ${text}`),
    ...cut(changed(is)).map((text) => `+     ${text}`),
  ];
}

function linesOf(value: unknown): string[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' && value.includes('\n') ? value : toYaml(value);
  return text.replace(/\n$/, '').split('\n');
}

function common(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((line, index) => line !== b[index]);
  return differs === -1 ? a.length : differs;
}

const cut = (lines: readonly string[]) =>
  lines.length > LONG ? [...lines.slice(0, LONG), `… and ${lines.length - LONG} more lines`] : lines;
