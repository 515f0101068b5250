import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { kustomizeFiles } from '../../src/outputs/kustomize';
import { difference, type Operation } from '../../src/outputs/kustomize/json-patch';
import { HEADER } from '../../src/outputs/plain';
import { DIST, environments, objectsOf } from '../support/dist';
import { buildFolder, kustomizationOf } from '../support/kustomize';
import { temporaryFolder } from './folders';

const titleOf = ({ apiVersion, kind, metadata: { namespace = '', name } }: any) =>
  `${apiVersion} ${kind} ${namespace}/${name}`;

const byTitle = (objects: readonly any[]) => Object.fromEntries(objects.map((object) => [titleOf(object), object]));

const overlayOf = (name: string) => {
  const [system, environment] = name.split('/');
  return join(DIST, `${system}/kustomize/overlays/${environment}`);
};

/** The files of a system with these environments, in a folder; that of its overlays. */
function written(all: Record<string, readonly any[]>): { files: Record<string, string>; overlays: string } {
  const given = Object.entries(all).map(([environment, objects]) => ({
    environment,
    objects: objects.map((manifest) => ({
      layer: manifest.kind === 'Deployment' || manifest.kind === 'CronJob' ? 'apps' : 'platform',
      manifest,
    })),
  }));
  const files = Object.fromEntries(kustomizeFiles('shop', given).map(({ path, text }) => [path, text]));
  return { files, overlays: join(temporaryFolder(files), 'shop/kustomize/overlays') };
}

const built = (all: Record<string, readonly any[]>) => {
  const { files, overlays } = written(all);
  for (const [environment, objects] of Object.entries(all)) {
    expect(byTitle(buildFolder(join(overlays, environment)))).toEqual(byTitle(objects));
  }
  const content = (environment: string) => kustomizationOf(join(overlays, environment));
  return { files, overlays, content };
};

describe.each(environments())('%s', (name) => {
  const wanted = byTitle(objectsOf(name));

  test('its overlay gives what its plain files give, object by object', () => {
    const objects = buildFolder(overlayOf(name));
    expect(objects).toHaveLength(Object.keys(wanted).length);
    expect(byTitle(objects)).toEqual(wanted);
  });

  test('so does its folder', () => {
    expect(byTitle(buildFolder(join(DIST, name)))).toEqual(wanted);
  });
});

const labels = (environment: string) => ({ 'app.kubernetes.io/instance': `shop-${environment}`, environment });

const namespace = (environment: string, name = `shop-${environment}`) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: labels(environment) },
});

interface WebOptions {
  readonly image?: string;
  readonly replicas?: number;
  readonly env?: readonly object[];
}

const web = (environment: string, { image = 'shop/web:1.0', replicas, env = [] }: WebOptions = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: `shop-${environment}`, labels: labels(environment) },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { 'app.kubernetes.io/instance': `shop-${environment}` } },
    template: {
      metadata: { labels: { ...labels(environment), app: 'web' } },
      spec: { containers: [{ name: 'web', image, env }] },
    },
  },
});

const cleanUp = (environment: string, image: string) => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'clean-up', namespace: `shop-${environment}`, labels: labels(environment) },
  spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'clean-up', image }] } } } } },
});

const two = (dev: readonly any[], production: readonly any[]) => ({
  dev: [namespace('dev'), ...dev],
  production: [namespace('production'), ...production],
});

test('what differs by environment alone needs no patch, and the base names no environment', () => {
  const { files, content } = built(two([web('dev')], [web('production')]));
  expect(content('dev').patches).toBeUndefined();
  expect(content('dev').namespace).toBe('shop-dev');
  const base = Object.entries(files).filter(([path]) => path.includes('/base/'));
  expect(base.map(([path]) => path)).toEqual([
    'shop/kustomize/base/50-apps.yaml',
    'shop/kustomize/base/kustomization.yaml',
  ]);
  expect(base.map(([, text]) => text).join()).not.toMatch(/dev|production|namespace:/);
});

test('every file is known as ours, and says so', () => {
  const { files } = built(two([web('dev')], [web('production', { replicas: 3 })]));
  expect(Object.values(files).filter((text) => !text.startsWith(HEADER))).toEqual([]);
});

describe('images', () => {
  const images = (dev: string, production: string, others: readonly any[] = []) => {
    const early = ['dev', 'test'].map((name) => [name, [namespace(name), web(name, { image: dev })]]);
    const late = [namespace('production'), web('production', { image: production }), ...others];
    const { content } = built({ ...Object.fromEntries(early), production: late });
    expect(content('dev')).not.toHaveProperty('images');
    return content('production');
  };

  test.each([
    ['a tag', 'shop/web:1.0', 'shop/web:1.1', { name: 'shop/web', newTag: '1.1' }],
    ['a digest', 'shop/web:1.0', 'shop/web@sha256:ab', { name: 'shop/web', digest: 'sha256:ab' }],
    ['both', 'shop/web:1.0', 'shop/web:1.1@sha256:ab', { name: 'shop/web', newTag: '1.1', digest: 'sha256:ab' }],
    [
      'a mirror with a port',
      'shop/web:1.0',
      'mirror:5000/shop/web:1.0',
      { name: 'shop/web', newName: 'mirror:5000/shop/web', newTag: '1.0' },
    ],
  ])('%s is said by images', (_, dev, production, entry) => {
    const { images: found, patches } = images(dev, production);
    expect(found).toEqual([entry]);
    expect(patches).toBeUndefined();
  });

  test('are patched where one name has two tags: kustomize would change both', () => {
    const { images: found, patches } = images('shop/web:1.0', 'shop/web:1.1', [cleanUp('production', 'shop/web:0.9')]);
    expect(found).toBeUndefined();
    expect(patches).toHaveLength(1);
  });

  test('that lose their tag are patched: an entry of images cannot say that', () => {
    expect(images('shop/web:1.0', 'shop/web').images).toBeUndefined();
  });
});

describe('replicas', () => {
  test('are said by replicas', () => {
    const { content } = built(two([web('dev', { replicas: 1 })], [web('production', { replicas: 3 })]));
    expect(content('dev').replicas).toBeUndefined();
    expect(content('production')).toMatchObject({ replicas: [{ name: 'web', count: 3 }] });
    expect(content('production').patches).toBeUndefined();
  });

  test('that an autoscaler counts are left out by a patch', () => {
    const { overlays } = built(two([web('dev', { replicas: 1 })], [web('production')]));
    expect(readFileSync(join(overlays, 'production/patches/deployment-web.yaml'), 'utf8')).toBe(
      `${HEADER}- op: remove\n  path: /spec/replicas\n`,
    );
  });
});

test('a patch tells by name what it finds by index', () => {
  const env = (value: string) => ({
    env: [
      { name: 'ZONE', value: 'a' },
      { name: 'LEVEL', value },
    ],
  });
  const { overlays } = built(two([web('dev', env('debug'))], [web('production', env('warn'))]));
  expect(readFileSync(join(overlays, 'production/patches/deployment-web.yaml'), 'utf8')).toBe(
    `${HEADER}# web, LEVEL\n- op: replace\n  path: /spec/template/spec/containers/0/env/1/value\n  value: warn\n`,
  );
});

test('each object of the base is that from which the others differ least', () => {
  const levels: Record<string, string> = { dev: 'debug', staging: 'warn', production: 'warn' };
  const all = Object.keys(levels).map((name) => [
    name,
    [namespace(name), web(name, { env: [{ name: 'LEVEL', value: levels[name]! }] })],
  ]);
  const { content } = built(Object.fromEntries(all));
  expect(content('dev').patches).toHaveLength(1);
  expect(content('staging').patches).toBeUndefined();
  expect(content('production').patches).toBeUndefined();
});

const settings = (environment: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: `shop-${environment}`, labels: labels(environment) },
  data,
});

test('what has hardly anything in common is each environment’s own, and so is what one of them has alone', () => {
  const { files } = built(
    two(
      [settings('dev', { 'a.json': 'x'.repeat(900) })],
      [settings('production', { 'b.json': 'y'.repeat(900) }), web('production')],
    ),
  );
  expect(Object.keys(files).filter((path) => path.includes('base'))).toEqual([
    'shop/kustomize/base/kustomization.yaml',
  ]);
});

test('text in which the environment is named is patched: kustomize knows fields, not text', () => {
  const data = (name: string) => ({
    ...Object.fromEntries([...'abcdefgh'].map((key) => [key, 'same'.repeat(9)])),
    host: `x.shop-${name}`,
  });
  const { content } = built(two([settings('dev', data('dev'))], [settings('production', data('production'))]));
  expect([...(content('dev').patches ?? []), ...(content('production').patches ?? [])]).toHaveLength(1);
});

test('two namespaces have a base each, and what is in none of them is placed by the environment', () => {
  const environment = (name: string) => [
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: `shop-${name}` }, value: 1 },
    namespace(name, `apps-${name}`),
    namespace(name, `data-${name}`),
    ...['apps', 'data'].map((one) => {
      const { metadata, ...object } = web(name);
      return { ...object, metadata: { ...metadata, namespace: `${one}-${name}` } };
    }),
  ];
  const { content, files } = built({ dev: environment('dev'), production: environment('production') });
  expect(content('dev').resources).toEqual(['cluster.yaml', 'apps', 'data']);
  expect(content('dev').namespace).toBeUndefined();
  expect(Object.keys(files)).toEqual(expect.arrayContaining(['shop/kustomize/base/apps/50-apps.yaml']));
});

test('labels of others in a selector stay as they are', () => {
  const policy = (name: string) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'web', namespace: `shop-${name}`, labels: labels(name) },
    spec: {
      ingress: [
        { from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'ingress' } } }] },
        { from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/instance': `shop-${name}` } } }] },
        { from: [{ podSelector: { matchLabels: { app: 'dns' } } }] },
      ],
    },
  });
  built(two([policy('dev')], [policy('production')]));
});

function applied(before: unknown, operations: readonly Operation[]): unknown {
  const folder = temporaryFolder({
    'object.yaml': JSON.stringify({ apiVersion: 'v1', kind: 'Any', metadata: { name: 'any' }, before }),
    'patch.yaml': JSON.stringify(operations.map((one) => ({ ...one, path: `/before${one.path}` }))),
    'kustomization.yaml': JSON.stringify({
      resources: ['object.yaml'],
      patches: [{ path: 'patch.yaml', target: { version: 'v1', kind: 'Any', name: 'any' } }],
    }),
  });
  return buildFolder(folder)[0].before;
}

test('the steps from one value to another lead there, whatever these are', () => {
  const item = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.nat(2) });
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('x', 'y', '', 'a/b', 'a~1b', 1, true),
      fc.array(item, { maxLength: 4 }),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'e~f'), tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  const object = fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'e~f'), value, { maxKeys: 4 });
  fc.assert(
    fc.property(object, object, (before, after) => {
      const operations = difference(before, after).map(({ operation }) => operation);
      expect(applied(structuredClone(before), operations)).toEqual(after);
    }),
    { numRuns: 200 },
  );
});
