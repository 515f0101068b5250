/** A JSON schema, as far as charts look into it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly not?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly title?: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly default?: unknown;
  readonly $comment?: string;
}

/** A schema with what its references name. */
export interface SchemaDocument extends Schema {
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/** A schema in whose place a reference may stand; what is said beside a reference comes first. */
export function resolved(schema: Schema, { definitions }: SchemaDocument): Schema {
  let { $ref, ...found } = schema;
  while ($ref !== undefined) {
    const { $ref: next, ...target }: Schema = definitions?.[$ref.replace('#/definitions/', '')] ?? {};
    found = { ...target, ...found };
    $ref = next;
  }
  return found;
}

/** The types that a value may have; nothing to be there is none. */
export function typesOf({ type, enum: choices }: Schema): readonly string[] {
  const types = type ?? [...new Set(choices?.map((one) => (one === null ? 'null' : typeof one)))];
  return [types].flat().filter((one) => one !== 'null');
}

/** The schema of what stands below a key, or in any place of a list. */
export function below(schema: Schema, key: string): Schema | undefined {
  const own = schema.properties?.[key] ?? schema.items ?? schema.additionalProperties;
  return typeof own === 'object' ? own : undefined;
}

/** The schema of what stands at a path; nothing where nothing may stand. */
export const schemaAt = (document: SchemaDocument, path: readonly string[]): Schema | undefined =>
  path.reduce<Schema | undefined>(
    (schema, key) => schema && optional(below(schema, key), document),
    resolved(document, document),
  );

const optional = (schema: Schema | undefined, document: SchemaDocument) => schema && resolved(schema, document);

/** Which of these keys nobody may give a map of values. Where values do all the same, templates leave them out. */
export function refusedKeys(
  { propertyNames }: Schema,
  examples: readonly unknown[],
  keys: readonly string[],
): readonly string[] {
  const pattern = new RegExp(propertyNames?.pattern ?? '');
  const isGiven = (key: string) =>
    examples.some((one) => typeof one === 'object' && one !== null && Object.hasOwn(one, key));
  return keys.filter((key) => pattern.test(key) && !isGiven(key));
}

/** The environment is a value of its own: in the settings it is the name of a file. */
const ENVIRONMENT: Schema = {
  type: 'string',
  pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$',
  title: 'a name in lower case, with dashes',
  description: 'What the environment is called: on labels, on dashboards and in alerts.',
};

/** The schema of all that templates read: that of the settings, and the environment before them. */
export function withEnvironment(document: SchemaDocument): SchemaDocument {
  const { definitions, ...root } = document;
  const { properties, required = [], ...rest } = resolved(root, document);
  return {
    ...rest,
    definitions,
    properties: { environment: ENVIRONMENT, ...properties },
    required: ['environment', ...required],
  };
}
