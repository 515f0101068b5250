import { isWithin } from '../../src/outputs/chart/fixed';
import type { FinishedObject } from '../../src/outputs/plain';
import { digestOf } from '../../src/platform/digest';
import { isPlainMap } from '../../src/settings/merge';
import { type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { type Held, isClosed, isHeldAt, isHeldWithin, keepsHeld } from './held';
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
  private readonly switches = new Set<string>();
  /** The sample of values, by their text; nothing where they are refused. */
  private readonly seen = new Map<string, Sample | undefined>();
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
    this.seen.set(key, undefined);
    if (!keepsHeld(values, this.held)) return undefined;
    const objects = this.probe.build(values)?.map((object) => this.share(object));
    if (!objects) return undefined;
    const sample = { values, objects, origin, changed };
    this.samples.push(sample);
    this.seen.set(key, sample);
    return sample;
  }

  private addOrFind(values: Values, origin: Sample, changed: ValuePath): Sample | undefined {
    return this.add(values, origin, changed) ?? this.seen.get(JSON.stringify(values));
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
    const before = this.samples.length;
    const origin = this.add(values);
    if (!origin) return;
    this.changeLeaves(origin, this.probe.root, [], tries);
    this.setOptionals(origin, this.probe.root, []);
    this.fillLists(origin);
    this.switchPairs(origin);
    this.turnPairs(origin);
    this.changeBesideChoices(origin);
    for (const other of others) this.takeOver(origin, values, other, []);
    this.lookIntoLent(origin);
    this.stopAll(origin);
    this.lookInto(origin, before, 1);
  }

  /** What another environment has lent is changed as what was there, and with the turns of its part. */
  private lookIntoLent(origin: Sample): void {
    for (const one of this.samples.filter((sample) => sample.origin === origin)) {
      const path = one.changed!;
      if (valueAt(origin.values, path) !== undefined || !isPlainMap(valueAt(one.values, path))) continue;
      this.changeBelow(one, path, 1);
      this.turnPairs(one, path);
    }
  }

  /** Nothing runs any more, one part after the other: what is there for any of them goes with the last. */
  private stopAll(origin: Sample): void {
    const paths = Object.keys(origin.values).map((key): ValuePath => [key, 'replicas']);
    const counts = paths.filter((path) => typeof valueAt(origin.values, path) === 'number');
    for (const row of [counts, [...counts].reverse()])
      row.reduce((from, path) => this.addOrFind(withValue(from.values, path, 0), from, path) ?? from, origin);
  }

  /** Objects that one change has brought are seen but once: again, with what all objects say changed, and what is beside it. */
  private lookInto(origin: Sample, from: number, tries: number): void {
    const own = this.samples.slice(from).filter((one) => one.changed);
    const known = new Set(origin.objects.map(nameOf));
    for (const one of own) {
      const names = one.objects.map(nameOf).filter((name) => !known.has(name) && !this.looked.has(name));
      if (names.length === 0 || one.changed![0] === 'namespace' || one.changed![0] === 'environment') continue;
      names.forEach((name) => this.looked.add(name));
      this.add(withValue(one.values, ['environment'], `${String(one.values['environment'])}x`), one, ['environment']);
      const images = Object.keys(one.values).map((key) => [key, 'image', 'tag']);
      const tags = images.filter((path) => valueAt(one.values, path) !== undefined);
      for (const path of [...GLOBAL, ...tags]) this.changeBelow(one, path, tries);
      // What two changes bring stands for what is in that part, too.
      if (one.origin !== origin) this.changeBelow(one, one.changed!.slice(0, 1), tries);
    }
  }

  private changeBelow(origin: Sample, path: ValuePath, tries: number): void {
    const schema = this.probe.at(path);
    if (schema) this.changeLeaves(origin, schema, path, tries);
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
          this.switches.add(keyOf([...path, key]));
        if (this.switches.has(keyOf([...path, key]))) change([...path, key], undefined);
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
    const empty = Array.isArray(value) && value.length === 0 ? optionalsOf(path) : [];
    const changes = path[0] === 'namespace' ? [`${String(value)}x`] : [...empty, ...changesOf(value, schema)];
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
  private setOptionals(origin: Sample, given: Schema, path: ValuePath): void {
    const schema = this.probe.resolve(given);
    const value = valueAt(origin.values, path);
    if (!isPlainMap(value) || isHeldAt(path, this.held)) return;
    for (const [key, own] of Object.entries(schema.properties ?? {})) {
      const inside = [...path, key];
      if (value[key] !== undefined) this.setOptionals(origin, own, inside);
      else if (!isHeldAt(inside, this.held)) this.setOptional(origin, schema, inside);
    }
    const { additionalProperties: entry } = schema;
    if (typeof entry !== 'object') return;
    for (const key of Object.keys(value)) this.setOptionals(origin, entry, [...path, key]);
  }

  /** One of them, in a few ways, and with it what stands beside it: both may be parts of one text. */
  private setOptional(origin: Sample, around: Schema, path: ValuePath): void {
    let set: Sample | undefined;
    // Of the first that is accepted the others are changes.
    for (const value of optionalsOf(path)) {
      const added = this.add(withValue(origin.values, path, value), set ?? origin, path);
      set ??= added;
    }
    if (!set) return;
    const schema = this.probe.resolve(around.properties![path.at(-1)!]!);
    if (schema.properties) {
      this.changeLeaves(set, schema, path, 2);
      this.setOptionals(set, schema, path);
    }
    const outside = path.slice(0, -1);
    if (outside.length === 0) return;
    for (const [key, value] of Object.entries(valueAt(set.values, outside) as Values))
      if (typeof value === 'string' && key !== path.at(-1))
        this.changeLeaves(set, around.properties![key]!, [...outside, key], 1);
  }

  /** Two parts of the system at once that are not there: what is there for either is seen by no single change. */
  private switchPairs(origin: Sample): void {
    const all = switchesOf(origin.values, (path) => this.switches.has(keyOf(path)));
    const open = all.filter(({ path }) => !isHeldAt(path, this.held));
    open.forEach(({ path, value }, index) => {
      const one = this.addOrFind(withValue(origin.values, path, value), origin, path);
      if (!one) return;
      for (const other of open.slice(index + 1))
        if (!isWithin(other.path, path) && !isWithin(path, other.path))
          this.add(withValue(one.values, other.path, other.value), one, other.path);
    });
  }

  /** Two turns of one part at once: one may be refused without the other, or show nothing. */
  private turnPairs(origin: Sample, within: ValuePath = []): void {
    for (const turns of turnsOf(origin.values, this.probe, [1, 2, 4], (path) => this.switches.has(keyOf(path)))) {
      const open = turns.filter(({ path }) => !isHeldWithin(path, this.held));
      if (!open.some(({ path }) => isWithin(path, within))) continue;
      const alone = open.map(({ path, value }) => this.addOrFind(withValue(origin.values, path, value), origin, path));
      const pairs = pairsOf(open).filter((pair) => pair.some(({ path }) => isWithin(path, within)));
      for (const [first, second] of pairs) {
        const [from, to] = alone[open.indexOf(first)] ? [first, second] : [second, first];
        const sample = alone[open.indexOf(from)];
        if (sample) this.add(withValue(sample.values, to.path, to.value), sample, to.path);
      }
    }
  }

  /** What stands beside a choice may mean something else with another one, and so may the image of the part. */
  private changeBesideChoices(origin: Sample): void {
    for (const one of this.samples.filter((sample) => sample.origin === origin)) {
      const path = one.changed!;
      const around = path.slice(0, -1);
      if (!this.probe.at(path)?.enum || path.length < 3 || leavesOf(valueAt(one.values, around)).length > MOST_BESIDE)
        continue;
      for (const beside of [around, [path[0]!, 'image']]) {
        const schema = valueAt(one.values, beside) === undefined ? undefined : this.probe.at(beside);
        if (!schema) continue;
        this.changeLeaves(one, schema, beside, 1);
        this.setOptionals(one, schema, beside);
      }
    }
  }

  /** Empty lists of one name, one after the other: they may be parts of one list, in which what several say is once. */
  private fillLists(origin: Sample): void {
    for (const paths of emptyListsAlike(origin.values)) {
      const open = paths.filter((path) => !isHeldAt(path, this.held));
      const filled = open.reduce(
        (from, path, index) => this.add(withValue(from.values, path, [`${WORD}-${index}`]), from, path) ?? from,
        origin,
      );
      const flags = leavesOf(filled.values, []).filter((path) => typeof valueAt(filled.values, path) === 'boolean');
      for (const path of flags) this.add(withValue(filled.values, path, !valueAt(filled.values, path)), filled, path);
      for (const path of [...this.switches].map((key) => key.split('\0')))
        if (valueAt(filled.values, path) !== undefined)
          this.add(withValue(filled.values, path, undefined), filled, path);
      open.reduce((from, path) => this.add(withValue(from.values, path, [WORD]), from, path) ?? from, filled);
    }
  }

  /** Whether leaving something out is another thing than saying nothing in it. */
  private isSwitch(values: Values, path: ValuePath): boolean {
    if (!isPlainMap(valueAt(values, path)) || path[0] === 'quota') return false;
    const [without, empty] = [undefined, {}].map((value) => this.probe.build(withValue(values, path, value)));
    return without !== undefined && (empty === undefined || JSON.stringify(empty) !== JSON.stringify(without));
  }

  private exampleOf(given: Schema): unknown {
    const { type } = this.probe.resolve(given);
    return type === 'object' ? {} : type === 'integer' ? 7 : WORD;
  }
}

/** What stands in every object, and in every monitor and rule. */
const GLOBAL = [['namespace'], ['version'], ['costLabels'], ['prometheus', 'objectLabels']];

/** What may not be there, and how that is said: of parts that can be left out, and of those that have a switch. */
export function switchesOf(
  values: Values,
  isSwitch: (path: ValuePath) => boolean,
): { readonly path: ValuePath; readonly value: unknown }[] {
  const walk = (value: unknown, path: ValuePath): { path: ValuePath; value: unknown }[] => {
    if (!isPlainMap(value)) return path.at(-1) === 'enabled' && value === true ? [{ path, value: false }] : [];
    const own = isSwitch(path) ? [{ path, value: undefined }] : [];
    return [...own, ...Object.keys(value).flatMap((key) => walk(value[key], [...path, key]))];
  };
  return walk(values, []);
}

/** Something that is switched, or chosen, or one of a few numbers, as it may be otherwise. */
export interface Turn {
  readonly path: ValuePath;
  readonly value: unknown;
}

/** Numbers that decide what there is. */
const COUNTS = ['replicas', 'minReplicas', 'maxReplicas', 'minAvailable', 'maxUnavailable'];

/** How much may stand beside a choice to be changed with it. */
const MOST_BESIDE = 8;

/** How many words of one choice are tried beside others. */
const WORDS = 3;

/** What decides of each part of a system what there is of it, by parts: it is switched, chosen, left out, or counted. */
export function turnsOf(
  values: Values,
  probe: Probe,
  counts: readonly number[],
  isSwitch: (path: ValuePath) => boolean,
): Turn[][] {
  const walk = (path: ValuePath): Turn[] => {
    const value = valueAt(values, path);
    if (isPlainMap(value)) {
      const gone = isSwitch(path) ? [{ path, value: undefined }] : [];
      return [...gone, ...Object.keys(value).flatMap((key) => walk([...path, key]))];
    }
    const words = probe.at(path)?.enum?.slice(0, WORDS);
    const others = words ?? (typeof value === 'boolean' ? [!value] : COUNTS.includes(path.at(-1)!) ? counts : []);
    return others.filter((other) => other !== value).map((other) => ({ path, value: other }));
  };
  return Object.keys(values).map((key) => walk([key]));
}

/** Whether none of two is in the other. */
export const isApart = (one: Turn, other: Turn): boolean =>
  !isWithin(other.path, one.path) && !isWithin(one.path, other.path);

/** Two at a time that are apart. */
export const pairsOf = (turns: readonly Turn[]): [Turn, Turn][] =>
  turns.flatMap((one, index) =>
    turns
      .slice(index + 1)
      .filter((other) => isApart(one, other))
      .map((other): [Turn, Turn] => [one, other]),
  );

/** Paths of lists that are empty, those of the same name together: none that is alone. */
export function emptyListsAlike(values: Values): ValuePath[][] {
  const groups = new Map<string, ValuePath[]>();
  for (const path of leavesOf(values, [])) {
    const value = valueAt(values, path);
    if (!Array.isArray(value) || value.length > 0) continue;
    groups.set(path.at(-1)!, [...(groups.get(path.at(-1)!) ?? []), path]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** Without the digest that a Job has in its name. */
const nameOf = ({ manifest }: FinishedObject) =>
  `${manifest.kind}/${manifest.metadata.name}`.replace(/-[0-9a-f]{10}$/, '');

/** A whole number with or without a unit. */
export const QUANTITY = /^([0-9]+)(m|[KMGT]i|[smhd]|)$/;

/** Letters and digits that stand in new values. Samples have the same each time; what tries a template takes others. */
const WORD = 'probed';

/** Whether a text has it: then it is a sample's, and no value's. */
export const namesTried = (text: string): boolean => text.toLowerCase().includes(WORD);

/** What may stand where nothing does, nor in an empty list, by its key, or by its last two. Of all else an overlay decides whether it is there. */
const OPTIONAL: Readonly<Record<string, (word: string) => readonly unknown[]>> = {
  command: (word) => [[word], [word, '--now']],
  className: (word) => [word, `fast-${word}`],
  cpu: (word) => [`${777 + word.length}m`, '1200m'],
  memory: (word) => [71, 1018, 1401, 21, 31].map((amount) => `${amount + word.length}Mi`),
  image: (word) => [{ repository: `${word}.example/one`, tag: `1.${word.length}` }],
  blue: (word) => [{ tag: `1.${word.length}` }],
  green: (word) => [{ tag: `1.${word.length}` }],
  path: (word) => [`/${word}`, `/${word}/two`],
  imageRegistry: (word) => [`${word}.example`, `${word}.example:5000/mirror`],
  folder: (word) => [word, `${word} two`],
  metrics: (word) => [
    [{ pods: { name: word, averageValue: '1000' } }],
    [{ external: { name: word, averageValue: '70' } }],
    [{ pods: { name: `${word}_a`, averageValue: '70' } }, { external: { name: `${word}_b`, averageValue: '1500m' } }],
    [{ external: { name: word, averageValue: '2000m' } }, { pods: { name: `${word}_c`, averageValue: '30000' } }],
  ],
  'image.digest': (word) => [word, `${word}2`].map((text) => `sha256:${digestOf(text)}`),
};

/** What may stand at a path where nothing does. */
export const optionalsOf = (path: ValuePath, word = WORD): readonly unknown[] =>
  NEVER.test(path.join('.')) ? [] : ((OPTIONAL[path.slice(-2).join('.')] ?? OPTIONAL[path.at(-1)!])?.(word) ?? []);

/** What makes a block of lines of its own in a configuration of nginx. */
const NEVER = /^frontend\.health\./;

/** Other values of the kind of one. */
export function changesOf(value: unknown, schema: Schema, word = WORD): unknown[] {
  if (schema.enum) return [...schema.enum];
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'number') {
    const whole = schema.type === 'integer' || Number.isInteger(value);
    return whole
      ? [value + 1, 0, value * 3 + 2, 1, value - 1, 2, Math.ceil(value / 2), value * 2 + 1]
      : [value + 0.5, value / 2, value - 0.05, 1];
  }
  if (Array.isArray(value)) return schema.items?.enum ? listsOf(schema.items.enum) : changesOfList(value, word);
  if (typeof value !== 'string') return [];
  const [, amount = '', unit = ''] = QUANTITY.exec(value) ?? [];
  if (amount !== '') {
    const all = [+amount + 1, +amount * 3 + 2, +amount * 2, +amount - 1, Math.ceil(+amount / 2)];
    const [first, ...more] = all.filter((one) => one > 0).map((one) => `${one}${unit}`);
    return [first, ...inOtherUnits(+amount, unit), ...more];
  }
  return [
    ...withPort(value, (port) => port + 1),
    ...withPort(value, (port) => Math.ceil(port / 2)),
    `${value}${word.slice(-1)}`,
    `${word}-${value}`,
    `${value}.example`,
    word,
    `${word}.${value}`,
    `${value}/${word}`,
    `/${word}`,
    'info',
    'debug',
    'error',
    '37 4 * * *',
    ...NETWORKS,
    'Europe/Berlin',
    'Asia/Tokyo',
    `${word}.*`,
    `other${word}.*`,
  ];
}

const NETWORKS = ['10.99.0.0/16', '10.98.64.0/24', '10.97.1.16/28'];

/** Amounts that objects, or their texts, have with a larger unit, or with two. */
function inOtherUnits(amount: number, unit: string): string[] {
  const whole = (size: number) => `${Math.ceil(amount / size) * size}${unit}`;
  const rounded = unit === 'm' ? [whole(1000)] : /i$/.test(unit) ? [whole(1024)] : [];
  return [...rounded, ...inSmallerUnit(amount, unit, 15)];
}

/** A duration and some more, in the unit below its own: 75m for 1h and 15. */
export function inSmallerUnit(amount: number, unit: string, more: number): string[] {
  const [smaller, size] = SMALLER[unit] ?? [];
  return smaller === undefined ? [] : [`${amount * size! + more}${smaller}`];
}

const SMALLER: Readonly<Record<string, readonly [unit: string, size: number]>> = {
  m: ['s', 60],
  h: ['m', 60],
  d: ['h', 24],
};

/** An address with another port; none where it has no port. */
export function withPort(value: string, other: (port: number) => number): string[] {
  const [, host, port] = /^(.+:)([0-9]{1,5})$/.exec(value) ?? [];
  return port === undefined ? [] : [`${host}${other(+port)}`];
}

/** Lists of words that are some of a few. */
const listsOf = (words: readonly unknown[]): unknown[] => [words, ...words.map((word) => [word]), []];

function changesOfList(value: readonly unknown[], word: string): unknown[] {
  const last = value.at(-1);
  const more =
    typeof last === 'string'
      ? [...(/^[0-9.]+\/[0-9]+$/.test(last) ? NETWORKS : []), ...changesOf(last, {}, word)]
      : typeof last === 'number'
        ? [last + 1, last + 2]
        : last === undefined
          ? [word, `second-${word}`, `${word}.example`]
          : renamed(last, word.slice(-1));
  const [first] = more;
  return [
    ...(value.length > 0 ? [[]] : []),
    ...(last === undefined ? [more.slice(0, 2)] : []),
    ...more.slice(0, 3).map((item) => [...value, item]),
    ...(value.length > 1 ? [value.slice(0, -1)] : []),
    ...(first === undefined ? [] : [[...value.slice(0, -1), first]]),
  ];
}

const renamed = (item: unknown, suffix: string): unknown[] =>
  isPlainMap(item) && typeof item['name'] === 'string'
    ? [
        {
          ...item,
          name: `${item['name']}${suffix}`,
          ...(item['route'] ? { route: `${String(item['route'])}${suffix}` } : {}),
        },
      ]
    : [];

/** Paths of the values that say how much the namespaces may hold. */
const amountsOf = (values: Values): ValuePath[] =>
  leavesOf(values['quota'], ['quota']).filter(
    ([, key, ...rest]) => ['amounts', 'namespaces'].includes(key!) && rest[0],
  );

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
