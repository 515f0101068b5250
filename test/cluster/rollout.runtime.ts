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
  nextRelease as nextReleaseOf,
  partsWithSecrets,
  readsSecretAs,
  type Runner,
  runnersOf,
  runsImage,
  synthesized,
} from './changes';
import { allRunning, declaredWorkloads } from './declared';
import { type LiveEnvironment, startLiveTogether } from './live';
import { lookThroughout } from './looks';
import { act, promoteFully, promoteStepwise } from './promotion';
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
async function problemsOf(live: LiveEnvironment, due: readonly string[], change: () => unknown) {
  const before = await podIds(live);
  const seen = await lookThroughout(live, brokenStrategies(live.objects));
  await change();
  await allRunning(live);
  seen.stop();
  return [...seen.problems, ...wronglyRolled(before, await podIds(live), due)];
}

/** The environments of a system live in one cluster, and their proofs follow one another. */
let together: readonly LiveEnvironment[] = [];

async function liveOf(environment: string): Promise<LiveEnvironment> {
  if (!together.some(({ name }) => name === environment)) {
    await together[0]?.cluster.stop();
    const [system] = environment.split('/');
    together = await startLiveTogether(environments().filter((one) => one.startsWith(`${system}/`)));
  }
  return together.find(({ name }) => name === environment)!;
}

afterAll(async () => together[0]?.cluster.stop());

describe.each(environments())('%s', (environment) => {
  let live: LiveEnvironment;

  beforeAll(async () => {
    live = await liveOf(environment);
    live.apply();
    await allRunning(live);
  }, 240_000);

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
  const application = runners.find(({ settings }) => settings['image'].profile)!;
  const server = serverOf(environment, runners);
  const [applied, ...others] = server ? [application, server] : [application];

  proof(
    server
      ? `${environment}: the next images of an application and of a server roll what runs from them, as its strategies say, and nothing else`
      : `${environment}: the next image of an application rolls what runs from it, as its strategy says, and nothing else`,
    async () => {
      nextRelease(
        others.reduce(
          (change, one) => mergeSettings(change as any, nextReleaseOf(one) as any),
          nextReleaseOf(applied!),
        ),
      );
      const images = [applied!, ...others].map(({ image }) => image);
      const { active } = application.settings['release'] ?? {};
      const isServing = ({ metadata }: KubeObject) => !active || metadata.labels.version === active;
      const due = named(live.workloads, (one) => runsImage(one, images) && isServing(one));
      return rolls(due, images.join(' and '), promoteStepwise);
    },
    240,
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
      const part = partsWithSecrets(environment).at(-1)!;
      const [variable] = Object.keys(part.settings['secrets']);
      nextRelease(changeAt(part.path, { secrets: { [variable!]: { key: 'next' } } }));
      const due = named(live.workloads, (one) => readsSecretAs(one, variable!));
      return rolls(due, variable!);
    },
    180,
  );

  /** Applies the release. Where it pauses at steps, somebody promotes it. */
  async function rolls(
    due: readonly string[],
    changed: string,
    promote: (live: LiveEnvironment, rollout: KubeObject) => Promise<number[] | void> = promoteFully,
  ): Promise<string> {
    const began = Date.now();
    const steps: string[] = [];
    expect(due.length).toBeGreaterThan(0);
    expect(due.length).toBeLessThan(live.workloads.length);
    const change = async () => {
      live.apply(release.folder);
      for (const rollout of live.ofKind('Rollout')) {
        const shares = (await promote(live, rollout)) ?? [];
        if (!due.includes(rollout.metadata.name) || promote !== promoteStepwise) continue;
        expect(shares).toEqual(
          rollout.spec.strategy.canary.steps.flatMap(({ setWeight }: KubeObject) => setWeight ?? []),
        );
        steps.push(`, by ${shares.join(', ')} % of the requests`);
      }
    };
    expect(await problemsOf(live, due, change)).toEqual([]);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    const rolled = declaredWorkloads(live.objects).filter(({ name, replicas }) => due.includes(name) && replicas > 0);
    const names = rolled.map(({ name }) => name).join(', ');
    return `${changed}: ${names} of ${live.workloads.length} workloads in ${seconds} s${steps.join('')}`;
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
      return `stopped and taken back twice; ${byHand.length > 0 ? `only ${byHand.join(', ')}` : 'nothing'} had to be deleted`;
    },
    240,
  );

  if (environment === mutated) mutations(() => live);
});

/** What the StatefulSet with most pods runs from, where there is one. */
function serverOf(environment: string, runners: readonly Runner[]): Runner | undefined {
  const [largest] = objectsOf(environment)
    .filter(({ kind }) => kind === 'StatefulSet')
    .sort((a, b) => b.spec.replicas - a.spec.replicas);
  return runners.filter(({ image }) => largest?.spec.template.spec.containers[0].image === image).at(-1);
}

const configured = (environment: string) =>
  runnersOf(environment).filter(({ settings }) => Object.keys(settings['environment'] ?? {}).length > 0);

function undo(live: LiveEnvironment, namespace: string): void {
  const workloads = live.workloads.filter(({ metadata }) => metadata.namespace === namespace);
  for (const rollout of workloads.filter(({ kind }) => kind === 'Rollout')) act(live, 'undo', rollout);
  const others = workloads.filter(({ kind }) => kind !== 'Rollout');
  if (others.length === 0) return;
  const names = others.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
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
