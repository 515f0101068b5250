/** @tools cluster kwok crds injector argo-rollouts */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { FIXED_KINDS, fixedChanges } from '../../src/outputs/upgrade';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { DIST, environments, objectsIn, objectsOf } from '../support/dist';
import { groupPathOf, type KubeObject } from './api';
import { liveObjects, titleOf, unlikeFiles } from './applied';
import type { Cluster } from './control-plane';
import { asList } from './furniture';
import { refusals } from './inventory';
import { APPLY, type LiveEnvironment, startLiveTogether } from './live';
import { PREVIOUS, previousDist } from './previous-release';
import { needlessRestarts, type Reason, restartedWorkloads, templateChanges, withoutReason } from './restarts';

/** Why pods restart when this release is applied over the previous one. An entry that fits nothing must go. */
const REASONS: readonly Reason[] = [
  {
    change:
      /^StatefulSet postgres: (spec\.(containers\.(postgres\.|wal-upload)|volumes\.)|metadata\.annotations\.checksum\/config)/,
    reason:
      'backups: the server archives its write-ahead log, and a container uploads it; both restart with what they read once',
  },
  {
    change: /^Deployment backend: .*\.(checksum\/config|env\.DATABASE_(USER|URL)(\.value)?)$/,
    reason: 'the user of the database comes from its Secret, so that passwords can be replaced',
  },
];

/** The previous release says an empty list here, which the API server drops. This one does not say it. */
const DROPPED = /^Deployment \S+-exporter \.spec\.template\.spec\.volumes: is gone$/;
const notDropped = (differences: readonly string[]) => differences.filter((one) => !DROPPED.test(one));

const previous = previousDist();
const objectsBefore = (name: string) => objectsIn(join(previous, name));
const upgraded = environments().filter((name) => existsSync(join(previous, name)));
const [smallest = ''] = [...upgraded].sort((a, b) => objectsOf(a).length - objectsOf(b).length);

let cluster: Cluster;
const lives = new Map<string, LiveEnvironment>();

/** All environments live side by side, as of the previous release. */
beforeAll(async () => {
  const machines = { allocatable: { cpu: '32', memory: '128Gi', 'ephemeral-storage': '400Gi', pods: '250' } };
  for (const live of await startLiveTogether(upgraded, { machines })) lives.set(live.name, live);
  cluster = lives.get(smallest)!.cluster;
  cluster.applyCrdsFor(upgraded.flatMap(objectsBefore));
  for (const name of upgraded) apply(previous, name);
  for (const live of lives.values()) await grown(live);
}, 240_000);

afterAll(async () => cluster.stop());

const apply = (dist: string, name: string) => cluster.kubectl([...APPLY, '-f', join(dist, name)]);

/** Settled, with every autoscaler's minimum reached. */
async function grown(live: LiveEnvironment): Promise<void> {
  const isGrown = async ({ metadata: { namespace }, spec: { scaleTargetRef, minReplicas } }: KubeObject) => {
    const path = groupPathOf({ ...scaleTargetRef, metadata: { name: scaleTargetRef.name, namespace } });
    return (await cluster.api.get(path)).spec.replicas >= minReplicas;
  };
  const scalers = live.ofKind('HorizontalPodAutoscaler');
  await eventually(async () => (await Promise.all(scalers.map(isGrown))).every(Boolean), 60);
  await live.settled(120);
}

/** What cannot be changed in place, by the list of `synth`. */
function fixed(before: readonly KubeObject[], after: readonly KubeObject[]): string[] {
  return after
    .filter(({ kind }) => FIXED_KINDS.includes(kind))
    .flatMap((is) => {
      const was = before.find((one) => titleOf(one) === titleOf(is));
      return was ? fixedChanges(was, is).map(({ field }) => `${titleOf(is)}: ${field}`) : [];
    });
}

/** Objects without what counts their changes, tells when, or says how they are. */
function configuration(objects: readonly KubeObject[]): string[] {
  return objects.map(({ status: _, metadata, ...object }) => {
    const { resourceVersion: __, generation: ___, managedFields: ____, annotations = {}, ...rest } = metadata;
    const { 'deployment.kubernetes.io/revision': _____, ...others } = annotations;
    return JSON.stringify({ ...object, metadata: { ...rest, annotations: others } });
  });
}

const claims = async (live: LiveEnvironment, namespace: string): Promise<string[]> =>
  (await live.cluster.api.list(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`)).map(
    ({ metadata, spec }) => `${metadata.name} ${metadata.uid} ${spec.resources.requests.storage}`,
  );

describe.each(upgraded)('%s', (name) => {
  const [before, after] = [objectsBefore(name), objectsOf(name)];
  const changes = templateChanges(before, after);
  let live: LiveEnvironment;
  let old: string[];
  let oldClaims: string[];

  proof(
    `${name}: applied over the previous release nothing is refused, and only those pods restart that have a reason`,
    async () => {
      live = lives.get(name)!;
      old = configuration(liveObjects(cluster, join(previous, name)));
      oldClaims = (await Promise.all(live.namespaces.map((one) => claims(live, one)))).flat();
      const pods = await live.pods();
      expect(fixed(before, after)).toEqual([]);
      expect(withoutReason(changes, REASONS)).toEqual([]);

      apply(DIST, name);
      await live.settled(120);
      const restarted = restartedWorkloads(pods, await live.pods());
      expect(needlessRestarts(changes, restarted)).toEqual([]);
      expect(await refusals(cluster.api, live.namespaces)).toEqual([]);
      expect(unlikeFiles(after, liveObjects(cluster, live.folder))).toEqual([]);
      const now = (await Promise.all(live.namespaces.map((one) => claims(live, one)))).flat();
      expect(oldClaims.filter((claim) => !now.includes(claim))).toEqual([]);
      return `restarted ${restarted.join(', ') || 'none'} for ${changes.length} changes; ${pods.length} pods before`;
    },
    180,
  );

  proof(
    `${name}: the folder of ${PREVIOUS} applied again brings the old configuration back, without refusal`,
    async () => {
      apply(previous, name);
      await live.settled(120);
      const found = liveObjects(cluster, join(previous, name));
      expect(notDropped(unlikeFiles(before, found))).toEqual([]);
      expect(configuration(found)).toEqual(old);
      expect(await refusals(cluster.api, live.namespaces)).toEqual([]);
      return `${old.length} objects are as they were`;
    },
    180,
  );
});

proof(`${PREVIOUS} had nothing that is gone now; what is new since has nothing to be applied over`, async () => {
  const before = readdirSync(previous).flatMap((system) =>
    readdirSync(join(previous, system), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${system}/${name}`),
  );
  expect(before.sort()).toEqual(upgraded);
  const added = environments().filter((name) => !upgraded.includes(name));
  return `upgraded: ${upgraded.join(', ')}; new: ${added.join(', ') || 'none'}`;
});

proof('every reason for a restart is still one', async () => {
  const changes = upgraded.flatMap((name) => templateChanges(objectsBefore(name), objectsOf(name)));
  expect(REASONS.filter(({ change }) => !changes.some((one) => change.test(one)))).toEqual([]);
  return `${REASONS.length} reasons for ${changes.length} changes`;
});

proof(`${smallest}: a changed claim of a StatefulSet is refused, and is seen before`, async () => {
  const objects = objectsBefore(smallest);
  const mutant = structuredClone(
    objects.find(({ kind, spec }) => kind === 'StatefulSet' && spec.volumeClaimTemplates)!,
  );
  mutant.spec.volumeClaimTemplates[0].spec.resources.requests.storage = '999Gi';
  expect(() => cluster.kubectl([...APPLY, '-f', '-'], { input: asList([mutant]) })).toThrow(
    "updates to statefulset spec for fields other than 'replicas'",
  );
  expect(fixed(objects, [mutant])).toEqual([`${titleOf(mutant)}: spec.volumeClaimTemplates`]);
  return titleOf(mutant);
});

proof(
  `${smallest}: a needless annotation on a template is seen, and so is the restart`,
  async () => {
    const live = lives.get(smallest)!;
    const objects = objectsBefore(smallest);
    const mutant = structuredClone(objects.find(({ kind }) => kind === 'Deployment')!);
    mutant.spec.template.metadata.annotations = {
      ...mutant.spec.template.metadata.annotations,
      'synthesized-at': 'noon',
    };
    const pods = await live.pods();
    cluster.kubectl([...APPLY, '-f', '-'], { input: asList([mutant]) });
    await live.settled();
    const { name } = mutant.metadata;
    expect(needlessRestarts([], restartedWorkloads(pods, await live.pods()))).toEqual([
      `${name} restarted, and its template is the same`,
    ]);
    expect(withoutReason(templateChanges(objects, [mutant]), REASONS)[0]).toMatch(
      /^Deployment .*annotations.* no reason/,
    );
    const slower = { ...mutant, spec: { ...mutant.spec, minReadySeconds: 7 } };
    expect(notDropped(unlikeFiles([slower], liveObjects(cluster, join(previous, smallest))))).toEqual([
      `Deployment ${name} .spec.minReadySeconds: 7 became undefined`,
    ]);
    return name;
  },
  120,
);

proof('a checkout without the commit says what to do', async () => {
  expect(() => previousDist('0123456789')).toThrow('git fetch --unshallow');
  return 'git fetch --unshallow';
});
