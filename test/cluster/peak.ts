import { peakDemand } from '../../src/platform/demand';
import { parseBytes, parseCpu } from '../../src/platform/quantity';
import { eventually } from '../runtime/support/process';
import { type ApiError, groupPathOf, type KubeObject } from './api';
import type { LiveEnvironment } from './live';
import { ENDS_AFTER, RUNS_FOR } from './stages';
import { templateHashOf } from './pods';
import { promoteFully } from './promotion';
import { refusals } from './starting';

/** Amounts by the names of a quota, in millicores, bytes and pieces. */
export type Amounts = Record<string, number>;

/** What a quota says of itself: `pods: "72"`, `limits.cpu: 66600m`. */
export const amountsOf = (list: Record<string, string> = {}): Amounts =>
  Object.fromEntries(
    Object.entries(list).map(([key, value]) => [key, key.endsWith('.cpu') ? parseCpu(value) : parseBytes(value)]),
  );

/** What the quota was computed from, before the headroom. */
export function plannedPeak(objects: readonly KubeObject[]): Amounts {
  const peak = peakDemand([...objects]);
  return {
    pods: peak.pods,
    persistentvolumeclaims: peak.claims,
    'requests.cpu': peak.cpuRequests,
    'limits.cpu': peak.cpuLimits,
    'requests.memory': peak.memoryRequests,
    'limits.memory': peak.memoryLimits,
    'requests.ephemeral-storage': peak.ephemeralRequests,
    'limits.ephemeral-storage': peak.ephemeralLimits,
    'requests.storage': peak.storage,
    'services.loadbalancers': 0,
    'services.nodeports': 0,
  };
}

/** The most that each quota has ever counted. */
export class QuotaLog {
  /** By namespace. */
  public readonly highest: Record<string, Amounts> = {};

  public note({ metadata: { namespace }, status }: KubeObject): void {
    const highest = (this.highest[namespace] ??= {});
    for (const [key, used] of Object.entries(amountsOf(status?.used))) {
      highest[key] = Math.max(highest[key] ?? 0, used);
    }
  }
}

/** Resources of which more was used than planned. */
export const beyond = (plan: Amounts, used: Amounts): string[] =>
  Object.entries(used)
    .filter(([key, amount]) => amount > (plan[key] ?? 0))
    .map(([key, amount]) => `${key}: ${amount}, planned ${plan[key]}`);

/** How long Jobs run on: until everything else has been seen. */
const LONG = '300s';

/** Autoscalers cannot but keep as many pods as they may. */
export async function scaleToMaximum(live: LiveEnvironment): Promise<void> {
  for (const { metadata, spec } of live.ofKind('HorizontalPodAutoscaler')) {
    const path = `/apis/autoscaling/v2/namespaces/${metadata.namespace}/horizontalpodautoscalers/${metadata.name}`;
    await live.cluster.api.patch(path, { spec: { minReplicas: spec.maxReplicas } });
  }
  await eventually(async () => {
    const counts = await replicasNow(live);
    return live
      .ofKind('HorizontalPodAutoscaler')
      .every(({ spec }) => counts[spec.scaleTargetRef.name] === spec.maxReplicas);
  }, 120);
  await live.settled();
}

async function replicasNow(live: LiveEnvironment): Promise<Record<string, number>> {
  const now = await Promise.all(live.workloads.map((one) => live.cluster.api.get(groupPathOf(one))));
  return Object.fromEntries(now.map(({ metadata, status }) => [metadata.name, status?.readyReplicas ?? 0]));
}

/**
 * Everything that may be there at one time: all Jobs, a solver for each host, and a rollout of every workload, in which pods of
 * Deployments and Rollouts take all the time that they are given to end. What the API server refused at once.
 */
export async function startPeak(live: LiveEnvironment, name: string): Promise<string[]> {
  const pods = (await live.pods()).filter(templateHashOf);
  await Promise.all(pods.map((pod) => linger(live, pod)));
  const jobs = [
    ...live.ofKind('Job').map(({ metadata, spec }) => jobOf(`${name}-${metadata.name}`, metadata.namespace, spec)),
    ...live
      .ofKind('CronJob')
      .map(({ metadata, spec }) => jobOf(`${name}-${metadata.name}`, metadata.namespace, spec.jobTemplate.spec)),
  ];
  const refused = await Promise.all([
    ...jobs.map((job) => tryToCreate(live, `/apis/batch/v1/namespaces/${job.metadata.namespace}/jobs`, job)),
    ...hostsOf(live).map(({ host, namespace }, index) =>
      tryToCreate(live, `/api/v1/namespaces/${namespace}/pods`, solverOf(`${name}-solver-${index}`, host)),
    ),
  ]);
  const annotations = { 'example.com/rollout': name };
  for (const workload of live.workloads) {
    await live.cluster.api.patch(groupPathOf(workload), { spec: { template: { metadata: { annotations } } } });
  }
  // All new pods beside all old ones: without the pauses in between, in which there are fewer.
  for (const rollout of live.ofKind('Rollout')) await promoteFully(live, rollout);
  return refused.flat();
}

const linger = (live: LiveEnvironment, { metadata, spec }: KubeObject) =>
  live.cluster.api.patch(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`, {
    metadata: { annotations: { [ENDS_AFTER]: `${spec.terminationGracePeriodSeconds}s` } },
  });

function jobOf(name: string, namespace: string, spec: KubeObject) {
  const { metadata, ...template } = spec.template;
  const annotations = { ...metadata?.annotations, [RUNS_FOR]: LONG };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { ...spec, template: { ...template, metadata: { ...metadata, annotations } } },
  };
}

/** Names for which cert-manager would order a certificate. */
const hostsOf = (live: LiveEnvironment): { host: string; namespace: string }[] =>
  live.objects.flatMap(({ kind, metadata: { namespace }, spec }) => {
    const tls: string[] =
      kind === 'Ingress'
        ? (spec.tls ?? []).flatMap(({ hosts }: KubeObject) => hosts)
        : kind === 'Gateway'
          ? spec.listeners.filter((one: KubeObject) => one.tls).flatMap((one: KubeObject) => one.hostname ?? [])
          : [];
    return [...new Set(tls)].map((host) => ({ host, namespace }));
  });

/** A pod that Pod Security lets in, which asks for so much. */
export const podOf = (name: string, resources: object, rest: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    restartPolicy: 'OnFailure',
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'one',
        image: 'one:1',
        resources,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
    ...rest,
  },
});

/** As cert-manager makes it by default; it says nothing of local disk. */
function solverOf(name: string, host: string) {
  const resources = { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '100m', memory: '64Mi' } };
  const pod = podOf(name, resources);
  const labels = { 'acme.cert-manager.io/http01-solver': 'true' };
  return { ...pod, metadata: { ...pod.metadata, labels, annotations: { 'example.com/host': host } } };
}

async function tryToCreate(live: LiveEnvironment, path: string, body: object): Promise<string[]> {
  try {
    await live.cluster.api.create(path, body);
    return [];
  } catch (error) {
    return [(error as ApiError).message];
  }
}

/** Pods that were refused to a controller since the environment was applied. */
export const refusalsOf = (live: LiveEnvironment): Promise<string[]> =>
  refusals((path) => live.cluster.api.list(path), live.namespaces);

/** How it is with a rollout: pods that shut down, and whether the first of them is gone, after which there are no more of them. */
export class RolloutLog {
  /** The most at one time, by workload. */
  public readonly ending: Record<string, number> = {};
  private readonly leaving = new Map<string, Set<string>>();
  private readonly hasSeenOneGo = new Set<string>();

  public note(maker: string, { metadata }: KubeObject, gone: boolean): void {
    const leaving = this.leaving.get(maker) ?? new Set();
    this.leaving.set(maker, leaving);
    if (gone && leaving.delete(metadata.uid)) this.hasSeenOneGo.add(maker);
    else if (metadata.deletionTimestamp) leaving.add(metadata.uid);
    this.ending[maker] = Math.max(this.ending[maker] ?? 0, leaving.size);
  }

  public isSteady(makers: readonly string[]): boolean {
    return makers.every((maker) => this.hasSeenOneGo.has(maker));
  }
}

/** What is left of each resource. */
export async function leftOf(live: LiveEnvironment, namespace: string): Promise<Amounts> {
  const [quota] = await live.cluster.api.list(`/api/v1/namespaces/${namespace}/resourcequotas`);
  const used = amountsOf(quota.status.used);
  return Object.fromEntries(
    Object.entries(amountsOf(quota.status.hard)).map(([key, hard]) => [key, hard - used[key]!]),
  );
}

/** Tries to take this much of a resource, without keeping it. What the API server says against it. */
async function take(live: LiveEnvironment, namespace: string, key: string, amount: number): Promise<string[]> {
  const path = `/api/v1/namespaces/${namespace}`;
  const [bound, resource] = key.split('.') as [string, string];
  if (bound === 'services') {
    const type = resource === 'nodeports' ? 'NodePort' : 'LoadBalancer';
    const spec = {
      type,
      ports: [{ port: 80 }],
      allocateLoadBalancerNodePorts: type === 'NodePort' ? undefined : false,
    };
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'one-more' }, spec };
    return amount === 0 ? [] : tryToCreate(live, `${path}/services?dryRun=All`, service);
  }
  // No claim is of nothing.
  if (key === 'requests.storage' && amount === 0) return [];
  if (key === 'requests.storage')
    return tryToCreate(live, `${path}/persistentvolumeclaims?dryRun=All`, claimOf(amount));
  const value = resource === 'cpu' ? `${amount}m` : `${amount}`;
  const resources =
    bound === 'requests'
      ? { requests: { ...SMALL, [resource]: value }, limits: { ...SMALL, [resource]: value } }
      : { requests: SMALL, limits: { ...SMALL, [resource]: value } };
  return tryToCreate(live, `${path}/pods?dryRun=All`, podOf('one-more', resources));
}

const SMALL = { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Mi' };

/** It goes again, also where data is protected from deletion. */
const claimOf = (bytes: number, name = 'one-more') => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, annotations: { 'cdk8s-webstack/allow-deletion': 'true' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: `${bytes}` } } },
});

/** Makes one more than there is room for, and takes all of it away again. */
async function countOut(live: LiveEnvironment, namespace: string, key: string, left: number): Promise<string[]> {
  const kind = key === 'pods' ? 'pods' : 'persistentvolumeclaims';
  const path = `/api/v1/namespaces/${namespace}/${kind}`;
  const names = Array.from({ length: left + 1 }, (_, index) => `one-more-${index}`);
  const bodyOf = (name: string) =>
    key === 'pods'
      ? // Nobody schedules it.
        podOf(name, { requests: SMALL, limits: SMALL }, { schedulerName: 'nobody' })
      : claimOf(1, name);
  const refused = (await Promise.all(names.map((name) => tryToCreate(live, path, bodyOf(name))))).flat();
  await Promise.all(
    names.map((name) => live.cluster.api.delete(`${path}/${name}`, { gracePeriodSeconds: 0 }).catch(() => undefined)),
  );
  await eventually(async () => (await leftOf(live, namespace))[key] === left, 60);
  return refused.length === 1 ? refused : [`${refused.length} of ${left + 1} refused`];
}

/** A quota counts what has ended or gone for some seconds more. */
async function isCounted({ cluster: { api } }: LiveEnvironment, namespace: string): Promise<boolean> {
  const path = `/api/v1/namespaces/${namespace}`;
  const [quota] = await api.list(`${path}/resourcequotas`);
  const running = (await api.list(`${path}/pods`)).filter(({ status }) => status.phase !== 'Succeeded');
  return quota.status.used.pods === `${running.length}`;
}

/** Where a quota lets in more than it says, or less. */
export async function misjudged(live: LiveEnvironment, namespace: string): Promise<string[]> {
  const problems: string[] = [];
  const judge = (key: string, said: string[]) => {
    if (!said[0]?.includes('exceeded quota') || !said[0].includes(key)) problems.push(`${key}: one too many: ${said}`);
  };
  await eventually(() => isCounted(live, namespace), 60);
  const left = await leftOf(live, namespace);
  for (const [key, amount] of Object.entries(left)) {
    if (key === 'pods' || key === 'persistentvolumeclaims') {
      judge(key, await countOut(live, namespace, key, amount));
      continue;
    }
    judge(key, await take(live, namespace, key, amount + 1));
    const fits = await take(live, namespace, key, amount);
    if (fits.length > 0) problems.push(`${key}: what is left is refused: ${fits}`);
  }
  return problems;
}
