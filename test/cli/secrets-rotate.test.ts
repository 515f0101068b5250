import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { journalName } from '../../src/cli/secrets/journal';
import { SECRETS_EXIT } from '../../src/cli/secrets/options';
import { randomValue } from '../../src/cli/secrets/values';
import { EXIT } from '../../src/cli/synth';
import { Postgres } from '../../src/data/postgres';
import { ExternalService } from '../../src/network/external-service';
import type { System } from '../../src/platform/system';
import { WebService } from '../../src/workload/web-service';
import { addSettings, expectNothingSecret, folder, runIn, server, status } from '../support/secrets-command';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** A service with a secret that it makes up and one that somebody gives, and a database. */
function shop(system: System): void {
  const secrets = { JWT: {}, API_KEY: { provided: true } };
  new WebService(system.layer('apps'), 'web', { image, port: 8080, secrets });
  new Postgres(system.layer('data'), 'db');
}

const LABELS = { 'app.kubernetes.io/instance': 'shop-test', 'app.kubernetes.io/name': 'web' };
const inShop = (args: string[], input = '') => runIn(args, shop, input);

/** The Secrets of the shop, as a first run makes them, and its pods. */
async function setUp(): Promise<void> {
  await inShop(['--apply']);
  await inShop(['--set', 'web-secrets/api-key'], `${randomValue()}\n`);
  server.addWorkload('deployments/web', LABELS);
  server.requests.splice(0);
}

describe('a value that only somebody else can give', () => {
  test('is not made up, and the exit code says so', async () => {
    const { code, out, error } = await inShop(['--apply']);
    expect(code).toBe(SECRETS_EXIT.incomplete);
    expect(out).not.toContain('web-secrets/api-key');
    expect(error).toBe(
      'web-secrets/api-key: is missing, and only somebody else can give it: ' +
        'npm run secrets -- shop test --set web-secrets/api-key < FILE\n',
    );
    expect(Object.keys(server.dataOf('web-secrets'))).toEqual(['jwt']);
    expect((await inShop([])).code).toBe(SECRETS_EXIT.incomplete);
  });

  test('is read from stdin, less its line end, and makes the Secret where there is none', async () => {
    const value = randomValue();
    const result = await inShop(['--set', 'web-secrets/api-key'], `${value}\n`);
    expect(result).toMatchObject({ code: EXIT.done, error: '' });
    expect(result.out).toContain('web-secrets/api-key: added\n');
    expect(server.dataOf('web-secrets')).toMatchObject({ 'api-key': value, jwt: expect.any(String) });
    expect([...server.secrets.keys()]).toEqual(['web-secrets']);
    expectNothingSecret(result);
    const again = randomValue();
    expect((await inShop(['--set', 'web-secrets/api-key'], again)).out).toContain('web-secrets/api-key: changed\n');
    expect(server.dataOf('web-secrets')['api-key']).toBe(again);
  });

  test.each([
    ['web-secrets/api-key', '\n', 'expected the value on stdin, got nothing; pipe it in, as in < FILE'],
    ['web-secrets/x', 'v', 'no such key is declared; known are web-secrets/api-key, web-secrets/jwt'],
    ['db-credentials/password', 'v', 'a server keeps it; give --rotate, which tells it, too'],
    ['db-credentials/username', 'v', 'a server keeps it; give --rotate, which tells it, too'],
  ])('%s is refused for what it is', async (path, input, message) => {
    const result = await inShop(['--set', path], input);
    expect(result).toMatchObject({ code: EXIT.failed, error: `${path}: ${message}\n` });
    expect(server.written).toEqual([]);
  });
});

describe('a value of a service that is optional', () => {
  /** The shop, with an API that it can do without. */
  const withApi = (system: System) => {
    shop(system);
    const secrets = { MAIL_KEY: {} };
    new ExternalService(system.layer('data'), 'mail', { cidrs: ['192.0.2.0/28'], optional: true, secrets });
  };
  const inBoth = (args: string[], input = '') => runIn(args, withApi, input);

  test('is asked for, and nothing is incomplete without it', async () => {
    await setUp();
    for (const args of [['--apply'], []]) {
      const { code, error } = await inBoth(args);
      expect(code).toBe(EXIT.done);
      expect(error).toContain(
        'mail-credentials/mail-key: is not given, and pods start without it; only somebody else can give it: ' +
          'npm run secrets -- shop test --set mail-credentials/mail-key < FILE\n',
      );
    }
    const { code, out } = await inBoth(['--show']);
    expect(code).toBe(EXIT.done);
    expect(out).toMatch(/^mail-credentials\/mail-key +not given, to be given with --set/m);
  });

  test('is kept where it is given, and does not make up for one that is required', async () => {
    await setUp();
    const value = randomValue();
    expect((await inBoth(['--set', 'mail-credentials/mail-key'], value)).code).toBe(EXIT.done);
    const again = await inBoth(['--apply']);
    expect(again).toMatchObject({ code: EXIT.done, error: '' });
    expect(server.dataOf('mail-credentials')).toEqual({ 'mail-key': value });
    server.add('web-secrets', { jwt: server.dataOf('web-secrets')['jwt']! });
    expect((await inBoth(['--apply'])).code).toBe(SECRETS_EXIT.incomplete);
  });
});

describe('--show', () => {
  test('tells of every key what is known of it, and no value', async () => {
    await setUp();
    server.add('db-credentials', { ...server.dataOf('db-credentials'), 'exporter-password': '' });
    const jwt = server.dataOf('web-secrets')['jwt']!;
    const times = {
      creationTimestamp: new Date(Date.now() - 5 * 86_400_000).toISOString(),
      managedFields: [] as any[],
    };
    const time = new Date(Date.now() - 3 * 3_600_000).toISOString();
    times.managedFields.push({ time, fieldsV1: { 'f:data': { '.': {}, 'f:jwt': {} } } });
    server.add('web-secrets', { jwt }, { metadata: { name: 'web-secrets', ...times } });
    const result = await inShop(['--show']);
    expect(result.code).toBe(SECRETS_EXIT.incomplete);
    const lines = result.out.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(['context "stand-in", namespace "shop-test"']);
    expect(lines[1]).toEqual(['SECRET/KEY', 'STATE', 'LENGTH', 'AGE', 'FINGERPRINT']);
    expect(lines).toContainEqual(['web-secrets/api-key', 'missing, to be given with --set', '-', '-', '-']);
    expect(lines).toContainEqual(['web-secrets/jwt', 'there', '48', '3h', expect.stringMatching(/^[0-9a-f]{8}$/)]);
    expect(lines).toContainEqual(['db-credentials/username', 'there', '3', '-', '-']);
    expect(result.out).not.toContain(jwt);
    for (const value of Object.values(server.dataOf('db-credentials')).filter(({ length }) => length > 5)) {
      expect(result.out).not.toContain(value);
    }
  });

  test('tells of a rotation that did not end', async () => {
    await setUp();
    server.stuck = true;
    expect((await inShop(['--rotate', 'web-secrets/jwt'])).code).toBe(EXIT.failed);
    expect((await inShop(['--show'])).out).toMatch(/\na rotation of web-secrets\/jwt began at 2\d.* run it again\n$/);
  });
});

describe('--rotate', () => {
  test('renews a value, restarts what reads it and waits for the pods', async () => {
    await setUp();
    const old = server.dataOf('web-secrets');
    const result = await inShop(['--rotate', 'web-secrets/jwt']);
    expect(result).toMatchObject({ code: EXIT.done, error: '' });
    expect(result.out).toContain('  3. restart deployment/web and wait for its pods\n');
    expect(result.out).toMatch(/web-secrets\/jwt: rotated\n$/);
    const { jwt, 'api-key': apiKey } = server.dataOf('web-secrets');
    expect(jwt).toMatch(/^[A-Za-z0-9]{48}$/);
    expect(jwt).not.toBe(old['jwt']);
    expect(apiKey).toBe(old['api-key']);
    expect(server.secrets.has(journalName('web-secrets'))).toBe(false);
    expect(server.written.map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`)).toEqual([
      'POST shop-test/secrets',
      'PATCH secrets/web-secrets',
      'PATCH deployments/web',
      'DELETE secrets/web-secrets-rotation',
    ]);
    expectNothingSecret(result);
  });

  test('gives a value that somebody brings, and does not wait for pods of others', async () => {
    await setUp();
    server.pods.push({ metadata: { name: 'other', labels: { app: 'other' } } });
    const value = randomValue();
    expect((await inShop(['--rotate', 'web-secrets/api-key'], `${value}\n`)).code).toBe(EXIT.done);
    expect(server.dataOf('web-secrets')['api-key']).toBe(value);
  });

  test('waits for the last old pod to end', async () => {
    await setUp();
    const ending = { metadata: { name: 'web-old', labels: LABELS }, status: { phase: 'Running' } };
    let asked = 0;
    server.refuse = ({ path, method }) => {
      if (method === 'PATCH' && path.endsWith('deployments/web')) setTimeout(() => server.pods.push(ending));
      if (path.endsWith('/pods') && (asked += 1) === 3) server.pods.splice(server.pods.indexOf(ending), 1);
      return undefined;
    };
    const result = await inShop(['--rotate', 'web-secrets/jwt']);
    expect(result.code).toBe(EXIT.done);
    expect(asked).toBeGreaterThan(1);
  });

  test('a run that failed goes on with the same values', async () => {
    await setUp();
    server.stuck = true;
    const failed = await inShop(['--rotate', 'web-secrets/jwt']);
    expect(failed.code).toBe(EXIT.failed);
    expect(failed.error).toContain('deployment/web: does not get on (ProgressDeadlineExceeded); mend that\n');
    expect(failed.error).toContain('stopped at: restart deployment/web and wait for its pods.');
    const { jwt } = server.dataOf('web-secrets');
    server.stuck = false;
    server.workloads.get('deployments/web').status.conditions = [];
    for (const { metadata } of server.pods) {
      metadata.annotations = server.workloads.get('deployments/web').spec.template.metadata.annotations;
    }
    const result = await inShop(['--rotate', 'web-secrets/jwt']);
    expect(result).toMatchObject({ code: EXIT.done });
    expect(result.out).toContain('goes on with the rotation that began at');
    expect(server.dataOf('web-secrets')['jwt']).toBe(jwt);
  });

  test('prints the plan and does nothing with --dry-run', async () => {
    await setUp();
    const { code, out } = await inShop(['--rotate', 'db-credentials/exporter-password', '--dry-run']);
    expect(code).toBe(EXIT.done);
    expect(out).toBe(
      'db-credentials/exporter-password in context "stand-in", namespace "shop-test":\n' +
        '  1. note the new values in secret db-credentials-rotation\n' +
        '  2. db-0 (container postgres): accept the new exporter-password\n' +
        '  3. secret db-credentials: change exporter-password\n' +
        '  4. db-0 (container postgres): accept the new exporter-password, in case it restarted in between\n' +
        '  5. restart statefulset/db and wait for its pods\n' +
        '  6. delete secret db-credentials-rotation\n' +
        '  interrupts the database: its pod is restarted, since the exporter in it reads its password when it starts\n',
    );
    expect(server.written).toEqual([]);
  });

  test('interrupts nothing without being told to', async () => {
    await setUp();
    const { code, error } = await inShop(['--rotate', 'db-credentials/exporter-password']);
    expect(code).toBe(EXIT.failed);
    expect(error).toContain('interrupts the database: ');
    expect(error).toContain('; give --interrupt if that may be now\n');
    expect(server.written).toEqual([]);
  });

  test('says when scripts cannot be run in the server, and that nothing has changed for readers', async () => {
    await setUp();
    const before = server.dataOf('db-credentials');
    const result = await inShop(['--rotate', 'db-credentials/password']);
    expect(result.code).toBe(EXIT.failed);
    expect(result.error).toMatch(/^pod db-0, container postgres: scripts cannot be run there \(.+\)\nstopped at: /);
    expect(result.error).toContain('The Secret and all that read it have the old values');
    expect(server.dataOf('db-credentials')).toEqual(before);
    expectNothingSecret(result);
  });

  test('names the rights where they are not there', async () => {
    await setUp();
    const message = 'deployments.apps "web" is forbidden: User "x" cannot patch resource "deployments"';
    server.refuse = ({ method, path }) =>
      method === 'PATCH' && path.endsWith('deployments/web') ? status(403, 'Forbidden', message) : undefined;
    const { error } = await inShop(['--rotate', 'web-secrets/jwt']);
    expect(error).toContain(
      `cannot restart deployment "web": forbidden, ${message}; ask for a role with the rights that`,
    );
  });
});

describe('external secrets', () => {
  const STORE = { provider: 'vault', vault: { server: 'https://vault.example.com', role: 'shop' } };

  beforeEach(() => addSettings({ secrets: { source: 'external-secrets', store: STORE } }));

  /** A store that is a file for each entry, and an operator that reads it when it is told to. */
  const COMMAND = 'cat > "$FOLDER/stored.json" && printf %s "$STORE_KEY" > "$FOLDER/stored.key"';

  test('are not made here', async () => {
    for (const args of [[], ['--apply'], ['--set', 'web-secrets/api-key'], ['--offline']]) {
      const { code, out, error } = await inShop(args);
      expect({ code, out }).toEqual({ code: EXIT.failed, out: '' });
      expect(error).toMatch(/^the Secrets of shop-test come from a store of secrets\.store; write them there with/);
    }
    expect(server.requests).toEqual([]);
  });

  test('--print-store prints what the store must hold, and keeps what the cluster has', async () => {
    server.add('web-secrets', { jwt: 'j'.repeat(48) });
    const all = await inShop(['--print-store']);
    expect(all.code).toBe(SECRETS_EXIT.incomplete);
    expect(all.error).toContain('web-secrets/api-key: is missing, and only somebody else can give it: add it to what');
    const entries = all.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries.map(({ key, value }) => [key, Object.keys(value)])).toEqual([
      ['shop/test/db-credentials', ['exporter-password', 'password', 'postgres-password', 'username']],
      ['shop/test/web-secrets', ['jwt']],
    ]);
    expect(entries[0].value.username).toBe('app');
    expect(JSON.parse((await inShop(['--print-store', 'web-secrets'])).out)).toEqual({ jwt: 'j'.repeat(48) });
    expect((await inShop(['--print-store', 'x'])).error).toContain('x: no such Secret is declared; known are db-cred');
  });

  test('are rotated by way of the store', async () => {
    const values = { jwt: randomValue(48), 'api-key': randomValue() };
    server.add('web-secrets', values);
    server.addWorkload('deployments/web', LABELS);
    process.env['FOLDER'] = folder;
    server.fetch = (name) => server.add(name, JSON.parse(readFileSync(join(folder, 'stored.json'), 'utf8')));
    const result = await inShop(['--rotate', 'web-secrets/jwt', '--store-command', COMMAND]);
    delete process.env['FOLDER'];
    expect(result).toMatchObject({ code: EXIT.done, error: '' });
    expect(readFileSync(join(folder, 'stored.key'), 'utf8')).toBe('shop/test/web-secrets');
    expect(server.dataOf('web-secrets')['api-key']).toBe(values['api-key']);
    expect(server.dataOf('web-secrets')['jwt']).not.toBe(values.jwt);
    expect(server.written.map(({ path }) => path.split('/').slice(-2).join('/'))).toEqual([
      'shop-test/secrets',
      'externalsecrets/web-secrets',
      'deployments/web',
      'secrets/web-secrets-rotation',
    ]);
    expectNothingSecret(result);
  });

  test('stay as they are where the store takes nothing', async () => {
    const values = { jwt: randomValue(48), 'api-key': randomValue() };
    server.add('web-secrets', values);
    const { code, error } = await inShop(['--rotate', 'web-secrets/jwt', '--store-command', 'exit 3']);
    expect(code).toBe(EXIT.failed);
    expect(error).toContain(
      'the store command ended with exit code 3; mend it\nstopped at: secret web-secrets: change',
    );
    expect(server.dataOf('web-secrets')).toEqual(values);
  });

  test('cannot be rotated without a command for the store', async () => {
    const { error } = await inShop(['--rotate', 'web-secrets/jwt']);
    expect(error).toBe('--rotate: the Secrets come from a store; give --store-command, which writes stdin into it\n');
    addSettings({});
    expect((await inShop(['--rotate', 'web-secrets/jwt', '--store-command', 'x'])).error).toContain(
      'come from no store',
    );
    expect((await inShop(['--print-store'])).error).toContain('--print-store: there is no store; set secrets.source');
  });
});
