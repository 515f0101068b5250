import type { KubeObject } from './api';
import { isReady, makerOf } from './pods';
import { awaitedBy, selects } from './waits';

const isTrue = ({ status }: KubeObject, wanted: string) =>
  (status?.conditions ?? []).some(({ type, status: is }: KubeObject) => type === wanted && is === 'True');

/** Follows pods from their first change on, and notes who went on too early. */
export class StartLog {
  public readonly problems: string[] = [];
  private readonly began = Date.now();
  private readonly pods = new Map<string, KubeObject>();
  private readonly initialized = new Set<string>();
  private readonly readyAfter = new Map<string, number>();

  /** `makers` as they are declared: a pod waits for what its template says. */
  public constructor(
    private readonly makers: readonly KubeObject[],
    private readonly services: readonly KubeObject[],
  ) {}

  /** Told of each change to a pod in its order. */
  public note(pod: KubeObject, gone: boolean): void {
    const { uid, name } = pod.metadata;
    if (gone) this.pods.delete(uid);
    else this.pods.set(uid, pod);
    if (gone) return;
    const maker = makerOf(pod);
    if (isReady(pod) && !this.readyAfter.has(maker)) this.readyAfter.set(maker, Date.now() - this.began);
    if (this.initialized.has(uid) || !isTrue(pod, 'Initialized')) return;
    this.initialized.add(uid);
    const template = this.makers.find(({ metadata }) => metadata.name === maker)?.spec.template;
    if (!template) return;
    for (const awaited of awaitedBy(template)) {
      if (!this.isServed(awaited, pod.metadata.namespace)) this.problems.push(`${name} went on before ${awaited}`);
    }
  }

  /** How many pods have been seen to go on. */
  public get count(): number {
    return this.initialized.size;
  }

  /** The first ready pod of each, in their order. */
  public get order(): string {
    return [...this.readyAfter].map(([name, after]) => `${name} ${(after / 1000).toFixed(1)}`).join(', ');
  }

  private isServed(name: string, namespace: string): boolean {
    const service = this.services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    return service !== undefined && [...this.pods.values()].some((pod) => isReady(pod) && selects(service, pod));
  }
}

/** What becomes of the pods of each maker, in words: `kafka: 2 ready, 1 pending`. */
export type States = Record<string, string>;

const MAKERS = ['Deployment', 'Rollout', 'StatefulSet', 'Job'];

export const makersIn = (objects: readonly KubeObject[]): KubeObject[] =>
  objects.filter(({ kind }) => MAKERS.includes(kind));

/** How many pods each is to have once its autoscaler has looked. */
export function replicasOf(maker: KubeObject, objects: readonly KubeObject[]): number {
  const autoscaler = objects.find(
    ({ kind, spec, metadata }) =>
      kind === 'HorizontalPodAutoscaler' &&
      metadata.namespace === maker.metadata.namespace &&
      spec.scaleTargetRef.name === maker.metadata.name,
  );
  return autoscaler?.spec.minReplicas ?? maker.spec.replicas ?? maker.spec.parallelism ?? 1;
}

/**
 * What must become of each maker's pods where the scheduler can place all but some: those are pending; who waits for a Service
 * that has no pod waits, and so does who waits for these; the rest is ready or done.
 */
export function expectedStates(objects: readonly KubeObject[], pendingOf: (maker: KubeObject) => number): States {
  const makers = makersIn(objects);
  const placed = makers.filter((maker) => replicasOf(maker, objects) > pendingOf(maker));
  const isServed = (name: string, namespace: string, up: KubeObject[]) =>
    objects.some(
      (service) =>
        service.kind === 'Service' &&
        service.metadata.name === name &&
        service.metadata.namespace === namespace &&
        up.some(({ kind, metadata, spec }) => {
          const labels = spec.template.metadata.labels;
          return kind !== 'Job' && selects(service, { metadata: { namespace: metadata.namespace, labels } });
        }),
    );
  let started: KubeObject[] = [];
  for (;;) {
    const next = placed.filter(({ metadata, spec }) =>
      awaitedBy(spec.template).every((name) => isServed(name, metadata.namespace, started)),
    );
    if (next.length === started.length) break;
    started = next;
  }
  return Object.fromEntries(
    makers.map((maker) => {
      const pending = pendingOf(maker);
      const others = replicasOf(maker, objects) - pending;
      // One after the other: while one is not ready, there is no next.
      const isOrdered = maker.kind === 'StatefulSet' && maker.spec.podManagementPolicy !== 'Parallel';
      const there = (count: number) => (isOrdered ? Math.min(1, count) : count);
      const good = maker.kind === 'Job' ? 'done' : 'ready';
      const counts: Record<string, number> = started.includes(maker) ? { [good]: others } : { waiting: there(others) };
      return [maker.metadata.name, inWords({ ...counts, pending: there(pending) })];
    }),
  );
}

/** What has become of them. */
export function statesOf(objects: readonly KubeObject[], pods: readonly KubeObject[]): States {
  return Object.fromEntries(
    makersIn(objects).map(({ metadata }) => {
      const counts: Record<string, number> = {};
      const ours = pods.filter(
        (pod) => pod.metadata.namespace === metadata.namespace && makerOf(pod) === metadata.name,
      );
      for (const pod of ours) counts[stateOf(pod)] = (counts[stateOf(pod)] ?? 0) + 1;
      return [metadata.name, inWords(counts)];
    }),
  );
}

function stateOf(pod: KubeObject): string {
  const { conditions = [], phase } = pod.status ?? {};
  if (phase === 'Succeeded') return 'done';
  if (conditions.some(({ reason }: KubeObject) => reason === 'Unschedulable')) return 'pending';
  if (isReady(pod)) return 'ready';
  return isTrue(pod, 'PodScheduled') && !isTrue(pod, 'Initialized') && pod.status.podIP ? 'waiting' : 'starting';
}

const inWords = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .sort()
    .join(', ') || 'none';

/** Makers whose pods have become something else. */
export const differences = (expected: States, seen: States): string[] =>
  Object.entries(expected)
    .filter(([name, state]) => seen[name] !== state)
    .map(([name, state]) => `${name}: ${seen[name]}, expected ${state}`);

/** Pods that the API server has refused to a controller, and why. */
export async function refusals(
  list: (path: string) => Promise<KubeObject[]>,
  namespaces: readonly string[],
): Promise<string[]> {
  const events = await Promise.all(namespaces.map((name) => list(`/api/v1/namespaces/${name}/events`)));
  return events
    .flat()
    .filter(({ reason }) => reason === 'FailedCreate')
    .map(({ involvedObject, message }) => `${involvedObject.name}: ${message}`);
}
