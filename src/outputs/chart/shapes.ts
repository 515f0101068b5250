import type { Readings } from './paths';
import { below, resolved, type Schema, type SchemaDocument, typesOf } from './schema';
import { isCollection, type Values } from './values';
import { keyOf } from './template';

/** What is known of the value at a path. */
export interface Shape {
  /** As `*` for each entry of a range. */
  readonly path: readonly string[];
  readonly schema: Schema;
  /** What stands there in the values of the chart and of its environments. */
  readonly examples: readonly unknown[];
  /** Whether it is there whatever the values are. */
  readonly isThere: boolean;
}

export type ShapeType = 'string' | 'integer' | 'number' | 'boolean' | 'list' | 'map' | 'any';

/** What values look like: as their schema says, and as they are. */
export class Shapes {
  public readonly root: Shape;
  /** Paths of which templates ask whether there is anything. */
  private readonly optional: ReadonlySet<string>;
  /** Those around them. */
  private readonly around: ReadonlySet<string>;
  private readonly known = new Map<string, Shape>();

  public constructor(
    private readonly document: SchemaDocument,
    values: readonly Values[],
    { optional }: Readings,
  ) {
    this.optional = new Set(optional.map(keyOf));
    this.around = new Set(optional.flatMap((path) => path.map((_, index) => keyOf(path.slice(0, index)))));
    this.root = { path: [], schema: resolved(document, document), examples: values, isThere: true };
  }

  /** What stands below a key. Asked for the same again and again. */
  public step(shape: Shape, key: string): Shape {
    const place = keyOf([...shape.path, key]);
    let found = this.known.get(place);
    if (!found) this.known.set(place, (found = this.below(shape, key)));
    return found;
  }

  private below(shape: Shape, key: string): Shape {
    const path = [...shape.path, key];
    const examples = shape.examples.map((one) => (isCollection(one) && Object.hasOwn(one, key) ? one[key] : undefined));
    const isThere = shape.isThere && this.isThere(shape.schema, path) && examples.every((one) => one !== undefined);
    return this.shape(path, below(shape.schema, key), examples, isThere);
  }

  /** What any entry of a map or list is. */
  public entry(shape: Shape): Shape {
    const examples = shape.examples.flatMap((one) => (isCollection(one) ? Object.values(one) : []));
    return this.shape([...shape.path, '*'], below(shape.schema, '*'), examples, true);
  }

  /** What is not asked for is there, and what it is in, unless that may be left out as a whole. */
  private isThere({ properties, required = [] }: Schema, path: readonly string[]): boolean {
    const key = path.at(-1)!;
    const place = keyOf(path);
    if (properties?.[key] === undefined || this.optional.has(place)) return false;
    return required.includes(key) || !this.around.has(place);
  }

  private shape(path: readonly string[], schema: Schema | undefined, examples: unknown[], isThere: boolean): Shape {
    const own = schema ? resolved(schema, this.document) : {};
    return { path, schema: own, examples: examples.filter((one) => one !== undefined && one !== null), isThere };
  }
}

/** The type of a value; any where it may have several. */
export function typeOf({ schema, examples }: Shape): ShapeType {
  const types = typesOf(schema);
  const found = types.length > 0 ? types : [...new Set(examples.map(typeOfValue))];
  if (found.length !== 1) return 'any';
  const [type] = found as [string];
  return type === 'array' ? 'list' : type === 'object' ? 'map' : (type as ShapeType);
}

function typeOfValue(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'number' : typeof value;
}

/** Whether text with these characters may stand there, or in what stands there. */
export function mayHold(shape: Shape, characters: readonly string[]): boolean {
  const { schema, examples } = shape;
  const types = typesOf(schema);
  if (types.length > 0 && types.every((type) => ['integer', 'number', 'boolean'].includes(type))) return false;
  if (schema.enum) return schema.enum.some((one) => characters.some((character) => String(one).includes(character)));
  if (schema.pattern === undefined) return true;
  const pattern = new RegExp(schema.pattern);
  const texts = examples.filter((one) => typeof one === 'string' && pattern.test(one)) as string[];
  if (texts.length === 0) return true;
  // No expression is taken apart here: what it takes is tried at every place of what it is known to take.
  return texts.some((text) =>
    Array.from({ length: text.length + 1 }, (_, index) => index).some((index) =>
      characters.some((character) => pattern.test(text.slice(0, index) + character + text.slice(index))),
    ),
  );
}
