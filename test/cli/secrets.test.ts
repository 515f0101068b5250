import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { randomValue } from '../../src/cli/secrets/values';
import { EXIT } from '../../src/cli/synth';
import { objectsOf } from '../support/dist';
import {
  documents,
  expectNothingSecret,
  folder,
  kubeconfig,
  NAMESPACE,
  plain,
  run,
  runIn,
  server,
} from '../support/secrets-command';

describe('printing', () => {
  test('gives YAML of exactly the declared Secrets and keys, and all else on stderr', async () => {
    const { code, out, error } = await run(['shop', 'test']);
    expect(code).toBe(EXIT.done);
    const found = documents(out);
    expect(found.map(({ metadata, data }) => [metadata.name, Object.keys(data)])).toEqual([
      ['app-secrets', ['api-key']],
      ['database-credentials', ['exporter-password', 'password', 'url']],
    ]);
    const [app, database] = found.map(({ data }) => data);
    expect(plain(app['api-key'])).toMatch(/^[A-Za-z0-9]{48}$/);
    expect(plain(database.password)).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(plain(database.url)).toBe(`postgresql://app:${plain(database.password)}@database/app`);
    expect(error).toMatch(/^no kubeconfig: .*all values are new/);
  });

  test('places the Secrets in the namespace, with the labels of the system', async () => {
    const [secret] = documents((await run(['shop', 'test'])).out);
    expect(secret).toMatchObject({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false' },
        labels: {
          'app.kubernetes.io/component': 'platform',
          'app.kubernetes.io/instance': 'shop-test',
          'app.kubernetes.io/managed-by': 'cdk8s-webstack',
          'app.kubernetes.io/name': 'shop',
          'app.kubernetes.io/part-of': 'shop',
          'app.kubernetes.io/version': '1.2.3',
          environment: 'test',
        },
        name: 'app-secrets',
        namespace: NAMESPACE,
      },
    });
  });

  test('gives other values each time', async () => {
    const runs = [await run(['shop', 'test']), await run(['shop', 'test'])];
    const values = runs.flatMap(({ out }) => documents(out).flatMap(({ data }) => Object.values(data)));
    expect(new Set(values).size).toBe(8);
  });

  test('keeps what the cluster of the kubeconfig has', async () => {
    const password = randomValue();
    server.add('database-credentials', { password, foreign: randomValue() });
    const { code, out, error } = await runIn([]);
    expect(code).toBe(EXIT.done);
    const { data } = documents(out)[1];
    expect(Object.keys(data)).toEqual(['exporter-password', 'password', 'url']);
    expect(plain(data.password)).toBe(password);
    expect(error).toContain('compared with context "stand-in", namespace "shop-test"\n');
    expect(error).toContain('database-credentials/password: kept\n');
    expect(error).toContain('app-secrets/api-key: added\n');
    expectNothingSecret({ code, out: '', error });
    expect(server.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('reads ~/.kube/config where KUBECONFIG is not set', async () => {
    mkdirSync(join(folder, '.kube'));
    kubeconfig('.kube/config');
    expect((await run(['shop', 'test'])).error).toContain('context "stand-in"');
  });

  test('merges the files of KUBECONFIG, of which the first wins and one may be missing', async () => {
    const other = kubeconfig('other', 'http://127.0.0.1:1', 'nowhere');
    const files = [join(folder, 'missing'), kubeconfig(), other].join(':');
    expect((await run(['shop', 'test'], { KUBECONFIG: files })).code).toBe(EXIT.done);
  });

  test('says when the namespace is not there yet', async () => {
    server.namespace = undefined;
    const { code, out, error } = await runIn([]);
    expect(code).toBe(EXIT.done);
    expect(documents(out)).toHaveLength(2);
    expect(error).toContain('context "stand-in" has no namespace "shop-test" yet; all values are new\n');
  });

  test('asks no cluster when offline', async () => {
    const { code, error } = await runIn(['--offline']);
    expect(code).toBe(EXIT.done);
    expect(error).toMatch(/^--offline; all values are new/);
    expect(error).toContain('database-credentials/url: added\n');
    expect(server.requests).toEqual([]);
  });

  test('prints nothing for a system without Secrets', async () => {
    expect(await run(['shop', 'test', '--offline'], {}, [])).toMatchObject({ code: EXIT.done, out: '' });
  });
});

describe('the cluster cannot be asked', () => {
  const OFFLINE = 'to print new values without asking a cluster, give --offline\n';

  test('when nothing listens', async () => {
    const file = kubeconfig();
    await server.close();
    const printing = await run(['shop', 'test'], { KUBECONFIG: file });
    expect(printing).toMatchObject({ code: EXIT.failed, out: '' });
    expect(printing.error).toContain('is not reachable (ECONNREFUSED); is it up, and this its address?');
    expect(printing.error).toContain(OFFLINE);
    const applying = await run(['shop', 'test', '--apply'], { KUBECONFIG: file });
    expect(applying).toMatchObject({ code: EXIT.failed, out: '' });
    expect(applying.error).not.toContain('--offline');
    await server.listen();
  });

  test('when nothing answers', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const patience = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(100));
    server.silent = true;
    const { code, error } = await runIn([]);
    expect(code).toBe(EXIT.failed);
    expect(error).toContain('does not answer; is the cluster reachable from here?');
    expect(patience).toHaveBeenCalledWith(15_000);
    patience.mockRestore();
  });

  test.each([
    ['a missing file', 'missing', undefined, 'is not there; set KUBECONFIG to a file that is'],
    ['an empty file', 'empty', '', 'cannot be read as one'],
    ['no YAML', 'broken', 'users:\n- name: {\n  token: abc', 'cannot be read as one'],
    ['no context', 'bare', 'contexts: []', 'has no current context; give --context, one of none'],
  ])('with a kubeconfig that is %s', async (_, name, content, message) => {
    const file = join(folder, name);
    if (content !== undefined) writeFileSync(file, content);
    const { code, out, error } = await run(['shop', 'test'], { KUBECONFIG: file });
    expect({ code, out }).toEqual({ code: EXIT.failed, out: '' });
    expect(error).toContain(`kubeconfig ${file}: `);
    expect(error).toContain(message);
    expect(error).toContain(OFFLINE);
    expect(error).not.toContain('abc');
  });

  test.each([
    ['other', 'has no context "other"; known are stand-in, nowhere'],
    ['nowhere', 'context "nowhere" names cluster "gone", which is not there'],
  ])('with --context %s', async (context, message) => {
    const { code, error } = await runIn(['--context', context]);
    expect(code).toBe(EXIT.failed);
    expect(error).toContain(message);
  });

  test('with a context and no kubeconfig', async () => {
    const { code, error } = await run(['shop', 'test', '--context', 'kind']);
    expect(code).toBe(EXIT.failed);
    expect(error).toContain('context "kind": there is no kubeconfig');
  });
});

describe('usage', () => {
  test.each([
    [[], "missing required argument 'system'"],
    [['shop'], "missing required argument 'environment'"],
    [['shop/test', 'x'], 'expected SYSTEM ENVIRONMENT, got "shop/test x'],
    [['shop', 'test', 'more'], 'too many arguments'],
    [['shop', 'test', '--aply'], 'Did you mean --apply?'],
    [['shop', 'test', '--apply', '--offline'], "option '--offline' cannot be used with option '--apply'"],
    [['shop', 'test', '--offline', '--context', 'x'], "option '--offline' cannot be used with option '--context"],
  ])('%j is wrong', async (args, message) => {
    const { code, out, error } = await run(args);
    expect({ code, out }).toEqual({ code: EXIT.usage, out: '' });
    expect(error).toContain(message);
    expect(error).toContain('Usage: npm run secrets -- ');
  });

  test('--help is not', async () => {
    const { code, out, error } = await run(['--help']);
    expect({ code, error }).toEqual({ code: EXIT.done, error: '' });
    expect(out).toContain(
      'Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 settings or manifests refused, 4 done, but',
    );
  });

  test.each([
    [['shop', 'live'], 'no environment called "live"; known are test'],
    [['shops', 'test'], 'no system is called "shops"; known are shop'],
  ])('%j does not exist', async (args, message) => {
    const { code, out, error } = await run(args);
    expect({ code, out }).toEqual({ code: EXIT.refused, out: '' });
    expect(error).toContain(message);
  });

  test('a declaration that cannot be filled is refused before a cluster is asked', async () => {
    const keys = { url: { template: '{{nothing}}' } };
    const { code, error } = await runIn(['--apply'], [{ name: 'broken', keys }]);
    expect(code).toBe(EXIT.refused);
    expect(error).toContain('secret broken, key url: its template names {{nothing}}');
    expect(server.requests).toEqual([]);
  });
});

describe('the program', () => {
  const program = (...args: string[]) => {
    const env = { ...process.env, HOME: folder, KUBECONFIG: '' };
    const options = { encoding: 'utf8', env } as const;
    return spawnSync('sh', ['tools/run.sh', 'src/cli/secrets.ts', ...args], options);
  };

  /** `secret/key` of everything that pods read, from the committed manifests alone. */
  function readByPods(environment: string): string[] {
    const found = new Set<string>();
    const walk = (value: any): void => {
      if (typeof value !== 'object' || value === null) return;
      if (value.secretKeyRef) found.add(`${value.secretKeyRef.name}/${value.secretKeyRef.key}`);
      for (const { key } of value.secret?.items ?? []) found.add(`${value.secret.secretName}/${key}`);
      Object.values(value).forEach(walk);
    };
    objectsOf(environment).forEach(walk);
    return [...found].sort();
  }

  test('fills every key that pods of the main system read', () => {
    const { status: code, stdout, stderr } = program('todo-evolution', 'production', '--offline');
    // All but those that only the owner of the store of backups can give.
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('backup-credentials/access-key-id') });
    const filled = documents(stdout).flatMap(({ metadata, data }) =>
      Object.keys(data).map((key) => `${metadata.name}/${key}`),
    );
    const made = readByPods('todo-evolution/production').filter((path) => !path.startsWith('backup-credentials/'));
    expect(filled).toEqual(expect.arrayContaining(made));
    expect(readByPods('todo-evolution/production').length).toBeGreaterThan(5);
  });

  test('ends with the exit code, and finds the client where it is installed', () => {
    const { status: code, stderr } = program('todo-evolution', 'production', '--context', 'kind');
    expect(code).toBe(EXIT.failed);
    expect(stderr).toContain('there is no kubeconfig');
    writeFileSync(join(folder, 'kubeconfig'), '');
    const file = kubeconfig('kubeconfig', 'http://127.0.0.1:1');
    const args = ['tools/run.sh', 'src/cli/secrets.ts', 'todo-evolution', 'production'];
    const asked = spawnSync('sh', args, { encoding: 'utf8', env: { ...process.env, KUBECONFIG: file } });
    expect(asked).toMatchObject({ status: EXIT.failed, stdout: '' });
    expect(asked.stderr).toContain('http://127.0.0.1:1 is not reachable');
  });
});
