/** @tools cluster kwok crds injector argo-rollouts */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { allRunning, type BudgetPromise, brokenPromises, declaredWorkloads, isOf, promisesOf } from './declared';
import { cordon, type Drain, drainByEvictions, drainByKubectl } from './drain';
import { type LiveEnvironment, startLive } from './live';
import { lookThroughout } from './looks';
import { ZONES } from './machines';
import { loseZone, type Remains, remainsWithout, restoreZone } from './outage';
import { isReady, matches } from './pods';

/** Longer than any pod of ours needs to be ready elsewhere; kubectl asks every five seconds. */
const DRAIN_SECONDS = 60;

const kept = (environment: string) => promisesOf(objectsOf(environment)).filter(({ least }) => least > 0);
const promising = environments().filter((environment) => kept(environment).length > 0);
/** The smallest that shows it. */
const [mutated] = [...promising].sort((a, b) => objectsOf(a).length - objectsOf(b).length);

const nodesOf = async ({ cluster: { api } }: LiveEnvironment): Promise<string[]> =>
  (await api.list('/api/v1/nodes')).map(({ metadata }) => metadata.name).sort();

/** Where the pods with volumes are, by their names, which they keep. */
const placesOf = async (live: LiveEnvironment): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await live.pods())
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'StatefulSet')
      .map(({ metadata, spec }) => [`${metadata.namespace}/${metadata.name}`, spec.nodeName]),
  );

/** What goes wrong while a node is emptied. It is back in service when all that it had is somewhere. */
async function problemsOfDrain(live: LiveEnvironment, node: string, drain: Drain, seconds: number): Promise<string[]> {
  const before = await placesOf(live);
  const problems = await drain(live, node, seconds);
  if (problems.length === 0) problems.push(...(await problemsOfPlaces(live, node, before)));
  await cordon(live, node, false);
  return problems;
}

/** A volume keeps its pod in the zone. */
async function problemsOfPlaces(
  live: LiveEnvironment,
  node: string,
  before: Record<string, string>,
): Promise<string[]> {
  const moved = Object.keys(before).filter((name) => before[name] === node);
  await eventually(async () => {
    const after = await placesOf(live);
    return moved.every((name) => after[name] !== undefined);
  }).catch(() => undefined);
  const after = await placesOf(live);
  const zone = node.replace(/-\d+$/, '');
  return moved
    .filter((name) => after[name] === node || !after[name]?.startsWith(`${zone}-`))
    .map((name) => `${name} went from ${node} to ${after[name]}, not to the other node of its zone`);
}

/** The same for nodes one after the other, or all at once, with the budgets looked at throughout. */
async function problemsOfDrains(
  live: LiveEnvironment,
  nodes: readonly string[],
  { drain = drainByEvictions, seconds = DRAIN_SECONDS, atOnce = false } = {},
): Promise<string[]> {
  const seen = await lookThroughout(live, brokenPromises(promisesOf(live.objects)));
  const found: string[] = [];
  const drained = (node: string) => problemsOfDrain(live, node, drain, seconds);
  if (atOnce) found.push(...(await Promise.all(nodes.map(drained))).flat());
  else for (const node of nodes) found.push(...(await drained(node)));
  seen.stop();
  return [...seen.problems, ...found];
}

interface Outage extends Remains {
  readonly problems: string[];
}

/** Loses a zone, waits until what can come back is back, and restores it. */
async function outageOf(live: LiveEnvironment, zone: string): Promise<Outage> {
  const seen = await lookThroughout(live, brokenPromises(promisesOf(live.objects)));
  const nodes = await loseZone(live, zone);
  let remains = await remainsWithout(live, zone);
  await eventually(async () => {
    remains = await remainsWithout(live, zone);
    return remains.missing.length === 0;
  }).catch(() => undefined);
  seen.stop();
  await restoreZone(live, zone, nodes);
  await allRunning(live);
  const missing = remains.missing.map((one) => `without ${zone} it does not come back: ${one}`);
  return { ...remains, problems: [...seen.problems, ...missing] };
}

/**
 * Pods stay where they are when a zone is back, and what came to the others stands closer there. Has the scheduler place them
 * again, as an operator would by `kubectl rollout restart`; how that goes is proved elsewhere.
 */
async function spreadAgain(live: LiveEnvironment): Promise<void> {
  const { api } = live.cluster;
  const workloads = declaredWorkloads(live.objects).filter(
    ({ kind, replicas }) => kind !== 'StatefulSet' && replicas > 1,
  );
  const pods = (await live.pods()).filter((pod) => workloads.some((one) => isOf(one, pod)));
  for (const { metadata } of pods) await api.delete(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`);
  const ids = pods.map(({ metadata }) => metadata.uid);
  await eventually(async () => (await live.pods()).every(({ metadata }) => !ids.includes(metadata.uid)));
  await allRunning(live);
}

describe.each(environments())('%s', (environment) => {
  let live: LiveEnvironment;

  beforeAll(async () => {
    live = await startLive(environment);
    live.apply();
    await allRunning(live);
  }, 180_000);

  afterAll(async () => live?.cluster.stop());

  const byKubectl = environment === promising[0];

  proof(
    `${environment}: each node in turn is drained${byKubectl ? ' by kubectl' : ''}, and budgets hold at every change`,
    async () => {
      const began = Date.now();
      const nodes = await nodesOf(live);
      const drain = byKubectl ? drainByKubectl : drainByEvictions;
      expect(await problemsOfDrains(live, nodes, { drain })).toEqual([]);
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      await allRunning(live);
      return `${nodes.length} nodes in ${seconds} s; ${promised(kept(environment))}`;
    },
    420,
  );

  proof(
    `${environment}: the loss of a zone leaves what budgets promise, and what is not bound to it comes back in the others`,
    async () => {
      const figures: string[] = [];
      for (const zone of ZONES) {
        const { problems, bound, waiting } = await outageOf(live, zone);
        expect(problems).toEqual([]);
        const stay = bound.length > 0 ? `${bound.join(', ')} wait for it` : 'nothing waits for it';
        await spreadAgain(live);
        figures.push(`${zone}: ${stay}${waiting.length > 0 ? `, ${waiting.join(', ')} for these` : ''}`);
      }
      return `${figures.join('; ')}; ${unprotected(environment)}`;
    },
    300,
  );

  if (environment === mutated) mutations(() => live);
});

const promised = (promises: readonly BudgetPromise[]): string =>
  promises.length === 0
    ? 'no budget promises any pod'
    : promises.map(({ name, least, expected }) => `${name} ≥ ${least} of ${expected}`).join(', ');

function unprotected(environment: string): string {
  const names = promisesOf(objectsOf(environment))
    .filter(({ least }) => least === 0)
    .map(({ name }) => name);
  return names.length > 0 ? `may be down with a zone, for budgets promise none: ${names.join(', ')}` : 'all protected';
}

/** The same checks of what is broken on purpose. */
function mutations(liveOf: () => LiveEnvironment): void {
  const budgetPath = ({ name, namespace }: BudgetPromise) =>
    `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${name}`;
  const podsOf = async (live: LiveEnvironment, { namespace, selector }: BudgetPromise) =>
    (await live.pods()).filter((pod) => pod.metadata.namespace === namespace && matches(selector, pod) && isReady(pod));
  const nodesWith = async (live: LiveEnvironment, promise: BudgetPromise) =>
    [...new Set((await podsOf(live, promise)).map(({ spec }) => spec.nodeName))].sort();

  proof(
    'a drain that is stuck at a budget too high is seen',
    async () => {
      const live = liveOf();
      const [promise] = kept(live.name);
      const { spec } = live.objects.find(
        ({ kind, metadata }) => kind === 'PodDisruptionBudget' && metadata.name === promise!.name,
      )!;
      const tooHigh = { minAvailable: promise!.expected, maxUnavailable: null };
      await live.cluster.api.patch(budgetPath(promise!), { spec: tooHigh });
      const [node] = await nodesWith(live, promise!);
      const problems = await problemsOfDrains(live, [node!], { seconds: 5 });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(`draining ${node} is stuck after 5 s at ${promise!.name}-`);
      expect(problems[0]).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
      await live.cluster.api.patch(budgetPath(promise!), { spec: { minAvailable: null, ...spec } });
      await allRunning(live);
      return problems[0]!;
    },
    120,
  );

  proof(
    'a budget that was taken away is seen',
    async () => {
      const live = liveOf();
      const [promise] = kept(live.name);
      const drains = async () => problemsOfDrains(live, await nodesWith(live, promise!), { atOnce: true, seconds: 2 });
      // With the budget the drains get stuck, for no node is left; what it promises holds.
      expect((await drains()).filter((problem) => problem.startsWith('budget'))).toEqual([]);
      await allRunning(live);
      await live.cluster.api.delete(budgetPath(promise!));
      const problems = (await drains()).filter((problem) => problem.startsWith('budget'));
      expect(problems).toContain(`budget ${promise!.name} promises ${promise!.least} ready, 0 are`);
      live.apply();
      await allRunning(live);
      return problems.join('; ');
    },
    180,
  );

  proof(
    'all replicas on one node are seen when its zone is lost',
    async () => {
      const live = liveOf();
      const promise = await stateless(live);
      await gather(live, await podsOf(live, promise), `${ZONES[0]}-1`);
      const { problems } = await outageOf(live, ZONES[0]!);
      expect(problems).toContain(`budget ${promise.name} promises ${promise.least} ready, 0 are`);
      return problems.join('; ');
    },
    120,
  );

  /** A budget whose pods can go anywhere. */
  const stateless = async (live: LiveEnvironment): Promise<BudgetPromise> => {
    for (const promise of kept(live.name)) {
      const pods = await podsOf(live, promise);
      if (pods.every(({ metadata }) => metadata.ownerReferences[0].kind === 'ReplicaSet')) return promise;
    }
    throw new Error(`${live.name}: no budget of pods that can go anywhere promises any`);
  };

  /** Has pods made again while only one node takes any. */
  const gather = async (live: LiveEnvironment, pods: readonly KubeObject[], to: string) => {
    const { api } = live.cluster;
    const others = (await nodesOf(live)).filter((node) => node !== to);
    const cordon = (unschedulable: boolean) =>
      Promise.all(others.map((node) => api.patch(`/api/v1/nodes/${node}`, { spec: { unschedulable } })));
    await cordon(true);
    for (const { metadata } of pods) await api.delete(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`);
    await eventually(async () =>
      (await live.pods()).every(({ metadata, spec }) => !metadata.deletionTimestamp && spec.nodeName),
    );
    await allRunning(live);
    await cordon(false);
  };
}
