import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { prune } from '../../src/cli/prune/command';
import { ApiServerForReading, refusal } from '../support/api-server';
import type * as bundled from '../support/bundled-client';
import { objectsOf } from '../support/dist';

jest.mock('@kubernetes/client-node', () =>
  jest.requireActual<typeof bundled>('../support/bundled-client').bundledClient(),
);

const TARGET = 'todo-app/dev';
const NAMESPACE = 'todo-web-dev';
const labels = { 'app.kubernetes.io/managed-by': 'cdk8s-webstack', 'app.kubernetes.io/instance': 'todo-app-dev' };

let server: ApiServerForReading;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'prune-test-'));
  server = new ApiServerForReading();
  await server.listen();
  server.add(...objectsOf(TARGET));
  // Stands for kubectl: keeps what it is given.
  const kubectl = `#!/bin/sh\necho "$@" > ${folder}/arguments\ncat > ${folder}/deleted.yaml\necho done\n`;
  writeFileSync(join(folder, 'kubectl'), kubectl);
  chmodSync(join(folder, 'kubectl'), 0o755);
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function run(...args: string[]) {
  const file = join(folder, 'kubeconfig');
  const content = {
    'current-context': 'stand-in',
    clusters: [{ name: 'stand-in', cluster: { server: server.address, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'tester' } }],
    users: [{ name: 'tester', user: { token: 'not-a-real-one' } }],
  };
  writeFileSync(file, JSON.stringify(content));
  const said = { out: '', error: '' };
  const code = await prune(args, {
    out: (text) => (said.out += text),
    error: (text) => (said.error += text),
    env: { KUBECONFIG: file, HOME: folder, PATH: `${folder}${delimiter}${process.env['PATH']}` },
  });
  return { code, ...said };
}

const deleted = () => {
  const file = join(folder, 'deleted.yaml');
  if (!existsSync(file)) return [];
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
};

const add = (apiVersion: string, kind: string, name: string, metadata: object = {}, more: object = {}) =>
  server.add({ apiVersion, kind, metadata: { name, namespace: NAMESPACE, labels, ...metadata }, ...more });

test('nothing left', async () => {
  expect(await run(TARGET, '--apply')).toEqual({
    code: 0,
    out: 'todo-app/dev, context "stand-in": 0 objects left dist/\n',
    error: '',
  });
  expect(deleted()).toEqual([]);
});

test('what left is listed, and goes when it is said', async () => {
  add('batch/v1', 'Job', 'old');
  add('scheduling.k8s.io/v1', 'PriorityClass', 'old', { namespace: undefined });
  expect(await run(TARGET)).toEqual({
    code: 0,
    out: [
      'todo-app/dev, context "stand-in": 2 objects left dist/',
      `  Job old (${NAMESPACE})`,
      '  PriorityClass old',
      'nothing was deleted; --apply does that\n',
    ].join('\n'),
    error: '',
  });
  expect(deleted()).toEqual([]);
  expect((await run(TARGET, '--apply', '--context', 'stand-in')).code).toBe(0);
  expect(deleted()).toEqual([
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'old', namespace: NAMESPACE } },
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'old' } },
  ]);
  expect(readFileSync(join(folder, 'arguments'), 'utf8')).toContain('--context stand-in delete');
});

test.each([
  ['v1', 'PersistentVolumeClaim'],
  ['v1', 'Secret'],
  ['v1', 'Namespace'],
  ['v1', 'PersistentVolume'],
  ['v1', 'Pod'],
  ['v1', 'Endpoints'],
  ['storage.k8s.io/v1', 'StorageClass'],
  ['external-secrets.io/v1', 'ExternalSecret'],
  ['snapshot.storage.k8s.io/v1', 'VolumeSnapshot'],
])('a %s %s stays, whatever its labels', async (apiVersion, kind) => {
  add(apiVersion, kind, 'old');
  expect((await run(TARGET)).out).toContain(' 0 objects left');
});

test.each([
  ['of another environment', { labels: { ...labels, 'app.kubernetes.io/instance': 'todo-app-staging' } }],
  ['that others made', { labels: { 'app.kubernetes.io/instance': 'todo-app-dev' } }],
  ['without labels', { labels: {} }],
  ['in a namespace of others', { namespace: 'anna' }],
  ['that is a child', { ownerReferences: [{ kind: 'Any', name: 'any' }] }],
  ['that is going', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
])('an object %s stays', async (_, metadata) => {
  add('v1', 'ConfigMap', 'old', metadata);
  expect((await run(TARGET)).out).toContain(' 0 objects left');
});

test('a StatefulSet that would take its claims along stays', async () => {
  add(
    'apps/v1',
    'StatefulSet',
    'old',
    {},
    { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } } },
  );
  add('apps/v1', 'StatefulSet', 'older', {}, { spec: {} });
  expect((await run(TARGET)).out).toMatch(/ 1 objects left dist\/\n {2}StatefulSet older /);
});

test('a Job that the cluster has removed after its end is not missed', async () => {
  const [job] = objectsOf(TARGET).filter(({ kind }) => kind === 'Job');
  expect(job.spec.ttlSecondsAfterFinished).toBeGreaterThan(0);
  server.remove('Job', job.metadata.name);
  expect(await run(TARGET)).toMatchObject({ code: 0, out: expect.stringContaining(' 0 objects left') });
});

test('before everything was applied nothing goes', async () => {
  add('batch/v1', 'Job', 'old');
  server.remove('Deployment', 'todo-backend');
  const { code, error } = await run(TARGET, '--apply');
  expect([code, error]).toEqual([
    3,
    `context "stand-in" has not 1 of 28 objects, such as Deployment todo-backend (${NAMESPACE}); apply dist/${TARGET} first: what takes their place must be there\n`,
  ]);
  expect(deleted()).toEqual([]);
});

test('a kind that the preferred version of its group has not is found, once', async () => {
  server.serve('dapr.io/v2alpha1 Subscription');
  add('dapr.io/v1alpha1', 'Component', 'old');
  server.add({ apiVersion: 'dapr.io/v1alpha1', kind: 'Subscription', metadata: { name: 'any' } });
  expect((await run(TARGET)).out).toContain(`1 objects left dist/\n  Component old (${NAMESPACE})\n`);
});

test('a folder that is not there is not taken for an empty one', async () => {
  const { code, error } = await run('todo-app/none');
  expect([code, error]).toEqual([
    3,
    expect.stringContaining('dist/todo-app/none: expected the manifests of an environment'),
  ]);
});

test('what may not be looked at is told, and the rest is done', async () => {
  add('batch/v1', 'Job', 'old');
  server.answers = ({ path }) =>
    path.endsWith('/networkpolicies') ? refusal(403, 'Forbidden', 'networkpolicies is forbidden') : undefined;
  const { code, out, error } = await run(TARGET);
  expect(code).toBe(0);
  expect(out).toContain('Job old');
  expect(error).toBe(
    `warning: not checked: no right to list networkpolicies.networking.k8s.io in namespace "${NAMESPACE}"\n`,
  );
});

test('what cannot be deleted is told in kubectl’s words', async () => {
  add('batch/v1', 'Job', 'old');
  writeFileSync(join(folder, 'kubectl'), '#!/bin/sh\necho refused by a policy >&2\nexit 1\n');
  expect(await run(TARGET, '--apply')).toMatchObject({
    code: 1,
    error: 'not everything was deleted: refused by a policy; mend that and run again\n',
  });
});

test.each([[], ['todo-app'], ['a/b/c'], [TARGET, '--force']])('wrong usage: %j', async (...args) => {
  expect((await run(...args)).code).toBe(2);
});
