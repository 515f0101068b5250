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

/** What a strict API server of this minor has against the object, each problem with its JSON pointer. */
export function schemaErrors(object: any, minor: string): string[] {
  const kind = `${object?.apiVersion}/${object?.kind}`;
  const validate = validator(kind, minor);
  if (!validate) return [`/kind: no schema of ${kind} in Kubernetes ${minor}`];
  return validate(object) ? [] : validate.errors!.map((error) => message(error, object));
}

function validator(kind: string, minor: string): ValidateFunction | undefined {
  const { kinds, ajv } = schemas(minor);
  // Compiles what the kind needs when it is first asked for, and keeps it.
  return Object.hasOwn(kinds, kind) ? ajv.getSchema(`kubernetes${kinds[kind]}`) : undefined;
}

function schemas(minor: string): Schemas {
  const known = loaded.get(minor) ?? load(minor);
  loaded.set(minor, known);
  return known;
}

function load(minor: string): Schemas {
  if (!minors.includes(minor)) throw new Error(`no schemas of Kubernetes ${minor}, only of ${minors.join(', ')}`);
  const { kinds, definitions } = JSON.parse(readFileSync(join(folder, `kubernetes-${minor}.json`), 'utf8'));
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  return { kinds, ajv: ajv.addSchema({ $id: 'kubernetes', definitions }) };
}

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
