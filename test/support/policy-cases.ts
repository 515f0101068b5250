import type { PolicyRuleName } from '../../src/platform/policies/settings';

type KubeObject = any;

/** Labels of the objects here, as those of the system in which they are. */
export interface Place {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

const probe = { httpGet: { path: '/', port: 8080 } };
const amounts = { cpu: '10m', memory: '16Mi' };
const secured = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};
const container = (name: string, more: object = {}) => ({
  name,
  image: 'acme/shop:1',
  resources: { requests: { ...amounts }, limits: { ...amounts } },
  securityContext: structuredClone(secured),
  ...more,
});

const podSpec = (restartPolicy: 'Always' | 'Never') => ({
  automountServiceAccountToken: false,
  containers: [container('shop', restartPolicy === 'Always' ? { livenessProbe: probe, readinessProbe: probe } : {})],
  initContainers: [container('prepare')],
  restartPolicy,
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  serviceAccountName: 'shop',
});

/** Objects that no rule refuses, of every kind that rules are about. */
export function innocents({ namespace, labels }: Place): Record<string, KubeObject> {
  const own = { ...labels, 'app.kubernetes.io/name': 'shop' };
  const metadata = () => ({ name: 'shop', namespace, labels: { ...own } });
  const template = (restartPolicy: 'Always' | 'Never') => ({
    metadata: { labels: { ...own } },
    spec: podSpec(restartPolicy),
  });
  const selector = { matchLabels: { 'app.kubernetes.io/name': 'shop' } };
  const made = (apiVersion: string, kind: string, spec: object) => ({ apiVersion, kind, metadata: metadata(), spec });
  const lasting = { selector, template: template('Always') };
  return {
    Pod: made('v1', 'Pod', podSpec('Always')),
    Deployment: made('apps/v1', 'Deployment', structuredClone(lasting)),
    StatefulSet: made('apps/v1', 'StatefulSet', { ...structuredClone(lasting), serviceName: 'shop' }),
    DaemonSet: made('apps/v1', 'DaemonSet', structuredClone(lasting)),
    Rollout: made('argoproj.io/v1alpha1', 'Rollout', { ...structuredClone(lasting), strategy: { canary: {} } }),
    Job: made('batch/v1', 'Job', { template: template('Never') }),
    CronJob: made('batch/v1', 'CronJob', {
      schedule: '0 0 * * *',
      jobTemplate: { spec: { template: template('Never') } },
    }),
    Service: made('v1', 'Service', { type: 'ClusterIP', ports: [{ port: 80 }] }),
    Ingress: made('networking.k8s.io/v1', 'Ingress', {
      defaultBackend: { service: { name: 'shop', port: { number: 80 } } },
    }),
  };
}

/** The spec of the pod that an object is, or makes. */
export const podOf = ({ kind, spec }: KubeObject): KubeObject =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template.spec : (spec.template?.spec ?? spec);

const templateOf = ({ kind, metadata, spec }: KubeObject): KubeObject =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template : (spec.template ?? { metadata });

export interface PolicyCase {
  readonly rule: PolicyRuleName;
  readonly what: string;
  /** Makes an object such that the rule refuses it. */
  readonly change: (object: KubeObject) => void;
  /** What the refusal says. */
  readonly message: string;
  readonly kinds: readonly string[];
}

const LASTING = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'];
const WITH_PODS = [...LASTING, 'Job', 'CronJob'];

const inPods =
  (rule: PolicyRuleName, kinds: readonly string[] = WITH_PODS) =>
  (what: string, message: string, change: (pod: KubeObject) => void): PolicyCase => ({
    rule,
    what,
    message,
    kinds,
    change: (object) => change(podOf(object)),
  });

const tags = inPods('image-tags');
const registries = inPods('image-registries');
const security = inPods('restricted-security');
const accounts = inPods('service-accounts');
const resources = inPods('resources');
const probes = inPods('probes', LASTING);

const first = (pod: KubeObject) => pod.containers[0];
const init = (pod: KubeObject) => pod.initContainers[0];
const TAGS = 'images need a tag other than latest, or a digest: ';
const FROM = 'images must come from a registry of policies.allowedRegistries: ';
const NODE = 'network, processes, folders and ports of a node are not for pods; remove them: ';

/** One thing wrong at a time. */
export const CASES: readonly PolicyCase[] = [
  tags('latest', `${TAGS}acme/shop:latest`, (pod) => (first(pod).image = 'acme/shop:latest')),
  tags('no tag, of a registry with a port', `${TAGS}registry.example.com:5000/shop`, (pod) => {
    first(pod).image = 'registry.example.com:5000/shop';
  }),
  tags('latest in an init container', `${TAGS}shop`, (pod) => (init(pod).image = 'shop')),
  registries('another registry', `${FROM}ghcr.io/acme/shop:1`, (pod) => (first(pod).image = 'ghcr.io/acme/shop:1')),
  registries('a registry whose name begins alike', `${FROM}docker.io.example.com/shop:1`, (pod) => {
    init(pod).image = 'docker.io.example.com/shop:1';
  }),
  registries('another port of the registry', `${FROM}docker.io:5000/shop:1`, (pod) => {
    first(pod).image = 'docker.io:5000/shop:1';
  }),
  registries('an image of the cluster with another name', `${FROM}ghcr.io/dapr/daprd-x:1`, (pod) => {
    first(pod).image = 'ghcr.io/dapr/daprd-x:1';
  }),
  security(
    'a root file system that can be written',
    'containers need securityContext.readOnlyRootFilesystem: true',
    (pod) => {
      delete first(pod).securityContext.readOnlyRootFilesystem;
    },
  ),
  security('the same in an init container', 'and volumes where they write: prepare', (pod) => {
    init(pod).securityContext.readOnlyRootFilesystem = false;
  }),
  security('root by leaving the user open', 'containers need runAsNonRoot: true, and a user other than 0: ', (pod) => {
    delete pod.securityContext.runAsNonRoot;
  }),
  security('root by saying so', 'containers need runAsNonRoot: true, and a user other than 0: prepare', (pod) => {
    init(pod).securityContext.runAsUser = 0;
  }),
  security(
    'more rights than at the start',
    'containers need allowPrivilegeEscalation: false, and not privileged: ',
    (pod) => {
      delete first(pod).securityContext.allowPrivilegeEscalation;
    },
  ),
  security('capabilities that are kept', 'containers need capabilities.drop: [ALL]', (pod) => {
    first(pod).securityContext.capabilities.drop = ['NET_RAW'];
  }),
  security('capabilities that are added', 'may add NET_BIND_SERVICE only: shop', (pod) => {
    first(pod).securityContext.capabilities.add = ['SYS_TIME'];
  }),
  security(
    'no seccomp profile',
    'containers need seccompProfile.type: RuntimeDefault or Localhost: shop, prepare',
    (pod) => {
      delete pod.securityContext.seccompProfile;
    },
  ),
  security('an unconfined container', 'seccompProfile.type: RuntimeDefault or Localhost: prepare', (pod) => {
    init(pod).securityContext.seccompProfile = { type: 'Unconfined' };
  }),
  security("the node's processes", `${NODE}hostPID`, (pod) => (pod.hostPID = true)),
  security('a folder of the node', `${NODE}volume node`, (pod) => {
    pod.volumes = [{ name: 'node', hostPath: { path: '/var' } }];
  }),
  security('a port of the node', `${NODE}shop`, (pod) => {
    first(pod).ports = [{ containerPort: 8080, hostPort: 8080 }];
  }),
  accounts('no ServiceAccount', 'pods need a ServiceAccount of their own; name one in serviceAccountName: ', (pod) => {
    delete pod.serviceAccountName;
  }),
  accounts('the ServiceAccount default', 'name one in serviceAccountName: ', (pod) => {
    pod.serviceAccountName = 'default';
  }),
  accounts('a token that nobody asked for', 'pods need automountServiceAccountToken: false', (pod) => {
    delete pod.automountServiceAccountToken;
  }),
  resources('no requests', 'containers need requests and limits of cpu and memory: shop', (pod) => {
    delete first(pod).resources;
  }),
  resources('no limit of memory in an init container', 'requests and limits of cpu and memory: prepare', (pod) => {
    delete init(pod).resources.limits.memory;
  }),
  probes(
    'no readiness probe',
    'containers that run for long need a readinessProbe and a livenessProbe: shop',
    (pod) => {
      delete first(pod).readinessProbe;
    },
  ),
  probes('no liveness probe', 'need a readinessProbe and a livenessProbe: shop', (pod) => {
    delete first(pod).livenessProbe;
  }),
  {
    rule: 'required-labels',
    what: 'a label that is missing',
    message: 'labels are missing; add them to metadata.labels: environment',
    kinds: [...WITH_PODS, 'Service', 'Ingress'],
    change: ({ metadata }) => delete metadata.labels.environment,
  },
  {
    rule: 'required-labels',
    what: 'a label that its pods miss',
    message: 'labels of the pods are missing; add them to the template: app.kubernetes.io/part-of',
    kinds: WITH_PODS.filter((kind) => kind !== 'Pod'),
    change: (object) => delete templateOf(object).metadata.labels['app.kubernetes.io/part-of'],
  },
  {
    rule: 'service-types',
    what: 'ports on nodes',
    message:
      'Services must not open ports on nodes or load balancers; take type: ClusterIP, and a route of the edge: NodePort',
    kinds: ['Service'],
    change: ({ spec }) => (spec.type = 'NodePort'),
  },
  {
    rule: 'service-types',
    what: 'a load balancer',
    message: 'a route of the edge: LoadBalancer',
    kinds: ['Service'],
    change: ({ spec }) => (spec.type = 'LoadBalancer'),
  },
  {
    rule: 'service-types',
    what: 'addresses of others',
    message: 'Services must not claim addresses; remove externalIPs: 192.0.2.1',
    kinds: ['Service'],
    change: ({ spec }) => (spec.externalIPs = ['192.0.2.1']),
  },
  {
    rule: 'default-namespace',
    what: 'something of the system in the namespace default',
    message: 'nothing of a system belongs into the namespace default: ',
    kinds: ['Pod', 'Deployment', 'Service'],
    change: ({ metadata }) => (metadata.namespace = 'default'),
  },
];

/** What a rule could be taken to refuse, and does not. */
export const PERMITTED: readonly { what: string; kinds: readonly string[]; change: (object: KubeObject) => void }[] = [
  { what: 'what is as it must be', kinds: [...WITH_PODS, 'Service', 'Ingress'], change: () => {} },
  {
    what: 'latest with a digest',
    kinds: ['Pod', 'Deployment'],
    change: (object) => (first(podOf(object)).image = `acme/shop:latest@sha256:${'0'.repeat(64)}`),
  },
  {
    what: 'an image of the cluster',
    kinds: ['Pod'],
    change: (object) => (init(podOf(object)).image = 'ghcr.io/dapr/daprd:1.16.0'),
  },
  {
    what: 'seccomp and user told to each container alone',
    kinds: ['Pod', 'CronJob'],
    change: (object) => {
      const pod = podOf(object);
      for (const one of [...pod.containers, ...pod.initContainers]) {
        Object.assign(one.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      }
      delete pod.securityContext;
    },
  },
];
