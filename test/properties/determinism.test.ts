import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { parse } from 'yaml';

import { loadSettings } from '../../src/settings/load';
import { isPlainMap } from '../../src/settings/merge';
import { SettingsError } from '../../src/settings/problems';
import { validators } from '../../src/settings/validators';
import { ValidationError } from '../../src/platform/validation-error';
import { readFiles, temporaryFolder, writeFiles } from '../outputs/folders';
import { overlays } from '../support/arbitrary-settings';
import { DIST } from '../support/dist';
import { bundle, runBundle } from './bundle';
import { BuildError } from '../../src/cli/build';
import { finished } from './finished';
import { asYaml, OVERLAYS, OverlayFolder, schemaOf } from './overlay-folder';
import { runs } from './runs';

const program = bundle();
const committed = readFiles(DIST);

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly overlays?: string;
  readonly out?: string;
}

function synthesized({ overlays: from = OVERLAYS, out = temporaryFolder(), ...options }: Surroundings = {}) {
  runBundle(program, ['--overlays', from, '--out', out, '--quiet'], options);
  return readFiles(out);
}

test('dist/ is what a fresh synth writes', () => {
  expect(Object.keys(committed).length).toBeGreaterThan(10);
  expect(synthesized()).toEqual(committed);
});

/** What differs from one machine to the next: all of it at once, for each by itself would cost a whole synth. */
const ELSEWHERE: Surroundings = {
  cwd: '/',
  env: {
    TZ: 'Pacific/Kiritimati',
    LANG: 'tr_TR.UTF-8',
    LC_ALL: 'tr_TR.UTF-8',
    LANGUAGE: 'tr',
    HOME: '/nowhere',
    USER: 'someone',
    HOSTNAME: 'elsewhere',
    CI: 'true',
    FORCE_COLOR: '1',
    NODE_ENV: 'production',
    CDK8S_OUTDIR: '/nowhere',
    CDK8S_RECORD_CONSTRUCT_METADATA: 'true',
  },
};

test.each<[string, Surroundings]>([
  ['another folder, time zone, language, user and environment', ELSEWHERE],
  ['a locale that sorts by other rules', { env: { LC_ALL: 'sv_SE.UTF-8', LC_COLLATE: 'sv_SE.UTF-8' } }],
])('%s: no byte changes', (_, surroundings) => {
  expect(synthesized(surroundings)).toEqual(committed);
});

test('a clock that is years ahead changes no byte', () => {
  const clock = join(temporaryFolder(), 'clock.cjs');
  writeFiles(join(clock, '..'), {
    'clock.cjs': 'const now = Date.now; Date.now = () => now() + 9e11; Math.random = () => 0;',
  });
  expect(synthesized({ env: { NODE_OPTIONS: `--require=${clock}` } })).toEqual(committed);
});

test.each(['in order', 'in reverse'])('overlay files that are made %s give the same bytes', (order) => {
  const files = Object.entries(readFiles(OVERLAYS));
  const from = temporaryFolder(Object.fromEntries(order === 'in order' ? files : files.reverse()));
  expect(synthesized({ overlays: from })).toEqual(committed);
});

test('a second run over the first one changes nothing', () => {
  const out = temporaryFolder();
  synthesized({ out });
  expect(synthesized({ out })).toEqual(committed);
});

describe('the order of keys', () => {
  const SYSTEM = 'todo-evolution';
  const folder = new OverlayFolder(SYSTEM);
  const base = parse(readFileSync(join(folder.root, SYSTEM, 'base.yaml'), 'utf8'));

  /** The same, with the keys of every map from last to first. */
  function reversed(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(reversed);
    if (!isPlainMap(value)) return value;
    const entries = Object.entries(value).map(([key, item]) => [key, reversed(item)] as const);
    return Object.fromEntries(entries.reverse());
  }

  /** The objects as text, or nothing where the settings are refused. */
  function objectsOf(change: (value: unknown) => unknown, overlay: unknown): string | undefined {
    writeFiles(folder.root, { [`${SYSTEM}/base.yaml`]: asYaml(change(base)) });
    folder.write(asYaml(change(overlay)));
    try {
      const [settings] = loadSettings({ root: folder.root, validators: { [SYSTEM]: validators[SYSTEM]! } });
      return JSON.stringify(finished(settings!).objects, null, 1);
    } catch (error) {
      if (error instanceof SettingsError || error instanceof ValidationError || error instanceof BuildError)
        return undefined;
      throw error;
    }
  }

  test('in overlays means nothing: no byte of the manifests changes', () => {
    fc.assert(
      fc.property(overlays(schemaOf(SYSTEM)), (overlay) => {
        expect(objectsOf(reversed, overlay)).toBe(objectsOf((same) => same, overlay));
      }),
      runs(100),
    );
  });
});
