import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import type { ApiServerForReading, Rule } from '../../support/api-server';
import { objectsOf } from '../../support/dist';

const object = (apiVersion: string, kind: string, name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, ...metadata },
  ...more,
});
const ready = (type = 'Ready') => ({ status: { conditions: [{ type, status: 'True' }] } });
const RUNNING = { status: { replicas: 1, readyReplicas: 1 } };
const image = 'registry.example.com/some/image:1';
const pod = (
  namespace: string,
  labels: Record<string, string>,
  spec: object = { containers: [{ name: 'main', image }] },
) => object('v1', 'Pod', Object.values(labels).join('-'), { spec }, { namespace, labels });
const workload = (labels: Record<string, string>, container: object) => ({
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [{ image, ...container }] } },
});

/** The kinds that every cluster has, as far as somebody asks for them. */
const BUILT_IN = [
  'v1 ConfigMap',
  'v1 LimitRange',
  'v1 Namespace',
  'v1 Node',
  'v1 PersistentVolumeClaim',
  'v1 Pod',
  'v1 ResourceQuota',
  'v1 Secret',
  'v1 Service',
  'v1 ServiceAccount',
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding',
  'apiregistration.k8s.io/v1 APIService',
  'apps/v1 DaemonSet',
  'apps/v1 Deployment',
  'apps/v1 StatefulSet',
  'autoscaling/v2 HorizontalPodAutoscaler',
  'batch/v1 CronJob',
  'batch/v1 Job',
  'networking.k8s.io/v1 Ingress',
  'networking.k8s.io/v1 IngressClass',
  'networking.k8s.io/v1 NetworkPolicy',
  'policy/v1 PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1 Role',
  'rbac.authorization.k8s.io/v1 RoleBinding',
  'scheduling.k8s.io/v1 PriorityClass',
  'storage.k8s.io/v1 CSIDriver',
  'storage.k8s.io/v1 StorageClass',
];

const CUSTOM = [
  'argoproj.io/v1alpha1 AnalysisTemplate',
  'argoproj.io/v1alpha1 Rollout',
  'cert-manager.io/v1 Certificate',
  'cert-manager.io/v1 Issuer',
  'dapr.io/v1alpha1 Component',
  'dapr.io/v1alpha1 Resiliency',
  'dapr.io/v2alpha1 Subscription',
  'monitoring.coreos.com/v1 PodMonitor',
  'monitoring.coreos.com/v1 PrometheusRule',
  'monitoring.coreos.com/v1alpha1 AlertmanagerConfig',
];

const node = (index: number) =>
  object(
    'v1',
    'Node',
    `node-${index}`,
    {
      spec: {},
      status: { allocatable: { cpu: '7910m', memory: '32506540Ki' }, ...ready().status },
    },
    { labels: { 'kubernetes.io/hostname': `node-${index}`, 'topology.kubernetes.io/zone': `zone-${index}` } },
  );

const MAIN = 'todo-evolution/production';

/** A cluster that has everything that an environment counts on. */
export function furnish(server: ApiServerForReading, environment = MAIN): void {
  server.serve(...BUILT_IN, ...CUSTOM);
  server.add(...furniture(environment));
}

/** What is in such a cluster, as an API server takes it. */
export function furniture(environment = MAIN): any[] {
  const objects = objectsOf(environment);
  return [
    ...[1, 2, 3].map(node),
    object(
      'storage.k8s.io/v1',
      'StorageClass',
      'standard',
      {
        provisioner: 'disk.csi.example.com',
        allowVolumeExpansion: true,
        reclaimPolicy: 'Retain',
        volumeBindingMode: 'WaitForFirstConsumer',
      },
      { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    ),
    ...drivers(objects),
    object('networking.k8s.io/v1', 'IngressClass', 'nginx', { spec: { controller: 'k8s.io/ingress-nginx' } }),
    ...(objects.some(({ spec }) => spec?.ingressClassName === 'alb') ? [alb()] : []),
    object(
      'apps/v1',
      'DaemonSet',
      'calico-node',
      { spec: workload({ 'k8s-app': 'calico-node' }, { name: 'calico-node' }) },
      { namespace: 'kube-system' },
    ),
    metricsApi('metrics.k8s.io'),
    ...(JSON.stringify(objects).includes('"type":"Pods"') ? [metricsApi('custom.metrics.k8s.io')] : []),
    ...issuers(objects),
    pod('kube-system', { 'k8s-app': 'kube-dns' }),
    pod('monitoring', { 'app.kubernetes.io/name': 'prometheus' }),
    pod('observability', { 'app.kubernetes.io/name': 'opentelemetry-collector' }),
    ...traceStores(objects).map((name) => pod('observability', { 'app.kubernetes.io/name': name })),
    ...ingressNginx(),
    ...secrets(objects),
    ...receivers(objects),
    ...dapr(),
    ...(objects.some(({ kind }) => kind === 'Rollout') ? argoRollouts() : []),
    ...(objects.some(({ kind }) => kind === 'NamespacedValidatingPolicy') ? [kyverno()] : []),
    ...(objects.some(({ metadata }) => metadata.annotations?.['eks.amazonaws.com/role-arn']) ? [podIdentity()] : []),
  ];
}

/** What the operator of Alertmanager reads, which is no pod of ours. */
const receivers = (objects: readonly any[]): any[] =>
  objects
    .filter(({ kind }) => kind === 'AlertmanagerConfig')
    .map(({ metadata: { namespace } }) => {
      const data = { 'pagerduty-routing-key': 'eA==', 'slack-webhook': 'eA==', 'slack-webhook-info': 'eA==' };
      return object('v1', 'Secret', 'alert-receivers', { type: 'Opaque', data }, { namespace });
    });
/** What makes the volumes of classes that come with the manifests. */
const drivers = (objects: readonly any[]): any[] =>
  objects
    .filter(({ kind }) => kind === 'StorageClass')
    .map(({ provisioner }) => object('storage.k8s.io/v1', 'CSIDriver', provisioner, { spec: {} }));

const alb = () =>
  object('networking.k8s.io/v1', 'IngressClass', 'alb', { spec: { controller: 'ingress.k8s.aws/alb' } });

/** Served by the API server itself: such a one is always available. */
const metricsApi = (group: string) =>
  object('apiregistration.k8s.io/v1', 'APIService', `v1beta1.${group}`, {
    spec: { group, version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100 },
    ...ready('Available'),
  });

/** Where a collector of ours sends what it has. */
const traceStores = (objects: readonly any[]): string[] =>
  ['jaeger', 'tempo'].filter((name) =>
    objects.some(
      ({ kind, data }) => kind === 'ConfigMap' && new RegExp(`\\b${name}\\b.*:4317`).test(JSON.stringify(data)),
    ),
  );

/** As the Helm chart of Kyverno makes it. */
const kyverno = () => {
  const labels = { 'app.kubernetes.io/component': 'admission-controller' };
  const container = { name: 'kyverno', image: 'reg.kyverno.io/kyverno/kyverno:v1.19.1' };
  return object(
    'apps/v1',
    'Deployment',
    'kyverno-admission-controller',
    { spec: workload(labels, container), ...RUNNING },
    { namespace: 'kyverno', labels },
  );
};

/** EKS has it: what gives roles to ServiceAccounts. Here it is asked about nothing. */
const podIdentity = () =>
  object('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'pod-identity-webhook', { webhooks: [] });

function ingressNginx(): any[] {
  const labels = { 'app.kubernetes.io/component': 'controller', 'app.kubernetes.io/name': 'ingress-nginx' };
  const args = ['/nginx-ingress-controller', '--configmap=$(POD_NAMESPACE)/ingress-nginx-controller'];
  const allowed =
    'Content-Security-Policy,Referrer-Policy, Strict-Transport-Security,X-Content-Type-Options,X-Frame-Options';
  return [
    pod('ingress-nginx', labels, { containers: [{ name: 'controller', image, args }] }),
    object(
      'v1',
      'ConfigMap',
      'ingress-nginx-controller',
      { data: { 'global-allowed-response-headers': allowed } },
      { namespace: 'ingress-nginx' },
    ),
  ];
}

/** As the Helm chart of Dapr 1.16 with the two values makes it. */
function dapr(): any[] {
  const namespace = 'dapr-system';
  const env = [{ name: 'SIDECAR_DROP_ALL_CAPABILITIES', value: 'true' }];
  const labels = { app: 'dapr-sidecar-injector' };
  const mtls = {
    enabled: true,
    controlPlaneTrustDomain: 'cluster.local',
    sentryAddress: 'dapr-sentry.dapr-system.svc.cluster.local:443',
  };
  const webhook = {
    name: 'sidecar-injector.dapr.io',
    clientConfig: { service: { namespace, name: 'dapr-sidecar-injector', path: '/mutate' } },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
    failurePolicy: 'Fail',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };
  return [
    ...['dapr-sentry', 'dapr-operator', 'dapr-placement-server', 'dapr-scheduler-server'].map((app) =>
      pod(namespace, { app }),
    ),
    object(
      'apps/v1',
      'Deployment',
      'dapr-sidecar-injector',
      { spec: workload(labels, { name: 'dapr-sidecar-injector', env }), ...RUNNING },
      { namespace },
    ),
    object('dapr.io/v1alpha1', 'Configuration', 'daprsystem', { spec: { mtls } }, { namespace }),
    object('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'dapr-sidecar-injector', {
      webhooks: [webhook],
    }),
  ];
}

/** The controller as the manifests of its project make it, and the operator of Dapr that knows Rollouts. */
function argoRollouts(): any[] {
  const labels = { 'app.kubernetes.io/name': 'argo-rollouts' };
  const component = { 'app.kubernetes.io/component': 'rollouts-controller' };
  const args = ['--watch-interval', '0', '--enable-argo-rollout-service-reconciler'];
  return [
    object(
      'apps/v1',
      'Deployment',
      'argo-rollouts',
      { spec: workload(labels, { name: 'argo-rollouts' }), ...RUNNING },
      { namespace: 'argo-rollouts', labels: { ...labels, ...component } },
    ),
    object(
      'apps/v1',
      'Deployment',
      'dapr-operator',
      { spec: workload({ app: 'dapr-operator' }, { name: 'dapr-operator', args }), ...RUNNING },
      { namespace: 'dapr-system' },
    ),
  ];
}

/** Issuers that edges name. */
const issuers = (objects: readonly any[]): any[] =>
  objects
    .map(({ metadata }) => metadata.annotations?.['cert-manager.io/cluster-issuer'])
    .filter(Boolean)
    .map((name) => object('cert-manager.io/v1', 'ClusterIssuer', name, { spec: { selfSigned: {} }, ...ready() }));

/** Every key that something in the committed manifests reads. */
function secrets(objects: readonly any[]): any[] {
  const found = new Map<string, Record<string, string>>([['dapr-api-token', { token: '' }]]);
  const walk = (value: any, bare: boolean): void => {
    if (typeof value !== 'object' || value === null) return;
    const read = value.secretKeyRef ? [[value.secretKeyRef.name, value.secretKeyRef.key]] : [];
    // The operator of Prometheus names them without saying what they are.
    if (bare && value.name && value.key && Object.keys(value).length === 2) read.push([value.name, value.key]);
    const mounted = (value.secret?.items ?? []).map(({ key }: any) => [value.secret.secretName, key]);
    for (const [name, key] of [...read, ...mounted]) found.set(name, { ...found.get(name), [key]: '' });
    Object.values(value).forEach((below) => walk(below, bare));
  };
  objects.forEach((one) => walk(one, one.kind === 'AlertmanagerConfig'));
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
  return namespaces.flatMap((namespace) =>
    [...found].map(([name, data]) => object('v1', 'Secret', name, { data }, { namespace })),
  );
}

const GUIDE = join(__dirname, '../../../docs/guides/preflight.md');

/** The roles that the guide asks for. */
export const documentedRoles = (): any[] =>
  [...readFileSync(GUIDE, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)]
    .flatMap(([, yaml]) => parseAllDocuments(yaml ?? '').map((document) => document.toJS()))
    .filter(({ kind }) => /Role$/.test(kind));

/** What they allow. */
export const documentedRules = (): Rule[] => documentedRoles().flatMap(({ rules }) => rules);
