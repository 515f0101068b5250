import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Scalar, parseDocument } from 'yaml';

import type { Place, Problem } from './problems';

/** Path of a setting, as its keys. */
export type SettingPath = readonly (string | number)[];

/** What a settings file says, and where it says it. */
export interface SettingsFile {
  readonly file: string;
  readonly data: Record<string, unknown>;
  readonly problems: readonly Problem[];
  /** Where the value of a setting stands; the nearest one around it where it does not stand there. */
  valuePlace(path: SettingPath): Place;
  /** Where the key of a setting stands. */
  keyPlace(path: SettingPath): Place;
  /** Whether the file itself says something at this path. */
  has(path: SettingPath): boolean;
}

/** Far more than any settings file holds, and far less than an alias that doubles itself makes. */
const MOST_NODES = 20_000;

/** Reads a settings file. What is wrong with it as a file is in `problems`. */
export function readSettingsFile(path: string, name: string): SettingsFile {
  const bytes = readFileSync(path);
  if (!isUtf8(bytes)) return unreadable(name, 'expected text in UTF-8, found other bytes; save the file as UTF-8');
  return parseSettings(new TextDecoder().decode(bytes), name);
}

/** The same for a text. */
export function parseSettings(text: string, file: string): SettingsFile {
  const lines = new LineCounter();
  // A silent log level would also be silent about a second document in the file.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2', logLevel: 'error' });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    ...place(error.pos[0]),
    message: explainYaml(error.code, error.message),
  }));
  if (problems.length > 0) return { ...unreadable(file, ''), problems };
  if (document.contents === null) return unreadable(file, 'expected settings, found an empty file');
  if (!isMap(document.contents)) return unreadable(file, 'expected a map of settings, such as "namespace: my-app"');

  const reader = new Reader(place, (alias) => alias.resolve(document));
  const data = reader.plain(document.contents, []) as Record<string, unknown>;
  return {
    file,
    data,
    problems: reader.problems,
    valuePlace: (path) => reader.nearest(reader.values, path),
    keyPlace: (path) => reader.keys.get(pathKey(path)) ?? reader.nearest(reader.values, path),
    has: (path) => reader.values.has(pathKey(path)),
  };
}

/** An index is the same as number and, as in a JSON pointer, as text. */
const pathKey = (path: SettingPath) => JSON.stringify(path.map(String));

/** A file of which nothing but what is wrong with it can be said. */
function unreadable(file: string, message: string): SettingsFile {
  const place = { file, line: 1, column: 1 };
  const problems = message ? [{ ...place, message }] : [];
  return { file, data: {}, problems, valuePlace: () => place, keyPlace: () => place, has: () => false };
}

function explainYaml(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is given twice; keep one of them';
  const text = message.replace(/ at line \d+.*$/s, '');
  return `not valid YAML: ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

/** Turns the nodes of a document into plain data, and remembers where each stood. */
class Reader {
  public readonly problems: Problem[] = [];
  public readonly values = new Map<string, Place>();
  public readonly keys = new Map<string, Place>();
  private readonly open = new Set<Node>();
  private nodes = 0;

  public constructor(
    private readonly place: (offset: number) => Place,
    private readonly resolve: (alias: Alias.Parsed) => Node | undefined,
  ) {}

  /** The place of a path, or of the nearest path around it. */
  public nearest(places: Map<string, Place>, path: SettingPath): Place {
    for (let length = path.length; length >= 0; length -= 1) {
      const found = places.get(pathKey(path.slice(0, length)));
      if (found) return found;
    }
    return this.place(0);
  }

  public plain(node: unknown, path: SettingPath, at?: Place): unknown {
    const here = at ?? this.place((node as Node | null)?.range?.[0] ?? 0);
    this.values.set(pathKey(path), here);
    this.nodes += 1;
    if (this.nodes > MOST_NODES) {
      if (this.nodes === MOST_NODES + 1) {
        this.problems.push({ ...here, message: `the aliases of this file expand to more than ${MOST_NODES} values` });
      }
      return undefined;
    }
    if (isAlias(node)) return this.expand(node as Alias.Parsed, path, here);
    if (isMap(node)) return this.plainMap(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.plain(item, [...path, index]));
    return isScalar(node) ? this.plainScalar(node, here) : null;
  }

  /** `3.10` would become 3.1 and a long number lose its end, where text was meant. */
  private plainScalar({ value, source }: Scalar, here: Place): unknown {
    if (typeof value === 'number' && source !== undefined && String(value) !== source) {
      const message = `the number ${source} would be read as ${value}; write it so, or in quotes where it is text`;
      this.problems.push({ ...here, message });
    }
    return value;
  }

  private plainMap(node: { items: { key: unknown; value: unknown }[] }, path: SettingPath): Record<string, unknown> {
    const entries = node.items.flatMap(({ key, value }) => {
      const place = this.place((key as Node).range?.[0] ?? 0);
      if (!isScalar(key) || typeof key.value === 'object') {
        this.problems.push({ ...place, message: 'expected a plain key' });
        return [];
      }
      const name = String(key.value);
      if (name === '<<') {
        const message = 'merge keys are not read: what environments share belongs into base.yaml';
        this.problems.push({ ...place, message });
        return [];
      }
      if (name === '__proto__' || name === 'constructor') {
        this.problems.push({
          ...place,
          message: `the key ${name} is one that JavaScript keeps for itself; use another`,
        });
        return [];
      }
      const inside = [...path, name];
      this.keys.set(pathKey(inside), place);
      // In a flow map a key may stand alone: then it is where its value would be.
      return [[name, this.plain(value, inside, value ? undefined : place)] as const];
    });
    return Object.fromEntries(entries);
  }

  /** What stands at the alias counts as standing where the alias stands. */
  private expand(alias: Alias.Parsed, path: SettingPath, here: Place): unknown {
    const target = this.resolve(alias);
    if (!target || this.open.has(target)) {
      const message = target ? `the alias *${alias.source} contains itself` : `no anchor &${alias.source} is before it`;
      this.problems.push({ ...here, message });
      return undefined;
    }
    this.open.add(target);
    const value = this.plain(target, path, here);
    this.open.delete(target);
    return value;
  }
}
