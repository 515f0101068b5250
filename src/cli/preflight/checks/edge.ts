import type { ClusterReader, Resource } from '../../cluster/reader';
import { type Check, condition, each, failed, type Finding, ok, unknown, warning } from '../finding';
import { byName, nameOf, namedNamespace, ofKind, type Wanted } from '../wanted';

const INGRESS_CLASSES: Resource = { group: 'networking.k8s.io', version: 'v1', resource: 'ingressclasses' };
const GATEWAY_CLASSES: Resource = { group: 'gateway.networking.k8s.io', version: 'v1', resource: 'gatewayclasses' };
const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
const OLD_CLASS = 'kubernetes.io/ingress.class';
const CUSTOM_HEADERS = 'nginx.ingress.kubernetes.io/custom-headers';
const ALLOWED = 'global-allowed-response-headers';

/** Annotations that only one controller reads, and how to get it. */
const CONTROLLERS: readonly (readonly [prefix: string, controller: string, how: string])[] = [
  ['nginx.ingress.kubernetes.io/', 'k8s.io/ingress-nginx', 'ingress-nginx (Helm chart "ingress-nginx" of its project)'],
  [
    'alb.ingress.kubernetes.io/',
    'ingress.k8s.aws/alb',
    'the AWS Load Balancer Controller (Helm chart "aws-load-balancer-controller" of the EKS charts)',
  ],
  [
    'appgw.ingress.kubernetes.io/',
    'azure/application-gateway',
    'the Application Gateway Ingress Controller (an add-on of AKS)',
  ],
];

const controllerFor = ({ metadata: { annotations = {} } }: any) =>
  CONTROLLERS.find(([prefix]) => Object.keys(annotations).some((key) => key.startsWith(prefix)));

const ingressClasses: Check = {
  id: 'edge.ingress-class',
  about: 'ingress classes',
  run: (wanted, cluster) => {
    // A controller that is chosen by annotation looks at no class.
    const ingresses = ofKind(wanted, 'Ingress').filter(({ metadata }) => !metadata.annotations?.[OLD_CLASS]);
    return each(
      byName(ingresses, ({ spec }) => spec.ingressClassName ?? ''),
      ({ spec }) => `IngressClass ${spec.ingressClassName ?? '(default)'}`,
      (ingress) => judgeIngressClass(ingress, cluster),
    );
  },
};

async function judgeIngressClass(ingress: any, cluster: ClusterReader): Promise<Finding> {
  const name: string | undefined = ingress.spec.ingressClassName;
  const title = `IngressClass ${name ?? '(default)'}`;
  const all = (await cluster.list(INGRESS_CLASSES)) ?? [];
  const [, controller, how = 'a controller for it'] = controllerFor(ingress) ?? [];
  const found = all.find(({ metadata }) =>
    name === undefined ? metadata.annotations?.[DEFAULT] === 'true' : metadata.name === name,
  );
  if (!found) {
    const known = all.map(({ metadata }) => metadata.name).join(', ') || 'none';
    const fix = `install ${how}, or name another class in the settings`;
    return failed(title, `is not there; there are ${known}`, fix);
  }
  const actual = found.spec?.controller;
  if (controller && actual !== controller) {
    const what = `belongs to ${actual}, which does not read the annotations of ${nameOf(ingress)}`;
    return failed(title, what, `name a class of ${controller}, or set another edge type`);
  }
  return ok(title, `is there, controller ${actual}`);
}

const gatewayClasses: Check = {
  id: 'edge.gateway-class',
  about: 'gateway classes',
  run: (wanted, cluster) => {
    const envoy = wanted.objects.some(({ apiVersion }) => apiVersion.startsWith('gateway.envoyproxy.io/'));
    const named = byName(ofKind(wanted, 'Gateway'), ({ spec }) => spec.gatewayClassName);
    return each(
      named,
      ({ spec }) => `GatewayClass ${spec.gatewayClassName}`,
      async ({ spec }) => judgeGatewayClass(await cluster.get(GATEWAY_CLASSES, spec.gatewayClassName), spec, envoy),
    );
  },
};

function judgeGatewayClass(found: any, { gatewayClassName }: any, envoy: boolean): Finding {
  const title = `GatewayClass ${gatewayClassName}`;
  const how = envoy
    ? 'Envoy Gateway (Helm chart "gateway-helm" of the Envoy project)'
    : 'a controller of the Gateway API';
  if (!found)
    return failed(title, 'is not there', `install ${how} and make the class, or name another in the settings`);
  const { controllerName } = found.spec;
  if (envoy && controllerName !== 'gateway.envoyproxy.io/gatewayclass-controller') {
    const what = `belongs to ${controllerName}, which does not read the policies of Envoy Gateway in our manifests`;
    return failed(title, what, 'name a class of Envoy Gateway, or set edge.policies: none');
  }
  const accepted = condition(found, 'Accepted');
  if (accepted.status === 'True') return ok(title, `is accepted by ${controllerName}`);
  return failed(title, `is not accepted by ${controllerName}: ${accepted.message}`, 'see whether its controller runs');
}

/** ingress-nginx answers 503 on every path of an Ingress with a header that its own settings do not name. */
const headers: Check = {
  id: 'edge.response-headers',
  about: 'headers that ingress-nginx may send',
  run: (wanted, cluster) =>
    each(
      byName(
        ofKind(wanted, 'Ingress').filter(({ metadata }) => metadata.annotations?.[CUSTOM_HEADERS]),
        ({ metadata }) => metadata.annotations[CUSTOM_HEADERS],
      ),
      nameOf,
      (ingress) => judgeHeaders(wanted, ingress, cluster),
    ),
};

async function judgeHeaders(wanted: Wanted, ingress: any, cluster: ClusterReader): Promise<Finding> {
  const title = nameOf(ingress);
  const [namespace, name] = ingress.metadata.annotations[CUSTOM_HEADERS].split('/');
  const own = ofKind(wanted, 'ConfigMap').find(
    ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
  );
  const names = Object.keys(own?.data ?? {});
  const place = await controllerSettings(wanted, cluster);
  const fix = `add to ${ALLOWED} in the settings of ingress-nginx (controller.config of its chart): `;
  if (!place) {
    const found = 'not checked: no pod of ingress-nginx tells where its settings are';
    return unknown(title, found, `see to it that ${ALLOWED} names ${names.join(',')}`);
  }
  const settings = await cluster.get(
    { group: '', version: 'v1', resource: 'configmaps', namespace: place.namespace },
    place.name,
  );
  // Names are compared letter by letter, as the controller does.
  const allowed = String(settings?.data?.[ALLOWED] ?? '')
    .split(',')
    .map((header) => header.trim());
  const missing = names.filter((header) => !allowed.includes(header));
  if (missing.length === 0) return ok(title, `its ${names.length} headers may be sent`);
  const found = `every path answers 503: ConfigMap ${place.namespace}/${place.name} does not name ${missing.join(', ')}`;
  return failed(title, found, `${fix}${missing.join(',')}`);
}

/** Where the controller reads its settings: its own arguments say so. Its pods are those that may reach ours. */
async function controllerSettings(wanted: Wanted, cluster: ClusterReader) {
  const peers = ofKind(wanted, 'NetworkPolicy')
    .flatMap(({ spec }) => spec.ingress ?? [])
    .flatMap(({ from = [] }: any) => from)
    .filter(({ podSelector }: any) => podSelector?.matchLabels?.['app.kubernetes.io/name'] === 'ingress-nginx');
  for (const { namespaceSelector, podSelector } of peers.slice(0, 1)) {
    const namespace = namedNamespace(namespaceSelector);
    if (!namespace) continue;
    const pods =
      (await cluster.list({ group: '', version: 'v1', resource: 'pods', namespace }, podSelector.matchLabels)) ?? [];
    const args: string[] = pods.flatMap(({ spec }) => spec.containers.flatMap(({ args = [] }: any) => args));
    const given = args.map((arg) => /^--configmap=(?:(.*)\/)?(.+)$/.exec(arg)).find(Boolean);
    if (given?.[2]) return { namespace: given[1]?.replace('$(POD_NAMESPACE)', namespace) || namespace, name: given[2] };
  }
  return undefined;
}

/** ManagedCertificates and others of GKE are told by annotation; its controller is part of the cluster. */
const gce: Check = {
  id: 'edge.gce',
  about: 'ingress controller of GKE',
  run: async (wanted, cluster) => {
    const ingresses = ofKind(wanted, 'Ingress').filter(({ metadata }) =>
      /^gce/.test(metadata.annotations?.[OLD_CLASS] ?? ''),
    );
    if (ingresses.length === 0) return [];
    const { gitVersion } = await cluster.version();
    const title = `controller of ${ingresses.map(nameOf).join(', ')}`;
    if (/-gke\./.test(gitVersion)) return [ok(title, 'is part of GKE')];
    return [warning(title, `${gitVersion} does not look like a cluster of GKE`, 'set another edge type, or use GKE')];
  },
};

/** What is between the world and the Services. */
export const EDGE: readonly Check[] = [ingressClasses, gatewayClasses, headers, gce];
