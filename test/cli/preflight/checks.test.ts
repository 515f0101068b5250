import { wantedBy } from '../../../src/cli/preflight/ask';
import { CHECKS } from '../../../src/cli/preflight/checks';
import type { Result } from '../../../src/cli/preflight/report';
import { validators } from '../../../src/settings/validators';
import { SYSTEMS } from '../../../src/systems';
import type { ApiServerForReading } from '../../support/api-server';
import type * as bundled from '../../support/bundled-client';
import { objectsOf } from '../../support/dist';
import { furnish } from './cluster';
import { Bench } from './run';

jest.mock('@kubernetes/client-node', () =>
  jest.requireActual<typeof bundled>('../../support/bundled-client').bundledClient(),
);

const PRODUCTION = wantedBy(
  { system: 'todo-evolution', environment: 'production', overlays: 'overlays' },
  { systems: SYSTEMS, validators },
);

let bench: Bench;

// It is bundled when it is first asked for.
beforeAll(() => import('@kubernetes/client-node'), 60_000);

beforeEach(async () => {
  bench = new Bench();
  await bench.open();
  furnish(bench.server);
});

afterEach(() => bench.close());

/** `status check subject: found → fix`, for all that is not ok. */
const lines = (results: readonly Result[]) =>
  results
    .filter(({ status }) => status !== 'ok')
    .map(({ status, check, subject, found, fix }) => `${status} ${check} ${subject}: ${found} → ${fix}`);

const IN_APP = { namespace: 'todo-app' };
const object = (apiVersion: string, kind: string, name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, ...metadata },
  ...more,
});
const quota = (hard: object, used: object = {}, more: object = {}) =>
  object('v1', 'ResourceQuota', 'theirs', { spec: { hard, ...more }, status: { used } }, IN_APP);
const limitRange = (limit: object) => object('v1', 'LimitRange', 'theirs', { spec: { limits: [limit] } }, IN_APP);
const claim = (name: string, size: string, more: object = {}) =>
  object(
    'v1',
    'PersistentVolumeClaim',
    name,
    { spec: { resources: { requests: { storage: size } } }, ...more },
    IN_APP,
  );
const workload = (kind: string, name: string, spec: object) => object('apps/v1', kind, name, { spec }, IN_APP);
const binding = (spec: object) =>
  object('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', 'bound', {
    spec: { policyName: 'theirs', validationActions: ['Deny'], ...spec },
  });
const admission = (spec: object) =>
  object('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'theirs', { spec });
const about = (resources: string[], group = 'apps', more: object = {}) => ({
  matchConstraints: {
    resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE'], resources }],
    ...more,
  },
});
const kyverno = (rule: object, spec: object = {}) =>
  object('kyverno.io/v1', 'ClusterPolicy', 'theirs', { spec: { rules: [rule], ...spec } });

const NAMESPACES = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['namespaces'] }];

const ALL = objectsOf('todo-evolution/production');
const committed = (kind: string, name: string) =>
  structuredClone(ALL.find((one) => one.kind === kind && one.metadata.name === name));

/** Empty maps and lists and what is false are left out in what an API server gives back. */
function asGivenBack(value: any): any {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asGivenBack);
  const empty = (below: any) => below === false || JSON.stringify(below) === '{}' || JSON.stringify(below) === '[]';
  const kept = Object.entries(value).filter(([, below]) => !empty(below));
  return Object.fromEntries(kept.map(([key, below]) => [key, asGivenBack(below)]));
}

const webhook = (server: ApiServerForReading) =>
  server.one('MutatingWebhookConfiguration', 'dapr-sidecar-injector').webhooks[0];
const injector = (server: ApiServerForReading) => server.one('Deployment', 'dapr-sidecar-injector');

function aws(server: ApiServerForReading, argument: string): void {
  const containers = [{ name: 'aws-node' }, { name: 'aws-eks-nodeagent', args: [argument] }];
  server.one('DaemonSet', 'calico-node').metadata.name = 'aws-node';
  server.one('DaemonSet', 'aws-node').spec = { template: { spec: { containers } } };
}

const nodes = (server: ApiServerForReading, change: (node: any) => void) => server.all('Node').forEach(change);

/** Seen to find fault in upcoming.test.ts, rollouts.test.ts and kyverno.test.ts: the production of the main system does not take them. */
const UPCOMING = [
  'nodes.priority-classes',
  'storage.drivers',
  'edge.gateway-class',
  'edge.gce',
  'secrets.stores',
  'secrets.synced',
  'secrets.identities',
  'dapr.rollouts',
  'policies.kyverno-controller',
  'rollouts.controller',
  'policies.kyverno-controller',
];

type Case = readonly [what: string, change: (server: ApiServerForReading) => void, ...expected: RegExp[]];

/** What is changed in a cluster that has everything, and everything that is then found. */
const CASES: readonly Case[] = [
  [
    'an old server',
    (s) => (s.version = 'v1.29.4'),
    /^failed server.version version: v1\.29\.4; .*1\.30.* → upgrade it$/,
  ],
  ['a server of 1.30', (s) => (s.version = 'v1.30.0-eks-1')],
  [
    'a version that tells nothing',
    (s) => (s.version = 'fork'),
    /^unknown server.version version: fork, which tells no/,
  ],
  [
    'no Dapr',
    (s) => s.forget('dapr.io'),
    /^failed server.apis dapr.io\/v1alpha1 Component: is not served: nothing .* → install Dapr 1.14 or newer \(Helm/,
    /^failed server.apis dapr.io\/v1alpha1 Configuration: /,
    /^failed server.apis dapr.io\/v1alpha1 Resiliency: /,
    /^failed server.apis dapr.io\/v2alpha1 Subscription: /,
    /^warning dapr.injector mTLS: .* does not tell whether it is on/,
  ],
  [
    'an autoscaling API that is too old',
    (s) => {
      s.forget('autoscaling');
      s.serve('autoscaling/v1 HorizontalPodAutoscaler');
    },
    /^failed server.apis autoscaling\/v2 HorizontalPodAutoscaler: .*of its group are v1 → upgrade to a release of Kuber/,
  ],
  ['the namespace', (s) => s.add(object('v1', 'Namespace', 'todo-app', { status: { phase: 'Active' } }))],
  [
    'the namespace on its way out',
    (s) => s.add(object('v1', 'Namespace', 'todo-app', { status: { phase: 'Terminating' } })),
    /^failed namespace.state Namespace todo-app: is being deleted → wait/,
  ],
  [
    'another Pod Security level',
    (s) =>
      s.add(
        object('v1', 'Namespace', 'todo-app', {}, { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } }),
      ),
    /^warning namespace.pod-security .*enforce is "baseline" and becomes "restricted" → see whether/,
  ],
  [
    'a wide quota',
    (s) => s.add(quota({ 'requests.cpu': '100', pods: '1k', services: '50', 'requests.storage': '1Ti' })),
  ],
  [
    'a quota for less than all that runs',
    (s) => s.add(quota({ 'requests.cpu': '2', 'count/statefulsets.apps': '3' })),
    /^failed namespace.quota ResourceQuota theirs: leaves 2 of requests.cpu; ours need 2.485, and .* → ask its owner/,
    /^failed namespace.quota ResourceQuota theirs: leaves 3 of count\/statefulsets.apps; ours need 4, and 4/,
  ],
  [
    'a quota that others have used',
    (s) => s.add(quota({ pods: '60' }, { pods: '55' })),
    /^failed namespace.quota ResourceQuota theirs: leaves 5 of pods; ours need \d+/,
  ],
  [
    'a quota that we have used ourselves',
    (s) =>
      s.add(
        quota({ pods: '70' }, { pods: '65' }),
        object('v1', 'ResourceQuota', 'quota', { spec: { hard: {} } }, IN_APP),
      ),
  ],
  [
    'a quota for less than the peak',
    (s) => s.add(quota({ 'requests.memory': '8Gi' })),
    /^warning namespace.quota ResourceQuota theirs: leaves 8589934592 of requests.memory/,
  ],
  [
    'a quota for some pods',
    (s) => s.add(quota({ pods: '1' }, {}, { scopes: ['BestEffort'] })),
    /^warning namespace.quota ResourceQuota theirs: bounds some pods only/,
  ],
  ['wide limits', (s) => s.add(limitRange({ type: 'Container', min: { cpu: '1m' }, max: { memory: '64Gi' } }))],
  [
    'narrow limits of containers',
    (s) => s.add(limitRange({ type: 'Container', max: { memory: '1.5Gi' }, min: { cpu: '20m' } })),
    /^failed namespace.limits LimitRange theirs: CronJob postgres-restore, container backup allows 2Gi of memory, bound is 1.5Gi; .*; and \d+ more → ask/,
  ],
  ['a wide ratio', (s) => s.add(limitRange({ type: 'Container', maxLimitRequestRatio: { cpu: '10' } }))],
  [
    'a narrow ratio',
    (s) => s.add(limitRange({ type: 'Container', maxLimitRequestRatio: { cpu: '4.9' } })),
    /^failed namespace.limits LimitRange theirs: CronJob postgres-backup, container rclone allows 10 times the cpu that it requests, bound is 4.9; .*; and \d+ more/,
  ],
  [
    'narrow limits of pods and claims',
    (s) =>
      s.add({
        ...limitRange({}),
        spec: {
          limits: [
            { type: 'PersistentVolumeClaim', max: { storage: '20Gi' } },
            { type: 'Pod', max: { cpu: '1' } },
          ],
        },
      }),
    /^failed namespace.limits .*StatefulSet postgres, volume data allows 50Gi of storage.*; and \d+ more/,
  ],
  [
    'two nodes',
    (s) => s.remove('Node', 'node-3'),
    /^failed nodes.spread StatefulSet zookeeper: 3 pods must be apart by kubernetes.io\/hostname, .* have 2 → add nodes/,
    /^failed nodes.spread StatefulSet kafka: 3 pods must be apart/,
  ],
  [
    'a node that is cordoned',
    (s) => (s.one('Node', 'node-3').spec.unschedulable = true),
    /^failed nodes.spread StatefulSet zookeeper/,
    /^failed nodes.spread StatefulSet kafka/,
  ],
  [
    'a node that is not ready, and a tainted one',
    (s) => {
      s.one('Node', 'node-2').status.conditions[0].status = 'False';
      s.one('Node', 'node-3').spec.taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    },
    /^failed nodes.spread StatefulSet zookeeper: .* have 1 /,
    /^warning nodes.spread StatefulSet zookeeper: .*nothing is spread/,
    /^failed nodes.spread StatefulSet kafka: .* have 1 /,
    /^warning nodes.spread StatefulSet kafka: .*nothing is spread/,
  ],
  [
    'a taint that only prefers',
    (s) => (s.one('Node', 'node-3').spec.taints = [{ key: 'old', effect: 'PreferNoSchedule' }]),
  ],
  [
    'nodes in no zone',
    (s) => nodes(s, ({ metadata }) => delete metadata.labels['topology.kubernetes.io/zone']),
    /^failed nodes.spread StatefulSet zookeeper: must be spread by topology.kubernetes.io\/zone, .* have 0 → label/,
    /^failed nodes.spread StatefulSet kafka: must be spread/,
  ],
  [
    'nodes in one zone',
    (s) => nodes(s, ({ metadata }) => (metadata.labels['topology.kubernetes.io/zone'] = 'only')),
    /^warning nodes.spread StatefulSet zookeeper: .* have 1: nothing is spread → add nodes that differ/,
    /^warning nodes.spread StatefulSet kafka/,
  ],
  [
    'nodes that are tight',
    (s) => nodes(s, ({ status }) => (status.allocatable = { cpu: '1', memory: '2500Mi' })),
    /^warning nodes.room CPU: ours request 2485m; 3 nodes have 3, .*tight/,
    /^warning nodes.room memory: ours request 6.1Gi; 3 nodes have 7.3Gi/,
  ],
  [
    'nodes that are too small',
    (s) => nodes(s, ({ status }) => (status.allocatable = { cpu: '290m', memory: '600Mi' })),
    /^failed nodes.room CPU: /,
    /^failed nodes.room memory: /,
    /^failed nodes.room CronJob postgres-restore: no node that may run it has 300m of CPU and 512Mi/,
    /^failed nodes.room CronJob postgres-restore-drill: no node/,
    /^failed nodes.room StatefulSet postgres: no node that may run it has 330m of CPU and 608Mi/,
    /^failed nodes.room StatefulSet kafka: no node/,
    /^failed nodes.room Deployment backend: no node/,
  ],
  [
    'no default class',
    (s) => delete s.one('StorageClass', 'standard').metadata.annotations,
    /^failed storage.classes default StorageClass: none is marked as default; there are standard; needed by .*kafka.* → mark/,
  ],
  [
    'a class for nothing that lasts',
    (s) => {
      for (const field of ['allowVolumeExpansion', 'reclaimPolicy', 'volumeBindingMode']) {
        delete s.one('StorageClass', 'standard')[field];
      }
    },
    /^warning storage.classes default StorageClass \(standard\): does not let volumes grow/,
    /^warning storage.classes default StorageClass \(standard\): makes volumes before the pod has a place/,
    /^warning storage.classes default StorageClass \(standard\): deletes the data of a claim/,
  ],
  [
    'volumes of another size',
    (s) => s.add(claim('data-postgres-0', '20Gi'), claim('data-kafka-2', '60Gi'), claim('data-kafka-x', '1Gi')),
    /^warning storage.volumes PersistentVolumeClaim data-postgres-0: has 20Gi, and ours say 50Gi/,
    /^warning storage.volumes PersistentVolumeClaim data-kafka-2: has 60Gi/,
  ],
  [
    'a lost volume',
    (s) => s.add(claim('data-redis-0', '10Gi', { status: { phase: 'Lost' } })),
    /^failed storage.volumes PersistentVolumeClaim data-redis-0: has lost its volume/,
  ],
  [
    'an unknown network plug-in',
    (s) => (s.one('DaemonSet', 'calico-node').metadata.name = 'kube-flannel-ds'),
    /^warning network.plugin network plug-in: none is known .*\(daemon sets in kube-system: kube-flannel-ds\) → where/,
  ],
  [
    'Cilium by its API',
    (s) => {
      s.remove('DaemonSet');
      s.serve('cilium.io/v2 CiliumNode');
    },
  ],
  [
    'k3s',
    (s) => {
      s.remove('DaemonSet');
      s.version = 'v1.33.4+k3s1';
    },
  ],
  ['the plug-in of AWS that enforces', (s) => aws(s, '--enable-network-policy=true')],
  ['the plug-in of AWS that does not', (s) => aws(s, '--enable-network-policy=false'), /^warning network.plugin/],
  [
    'DNS that has another label',
    (s) => (s.one('Pod', 'kube-dns').metadata.labels = { 'dns.operator.example.com': 'default' }),
    /^failed network.peers to kube-system: k8s-app=kube-dns: nobody is there; port 53 leads nowhere/,
  ],
  [
    'no collector of traces, and no Prometheus',
    (s) => {
      s.remove('Pod', 'opentelemetry-collector');
      s.remove('Pod', 'prometheus');
    },
    /^warning network.peers from monitoring: app.kubernetes.io\/name=prometheus: nobody is there who could/,
    /^warning network.peers to observability: .*port 4317 leads nowhere/,
  ],
  [
    'a part of Dapr that does not run',
    (s) => s.remove('Pod', 'dapr-scheduler-server'),
    /^failed network.peers to dapr-system: app=dapr-scheduler-server: nobody is there; port 50006/,
  ],
  [
    'an ingress class of another controller',
    (s) => (s.one('IngressClass', 'nginx').spec.controller = 'nginx.org/ingress-controller'),
    /^failed edge.ingress-class IngressClass nginx: belongs to nginx.org\/ingress-controller, which does not read .*Ingress e/,
  ],
  [
    'a header that may not be sent',
    (s) =>
      (s.one('ConfigMap', 'ingress-nginx-controller').data = { 'global-allowed-response-headers': 'x-frame-options' }),
    /^failed edge.response-headers Ingress edge: every path answers 503: .*does not name Content-Security.*X-Frame-Options → add/,
  ],
  [
    'settings of ingress-nginx that are not there',
    (s) => s.remove('ConfigMap'),
    /^failed edge.response-headers Ingress edge: every path answers 503/,
  ],
  [
    'no pod of ingress-nginx',
    (s) => s.remove('Pod', 'controller-ingress-nginx'),
    /^warning network.peers from ingress-nginx: /,
    /^unknown edge.response-headers Ingress edge: not checked: no pod of ingress-nginx tells/,
  ],
  [
    'no cert-manager',
    (s) => s.forget('cert-manager.io'),
    /^failed certificates.issuers ClusterIssuer letsencrypt-production: cert-manager is not installed → install cert-manager/,
  ],
  [
    'no issuer',
    (s) => (s.one('ClusterIssuer', 'letsencrypt-production').metadata.name = 'other'),
    /^failed certificates.issuers ClusterIssuer letsencrypt-production: is not there → make it/,
  ],
  [
    'an issuer that is not ready',
    (s) =>
      (s.one('ClusterIssuer', 'letsencrypt-production').status.conditions = [
        { type: 'Ready', status: 'False', message: 'no account' },
      ]),
    /^failed certificates.issuers ClusterIssuer letsencrypt-production: is not ready: no account/,
  ],
  [
    'no metrics server',
    (s) => s.remove('APIService'),
    /^failed metrics.api APIService v1beta1.metrics.k8s.io: is not there; .* → install the metrics server/,
  ],
  [
    'a metrics server that does not answer',
    (s) => (s.one('APIService', 'v1beta1.metrics.k8s.io').status.conditions[0].status = 'False'),
    /^failed metrics.api APIService v1beta1.metrics.k8s.io: is not available/,
  ],
  [
    'no injector',
    (s) => s.remove('MutatingWebhookConfiguration'),
    /^failed dapr.injector webhook: its webhook is not there; Deployment backend, Deployment frontend would start without/,
  ],
  [
    'an injector that may be away',
    (s) => (webhook(s).failurePolicy = 'Ignore'),
    /^failed dapr.injector webhook: its failure policy is Ignore.* → set dapr_sidecar_injector.webhookFailurePolicy=Fail/,
  ],
  [
    'an injector that leaves us out',
    (s) => (webhook(s).namespaceSelector = { matchExpressions: [{ key: 'dapr', operator: 'In', values: ['on'] }] }),
    /^failed dapr.injector webhook: its selectors leave out Deployment backend, Deployment frontend → widen/,
  ],
  [
    'an injector that leaves others out',
    (s) =>
      (webhook(s).namespaceSelector = {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] },
          { key: 'no-dapr', operator: 'DoesNotExist' },
          { key: 'environment', operator: 'Exists' },
        ],
      }),
  ],
  [
    'sidecars with capabilities',
    (s) => (injector(s).spec.template.spec.containers[0].env[0].value = 'false'),
    /^failed dapr.injector injector: sidecars keep capabilities.* → set dapr_sidecar_injector.sidecarDropALLCapabilities=t/,
  ],
  [
    'an injector that is not ready',
    (s) => (injector(s).status = {}),
    /^failed dapr.injector injector: no pod of Deployment dapr-system\/dapr-sidecar-injector is ready → kubectl/,
  ],
  [
    'a webhook without an injector',
    (s) => s.remove('Deployment'),
    /^failed dapr.injector injector: .* is not there → install/,
  ],
  [
    'a control plane elsewhere',
    (s) => {
      webhook(s).clientConfig.service.namespace = 'dapr';
      for (const one of [injector(s), s.one('Configuration', 'daprsystem')]) one.metadata.namespace = 'dapr';
    },
    /^failed dapr.injector control plane: is in namespace "dapr"; our policies .* say "dapr-system" → set dapr.controlPlane.name/,
  ],
  [
    'no mTLS',
    (s) => (s.one('Configuration', 'daprsystem').spec.mtls.enabled = false),
    /^failed dapr.injector mTLS: .* has it off: sidecars talk in the clear/,
  ],
  [
    'another trust domain',
    (s) => (s.one('Configuration', 'daprsystem').spec.mtls.controlPlaneTrustDomain = 'corp'),
    /^failed dapr.injector mTLS: trust domain of the control plane is "corp"; ours say "cluster.local"/,
  ],
  [
    'a Secret less',
    (s) => s.remove('Secret', 'backend-secrets'),
    /^failed secrets.present Secret backend-secrets: is not there; .* → npm run secrets -- todo-evolution production --apply/,
  ],
  [
    'a key less',
    (s) => delete s.one('Secret', 'postgres-credentials').data.password,
    /^failed secrets.present Secret postgres-credentials: lacks password; pods that read it wait for it/,
  ],
  [
    'a policy about our kinds',
    (s) => s.add(admission(about(['deployments', 'statefulsets'])), binding({})),
    /^warning policies.admission ValidatingAdmissionPolicy theirs: may refuse (Deployment|StatefulSet), .*\(bound by bound\) → cannot/,
  ],
  [
    'a policy about pods',
    (s) => s.add(admission(about(['pods'], '')), binding({})),
    /^warning policies.admission .*: may refuse Pod \(bound by bound\) → .*kubectl apply --dry-run=server -f dist\/todo-evolution\/p/,
  ],
  ['a policy about other kinds', (s) => s.add(admission(about(['daemonsets'])), binding({}))],
  [
    'a policy that only warns',
    (s) => s.add(admission(about(['deployments'])), binding({ validationActions: ['Warn'] })),
  ],
  ['a policy that is not bound', (s) => s.add(admission(about(['deployments'])))],
  [
    'a policy about other namespaces',
    (s) =>
      s.add(
        admission(
          about(['*'], '*', {
            namespaceSelector: { matchLabels: { team: 'other' } },
            excludeResourceRules: NAMESPACES,
          }),
        ),
        binding({}),
      ),
  ],
  [
    'a policy that a binding narrows to other namespaces',
    (s) =>
      s.add(
        admission(about(['deployments'])),
        binding({ matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } } }),
      ),
  ],
  [
    'a policy of Kyverno',
    (s) =>
      s.add(kyverno({ match: { any: [{ resources: { kinds: ['Pod'] } }] }, validate: { failureAction: 'Enforce' } })),
    /^warning policies.kyverno ClusterPolicy theirs: may refuse Pod → cannot be decided by reading/,
  ],
  [
    'an old policy of Kyverno with wildcards',
    (s) =>
      s.add(
        kyverno(
          { match: { resources: { kinds: ['apps/v1/*Set'], namespaces: ['todo-*'] } }, validate: {} },
          { validationFailureAction: 'enforce' },
        ),
      ),
    /^warning policies.kyverno ClusterPolicy theirs: may refuse StatefulSet →/,
  ],
  [
    'policies of Kyverno that are not about us, or only watch',
    (s) =>
      s.add(
        kyverno({
          match: { any: [{ resources: { kinds: ['Pod'], namespaces: ['other'] } }] },
          validate: { failureAction: 'Enforce' },
        }),
        {
          ...kyverno({ match: { any: [{ resources: { kinds: ['Pod'] } }] }, validate: {} }),
          metadata: { name: 'audit' },
        },
        {
          ...kyverno({ match: { any: [{ resources: { kinds: ['Pod'] } }] }, mutate: {} }),
          metadata: { name: 'mutate' },
        },
      ),
  ],
  [
    'a namespaced policy of Kyverno',
    (s) =>
      s.add({
        ...kyverno({ match: { all: [{ resources: { kinds: ['Service'] } }] }, validate: { failureAction: 'Enforce' } }),
        kind: 'Policy',
        metadata: { name: 'theirs', ...IN_APP },
      }),
    /^warning policies.kyverno Policy theirs: may refuse Service →/,
  ],
  [
    'a newer policy of Kyverno',
    (s) => {
      s.serve('policies.kyverno.io/v1 ImageValidatingPolicy');
      s.add(object('policies.kyverno.io/v1', 'ValidatingPolicy', 'theirs', { spec: about(['jobs'], 'batch') }));
    },
    /^warning policies.kyverno validatingpolicies theirs: may refuse Job →/,
  ],
  [
    'constraints of Gatekeeper',
    (s) => s.serve('constraints.gatekeeper.sh/v1beta1 K8sRequiredLabels'),
    /^warning policies.gatekeeper constraints of Gatekeeper: are in use/,
  ],
  [
    'a Deployment with another selector',
    (s) => s.add(workload('Deployment', 'frontend', { selector: { matchLabels: { app: 'frontend' } } })),
    /^failed live.immutable Deployment frontend: spec.selector differs from ours .* → delete the Deployment/,
  ],
  [
    'a StatefulSet with other volumes',
    (s) => {
      const ours = committed('StatefulSet', 'postgres');
      ours.spec.volumeClaimTemplates[0].spec.resources.requests.storage = '20Gi';
      s.add(ours);
    },
    /^failed live.immutable StatefulSet postgres: spec.volumeClaimTemplates differs from ours .* → expand the claims/,
  ],
  [
    'a StatefulSet whose volumes name a class',
    (s) => {
      const ours = committed('StatefulSet', 'redis');
      ours.spec.volumeClaimTemplates[0].spec.storageClassName = 'gp2';
      s.add(ours);
    },
    /^failed live.immutable StatefulSet redis: spec.volumeClaimTemplates differs/,
  ],
  [
    'a Service with an address where ours has none',
    (s) => s.add({ ...committed('Service', 'kafka'), spec: { clusterIP: '10.96.0.7' } }),
    /^failed live.immutable Service kafka: spec.clusterIP differs from ours .* → delete the Service/,
  ],
  [
    'the last release, as an API server gives it back',
    (s) => {
      for (const one of ALL) s.add({ ...asGivenBack(one), metadata: { ...one.metadata, uid: '1' } });
      s.one('Service', 'backend').spec.clusterIP = '10.96.0.8';
      for (const template of [s.one('StatefulSet', 'kafka').spec.volumeClaimTemplates[0]]) {
        template.status = { phase: 'Pending' };
        template.spec.resources.requests.storage = `${50 * 2 ** 30}`;
      }
    },
  ],
];

const TABLE = CASES.map(([what, change, ...expected]) => ({ what, change, expected }));

test.each(TABLE)('$what', async ({ change, expected }) => {
  change(bench.server);
  const found = lines(await bench.found(PRODUCTION));
  expect(found).toEqual(expected.map((one) => expect.stringMatching(one)));
});

test('a certificate that cert-manager makes for one Ingress is there for the others, too', async () => {
  const wanted = wantedBy(
    { system: 'contacts', environment: 'production', overlays: 'overlays' },
    { systems: SYSTEMS, validators },
  );
  const missing = async (objects: readonly any[]) =>
    lines(await bench.found({ ...wanted, objects })).filter((line) => line.includes('edge-tls'));
  expect(wanted.objects.filter(({ kind }) => kind === 'Ingress')).toHaveLength(2);
  expect(await missing(wanted.objects)).toEqual([]);
  const byHand = structuredClone(wanted.objects).map((one: any) => {
    delete one.metadata.annotations?.['cert-manager.io/cluster-issuer'];
    return one;
  });
  expect(await missing(byHand)).toEqual([
    expect.stringMatching(/^failed secrets.present Secret edge-tls: is not there/),
  ]);
});

test('every check that the main system takes is seen to find fault', () => {
  const text = CASES.flatMap(([, , ...expected]) => expected.map(String)).join('\n');
  for (const { id } of CHECKS.filter(({ id: one }) => !UPCOMING.includes(one))) expect(text).toContain(id);
});
