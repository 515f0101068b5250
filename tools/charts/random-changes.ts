import { isPlainMap } from '../../src/settings/merge';
import type { ValuePath } from '../../src/outputs/chart/template';
import { isClosed } from './held';
import type { Probe, Schema } from './probe';
import { changesOf, optionalsOf } from './samples';
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
  ) {}

  /** One to four changes of values. */
  public change(values: Values): Change[] {
    const count = this.pick([1, 1, 2, 3, 4]);
    let changed = values;
    const changes: Change[] = [];
    for (let index = 0; index < count; index += 1) {
      const { path, schema, isOptional, values = [] } = this.pick(this.places(changed, this.probe.root, []));
      const before = valueAt(changed, path);
      const value = isOptional ? undefined : before === undefined ? this.pick(values) : this.other(before, schema);
      changed = withValue(changed, path, value);
      changes.push({ path, value, schema });
    }
    return changes;
  }

  private pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)]!;
  }

  private other(value: unknown, schema: Schema): unknown {
    if (typeof value === 'number' && this.random() < 0.5) {
      const wide = Math.round(value * (0.2 + 3 * this.random()));
      return schema.type === 'integer' || Number.isInteger(value)
        ? wide
        : Math.round(value * this.random() * 1e4) / 1e4;
    }
    const all = changesOf(value, schema).filter((one) => JSON.stringify(one) !== JSON.stringify(value));
    return all.length > 0 ? this.pick(all) : value;
  }

  private places(values: Values, given: Schema, path: ValuePath): Place[] {
    const schema = this.probe.resolve(given);
    const value = valueAt(values, path);
    if (path.length > 0 && (value === undefined || !this.isOffered(path))) return [];
    if (!isPlainMap(value)) return [{ path, schema, isOptional: false }];
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
      const values = value[key] === undefined && this.isOffered(inside) ? optionalsOf(inside) : [];
      return values.length > 0 ? [{ path: inside, schema: this.probe.resolve(own), isOptional: false, values }] : [];
    });
  }

  /** Entries that there are not yet, by keys of several kinds. */
  private additions(schema: Schema, value: object, path: ValuePath): Place[] {
    if (schema.properties || typeof schema.additionalProperties !== 'object' || isClosed(path)) return [];
    const own = this.probe.resolve(schema.additionalProperties);
    const keys = path.length === 0 ? [] : NEW_KEYS.filter((key) => !Object.hasOwn(value, key));
    const first = Object.values(value)[0] ?? EXAMPLES[own.type ?? 'string'];
    const values = [first, ...changesOf(first, own)];
    return keys.map((key) => ({ path: [...path, key], schema: own, isOptional: false, values }));
  }
}

/** Keys of entries, as variables, labels and annotations have them. */
const NEW_KEYS = ['EXTRA_KEY', 'extra-key', 'extra.example/key'];

const EXAMPLES: Readonly<Record<string, unknown>> = {
  integer: 7,
  number: 7,
  boolean: true,
  object: {},
  string: 'probed',
};
