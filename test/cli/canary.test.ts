import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { buildEnvironment, secretsOf } from '../../src/cli/build';
import { secrets } from '../../src/cli/secrets/command';
import { synth } from '../../src/cli/synth';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { environments, filesOf } from '../support/dist';

const registry = { systems: SYSTEMS, validators };

/** What is printed for a store: a line of JSON for each Secret. */
const storedIn = (printed: string): string[] =>
  printed
    .trim()
    .split('\n')
    .flatMap((line) => Object.values<string>(JSON.parse(line).value));

const manifestsIn = (printed: string): string[] =>
  parseAllDocuments(printed).flatMap((document) =>
    Object.values(document.toJS().data as Record<string, string>).map((value) =>
      Buffer.from(value, 'base64').toString(),
    ),
  );

/** The values that the secrets command makes for an environment, which is told to print them. */
async function generated(environment: string): Promise<string[]> {
  let printed = '';
  const around = {
    env: {},
    out: (text: string) => void (printed += text),
    error: () => undefined,
    input: () => Promise.resolve(''),
  };
  const [system = '', name = ''] = environment.split('/');
  const built = buildEnvironment({ system, environment: name, overlays: 'overlays' }, registry);
  // Keys of a store of backups, of a database or an API outside come from somebody else, and are named as missing.
  const given = secretsOf(built).flatMap(({ keys }) => Object.values(keys));
  const lacksSome = given.some(({ provided, optional }) => provided && !optional);
  const isStored = built._storeKey('') !== undefined;
  const asked = [system, name, '--offline', ...(isStored ? ['--print-store'] : [])];
  expect(await secrets(asked, registry, around)).toBe(lacksSome ? 4 : 0);
  const values = isStored ? storedIn(printed) : manifestsIn(printed);
  // The name with which a user begins is no secret, nor is nothing.
  return values.filter(({ length }) => length >= 16);
}

test('no value of a secret reaches an output, from the command or from the surroundings', async () => {
  const out = mkdtempSync(join(tmpdir(), 'webstack-canary-'));
  const surroundings = ['DATABASE_PASSWORD', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET', 'API_KEY'];
  const canaries = surroundings.map((name) => `canary-${name}-${Math.random()}`);
  const before = { ...process.env };
  surroundings.forEach((name, index) => (process.env[name] = canaries[index]));
  try {
    const values = (await Promise.all(environments().map(generated))).flat();
    expect(values.length).toBeGreaterThan(20);
    let text = '';
    const terminal = { out: (part: string) => void (text += part), error: (part: string) => void (text += part) };
    expect(synth(['--out', out], registry, terminal)).toBe(0);
    const written = environments().flatMap((environment) =>
      filesOf(environment).map((file) => readFileSync(file.replace(/^.*\/dist/, out), 'utf8')),
    );
    for (const value of [...values, ...canaries]) expect([text, ...written].join('\n')).not.toContain(value);
  } finally {
    process.env = before;
    rmSync(out, { recursive: true });
  }
});

test('nothing committed is a Secret', () => {
  const committed = environments().flatMap((environment) => filesOf(environment));
  const snapshots = readFileSync(join(__dirname, '../../__snapshots__/main.test.ts.snap'), 'utf8');
  for (const text of [...committed.map((file) => readFileSync(file, 'utf8')), snapshots]) {
    expect(text).not.toMatch(/^kind: Secret$/m);
    expect(text).not.toMatch(/^\s*(stringData|requirepass)\b/m);
  }
});
