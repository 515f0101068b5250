import { parseBytes, parseCpu } from '../../src/platform/quantity';
import type { KubeObject } from './api';
import { makerOf, matches } from './pods';

/** What is to be judged: workloads as they are declared, and what became of them. */
export interface Seen {
  readonly workloads: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  /** The nodes on which these pods may run. */
  readonly nodes: readonly KubeObject[];
}

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

/** Pods that a workload made. */
export const podsOf = (workload: KubeObject, pods: readonly KubeObject[]): KubeObject[] =>
  pods.filter(
    (pod) => pod.metadata.namespace === workload.metadata.namespace && makerOf(pod) === workload.metadata.name,
  );

const podSpecOf = ({ spec }: KubeObject): KubeObject => spec.template.spec;

const requiredTerms = (workload: KubeObject): KubeObject[] =>
  podSpecOf(workload).affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferredTerms = (workload: KubeObject): KubeObject[] =>
  (podSpecOf(workload).affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
    ({ podAffinityTerm }: KubeObject) => podAffinityTerm,
  );
const constraints = (workload: KubeObject, how: 'DoNotSchedule' | 'ScheduleAnyway'): KubeObject[] =>
  (podSpecOf(workload).topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }: KubeObject) => whenUnsatisfiable === how,
  );

/** Keys of which no two of its pods may share a value. */
export const hardKeys = (workload: KubeObject): string[] =>
  requiredTerms(workload).map(({ topologyKey }) => topologyKey);

/** Scheduled pods that a selector fits, by the value that their node has for a key; nodes without pods count, too. */
function byDomain(selector: KubeObject, key: string, pods: readonly KubeObject[], nodes: readonly KubeObject[]) {
  const valueOf = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels[key]]));
  const domains = new Map<string, string[]>([...valueOf.values()].map((value) => [value, []]));
  for (const pod of pods) {
    const value = valueOf.get(pod.spec.nodeName);
    if (value !== undefined && matches(selector, pod)) domains.get(value)!.push(pod.metadata.name);
  }
  return domains;
}

const inNamespaceOf = (workload: KubeObject, pods: readonly KubeObject[]) =>
  pods.filter(({ metadata, status }) => {
    const isOver = ['Succeeded', 'Failed'].includes(status?.phase);
    return metadata.namespace === workload.metadata.namespace && !isOver;
  });

/** Pods that share a node, or whatever else their required anti-affinity names. */
export const crowding = ({ workloads, pods, nodes }: Seen): string[] =>
  workloads.flatMap((workload) =>
    requiredTerms(workload).flatMap(({ labelSelector, topologyKey }) =>
      [...byDomain(labelSelector, topologyKey, inNamespaceOf(workload, pods), nodes)]
        .filter(([, names]) => names.length > 1)
        .map(([domain, names]) => `${workload.metadata.name}: ${names.sort().join(' and ')} are on ${domain}`),
    ),
  );

/** How unevenly the pods of each revision lie: the most in one domain less the fewest. */
function skewOf({ labelSelector, topologyKey, matchLabelKeys = [] }: KubeObject, workload: KubeObject, seen: Seen) {
  const candidates = inNamespaceOf(workload, seen.pods);
  const revisionOf = ({ metadata }: KubeObject) => matchLabelKeys.map((key: string) => metadata.labels[key]).join();
  const revisions = [...new Set(podsOf(workload, candidates).map(revisionOf))];
  const skews = revisions.map((revision) => {
    const pods = candidates.filter((pod) => revisionOf(pod) === revision);
    const counts = [...byDomain(labelSelector, topologyKey, pods, seen.nodes).values()].map(({ length }) => length);
    return Math.max(...counts) - Math.min(...counts);
  });
  return Math.max(0, ...skews);
}

/** Workloads spread less evenly than their constraints allow. */
export const skews = (seen: Seen): string[] =>
  seen.workloads.flatMap((workload) =>
    constraints(workload, 'DoNotSchedule').flatMap((constraint) => {
      const { topologyKey, maxSkew } = constraint;
      const skew = skewOf(constraint, workload, seen);
      return skew > maxSkew
        ? [`${workload.metadata.name}: a skew of ${skew} over ${topologyKey}, at most ${maxSkew} is declared`]
        : [];
    }),
  );

/** Where three or more pods must spread over three zones, each has one of its own: what both rules together promise. */
export const sharedZones = ({ workloads, pods, nodes }: Seen): string[] => {
  const zones = new Set(nodes.map(({ metadata }) => metadata.labels[ZONE]));
  return workloads.flatMap((workload) => {
    const ours = podsOf(workload, pods);
    const isHard = constraints(workload, 'DoNotSchedule').some(({ topologyKey }) => topologyKey === ZONE);
    if (!isHard || ours.length !== zones.size) return [];
    return [...byDomain({}, ZONE, ours, nodes)]
      .filter(([, names]) => names.length !== 1)
      .map(([zone, names]) => `${workload.metadata.name}: ${names.length} pods in ${zone}`);
  });
};

/** What came of the wishes that the scheduler need not fulfil. */
export function wishes(seen: Seen): string[] {
  return seen.workloads.flatMap((workload) => {
    const ours = podsOf(workload, seen.pods);
    if (ours.length < 2) return [];
    const apart = preferredTerms(workload).map(({ labelSelector, topologyKey }) => {
      const most = Math.max(
        ...[...byDomain(labelSelector, topologyKey, ours, seen.nodes).values()].map((x) => x.length),
      );
      return `${most} on one ${topologyKey === HOST ? 'node' : topologyKey}`;
    });
    const even = constraints(workload, 'ScheduleAnyway').map(
      (constraint) => `skew ${skewOf(constraint, workload, seen)}`,
    );
    const came = [...apart, ...even];
    return came.length > 0 ? [`${workload.metadata.name} ${ours.length} pods: ${came.join(', ')}`] : [];
  });
}

/** Workloads with fewer ready pods than the minimum of their autoscaler. */
export const belowMinimum = (autoscalers: readonly KubeObject[], ready: Record<string, number>): string[] =>
  autoscalers.flatMap(({ spec }) => {
    const count = ready[spec.scaleTargetRef.name] ?? 0;
    return count < spec.minReplicas ? [`${spec.scaleTargetRef.name}: ${count} of at least ${spec.minReplicas}`] : [];
  });

/** Volumes that are not as the claim templates ask, or not where their pod is. */
export function misplacedVolumes(seen: Seen, claims: KubeObject[], volumes: KubeObject[], fallback: string): string[] {
  const zoneOf = (name: string) => seen.nodes.find(({ metadata }) => metadata.name === name)?.metadata.labels[ZONE];
  const judge = (workload: KubeObject, template: KubeObject, pod: KubeObject): string[] => {
    const name = `${template.metadata.name}-${pod.metadata.name}`;
    const claim = claims.find(
      ({ metadata }) => metadata.name === name && metadata.namespace === pod.metadata.namespace,
    );
    const volume = volumes.find(({ metadata }) => metadata.name === claim?.spec.volumeName);
    if (!claim) return [`${name}: no claim`];
    const wanted: [what: string, declared: unknown, is: unknown][] = [
      ['class', template.spec.storageClassName ?? fallback, claim.spec.storageClassName],
      ['size', template.spec.resources.requests.storage, claim.spec.resources.requests.storage],
      ['access', `${template.spec.accessModes}`, `${claim.spec.accessModes}`],
      ['phase', 'Bound', claim.status?.phase],
      ['size of the volume', template.spec.resources.requests.storage, volume?.spec.capacity.storage],
      ['zone of the volume', zoneOf(pod.spec.nodeName), zonesOf(volume)],
    ];
    return wanted
      .filter(([, declared, is]) => declared !== is)
      .map(([what, declared, is]) => `${name} of ${workload.metadata.name}: ${what} ${is}, declared ${declared}`);
  };
  return seen.workloads.flatMap((workload) =>
    (workload.spec.volumeClaimTemplates ?? []).flatMap((template: KubeObject) =>
      podsOf(workload, seen.pods).flatMap((pod) => judge(workload, template, pod)),
    ),
  );
}

const zonesOf = (volume: KubeObject): string | undefined =>
  volume?.spec.nodeAffinity?.required.nodeSelectorTerms
    .flatMap(({ matchExpressions }: KubeObject) => matchExpressions)
    .filter(({ key }: KubeObject) => key === ZONE)
    .flatMap(({ values }: KubeObject) => values)
    .join();

/** Pods that use a volume which only one node can have, on two nodes at one time. */
export function splitVolumes(pods: readonly KubeObject[], claims: readonly KubeObject[]): string[] {
  return claims
    .filter(({ spec }) => !spec.accessModes.includes('ReadWriteMany'))
    .flatMap(({ metadata }) => {
      const users = pods.filter(
        (pod) =>
          pod.metadata.namespace === metadata.namespace &&
          pod.spec.volumes?.some((volume: KubeObject) => volume.persistentVolumeClaim?.claimName === metadata.name),
      );
      const places = new Set(users.map(({ spec }) => spec.nodeName));
      return places.size > 1 ? [`${metadata.name}: on ${[...places].sort().join(' and ')} at one time`] : [];
    });
}

const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'];

/** Containers that run with other requests and limits than their template states, or that nobody bounds. */
export function unbounded({ workloads, pods }: Seen): string[] {
  return workloads.flatMap((workload) => {
    const declared = containersOf(podSpecOf(workload));
    return podsOf(workload, pods).flatMap((pod) =>
      containersOf(pod.spec).flatMap((container) => {
        const template = declared.find(({ name }) => name === container.name);
        return RESOURCES.flatMap((resource) =>
          ['requests', 'limits'].flatMap((bound) => {
            const is = container.resources?.[bound]?.[resource];
            // Injected containers are not in the template; that they are bounded at all is asked of them.
            const wanted = template ? template.resources?.[bound]?.[resource] : is;
            const problem = `${pod.metadata.name} ${container.name}: ${bound} of ${resource} ${is}, declared ${wanted}`;
            return is === undefined || is !== wanted ? [problem] : [];
          }),
        );
      }),
    );
  });
}

export const containersOf = ({ initContainers = [], containers }: KubeObject): KubeObject[] => [
  ...initContainers,
  ...containers,
];

/** What the scheduler sets aside for a pod as it was admitted, sidecars included. */
export function requestOf({ spec }: KubeObject, resource: 'cpu' | 'memory'): number {
  const amount = ({ resources }: KubeObject) => {
    const value = resources?.requests?.[resource] ?? '0';
    return resource === 'cpu' ? parseCpu(value) : parseBytes(value);
  };
  const largest = Math.max(0, ...(spec.initContainers ?? []).map(amount));
  const sum = spec.containers.map(amount).reduce((a: number, b: number) => a + b, 0);
  return Math.max(largest, sum);
}
