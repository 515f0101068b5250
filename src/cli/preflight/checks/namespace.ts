import { type Demand, peakDemand, steadyDemand } from '../../../platform/demand';
import type { ClusterReader, Resource } from '../../cluster/reader';
import { amount } from '../amount';
import { type Check, each, failed, type Finding, ok, warning } from '../finding';
import {
  claims,
  containersOf,
  hasObject,
  namespaceLabels,
  namespacesOf,
  ofKind,
  podMakers,
  type Wanted,
} from '../wanted';

const core = (resource: string, namespace?: string): Resource => ({ group: '', version: 'v1', resource, namespace });

/** A namespace as the cluster has it; nothing where it is not there. */
export const liveNamespace = (cluster: ClusterReader, name: string) => cluster.get(core('namespaces'), name);

const named = (name: string) => `Namespace ${name}`;

const state: Check = {
  id: 'namespace.state',
  about: 'namespace',
  run: (wanted, cluster) =>
    each(namespacesOf(wanted), named, async (name) => {
      const live = await liveNamespace(cluster, name);
      if (live?.status?.phase === 'Terminating') {
        return failed(
          named(name),
          'is being deleted',
          'wait until it is gone; kubectl get namespace shows what it waits for',
        );
      }
      if (live) return ok(named(name), 'is there');
      if (hasObject(wanted, 'Namespace', name)) return ok(named(name), 'is not there yet and will be made');
      return failed(named(name), 'is not there, and the manifests do not make it', 'make it');
    }),
};

const labels: Check = {
  id: 'namespace.pod-security',
  about: 'Pod Security labels',
  run: (wanted, cluster) =>
    each(namespacesOf(wanted), named, async (name) => {
      const live = (await liveNamespace(cluster, name))?.metadata?.labels ?? {};
      const ours = namespaceLabels(wanted, name);
      const levels = Object.keys(ours).filter((key) => key.startsWith('pod-security.kubernetes.io/'));
      if (levels.length === 0) return [];
      const changed = levels.filter((key) => live[key] !== undefined && live[key] !== ours[key]);
      if (changed.length === 0) {
        const level = ours['pod-security.kubernetes.io/enforce'] ?? 'no level';
        return ok(named(name), `"${level}" by its own labels, whatever the default of the cluster is`);
      }
      const found = changed.map((key) => `${key} is "${live[key]}" and becomes "${ours[key]}"`).join(', ');
      return warning(named(name), found, 'see whether the pods of others in this namespace pass that');
    }),
};

/** What a quota may bound, and how much of that an environment takes. */
const BOUNDED: Readonly<Record<string, (demand: Demand) => number>> = {
  'limits.cpu': ({ cpuLimits }) => cpuLimits / 1000,
  'limits.memory': ({ memoryLimits }) => memoryLimits,
  'limits.ephemeral-storage': ({ ephemeralLimits }) => ephemeralLimits,
  'requests.cpu': ({ cpuRequests }) => cpuRequests / 1000,
  'requests.memory': ({ memoryRequests }) => memoryRequests,
  'requests.ephemeral-storage': ({ ephemeralRequests }) => ephemeralRequests,
  'requests.storage': ({ storage }) => storage,
  cpu: ({ cpuRequests }) => cpuRequests / 1000,
  memory: ({ memoryRequests }) => memoryRequests,
  'ephemeral-storage': ({ ephemeralRequests }) => ephemeralRequests,
  persistentvolumeclaims: ({ claims }) => claims,
  'count/persistentvolumeclaims': ({ claims }) => claims,
  pods: ({ pods }) => pods,
  'count/pods': ({ pods }) => pods,
};

/** Kinds of which a quota may bound the number, by how it calls them. */
const COUNTED: Readonly<Record<string, string>> = {
  configmaps: 'ConfigMap',
  services: 'Service',
  'count/configmaps': 'ConfigMap',
  'count/services': 'Service',
  'count/deployments.apps': 'Deployment',
  'count/statefulsets.apps': 'StatefulSet',
  'count/jobs.batch': 'Job',
  'count/cronjobs.batch': 'CronJob',
};

const quota: Check = {
  id: 'namespace.quota',
  about: 'quotas of others',
  run: (wanted, cluster) =>
    each(namespacesOf(wanted), named, async (namespace) => {
      const all = (await cluster.list(core('resourcequotas', namespace))) ?? [];
      const foreign = all.filter(({ metadata }) => !hasObject(wanted, 'ResourceQuota', metadata.name, namespace));
      // What is used counts our own pods, once they are there; then only the whole can be compared.
      const installed = foreign.length < all.length;
      if (foreign.length === 0) return ok(named(namespace), 'has no quota but ours');
      return foreign.flatMap((one) => judgeQuota(wanted, namespace, one, installed));
    }),
};

function judgeQuota(wanted: Wanted, namespace: string, { metadata, spec, status }: any, installed: boolean): Finding[] {
  const subject = `ResourceQuota ${metadata.name}`;
  if (spec.scopes || spec.scopeSelector) {
    const found = 'bounds some pods only, which cannot be told apart by reading';
    return [
      warning(subject, found, `compare it with the quota in our manifests: kubectl describe quota -n ${namespace}`),
    ];
  }
  const objects = wanted.objects.filter((object) => object.metadata.namespace === namespace);
  const [steady, peak] = [steadyDemand(objects), peakDemand(objects)];
  const findings = Object.entries(spec.hard ?? {}).flatMap(([bound, hard]): Finding[] => {
    const kind = COUNTED[bound];
    const demandOf = BOUNDED[bound] ?? (kind ? () => ofKind({ ...wanted, objects }, kind).length : undefined);
    const left = (amount(hard) ?? Infinity) - (installed ? 0 : (amount(status?.used?.[bound]) ?? 0));
    if (!demandOf || demandOf(peak) <= left) return [];
    const atPeak = demandOf(steady) <= left;
    const what = `leaves ${left} of ${bound}; ours need ${demandOf(steady)}, and ${demandOf(peak)} at their peak`;
    return [
      (atPeak ? warning : failed)(subject, what, `ask its owner for more ${bound}, or lower replicas or resources`),
    ];
  });
  return findings.length > 0 ? findings : [ok(subject, 'leaves enough for ours at their peak')];
}

const limits: Check = {
  id: 'namespace.limits',
  about: 'limit ranges of others',
  run: (wanted, cluster) =>
    each(namespacesOf(wanted), named, async (namespace) => {
      const all = (await cluster.list(core('limitranges', namespace))) ?? [];
      const foreign = all.filter(({ metadata }) => !hasObject(wanted, 'LimitRange', metadata.name, namespace));
      if (foreign.length === 0) return ok(named(namespace), 'has no limit range but ours');
      return foreign.flatMap((one) => judgeLimits(wanted, namespace, one));
    }),
};

interface Bounded {
  readonly name: string;
  readonly requests: Record<string, string>;
  readonly limits: Record<string, string>;
}

function judgeLimits(wanted: Wanted, namespace: string, { metadata, spec }: any): Finding[] {
  const subject = `LimitRange ${metadata.name}`;
  const makers = podMakers(wanted).filter((maker) => maker.namespace === namespace);
  const bounded: Record<string, Bounded[]> = {
    Container: makers.flatMap(({ name, template }) =>
      containersOf(template).map((container) => ({
        name: `${name}, container ${container.name}`,
        requests: container.resources?.requests ?? {},
        limits: container.resources?.limits ?? {},
      })),
    ),
    PersistentVolumeClaim: claims(wanted)
      .filter((claim) => claim.namespace === namespace)
      .map(({ name, spec: { resources } }) => ({ name, requests: resources?.requests ?? {}, limits: {} })),
    Pod: makers.map(({ name, template }) => podSum(name, containersOf(template))),
  };
  const refused: string[] = spec.limits.flatMap(({ type, min = {}, max = {}, maxLimitRequestRatio = {} }: any) =>
    (bounded[type] ?? []).flatMap(({ name, requests, limits: most }) => [
      ...beyond(name, 'requests', requests, min, (value, bound) => value < bound),
      ...beyond(
        name,
        'allows',
        type === 'PersistentVolumeClaim' ? requests : most,
        max,
        (value, bound) => value > bound,
      ),
      ...Object.entries(maxLimitRequestRatio).flatMap(([resource, ratio]) => {
        const found = (amount(most[resource]) ?? 0) / (amount(requests[resource]) ?? Infinity);
        if (found <= (amount(ratio) ?? Infinity)) return [];
        return [`${name} allows ${found} times the ${resource} that it requests, bound is ${ratio}`];
      }),
    ]),
  );
  if (refused.length === 0) return [ok(subject, 'refuses none of our containers and claims')];
  return [failed(subject, firstOf(refused), 'ask its owner for wider bounds, or change resources in the settings')];
}

/** The first few: the same bound may stop them all. */
const firstOf = (problems: readonly string[]) =>
  [...problems.slice(0, 3), ...(problems.length > 3 ? [`and ${problems.length - 3} more`] : [])].join('; ');

const beyond = (
  name: string,
  verb: string,
  values: Record<string, string>,
  bounds: Record<string, string>,
  out: (value: number, bound: number) => boolean,
): string[] =>
  Object.entries(bounds)
    .filter(([resource, bound]) => {
      const [value, limit] = [amount(values[resource]), amount(bound)];
      return value !== undefined && limit !== undefined && out(value, limit);
    })
    .map(([resource, bound]) => `${name} ${verb} ${values[resource]} of ${resource}, bound is ${bound}`);

function podSum(name: string, containers: readonly any[]): Bounded {
  const sum = (kind: 'requests' | 'limits') => {
    const total = new Map<string, number>();
    for (const { resources } of containers) {
      for (const [resource, value] of Object.entries(resources?.[kind] ?? {})) {
        total.set(resource, (total.get(resource) ?? 0) + (amount(value) ?? 0));
      }
    }
    return Object.fromEntries([...total].map(([resource, value]) => [resource, `${value}`]));
  };
  return { name, requests: sum('requests'), limits: sum('limits') };
}

/** The namespaces, and what others bound in them. */
export const NAMESPACE: readonly Check[] = [state, labels, quota, limits];
