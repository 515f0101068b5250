import { autoscalerOf, injectedResources, largestTemplate } from './pod-template';
import { parseBytes, parseCpu } from './quantity';

/** What a set of pods asks of a cluster: millicores and bytes. */
export interface Demand {
  readonly pods: number;
  readonly cpuRequests: number;
  readonly cpuLimits: number;
  readonly memoryRequests: number;
  readonly memoryLimits: number;
  readonly ephemeralRequests: number;
  readonly ephemeralLimits: number;
  readonly claims: number;
  readonly storage: number;
}

const NOTHING: Demand = {
  pods: 0,
  cpuRequests: 0,
  cpuLimits: 0,
  memoryRequests: 0,
  memoryLimits: 0,
  ephemeralRequests: 0,
  ephemeralLimits: 0,
  claims: 0,
  storage: 0,
};

const SOLVER: Demand = {
  ...NOTHING,
  pods: 1,
  cpuRequests: 10,
  cpuLimits: 100,
  memoryRequests: 64 * 2 ** 20,
  memoryLimits: 64 * 2 ** 20,
  ephemeralRequests: 64 * 2 ** 20,
  ephemeralLimits: 256 * 2 ** 20,
};

const combine = (a: Demand, b: Demand, operation: (x: number, y: number) => number): Demand =>
  Object.fromEntries(
    Object.entries(a).map(([key, value]) => [key, operation(value, b[key as keyof Demand])]),
  ) as unknown as Demand;
const add = (a: Demand, b: Demand) => combine(a, b, (x, y) => x + y);
const largest = (a: Demand, b: Demand) => combine(a, b, Math.max);
const times = (demand: Demand, factor: number) => combine(demand, NOTHING, (x) => x * factor);
const sum = (demands: Demand[]) => demands.reduce(add, NOTHING);

/** What one workload, or a claim of its own, asks for when nothing happens. */
export interface SteadyDemand {
  readonly object: any;
  /** At the replicas, or the autoscaler's minimum. */
  readonly least: Demand;
  /** At the replicas, or the autoscalers' maximum: of pods, and of what each requests. */
  readonly most: Demand;
}

/** What each long-running workload asks for, and the volumes that outlive their pods. */
export function steadyDemands(objects: any[]): SteadyDemand[] {
  return objects.flatMap((object) => {
    if (object.kind === 'PersistentVolumeClaim') {
      const claim = claimsDemand([object]);
      return [{ object, least: claim, most: claim }];
    }
    if (!isLongRunning(object)) return [];
    const at = (bound: 'min' | 'max', template: any) =>
      workloadDemand(object, template, replicasOf(object, objects, bound));
    return [{ object, least: at('min', object.spec.template), most: at('max', largestTemplate(object, objects)) }];
  });
}

/** The sum of that, at the replicas or the autoscalers' minimum. */
export const steadyDemand = (objects: any[]): Demand => sum(steadyDemands(objects).map(({ least }) => least));

/** What of that the injected sidecars ask for. */
export function steadySidecarDemand(objects: any[]): Demand {
  return sum(
    objects
      .filter(isLongRunning)
      .map((object) => times(injectedDemand(object.spec.template), replicasOf(object, objects, 'min'))),
  );
}

/**
 * The most that can exist at one time: every workload at its autoscaler's maximum, in the middle of a rollout (the new
 * pods that come before old ones go, and the old ones that are still shutting down), and every Job.
 */
export function peakDemand(objects: any[]): Demand {
  return sum(
    objects.map((object) => {
      // While a certificate is ordered, cert-manager's solver runs in the namespace; figures of its own defaults.
      if (object.kind === 'Ingress' || object.kind === 'Gateway') return SOLVER;
      if (object.kind === 'Job') return times(podDemand(object.spec.template), object.spec.parallelism ?? 1);
      if (object.kind === 'CronJob') return podDemand(object.spec.jobTemplate.spec.template);
      if (object.kind === 'PersistentVolumeClaim') return claimsDemand([object]);
      if (!isLongRunning(object)) return NOTHING;
      const replicas = replicasOf(object, objects, 'max');
      const extra = object.kind === 'StatefulSet' ? 0 : rolloutPods(object, replicas);
      const template = largestTemplate(object, objects);
      return add(workloadDemand(object, template, replicas), times(podDemand(template), extra));
    }),
  );
}

const isLongRunning = ({ kind }: any) => ['Deployment', 'Rollout', 'StatefulSet'].includes(kind);

function replicasOf(workload: any, objects: any[], bound: 'min' | 'max'): number {
  return autoscalerOf(workload, objects)?.spec[`${bound}Replicas`] ?? workload.spec.replicas ?? 1;
}

/**
 * Pods that a rollout adds to those that are wanted: the surge, and the old ones that are still shutting down. A step takes
 * at least as long as a new pod must be ready, so within the grace of one pod only so many steps can follow one another.
 */
function rolloutPods({ spec: { strategy, minReadySeconds, template } }: any, replicas: number): number {
  if (strategy?.type === 'Recreate' || replicas === 0) return 0;
  // Argo Rollouts keeps all old pods until the new ones have all requests, and after a switch for some time more.
  if (strategy?.canary) return replicas;
  if (strategy?.blueGreen) return 2 * replicas;
  // Kubernetes takes 25 % where nothing is said, and rounds the surge up; up is on the safe side for both.
  const count = (value: number | string = '25%') =>
    typeof value === 'number' ? value : Math.ceil((replicas * Number.parseInt(value, 10)) / 100);
  const surge = count(strategy?.rollingUpdate?.maxSurge);
  const step = surge + count(strategy?.rollingUpdate?.maxUnavailable);
  const steps = Math.ceil((template.spec.terminationGracePeriodSeconds ?? 30) / Math.max(1, minReadySeconds ?? 0));
  return surge + Math.min(replicas, step * steps);
}

function workloadDemand(workload: any, template: any, replicas: number): Demand {
  return times(add(podDemand(template), claimsDemand(workload.spec.volumeClaimTemplates ?? [])), replicas);
}

const claimsDemand = (claims: any[]): Demand => ({
  ...NOTHING,
  claims: claims.length,
  storage: claims.reduce((bytes, { spec }) => bytes + parseBytes(spec?.resources?.requests?.storage ?? '0'), 0),
});

/** The scheduler's rule: the sum of the containers, or the largest init container where that is more. */
function podDemand(template: any): Demand {
  const init: any[] = template.spec.initContainers ?? [];
  const sidecars = init.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const running = add(sum([...template.spec.containers, ...sidecars].map(containerDemand)), injectedDemand(template));
  const starting = init.filter(({ restartPolicy }) => restartPolicy !== 'Always').map(containerDemand);
  const volumes: any[] = template.spec.volumes ?? [];
  const ephemeral = volumes.flatMap((volume) => volume.ephemeral?.volumeClaimTemplate ?? []);
  return { ...add(starting.reduce(largest, running), claimsDemand(ephemeral)), pods: 1 };
}

/** What Dapr's injector adds to a pod. */
function injectedDemand(template: any): Demand {
  const injected = injectedResources(template);
  if (!injected) return NOTHING;
  // It says nothing of local disk; there the limit range of the namespace steps in.
  const disk = { requests: '64Mi', limits: '256Mi' };
  return containerDemand({
    resources: {
      requests: { ...injected.requests, 'ephemeral-storage': disk.requests },
      limits: { ...injected.limits, 'ephemeral-storage': disk.limits },
    },
  });
}

function containerDemand({ resources: { requests = {}, limits = {} } = {} as any }: any): Demand {
  return {
    ...NOTHING,
    cpuRequests: parseCpu(requests.cpu ?? '0'),
    cpuLimits: parseCpu(limits.cpu ?? '0'),
    memoryRequests: parseBytes(requests.memory ?? '0'),
    memoryLimits: parseBytes(limits.memory ?? '0'),
    ephemeralRequests: parseBytes(requests['ephemeral-storage'] ?? '0'),
    ephemeralLimits: parseBytes(limits['ephemeral-storage'] ?? '0'),
  };
}
