import { toYaml } from '../yaml';

/** A piece of a template: text as it is, or what is between the braces of an action. */
export type Piece = string | { readonly action: string };

/** Writes pieces so that text stays text, even where it looks like an action. */
export function written(pieces: readonly Piece[]): string {
  return pieces
    .map((piece, index) => {
      if (typeof piece !== 'string') return `{{ ${piece.action} }}`;
      const text = escaped(piece);
      const isBefore = index < pieces.length - 1;
      return isBefore && text.endsWith('{') ? `${text.slice(0, -1)}{{ "{" }}` : text;
    })
    .join('');
}

/** Text of a template that comes out as it is. */
export const escaped = (text: string) => text.replaceAll('{{', '{{ "{{" }}');

/** Text as an argument in an action. Go reads the escapes of JSON. */
export const argument = (text: string) => JSON.stringify(text);

/** A pipeline as an argument of a function: in brackets, unless it is one word or in brackets already. */
export const asArgument = (text: string) => (text.includes(' ') && !isBracketed(text) ? `(${text})` : text);

function isBracketed(text: string): boolean {
  let open = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '(') open += 1;
    if (text[index] === ')') open -= 1;
    if (open === 0) return index > 0 && /^[.A-Za-z0-9_]*$/.test(text.slice(index + 1));
  }
  return false;
}

/** What YAML does not take as it is, or takes for the end of a line. */
const ODD =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const ODDS = new RegExp(ODD, 'g');

/** Whether text has characters that can only be written by their numbers. */
export const isOdd = (text: string) => ODD.test(text);

/** Text in double quotes, as YAML reads it. */
export const quoted = (text: string) =>
  JSON.stringify(text).replace(ODDS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A text, number, boolean or nothing as YAML, on one line. */
export function scalar(value: unknown): string {
  if (typeof value === 'string' && (value.includes('\n') || isOdd(value))) return quoted(value);
  return toYaml(value).slice(0, -1);
}
