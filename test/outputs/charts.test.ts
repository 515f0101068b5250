import { evaluateObjects } from '../../src/outputs/chart/evaluate';
import { isWithin } from '../../src/outputs/chart/fixed';
import { withoutPlans } from '../../src/outputs/chart/helm-only';
import { limitedPaths } from '../../src/outputs/chart/limits';
import { isMap } from '../../src/outputs/fields';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { askedAlone } from '../../tools/charts/asked';
import type { Schema } from '../../tools/charts/probe';
import { changesOf, namesTried } from '../../tools/charts/samples';
import { charted, ChartedSystem } from '../support/charted';
import { objectsOf } from '../support/dist';
import { byName } from '../support/helm';
import { SEED } from '../support/seed';
import { type Values, valueAt, withValue } from '../../src/outputs/chart/values';

const EACH = 12;

const systems = charted().map((name) => [name, new ChartedSystem(name)] as const);

test('every system has a chart', () => {
  expect(charted()).toEqual(Object.keys(SYSTEMS));
});

describe.each(systems)('the chart of %s', (system, chart) => {
  test.each(chart.environments.map(({ name }) => name))(
    'in %s: its templates make the objects of the plain files',
    (name) => {
      const { values } = chart.environments.find((one) => one.name === name)!;
      const plain = objectsOf(`${system}/${name}`).filter(({ kind }) => kind !== 'Namespace');
      expect(byName(chart.evaluated(values))).toEqual(byName(plain.map(withoutPlans)));
      expect(chart.accepts(chart.chartValues(values)) ? [] : chart.accepts.errors).toEqual([]);
    },
  );

  test(`${EACH} random changes of values come to the objects that settings make (seed ${SEED})`, () => {
    let left = EACH;
    for (const { values, objects } of chart.changes(SEED)) {
      expect(byName(chart.evaluated(values))).toEqual(byName(objects));
      if ((left -= 1) === 0) break;
    }
  });

  test('no template says a word that was only tried to learn it', () => {
    const naming = chart.model.templates.filter((one) => namesTried(JSON.stringify(one)));
    expect(naming.map(({ name }) => name)).toEqual([]);
  });

  test('no condition asks for one of values that may be any: of the others it would know nothing', () => {
    const { limited } = chart.model;
    const open = asked(chart.model.templates).filter(
      (path) => !limited.flatMap(limitedPaths).some((one) => isWithin(path, one)) && !chart.probe.at(path)?.enum,
    );
    expect([...new Set(open.map((path) => path.join('.')))]).toEqual([]);
  });

  test('no value that may be any is only asked for: of all but those that were tried templates would make the same', () => {
    const held = chart.model.limited.flatMap(limitedPaths);
    const alone = askedAlone(chart.model.templates, chart.probe);
    expect(alone.filter((path) => !held.some((one) => isWithin(path, one))).map((path) => path.join('.'))).toEqual([]);
  });

  test('no condition asks which environment it is, and no text names one', () => {
    const names = chart.environments.map(({ values }) => `${system}-${String(values['environment'])}`);
    // What is fixed may have it in its own words, such as the class of a volume.
    const given = chart.environments.flatMap(({ values }) =>
      [...chart.model.fixed, ...chart.model.limited].map(({ path }) => JSON.stringify(valueAt(values, path)) ?? ''),
    );
    const said = new Set(given.flatMap((text) => text.match(/"[^"]*"/g) ?? []));
    const texts = chart.model.templates.map(({ name, node, when }) => ({
      name,
      text: JSON.stringify([node, when]).replace(/"[^"]*"/g, (word) => (said.has(word) ? '""' : word)),
    }));
    const naming = texts.filter(({ text }) => names.some((one) => text.includes(one)));
    expect(naming.map(({ name }) => name)).toEqual([]);
    expect(asked(chart.model.templates).map((path) => path.join('.'))).not.toContain('environment');
  });

  test('every value that may be another has an effect', () => {
    const found = leaves(chart.probe.root, chart.chartValues(chart.model.values), [], chart);
    const switches = found.filter(({ schema }) => schema.enum !== undefined || schema.type === 'boolean');
    const without = found.filter((leaf) => !hasEffect(leaf, chart, switches)).map(({ path }) => path.join('.'));
    expect(without).toEqual([]);
  });

  test('its schema refuses a value just where the settings do', () => {
    const origin = chart.model.values;
    const isLimited = (place: readonly string[]) =>
      chart.model.limited.flatMap(limitedPaths).some((one) => isWithin(place, one));
    const { environment: _, ...settings } = origin;
    const problems = leaves(chart.probe.root, chart.chartValues(origin), [], chart).flatMap(({ path }) =>
      WRONG.flatMap((value) => {
        if (path[0] === 'environment') return [];
        const isTaken = validators[system]!.base(withValue(settings, path, value)) as boolean;
        const isValue = chart.accepts(chart.chartValues(withValue(origin, path, value)));
        if (isTaken === isValue || (isTaken && isLimited(path))) return [];
        return [
          `${path.join('.')}: ${JSON.stringify(value)} is ${isTaken ? 'refused by the chart' : 'taken by the chart'} alone`,
        ];
      }),
    );
    expect(problems).toEqual([]);
  });

  test('an unknown key is refused in every map that has named ones', () => {
    const origin = chart.chartValues(chart.model.values);
    const maps = named(chart.probe.root, origin, [], chart);
    expect(maps.length).toBeGreaterThan(10);
    const taken = maps.filter((path) => chart.accepts(withValue(origin, [...path, 'unknownKey'], 1)));
    expect(taken.map((path) => path.join('.'))).toEqual([]);
  });
});

interface Leaf {
  readonly path: readonly string[];
  readonly schema: Schema;
}

/** Values of a kind that most settings are not. */
const WRONG = [true, 'two words', '', -1, 0, 0.5, 1e12, ['x'], { x: 1 }];

/** Paths of the values of which some condition asks whether they are a certain one. The environment is one of a few. */
function asked(found: unknown): (readonly string[])[] {
  if (Array.isArray(found)) return found.flatMap(asked);
  if (!isMap(found)) return [];
  const { is, to, path } = found as { is?: unknown; to?: unknown; path?: readonly string[] };
  const isAsked = is === 'equal' && typeof to !== 'boolean' && path![0] !== 'environment' && !path![0]!.startsWith('$');
  return [...(isAsked ? [path!] : []), ...Object.values(found).flatMap(asked)];
}

function leaves(given: Schema, value: unknown, path: readonly string[], chart: ChartedSystem): Leaf[] {
  const schema = chart.probe.resolve(given);
  if (!isMap(value) || Object.keys(value).length === 0) return [{ path, schema }];
  return Object.entries(value).flatMap(([key, inside]) => {
    const own = schema.properties?.[key] ?? schema.additionalProperties ?? {};
    return leaves(typeof own === 'object' ? own : {}, inside, [...path, key], chart);
  });
}

function named(given: Schema, value: unknown, path: readonly string[], chart: ChartedSystem): (readonly string[])[] {
  const schema = chart.probe.resolve(given);
  if (!isMap(value) || !schema.properties) return [];
  const below = Object.entries(value).flatMap(([key, inside]) =>
    named(schema.properties?.[key] ?? {}, inside, [...path, key], chart),
  );
  return [path, ...below];
}

/** Whether some change of a value changes an object in some environment, if not by itself then beside a switch. */
function hasEffect({ path, schema }: Leaf, chart: ChartedSystem, switches: readonly Leaf[]): boolean {
  // What may only be what an environment has is changed as a whole.
  const limited = chart.model.limited.find((one) => limitedPaths(one).some((place) => isWithin(path, place)));
  // The schema says which, and why there is no other.
  if (limited?.allowed.length === 1) return true;
  const place = limited?.path ?? path;
  const templates = chart.reading(place);
  const changes = (values: Values) => {
    const before = JSON.stringify(evaluateObjects(templates, values));
    const value = valueAt(values, place);
    const entries = ENTRIES.map((entry) => ({ probed: entry }));
    // What may be left out says something by being there.
    const maps = [...entries, undefined];
    const allowed = limited?.allowed.map((one) =>
      limited.keys && isMap(value) && isMap(one) ? { ...value, ...one } : one,
    );
    const others = allowed ?? (isMap(value) ? maps : changesOf(value, schema));
    return others.some(
      (other) => JSON.stringify(evaluateObjects(templates, withValue(values, place, other ?? undefined))) !== before,
    );
  };
  const { environments } = chart;
  const besides = function* () {
    for (const one of switches) {
      for (const { values } of environments) {
        const value = valueAt(values, one.path);
        if (value !== undefined)
          for (const other of changesOf(value, one.schema)) yield withValue(values, one.path, other);
      }
    }
  };
  if (environments.some(({ values }) => changes(values))) return true;
  for (const values of besides()) if (changes(values)) return true;
  return false;
}

const ENTRIES = ['probed', 1, {}];
