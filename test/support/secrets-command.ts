import type * as childProcess from 'node:child_process';
import type * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { secrets } from '../../src/cli/secrets/command';
import { randomValue } from '../../src/cli/secrets/values';
import type { Registry } from '../../src/cli/build';
import { type SecretDeclaration, Secrets } from '../../src/platform/secrets';
import { System } from '../../src/platform/system';

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

export const NAMESPACE = 'shop-test';
export const base64 = (value: string) => Buffer.from(value).toString('base64');
export const plain = (value: string) => Buffer.from(value, 'base64').toString();

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly contentType: string;
  readonly body: any;
}

export interface Answer {
  readonly code: number;
  readonly body: any;
}

export const status = (code: number, reason: string, message: string): Answer => ({
  code,
  body: { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message },
});

/**
 * A stand-in for the API server, on loopback: as much of one as the command asks, kept in memory. It is no API server,
 * and what it does is what the tests below believe one does; the guide tells of runs against a real one.
 */
export class ApiServerStandIn {
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
  /** `deployments/name` and `statefulsets/name`. Whatever is changed is rolled out at once, unless it is stuck. */
  public readonly workloads = new Map<string, any>();
  public readonly pods: any[] = [];
  public stuck = false;
  /** What an operator does when it is told to fetch a Secret. */
  public fetch: (name: string) => void = () => undefined;
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

  /** A workload whose pods are there and ready. */
  public addWorkload(path: string, selector: Record<string, string>, replicas = 2): void {
    const status = {
      observedGeneration: 1,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    };
    const spec = { replicas, selector: { matchLabels: selector }, template: { metadata: { labels: selector } } };
    this.workloads.set(path, { metadata: { name: path.split('/')[1], generation: 1 }, spec, status });
    for (let pod = 0; pod < replicas; pod += 1) {
      this.pods.push({
        metadata: { name: `${path.split('/')[1]}-${pod}`, labels: selector },
        status: { phase: 'Running' },
      });
    }
  }

  private answerWorkload({ method, body }: Request, path: string): Answer {
    const found = this.workloads.get(path);
    if (!found) return status(404, 'NotFound', `${path} not found`);
    if (method === 'GET') return { code: 200, body: found };
    found.spec.template.metadata.annotations = body.spec.template.metadata.annotations;
    found.metadata.generation += 1;
    found.status.observedGeneration = found.metadata.generation;
    const { matchLabels } = found.spec.selector;
    if (this.stuck) found.status.conditions = [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }];
    for (const { metadata } of this.stuck ? [] : this.podsWith(matchLabels)) {
      metadata.annotations = found.spec.template.metadata.annotations;
    }
    return { code: 200, body: found };
  }

  private podsWith = (labels: Record<string, string>) =>
    this.pods.filter(({ metadata }) => Object.entries(labels).every(([key, value]) => metadata.labels[key] === value));

  private answer(request: Request): Answer {
    const [, group = '', path = ''] = /^\/apis\/([^/]+)\/v1\/namespaces\/shop-test\/(.+)$/.exec(request.path) ?? [];
    if (group === 'apps') return this.answerWorkload(request, path);
    if (group === 'external-secrets.io') {
      this.fetch(path.split('/')[1]!);
      return { code: 200, body: {} };
    }
    if (request.path.endsWith('/pods')) {
      const labels = Object.fromEntries(request.query['labelSelector']!.split(',').map((pair) => pair.split('=')));
      return { code: 200, body: { kind: 'PodList', items: this.podsWith(labels) } };
    }
    return this.answerSecret(request);
  }

  private answerSecret({ method, path, query, contentType, body }: Request): Answer {
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
    if (method === 'DELETE') {
      this.secrets.delete(name!);
      return { code: 200, body: { kind: 'Status', status: 'Success' } };
    }
    if (contentType !== 'application/merge-patch+json') return status(415, 'UnsupportedMediaType', contentType);
    if (body.metadata.resourceVersion !== found.metadata.resourceVersion) {
      return status(409, 'Conflict', 'the object has been modified');
    }
    return { code: 200, body: keep({ ...found, data: { ...found.data, ...body.data } }) };
  }
}

export const DECLARED: SecretDeclaration[] = [
  { name: 'app-secrets', keys: { 'api-key': { length: 48 } } },
  {
    name: 'database-credentials',
    keys: { password: {}, 'exporter-password': {}, url: { template: 'postgresql://app:{{password}}@database/app' } },
  },
];

/** What a system has: Secrets and nothing else, or what is put into it. */
export type Contents = readonly SecretDeclaration[] | ((system: System) => void);

/** A system with settings that anything passes. */
function registryOf(contents: Contents): Registry {
  class Shop extends System {
    public constructor(scope: any, environment: string, settings: any) {
      super(scope, `shop-${environment}`, { ...settings, system: 'shop', environment });
      if (typeof contents === 'function') contents(this);
      else contents.forEach((secret) => Secrets.of(this).declare(secret));
    }
  }
  const anything = Object.assign(() => true, { errors: null }) as any;
  return { systems: { shop: Shop }, validators: { shop: { base: anything, environment: anything } } };
}

export let folder: string;
export let server: ApiServerStandIn;

// Bundling takes longer than a test may.
beforeAll(() => import('@kubernetes/client-node'), 60_000);

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
export function kubeconfig(name = 'kubeconfig', address = server.address, current = 'stand-in'): string {
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

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs the command; without a kubeconfig unless the environment names one. */
export async function run(
  args: string[],
  env: NodeJS.ProcessEnv = {},
  contents: Contents = DECLARED,
  input = '',
): Promise<Run> {
  let out = '';
  let error = '';
  const code = await secrets([...args, '--overlays', join(folder, 'overlays')], registryOf(contents), {
    out: (text) => (out += text),
    error: (text) => (error += text),
    env: { HOME: folder, ...env },
    input: () => Promise.resolve(input),
  });
  return { code, out, error };
}

export const runIn = (args: string[], contents: Contents = DECLARED, input = '') =>
  run(['shop', 'test', ...args], { ...process.env, KUBECONFIG: kubeconfig() }, contents, input);

/** Adds settings to those of the environment. */
export const addSettings = (settings: object) =>
  writeFileSync(join(folder, 'overlays/shop/test.yaml'), JSON.stringify({ namespace: NAMESPACE, ...settings }));

export const documents = (text: string): any[] => parseAllDocuments(text).map((document) => document.toJS());

/** No value that the server holds, in no form, is in what was printed. */
export function expectNothingSecret({ out, error }: Run): void {
  const values = [...server.secrets.values()].flatMap(({ data }) => Object.values<string>(data));
  const sent = server.requests.flatMap(({ body }) => Object.values<string>(body?.data ?? {}));
  const shown = out + error;
  expect([...values, ...sent].length).toBeGreaterThan(0);
  for (const value of [...values, ...sent].filter(Boolean)) {
    expect(shown).not.toContain(value);
    expect(shown).not.toContain(plain(value));
  }
}
