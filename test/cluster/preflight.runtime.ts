/** @tools cluster crds */
import { spawnSync } from 'node:child_process';

import type { Report, Result } from '../../src/cli/preflight/report';
import { documentedRoles, furniture } from '../cli/preflight/cluster';
import { DIST, objectsOf } from '../support/dist';
import { Cluster } from './control-plane';
import { proof } from '../runtime/support/proof';

const PRODUCTION = 'todo-evolution/production';
const APPLY = ['apply', '--server-side', '-f', '-'];

let cluster: Cluster;

const apply = (...objects: readonly any[]) => cluster.kubectl(APPLY, { input: asList(objects) });
const asList = (items: readonly any[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** No controller runs: what controllers write is written by hand, and stays. */
function applyWithStatus(objects: readonly any[]): void {
  const namespaces = [...new Set(objects.map(({ metadata }) => metadata.namespace).filter(Boolean))];
  const meta = (kind: string, name: string, namespace?: string) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
  });
  apply(...namespaces.map((name) => meta('Namespace', name)));
  apply(...namespaces.map((namespace) => meta('ServiceAccount', 'default', namespace)));
  apply(...objects.map(({ status: _, ...object }) => object));
  const told = objects.filter(({ status, kind }) => status && kind !== 'APIService');
  for (const { apiVersion, kind, metadata, status } of told) {
    const { name, namespace } = metadata;
    cluster.kubectl([...APPLY, '--subresource=status'], {
      input: JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, status }),
    });
  }
  // Admission puts it on every new node until something says that the node is ready.
  cluster.kubectl(['taint', 'nodes', '--all', 'node.kubernetes.io/not-ready:NoSchedule-']);
}

/** The roles of the guide, and nothing else, for a user. */
function allow(user: string): void {
  const subjects = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
  apply(
    ...documentedRoles().flatMap((role) => [
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

/** Runs the program itself. */
function preflight(user: string): { code: number | null; results: readonly Result[] } {
  const args = ['tools/run.sh', 'src/cli/preflight.ts', PRODUCTION, '--json', '--kubeconfig', cluster.as(user)];
  const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return { code: status, results: (JSON.parse(stdout) as Report).results };
}

const but = (results: readonly Result[], status: string) => results.filter((one) => one.status !== status);

beforeAll(async () => {
  cluster = await Cluster.start({ users: { looker: [], nobody: [] } });
  cluster.applyCrds('cert-manager', 'dapr', 'prometheus-operator');
  applyWithStatus(furniture());
  allow('looker');
}, 120_000);

proof('with the rights of the guide, which are to look only, everything is answered', async () => {
  const began = Date.now();
  const { code, results } = preflight('looker');
  expect(but(results, 'ok')).toEqual([]);
  expect(code).toBe(0);
  expect(results.length).toBeGreaterThan(30);
  return `${results.length} findings in ${Date.now() - began} ms`;
});

proof('without rights nothing is said to fail', async () => {
  const { code, results } = preflight('nobody');
  const unknown = results.filter(({ status }) => status === 'unknown');
  expect(results.filter(({ status }) => status === 'failed' || status === 'warning')).toEqual([]);
  for (const { found } of unknown) expect(found).toMatch(/^not checked: no right to (get|list) /);
  expect(unknown.length).toBeGreaterThan(20);
  expect(code).toBe(0);
  return `${unknown.length} unknown of ${results.length}`;
});

proof('objects that the API server has filled in are still found to be ours', async () => {
  cluster.kubectl(['apply', '--server-side', '-f', `${DIST}/${PRODUCTION}`]);
  const { results } = preflight('looker');
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
  const { code, results } = preflight('looker');
  expect(but(results, 'ok').map(({ subject, found }) => `${subject}: ${found}`)).toEqual([
    'StatefulSet redis: spec.volumeClaimTemplates differs from ours and cannot be changed in place',
  ]);
  expect(code).toBe(4);
  expect(() => cluster.kubectl(['apply', '--server-side', '-f', `${DIST}/${PRODUCTION}/20-data.k8s.yaml`])).toThrow(
    "updates to statefulset spec for fields other than 'replicas'",
  );
  return 'the same StatefulSet';
});

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
  const told = preflight('looker').results.filter(({ check }) => check === 'policies.admission');
  expect(told.map(({ status, subject, found }) => `${status} ${subject}: ${found}`)).toEqual([
    'warning ValidatingAdmissionPolicy ours: may refuse StatefulSet, Pod (bound by ours)',
  ]);
  return 'one of two';
});
