/** @tools cluster crds */
import { documentedRoles, furniture } from '../cli/preflight/cluster';
import type { Result } from '../../src/cli/preflight/report';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { DIST, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { titleOf } from './applied';
import { Cluster } from './control-plane';
import { applyFurniture, applyObjects } from './furniture';
import { but, preflight as run, type PreflightRun } from './preflight';

const PRODUCTION = 'todo-evolution/production';
/** Whose applications run as Rollouts. */
const ROLLED = 'contacts/production';

let cluster: Cluster;

const apply = (...objects: readonly any[]) => applyObjects(cluster, ...objects);

/** No controller runs: what controllers write is written by hand, and stays. */
function furnish(objects: readonly KubeObject[]): void {
  applyFurniture(cluster, objects);
  const nodes = objects.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
  // Admission puts it on every new node until something says that the node is ready.
  if (nodes.length > 0) cluster.kubectl(['taint', 'nodes', ...nodes, 'node.kubernetes.io/not-ready:NoSchedule-']);
}

/** The roles of the guide, and nothing else, for a user; that for Secrets in another namespace than the guide's. */
function allow(user: string, namespace: string): void {
  const subjects = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
  const placed = documentedRoles().map(({ metadata, ...role }) => {
    return { ...role, metadata: role.kind === 'Role' ? { ...metadata, namespace } : metadata };
  });
  apply(
    ...placed.flatMap((role) => [
      role,
      {
        apiVersion: role.apiVersion,
        kind: `${role.kind}Binding`,
        metadata: role.metadata,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name: role.metadata.name },
        subjects,
      },
    ]),
  );
}

const preflight = (user: string, environment = PRODUCTION): Promise<PreflightRun> => run(environment, cluster.as(user));

beforeAll(async () => {
  cluster = await Cluster.start({ users: { looker: [], nobody: [] } });
  cluster.applyCrds('cert-manager', 'dapr', 'prometheus-operator');
  furnish(furniture());
  allow('looker', 'todo-app');
}, 120_000);

proof('with the rights of the guide, which are to look only, everything is answered', async () => {
  const began = Date.now();
  const { code, results } = await preflight('looker');
  expect(but(results, 'ok')).toEqual([]);
  expect(code).toBe(0);
  expect(results.length).toBeGreaterThan(30);
  return `${results.length} findings in ${Date.now() - began} ms`;
});

proof('without rights nothing is said to fail', async () => {
  const { code, results } = await preflight('nobody');
  const unknown = results.filter(({ status }) => status === 'unknown');
  expect(results.filter(({ status }) => status === 'failed' || status === 'warning')).toEqual([]);
  for (const { found } of unknown) expect(found).toMatch(/^not checked: no right to (get|list) /);
  expect(unknown.length).toBeGreaterThan(20);
  expect(code).toBe(0);
  return `${unknown.length} unknown of ${results.length}`;
});

/** What is found when it is not there, by `Kind name`; a Secret is like any other. */
const LOSSES: Record<string, readonly string[]> = {
  'Node node-1': ['failed nodes.spread', 'failed nodes.spread'],
  'Node node-2': ['failed nodes.spread', 'failed nodes.spread'],
  'Node node-3': ['failed nodes.spread', 'failed nodes.spread'],
  'StorageClass standard': ['failed storage.classes'],
  'IngressClass nginx': ['failed edge.ingress-class'],
  'DaemonSet calico-node': ['warning network.plugin'],
  'APIService v1beta1.metrics.k8s.io': ['failed metrics.api'],
  'ClusterIssuer letsencrypt-production': ['failed certificates.issuers'],
  'Pod kube-dns': ['failed network.peers'],
  'Pod prometheus': ['warning network.peers'],
  'Pod opentelemetry-collector': ['warning network.peers'],
  'Pod controller-ingress-nginx': ['warning network.peers', 'unknown edge.response-headers'],
  'ConfigMap ingress-nginx-controller': ['failed edge.response-headers'],
  'Pod dapr-sentry': ['failed network.peers'],
  'Pod dapr-operator': ['failed network.peers'],
  'Pod dapr-placement-server': ['failed network.peers'],
  'Pod dapr-scheduler-server': ['failed network.peers'],
  'Deployment dapr-sidecar-injector': ['failed dapr.injector'],
  'Configuration daprsystem': ['warning dapr.injector'],
  'MutatingWebhookConfiguration dapr-sidecar-injector': ['failed dapr.injector'],
};

/** What is there and wrong: the object, how, and what is found. */
const WRONG: readonly [title: string, change: (object: KubeObject) => void, found: string][] = [
  [
    'Deployment dapr-sidecar-injector',
    ({ spec }) => (spec.template.spec.containers[0].env[0].value = 'false'),
    'failed dapr.injector',
  ],
  [
    'MutatingWebhookConfiguration dapr-sidecar-injector',
    ({ webhooks }) => (webhooks[0].failurePolicy = 'Ignore'),
    'failed dapr.injector',
  ],
  ['StorageClass standard', (object) => (object.reclaimPolicy = 'Delete'), 'warning storage.classes'],
];

const remove = (object: KubeObject) =>
  cluster.kubectl(['delete', '--ignore-not-found', '-f', '-'], { input: JSON.stringify(object) });
const found = async () =>
  but((await preflight('looker')).results, 'ok').map(({ status, check }) => `${status} ${check}`);

/** Puts it back. Nobody answers for the injector here: while it is asked about pods none can be made. */
function putBack(thing: KubeObject, things: readonly KubeObject[]): void {
  const asked = things.filter(({ kind }) => thing.kind === 'Pod' && kind === 'MutatingWebhookConfiguration');
  asked.forEach(remove);
  furnish([thing]);
  furnish(asked);
}

proof(
  'whatever is taken away is missed, by the check that is about it and no other',
  async () => {
    const things = furniture();
    // Each run of the program takes a second: things that do not hide each other's loss go together.
    const groups = [0, 1, 2, 3].map((group) => things.filter((_, index) => index % 4 === group));
    for (const group of groups) {
      group.forEach(remove);
      const lost = group.flatMap((thing) =>
        thing.kind === 'Secret' ? ['failed secrets.present'] : LOSSES[titleOf(thing)],
      );
      expect((await found()).sort()).toEqual(lost.sort());
      group.forEach((thing) => putBack(thing, things));
    }
    for (const [title, change, ...expected] of WRONG) {
      const thing = things.find((one) => titleOf(one) === title)!;
      const wrong = structuredClone(thing);
      change(wrong);
      remove(thing);
      furnish([wrong]);
      expect(await found()).toEqual(expected);
      remove(thing);
      furnish([thing]);
    }
    expect(await found()).toEqual([]);
    return `${things.length + WRONG.length} things`;
  },
  240,
);

proof(
  'without the kinds of Dapr, and of Prometheus, their objects are said to be refused',
  async () => {
    const kinds = { Component: 'components.dapr.io', PrometheusRule: 'prometheusrules.monitoring.coreos.com' };
    for (const [kind, crd] of Object.entries(kinds)) {
      cluster.kubectl(['delete', 'crd', crd]);
      await eventually(async () => (await found()).length > 0);
      expect(await found()).toEqual(['failed server.apis']);
      cluster.applyCrdsFor(objectsOf(PRODUCTION).filter((object) => object.kind === kind));
      await eventually(async () => (await found()).length === 0);
    }
    return Object.keys(kinds).join(', ');
  },
  120,
);

proof('objects that the API server has filled in are still found to be ours', async () => {
  cluster.kubectl(['apply', '--server-side', '-f', `${DIST}/${PRODUCTION}`]);
  const { results } = await preflight('looker');
  expect(but(results, 'ok')).toEqual([]);
  const compared = results
    .filter(({ check }) => check === 'live.immutable')
    .map(({ found }) => Number.parseInt(found, 10));
  expect(compared.every((count) => count > 0)).toBe(true);
  return `${compared.reduce((a, b) => a + b, 0)} objects compared`;
});

proof('what the API server would refuse is refused before', async () => {
  const redis = objectsOf(PRODUCTION).find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'redis');
  redis.spec.volumeClaimTemplates[0].spec.resources.requests.storage = '5Gi';
  cluster.kubectl(['delete', 'statefulset', 'redis', '-n', 'todo-app']);
  apply(redis);
  const { code, results } = await preflight('looker');
  expect(but(results, 'ok').map(({ subject, found }) => `${subject}: ${found}`)).toEqual([
    'StatefulSet redis: spec.volumeClaimTemplates differs from ours and cannot be changed in place',
  ]);
  expect(code).toBe(4);
  expect(() => cluster.kubectl(['apply', '--server-side', '-f', `${DIST}/${PRODUCTION}/20-data.k8s.yaml`])).toThrow(
    "updates to statefulset spec for fields other than 'replicas'",
  );
  return 'the same StatefulSet';
});

proof(
  `${ROLLED}: Rollouts whose kind nobody serves are said to be refused; their controller is missed, and found`,
  async () => {
    const isAbout = ({ check, subject }: Result) => check.startsWith('rollouts.') || subject.includes('argoproj.io');
    const told = async () => {
      const { results } = await preflight('looker', ROLLED);
      return results.filter(isAbout).map(({ status, check, subject }) => `${status} ${check} ${subject}`);
    };
    const { namespace } = objectsOf(ROLLED).find(({ kind }) => kind === 'Rollout').metadata;
    expect(await told()).toEqual([
      'failed server.apis argoproj.io/v1alpha1 AnalysisTemplate',
      'failed server.apis argoproj.io/v1alpha1 Rollout',
      'warning rollouts.controller controller',
    ]);
    const present = furniture().map(titleOf);
    const things = furniture(ROLLED).filter(
      (thing) => !present.includes(titleOf(thing)) || thing.metadata.namespace === namespace,
    );
    cluster.applyCrdsFor(objectsOf(ROLLED));
    furnish(things);
    allow('looker', namespace);
    // The server learns of a kind a moment after it was made.
    let late: readonly Result[] = [];
    const isReady = async () => (late = but((await preflight('looker', ROLLED)).results, 'ok')).length === 0;
    await eventually(isReady, 60).catch(() => expect(late).toEqual([]));
    expect(await told()).toEqual(['ok rollouts.controller controller']);
    return things.map(titleOf).join(', ');
  },
  240,
);

proof('a policy of the cluster that is about our pods is told, and one about others is not', async () => {
  const policy = (name: string, resources: string[]) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: ['', 'apps'], apiVersions: ['v1'], operations: ['CREATE'], resources }],
      },
      validations: [{ expression: 'false' }],
    },
  });
  const bound = (name: string) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  });
  apply(policy('ours', ['statefulsets', 'pods']), policy('others', ['daemonsets']), bound('ours'), bound('others'));
  const told = (await preflight('looker')).results.filter(({ check }) => check === 'policies.admission');
  expect(told.map(({ status, subject, found }) => `${status} ${subject}: ${found}`)).toEqual([
    'warning ValidatingAdmissionPolicy ours: may refuse StatefulSet, Pod (bound by ours)',
  ]);
  return 'one of two';
});
