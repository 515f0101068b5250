import { readFileSync, renameSync, writeFileSync } from 'node:fs';

import { type Document, isMap, Lexer, parseDocument } from 'yaml';

import type { Change } from './plan';

/** An overlay that can be changed, and put back as it was. */
export interface OverlayChange {
  /** The text before. */
  readonly before: string;
  readonly after: string;
}

/**
 * The text of an overlay with settings of a service changed, comments and order kept. A setting that the base has, too, is
 * removed by `null`: leaving it out would bring the base's back.
 */
export function changeOverlay(
  file: string,
  service: string,
  changes: readonly Change[],
  base: (path: readonly string[]) => unknown,
): OverlayChange {
  const before = readFileSync(file, 'utf8');
  const document = parseDocument(before);
  for (const { path, value } of changes) {
    const whole = [service, ...path];
    if (value !== undefined) setIn(document, whole, value);
    else if (base(path) !== undefined) setIn(document, whole, null);
    else if (document.hasIn(whole)) document.deleteIn(whole);
  }
  return { before, after: unpadded(document.toString({ lineWidth: 0, flowCollectionPadding: true })) };
}

/** Writes one and the same style: what stands in a map of one line stays there. */
function setIn(document: Document, path: readonly string[], value: unknown): void {
  const node = typeof value === 'object' && value !== null ? document.createNode(value, { flow: true }) : value;
  const parent = document.getIn(path.slice(0, -1));
  if (parent !== undefined && parent !== null && !isMap(parent)) document.deleteIn(path.slice(0, -1));
  document.setIn(path, node);
}

/** `{ a: b }` and `[a, b]`: the house writes maps with spaces inside and lists without, and the library both alike. */
function unpadded(text: string): string {
  const lexemes = [...new Lexer().lex(text)];
  return lexemes
    .filter((lexeme, index) => {
      const isSpace = /^ +$/.test(lexeme);
      return !(isSpace && (lexemes[index - 1] === '[' || lexemes[index + 1] === ']')) && !MARKS.includes(lexeme);
    })
    .join('');
}

/** What the lexer adds to say what follows. */
const MARKS = ['\uFEFF', '\x02', '\x18', '\x1f'];

/** Replaces a file in one step: it is old or new, and never cut short. */
export function replaceFile(file: string, text: string): void {
  const beside = `${file}.${process.pid}.tmp`;
  writeFileSync(beside, text);
  renameSync(beside, file);
}
