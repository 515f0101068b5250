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
  const keys = pointer(error.schemaPath.slice(1));
  const schema = follow(root, keys.slice(0, -1));
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    return {
      path: [...path, key],
      atKey: true,
      message: unknownKey([...path, key], Object.keys(schema.properties ?? {})),
    };
  }
  if (error.keyword === 'required') {
    const key = String(error.params['missingProperty']);
    const expected = describe(resolveRef(schema.properties?.[key] ?? {}, root));
    return { path, atKey: true, message: `${dotted([...path, key])}: is missing; expected ${expected}` };
  }
  if (error.keyword === 'propertyNames' || error.propertyName !== undefined) {
    const key = error.propertyName ?? '';
    const names = resolveRef(error.propertyName === undefined ? {} : schema, root);
    return {
      path: [...path, key],
      atKey: true,
      message: `${dotted([...path, key])}: expected ${describe(names)} as key`,
    };
  }
  const found = valueAt(data, path);
  const message = `${dotted(path)}: expected ${describe(schema)}, got ${show(found)}${hint(schema, found)}`;
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
function describe(schema: Schema): string {
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
    schema['maximum'] === undefined ? '' : ` ≤ ${schema['maximum']}`,
    schema['minItems'] === undefined ? '' : ` with at least ${schema['minItems']} items`,
    schema['pattern'] === undefined ? '' : ` matching ${schema['pattern']}`,
  ];
  return what + bounds.filter(Boolean).join(' and');
}

function hint(schema: Schema, found: unknown): string {
  const types = [schema.type ?? []].flat();
  if (types.includes('string') && (typeof found === 'number' || typeof found === 'boolean'))
    return '; put it in quotes';
  if (types.includes('boolean') && typeof found === 'string') return '; YAML 1.2 knows only true and false';
  return '';
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const pointer = (text: string): string[] =>
  text
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));

function follow(root: Schema, keys: readonly string[]): Schema {
  return keys.reduce<Schema>((schema, key) => resolveRef((schema[key] ?? {}) as Schema, root), root);
}

function resolveRef(schema: Schema, root: Schema): Schema {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? follow(root, pointer(ref.slice(1))) : schema;
}

const valueAt = (data: unknown, path: SettingPath): unknown =>
  path.reduce<any>((value, key) => (value === undefined || value === null ? undefined : value[key]), data);

/** A finding, placed in a file. */
export const placed = (finding: Finding, place: Place) => ({ ...place, message: finding.message });
