import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import Ajv, { type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

import { evaluateObjects } from '../../src/outputs/chart/evaluate';
import { isRead, takenWith, without } from '../../src/outputs/chart/fixed';
import { limitedPaths } from '../../src/outputs/chart/limits';
import { type ChartModel, readModel } from '../../src/outputs/chart/model';
import { type Readings, readingsOf } from '../../src/outputs/chart/paths';
import { keyOf, type ObjectTemplate, type ValuePath } from '../../src/outputs/chart/template';
import { mergeSettings } from '../../src/settings/merge';
import { SYSTEMS } from '../../src/systems';
import { Probe } from '../../tools/charts/probe';
import { RandomChanges, randomNumbers, withChanges } from '../../tools/charts/random-changes';
import { DIST } from './dist';
import { type Values, valueAt, withValue } from '../../src/outputs/chart/values';

/** Systems that have a chart in `dist/`. */
export const charted = (): string[] =>
  Object.keys(SYSTEMS).filter((system) => existsSync(join(DIST, system, 'chart/Chart.yaml')));

/** The chart of a system as it is in `dist/`, and what the system itself makes of settings. */
export class ChartedSystem {
  public readonly folder: string;
  public readonly model: ChartModel;
  public readonly probe: Probe;
  /** Whether the chart's schema takes values. */
  public readonly accepts: ValidateFunction;
  /** The values of each environment, those that the chart does not have among them. */
  public readonly environments: readonly { readonly name: string; readonly values: Values }[];

  /** What the chart does not have. */
  private readonly taken: readonly ValuePath[];

  private readonly readings: readonly { readonly template: ObjectTemplate; readonly reads: Readings }[];

  public constructor(public readonly system: string) {
    this.folder = join(DIST, system, 'chart');
    this.model = readModel(resolve('overlays'), system)!;
    this.probe = new Probe(system);
    const given = [this.model.values, ...Object.values(this.model.environments).map(({ values }) => values)];
    this.taken = takenWith([['namespace'], ...this.model.fixed.map(({ path }) => path)], given, this.probe.document);
    const templates = this.model.templates.filter(({ name }) => !name.startsWith('Namespace/'));
    this.readings = templates.map((template) => ({ template, reads: readingsOf([template]) }));
    this.accepts = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(this.text('values.schema.json')));
    this.environments = this.probe.environments.map(({ name, values }) => ({
      name,
      values: this.whole(name, values['namespace']),
    }));
  }

  /** What Helm makes of the values of the chart and of an environment, with what is fixed. */
  private whole(environment: string, namespace: unknown): Values {
    const own = mergeSettings(parse(this.text('values.yaml')), parse(this.text(`values-${environment}.yaml`)) ?? {});
    const known = this.model.environments[environment]!.values;
    const fixed = this.model.fixed.reduce<Values>((sum, { path }) => {
      const value = valueAt(known, path);
      return value === undefined ? sum : withValue(sum, path, value);
    }, own);
    return { ...fixed, namespace };
  }

  /** Values as the chart takes them: without what it does not have. */
  public chartValues(values: Values): Values {
    return without(values, this.taken);
  }

  /** The objects that the templates make, as TypeScript reads them, but for the Namespace. */
  public evaluated(values: Values): any[] {
    return evaluateObjects(this.model.templates, values).filter(({ kind }) => kind !== 'Namespace');
  }

  /** The templates that read what stands at a path, or within it or around it. */
  public reading(path: ValuePath): ObjectTemplate[] {
    return this.readings.filter(({ reads }) => isRead(path, reads)).map(({ template }) => template);
  }

  /** Random valid changes of the values of an environment: what both the settings and the chart take, and its objects. */
  public *changes(seed: number): Generator<{ readonly values: Values; readonly objects: any[] }> {
    const random = randomNumbers(seed);
    const closed = new Set([...this.model.fixed, ...this.model.limited].flatMap(limitedPaths).map(keyOf));
    const switches = new Set(this.model.switches.map(keyOf));
    const changes = new RandomChanges(
      this.probe,
      random,
      (path) => !closed.has(keyOf(path)),
      (path) => switches.has(keyOf(path)),
    );
    // More refusals in a row than any chance gives: then nothing at all is taken.
    for (let refused = 0; refused < 2000; refused += 1) {
      const { values: origin } = this.environments[Math.floor(random() * this.environments.length)]!;
      const values = withChanges(origin, changes.change(origin));
      if (!this.accepts(this.chartValues(values))) continue;
      const objects = this.probe.build(values);
      if (!objects) continue;
      refused = 0;
      yield { values, objects: objects.map(({ manifest }) => manifest).filter(({ kind }) => kind !== 'Namespace') };
    }
    throw new Error(`${this.system}: neither its chart nor its settings take any change`);
  }

  private text(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }
}
