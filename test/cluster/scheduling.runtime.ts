/** @tools cluster kwok crds injector argo-rollouts */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { addPool, type Change, Copy, type Pool, reserve } from './copies';
import { type LiveEnvironment, startLiveTogether } from './live';
import { ZONES } from './machines';
import {
  belowMinimum,
  containersOf,
  crowding,
  hardKeys,
  misplacedVolumes,
  podsOf,
  requestOf,
  type Seen,
  sharedZones,
  skews,
  splitVolumes,
  unbounded,
  wishes,
} from './placement';
import { isReady, makerOf } from './pods';
import { differences, expectedStates, makersIn, refusals, replicasOf, StartLog, statesOf } from './starting';
import { storageClass } from './volumes';
import { awaitedBy } from './waits';

/** The class of claims that name none. */
const DEFAULT_CLASS = 'standard';

/** Seconds for what waits for pods; a busy machine takes many times as long as a quiet one. */
const PATIENCE = 90;

let lives: Record<string, LiveEnvironment> = {};

beforeAll(async () => {
  const names = environments();
  const together = await startLiveTogether(names, { machines: { zones: [] } });
  lives = Object.fromEntries(together.map((live) => [live.name, live]));
}, 120_000);

afterAll(() => Object.values(lives)[0]?.cluster.stop());

const allOf = (live: LiveEnvironment, path: string): Promise<KubeObject[]> => live.cluster.api.list(path);

const seenOf = async (live: LiveEnvironment, { nodes }: Pool, objects = live.objects): Promise<Seen> => ({
  workloads: objects.filter(({ kind }) => ['Deployment', 'Rollout', 'StatefulSet'].includes(kind)),
  pods: await live.pods(),
  nodes,
});

/** Its pods but for those of CronJobs, whose clocks run here, too. */
async function declaredPods(live: LiveEnvironment): Promise<KubeObject[]> {
  const names = makersIn(live.objects).map(({ metadata }) => metadata.name);
  return (await live.pods()).filter((pod) => names.includes(makerOf(pod)));
}

const refusalsIn = (live: LiveEnvironment) => refusals((path) => allOf(live, path), live.namespaces);

const volumeProblems = async (live: LiveEnvironment, seen: Seen) =>
  misplacedVolumes(
    seen,
    await allOf(live, '/api/v1/persistentvolumeclaims'),
    await allOf(live, '/api/v1/persistentvolumes'),
    DEFAULT_CLASS,
  );

/** Waits until each pod has become what is expected of it, and says what has not. */
async function becomes(live: LiveEnvironment, expected: Record<string, string>, seconds = 75): Promise<void> {
  let late: string[] = [];
  const isSo = async () => {
    late = differences(expected, statesOf(live.objects, await live.pods()));
    return late.length === 0;
  };
  await eventually(isSo, seconds).catch(async () => {
    throw new Error([live.name, ...late, ...(await refusalsIn(live))].join('\n'));
  });
}

const inWords = (states: Record<string, string>, which: RegExp) =>
  Object.entries(states)
    .filter(([, state]) => which.test(state))
    .map(([name, state]) => `${name} ${state}`)
    .join(', ') || 'none';

const hardOf = (objects: readonly KubeObject[]) => makersIn(objects).filter((maker) => hardKeys(maker).length > 0);
const withVolumes = (objects: readonly KubeObject[]) =>
  objects.find(({ spec }) => (spec?.volumeClaimTemplates ?? []).length > 0);
const awaitedIn = (objects: readonly KubeObject[]) => makersIn(objects).flatMap(({ spec }) => awaitedBy(spec.template));

/** Whether the scheduler must keep pods apart, or spread them, and not only as well as it can. */
const mustSpread = (objects: readonly KubeObject[]) =>
  hardOf(objects).length > 0 || JSON.stringify(makersIn(objects)).includes('"DoNotSchedule"');

/** A proof of something that not every environment has. */
const proofIf = (has: boolean, ...args: Parameters<typeof proof>) => (has ? proof(...args) : undefined);

describe.each(environments().map((name, index) => [name, index] as const))('%s', (environment, index) => {
  let live: LiveEnvironment;
  let pool: Pool;
  let log: StartLog;
  const objects = objectsOf(environment);

  beforeAll(async () => {
    live = lives[environment]!;
    pool = await addPool(live.cluster, `six-${index}`, { zones: ZONES, perZone: 2 });
    await reserve(live, pool);
    log = new StartLog(makersIn(live.objects), live.ofKind('Service'));
    await live.watchPods((pod, gone) => log.note(pod, gone));
    live.apply();
    await becomes(
      live,
      expectedStates(live.objects, () => 0),
    );
    await live.settled();
  }, 120_000);

  proof(
    `${environment}: every pod is ready on six nodes in three zones, autoscaled ones at their minimum`,
    async () => {
      const pods = await declaredPods(live);
      expect(pods.filter((pod) => !isReady(pod) && pod.status.phase !== 'Succeeded')).toEqual([]);
      expect(await refusalsIn(live)).toEqual([]);
      expect(belowMinimum(live.ofKind('HorizontalPodAutoscaler'), await live.readyPods())).toEqual([]);
      const injected = pods.filter(({ metadata }) => metadata.annotations?.['dapr.io/enabled'] === 'true');
      const without = injected.filter(({ spec }) => !containersOf(spec).some(({ name }) => name === 'daprd'));
      expect(without).toEqual([]);
      const done = pods.filter(({ status }) => status.phase === 'Succeeded').length;
      const sidecars = injected.length > 0 ? [`${injected.length} with a sidecar`] : [];
      return [`${pods.length - done} ready`, `${done} done`, ...sidecars].join(', ');
    },
  );

  proofIf(
    mustSpread(objects),
    `${environment}: required anti-affinity and zone spread hold as the templates declare them`,
    async () => {
      const seen = await seenOf(live, pool);
      expect([...crowding(seen), ...skews(seen), ...sharedZones(seen)]).toEqual([]);
      const hard = seen.workloads.filter((workload) => hardKeys(workload).length > 0);
      const apart = hard.map((workload) => `${workload.metadata.name} ${podsOf(workload, seen.pods).length} apart`);
      return [...apart, ...wishes(seen)].join('; ');
    },
  );

  proofIf(
    withVolumes(objects) !== undefined,
    `${environment}: volumes are bound as the claim templates ask, in the zone of their pod`,
    async () => {
      const seen = await seenOf(live, pool);
      expect(await volumeProblems(live, seen)).toEqual([]);
      const claims = (await allOf(live, '/api/v1/persistentvolumeclaims')).filter(({ metadata }) =>
        live.namespaces.includes(metadata.namespace),
      );
      expect(splitVolumes(seen.pods, claims)).toEqual([]);
      const bound = claims.filter(({ status }) => status.phase === 'Bound').length;
      return `${bound} of ${claims.length} claims bound`;
    },
  );

  proof(`${environment}: every container runs with the bounds of its template`, async () => {
    const seen = await seenOf(live, pool);
    expect(unbounded(seen)).toEqual([]);
    return `${seen.pods.flatMap(({ spec }) => containersOf(spec)).length} containers`;
  });

  proofIf(
    awaitedIn(objects).length > 0,
    `${environment}: from nothing on, no pod goes on before those it waits for are ready`,
    async () => {
      expect(log.problems).toEqual([]);
      expect(log.count).toBeGreaterThanOrEqual((await declaredPods(live)).length);
      return `${log.order} s`;
    },
  );

  proofIf(
    objects.some(({ kind }) => kind === 'CronJob'),
    `${environment}: a Job from each CronJob is admitted, scheduled and completes`,
    async () => {
      const names = live.ofKind('CronJob').map(({ metadata }) => metadata);
      for (const { name, namespace } of names) {
        live.cluster.kubectl(['create', 'job', `now-${name}`, `--from=cronjob/${name}`, '-n', namespace]);
      }
      await live.settled(60);
      expect(await refusalsIn(live)).toEqual([]);
      const pods = (await live.pods()).filter((pod) => names.some(({ name }) => makerOf(pod) === `now-${name}`));
      expect(pods.map(({ status }) => status.phase)).toEqual(names.map(() => 'Succeeded'));
      return names.map(({ name }) => name).join(', ');
    },
    PATIENCE,
  );

  proof(
    `${environment}: on two nodes in one zone, and on nodes that are too small, exactly the expected pods wait`,
    async () => {
      const two = await addPool(live.cluster, `two-${index}`, { zones: [ZONES[0]!], perZone: 2 });
      const pods = await declaredPods(live);
      const memory = Math.max(...pods.map((pod) => requestOf(pod, 'memory'))) - 1;
      const allocatable = { cpu: '8', memory: `${memory}`, 'ephemeral-storage': '200Gi', pods: '110' };
      // One for each pod: that only the size of a node counts.
      const perZone = Math.ceil(pods.length / ZONES.length);
      const tiny = await addPool(live.cluster, `tiny-${index}`, { zones: ZONES, perZone, allocatable });
      const [few, small] = [new Copy(live, two), new Copy(live, tiny)];
      for (const copy of [few, small]) copy.apply();

      const onTwo = expectedStates(few.objects, (maker) => {
        const places = hardKeys(maker).map(
          (key) => new Set(two.nodes.map(({ metadata }) => metadata.labels[key])).size,
        );
        return Math.max(0, replicasOf(maker, few.objects) - Math.min(...places));
      });
      const tooLarge = new Set(pods.filter((pod) => requestOf(pod, 'memory') > memory).map(makerOf));
      const onTiny = expectedStates(small.objects, (maker) =>
        tooLarge.has(maker.metadata.name) ? replicasOf(maker, small.objects) : 0,
      );
      await becomes(few, onTwo);
      await becomes(small, onTiny);
      for (const copy of [few, small]) await copy.rest();
      return `two nodes: ${inWords(onTwo, /pending/)}; nodes too small: ${inWords(onTiny, /pending|waiting/)}`;
    },
    2 * PATIENCE,
  );
});

/** The environment with the fewest objects that has what a mutation changes. */
const smallest = (has: (objects: KubeObject[]) => boolean): string =>
  environments()
    .filter((name) => has(objectsOf(name)))
    .sort((a, b) => objectsOf(a).length - objectsOf(b).length)[0]!;

/** Applies an environment with a change to those that make pods, and without those for which it gives nothing. */
async function broken(environment: string, name: string, change: (maker: KubeObject) => KubeObject | undefined) {
  const live = lives[environment]!;
  const pool = await addPool(live.cluster, name, { zones: ZONES, perZone: 1 });
  const changed: Change = (objects) => {
    const makers = makersIn(objects);
    return objects.flatMap((object) => (makers.includes(object) ? (change(object) ?? []) : object));
  };
  return { pool, copy: new Copy(live, pool, changed) };
}

const withoutWaits = (maker: KubeObject): KubeObject => {
  const { initContainers = [] } = maker.spec.template.spec;
  const waits = awaitedBy(maker.spec.template).map((service) => `wait-for-${service}`);
  maker.spec.template.spec.initContainers = initContainers.filter(({ name }: KubeObject) => !waits.includes(name));
  return maker;
};

proof(
  'brokers on one node and in one zone are seen',
  async () => {
    const environment = smallest((objects) => hardOf(objects).length > 0);
    const { pool, copy } = await broken(environment, 'packed', (maker) => {
      if (hardKeys(maker).length === 0) return undefined;
      const { affinity: _, topologySpreadConstraints: __, ...spec } = withoutWaits(maker).spec.template.spec;
      maker.spec.template.spec = { ...spec, nodeSelector: { 'kubernetes.io/hostname': 'packed-zone-a-1' } };
      return maker;
    });
    copy.apply();
    await becomes(
      copy,
      expectedStates(copy.objects, () => 0),
    );
    const seen = await seenOf(copy, pool, hardOf(copy.declared));
    const names = (workload: KubeObject) => podsOf(workload, seen.pods).map(({ metadata }) => metadata.name);
    expect(crowding(seen)).toEqual(
      seen.workloads.map((one) => `${one.metadata.name}: ${names(one).sort().join(' and ')} are on packed-zone-a-1`),
    );
    const uneven = (one: KubeObject) =>
      `${one.metadata.name}: a skew of ${one.spec.replicas} over topology.kubernetes.io/zone, at most 1 is declared`;
    expect(skews(seen)).toEqual(seen.workloads.map(uneven));
    expect(sharedZones(seen).length).toBeGreaterThan(0);
    return crowding(seen).join('; ');
  },
  PATIENCE,
);

proof(
  'root, a missing memory limit and a volume of another class are seen',
  async () => {
    const environment = smallest((objects) => withVolumes(objects) !== undefined);
    const flawed = withVolumes(objectsOf(environment))!.metadata.name;
    const root = makersIn(objectsOf(environment)).find(({ metadata }) => metadata.name !== flawed)!.metadata.name;
    await lives[environment]!.cluster.api.create(
      '/apis/storage.k8s.io/v1/storageclasses',
      storageClass('another', false),
    );
    let container = '';
    const { pool, copy } = await broken(environment, 'flawed', (maker) => {
      const { template, volumeClaimTemplates } = withoutWaits(maker).spec;
      if (maker.metadata.name === root) {
        template.spec.securityContext.runAsUser = 0;
        for (const one of containersOf(template.spec)) one.securityContext.runAsUser = 0;
        return maker;
      }
      if (maker.metadata.name !== flawed) return undefined;
      volumeClaimTemplates[0].spec.storageClassName = 'another';
      // The limit range gives a limit, which must not be below the request.
      const modest = [...template.spec.containers].sort((a, b) => memoryOf(a) - memoryOf(b))[0]!;
      container = modest.name;
      delete modest.resources.limits.memory;
      return maker;
    });
    copy.apply();
    await eventually(async () => (await refusalsIn(copy)).length > 0 && (await copy.readyPods())[flawed] !== undefined);
    const refused = await refusalsIn(copy);
    expect(refused.filter((line) => !line.startsWith(root))).toEqual([]);
    expect(refused[0]).toMatch(/violates PodSecurity "restricted:[^"]+": .*runAsUser=0/);
    const seen = await seenOf(copy, pool, copy.declared);
    const limit = copy.ofKind('LimitRange')[0]!.spec.limits[0].default.memory;
    expect(unbounded(seen)).toEqual([
      expect.stringMatching(`^${flawed}-0 ${container}: limits of memory ${limit}, declared `),
    ]);
    const [template] = withVolumes(copy.declared)!.spec.volumeClaimTemplates;
    expect(await volumeProblems(copy, { ...seen, workloads: [withVolumes(copy.declared)!] })).toEqual([
      `${template.metadata.name}-${flawed}-0 of ${flawed}: class another, declared ${template.spec.storageClassName ?? DEFAULT_CLASS}`,
    ]);
    return `${root} is refused; ${unbounded(seen).join()}`;
  },
  PATIENCE,
);

const memoryOf = (container: KubeObject) => requestOf({ spec: { containers: [container] } }, 'memory');

proof(
  'a wait for a Service that nothing serves keeps its pod and those who wait for it, and nobody else',
  async () => {
    const environment = smallest((objects) => awaitedIn(objects).length > 0);
    const objects = objectsOf(environment);
    const target = makersIn(objects).find(({ metadata }) => awaitedIn(objects).includes(metadata.name))!.metadata.name;
    const { copy } = await broken(environment, 'stuck', (maker) => {
      const { spec } = maker.spec.template;
      if (maker.metadata.name !== target) return maker;
      spec.initContainers = [{ ...spec.containers[0], name: 'wait-for-nothing' }, ...(spec.initContainers ?? [])];
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe', 'lifecycle']) {
        delete spec.initContainers[0][probe];
      }
      return maker;
    });
    copy.apply();
    const expected = expectedStates(copy.objects, () => 0);
    await becomes(copy, expected);
    const kept = differences(
      expectedStates(copy.declared, () => 0),
      statesOf(copy.objects, await copy.pods()),
    );
    expect(kept.map((line) => line.split(':')[0])).toContain(target);
    expect(kept.length).toBeGreaterThan(1);
    expect(kept.length).toBeLessThan(Object.keys(expected).length);
    return kept.join('; ');
  },
  PATIENCE,
);

proof(
  'pods that do not wait are seen',
  async () => {
    const environment = smallest((objects) => awaitedIn(objects).length > 0);
    const { copy } = await broken(environment, 'hasty', withoutWaits);
    const log = new StartLog(makersIn(copy.declared), copy.ofKind('Service'));
    await copy.watchPods((pod, gone) => log.note(pod, gone));
    copy.apply();
    await becomes(
      copy,
      expectedStates(copy.objects, () => 0),
    );
    expect(log.problems.length).toBeGreaterThan(0);
    return log.problems.join('; ');
  },
  PATIENCE,
);
