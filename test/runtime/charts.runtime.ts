/** @tools helm */
import { join } from 'node:path';

import { parse } from 'yaml';
import { readFileSync } from 'node:fs';

import { differences } from '../../src/outputs/chart/differences';
import { asInChart } from '../../src/outputs/chart/helm-only';
import { charted, ChartedSystem } from '../support/charted';
import { objectsOf } from '../support/dist';
import { byName, helm, render, rendered } from '../support/helm';
import { SEED } from '../support/seed';
import { proof } from './support/proof';
import { withValue } from '../../src/outputs/chart/values';

const CHANGES = 300;

const systems = charted().map((name) => new ChartedSystem(name));
const plain = (objects: readonly any[]) => byName(objects.filter(({ kind }) => kind !== 'Namespace').map(asInChart));

/** The values of a chart alone, as a file holds them. */
const ownValues = (chart: ChartedSystem) => parse(readFileSync(join(chart.folder, 'values.yaml'), 'utf8'));

/** What helm makes of values. */
const made = (chart: ChartedSystem, values: Readonly<Record<string, unknown>>) =>
  byName(render(chart.folder, differences(ownValues(chart), chart.chartValues(values)), String(values['namespace'])));

test('there are charts', async () => {
  expect(charted().length).toBeGreaterThan(0);
});

proof('helm makes of each chart, in every environment, the objects of the plain files', async () => {
  let objects = 0;
  let environments = 0;
  for (const chart of systems) {
    for (const { name, values } of chart.environments) {
      const file = join(chart.folder, `values-${name}.yaml`);
      const found = rendered(chart.folder, [file], String(values['namespace']));
      expect(byName(found)).toEqual(plain(objectsOf(`${chart.system}/${name}`)));
      objects += found.length;
      environments += 1;
    }
  }
  return `${objects} objects of ${environments} environments`;
});

proof(`of ${CHANGES} random valid changes helm makes what the settings make (seed ${SEED})`, async () => {
  const each = Math.ceil(CHANGES / systems.length);
  let objects = 0;
  for (const [index, chart] of systems.entries()) {
    let left = each;
    for (const one of chart.changes(SEED + index)) {
      expect({ seed: SEED, ...made(chart, one.values) }).toEqual({ seed: SEED, ...plain(one.objects) });
      objects += one.objects.length;
      if ((left -= 1) === 0) break;
    }
  }
  return `${each * systems.length} changes of ${systems.length} charts, ${objects} objects, seed ${SEED}`;
});

proof('a value that the schema refuses, and one that nobody knows, make nothing', async () => {
  const wrong = [
    ['--set', 'version=0'],
    ['--set', 'frontend.replicas=many'],
    ['--set', 'nobodyKnows=1'],
  ];
  for (const chart of systems) {
    for (const args of wrong) {
      const { status, said } = helm('template', 'release', chart.folder, '-n', 'x', ...args);
      expect([status, /don't meet the specifications of the schema|nobodyKnows|values/.test(said)]).toEqual([1, true]);
    }
  }
  return `${wrong.length} mistakes in ${systems.length} charts`;
});

proof('a template that forgets a value is seen', async () => {
  const chart = systems[0]!;
  const { values } = chart.environments[0]!;
  const other = withValue(values, ['version'], '9.9.9');
  expect(made(chart, other)).not.toEqual(made(chart, values));
  return 'a change that is not made is found';
});
