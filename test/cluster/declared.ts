import type { KubeObject } from './api';
import type { LiveEnvironment } from './live';
import { isReady, makerOf, matches } from './pods';
import { eventually } from '../runtime/support/process';

const KINDS = ['Deployment', 'Rollout', 'StatefulSet'];

/** A Deployment, Rollout or StatefulSet as the files declare it. */
export interface DeclaredWorkload {
  readonly apiVersion: string;
  readonly name: string;
  readonly namespace: string;
  readonly kind: string;
  readonly spec: KubeObject;
  /** Pods that it has where nothing asks for more: its own figure, or the least of its autoscaler. */
  readonly replicas: number;
}

export function declaredWorkloads(objects: readonly KubeObject[]): DeclaredWorkload[] {
  const scalers = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
  return objects
    .filter(({ kind }) => KINDS.includes(kind))
    .map(({ apiVersion, kind, metadata: { name, namespace }, spec }) => {
      const scaler = scalers.find(
        ({ metadata, spec: { scaleTargetRef } }) =>
          metadata.namespace === namespace && scaleTargetRef.kind === kind && scaleTargetRef.name === name,
      );
      return { apiVersion, name, namespace, kind, spec, replicas: scaler?.spec.minReplicas ?? spec.replicas ?? 1 };
    });
}

/** Whether this workload made the pod. */
export const isOf = ({ name, namespace, kind }: DeclaredWorkload, pod: KubeObject): boolean =>
  pod.metadata.namespace === namespace &&
  makerOf(pod) === name &&
  pod.metadata.ownerReferences?.[0]?.kind === (kind === 'StatefulSet' ? kind : 'ReplicaSet');

/** What a disruption budget promises: that so many pods of its selector are ready, whoever drains nodes. */
export interface BudgetPromise {
  readonly name: string;
  readonly namespace: string;
  readonly selector: KubeObject;
  readonly least: number;
  /** Pods that there should be. */
  readonly expected: number;
}

/** As the disruption controller computes it. */
export function promisesOf(objects: readonly KubeObject[]): BudgetPromise[] {
  const workloads = declaredWorkloads(objects);
  return objects
    .filter(({ kind }) => kind === 'PodDisruptionBudget')
    .map(({ metadata: { name, namespace }, spec: { selector, minAvailable, maxUnavailable } }) => {
      const expected = workloads
        .filter((one) => one.namespace === namespace && matches(selector, one.spec.template))
        .reduce((sum, { replicas }) => sum + replicas, 0);
      const least =
        maxUnavailable === undefined
          ? share(minAvailable ?? 1, expected)
          : Math.max(0, expected - share(maxUnavailable, expected));
      return { name, namespace, selector, least, expected };
    });
}

/** A number, or a percentage of a whole. Budgets and surges are rounded up, what a Deployment may miss down. */
export const share = (value: number | string, whole: number, round = Math.ceil): number =>
  typeof value === 'number' ? value : round((Number.parseInt(value, 10) / 100) * whole);

/** Looks whether each budget's promise holds. */
export const brokenPromises =
  (promises: readonly BudgetPromise[]) =>
  (pods: readonly KubeObject[]): string[] =>
    promises.flatMap(({ name, namespace, selector, least }) => {
      const ready = pods.filter(
        (pod) => pod.metadata.namespace === namespace && matches(selector, pod) && isReady(pod),
      );
      return ready.length < least ? [`budget ${name} promises ${least} ready, ${ready.length} are`] : [];
    });

/** Waits until all that is declared runs: rolled out, and as many as autoscalers want at least. */
export async function allRunning(live: LiveEnvironment, seconds = 90): Promise<void> {
  const workloads = declaredWorkloads(live.objects);
  await live.settled(seconds);
  await eventually(async () => {
    const pods = (await live.pods()).filter(isReady);
    return workloads.every((one) => pods.filter((pod) => isOf(one, pod)).length >= one.replicas);
  }, seconds);
  await live.settled(seconds);
}
