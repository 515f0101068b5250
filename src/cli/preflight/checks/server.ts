import type { ClusterReader } from '../../cluster/reader';
import { type Check, each, failed, type Finding, ok, unknown, warning } from '../finding';
import { byName, nameOf, type Wanted } from '../wanted';

/** The oldest minor for which the manifests are made. */
const OLDEST = 30;

/** Fields that an older server drops without a word, with the minor from which it has them without a feature gate. */
const FIELDS: Readonly<Record<string, number>> = {
  hostUsers: 33,
  supplementalGroupsPolicy: 33,
  trafficDistribution: 31,
  volumeAttributesClassName: 34,
};

const ARGO_CD = 'Argo CD (Helm chart "argo-cd" of the Argo project)';

/** How to get a kind, by the end of `kind.group`. */
const PROVIDERS: readonly (readonly [end: string, how: string])[] = [
  ['dapr.io', 'Dapr 1.14 or newer (Helm chart "dapr" of the Dapr project)'],
  ['cert-manager.io', 'cert-manager (Helm chart "cert-manager" of its project, with crds.enabled=true)'],
  ['cilium.io', 'Cilium as the network plug-in, or say another under networkPolicies'],
  ['projectcalico.org', 'Calico Enterprise or Calico Cloud, or say another under networkPolicies'],
  ['external-secrets.io', 'External Secrets Operator 0.17 or newer (Helm chart "external-secrets" of its project)'],
  ['fluentbit.fluent.io', 'the Fluent Operator (Helm chart "fluent-operator" of the Fluent project)'],
  ['gateway.networking.k8s.io', 'the Gateway API (standard channel, project "gateway-api" of Kubernetes SIG Network)'],
  ['gateway.envoyproxy.io', 'Envoy Gateway (Helm chart "gateway-helm" of the Envoy project)'],
  ['monitoring.coreos.com', 'the Prometheus operator (Helm chart "kube-prometheus-stack" of prometheus-community)'],
  ['application.argoproj.io', ARGO_CD],
  ['appproject.argoproj.io', ARGO_CD],
  ['argoproj.io', 'Argo Rollouts (Helm chart "argo-rollouts" of the Argo project)'],
  ['autoscaling.k8s.io', 'the vertical pod autoscaler (project "autoscaler" of Kubernetes SIG Autoscaling)'],
  ['keda.sh', 'KEDA (Helm chart "keda" of its project)'],
  ['kyverno.io', 'Kyverno 1.17 or newer (Helm chart "kyverno" of its project)'],
  ['k8s.aws', 'the AWS Load Balancer Controller (Helm chart "aws-load-balancer-controller" of the EKS charts)'],
  ['gke.io', 'a cluster of GKE, which has it built in'],
  ['cloud.google.com', 'a cluster of GKE, which has it built in'],
];

const version: Check = {
  id: 'server.version',
  about: 'version',
  run: async (wanted, cluster) => {
    const { gitVersion } = await cluster.version();
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
    if (minor === undefined) {
      return [unknown('version', `${gitVersion}, which tells no minor`, 'see to it that it is 1.30 or newer')];
    }
    const release = Number(major) > 1 ? Infinity : Number(minor);
    if (release < OLDEST) {
      return [failed('version', `${gitVersion}; the manifests are made for 1.${OLDEST} and newer`, 'upgrade it')];
    }
    return [ok('version', gitVersion), ...newerFields(wanted, release)];
  },
};

function newerFields({ objects }: Wanted, release: number): Finding[] {
  return Object.entries(FIELDS)
    .filter(([, minor]) => minor > release)
    .flatMap(([field, minor]) => {
      const users = objects.filter((object) => hasField(object.spec, field)).map(nameOf);
      if (users.length === 0) return [];
      const found = `is dropped without a word before 1.${minor}; set in ${users.join(', ')}`;
      return [warning(`field ${field}`, found, `upgrade the cluster to 1.${minor}, or do without`)];
    });
}

function hasField(value: any, field: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, field) || Object.values(value).some((below) => hasField(below, field));
}

const apis: Check = {
  id: 'server.apis',
  about: 'kinds that are served',
  run: async ({ objects }, cluster) => {
    const kinds = byName(
      objects.map(({ apiVersion, kind }) => ({ apiVersion, kind })),
      ({ apiVersion, kind }) => `${apiVersion} ${kind}`,
    );
    const findings = await each(
      kinds,
      ({ apiVersion, kind }) => `${apiVersion} ${kind}`,
      (kind) => served(kind, cluster),
    );
    const good = findings.filter(({ status }) => status === 'ok');
    const rest = findings.filter(({ status }) => status !== 'ok');
    return good.length > 0 ? [ok('kinds', `${good.length} of ${kinds.length} are served`), ...rest] : rest;
  },
};

async function served(wanted: { apiVersion: string; kind: string }, cluster: ClusterReader): Promise<Finding> {
  const { apiVersion, kind } = wanted;
  const subject = `${apiVersion} ${kind}`;
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
  const how = provider(group, kind);
  if (await resourceOf(cluster, apiVersion, kind)) return ok(subject, 'is served');
  const known = await cluster.discover(`/apis/${group}`);
  const versions: string[] = (known?.versions ?? []).map(({ version }: any) => version);
  if (versions.length === 0) return failed(subject, 'is not served: nothing of its group is', `install ${how}`);
  return failed(subject, `is not served; of its group are ${versions.join(', ')}`, `upgrade to ${how}`);
}

/** How to get a kind of a group. */
export const provider = (group: string, kind: string) =>
  PROVIDERS.find(([end]) => `.${kind.toLowerCase()}.${group}`.endsWith(`.${end}`))?.[1] ??
  (/^$|^[a-z]+$|\.k8s\.io$/.test(group) ? 'a release of Kubernetes that has it' : `what serves the group ${group}`);

/** How a kind is called in paths and roles; nothing where it is not served. */
export async function resourceOf(cluster: ClusterReader, apiVersion: string, kind: string): Promise<any> {
  const served = await cluster.discover(apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
  return served?.resources?.find(({ name, kind: other }: any) => other === kind && !name.includes('/'));
}

/** Version and kinds. */
export const SERVER: readonly Check[] = [version, apis];
