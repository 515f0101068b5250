import type { FinishedObject } from '../../src/outputs/plain';
import { isPlainMap } from '../../src/settings/merge';
import { type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { type Held, isClosed, keepsHeld } from './held';
import type { Probe, Schema } from './probe';
import { leavesOf } from './values';
import { type Values, valueAt, withValue } from '../../src/outputs/chart/values';

/** Values, and the objects that come of them. */
export interface Sample {
  readonly values: Values;
  readonly objects: readonly FinishedObject[];
  /** The sample of which it differs in one place. */
  readonly origin?: Sample;
  /** That place. */
  readonly changed?: ValuePath;
}

/** Samples around environments: each with one thing changed in a few ways. */
export class Sampler {
  public readonly samples: Sample[] = [];
  /** Places where something can be left out as a whole. */
  public readonly switches = new Map<string, ValuePath>();
  private readonly seen = new Set<string>();
  private readonly looked = new Set<string>();
  private readonly shared = new Map<string, FinishedObject>();

  public constructor(
    private readonly probe: Probe,
    private readonly held: readonly Held[] = [],
  ) {}

  /** Builds, where it can be built and was not yet. Equal objects are the same. */
  public add(values: Values, origin?: Sample, changed?: ValuePath): Sample | undefined {
    const key = JSON.stringify(values);
    if (this.seen.has(key)) return undefined;
    this.seen.add(key);
    if (!keepsHeld(values, this.held)) return undefined;
    const objects = this.probe.build(values)?.map((object) => this.share(object));
    if (!objects) return undefined;
    const sample = { values, objects, origin, changed };
    this.samples.push(sample);
    return sample;
  }

  private share(object: FinishedObject): FinishedObject {
    const key = JSON.stringify(object);
    const known = this.shared.get(key);
    if (known) return known;
    this.shared.set(key, object);
    return object;
  }

  /** Everything around one environment; `others` lend it what they have. */
  public surround(values: Values, others: readonly Values[], tries: number): void {
    const origin = this.add(values);
    if (!origin) return;
    this.changeLeaves(origin, this.probe.root, [], tries);
    this.setOptionals(origin, this.probe.root, []);
    for (const other of others) this.takeOver(origin, values, other, []);
    this.lookInto(origin, 1);
  }

  /** Objects that one change has brought are seen but once: again, with what all objects say changed, and what is beside it. */
  private lookInto(origin: Sample, tries: number): void {
    const own = this.samples.filter((one) => one.origin === origin);
    const known = new Set(origin.objects.map(nameOf));
    for (const one of own) {
      const names = one.objects.map(nameOf).filter((name) => !known.has(name) && !this.looked.has(name));
      if (names.length === 0 || one.changed![0] === 'namespace' || one.changed![0] === 'environment') continue;
      names.forEach((name) => this.looked.add(name));
      const images = Object.keys(one.values).map((key) => [key, 'image', 'tag']);
      const tags = images.filter((path) => valueAt(one.values, path) !== undefined);
      for (const path of [...GLOBAL, ...tags]) this.changeBelow(one, path, tries);
    }
  }

  private changeBelow(origin: Sample, path: ValuePath, tries: number): void {
    let schema = this.probe.root;
    for (const key of path) {
      const below = schema.properties?.[key] ?? schema.additionalProperties ?? schema.items;
      if (typeof below !== 'object') return;
      schema = this.probe.resolve(below);
    }
    this.changeLeaves(origin, schema, path, tries);
    if (path[0] === 'environment')
      this.add(withValue(origin.values, path, `${String(origin.values['environment'])}x`), origin, path);
  }

  /** Takes over what another environment has, in parts as small as are accepted. Tells whether anything was. */
  private takeOver(origin: Sample, values: unknown, other: unknown, path: ValuePath): boolean {
    if (JSON.stringify(values) === JSON.stringify(other) || path[0] === 'environment') return false;
    const isOptional = values === undefined || other === undefined;
    if (!isOptional && isPlainMap(values) && isPlainMap(other)) {
      const keys = [...new Set([...Object.keys(values), ...Object.keys(other)])];
      const taken = keys.filter((key) => this.takeOver(origin, values[key], other[key], [...path, key]));
      const wanted = keys.filter((key) => JSON.stringify(values[key]) !== JSON.stringify(other[key]));
      if (taken.length === wanted.length || path.length === 0) return taken.length > 0;
    }
    return this.add(withValue(origin.values, path, other), origin, path) !== undefined;
  }

  private changeLeaves(origin: Sample, given: Schema, path: ValuePath, tries: number): void {
    const schema = this.probe.resolve(given);
    const value = valueAt(origin.values, path);
    const change = (inside: ValuePath, to: unknown) =>
      this.add(withValue(origin.values, inside, to), origin, inside) !== undefined;
    if (path.length === 0) change(['environment'], `${String(origin.values['environment'])}x`);
    if (isPlainMap(value) && (schema.properties || typeof schema.additionalProperties === 'object')) {
      for (const key of Object.keys(value)) {
        const below = schema.properties?.[key] ?? schema.additionalProperties;
        if (typeof below !== 'object') continue;
        if (!schema.properties && !isClosed(path)) change([...path, key], undefined);
        if (!schema.required?.includes(key) && this.isSwitch(origin.values, [...path, key]))
          this.switches.set([...path, key].join('.'), [...path, key]);
        if (this.switches.has([...path, key].join('.'))) change([...path, key], undefined);
        this.changeLeaves(origin, below, [...path, key], tries);
      }
      if (schema.properties || isClosed(path)) return;
      const item = Object.values(value)[0] ?? this.exampleOf(schema.additionalProperties as Schema);
      for (const key of ['PROBED_KEY', 'probed-key', 'probed'])
        if (item !== undefined && change([...path, key], item)) {
          const [other] = changesOf(item, this.probe.resolve(schema.additionalProperties as Schema));
          if (other !== undefined) change([...path, key], other);
          break;
        }
      return;
    }
    if (value === undefined) return;
    let left = schema.enum
      ? schema.enum.length
      : Array.isArray(value)
        ? 4
        : typeof value === 'number'
          ? tries + 1
          : tries;
    // Another that begins alike: lists of namespaces keep their order.
    const changes = path[0] === 'namespace' ? [`${String(value)}x`] : changesOf(value, schema);
    for (const to of changes) {
      if (left === 0) break;
      if (JSON.stringify(to) !== JSON.stringify(value) && change(path, to)) left -= 1;
    }
    if (Array.isArray(value) && schema.items) {
      value.forEach((item, index) => {
        if (typeof item === 'object') this.changeLeaves(origin, schema.items!, [...path, `${index}`], tries);
      });
    }
  }

  /** Everything that has no default, one after the other. */
  public setOptionals(origin: Sample, given: Schema, path: ValuePath): void {
    const schema = this.probe.resolve(given);
    const value = valueAt(origin.values, path);
    if (!isPlainMap(value) || this.isHeld(path)) return;
    for (const [key, own] of Object.entries(schema.properties ?? {})) {
      const inside = [...path, key];
      if (value[key] !== undefined) this.setOptionals(origin, own, inside);
      else if (!this.isHeld(inside))
        for (const one of optionalsOf(inside)) this.add(withValue(origin.values, inside, one), origin, inside);
    }
    const { additionalProperties: entry } = schema;
    if (typeof entry !== 'object') return;
    for (const key of Object.keys(value)) this.setOptionals(origin, entry, [...path, key]);
  }

  private isHeld(path: ValuePath): boolean {
    return this.held.some((one) => keyOf(one.path) === keyOf(path));
  }

  /** Whether leaving something out is another thing than saying nothing in it. */
  private isSwitch(values: Values, path: ValuePath): boolean {
    if (!isPlainMap(valueAt(values, path)) || path[0] === 'quota') return false;
    const [without, empty] = [undefined, {}].map((value) => this.probe.build(withValue(values, path, value)));
    return without !== undefined && (empty === undefined || JSON.stringify(empty) !== JSON.stringify(without));
  }

  private exampleOf(given: Schema): unknown {
    const { type } = this.probe.resolve(given);
    return type === 'object' ? {} : type === 'integer' ? 7 : 'probed';
  }
}

/** What stands in every object. */
const GLOBAL = [['namespace'], ['version'], ['costLabels']];

/** Without the digest that a Job has in its name. */
const nameOf = ({ manifest }: FinishedObject) =>
  `${manifest.kind}/${manifest.metadata.name}`.replace(/-[0-9a-f]{10}$/, '');

const QUANTITY = /^([0-9]+)(m|[KMGT]i|[smhd]|)$/;

/** What may stand where nothing does, by its key. Of all else an overlay decides whether it is there. */
const OPTIONAL: Readonly<Record<string, readonly unknown[]>> = {
  command: [['probed'], ['probed', '--now']],
  className: ['probed', 'fast-ssd'],
  cpu: ['777m', '1200m'],
  memory: ['77Mi', '1024Mi'],
};

/** What may stand at a path where nothing does. */
export const optionalsOf = (path: ValuePath): readonly unknown[] => OPTIONAL[path.at(-1)!] ?? [];

/** Other values of the kind of one. */
export function changesOf(value: unknown, schema: Schema): unknown[] {
  if (schema.enum) return [...schema.enum];
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'number') {
    const whole = schema.type === 'integer' || Number.isInteger(value);
    return whole
      ? [value + 1, 0, value * 3 + 2, 1, value - 1, 2, Math.ceil(value / 2), value * 2 + 1]
      : [value + 0.5, value / 2, value - 0.05, 1];
  }
  if (Array.isArray(value)) return changesOfList(value);
  if (typeof value !== 'string') return [];
  const [, amount = '', unit = ''] = QUANTITY.exec(value) ?? [];
  if (amount !== '') {
    const all = [+amount + 1, +amount * 3 + 2, +amount * 2, +amount - 1, Math.ceil(+amount / 2)];
    const plain = all.filter((one) => one > 0).map((one) => `${one}${unit}`);
    // Objects have it with a larger unit.
    const [first, ...more] = plain;
    const other = unit === 'm' ? `${Math.ceil(+amount / 1000) * 1000}m` : `${Math.ceil(+amount / 1024) * 1024}${unit}`;
    return unit === 'm' || /i$/.test(unit) ? [first, other, ...more] : plain;
  }
  return [
    `${value}x`,
    `probed-${value}`,
    `${value}.example`,
    'probed',
    `probed.${value}`,
    `${value}/probed`,
    '/probed',
    'info',
    'debug',
    'error',
    '37 4 * * *',
    '10.99.0.0/16',
  ];
}

function changesOfList(value: readonly unknown[]): unknown[] {
  const last = value.at(-1);
  const more =
    typeof last === 'string'
      ? changesOf(last, {})
      : typeof last === 'number'
        ? [last + 1, last + 2]
        : last === undefined
          ? ['probed', 'probed.example']
          : renamed(last);
  const [first] = more;
  return [
    ...(value.length > 0 ? [[]] : []),
    ...more.slice(0, 3).map((item) => [...value, item]),
    ...(value.length > 1 ? [value.slice(0, -1)] : []),
    ...(first === undefined ? [] : [[...value.slice(0, -1), first]]),
  ];
}

const renamed = (item: unknown): unknown[] =>
  isPlainMap(item) && typeof item['name'] === 'string'
    ? [{ ...item, name: `${item['name']}x`, ...(item['route'] ? { route: `${String(item['route'])}x` } : {}) }]
    : [];

/** Paths of the values that say how much the namespaces may hold. */
export const amountsOf = (values: Values): ValuePath[] =>
  leavesOf(values['quota'], ['quota']).filter(([, key]) => key === 'amounts' || key === 'namespaces');

/** The same with so much room that what is changed around it is not refused for it. */
export function ample(values: Values): Values {
  return amountsOf(values).reduce<Values>((sum, path) => {
    const found = valueAt(values, path);
    return withValue(
      sum,
      path,
      typeof found === 'number' ? found + 5000 : /cpu/i.test(path.at(-1)!) ? '5000' : '9000Gi',
    );
  }, values);
}
