/** @tools cluster kwok crds injector argo-rollouts */
import { mergeSettings } from '../../src/settings/merge';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments, objectsIn, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { applyBroken, applyRelease, healByHand } from './broken';
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
import { type LiveEnvironment, startLive } from './live';
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
    live = await startLive(environment);
    live.apply();
    await allRunning(live);
  }, 180_000);

  afterAll(async () => live?.cluster.stop());

  const runners = runnersOf(environment);
  // Each release is on top of the one before.
  const release = { change: {}, folder: '', objects: [] as KubeObject[] };
  const nextRelease = (change: object): KubeObject[] => {
    const { objects } = release.folder === '' ? live : release;
    release.change = mergeSettings(release.change as any, change as any);
    release.folder = synthesized(environment, release.change);
    release.objects = objectsIn(release.folder);
    return changedConfigMaps(objects, release.objects);
  };
  const last = (fits: (runner: Runner) => boolean): Runner | undefined => runners.filter(fits).at(-1);

  proof(
    `${environment}: the next images of an application and of a server roll what runs from them, as its strategies say, and nothing else`,
    async () => {
      const application = runners.find(({ settings }) => settings['image'].profile)!;
      const [largest] = live.ofKind('StatefulSet').sort((a, b) => b.spec.replicas - a.spec.replicas);
      const server = last(({ image }) => largest.spec.template.spec.containers[0].image === image)!;
      const [first, second] = [application, server].map((one) => changeAt(one.path, { image: { tag: nextTag(one) } }));
      nextRelease(mergeSettings(first!, second!));
      const due = named(live.workloads, (one) => runsImage(one, [application.image, server.image]));
      return rolls(due, [application.image, server.image].join(' and '));
    },
    180,
  );

  proof(
    `${environment}: a value in a ConfigMap rolls what reads it, and nothing else`,
    async () => {
      const [runner] = configured(environment);
      const changed = nextRelease(changeAt(runner!.path, { environment: { CHANGED: 'yes' } }));
      expect(changed).toHaveLength(1);
      const due = named(live.workloads, (one) => configMapsOf(one).includes(changed[0]!));
      return rolls(due, changed.join());
    },
    180,
  );

  proof(
    `${environment}: a reference to a Secret rolls what reads it, and nothing else`,
    async () => {
      const runner = last(({ settings }) => Object.keys(settings['secrets'] ?? {}).length > 0)!;
      const [variable] = Object.keys(runner.settings['secrets']);
      nextRelease(changeAt(runner.path, { secrets: { [variable!]: { key: 'next' } } }));
      const due = named(live.workloads, (one) => readsSecretAs(one, variable!));
      return rolls(due, variable!);
    },
    180,
  );

  async function rolls(due: readonly string[], changed: string): Promise<string> {
    const began = Date.now();
    expect(due.length).toBeGreaterThan(0);
    expect(due.length).toBeLessThan(live.workloads.length);
    expect(await problemsOf(live, due, () => void live.apply(release.folder))).toEqual([]);
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
      live.apply(release.folder || live.folder);
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
    'a ConfigMap whose checksum does not stand on the pods is seen',
    async () => {
      const live = liveOf();
      const [runner] = configured(live.name);
      const after = objectsIn(synthesized(live.name, changeAt(runner!.path, { environment: { CHANGED: 'again' } })));
      const changed = changedConfigMaps(live.objects, after);
      const due = named(live.workloads, (one) => configMapsOf(one).includes(changed[0]!));
      // Templates without a checksum are the same before and after: what is left of the change is the ConfigMap.
      const items = after.filter(({ kind, metadata }) => kind === 'ConfigMap' && changed.includes(metadata.name));
      const problems = await problemsOf(live, due, () => void applyRelease(live, items));
      expect(problems).toEqual(due.map((name) => expect.stringMatching(`^${name} kept .* none has what changed$`)));
      return problems.join('; ');
    },
    120,
  );

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
      const [{ name, namespace, spec }] = series(live.name) as [any];
      const [first, second, ...others] = Array.from(
        { length: spec.replicas },
        (_, index) => `/api/v1/namespaces/${namespace}/pods/${name}-${(spec.ordinals?.start ?? 0) + index}`,
      ) as [string, string, ...string[]];
      const { api } = live.cluster;
      await api.patch(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`, {
        spec: {
          updateStrategy: { type: 'OnDelete', rollingUpdate: null },
          template: { metadata: { annotations: { rolled: 'by hand' } } },
        },
      });
      const problems = await problemsOf(live, [name], async () => {
        const { metadata } = await api.get(first);
        for (const pod of [first, second]) await api.delete(pod);
        await eventually(async () => (await api.get(first)).metadata.uid !== metadata.uid);
        for (const pod of others) await api.delete(pod);
      });
      expect(problems).toContainEqual(expect.stringMatching(`^${first.split('/').at(-1)} was changed before ${name}-`));
      expect(problems).toContainEqual(expect.stringMatching(`^${name} has . ready, at least`));
      return problems.join('; ');
    },
    180,
  );
}
