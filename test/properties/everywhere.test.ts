import { join } from 'node:path';

import { loadSettings } from '../../src/settings/load';
import { validators } from '../../src/settings/validators';
import { environments, objectsOf } from '../support/dist';
import { everywhereProblems } from '../support/everywhere';
import { finished } from './finished';

const repository = loadSettings({ root: join(__dirname, '../../overlays'), validators });
const built = (name: string) =>
  finished(repository.find(({ system, environment }) => `${system}/${environment}` === name)!);
const { objects: production, options } = built('todo-evolution/production');
const { objects: released } = built('contacts/production');

test.each(environments())('dist/%s keeps the rules', (environment) => {
  expect(everywhereProblems(objectsOf(environment))).toEqual([]);
});

test.each(repository.map((settings) => [`${settings.system}/${settings.environment}`, settings] as const))(
  '%s, just built, keeps the rules, and declares the Secrets that it reads',
  (_, settings) => {
    const { objects, options } = finished(settings);
    expect(everywhereProblems(objects, options)).toEqual([]);
  },
);

/** What is found once production is changed. */
function afterChange(
  change: (found: (kind: string, name?: string) => any, objects: any[]) => void,
  of: readonly any[] = production,
): string[] {
  const objects = structuredClone([...of]);
  const find = (kind: string, name?: string) =>
    objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name));
  change(find, objects);
  return everywhereProblems(objects, options);
}

type Change = Parameters<typeof afterChange>[0];
const pod = (change: (spec: any, template: any, workload: any) => void, name = 'backend'): Change => {
  return (find) => {
    const workload = find('Deployment', name) ?? find('StatefulSet', name);
    change(workload.spec.template.spec, workload.spec.template, workload);
  };
};
const container = (change: (container: any) => void, name = 'backend') =>
  pod(({ containers }) => change(containers[0]), name);
const init = (change: (container: any) => void) => pod(({ initContainers }) => change(initContainers[0]));
const drop = (list: any[], isIt: (item: any) => boolean) => list.splice(list.findIndex(isIt), 1);
const ofKind = (kind: string, name: string) => (object: any) => object.kind === kind && object.metadata.name === name;
const backend = 'Deployment backend';
const main = 'Deployment backend, container backend';

// Each rule, broken once.
test.each<[string, string, Change]>([
  ['names', 'Service backend/x: its name', (find) => (find('Service', 'backend').metadata.name = 'backend/x')],
  ['twice', 'Role todo-app/viewer: is there twice', (find, objects) => objects.push(find('Role', 'viewer'))],
  [
    'namespace',
    'Service backend: is in the namespace other',
    (find) => (find('Service', 'backend').metadata.namespace = 'other'),
  ],
  [
    'cluster scope',
    'Namespace todo-app: is in the namespace x',
    (find) => (find('Namespace').metadata.namespace = 'x'),
  ],
  [
    'labels',
    'Service backend: has no label app.kubernetes.io/part-of',
    (find) => delete find('Service', 'backend').metadata.labels['app.kubernetes.io/part-of'],
  ],
  [
    'labels of pods',
    'Deployment backend, pods: has no label app.kubernetes.io/version',
    pod((_, { metadata }) => delete metadata.labels['app.kubernetes.io/version']),
  ],
  ['environment', 'the environment is not one', (find) => (find('Service').metadata.labels.environment = 'dev')],
  [
    'version in a selector',
    'selects by version',
    pod((_, __, { spec }) => (spec.selector.matchLabels['app.kubernetes.io/version'] = '2.0.0')),
  ],
  [
    'version in a Service',
    'selects by version',
    (find) => (find('Service', 'backend').spec.selector['app.kubernetes.io/version'] = '2.0.0'),
  ],
  [
    'version in a claim',
    'selects by version',
    pod(
      (_, __, { spec }) => (spec.volumeClaimTemplates[0].metadata.labels = { 'app.kubernetes.io/version': '1' }),
      'postgres',
    ),
  ],
  [
    'version in affinity',
    'selects by version',
    pod((spec) => (spec.topologySpreadConstraints[0].labelSelector.matchLabels['app.kubernetes.io/version'] = '1')),
  ],
  ['label syntax', 'is no label', (find) => (find('Service', 'backend').metadata.labels.x = 'not a label')],
  ['numbers', '.spec.replicas: 3000000000 is no integer', pod((_, __, { spec }) => (spec.replicas = 3e9), 'redis')],
  ['fractions', '.spec.replicas: 1.5 is no integer', pod((_, __, { spec }) => (spec.replicas = 1.5), 'redis')],
  ['host network', `${backend}: shares something`, pod((spec) => (spec.hostNetwork = true))],
  ['service links', `${backend}: has service links`, pod((spec) => delete spec.enableServiceLinks)],
  ['token', `${backend}: mounts a token`, pod((spec) => delete spec.automountServiceAccountToken)],
  [
    'ServiceAccount',
    `${backend}: has no ServiceAccount without`,
    (_, objects) => drop(objects, ofKind('ServiceAccount', 'backend')),
  ],
  ['root pod', `${backend}: may run as root`, pod((spec) => delete spec.securityContext.runAsNonRoot)],
  ['seccomp of the pod', `${backend}: has no seccomp`, pod((spec) => delete spec.securityContext.seccompProfile)],
  ['sysctls', `${backend}: sets sysctls`, pod((spec) => (spec.securityContext.sysctls = [{ name: 'x', value: '1' }]))],
  ['host path', 'is a hostPath', pod((spec) => (spec.volumes[0].hostPath = {}))],
  ['root', `${main}: may run as root`, container((one) => delete one.securityContext.runAsNonRoot)],
  [
    'root in an init container',
    'container wait-for-postgres: may run as root',
    init((one) => (one.securityContext.runAsNonRoot = false)),
  ],
  ['user', `${main}: has no numeric user`, container((one) => delete one.securityContext.runAsUser)],
  [
    'escalation',
    `${main}: may gain privileges`,
    container((one) => delete one.securityContext.allowPrivilegeEscalation),
  ],
  ['privileged', `${main}: is privileged`, container((one) => (one.securityContext.privileged = true))],
  [
    'root filesystem',
    `${main}: can write to its root`,
    container((one) => delete one.securityContext.readOnlyRootFilesystem),
  ],
  ['capabilities', `${main}: keeps capabilities`, container((one) => delete one.securityContext.capabilities)],
  [
    'more capabilities',
    `${main}: adds capabilities`,
    container((one) => (one.securityContext.capabilities.add = ['X'])),
  ],
  ['seccomp', `${main}: has no seccomp`, container((one) => (one.securityContext.seccompProfile.type = 'Unconfined'))],
  ['host port', `${main}: takes a port of its host`, container((one) => (one.ports[0].hostPort = 80))],
  ['two containers', `${backend}: two containers backend`, pod(({ containers }) => containers.push(containers[0]))],
  ['container name', 'its name is no DNS label', container((one) => (one.name = 'Backend'))],
  [
    'two ports',
    'StatefulSet postgres: two ports 5432',
    pod(({ containers }) => (containers[1].ports[0].containerPort = 5432), 'postgres'),
  ],
  ['probes', `${main}: has no startupProbe`, container((one) => delete one.startupProbe)],
  [
    'probes of sidecars',
    'container exporter: has no livenessProbe',
    pod(({ containers }) => delete containers[1].livenessProbe, 'redis'),
  ],
  ['probes of init containers', 'ends, and has a livenessProbe', init((one) => (one.livenessProbe = {}))],
  ['port of a probe', 'its livenessProbe asks port web', container((one) => (one.livenessProbe.httpGet.port = 'web'))],
  [
    'time of a probe',
    'livenessProbe.periodSeconds is below 1',
    container((one) => (one.livenessProbe.periodSeconds = 0)),
  ],
  ['sleep', `${main}: sleeps 99 of 40 s`, container((one) => (one.lifecycle.preStop.sleep.seconds = 99))],
  ['no sleep', `${main}: sleeps 0 of 40 s`, container((one) => (one.lifecycle.preStop.sleep.seconds = 0))],
  ['latest', `${main}: x:latest may change`, container((one) => (one.image = 'x:latest'))],
  ['no tag', `${main}: host:5000/x may change`, container((one) => (one.image = 'host:5000/x'))],
  ['image', `${main}: x:1:2 is no name of an image`, container((one) => (one.image = 'x:1:2'))],
  ['pull policy', `${main}: does not say when`, container((one) => delete one.imagePullPolicy)],
  ['requests', `${main}: requests undefined memory`, container((one) => delete one.resources.requests.memory)],
  ['requests of nothing', `${main}: requests 0 cpu`, container((one) => (one.resources.requests.cpu = '0'))],
  [
    'limits',
    'container wait-for-postgres: is limited to undefined cpu',
    init((one) => delete one.resources.limits.cpu),
  ],
  [
    'local disk',
    `${main}: is limited to undefined ephemeral-storage`,
    container((one) => delete one.resources.limits['ephemeral-storage']),
  ],
  [
    'quantities',
    `${main}: is limited to 1e+30Ti memory`,
    container((one) => (one.resources.limits.memory = '1e+30Ti')),
  ],
  ['request over limit', `${main}: requests more memory`, container((one) => (one.resources.requests.memory = '2Gi'))],
  ['no quota', 'not exactly one ResourceQuota', (_, objects) => drop(objects, ({ kind }) => kind === 'ResourceQuota')],
  [
    'quota',
    'ResourceQuota: requests.storage is 10Gi',
    (find) => (find('ResourceQuota').spec.hard['requests.storage'] = '10Gi'),
  ],
  ['quota and replicas', 'ResourceQuota: pods is', (find) => (find('HorizontalPodAutoscaler').spec.maxReplicas = 99)],
  [
    'quota and surge',
    'ResourceQuota: limits.cpu is',
    pod((_, __, { spec }) => (spec.strategy.rollingUpdate.maxSurge = 29)),
  ],
  [
    'quota and terminating pods',
    'ResourceQuota: pods is',
    // 15 and 10 replicas with their surge, and two servers; nothing for those that still shut down.
    (find) => (find('ResourceQuota').spec.hard.pods = '29'),
  ],
  [
    'quota and init containers',
    'ResourceQuota: limits.memory is',
    init((one) => (one.resources.limits.memory = '9Gi')),
  ],
  [
    'quota and Services',
    'ResourceQuota: services.loadbalancers is 0',
    (find) => (find('Service').spec.type = 'LoadBalancer'),
  ],
  [
    'claim',
    'asks for no storage',
    pod((_, __, { spec }) => (spec.volumeClaimTemplates[0].spec.resources.requests.storage = '0Gi'), 'redis'),
  ],
  ['mount of nothing', 'mounts x, which is not there', container((one) => (one.volumeMounts[0].name = 'x'))],
  ['volume for nobody', 'nobody mounts volume backend-tmp', container((one) => (one.volumeMounts = []))],
  ['two volumes', 'two volumes ', pod(({ volumes }) => volumes.push(volumes[0]))],
  ['name of a volume', 'volume X has no DNS label', pod(({ volumes }) => (volumes[0].name = 'X'))],
  ['bottomless volume', ' holds undefined', pod(({ volumes }) => delete volumes[0].emptyDir.sizeLimit)],
  ['mount path', `${main}: mounts at tmp`, container((one) => (one.volumeMounts[0].mountPath = 'tmp'))],
  ['mount paths', 'mounts twice at /tmp', container((one) => one.volumeMounts.push(one.volumeMounts[0]))],
  [
    'ConfigMap of variables',
    `${backend}: reads the configMap backend-config`,
    (_, objects) => drop(objects, ofKind('ConfigMap', 'backend-config')),
  ],
  [
    'ConfigMap of a volume',
    'reads the configMap redis-config',
    (_, objects) => drop(objects, ofKind('ConfigMap', 'redis-config')),
  ],
  ['Secret of a variable', 'reads the secret x', container((one) => (one.env[0].valueFrom.secretKeyRef.name = 'x'))],
  [
    'key of a Secret',
    'secret backend-secrets has no key x',
    container((one) => (one.env[0].valueFrom.secretKeyRef.key = 'x')),
  ],
  [
    'Secret of a volume',
    'reads the secret x',
    pod(({ volumes }) => volumes.forEach(({ secret }: any) => secret && (secret.secretName = 'x')), 'redis'),
  ],
  [
    'key of a Secret in a volume',
    'secret redis-credentials has no key x',
    pod(({ volumes }) => volumes.forEach(({ secret }: any) => secret && (secret.items[0].key = 'x')), 'redis'),
  ],
  [
    'Secret',
    'Secret x: is in the manifests',
    (find, objects) =>
      objects.push({ ...find('ConfigMap'), kind: 'Secret', metadata: { ...find('ConfigMap').metadata, name: 'x' } }),
  ],
  ['data', 'ConfigMap backend-config: x: 1', (find) => (find('ConfigMap', 'backend-config').data.x = 1)],
  ['variable', 'a.b is no name of a variable', (find) => (find('ConfigMap', 'backend-config').data['a.b'] = 'x')],
  ['two variables', 'LOG_LEVEL is set twice', container((one) => one.env.push({ name: 'LOG_LEVEL', value: 'x' }))],
  [
    'order of variables',
    'DATABASE_URL uses DATABASE_PASSWORD, unknown before it',
    container((one) => one.env.reverse()),
  ],
  [
    'default deny',
    'no NetworkPolicy denies everything',
    (_, objects) => drop(objects, ofKind('NetworkPolicy', 'default-deny')),
  ],
  [
    'a wide policy',
    'allow-dns: opens more than DNS',
    (find) => (find('NetworkPolicy', 'allow-dns').spec.egress[0].ports[0].port = 80),
  ],
  ['no policy', `${backend}: has 0 NetworkPolicies`, (_, objects) => drop(objects, ofKind('NetworkPolicy', 'backend'))],
  [
    'a policy for nobody',
    'NetworkPolicy backend: is not that of one',
    (find) => (find('NetworkPolicy', 'backend').spec.podSelector.matchLabels.x = 'y'),
  ],
  [
    'a policy one way',
    'NetworkPolicy backend: is not for both ways',
    (find) => (find('NetworkPolicy', 'backend').spec.policyTypes = ['Ingress']),
  ],
  [
    'port of a policy',
    'NetworkPolicy backend: opens port 80,',
    (find) => (find('NetworkPolicy', 'backend').spec.ingress[0].ports[0].port = 80),
  ],
  [
    'a Service for nobody',
    'Service backend: does not lead to one',
    (find) => (find('Service', 'backend').spec.selector.x = 'y'),
  ],
  [
    'port of a Service',
    'Service backend: leads to port web',
    (find) => (find('Service', 'backend').spec.ports[0].targetPort = 'web'),
  ],
  ['headless Service', 'StatefulSet redis: has no headless', (find) => delete find('Service', 'redis').spec.clusterIP],
  [
    'selector',
    `${backend}: does not select its own pods`,
    pod((_, __, { spec }) => (spec.selector.matchLabels.x = 'y')),
  ],
  [
    'a rollout that stands',
    `${backend}: can never replace`,
    pod((_, __, { spec }) => (spec.strategy.rollingUpdate = { maxSurge: 0, maxUnavailable: 0 })),
  ],
  ['a rollout that is late', `${backend}: is late before`, pod((_, __, { spec }) => (spec.minReadySeconds = 600))],
  ['replicas beside an autoscaler', `${backend}: has replicas beside`, pod((_, __, { spec }) => (spec.replicas = 2))],
  [
    'an autoscaler of nothing',
    'HorizontalPodAutoscaler backend: scales nothing',
    (find) => (find('HorizontalPodAutoscaler', 'backend').spec.scaleTargetRef.name = 'x'),
  ],
  [
    'bounds of an autoscaler',
    'its least is above its most',
    (find) => (find('HorizontalPodAutoscaler', 'backend').spec.minReplicas = 11),
  ],
  [
    'measure of an autoscaler',
    'HorizontalPodAutoscaler backend: measures x',
    (find) => (find('HorizontalPodAutoscaler', 'backend').spec.metrics[0].containerResource.container = 'x'),
  ],
  [
    'a budget that blocks',
    'PodDisruptionBudget backend: a drain can never',
    (find) => (find('PodDisruptionBudget', 'backend').spec.minAvailable = 2),
  ],
  [
    'a budget in percent that blocks',
    'PodDisruptionBudget backend: a drain can never',
    (find) => (find('PodDisruptionBudget', 'backend').spec.minAvailable = '51%'),
  ],
  [
    'a budget of nothing',
    'PodDisruptionBudget redis: a drain can never',
    (find) => (find('PodDisruptionBudget', 'redis').spec.maxUnavailable = 0),
  ],
  [
    'a budget for nobody',
    `${backend}: has 0 disruption budgets`,
    (find) => (find('PodDisruptionBudget', 'backend').spec.selector.matchLabels.x = 'y'),
  ],
  [
    'a role that is not there',
    'RoleBinding viewer: binds to no role',
    (_, objects) => drop(objects, ofKind('Role', 'viewer')),
  ],
  [
    'a role for nobody',
    'RoleBinding viewer: binds nobody',
    (find) => (find('RoleBinding', 'viewer').subjects[0].name = ''),
  ],
])('%s', (_, problem, change) => {
  expect(afterChange(change).join('\n')).toContain(problem);
});

// Those of Argo Rollouts.
test.each<[string, string, Change]>([
  [
    'a selector of ours',
    'Service contact-backend: has a selector that Rollout contact-backend would change',
    (find) => (find('Service', 'contact-backend').spec.selector = { 'app.kubernetes.io/name': 'contact-backend' }),
  ],
  [
    'a Service that nobody moves',
    'Service contact-backend: does not lead to one workload',
    (find) => delete find('Rollout', 'contact-backend').spec.strategy.canary.stableService,
  ],
  [
    'a Service that is not there',
    'Rollout contact-backend: moves Service contact-backend-canary, which is not there',
    (_, objects) => drop(objects, ofKind('Service', 'contact-backend-canary')),
  ],
  [
    'port of a Service',
    'Service contact-backend-canary: leads to port web of Rollout contact-backend',
    (find) => (find('Service', 'contact-backend-canary').spec.ports[0].targetPort = 'web'),
  ],
])('a Rollout: %s', (_, problem, change) => {
  expect(afterChange(change, released).join('\n')).toContain(problem);
});

test('latest is fine where it is allowed', () => {
  const objects = structuredClone(production);
  objects.find(({ kind }) => kind === 'Deployment').spec.template.spec.containers[0].image = 'x:latest';
  expect(everywhereProblems(objects, { allowLatest: true })).toEqual([]);
});
