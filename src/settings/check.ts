import { readFileSync } from 'node:fs';

import type { ErrorObject, ValidateFunction } from 'ajv';
import { closest, distance } from 'fastest-levenshtein';

import type { Place } from './problems';
import type { SettingPath } from './read';

/** A JSON Schema, as far as messages need it. */
interface Schema {
  readonly [key: string]: unknown;
  readonly title?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Record<string, Schema>;
}

/** Something that the schema refuses, before it is known in which file it stands. */
export interface Finding {
  readonly path: SettingPath;
  /** Whether the key is at fault, and not its value. */
  readonly atKey: boolean;
  readonly message: string;
}

/**
 * Checks settings against a compiled schema. The schema's own text is read only to explain what is wrong, so that a
 * synth that finds nothing does not pay for it.
 */
export function checkSettings(data: unknown, validate: ValidateFunction, schemaFile: string): Finding[] {
  if (validate(data)) return [];
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as Schema;
  const findings = (validate.errors ?? []).map((error) => explain(error, data, schema));
  // A value may fail its type, its pattern and its bounds at once: one message per place says it all.
  return [...new Map(findings.map((finding) => [JSON.stringify([finding.path, finding.message]), finding])).values()];
}

function explain(error: ErrorObject, data: unknown, root: Schema): Finding {
  const path = pointer(error.instancePath);
  const schema = schemaAt(root, path);
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    const message = unknownKey([...path, key], Object.keys(schema.properties ?? {}));
    return { path: [...path, key], atKey: true, message };
  }
  if (error.keyword === 'required') {
    const key = String(error.params['missingProperty']);
    const expected = describe(schemaAt(root, [...path, key]));
    return { path, atKey: true, message: `${dotted([...path, key])}: is missing; expected ${expected}` };
  }
  const name: unknown = error.propertyName ?? error.params['propertyName'];
  if (name !== undefined) {
    const names = resolveRef((schema['propertyNames'] ?? {}) as Schema, root);
    const inside = [...path, String(name)];
    return { path: inside, atKey: true, message: `${dotted(inside)}: expected ${describe(names)} as key` };
  }
  const found = valueAt(data, path);
  const message = `${dotted(path)}: expected ${describe(schema, found)}, got ${show(found)}${hint(schema, found)}`;
  return { path, atKey: false, message };
}

/** Names a key that does not exist, and the nearest one that does. */
function unknownKey(path: SettingPath, known: readonly string[]): string {
  const key = String(path.at(-1));
  const nearest = known.length > 0 ? closest(key, known) : undefined;
  const near = nearest !== undefined && distance(key, nearest) <= Math.max(2, key.length / 3);
  const allowed = near ? `did you mean "${nearest}"?` : `known here: ${[...known].sort().join(', ')}`;
  return `${dotted(path)}: unknown key; ${allowed}`;
}

/** `frontend.replicas`, `kafka.topics[0].name`. */
export const dotted = (path: SettingPath) =>
  path.reduce<string>(
    (text, key) => (/^\d+$/.test(String(key)) ? `${text}[${key}]` : text ? `${text}.${key}` : `${key}`),
    '',
  );

const ARTICLES: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'an integer',
  null: 'null',
  number: 'a number',
  object: 'a map',
  string: 'text',
};

/** What a schema expects, in words. */
function describe(schema: Schema, found?: unknown): string {
  if (schema.title) return schema.title;
  if (Array.isArray(schema['enum'])) {
    return `one of ${schema['enum']
      .filter((value) => value !== null)
      .map(String)
      .join(', ')}`;
  }
  if ('const' in schema) return show(schema['const']);
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
  const what = types.map((type) => ARTICLES[type] ?? type).join(' or ') || 'another value';
  const bounds = [
    schema['minimum'] === undefined ? '' : ` ≥ ${schema['minimum']}`,
    schema['exclusiveMinimum'] === undefined ? '' : ` > ${schema['exclusiveMinimum']}`,
    schema['maximum'] === undefined ? '' : ` ≤ ${schema['maximum']}`,
    // By this we keep nonsense out that no API would take: it is named only to whom it concerns.
    typeof found === 'number' && found >= Number(schema['exclusiveMaximum']) ? ` < ${schema['exclusiveMaximum']}` : '',
    schema['minItems'] === undefined
      ? ''
      : ` with at least ${schema['minItems']} ${schema['minItems'] === 1 ? 'item' : 'items'}`,
    schema['minLength'] === undefined
      ? ''
      : ` of at least ${schema['minLength']} ${schema['minLength'] === 1 ? 'character' : 'characters'}`,
    schema['pattern'] === undefined ? '' : ` matching ${schema['pattern']}`,
  ];
  return what + bounds.filter(Boolean).join(' and');
}

function hint(schema: Schema, found: unknown): string {
  const types = [schema.type ?? []].flat();
  if (types.includes('boolean') && typeof found === 'string') return '; YAML 1.2 knows only true and false';
  if (!types.includes('string') || (typeof found !== 'number' && typeof found !== 'boolean')) return '';
  const helps = Array.isArray(schema['enum'])
    ? schema['enum'].includes(`${found}`)
    : new RegExp(String(schema['pattern'] ?? '')).test(`${found}`);
  return helps ? '; put it in quotes' : '';
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no word for what is infinite or not a number.
  const text = typeof value === 'number' ? `${value}` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const pointer = (text: string): string[] =>
  text
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/**
 * What the schema says of a path. An error's own `schemaPath` does not say it: it begins anew at every definition that
 * is compiled to a function of its own.
 */
const schemaAt = (root: Schema, path: SettingPath): Schema =>
  path.reduce<Schema>(
    (schema, key) => {
      const properties = schema.properties ?? {};
      const inside = Object.hasOwn(properties, key)
        ? properties[key]
        : (schema['items'] ?? schema['additionalProperties']);
      return resolveRef((inside ?? {}) as Schema, root);
    },
    resolveRef(root, root),
  );

function resolveRef(schema: Schema, root: Schema): Schema {
  const ref = schema['$ref'];
  if (typeof ref !== 'string') return schema;
  const target = pointer(decodeURIComponent(ref)).reduce<any>((node, key) => node?.[key], root);
  // What stands beside a reference narrows it, as a duration that must not be zero.
  const { $ref: _ref, ...beside } = schema;
  return { ...resolveRef((target ?? {}) as Schema, root), ...beside };
}

const valueAt = (data: unknown, path: SettingPath): unknown =>
  path.reduce<any>((value, key) => (value === undefined || value === null ? undefined : value[key]), data);

/** A finding, placed in a file. */
export const placed = (finding: Finding, place: Place) => ({ ...place, message: finding.message });
