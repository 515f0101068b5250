import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schemas {
  /** Pointer of the definition of each `group/version/Kind`. */
  readonly kinds: Record<string, string>;
  readonly ajv: Ajv;
}

const folder = join(__dirname, '../schemas');
const loaded = new Map<string, Schemas>();

/** The Kubernetes minors there are schemas of, the oldest first. */
export const minors: string[] = readdirSync(folder)
  .flatMap((file) => /^kubernetes-(.+)\.json$/.exec(file)?.[1] ?? [])
  .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));

/**
 * What a strict API server of this minor has against the object, each problem with its JSON pointer. Of custom resources
 * there is one version for every minor.
 */
export function schemaErrors(object: any, minor: string): string[] {
  if (!minors.includes(minor)) throw new Error(`no schemas of Kubernetes ${minor}, only of ${minors.join(', ')}`);
  const kind = `${object?.apiVersion}/${object?.kind}`;
  const builtIn = validator(kind, `kubernetes-${minor}`);
  if (builtIn) return errors(builtIn, object);
  const custom = validator(kind, 'custom-resources');
  if (custom) return errors(custom, withDefaults(custom, object));
  return [`/kind: no schema of ${kind} in Kubernetes ${minor}`];
}

/** A server fills in the defaults of a custom resource before it checks it, the validator while it does. */
function withDefaults(validate: ValidateFunction, object: any): any {
  const filled = structuredClone(object);
  validate(filled);
  return filled;
}

function errors(validate: ValidateFunction, object: any): string[] {
  return validate(object) ? [] : validate.errors!.map((error) => message(error, object));
}

function validator(kind: string, name: string): ValidateFunction | undefined {
  const { kinds, ajv } = schemas(name);
  // Compiles what the kind needs when it is first asked for, and keeps it.
  return Object.hasOwn(kinds, kind) ? ajv.getSchema(`${name}${kinds[kind]}`) : undefined;
}

function schemas(name: string): Schemas {
  const known = loaded.get(name) ?? load(name);
  loaded.set(name, known);
  return known;
}

function load(name: string): Schemas {
  const { kinds, definitions } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, useDefaults: true, code: { regExp: goPattern } });
  return { kinds, ajv: ajv.addSchema({ $id: name, definitions }) };
}

/** Patterns are Go's, in which a group may say that case does not matter, and a class of one letter needs no braces. */
const goPattern = Object.assign(
  (pattern: string, flags: string) =>
    new RegExp(
      pattern.replaceAll('(?i)', '').replace(/\\([pP])([A-Z])/g, '\\$1{$2}'),
      pattern.includes('(?i)') ? `${flags}i` : flags,
    ),
  { code: 'goPattern' },
);

function message({ instancePath, keyword, params, message }: ErrorObject, object: any): string {
  if (keyword === 'additionalProperties') return `${child(instancePath, params.additionalProperty)}: unknown field`;
  if (keyword === 'required') return `${child(instancePath, params.missingProperty)}: required field is missing`;
  const expected = keyword === 'enum' ? `${params.allowedValues.join(' or ')} expected` : message;
  return `${instancePath || '/'}: ${expected}, got ${JSON.stringify(valueAt(object, instancePath))}`;
}

const child = (pointer: string, field: string) => `${pointer}/${field.replace(/~/g, '~0').replace(/\//g, '~1')}`;

function valueAt(object: any, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce((value, step) => value[step.replace(/~1/g, '/').replace(/~0/g, '~')], object);
}
