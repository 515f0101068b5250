import { MARK } from './helpers';
import { type Schema, typesOf } from './schema';
import type { Setting } from './settings';

/** `values.schema.json`: Helm refuses what the settings refuse. */
export function valuesSchema(root: Setting): string {
  const { properties, ...rest } = schemaOf(root);
  const global: Schema = { type: 'object', description: 'What charts around this one give to all within them.' };
  const schema = {
    $comment: MARK,
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...rest,
    description: undefined,
    properties: { ...properties, global },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

const KEPT = [
  'title',
  'description',
  'enum',
  'anyOf',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minItems',
  'minProperties',
] as const;

function schemaOf(setting: Setting): Schema {
  const { schema, isRequired } = setting;
  const types = typesOf(schema);
  const kept = Object.fromEntries(KEPT.flatMap((key) => (schema[key] === undefined ? [] : [[key, schema[key]]])));
  const type =
    types.length === 1 && isRequired
      ? types[0]
      : types.length > 0
        ? [...types, ...(isRequired ? [] : ['null'])]
        : undefined;
  const choices = schema.enum && !isRequired ? { enum: [...schema.enum.filter((one) => one !== null), null] } : {};
  return { type, ...kept, ...choices, ...patternOf(schema), ...within(types, setting) };
}

/** What nobody can give a value. */
const FIXED: Schema = { not: {}, description: 'Was decided when the chart was made.' };

function within(types: readonly string[], { named, entry, schema, refused = [], fixed = [] }: Setting): Schema {
  if (types.includes('array')) return entry ? { items: schemaOf(entry) } : {};
  if (!types.includes('object')) return {};
  const properties = [
    ...named.map((one) => [one.path.at(-1)!, schemaOf(one)] as const),
    ...fixed.map((key) => [key, FIXED] as const),
  ];
  const required = named.filter(({ isRequired }) => isRequired).map(({ path }) => path.at(-1)!);
  return {
    additionalProperties: entry ? schemaOf(entry) : false,
    ...(schema.propertyNames || refused.length > 0 ? { propertyNames: namesOf(schema, refused) } : {}),
    ...(named.length + fixed.length > 0 ? { properties: Object.fromEntries(properties) } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

const namesOf = ({ propertyNames = {} }: Schema, refused: readonly string[]): Schema => ({
  ...propertyNames,
  pattern: undefined,
  ...patternOf(propertyNames),
  ...(refused.length > 0 ? { not: { enum: refused } } : {}),
});

/** Looking around, and going back. */
const BEYOND_RE2 = /\(\?(?!:)|\\[1-9k]/;

/** Whether Helm takes a pattern: its regular expressions (RE2) do not know these, and count no further than a thousand. */
export function isRe2(pattern: string): boolean {
  const plain = pattern.replace(/\\\\/g, '');
  const counts = [...plain.matchAll(/\{([0-9,]+)\}/g)].flatMap(([, count]) => count!.split(',').map(Number));
  return !BEYOND_RE2.test(plain) && counts.every((count) => count <= 1000);
}

function patternOf({ pattern }: Schema): Schema {
  if (pattern === undefined) return {};
  return isRe2(pattern) ? { pattern } : { $comment: `Helm cannot check the pattern ${pattern}` };
}
