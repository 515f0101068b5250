import { canonical } from '../../src/platform/digest';
import type { FinishedObject } from '../../src/outputs/plain';
import { nameOf } from '../../src/outputs/chart/fit';
import { limitedPaths } from '../../src/outputs/chart/limits';
import { evaluateObjects } from '../../src/outputs/chart/evaluate';
import type { ChartModel } from '../../src/outputs/chart/model';
import { type ObjectTemplate, type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { isPlainMap } from '../../src/settings/merge';
import { askedAlone } from './asked';
import { triedAt } from './cases';
import { choicesAt } from './conditions';
import { closedSettings } from './finish';
import { type Held, HELD, heldOf, isClosed, isHeldAt, isHeldWithin, keepsHeld } from './held';
import { Learner, type Unexplained } from './learn';
import { Probe, type Schema } from './probe';
import { type Change, RandomChanges, randomNumbers, withChanges } from './random-changes';
import { Resolver } from './resolve';
import { ample, changesOf, namesTried, type Sample, Sampler } from './samples';
import { differencesOf, distinctPaths } from './values';
import { type Values, valueAt, withValue } from '../../src/outputs/chart/values';

type Say = (text: string) => void;

/** Learns the chart of a system by trying. */
export class Trainer {
  private readonly probe: Probe;
  private readonly held: Held[];
  private readonly names: string[];
  private samples: Sample[] = [];
  private readonly known = new Map<string, ObjectTemplate>();

  public constructor(
    private readonly system: string,
    private readonly resolved: Readonly<Record<string, Values>>,
    private readonly say: Say,
  ) {
    this.probe = new Probe(system);
    this.names = Object.keys(resolved).filter((name) => name !== 'base');
    this.held = heldOf(Object.values(resolved), HELD);
  }

  /** Fills in the defaults of every environment, and of what they share. */
  public static resolve(system: string, say: Say): Record<string, Values> {
    const probe = new Probe(system);
    const resolver = new Resolver(probe);
    const found: Record<string, Values> = {};
    for (const { name, values } of [...probe.environments].reverse()) {
      found[name] = resolver.resolve(values);
      say(`${system}/${name}: defaults found, ${probe.builds} builds`);
    }
    const base = { environment: 'base', ...probe.base };
    found['base'] = probe.build(base) ? resolver.resolve(base) : found[probe.environments[0]!.name]!;
    return found;
  }

  /** Learns until a row of random changes finds nothing wrong. */
  public model(): ChartModel {
    let templates = this.train();
    // Two clean rows, one after the other, and then every value alone: what is wrong seldom may not be met in a row.
    let clean = 0;
    for (let seed = 1; clean < 2; seed += 1) {
      if (seed > 32)
        throw new Error(
          `${this.system}: after ${seed - 1} rows of random changes some are still wrong; see above which`,
        );
      const isClean = this.challenge(templates, seed, 400) && (clean === 0 || this.sweep(templates, seed));
      clean = isClean ? clean + 1 : 0;
      if (!isClean) templates = this.retrain();
    }
    const tried = templates.filter((one) => namesTried(JSON.stringify(one))).map(({ name }) => name);
    const asking = templates.filter(({ node, when }) => JSON.stringify([node, when]).includes(ASKS_ENVIRONMENT));
    if (asking.length > 0)
      throw new Error(
        `${this.system}: templates ask which environment it is: ${asking.map(({ name }) => name).join(', ')}`,
      );
    if (tried.length > 0)
      throw new Error(`${this.system}: templates say what was only tried to learn them: ${tried.join(', ')}`);
    const all = Object.values(this.resolved);
    const environments = this.probe.environments.map(({ name, values }) => {
      const { environment: _, ...given } = values;
      return [name, { given, values: this.resolved[name]! }] as const;
    });
    return {
      templates,
      values: this.resolved['base']!,
      environments: Object.fromEntries(environments),
      ...closedSettings(
        templates,
        all,
        this.held,
        this.samples.flatMap(({ changed }) => (changed ? [changed] : [])),
      ),
      switches: [...this.switches].map((key) => key.split('\0')),
      closed: this.collections().maps.filter(isClosed),
    };
  }

  /** Learns, holds what cannot be explained, and learns again. */
  private train(): ObjectTemplate[] {
    this.sample();
    return this.retrain();
  }

  /** The same again, of what is not known. */
  private retrain(): ObjectTemplate[] {
    let templates: ObjectTemplate[] = [];
    for (let round = 0; round < 6; round += 1) {
      const learner = this.learner();
      templates = learner.learn(this.known);
      this.say(
        `${this.system}: round ${round}, ${this.samples.length} samples, ${learner.unexplained.length} unexplained`,
      );
      for (const one of learner.unexplained.slice(0, 25)) this.say(describe(one));
      const bad = new Set(learner.unexplained.map(({ where }) => objectOf(where, templates)));
      this.known.clear();
      for (const one of templates) if (!bad.has(one.name)) this.known.set(one.name, one);
      const alone = askedAlone(templates, this.probe).filter((path) => !this.isHeld(path));
      if (learner.unexplained.length === 0 && alone.length === 0) return templates;
      if (learner.unexplained.length === 0) {
        for (const path of alone) this.holdAt(path);
        // What was learned with other values of it is learned anew.
        this.known.clear();
      } else if (!this.hold(learner.unexplained)) return templates;
    }
    return templates;
  }

  /** Tries random changes. Tells whether none was wrong. */
  private challenge(templates: readonly ObjectTemplate[], seed: number, count: number): boolean {
    const random = randomNumbers(seed);
    const changes = this.changes(random);
    const found = new Set<string>();
    let tried = 0;
    for (let index = 0; index < count * 4 && tried < count; index += 1) {
      const name = this.names[Math.floor(random() * this.names.length)]!;
      const origin = random() < 0.6 ? ample(this.resolved[name]!) : this.resolved[name]!;
      if (this.compare(templates, origin, changes.change(origin), found)) tried += 1;
    }
    return this.isRight(`${tried} random changes`, found);
  }

  /** Tries every value alone, in each way that it is changed, around the first environment that takes it, or around all. */
  private sweep(templates: readonly ObjectTemplate[], seed: number): boolean {
    const changes = this.changes(randomNumbers(seed));
    const found = new Set<string>();
    const known = new Set<string>();
    const all = Object.values(this.resolved);
    let tried = 0;
    for (const name of this.names) {
      const origin = ample(this.resolved[name]!);
      const taken = new Set<string>();
      for (const row of changes.each(origin)) {
        // What is not set in every environment means another thing in each.
        const isEverywhere = row.every(({ path }) => all.every((values) => valueAt(values, path) !== undefined));
        const key = [...(isEverywhere ? [] : [name]), ...row.map(({ path }) => keyOf(path))].join();
        if (known.has(key) || !this.compare(templates, origin, row, found)) continue;
        taken.add(key);
        tried += 1;
      }
      for (const key of taken) known.add(key);
    }
    return this.isRight(`${tried} changes of single values, ${known.size} places`, found);
  }

  private changes(random: () => number): RandomChanges {
    const { switches } = this;
    const isOffered = (path: ValuePath) => !isHeldAt(path, this.held);
    return new RandomChanges(
      this.probe,
      random,
      isOffered,
      (path) => switches.has(keyOf(path)),
      Object.values(this.resolved),
    );
  }

  /** Notes the objects that templates make otherwise; the changes are samples from then on. Tells whether they are valid. */
  private compare(
    templates: readonly ObjectTemplate[],
    origin: Values,
    changes: readonly Change[],
    found: Set<string>,
  ): boolean {
    const made = this.made(withChanges(origin, changes));
    if (!made) return false;
    const wrong = this.wrong(templates, made.values, made.objects);
    if (wrong.length === 0) return true;
    wrong.forEach((one) => found.add(one));
    const few = this.fewest(templates, origin, changes);
    this.say(`  wrong: ${few.map(changeText).join(', ')} → ${wrong.join(' ')}`);
    this.explore(origin, few);
    return true;
  }

  /** Whether nothing was wrong; what was is learned anew. */
  private isRight(what: string, found: ReadonlySet<string>): boolean {
    this.say(`${this.system}: ${what}, ${found.size} objects wrong`);
    for (const name of found) this.known.delete(name);
    return found.size === 0;
  }

  private made(values: Values): Pick<Sample, 'values' | 'objects'> | undefined {
    const objects = keepsHeld(values, this.held) ? this.probe.build(values) : undefined;
    return objects && { values, objects };
  }

  /** Those of some changes without which templates would make the right objects. */
  private fewest(templates: readonly ObjectTemplate[], origin: Values, changes: readonly Change[]): readonly Change[] {
    let few = changes;
    for (const one of changes) {
      const rest = few.filter((other) => other !== one);
      const made = rest.length > 0 ? this.made(withChanges(origin, rest)) : undefined;
      if (made && this.wrong(templates, made.values, made.objects).length > 0) few = rest;
    }
    return few;
  }

  /** Changes become samples, one on top of the other, with other values beside the last of them. */
  private explore(origin: Values, changes: readonly Change[]): void {
    for (const row of changes.length > 1 ? [changes, [...changes].reverse()] : [changes]) {
      let from = this.sampleOf({ values: origin, objects: this.probe.build(origin)! });
      for (const { path, value, schema } of row) {
        const others = [...changesOf(valueAt(from.values, path), schema), valueAt(origin, path)].slice(0, 8);
        const [own, ...beside] = [value, ...others].map((one) => this.made(withValue(from.values, path, one)));
        for (const one of beside) if (one) this.sampleOf(one, from, path);
        if (!own) break;
        from = this.sampleOf(own, from, path);
      }
    }
  }

  /** The sample with these values; where there is none, a new one. */
  private sampleOf(made: Pick<Sample, 'values' | 'objects'>, origin?: Sample, changed?: ValuePath): Sample {
    const text = JSON.stringify(made.values);
    const known = this.samples.find((one) => textOf(one) === text);
    if (known) return known;
    const sample = { ...made, origin, changed };
    this.samples.push(sample);
    return sample;
  }

  /** Names of the objects that templates make otherwise. */
  private wrong(templates: readonly ObjectTemplate[], values: Values, objects: readonly FinishedObject[]): string[] {
    const made = new Map(evaluateObjects(templates, values).map((one) => [nameOf(one), one]));
    const names = new Set<string>();
    for (const { manifest } of objects) {
      const other = made.get(nameOf(manifest));
      made.delete(nameOf(manifest));
      if (!other || canonical(other) !== canonical(manifest)) names.add(this.templateNameOf(manifest, values));
    }
    for (const one of made.values()) names.add(this.templateNameOf(one, values));
    return [...names];
  }

  /** What can be left out as a whole: it was, in some sample, and has no defaults in its place. */
  private get switches(): ReadonlySet<string> {
    const entries = new Set(this.collections().maps.map(keyOf));
    const maps = this.samples.filter(({ changed, values, origin }) => {
      if (!changed || changed.length === 0 || !origin || valueAt(values, changed) !== undefined) return false;
      return isPlainMap(valueAt(origin.values, changed)) && !entries.has(keyOf(changed.slice(0, -1)));
    });
    return new Set(maps.map(({ changed }) => keyOf(changed!)));
  }

  private templateNameOf(object: any, values: any): string {
    const { namespace } = object.metadata;
    const further = Object.entries<string>(values.namespaces ?? {}).map(([key, one]) => [one, key] as const);
    const called = new Map<string | undefined, string>([[undefined, ''], [values.namespace, ''], ...further]);
    if (object.kind === 'Namespace') return `Namespace//${called.get(object.metadata.name) || 'own'}`;
    const where = called.get(namespace) ?? namespace;
    let name = object.metadata.name.split(`${this.system}-${values.environment}`).join(`${this.system}-*`);
    if (object.kind === 'Job') name = name.replace(/-[0-9a-f]{10}$/, '');
    return `${object.kind}/${where}/${name}`;
  }

  private sample(): void {
    const sampler = new Sampler(this.probe, this.held);
    for (const name of this.names) {
      sampler.add(this.resolved[name]!);
      const others = this.names.filter((other) => other !== name).map((other) => ample(this.resolved[other]!));
      sampler.surround(ample(this.resolved[name]!), others, name === this.names[0] ? 2 : 1);
    }
    sampler.add(this.resolved['base']!);
    this.samples = sampler.samples;
    this.say(`${this.system}: ${this.samples.length} samples, ${this.probe.builds} builds`);
  }

  private learner(): Learner {
    const { maps, lists, choices } = this.collections();
    const decided = this.held.flatMap(limitedPaths);
    choicesAt([...choices, ...decided]);
    triedAt([...decided, ...this.samples.flatMap(({ changed }) => (changed ? [changed] : []))]);
    const all = this.names.flatMap((a) => this.names.flatMap((b) => differencesOf(this.resolved[a], this.resolved[b])));
    const general = distinctPaths(all).filter(
      ([key]) => key !== 'quota' && key !== 'namespace' && key !== 'environment',
    );
    return new Learner(this.system, this.samples, { maps, lists }, general, (object, values) =>
      this.templateNameOf(object, values),
    );
  }

  /** Where any entries may be, and where there is one word of a few. */
  private collections() {
    const maps: ValuePath[] = [];
    const lists: ValuePath[] = [];
    const choices: ValuePath[] = [];
    const walk = (given: Schema, path: ValuePath, values: Values) => {
      const schema = this.probe.resolve(given);
      if (valueAt(values, path) === undefined) return;
      if (schema.enum) choices.push(path);
      else if (typeof schema.additionalProperties === 'object') maps.push(path);
      else if (schema.type === 'array') lists.push(path);
      else for (const [key, own] of Object.entries(schema.properties ?? {})) walk(own, [...path, key], values);
    };
    for (const values of Object.values(this.resolved)) walk(this.probe.root, [], values);
    return { maps: distinctPaths(maps), lists: distinctPaths(lists), choices: distinctPaths(choices) };
  }

  /** Holds the settings that most of what is unexplained depends on. Tells whether that is any. */
  private hold(unexplained: readonly Unexplained[]): boolean {
    const counts = new Map<string, { path: ValuePath; count: number }>();
    for (const { paths } of unexplained) {
      for (const [rank, path] of paths.slice(0, 6).entries()) {
        if (['namespace', 'environment', 'quota'].includes(path[0]!) || this.isHeld(path) || !this.mayBeHeld(path))
          continue;
        const entry = counts.get(keyOf(path)) ?? { path, count: 0 };
        entry.count += 1 / (rank + 1);
        counts.set(keyOf(path), entry);
      }
    }
    const [worst] = [...counts.values()].sort((a, b) => b.count - a.count);
    if (!worst) return false;
    this.holdAt(worst.path);
    return true;
  }

  private holdAt(path: ValuePath): void {
    this.say(`${this.system}: ${path.join('.')} is held from now on`);
    const allowed = distinct(Object.values(this.resolved).map((values) => valueAt(values, path)));
    this.held.push({ path, reason: 'what it comes to in objects could not be told by a template', allowed });
    this.samples = this.samples.filter(({ values }) => keepsHeld(values, this.held));
  }

  /** A single setting, and none that a release is made with. */
  private mayBeHeld(path: ValuePath): boolean {
    const isMap = Object.values(this.resolved).some((values) => isPlainMap(valueAt(values, path)));
    return !isMap && !/^image\.(tag|repository|digest)$/.test(path.slice(-2).join('.')) && path.at(-1) !== 'replicas';
  }

  private isHeld(path: ValuePath): boolean {
    return isHeldWithin(path, this.held);
  }
}

/** How a test of it begins. */
const ASKS_ENVIRONMENT = '{"test":{"path":["environment"]';

const texts = new WeakMap<Sample, string>();

function textOf(sample: Sample): string {
  let text = texts.get(sample);
  if (text === undefined) texts.set(sample, (text = JSON.stringify(sample.values)));
  return text;
}

const changeText = ({ path, value }: Change) => `${path.join('.')} = ${JSON.stringify(value)?.slice(0, 40)}`;

const distinct = (values: readonly unknown[]) => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];

const objectOf = (where: string, templates: readonly ObjectTemplate[]) =>
  templates
    .map(({ name }) => name)
    .filter((name) => where === name || where.startsWith(`${name}.`) || where.startsWith(`${name}[`))
    .sort((a, b) => b.length - a.length)[0];

const describe = ({ where, paths, examples }: Unexplained) =>
  [
    `? ${where}  <- ${paths
      .slice(0, 8)
      .map((path) => path.join('.'))
      .join(' | ')}`,
    ...examples.map((one) => `      ${one}`),
  ].join('\n');
