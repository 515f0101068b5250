import { ANY, type Readings } from './paths';
import { below, refusedKeys, resolved, type Schema, type SchemaDocument, typesOf } from './schema';
import type { ChartSource } from './source';
import { type ValuePath, keyOf } from './template';
import { isCollection, type Values } from './values';

/** A value of a chart, with those within it. */
export interface Setting {
  readonly path: ValuePath;
  /** Without what is said of those within it. */
  readonly schema: Schema;
  /** Whether it may not be taken out. */
  readonly isRequired: boolean;
  /** Those that have names, in the order of the schema. */
  readonly named: readonly Setting[];
  /** Any entry of a map or list. */
  readonly entry?: Setting;
  /** Keys that no entry may have, since templates write them beside the entries. */
  readonly refused?: readonly string[];
  /** Keys of entries that are taken out. */
  readonly fixed?: readonly string[];
}

/** Every value of a chart as a tree: what has a value somewhere, or is read, less what is taken out. */
export function settingsOf(
  document: SchemaDocument,
  values: readonly Values[],
  readings: Readings,
  taken: readonly ValuePath[],
  shape: Pick<ChartSource, 'switches' | 'closed'> = {},
): Setting {
  return new Pruner(document, readings, taken, shape).setting([], document, values, true);
}

class Pruner {
  private readonly around: ReadonlySet<string>;
  private readonly whole: ReadonlySet<string>;
  private readonly needed: ReadonlySet<string>;
  private readonly taken: ReadonlySet<string>;
  private readonly switches: ReadonlySet<string> | undefined;
  private readonly closed: ReadonlySet<string>;
  private readonly beside: ReadonlyMap<string, readonly string[]>;

  public constructor(
    private readonly document: SchemaDocument,
    readings: Readings,
    private readonly takenPaths: readonly ValuePath[],
    { switches, closed = [] }: Pick<ChartSource, 'switches' | 'closed'>,
  ) {
    this.switches = switches && new Set(switches.map(keyOf));
    this.closed = new Set(closed.map(keyOf));
    const [read, optional, needed] = [readings.read, readings.optional, readings.needed].map((paths) =>
      paths.map((path) => this.general(path)),
    );
    this.around = new Set(
      [...read!, ...optional!].flatMap((path) => path.map((_, index) => keyOf(path.slice(0, index + 1)))),
    );
    this.whole = new Set(read!.map(keyOf));
    this.needed = new Set(needed!.map(keyOf));
    this.taken = new Set(takenPaths.map(keyOf));
    this.beside = new Map(readings.beside.map(({ over, keys }) => [keyOf(this.general(over)), keys]));
  }

  public setting(path: ValuePath, given: Schema, values: readonly unknown[], isRequired: boolean): Setting {
    const { properties = {}, required = [], items, additionalProperties, ...schema } = resolved(given, this.document);
    const named = Object.entries(properties).flatMap(([key, own]): Setting[] => {
      const inside = [...path, key];
      const found = values.flatMap((one) => (isCollection(one) && Object.hasOwn(one, key) ? [one[key]] : []));
      if (!this.isOf(inside, found)) return [];
      // Without it the chart would have nothing to say, where the settings have a default.
      const isNeeded = this.isNeeded(inside) && found.length > 0 && found.length === values.length;
      return [this.setting(inside, own, found, required.includes(key) || isNeeded)];
    });
    const any = items ?? additionalProperties;
    if (typeof any !== 'object') return { path, schema, isRequired, named };
    const found = values.flatMap((one) => (isCollection(one) ? Object.values(one) : []));
    if (this.closed.has(keyOf(path))) return { path, schema, isRequired, named: this.entries(path, any, values) };
    const special = items ? [] : this.special(path).filter((key) => !Object.hasOwn(properties, key));
    const [fixed, others] = [true, false].map((is) => special.filter((key) => this.isTaken([...path, key]) === is));
    const own = others!.map((key) => {
      const given = values.flatMap((one) => (isCollection(one) && Object.hasOwn(one, key) ? [one[key]] : []));
      return this.setting([...path, key], any, given, false);
    });
    return {
      path,
      schema,
      isRequired,
      named: [...named, ...own],
      entry: this.setting([...path, ANY], any, found, true),
      refused: refusedKeys(schema, values, this.beside.get(keyOf(path)) ?? []),
      fixed,
    };
  }

  /** Entries that there are, and no others. */
  private entries(path: ValuePath, any: Schema, values: readonly unknown[]): Setting[] {
    const maps = values.filter(isCollection);
    return [...new Set(maps.flatMap((one) => Object.keys(one)))].map((key) => {
      const found = maps.flatMap((one) => (Object.hasOwn(one, key) ? [one[key]] : []));
      return this.setting([...path, key], any, found, found.length === values.length);
    });
  }

  /** What has a default in the settings has it in the values: there it cannot be left out. */
  private isNeeded(path: ValuePath): boolean {
    return this.switches ? !this.switches.has(keyOf(path)) : this.needed.has(keyOf(path));
  }

  /** Entries of a map of which something is taken out, and of others not. */
  private special(path: ValuePath): string[] {
    const within = this.takenPaths.filter(
      (one) => one.length > path.length && path.every((key, index) => key === one[index]),
    );
    return [...new Set(within.map((one) => one[path.length]!))].filter((key) => key !== ANY);
  }

  private isTaken(path: ValuePath): boolean {
    return this.taken.has(keyOf(path)) || this.taken.has(keyOf(this.general(path)));
  }

  private isOf(own: ValuePath, values: readonly unknown[]): boolean {
    if (this.isTaken(own)) return false;
    const path = this.general(own);
    const isWhole = path.some((_, index) => this.whole.has(keyOf(path.slice(0, index + 1))));
    return isWhole || this.around.has(keyOf(path)) || values.some((one) => one !== undefined && one !== null);
  }

  /** The path with `*` for each place in a list. */
  private general(path: ValuePath): string[] {
    let schema: Schema | undefined = resolved(this.document, this.document);
    return path.map((key) => {
      const isList: boolean = schema !== undefined && typesOf(schema).includes('array');
      const isNamed = schema?.properties?.[key] !== undefined;
      const inside: Schema | undefined = schema && below(schema, key);
      const isAny = isList || (inside !== undefined && !isNamed);
      schema = inside && resolved(inside, this.document);
      return isAny ? ANY : key;
    });
  }
}
