import type { KubeObject } from './api';
import { type DeclaredWorkload, declaredWorkloads, isOf, share } from './declared';
import type { LiveEnvironment } from './live';
import { type Look } from './looks';
import { isReady } from './pods';

/** How far a workload may be from its replicas while it rolls. */
interface Bounds {
  readonly most: number;
  readonly least: number;
}

/** As the controllers compute them: a surge is rounded up, what may be missing down. */
function boundsOf({ kind, spec, replicas }: DeclaredWorkload): Bounds {
  if (kind === 'StatefulSet') {
    const { maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
    return { most: replicas, least: replicas - Math.max(1, share(maxUnavailable, replicas)) };
  }
  const { type, rollingUpdate, blueGreen, canary } = spec.strategy ?? {};
  // The old pods stay until requests have gone over to the new ones, of which there are as many in the end.
  if (blueGreen || canary?.trafficRouting) return { most: 2 * replicas, least: replicas };
  if (type === 'Recreate') return { most: replicas, least: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = canary ?? rollingUpdate ?? {};
  const surge = share(maxSurge, replicas);
  const missing = share(maxUnavailable, replicas, Math.floor);
  return { most: replicas + surge, least: replicas - (surge === 0 && missing === 0 ? 1 : missing) };
}

const isLiving = ({ metadata, status }: KubeObject) =>
  !metadata.deletionTimestamp && !['Succeeded', 'Failed'].includes(status?.phase);

/** Looks whether every workload is as its strategy says: enough pods ready, not too many, StatefulSets from the last to the first. */
export function brokenStrategies(objects: readonly KubeObject[]): Look {
  const looks = declaredWorkloads(objects).map((workload) => {
    const inOrder = workload.kind === 'StatefulSet' ? outOfOrder(workload) : () => [];
    const { most, least } = boundsOf(workload);
    return (all: readonly KubeObject[]) => {
      const pods = all.filter((pod) => isOf(workload, pod));
      const living = pods.filter(isLiving).length;
      const ready = pods.filter(isReady).length;
      return [
        ...(living > most ? [`${workload.name} has ${living} pods, at most ${most} are allowed`] : []),
        ...(ready < least ? [`${workload.name} has ${ready} ready, at least ${least} are promised`] : []),
        ...inOrder(pods),
      ];
    };
  });
  return (pods) => looks.flatMap((look) => look(pods));
}

const revisionOf = ({ metadata }: KubeObject): string => metadata.labels['controller-revision-hash'];
const ordinalOf = ({ metadata }: KubeObject): number => Number(/\d+$/.exec(metadata.name)![0]);

/** Against the template that all had at the first look; where they did not have one, there is no order to keep. */
function outOfOrder({ spec }: DeclaredWorkload): Look {
  const { partition = 0 } = spec.updateStrategy?.rollingUpdate ?? {};
  let first: Set<string> | undefined;
  return (pods) => {
    first ??= new Set(pods.map(revisionOf));
    if (first.size !== 1) return [];
    const isNew = (pod: KubeObject) => !first!.has(revisionOf(pod));
    const changed = pods.filter(isNew);
    const old = pods.filter((pod) => !isNew(pod));
    return changed.flatMap((pod) => [
      ...(ordinalOf(pod) < partition ? [`${pod.metadata.name} is below the partition and was changed`] : []),
      ...old
        .filter((other) => ordinalOf(other) > ordinalOf(pod))
        .map((other) => `${pod.metadata.name} was changed before ${other.metadata.name}`),
    ]);
  };
}

/** The pods of each workload, by its name. */
export type PodIds = Record<string, string[]>;

export async function podIds(live: LiveEnvironment): Promise<PodIds> {
  const pods = (await live.pods()).filter(isLiving);
  const workloads = declaredWorkloads(live.objects);
  return Object.fromEntries(
    workloads.map((one) => [one.name, pods.filter((pod) => isOf(one, pod)).map(({ metadata }) => metadata.uid)]),
  );
}

/** Whether these workloads have new pods only, and all others those that they had. */
export function wronglyRolled(before: PodIds, after: PodIds, due: readonly string[]): string[] {
  return Object.entries(before).flatMap(([name, ids]) => {
    const kept = ids.filter((id) => after[name]!.includes(id)).length;
    if (due.includes(name))
      return kept > 0 ? [`${name} kept ${kept} of ${ids.length} pods, and none has what changed`] : [];
    return kept < ids.length
      ? [`${name} lost ${ids.length - kept} of ${ids.length} pods, and nothing of it changed`]
      : [];
  });
}
