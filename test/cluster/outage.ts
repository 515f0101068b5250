import type { KubeObject } from './api';
import { type DeclaredWorkload, declaredWorkloads, isOf } from './declared';
import type { LiveEnvironment } from './live';
import { nodeOf } from './machines';
import { isReady, makerOf, matches } from './pods';
import { awaitedBy } from './waits';

const ZONE = 'topology.kubernetes.io/zone';
const AT_ONCE = { gracePeriodSeconds: 0 };

/** Takes all nodes of a zone away with their pods, as an operator does after a zone is lost for good. Gives their names. */
export async function loseZone({ cluster: { api } }: LiveEnvironment, zone: string): Promise<string[]> {
  const nodes = (await api.list(`/api/v1/nodes?labelSelector=${ZONE}%3D${zone}`)).map(({ metadata }) => metadata.name);
  const pods = (await api.list('/api/v1/pods')).filter(({ spec }) => nodes.includes(spec.nodeName));
  await Promise.all([
    ...nodes.map((name) => api.delete(`/api/v1/nodes/${name}`)),
    ...pods.map(({ metadata: { name, namespace } }) =>
      api.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, AT_ONCE),
    ),
  ]);
  return nodes;
}

export async function restoreZone({ cluster: { api } }: LiveEnvironment, zone: string, nodes: readonly string[]) {
  await Promise.all(nodes.map((name) => api.create('/api/v1/nodes', nodeOf(name, zone))));
}

/** How an environment is without a zone, by the names of workloads. */
export interface Remains {
  /** Should be back in other zones, and are not. */
  readonly missing: string[];
  /** Cannot leave the zone, for their volumes lie in it. */
  readonly bound: string[];
  /** Started again elsewhere, and wait for a server that is not there. */
  readonly waiting: string[];
}

export async function remainsWithout(live: LiveEnvironment, zone: string): Promise<Remains> {
  const { api } = live.cluster;
  // As they are now: the selectors of some are written by a controller.
  const [pods, volumes, services] = await Promise.all([
    live.pods(),
    api.list('/api/v1/persistentvolumes'),
    api.list('/api/v1/services'),
  ]);
  const lost = new Set(volumes.filter((one) => zoneOf(one) === zone).map(({ spec: { claimRef } }) => keyOf(claimRef)));
  const isDown = (name: string, namespace: string) => {
    const service = services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    const behind = (pod: KubeObject) =>
      pod.metadata.namespace === namespace && matches({ matchLabels: service.spec.selector }, pod) && isReady(pod);
    return service !== undefined && !pods.some(behind);
  };
  const isBound = (pod: KubeObject) => claimsOf(pod).some((claim) => lost.has(claim));
  const isWaiting = (pod: KubeObject) => awaitedBy(pod).some((service) => isDown(service, pod.metadata.namespace));
  const workloads = declaredWorkloads(live.objects).map((workload) => remainsOf(workload, pods, isBound, isWaiting));
  return {
    missing: workloads.flatMap(({ missing }) => missing),
    bound: workloads.flatMap(({ bound }) => bound).sort(),
    waiting: [...new Set(workloads.flatMap(({ waiting }) => waiting))].sort(),
  };
}

function remainsOf(
  workload: DeclaredWorkload,
  all: readonly KubeObject[],
  isBound: (pod: KubeObject) => boolean,
  isWaiting: (pod: KubeObject) => boolean,
): Remains {
  const pods = all.filter((pod) => isOf(workload, pod) && !pod.metadata.deletionTimestamp);
  const down = pods.filter((pod) => !isReady(pod));
  const bound = down.filter(isBound);
  const waiting = down.filter((pod) => !isBound(pod) && isWaiting(pod));
  const back = pods.length - down.length + bound.length + waiting.length;
  return {
    missing: back < workload.replicas ? [`${workload.name}: ${workload.replicas - back} of ${workload.replicas}`] : [],
    bound: bound.map(({ metadata }) => metadata.name),
    waiting: waiting.map(makerOf),
  };
}

const keyOf = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;

const claimsOf = ({ metadata: { namespace }, spec }: KubeObject): string[] =>
  (spec.volumes ?? [])
    .filter(({ persistentVolumeClaim }: KubeObject) => persistentVolumeClaim)
    .map(({ persistentVolumeClaim }: KubeObject) => keyOf({ namespace, name: persistentVolumeClaim.claimName }));

const zoneOf = ({ spec: { nodeAffinity } }: KubeObject): string | undefined =>
  nodeAffinity?.required.nodeSelectorTerms[0].matchExpressions.find(({ key }: KubeObject) => key === ZONE)?.values[0];
