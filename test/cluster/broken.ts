import { ApiError, groupPathOf, type KubeObject } from './api';
import { type DeclaredWorkload, declaredWorkloads, isOf } from './declared';
import { APPLY, isSettled, type LiveEnvironment } from './live';
import { BROKEN_TAG } from './stages';
import { eventually } from '../runtime/support/process';

const isBroken = ({ spec }: KubeObject) =>
  spec.containers.some(({ image }: KubeObject) => image.endsWith(`:${BROKEN_TAG}`));

/** All workloads with images that cannot be pulled, and a deadline that the test can wait for. */
function brokenRelease(objects: readonly KubeObject[]): KubeObject[] {
  const broken = (image: string) => `${image.replace(/(:[^/]*)?(@.*)?$/, '')}:${BROKEN_TAG}`;
  return objects
    .filter(({ kind }) => ['Deployment', 'Rollout', 'StatefulSet'].includes(kind))
    .map((workload) => {
      const copy = structuredClone(workload);
      for (const container of copy.spec.template.spec.containers) container.image = broken(container.image);
      if (copy.kind !== 'StatefulSet') copy.spec.progressDeadlineSeconds = (copy.spec.minReadySeconds ?? 0) + 5;
      return copy;
    });
}

/** What kubectl prints. */
export function applyRelease(live: LiveEnvironment, items: readonly KubeObject[]): string {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  return live.cluster.kubectl([...APPLY, '-f', '-'], { input });
}

/** Applies it and waits until nothing of it goes on. */
export async function applyBroken(live: LiveEnvironment): Promise<void> {
  applyRelease(live, brokenRelease(live.objects));
  const workloads = declaredWorkloads(live.objects).filter(({ replicas }) => replicas > 0);
  await eventually(async () => {
    const pods = (await live.pods()).filter(isBroken);
    const going = await Promise.all(
      workloads.map(async (one) => {
        const hasFailed = pods.some((pod) => isOf(one, pod));
        return hasFailed && (!isRolling(one) || isOverdue(await read(live, one))) ? [] : [one.name];
      }),
    );
    return noneLeft('not stopped', going.flat());
  }, 60);
}

/** With Recreate a Deployment counts as rolled out once its one pod is the new one, ready or not: it is never overdue. */
const isRolling = ({ kind, spec }: DeclaredWorkload) => kind !== 'StatefulSet' && spec.strategy?.type !== 'Recreate';

function noneLeft(what: string, names: readonly string[]): true {
  if (names.length > 0) throw new Error(`${what}: ${names.join(', ')}`);
  return true;
}

/** A Rollout is then aborted, by itself. */
const isOverdue = ({ kind, status }: KubeObject): boolean =>
  (kind === 'Rollout' && status?.abort === true) ||
  (status?.conditions ?? []).some(
    ({ type, status: is, reason }: KubeObject) =>
      type === 'Progressing' && is === 'False' && reason === 'ProgressDeadlineExceeded',
  );

const read = (live: LiveEnvironment, { apiVersion, kind, name, namespace }: DeclaredWorkload): Promise<KubeObject> =>
  live.cluster.api.get(groupPathOf({ apiVersion, kind, metadata: { name, namespace } }));

/**
 * After a broken release was taken back: waits until all is as before or hangs on a pod with the broken image, gives the names
 * of these pods, and deletes them.
 */
export async function healByHand(live: LiveEnvironment): Promise<string[]> {
  const workloads = declaredWorkloads(live.objects);
  let stuck: KubeObject[] = [];
  await eventually(async () => {
    const now = await Promise.all(workloads.map((one) => read(live, one)));
    const late = workloads.filter((_, index) => !isSettled(now[index]!));
    const pods = await live.pods();
    stuck = pods.filter((pod) => isBroken(pod) && late.some((one) => isOf(one, pod)));
    const isStuck = (one: DeclaredWorkload) => one.kind === 'StatefulSet' && stuck.some((pod) => isOf(one, pod));
    const unseen = workloads.filter(
      (_, index) => `${now[index]!.status?.observedGeneration}` !== `${now[index]!.metadata.generation}`,
    );
    return noneLeft(
      'not taken back',
      [...unseen, ...late.filter((one) => !isStuck(one))].map(({ name }) => name),
    );
  }, 60);
  for (const { metadata } of stuck) await deletePod(live, metadata);
  return stuck.map(({ metadata }) => metadata.name).sort();
}

async function deletePod({ cluster }: LiveEnvironment, { name, namespace }: KubeObject): Promise<void> {
  await cluster.api.delete(`/api/v1/namespaces/${namespace}/pods/${name}`).catch((error) => {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  });
}
