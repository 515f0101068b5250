import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse, parseDocument } from 'yaml';

import { synth } from '../../src/cli/synth';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { temporaryFolder } from '../outputs/folders';

const SYSTEM = 'todo-app';
const REGISTRY = { systems: { [SYSTEM]: SYSTEMS[SYSTEM]! }, validators: { [SYSTEM]: validators[SYSTEM]! } };

/** The chart that comes of overlays in which some settings of an environment are others. */
function chartWith(
  environment: string,
  changes: Readonly<Record<string, unknown>>,
  model: (text: string) => string = (text) => text,
) {
  const overlays = temporaryFolder({});
  const out = temporaryFolder({});
  for (const part of [SYSTEM, `charts/${SYSTEM}.json`, 'schemas'])
    cpSync(join('overlays', part), join(overlays, part), { recursive: true });
  const file = join(overlays, SYSTEM, `${environment}.yaml`);
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const [path, value] of Object.entries(changes)) document.setIn(path.split('.'), value);
  writeFileSync(file, document.toString());
  const known = join(overlays, 'charts', `${SYSTEM}.json`);
  writeFileSync(known, model(readFileSync(known, 'utf8')));
  const said: string[] = [];
  const code = synth(['--overlays', overlays, '--out', out], REGISTRY, {
    out: () => undefined,
    error: (text) => said.push(text),
  });
  const chart = join(out, SYSTEM, 'chart');
  const read = (name: string) => parse(readFileSync(join(chart, name), 'utf8'));
  return { code, said: said.join(''), exists: existsSync(join(chart, 'Chart.yaml')), out, read };
}

describe('the chart that synth writes', () => {
  test('a setting that an overlay changes is a value of its environment', () => {
    const { code, said, read } = chartWith('staging', {
      'frontend.image.tag': '9.9.9',
      'backend.shutdown.drainSeconds': 12,
    });
    expect([code, said.includes('has no chart')]).toEqual([0, false]);
    expect(read('values-staging.yaml')).toMatchObject({
      frontend: { image: { tag: '9.9.9' } },
      backend: { shutdown: { drainSeconds: 12 } },
    });
    expect(read('values-dev.yaml').frontend?.image?.tag).not.toBe('9.9.9');
  });

  test('what follows from a setting that changes is read in the objects', () => {
    const { said, read } = chartWith('production', { 'frontend.port': 3333 });
    expect(said).not.toContain('has no chart');
    expect(read('values-production.yaml').frontend).toMatchObject({ port: 3333, servicePort: 3333 });
  });

  test('where its templates cannot say what is set there is none, all else is, and it is said how to make one', () => {
    const { code, said, exists, out } = chartWith('staging', { 'edge.type': 'gateway-api' });
    expect([code, exists, existsSync(join(out, SYSTEM, 'staging.yaml'))]).toEqual([0, false, true]);
    expect(said).toContain(
      `warning: ${SYSTEM} has no chart: its templates do not make what is set now (staging); make them anew: npm run generate:charts -- ${SYSTEM}`,
    );
  });

  test('a template that says something else is found', () => {
    const { said, exists } = chartWith('dev', {}, (text) =>
      text.replace('"revisionHistoryLimit"', '"revisionHistoryLimits"'),
    );
    expect([exists, said.includes('do not make what is set now (dev, production, staging)')]).toEqual([false, true]);
  });

  test('one environment alone leaves the chart as it is', () => {
    const out = temporaryFolder({ [`${SYSTEM}/chart/Chart.yaml`]: '# Made by hand\n' });
    const quiet = { out: () => undefined, error: () => undefined };
    expect(synth(['--only', `${SYSTEM}/dev`, '--out', out], { systems: SYSTEMS, validators }, quiet)).toBe(0);
    expect(readFileSync(join(out, SYSTEM, 'chart/Chart.yaml'), 'utf8')).toBe('# Made by hand\n');
  });
});
