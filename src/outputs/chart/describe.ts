import { type Schema, typesOf } from './schema';
import type { Setting } from './settings';

/** What a value may be, in a few words. */
export function kindOf({ schema, entry }: Setting): string {
  if (schema.enum)
    return schema.enum
      .filter((one) => one !== null)
      .map((one) => `\`${String(one)}\``)
      .join(', ');
  const types = typesOf(schema).map((type) => wordOf(type, schema, entry));
  return types.length === 0 ? 'any' : types.join(' or ');
}

function wordOf(type: string, schema: Schema, entry: Setting | undefined): string {
  if (type === 'string') return schema.title ? `text, ${schema.title}` : 'text';
  if (type === 'array') return entry ? `list (each: ${kindOf(entry)})` : 'list';
  if (type === 'object') return entry ? `map (each: ${kindOf(entry)})` : 'map';
  return `${type === 'integer' ? 'whole number' : type}${boundsOf(schema)}`;
}

function boundsOf(schema: Schema): string {
  const bounds: [keyof Schema, string][] = [
    ['minimum', 'at least'],
    ['exclusiveMinimum', 'above'],
    ['maximum', 'at most'],
    ['exclusiveMaximum', 'below'],
  ];
  return bounds
    .flatMap(([key, words]) => (schema[key] === undefined ? [] : [`, ${words} ${String(schema[key])}`]))
    .join('');
}

/** What the settings say, and means something else where values have been computed. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'quota.amounts':
    'What all pods and claims may ask for together. What is installed has to fit: a chart computes no sums.',
};

/** What is said of a value, as paragraphs; of one that is there not what it is where it is not. */
export const paragraphsOf = ({ path, schema }: Setting, isSet: boolean): string[] =>
  (OTHERWISE[path.join('.')] ?? schema.description ?? '').split(/\n{2,}/).flatMap((one) => {
    const text = one.replace(/\s+/g, ' ').trim();
    const isDefault = text.startsWith('Default: ');
    return text === '' || (isDefault && (isSet || text === NO_DEFAULT)) ? [] : [text];
  });

/** What settings say that every construct has a default of its own for. */
const NO_DEFAULT = 'Default: as the construct says.';

/** Every setting with a value of its own, outermost first. */
export const leavesOf = (setting: Setting): Setting[] => {
  const within = [...setting.named, ...(setting.entry && setting.entry.named.length > 0 ? [setting.entry] : [])];
  const isLeaf =
    setting.path.length > 0 &&
    (setting.named.length === 0 || setting.entry !== undefined) &&
    setting.path.at(-1) !== '*';
  return [...(isLeaf ? [setting] : []), ...within.flatMap(leavesOf)];
};
