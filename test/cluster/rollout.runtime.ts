/** @tools cluster kwok crds injector */
import { proof } from '../runtime/support/proof';
import { environments, objectsIn, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { applyBroken, healByHand } from './broken';
import {
  changeAt,
  changedConfigMaps,
  configMapsOf,
  nextTag,
  readsSecretAs,
  type Runner,
  runnersOf,
  runsImage,
  synthesized,
} from './changes';
import { allRunning, declaredWorkloads } from './declared';
import { APPLY, type LiveEnvironment, startLive } from './live';
import { lookThroughout } from './looks';
import { brokenStrategies, podIds, wronglyRolled } from './rollouts';

const rolling = (environment: string) =>
  declaredWorkloads(objectsOf(environment)).filter(
    ({ kind, replicas, spec }) => kind === 'Deployment' && replicas > 1 && spec.strategy?.type !== 'Recreate',
  );
const series = (environment: string) =>
  declaredWorkloads(objectsOf(environment)).filter(({ kind, replicas }) => kind === 'StatefulSet' && replicas > 1);
/** The smallest that shows all. */
const [mutated] = environments()
  .filter((environment) => rolling(environment).length > 0 && series(environment).length > 0)
  .sort((a, b) => objectsOf(a).length - objectsOf(b).length);

const named = (workloads: readonly KubeObject[], isDue: (workload: KubeObject) => boolean): string[] =>
  workloads.filter(isDue).map(({ metadata }) => metadata.name);

/** Changes the environment and waits until it has rolled out: what went otherwise than declared. */
async function problemsOf(live: LiveEnvironment, due: readonly string[], change: () => void | Promise<unknown>) {
  const before = await podIds(live);
  const seen = await lookThroughout(live, brokenStrategies(live.objects));
  await change();
  await allRunning(live);
  seen.stop();
  return [...seen.problems, ...wronglyRolled(before, await podIds(live), due)];
}

describe.each(environments())('%s', (environment) => {
  let live: LiveEnvironment;

  beforeAll(async () => {
    live = await startLive(environment, { autoscalerPeriod: 1 });
    live.apply();
    await allRunning(live);
  }, 180_000);

  afterAll(async () => live?.cluster.stop());

  const runners = runnersOf(environment);
  const last = (fits: (runner: Runner) => boolean): Runner | undefined => runners.filter(fits).at(-1);

  proof(
    `${environment}: the next images of an application and of a server roll what runs from them, as its strategies say, and nothing else`,
    async () => {
      const application = runners.find(({ settings }) => settings['image'].profile)!;
      const [largest] = live.ofKind('StatefulSet').sort((a, b) => b.spec.replicas - a.spec.replicas);
      const server = last(({ image }) => largest.spec.template.spec.containers[0].image === image)!;
      const changes = [application, server].map((one) => changeAt(one.path, { image: { tag: nextTag(one) } }));
      const folder = synthesized(environment, Object.assign({}, ...changes));
      const due = named(live.workloads, (one) => runsImage(one, [application.image, server.image]));
      return rolls(due, [application.image, server.image].join(' and '), () => live.apply(folder));
    },
    180,
  );

  proof(
    `${environment}: a value in a ConfigMap rolls what reads it, and nothing else`,
    async () => {
      const [runner] = configured(environment);
      const folder = synthesized(environment, changeAt(runner!.path, { environment: { CHANGED: 'yes' } }));
      const changed = changedConfigMaps(live.objects, objectsIn(folder));
      expect(changed).toHaveLength(1);
      const due = named(live.workloads, (one) => configMapsOf(one).includes(changed[0]!));
      // The images go back in the same step, which is a rollout of its own before.
      live.apply();
      await allRunning(live);
      return rolls(due, changed.join(), () => live.apply(folder));
    },
    180,
  );

  proof(
    `${environment}: a reference to a Secret rolls what reads it, and nothing else`,
    async () => {
      const runner = last(({ settings }) => Object.keys(settings['secrets'] ?? {}).length > 0)!;
      const [variable] = Object.keys(runner.settings['secrets']);
      const folder = synthesized(environment, changeAt(runner.path, { secrets: { [variable!]: { key: 'next' } } }));
      const due = named(live.workloads, (one) => readsSecretAs(one, variable!));
      live.apply();
      await allRunning(live);
      return rolls(due, variable!, () => live.apply(folder));
    },
    180,
  );

  async function rolls(due: readonly string[], changed: string, change: () => unknown): Promise<string> {
    const began = Date.now();
    expect(due.length).toBeGreaterThan(0);
    expect(due.length).toBeLessThan(live.workloads.length);
    expect(await problemsOf(live, due, async () => change())).toEqual([]);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    return `${changed}: ${due.join(', ')} of ${live.workloads.length} workloads in ${seconds} s`;
  }

  proof(
    `${environment}: images that cannot be pulled stop every rollout within its bounds; applying what was before, or undo, takes them back`,
    async () => {
      const seen = await lookThroughout(live, brokenStrategies(live.objects));
      const byHand = live
        .ofKind('StatefulSet')
        .filter(({ spec }) => spec.podManagementPolicy === 'OrderedReady')
        .map(({ metadata, spec }) => `${metadata.name}-${(spec.ordinals?.start ?? 0) + spec.replicas - 1}`)
        .sort();
      await applyBroken(live);
      live.apply();
      expect(await healByHand(live)).toEqual(byHand);
      await allRunning(live);

      await applyBroken(live);
      for (const namespace of live.namespaces) undo(live, namespace);
      expect(await healByHand(live)).toEqual(byHand);
      await allRunning(live);
      seen.stop();
      expect(seen.problems).toEqual([]);
      return `stopped and taken back twice; only ${byHand.join(', ')} had to be deleted`;
    },
    240,
  );

  if (environment === mutated) mutations(() => live);
});

const configured = (environment: string) =>
  runnersOf(environment).filter(({ settings }) => Object.keys(settings['environment'] ?? {}).length > 0);

function undo(live: LiveEnvironment, namespace: string): void {
  const workloads = live.workloads.filter(({ metadata }) => metadata.namespace === namespace);
  if (workloads.length === 0) return;
  const names = workloads.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
  live.cluster.kubectl(['rollout', 'undo', `--namespace=${namespace}`, ...names]);
}

/** The same checks of what is broken on purpose. */
function mutations(liveOf: () => LiveEnvironment): void {
  proof(
    'a surge, pods missing at once and a rollout without cause are seen',
    async () => {
      const live = liveOf();
      const [{ name, namespace, replicas }] = rolling(live.name) as [any];
      const roll = (rollingUpdate: object) =>
        live.cluster.api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, {
          spec: {
            strategy: { rollingUpdate },
            template: { metadata: { annotations: { rolled: JSON.stringify(rollingUpdate) } } },
          },
        });
      const surged = await problemsOf(live, [], () => roll({ maxSurge: '100%', maxUnavailable: 0 }));
      expect(surged).toContainEqual(expect.stringContaining(`${name} has ${2 * replicas} pods, at most`));
      expect(surged).toContain(`${name} lost ${replicas} of ${replicas} pods, and nothing of it changed`);
      const missed = await problemsOf(live, [name], () => roll({ maxSurge: 0, maxUnavailable: '100%' }));
      expect(missed).toContainEqual(expect.stringContaining(`${name} has 0 ready, at least`));
      return [...surged, ...missed].join('; ');
    },
    180,
  );

  proof(
    'a StatefulSet that is changed from the first pod on, or that misses two, is seen',
    async () => {
      const live = liveOf();
      const [{ name, namespace }] = series(live.name) as [any];
      const remove = (ordinal: number) =>
        live.cluster.api.delete(`/api/v1/namespaces/${namespace}/pods/${name}-${ordinal}`);
      await live.cluster.api.patch(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`, {
        spec: {
          updateStrategy: { type: 'OnDelete', rollingUpdate: null },
          template: { metadata: { annotations: { rolled: 'by hand' } } },
        },
      });
      const problems = await problemsOf(live, [name], async () => {
        await remove(0);
        await remove(1);
      });
      expect(problems).toContainEqual(expect.stringContaining(`${name}-0 was changed before ${name}-`));
      expect(problems).toContainEqual(expect.stringMatching(`^${name} has . ready, at least`));
      return problems.join('; ');
    },
    180,
  );

  proof(
    'a ConfigMap whose checksum does not stand on the pods is seen',
    async () => {
      const live = liveOf();
      live.apply();
      await allRunning(live);
      const [runner] = configured(live.name);
      const after = objectsIn(synthesized(live.name, changeAt(runner!.path, { environment: { CHANGED: 'yes' } })));
      const changed = changedConfigMaps(live.objects, after);
      const due = named(live.workloads, (one) => configMapsOf(one).includes(changed[0]!));
      // Templates without a checksum are the same before and after: what is left of the change is the ConfigMap.
      const items = after.filter(({ kind, metadata }) => kind === 'ConfigMap' && changed.includes(metadata.name));
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      const problems = await problemsOf(live, due, async () => live.cluster.kubectl([...APPLY, '-f', '-'], { input }));
      expect(problems).toEqual(due.map((name) => expect.stringMatching(`^${name} kept .* none has what changed$`)));
      return problems.join('; ');
    },
    120,
  );
}
