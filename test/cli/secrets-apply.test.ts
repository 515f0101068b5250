import { randomValue } from '../../src/cli/secrets/values';
import { EXIT } from '../../src/cli/synth';
import {
  expectNothingSecret,
  kubeconfig,
  NAMESPACE,
  plain,
  run,
  runIn,
  server,
  status,
} from '../support/secrets-command';

describe('applying', () => {
  test('makes what is not there, and shows no value', async () => {
    const result = await runIn(['--apply']);
    expect(result.code).toBe(EXIT.done);
    expect(result.out).toBe(
      'app-secrets/api-key: added\n' +
        'database-credentials/exporter-password: added\n' +
        'database-credentials/password: added\n' +
        'database-credentials/url: added\n' +
        'context "stand-in", namespace "shop-test": 2 made, 0 changed, 0 as before\n',
    );
    const { password, url } = server.dataOf('database-credentials');
    expect(url).toBe(`postgresql://app:${password}@database/app`);
    expect(server.written.map(({ method, query }) => [method, query])).toEqual([
      ['POST', { fieldManager: 'cdk8s-webstack-secrets' }],
      ['POST', { fieldManager: 'cdk8s-webstack-secrets' }],
    ]);
    expectNothingSecret(result);
  });

  test('changes nothing the second time', async () => {
    await runIn(['--apply']);
    const before = [server.dataOf('app-secrets'), server.dataOf('database-credentials')];
    const { code, out } = await runIn(['--apply']);
    expect(code).toBe(EXIT.done);
    expect(out).toContain('0 made, 0 changed, 2 as before\n');
    expect(out).not.toMatch(/added|recomputed/);
    expect([server.dataOf('app-secrets'), server.dataOf('database-credentials')]).toEqual(before);
    expect(server.written).toHaveLength(2);
  });

  test('adds missing keys, computes templates anew and sends nothing else', async () => {
    const [password, foreign] = [randomValue(), randomValue()];
    server.add('app-secrets', { 'api-key': randomValue() });
    server.add('database-credentials', { password, foreign, url: 'postgresql://app:older@database/app' });
    const result = await runIn(['--apply']);
    expect(result.code).toBe(EXIT.done);
    expect(result.out).toBe(
      'app-secrets/api-key: kept\n' +
        'database-credentials/exporter-password: added\n' +
        'database-credentials/password: kept\n' +
        'database-credentials/url: recomputed\n' +
        'context "stand-in", namespace "shop-test": 0 made, 1 changed, 1 as before\n',
    );
    expect(server.dataOf('database-credentials')).toMatchObject({
      password,
      foreign,
      url: `postgresql://app:${password}@database/app`,
    });
    expect(server.written).toHaveLength(1);
    expect(Object.keys(server.written[0]!.body.data)).toEqual(['exporter-password', 'url']);
    expectNothingSecret(result);
  });

  test('points at a value that is kept and empty', async () => {
    server.add('app-secrets', { 'api-key': '' });
    expect((await runIn(['--apply'])).out).toContain('app-secrets/api-key: kept, and empty\n');
  });

  test('goes on where namespaces may not be looked at', async () => {
    server.refuse = ({ path }) =>
      path.endsWith(NAMESPACE) ? status(403, 'Forbidden', 'User "x" cannot get resource "namespaces"') : undefined;
    expect((await runIn(['--apply'])).code).toBe(EXIT.done);
  });

  test('takes the context that is asked for', async () => {
    const file = kubeconfig();
    const result = await run(['shop', 'test', '--apply', '--context', 'stand-in'], { KUBECONFIG: file });
    expect(result.out).toContain('context "stand-in", namespace "shop-test": 2 made');
  });

  test('keeps an immutable Secret that has all it needs', async () => {
    server.add('app-secrets', { 'api-key': randomValue() }, { immutable: true });
    expect((await runIn(['--apply'])).out).toContain('1 made, 0 changed, 1 as before');
  });
});

describe('applying fails', () => {
  /** Applies, expects it to fail without a value shown, and gives what was said. */
  async function refused(): Promise<string> {
    server.add('other', { value: randomValue() });
    const result = await runIn(['--apply']);
    expect(result).toMatchObject({ code: EXIT.failed, out: '' });
    expectNothingSecret(result);
    return result.error;
  }

  test('without the namespace, and says how to make it', async () => {
    server.namespace = undefined;
    expect(await refused()).toBe(
      'context "stand-in": there is no namespace "shop-test"; ' +
        'make it with: kubectl apply -f dist/shop/test/00-platform.k8s.yaml\n',
    );
  });

  test('while the namespace is being deleted', async () => {
    server.namespace.status.phase = 'Terminating';
    expect(await refused()).toContain('is being deleted; wait until it is gone and make it anew');
  });

  test('when Secrets may not be read, and names the rights', async () => {
    const message = 'secrets "app-secrets" is forbidden: User "x" cannot get resource "secrets" in API group ""';
    server.refuse = ({ path }) => (path.includes('/secrets/') ? status(403, 'Forbidden', message) : undefined);
    const error = await refused();
    expect(error).toContain(`cannot read secret "app-secrets": forbidden, ${message}`);
    expect(error).toContain('ask for a role with get, create and patch on secrets in namespace "shop-test"');
  });

  test('when one Secret would be refused, before any is written', async () => {
    server.refuse = ({ method, body }) =>
      method === 'POST' && body.metadata.name === 'database-credentials'
        ? status(403, 'Forbidden', 'secrets "database-credentials" is forbidden: exceeded quota: quota')
        : undefined;
    const error = await refused();
    expect(error).toContain('cannot make secret "database-credentials": forbidden, ');
    expect(error).toContain('exceeded quota: quota; mend that and run again\nnothing was written\n');
    expect(server.written).toEqual([]);
  });

  test('half way, and says how far it came', async () => {
    server.refuse = ({ body, query }) =>
      body?.metadata?.name === 'database-credentials' && !query['dryRun']
        ? status(503, 'ServiceUnavailable', 'etcd is away')
        : undefined;
    const error = await refused();
    expect(error).toContain('answer 503, etcd is away');
    expect(error).toContain('written: app-secrets; not confirmed: database-credentials; what is there is kept');
  });

  test('when somebody else was quicker', async () => {
    server.refuse = ({ method }) => {
      if (method === 'POST') server.add('app-secrets', { 'api-key': randomValue() });
      return undefined;
    };
    expect(await refused()).toContain('somebody else changed it in between; run again\n');
  });

  test('when a Secret was changed after it was read', async () => {
    server.add('database-credentials', { password: randomValue() });
    server.refuse = ({ method }) => {
      if (method === 'PATCH') server.add('database-credentials', { password: randomValue() });
      return undefined;
    };
    expect(await refused()).toContain('cannot change secret "database-credentials": somebody else changed it');
  });

  test.each([
    ['as they are', plain],
    ['as the API has them', (value: string) => value],
    ['in quotes', (value: string) => JSON.stringify(plain(value))],
  ])('and shows no answer that repeats values %s', async (_, form) => {
    server.refuse = ({ method, body }) =>
      method === 'POST' ? status(422, 'Invalid', `no ${Object.values<string>(body.data).map(form)[0]}`) : undefined;
    expect(await refused()).toContain('answer 422, for a reason that repeats a value and is not shown; mend that');
  });

  test('and repeats nothing of an answer that is no API server’s', async () => {
    server.refuse = ({ method }) => (method === 'POST' ? { code: 502, body: '<html>Bad Gateway</html>' } : undefined);
    expect(await refused()).toContain('answer 502, no reason given');
  });

  test('where something that is no API server says 404', async () => {
    server.refuse = () => ({ code: 404, body: '<html>Not Found</html>' });
    expect(await refused()).toContain('cannot read the namespace: not found, no reason given');
  });

  test('where something that is no API server says 200', async () => {
    server.refuse = () => ({ code: 200, body: '<html>Hello</html>' });
    const { code, error } = await runIn(['--apply']);
    expect(code).toBe(EXIT.failed);
    expect(error).toContain('does not answer as an API server does; mend the kubeconfig');
    expect(error).not.toContain('Hello');
  });

  test('where a proxy answers for it after all was read', async () => {
    server.refuse = ({ method }) => (method === 'POST' ? { code: 200, body: '<html>Log in</html>' } : undefined);
    expect(await refused()).toContain(
      'does not answer as an API server does; mend the kubeconfig\nnothing was written',
    );
  });

  test('when the credentials are not accepted', async () => {
    server.refuse = () => status(401, 'Unauthorized', 'Unauthorized');
    expect(await refused()).toContain('does not accept the credentials; log in again or give another --context');
  });

  test('on a Secret of another type', async () => {
    server.add('app-secrets', { 'api-key': randomValue() }, { type: 'kubernetes.io/basic-auth' });
    expect(await refused()).toContain('secret app-secrets: expected type Opaque, found kubernetes.io/basic-auth');
    expect(server.written).toEqual([]);
  });

  test('on an immutable Secret that lacks a key', async () => {
    server.add('database-credentials', { password: randomValue() }, { immutable: true });
    expect(await refused()).toContain('is immutable, and exporter-password would be added, url would be added; delete');
    expect(server.written).toEqual([]);
  });

  test('on a Secret that an operator keeps', async () => {
    const owner = { apiVersion: 'example.com/v1', kind: 'Vault', name: 'main', uid: '1', controller: true };
    const metadata = { name: 'database-credentials', namespace: NAMESPACE, ownerReferences: [owner] };
    server.add('database-credentials', { password: randomValue() }, { metadata });
    expect(await refused()).toContain('secret database-credentials: is kept by Vault main, and');
  });

  test('without a kubeconfig', async () => {
    const { code, error } = await run(['shop', 'test', '--apply']);
    expect(code).toBe(EXIT.failed);
    expect(error).toBe('there is no kubeconfig; set KUBECONFIG or make ~/.kube/config\n');
  });
});
