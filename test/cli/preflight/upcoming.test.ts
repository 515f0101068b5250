import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ApiObject } from 'cdk8s';

import type { Registry } from '../../../src/cli/build';
import type { Result } from '../../../src/cli/preflight/report';
import { Secrets } from '../../../src/platform/secrets';
import { System } from '../../../src/platform/system';
import type { ApiServerForReading } from '../../support/api-server';
import type * as bundled from '../../support/bundled-client';
import { documentedRules, furnish } from './cluster';
import { Bench } from './run';

jest.mock('@kubernetes/client-node', () =>
  jest.requireActual<typeof bundled>('../../support/bundled-client').bundledClient(),
);

const IN_SHOP = { namespace: 'shop' };
const object = (apiVersion: string, kind: string, name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, ...metadata },
  ...more,
});
const ready = (type = 'Ready') => ({ status: { conditions: [{ type, status: 'True' }] } });
const container = { name: 'main', resources: { requests: { cpu: '10m', memory: '32Mi' } } };
const metric = (type: string) => ({ type });
const hpa = (name: string, ...types: string[]) =>
  object('autoscaling/v2', 'HorizontalPodAutoscaler', name, {
    spec: { scaleTargetRef: { kind: 'Deployment', name }, minReplicas: 1, maxReplicas: 3, metrics: types.map(metric) },
  });

/** What no environment has yet, and what preflight knows of it. */
const OBJECTS = [
  object('storage.k8s.io/v1', 'StorageClass', 'shop-test-fast', {
    provisioner: 'disk.csi.example.com',
    allowVolumeExpansion: true,
    reclaimPolicy: 'Retain',
    volumeBindingMode: 'WaitForFirstConsumer',
  }),
  object('v1', 'PersistentVolumeClaim', 'spool', {
    spec: {
      storageClassName: 'shop-test-fast',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '10Gi' } },
    },
  }),
  object('batch/v1', 'CronJob', 'restore-drill', {
    spec: {
      jobTemplate: {
        spec: {
          template: {
            spec: {
              containers: [
                { ...container, env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'made', key: 'password' } } }] },
              ],
              volumes: [
                { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: { storageClassName: 'throw-away' } } } },
                { name: 'tls', secret: { secretName: 'shop-tls' } },
                { name: 'more', projected: { sources: [{ secret: { name: 'by-hand', items: [{ key: 'ca.crt' }] } }] } },
                { name: 'maybe', secret: { secretName: 'never-asked', optional: true } },
              ],
              imagePullSecrets: [{ name: 'registry' }],
            },
          },
        },
      },
    },
  }),
  object('apps/v1', 'Deployment', 'web', {
    spec: {
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          priorityClassName: 'important',
          nodeSelector: { pool: 'web' },
          tolerations: [{ key: 'pool', operator: 'Equal', value: 'web', effect: 'NoSchedule' }],
          containers: [container],
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname' }],
            },
          },
          topologySpreadConstraints: [
            {
              topologyKey: 'topology.kubernetes.io/zone',
              maxSkew: 1,
              minDomains: 2,
              whenUnsatisfiable: 'DoNotSchedule',
            },
          ],
        },
      },
    },
  }),
  hpa('web', 'ContainerResource', 'Pods', 'External'),
  object('v1', 'Service', 'web', { spec: { trafficDistribution: 'PreferClose' } }),
  object('v1', 'ServiceAccount', 'aws', {}, { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/x' } }),
  object('v1', 'ServiceAccount', 'azure', {}, { annotations: { 'azure.workload.identity/client-id': '1' } }),
  object('v1', 'ServiceAccount', 'google', {}, { annotations: { 'iam.gke.io/gcp-service-account': 'x' } }),
  object('external-secrets.io/v1', 'SecretStore', 'own', { spec: {} }),
  object('external-secrets.io/v1', 'ExternalSecret', 'made', {
    spec: { secretStoreRef: { kind: 'ClusterSecretStore', name: 'vault' } },
  }),
  object('external-secrets.io/v1', 'ExternalSecret', 'second', { spec: { secretStoreRef: { name: 'own' } } }),
  object('external-secrets.io/v1', 'ExternalSecret', 'third', { spec: { secretStoreRef: { name: 'team' } } }),
  object('cert-manager.io/v1', 'Issuer', 'internal', { spec: {} }),
  object('cert-manager.io/v1', 'Certificate', 'postgres', {
    spec: { secretName: 'shop-tls', issuerRef: { name: 'internal' } },
  }),
  object('cert-manager.io/v1', 'Certificate', 'redis', {
    spec: { secretName: 'redis-tls', issuerRef: { name: 'team-ca' } },
  }),
  object('gateway.networking.k8s.io/v1', 'Gateway', 'edge', { spec: { gatewayClassName: 'envoy' } }),
  object('gateway.envoyproxy.io/v1alpha1', 'SecurityPolicy', 'edge', { spec: {} }),
  object(
    'networking.k8s.io/v1',
    'Ingress',
    'gce',
    { spec: {} },
    { annotations: { 'kubernetes.io/ingress.class': 'gce' } },
  ),
];

const MAYBE = { provided: true, optional: true };

const anything = Object.assign(() => true, { errors: null }) as any;

class Shop extends System {
  public constructor(scope: any, environment: string, settings: any) {
    super(scope, `shop-${environment}`, { ...settings, system: 'shop', environment });
    Secrets.of(this).declare({ name: 'made', keys: { password: {} } });
    Secrets.of(this).declare({ name: 'mail', keys: { key: MAYBE } });
    Secrets.of(this).declare({ name: 'half', keys: { key: MAYBE, password: {} } });
    for (const [index, one] of OBJECTS.entries()) new ApiObject(this.layer('apps'), `object-${index}`, one as any);
  }
}

const REGISTRY: Registry = {
  systems: { shop: Shop as any },
  validators: { shop: { base: anything, environment: anything } },
};

/** What the manifests above count on, beside what every cluster here has. */
function furnishShop(server: ApiServerForReading): void {
  furnish(server);
  server.version = 'v1.34.1-gke.1200';
  server.all('Node').forEach((node) => {
    Object.assign(node.metadata.labels, { pool: 'web', 'iam.gke.io/gke-metadata-server-enabled': 'true' });
    node.spec.taints = node.metadata.name === 'node-3' ? [] : [{ key: 'pool', value: 'web', effect: 'NoSchedule' }];
  });
  const secret = (name: string, ...keys: string[]) =>
    object('v1', 'Secret', name, { data: Object.fromEntries(keys.map((key) => [key, ''])) }, IN_SHOP);
  const store = (kind: string, name: string) => object('external-secrets.io/v1', kind, name, ready(), IN_SHOP);
  const webhooks = (name: string) => object('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', name);
  server.serve('external-secrets.io/v1 ExternalSecret', 'kyverno.io/v1 ClusterPolicy', 'kyverno.io/v1 Policy');
  server.serve('policies.kyverno.io/v1 ValidatingPolicy', 'policies.kyverno.io/v1 ImageValidatingPolicy');
  server.serve('gateway.networking.k8s.io/v1 Gateway', 'gateway.envoyproxy.io/v1alpha1 SecurityPolicy');
  server.add(
    object('storage.k8s.io/v1', 'StorageClass', 'throw-away', {
      provisioner: 'x',
      volumeBindingMode: 'WaitForFirstConsumer',
    }),
    object('storage.k8s.io/v1', 'CSIDriver', 'disk.csi.example.com'),
    object('scheduling.k8s.io/v1', 'PriorityClass', 'important'),
    object('apiregistration.k8s.io/v1', 'APIService', 'v1beta1.custom.metrics.k8s.io', ready('Available')),
    object('apiregistration.k8s.io/v1', 'APIService', 'v1beta1.external.metrics.k8s.io', ready('Available')),
    webhooks('pod-identity-webhook'),
    webhooks('azure-wi-webhook-mutating-webhook-configuration'),
    store('ClusterSecretStore', 'vault'),
    store('SecretStore', 'team'),
    object('cert-manager.io/v1', 'Issuer', 'team-ca', ready(), IN_SHOP),
    object('gateway.networking.k8s.io/v1', 'GatewayClass', 'envoy', {
      spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
      ...ready('Accepted'),
    }),
    secret('by-hand', 'ca.crt'),
    secret('registry', '.dockerconfigjson'),
    secret('mail', 'key'),
    secret('half', 'key', 'password'),
  );
}

let bench: Bench;

// It is bundled when it is first asked for.
beforeAll(() => import('@kubernetes/client-node'), 60_000);

beforeEach(async () => {
  bench = new Bench();
  await bench.open();
  mkdirSync(join(bench.folder, 'overlays/shop'), { recursive: true });
  writeFileSync(join(bench.folder, 'overlays/shop/base.yaml'), 'version: 1.2.3\nnamespace: shop-base\n');
  writeFileSync(join(bench.folder, 'overlays/shop/test.yaml'), 'namespace: shop\n');
  furnishShop(bench.server);
});

afterEach(() => bench.close());

const shop = () => bench.results('shop/test', REGISTRY, ['--overlays', join(bench.folder, 'overlays')]);
const lines = (results: readonly Result[]) =>
  results
    .filter(({ status }) => status !== 'ok')
    .map(({ status, check, subject, found, fix }) => `${status} ${check} ${subject}: ${found} → ${fix}`);

test('everything is there', async () => {
  const { results } = await shop();
  expect(lines(results)).toEqual([]);
  const good = results.map(({ check, subject }) => `${check} ${subject}`);
  // Ours makes the class, the first two stores and issuers, and the Secrets that come of them.
  for (const own of [
    'StorageClass shop-test-fast',
    'SecretStore own',
    'Issuer internal',
    'Secret made',
    'Secret shop-tls',
  ]) {
    expect(good.join('\n')).not.toContain(`${own}: is there`);
  }
  expect(good).toEqual(
    expect.arrayContaining([
      'storage.classes StorageClass throw-away',
      'storage.drivers CSIDriver disk.csi.example.com',
      'secrets.present Secret by-hand',
      'secrets.present Secret registry',
      'secrets.stores ClusterSecretStore vault',
      'secrets.stores SecretStore team',
      'certificates.issuers Issuer team-ca',
      'nodes.priority-classes PriorityClass important',
      'metrics.api APIService v1beta1.custom.metrics.k8s.io',
      'metrics.api APIService v1beta1.external.metrics.k8s.io',
      'edge.gateway-class GatewayClass envoy',
    ]),
  );
  const secrets = results.filter(({ check }) => check === 'secrets.present').map(({ subject }) => subject);
  expect(secrets).toEqual(['Secret by-hand', 'Secret half', 'Secret mail', 'Secret registry']);
});

describe('a key of a Secret without which pods start', () => {
  const how = 'where it is meant to be used: npm run secrets -- shop test --set';

  test('is told of where it is missing, and nothing fails', async () => {
    bench.server.remove('Secret', 'mail');
    delete bench.server.one('Secret', 'half').data.key;
    const { results, code } = await shop();
    expect(lines(results)).toEqual([
      `warning secrets.present Secret half: lacks key; pods start without → ${how} half/key < FILE`,
      `warning secrets.present Secret mail: lacks key; pods start without → ${how} mail/key < FILE`,
    ]);
    expect(code).toBe(0);
  });

  test('does not hide one that is needed', async () => {
    bench.server.remove('Secret', 'half');
    const { results, code } = await shop();
    expect(lines(results)).toEqual([
      expect.stringMatching(/^failed secrets.present Secret half: is not there; pods that read it wait for it/),
    ]);
    expect(code).not.toBe(0);
  });
});

test('all systems together take every right of the guide, and no other', async () => {
  await shop();
  bench.server.forget('external-secrets.io');
  const used = new Set(bench.server.used);
  const other = new Bench();
  await other.open();
  furnish(other.server);
  await other.results();
  await other.results('contacts/production');
  await other.close();
  const documented = documentedRules().flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`))),
  );
  expect([...new Set([...used, ...other.server.used])].sort()).toEqual(documented.sort());
});

test('without any right everything that takes one is unknown', async () => {
  bench.server.rules = [];
  const { results } = await shop();
  expect(results.filter(({ status }) => status === 'failed' || status === 'warning')).toEqual([]);
  const unknown = results.filter(({ status }) => status === 'unknown').map(({ check }) => check);
  for (const check of [
    'nodes.priority-classes',
    'storage.drivers',
    'edge.gateway-class',
    'secrets.stores',
    'secrets.synced',
    'secrets.identities',
    'policies.kyverno',
  ]) {
    expect(unknown).toContain(check);
  }
});

type Case = readonly [what: string, change: (server: ApiServerForReading) => void, ...expected: RegExp[]];

const CASES: readonly Case[] = [
  ['no driver', (s) => s.remove('CSIDriver'), /^failed storage.drivers CSIDriver disk.csi.example.com: is not there/],
  [
    'no class for scratch space',
    (s) => s.remove('StorageClass', 'throw-away'),
    /^failed storage.classes StorageClass throw-away: is not there; there are standard; needed by CronJob restore-drill, vol/,
  ],
  [
    'no priority class',
    (s) => s.remove('PriorityClass'),
    /^failed nodes.priority-classes PriorityClass important: is not there; its pods are refused/,
  ],
  [
    'fewer nodes than the autoscaler may ask for',
    (s) => s.remove('Node', 'node-2'),
    /^warning nodes.spread Deployment web: 3 pods must be apart .* have 2: not enough at the autoscaler's maximum/,
  ],
  [
    'no node of the pool',
    (s) => s.all('Node').forEach((node) => delete node.metadata.labels.pool),
    /^failed nodes.spread Deployment web: 3 pods must be apart .* have 0/,
    /^failed nodes.spread Deployment web: must be spread .* have 0/,
    /^failed nodes.room Deployment web: no node that may run it/,
  ],
  [
    'a claim that is larger already',
    (s) => s.add({ ...claim('20Gi'), metadata: { name: 'spool', ...IN_SHOP } }),
    /^failed live.immutable PersistentVolumeClaim spool: spec.resources.requests.storage differs .* → a claim can grow and nev/,
  ],
  ['a claim that is smaller', (s) => s.add({ ...claim('5Gi'), metadata: { name: 'spool', ...IN_SHOP } })],
  [
    'a class of the same name by another driver',
    (s) => s.add(object('storage.k8s.io/v1', 'StorageClass', 'shop-test-fast', { provisioner: 'other' })),
    /^failed live.immutable StorageClass shop-test-fast: provisioner differs/,
    /^failed live.immutable StorageClass shop-test-fast: reclaimPolicy differs/,
    /^failed live.immutable StorageClass shop-test-fast: volumeBindingMode differs/,
  ],
  [
    'an older server, which drops a field',
    (s) => (s.version = 'v1.30.4-gke.1'),
    /^warning server.version field trafficDistribution: is dropped without a word before 1.31; set in Service web → upgrade/,
  ],
  [
    'no External Secrets Operator',
    (s) => s.forget('external-secrets.io'),
    /^failed server.apis external-secrets.io\/v1 ExternalSecret: .* → install External Secrets Operator 0.17 or newer/,
    /^failed server.apis external-secrets.io\/v1 SecretStore: /,
    /^failed secrets.stores ClusterSecretStore vault: is not there/,
    /^failed secrets.stores SecretStore team: is not there/,
  ],
  [
    'an operator that is too old',
    (s) => {
      s.forget('external-secrets.io');
      s.serve('external-secrets.io/v1beta1 ExternalSecret');
    },
    /^failed server.apis external-secrets.io\/v1 ExternalSecret: is not served; of its group are v1beta1 → upgrade to External/,
    /^failed server.apis external-secrets.io\/v1 SecretStore: /,
    /^failed secrets.stores /,
    /^failed secrets.stores /,
  ],
  [
    'a store that is not ready',
    (s) =>
      (s.one('ClusterSecretStore', 'vault').status.conditions[0] = {
        type: 'Ready',
        status: 'False',
        reason: 'InvalidProviderConfig',
      }),
    /^failed secrets.stores ClusterSecretStore vault: is not ready: InvalidProviderConfig → kubectl describe clustersecretstore/,
  ],
  [
    'an ExternalSecret that is not synced, and one that is',
    (s) =>
      s.add(
        object('external-secrets.io/v1', 'ExternalSecret', 'made', { status: { conditions: [] } }, IN_SHOP),
        object('external-secrets.io/v1', 'ExternalSecret', 'second', ready(), IN_SHOP),
      ),
    /^warning secrets.synced ExternalSecret made: is not synced: no reason given → see whether/,
  ],
  [
    'a Secret that somebody must make by hand',
    (s) => s.remove('Secret', 'by-hand'),
    /^failed secrets.present Secret by-hand: is not there; .* → make it in namespace "shop" with ca.crt/,
  ],
  [
    'no issuer in the namespace',
    (s) => s.remove('Issuer'),
    /^failed certificates.issuers Issuer team-ca: is not there/,
  ],
  [
    'no gateway class',
    (s) => s.remove('GatewayClass'),
    /^failed edge.gateway-class GatewayClass envoy: is not there → install Envoy Gateway/,
  ],
  [
    'a gateway class of another controller',
    (s) => (s.one('GatewayClass', 'envoy').spec.controllerName = 'example.com/other'),
    /^failed edge.gateway-class GatewayClass envoy: belongs to example.com\/other, which does not read the policies/,
  ],
  [
    'a gateway class that is not accepted',
    (s) => (s.one('GatewayClass', 'envoy').status.conditions[0].status = 'Unknown'),
    /^failed edge.gateway-class GatewayClass envoy: is not accepted/,
  ],
  [
    'a cluster that is not of GKE',
    (s) => (s.version = 'v1.34.1'),
    /^warning edge.gce controller of Ingress gce: v1.34.1 does not look like a cluster of GKE/,
  ],
  [
    'nothing that gives out identities',
    (s) => {
      s.remove('MutatingWebhookConfiguration', 'pod-identity-webhook');
      s.remove('MutatingWebhookConfiguration', 'azure-wi-webhook-mutating-webhook-configuration');
      s.all('Node').forEach((node) => delete node.metadata.labels['iam.gke.io/gke-metadata-server-enabled']);
    },
    /^failed secrets.identities eks.amazonaws.com\/role-arn: nothing acts on it .*used by aws → take a cluster of EKS/,
    /^failed secrets.identities azure.workload.identity\/client-id: nothing acts on it .*used by azure/,
    /^failed secrets.identities iam.gke.io\/gcp-service-account: no node gives out identities .*used by google/,
  ],
  [
    'no metrics adapter',
    (s) => s.remove('APIService', 'v1beta1.external.metrics.k8s.io'),
    /^failed metrics.api APIService v1beta1.external.metrics.k8s.io: .* → install a metrics adapter or KEDA/,
  ],
];

function claim(storage: string): any {
  const spec = {
    storageClassName: 'shop-test-fast',
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage } },
  };
  return object('v1', 'PersistentVolumeClaim', 'spool', { spec });
}

const TABLE = CASES.map(([what, change, ...expected]) => ({ what, change, expected }));

test.each(TABLE)('$what', async ({ change, expected }) => {
  change(bench.server);
  expect(lines((await shop()).results)).toEqual(expected.map((one) => expect.stringMatching(one)));
});
