/** @tools cluster kwok crds injector argo-rollouts */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { declaredWorkloads } from './declared';
import { type LiveEnvironment, startLiveTogether } from './live';
import {
  type Amounts,
  amountsOf,
  beyond,
  misjudged,
  plannedPeak,
  QuotaLog,
  refusalsOf,
  RolloutLog,
  scaleToMaximum,
  startPeak,
} from './peak';
import { makerOf } from './pods';

/** Machines large enough for all environments at once: it is the quota that is to be the bound. */
const LARGE = { cpu: '128', memory: '512Gi', 'ephemeral-storage': '2Ti', pods: '1000' };

const lives: Record<string, LiveEnvironment> = {};
const quotas = new QuotaLog();
const rollouts: Record<string, RolloutLog> = {};
const refusedAtOnce: Record<string, string[]> = {};
const unfair: Record<string, string[]> = {};

/** Deployments and Rollouts with pods, which keep the old ones until there are new ones. */
const rolling = (live: LiveEnvironment) =>
  [...live.ofKind('Deployment'), ...live.ofKind('Rollout')].filter(
    ({ spec }) => spec.strategy?.type !== 'Recreate' && spec.replicas !== 0,
  );

/** One Job of each is made by hand: a second one, by the clock, would be there in some runs and not in others. */
async function stopClocks(live: LiveEnvironment): Promise<void> {
  for (const { metadata } of live.ofKind('CronJob')) {
    const path = `/apis/batch/v1/namespaces/${metadata.namespace}/cronjobs/${metadata.name}`;
    await live.cluster.api.patch(path, { spec: { suspend: true } });
  }
}

async function reachPeak(live: LiveEnvironment): Promise<void> {
  const log = (rollouts[live.name] = new RolloutLog());
  await live.watchPods((pod, gone) => log.note(makerOf(pod), pod, gone));
  refusedAtOnce[live.name] = await startPeak(live, 'peak');
  const makers = rolling(live).map(({ metadata }) => metadata.name);
  await eventually(() => log.isSteady(makers), 150);
}

beforeAll(async () => {
  const names = environments();
  // All in one cluster: a quota knows no namespace but its own, and they wait for their pods to end at the same time.
  for (const live of await startLiveTogether(names, { machines: { allocatable: LARGE } })) {
    lives[live.name] = live;
  }
  const all = Object.values(lives);
  for (const live of all) {
    live.apply();
    await stopClocks(live);
  }
  await Promise.all(all.map((live) => scaleToMaximum(live)));
  for (const live of all) {
    unfair[live.name] = (await Promise.all(live.namespaces.map((name) => misjudged(live, name)))).flat();
  }
  await all[0]!.cluster.mirror('/api/v1/resourcequotas', (quota) => quotas.note(quota));
  await Promise.all(all.map((live) => reachPeak(live)));
}, 600_000);

afterAll(() => Object.values(lives)[0]?.cluster.stop());

const hardOf = (live: LiveEnvironment, namespace: string): Amounts =>
  amountsOf(live.ofKind('ResourceQuota').find(({ metadata }) => metadata.namespace === namespace)?.spec.hard);

const percent = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;

describe.each(environments())('%s', (environment) => {
  proof(`${environment}: nothing is refused at the maximum, in a rollout, with all Jobs and solvers`, async () => {
    const live = lives[environment]!;
    expect([...refusedAtOnce[environment]!, ...(await refusalsOf(live))]).toEqual([]);
    // It really was the maximum: as many pods as autoscalers may keep, old ones that still shut down, and Jobs that run.
    const pods = await live.pods();
    const jobs = pods.filter(
      ({ metadata, status }) => metadata.ownerReferences?.[0]?.kind === 'Job' && status.phase !== 'Succeeded',
    );
    expect(jobs.length).toBe(live.ofKind('CronJob').length + live.ofKind('Job').length);
    const ending = rolling(live).map(({ metadata }) => [metadata.name, rollouts[environment]!.ending[metadata.name]!]);
    for (const [, most] of ending) expect(most).toBeGreaterThan(0);
    const used = live.namespaces.flatMap((namespace) =>
      Object.entries(hardOf(live, namespace))
        .filter(([, hard]) => hard > 0)
        .map(([key, hard]) => `${key} ${percent(quotas.highest[namespace]![key]!, hard)}`),
    );
    const endings = ending.map(([name, most]) => `${most} of ${name}`).join(', ');
    return `${used.join(', ')}; at most ${endings} still shutting down, ${jobs.length} Jobs`;
  });

  proof(`${environment}: the peak stays within what the quota was computed from, the headroom untouched`, async () => {
    const live = lives[environment]!;
    const figures = live.namespaces.map((namespace) => {
      const plan = plannedPeak(live.objects.filter(({ metadata }) => metadata.namespace === namespace));
      const highest = quotas.highest[namespace]!;
      expect(beyond(plan, highest)).toEqual([]);
      expect(Object.keys(highest).sort()).toEqual(Object.keys(hardOf(live, namespace)).sort());
      const shares = Object.entries(highest).filter(([key]) => plan[key]! > 0);
      return shares.map(([key, amount]) => `${key} ${percent(amount, plan[key]!)}`).join(', ');
    });
    return figures.join('; ');
  });

  proof(`${environment}: all that is left is let in, and one unit more of any resource is refused`, async () => {
    expect(unfair[environment]).toEqual([]);
    return `${lives[environment]!.namespaces.flatMap((name) => Object.keys(hardOf(lives[environment]!, name))).length} bounds`;
  });

  const injected = declaredWorkloads(objectsOf(environment)).filter(
    ({ spec }) => spec.template.metadata.annotations?.['dapr.io/enabled'] === 'true',
  );
  if (injected.length === 0) return;

  proof(`${environment}: the limit range bounds what the injector leaves open`, async () => {
    const live = lives[environment]!;
    const sidecars = (await live.pods()).flatMap((pod) =>
      pod.spec.containers
        .filter(({ name }: KubeObject) => name === 'daprd')
        .map(({ resources }: KubeObject) => ({ namespace: pod.metadata.namespace, resources })),
    );
    expect(sidecars.length).toBeGreaterThanOrEqual(injected.length);
    for (const { namespace, resources } of sidecars) {
      const range = live.ofKind('LimitRange').find(({ metadata }) => metadata.namespace === namespace);
      const [{ default: limits, defaultRequest: requests }] = range.spec.limits;
      expect(resources.limits['ephemeral-storage']).toBe(limits['ephemeral-storage']);
      expect(resources.requests['ephemeral-storage']).toBe(requests['ephemeral-storage']);
    }
    return `${sidecars.length} sidecars`;
  });
});

proof(
  'a quota of half the size refuses pods in the same rollout',
  async () => {
    const smallest = environments().sort((a, b) => objectsOf(a).length - objectsOf(b).length)[0]!;
    const live = lives[smallest]!;
    for (const { metadata, spec } of live.ofKind('ResourceQuota')) {
      const half = Object.entries(amountsOf(spec.hard)).map(([key, hard]) => [
        key,
        key.endsWith('.cpu') ? `${Math.floor(hard / 2)}m` : `${Math.floor(hard / 2)}`,
      ]);
      const path = `/api/v1/namespaces/${metadata.namespace}/resourcequotas/${metadata.name}`;
      await live.cluster.api.patch(path, { spec: { hard: Object.fromEntries(half) } });
    }
    let refused = await startPeak(live, 'again');
    await eventually(async () => {
      refused = [...refused, ...(await refusalsOf(live))];
      return refused.some((line) => line.includes('exceeded quota'));
    });
    return `${refused.find((line) => line.includes('exceeded quota'))!.slice(0, 120)}`;
  },
  120,
);
