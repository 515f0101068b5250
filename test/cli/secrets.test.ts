import type * as childProcess from 'node:child_process';
import { spawnSync } from 'node:child_process';
import type * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { secrets } from '../../src/cli/secrets/command';
import { randomValue } from '../../src/cli/secrets/values';
import { EXIT, type Registry } from '../../src/cli/synth';
import { type SecretDeclaration, Secrets } from '../../src/platform/secrets';
import { System } from '../../src/platform/system';
import { objectsOf } from '../support/dist';

// The client is published as ECMAScript modules only, which jest does not load: it is bundled into one of the old kind.
jest.mock('@kubernetes/client-node', () => {
  const { execFileSync } = jest.requireActual<typeof childProcess>('node:child_process');
  const { mkdtempSync: makeFolder, rmSync: remove } = jest.requireActual<typeof fs>('node:fs');
  const folder = makeFolder('/tmp/secrets-test-client-');
  const entry = 'node_modules/@kubernetes/client-node/dist/index.js';
  const options = ['--bundle', '--platform=node', '--format=cjs', '--log-level=error'];
  execFileSync('node_modules/.bin/esbuild', [entry, ...options, `--outfile=${folder}/client.cjs`]);
  const client = jest.requireActual<object>(`${folder}/client.cjs`);
  remove(folder, { recursive: true });
  return client;
});

const NAMESPACE = 'shop-test';
const base64 = (value: string) => Buffer.from(value).toString('base64');
const plain = (value: string) => Buffer.from(value, 'base64').toString();

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly contentType: string;
  readonly body: any;
}

interface Answer {
  readonly code: number;
  readonly body: any;
}

const status = (code: number, reason: string, message: string): Answer => ({
  code,
  body: { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message },
});

/**
 * A stand-in for the API server, on loopback: as much of one as the command asks, kept in memory. It is no API server,
 * and what it does is what the tests below believe one does; the guide tells of runs against a real one.
 */
class ApiServerStandIn {
  public readonly requests: Request[] = [];
  public readonly secrets = new Map<string, any>();
  public namespace: any = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
    status: { phase: 'Active' },
  };
  public refuse: (request: Request) => Answer | undefined = () => undefined;
  public silent = false;
  private version = 1;
  private readonly server: Server = createServer((request, response) => void this.receive(request, response));

  public listen = () => new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
  public close = () =>
    new Promise<void>((done) => {
      this.server.closeAllConnections();
      this.server.close(() => done());
    });

  public get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public add(name: string, values: Record<string, string>, more: object = {}): void {
    const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
    this.store({ metadata: { name, namespace: NAMESPACE }, type: 'Opaque', data, ...more });
  }

  public dataOf(name: string): Record<string, string> {
    const { data } = this.secrets.get(name);
    return Object.fromEntries(Object.entries<string>(data).map(([key, value]) => [key, plain(value)]));
  }

  public get written(): Request[] {
    return this.requests.filter(({ method, query }) => method !== 'GET' && !query['dryRun']);
  }

  private store(secret: any): any {
    const metadata = { ...secret.metadata, resourceVersion: `${(this.version += 1)}` };
    this.secrets.set(secret.metadata.name, { apiVersion: 'v1', kind: 'Secret', ...secret, metadata });
    return this.secrets.get(secret.metadata.name);
  }

  private async receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', this.address);
    let text = '';
    for await (const chunk of incoming) text += chunk;
    const request = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      contentType: incoming.headers['content-type'] ?? '',
      body: text ? JSON.parse(text) : undefined,
    };
    this.requests.push(request);
    if (this.silent) return;
    const { code, body } = this.refuse(request) ?? this.answer(request);
    response.writeHead(code, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  private answer({ method, path, query, contentType, body }: Request): Answer {
    const [, namespace, kind, name] = /^\/api\/v1\/namespaces\/([^/]+)(?:\/(secrets)(?:\/([^/]+))?)?$/.exec(path) ?? [];
    if (!this.namespace || namespace !== NAMESPACE) {
      return status(404, 'NotFound', `namespaces "${namespace}" not found`);
    }
    if (!kind) return { code: 200, body: this.namespace };
    const found = this.secrets.get(name ?? body.metadata.name);
    const keep = (secret: any) => (query['dryRun'] ? secret : this.store(secret));
    if (method === 'POST') {
      if (found) return status(409, 'AlreadyExists', `secrets "${body.metadata.name}" already exists`);
      return { code: 201, body: keep(body) };
    }
    if (!found) return status(404, 'NotFound', `secrets "${name}" not found`);
    if (method === 'GET') return { code: 200, body: found };
    if (contentType !== 'application/merge-patch+json') return status(415, 'UnsupportedMediaType', contentType);
    if (body.metadata.resourceVersion !== found.metadata.resourceVersion) {
      return status(409, 'Conflict', 'the object has been modified');
    }
    return { code: 200, body: keep({ ...found, data: { ...found.data, ...body.data } }) };
  }
}

const DECLARED: SecretDeclaration[] = [
  { name: 'app-secrets', keys: { 'api-key': { length: 48 } } },
  {
    name: 'database-credentials',
    keys: { password: {}, 'exporter-password': {}, url: { template: 'postgresql://app:{{password}}@database/app' } },
  },
];

/** A system with nothing but Secrets, and settings that anything passes. */
function registryOf(declared: readonly SecretDeclaration[]): Registry {
  class Shop extends System {
    public constructor(scope: any, environment: string, settings: any) {
      super(scope, `shop-${environment}`, { ...settings, system: 'shop', environment });
      declared.forEach((secret) => Secrets.of(this).declare(secret));
    }
  }
  const anything = Object.assign(() => true, { errors: null }) as any;
  return { systems: { shop: Shop }, validators: { shop: { base: anything, environment: anything } } };
}

let folder: string;
let server: ApiServerStandIn;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-test-'));
  mkdirSync(join(folder, 'overlays/shop'), { recursive: true });
  writeFileSync(join(folder, 'overlays/shop/base.yaml'), 'version: 1.2.3\nnamespace: shop-base\n');
  writeFileSync(join(folder, 'overlays/shop/test.yaml'), `namespace: ${NAMESPACE}\n`);
  server = new ApiServerStandIn();
  await server.listen();
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Writes a kubeconfig that leads to the stand-in. */
function kubeconfig(name = 'kubeconfig', address = server.address, current = 'stand-in'): string {
  const file = join(folder, name);
  const cluster = { server: address, 'insecure-skip-tls-verify': true };
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': current,
    clusters: [{ name: 'stand-in', cluster }],
    contexts: [
      { name: 'stand-in', context: { cluster: 'stand-in', user: 'tester' } },
      { name: 'nowhere', context: { cluster: 'gone', user: 'tester' } },
    ],
    users: [{ name: 'tester', user: { token: randomValue() } }],
  };
  writeFileSync(file, JSON.stringify(content));
  return file;
}

interface Run {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs the command; without a kubeconfig unless the environment names one. */
async function run(args: string[], env: NodeJS.ProcessEnv = {}, declared = DECLARED, input = ''): Promise<Run> {
  let out = '';
  let error = '';
  const code = await secrets([...args, '--overlays', join(folder, 'overlays')], registryOf(declared), {
    out: (text) => (out += text),
    error: (text) => (error += text),
    env: { HOME: folder, ...env },
    input: () => Promise.resolve(input),
  });
  return { code, out, error };
}

const runIn = (args: string[], declared = DECLARED) =>
  run(['shop', 'test', ...args], { KUBECONFIG: kubeconfig() }, declared);

const documents = (text: string): any[] => parseAllDocuments(text).map((document) => document.toJS());

/** No value that the server holds, in no form, is in what was printed. */
function expectNothingSecret({ out, error }: Run): void {
  const values = [...server.secrets.values()].flatMap(({ data }) => Object.values<string>(data));
  const sent = server.requests.flatMap(({ body }) => Object.values<string>(body?.data ?? {}));
  const shown = out + error;
  expect([...values, ...sent].length).toBeGreaterThan(0);
  for (const value of [...values, ...sent].filter(Boolean)) {
    expect(shown).not.toContain(value);
    expect(shown).not.toContain(plain(value));
  }
}

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
    expect(out).toContain('Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 settings or manifests refused, 4 done, but');
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
    expect({ code, stderr }).toEqual({ code: EXIT.done, stderr: expect.stringContaining('all values are new') });
    const filled = documents(stdout).flatMap(({ metadata, data }) =>
      Object.keys(data).map((key) => `${metadata.name}/${key}`),
    );
    expect(filled).toEqual(expect.arrayContaining(readByPods('todo-evolution/production')));
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
