import { isWithin } from '../../src/outputs/chart/fixed';
import { isPlainMap } from '../../src/settings/merge';
import { keyOf, type ValuePath } from '../../src/outputs/chart/template';
import { isClosed } from './held';
import type { Probe, Schema } from './probe';
import {
  changesOf,
  emptyListsAlike,
  inSmallerUnit,
  isApart,
  optionalsOf,
  pairsOf,
  QUANTITY,
  switchesOf,
  type Turn,
  turnsOf,
  withPort,
} from './samples';
import { type Values, valueAt, withValue } from '../../src/outputs/chart/values';

/** A random number of at least 0 and below 1, the next of a row that begins with its seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A value that becomes another; nothing where it is taken out. */
export interface Change {
  readonly path: ValuePath;
  readonly value: unknown;
  readonly schema: Schema;
}

/** Values with some changes. */
export const withChanges = (values: Values, changes: readonly Change[]): Values =>
  changes.reduce((sum, { path, value }) => withValue(sum, path, value), values);

/** A value that can be changed, or taken out. */
interface Place {
  readonly path: ValuePath;
  readonly schema: Schema;
  readonly isOptional: boolean;
  /** What may stand there, where nothing does. */
  readonly values?: readonly unknown[];
}

/** Changes values of a system at random: single ones, several, and switches. */
export class RandomChanges {
  public constructor(
    private readonly probe: Probe,
    private readonly random: () => number,
    /** Whether a value is one that may be changed. */
    private readonly isOffered: (path: ValuePath) => boolean,
    /** Whether something that has a name may be left out: it is there or not, and has no defaults. */
    private readonly isSwitch: (path: ValuePath) => boolean,
    /** Values of environments: parts of one may be put into another that has none. */
    private readonly lent: readonly Values[] = [],
  ) {}

  /** One to four changes of values, in each third row of what decides what there is of one part. */
  public change(values: Values): Change[] {
    const turned = this.random() < 0.35 ? this.turned(values) : [];
    if (turned.length > 0) return turned;
    const count = this.pick([1, 1, 2, 3, 4]);
    const isNear = this.random() < 0.4;
    let changed = values;
    const changes: Change[] = [];
    for (let index = 0; index < count; index += 1) {
      const places = this.places(changed, this.probe.root, []);
      const [first] = changes;
      // What means something together often stands together.
      const near = isNear && first ? places.filter(({ path }) => isWithin(path, first.path.slice(0, 2))) : [];
      const { path, schema, isOptional, values = [] } = this.pick(near.length > 0 ? near : places);
      const before = valueAt(changed, path);
      const value = isOptional
        ? undefined
        : before === undefined
          ? this.pick(values)
          : this.other(before, schema, path);
      changed = withValue(changed, path, value);
      changes.push({ path, value, schema });
    }
    return changes;
  }

  /**
   * Every value alone, in every way that one is changed here; two parts at once that are not there; and empty lists of one
   * name, all of them at once.
   */
  public each(values: Values): Change[][] {
    const places = this.places(values, this.probe.root, []);
    const single = places.flatMap(({ path, schema, isOptional, values: added = [] }) => {
      const before = valueAt(values, path);
      const all = before === undefined ? added : [...this.wide(before, schema), ...this.others(before, schema, path)];
      return (isOptional ? [undefined] : all).map((value): Change[] => [{ path, value, schema }]);
    });
    const schemas = new Map(places.map(({ path, schema }) => [keyOf(path), schema]));
    const lists = emptyListsAlike(values).flatMap((paths) => {
      const open = paths.filter((path) => schemas.has(keyOf(path)));
      const word = this.word();
      const filled = (wordOf: (index: number) => string) =>
        open.map((path, index): Change => ({ path, value: [wordOf(index)], schema: schemas.get(keyOf(path))! }));
      return [filled((index) => `${word}-${index}`), filled((index) => `${word}-${index % 2}`)];
    });
    return [...single, ...this.pairs(values), ...lists.filter(({ length }) => length > 0)];
  }

  /** Two parts at once that are not there, and two turns of one part. */
  private pairs(values: Values): Change[][] {
    const groups = [switchesOf(values, this.isSwitch), ...turnsOf(values, this.probe, [3, 5], this.isSwitch)];
    return groups.flatMap((turns) => pairsOf(this.offered(turns)).map((pair) => pair.map((one) => this.changeOf(one))));
  }

  /** Two to four turns of one part. */
  private turned(values: Values): Change[] {
    const groups = turnsOf(values, this.probe, [0, 2, 3, 5], this.isSwitch).map((turns) => this.offered(turns));
    const turns = this.pick(groups.filter(({ length }) => length > 1));
    const count = this.pick([2, 2, 3, 4]);
    let taken: Turn[] = [];
    for (let index = 0; turns && index < count * 2 && taken.length < count; index += 1) {
      const one = this.pick(turns);
      if (taken.every((other) => isApart(one, other))) taken = [...taken, one];
    }
    return taken.map((one) => this.changeOf(one));
  }

  private offered = (turns: readonly Turn[]): Turn[] =>
    turns.filter(({ path }) => path.every((_, index) => this.isOffered(path.slice(0, index + 1))));

  private changeOf = ({ path, value }: Turn): Change => ({ path, value, schema: this.probe.at(path)! });

  private pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)]!;
  }

  private other(value: unknown, schema: Schema, path: ValuePath): unknown {
    const wide = this.wide(value, schema);
    if (wide.length > 0 && this.random() < 0.5) return this.pick(wide);
    const all = this.others(value, schema, path);
    return all.length > 0 ? this.pick(all) : value;
  }

  private others(value: unknown, schema: Schema, path: ValuePath): unknown[] {
    const filled = Array.isArray(value) && value.length === 0 ? optionalsOf(path, this.word()) : [];
    const all = [...filled, ...changesOf(value, schema, this.word())];
    return all.filter((one) => JSON.stringify(one) !== JSON.stringify(value));
  }

  /** Amounts and ports that no list of changes has. */
  private wide(value: unknown, schema: Schema): unknown[] {
    const factor = 0.2 + 3 * this.random();
    if (typeof value === 'number') {
      const isWhole = schema.type === 'integer' || Number.isInteger(value);
      return [isWhole ? Math.round(value * factor) : Math.round(value * this.random() * 1e4) / 1e4];
    }
    if (typeof value !== 'string') return [];
    const [, amount, unit = ''] = QUANTITY.exec(value) ?? [];
    if (amount === undefined) return withPort(value, () => 1 + Math.floor(this.random() * 65_535));
    const other = Math.max(1, Math.round(+amount * factor));
    return [`${other}${unit}`, ...inSmallerUnit(other, unit, 1 + Math.floor(this.random() * 23))];
  }

  private places(values: Values, given: Schema, path: ValuePath): Place[] {
    const schema = this.probe.resolve(given);
    const value = valueAt(values, path);
    if (path.length > 0 && (value === undefined || !this.isOffered(path))) return [];
    if (!isPlainMap(value)) {
      const items = Array.isArray(value) && schema.items ? value : [];
      const inside = items.flatMap((item, index) =>
        isPlainMap(item) ? this.places(values, schema.items!, [...path, `${index}`]) : [],
      );
      return [{ path, schema, isOptional: false }, ...inside];
    }
    const below = Object.keys(value).flatMap((key): Place[] => {
      const inside = [...path, key];
      const own = schema.properties?.[key] ?? schema.additionalProperties;
      if (typeof own !== 'object' || key === 'namespace') return [];
      const isEntry = schema.properties === undefined;
      const isGone = (isEntry && !isClosed(path) && this.isOffered(inside)) || this.isSwitch(inside);
      const gone: Place[] = isGone ? [{ path: inside, schema, isOptional: true }] : [];
      return [...gone, ...this.places(values, own, inside)];
    });
    return [...below, ...this.additions(schema, value, path), ...this.optionals(schema, value, path)];
  }

  /** What has no default. */
  private optionals(schema: Schema, value: Values, path: ValuePath): Place[] {
    return Object.entries(schema.properties ?? {}).flatMap(([key, own]): Place[] => {
      const inside = [...path, key];
      if (value[key] !== undefined || !this.isOffered(inside)) return [];
      const values = [
        ...optionalsOf(inside, this.word()),
        ...this.lent.map((one) => valueAt(one, inside)).filter(isPlainMap),
      ];
      return values.length > 0 ? [{ path: inside, schema: this.probe.resolve(own), isOptional: false, values }] : [];
    });
  }

  /** Entries that there are not yet, by keys of several kinds. */
  private additions(schema: Schema, value: object, path: ValuePath): Place[] {
    if (schema.properties || typeof schema.additionalProperties !== 'object' || isClosed(path)) return [];
    const own = this.probe.resolve(schema.additionalProperties);
    const keys = path.length === 0 ? [] : this.newKeys();
    const word = this.word();
    const first = Object.values(value)[0] ?? EXAMPLES[own.type ?? 'string'] ?? word;
    const values = [first, ...changesOf(first, own, word)];
    return keys
      .filter((key) => !Object.hasOwn(value, key))
      .map((key) => ({ path: [...path, key], schema: own, isOptional: false, values }));
  }

  /** Others each time, or templates that name them would be right. */
  private word(): string {
    return `w${Math.floor(this.random() * 36 ** 4).toString(36)}`;
  }

  /** Keys as variables, labels and annotations have them. */
  private newKeys(): string[] {
    const word = this.word();
    return [`EXTRA_${word.toUpperCase()}`, `extra-${word}`, `extra.example/${word}`];
  }
}

const EXAMPLES: Readonly<Record<string, unknown>> = {
  integer: 7,
  number: 7,
  boolean: true,
  object: {},
};
