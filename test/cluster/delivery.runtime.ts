/** @tools cluster crds */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { synth } from '../../src/cli/synth';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { eventually, scratchFolder } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { DIST, environments, objectsIn, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { liveObjects, titleOf, unlikeFiles } from './applied';
import { Cluster } from './control-plane';
import { applyObjects } from './furniture';
import { inventory } from './inventory';
import { APPLY } from './live';
import { removeWhatLeft } from './removal';

/** What goes to a cluster in one go is the same way for all; the largest environment of each system shows it. */
const DELIVERED = environments().filter((name) => name.endsWith('/production'));

/** Without controllers nobody but who applies changes an object: whether one was touched is seen in its version. */
let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
  cluster.applyCrdsFor(DELIVERED.flatMap(objectsOf));
}, 200_000);

afterAll(async () => cluster.stop());

const apply = (how: '-f' | '-k', path: string) => cluster.kubectl([...APPLY, how, path]);

const single = (name: string, dist = DIST) => join(dist, `${name}.yaml`);

const overlayOf = (name: string) => join(DIST, name.replace('/', '/kustomize/overlays/'));

/** The environment with other images of its applications, as an earlier release had them. */
function earlier(name: string): string {
  const [folder, out] = [scratchFolder('earlier'), scratchFolder('earlier-dist')];
  const [system] = name.split('/');
  cpSync('overlays', folder, { recursive: true });
  const file = join(folder, system!, 'base.yaml');
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(/tag: \S+, profile/g, 'tag: 0.9.0, profile');
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  const terminal = { out: () => undefined, error: (problem: string) => expect(problem).toBe('') };
  const args = ['--quiet', '--only', name, '--overlays', folder, '--out', out];
  expect(synth(args, { systems: SYSTEMS, validators }, terminal)).toBe(0);
  return out;
}

/** `Kind name in namespace` with what the API server counts of each. */
const versions = (objects: readonly KubeObject[]): string[] =>
  objects.map(
    ({ kind, metadata: { name, namespace, uid, generation, resourceVersion } }) =>
      `${kind} ${name} in ${namespace}: ${uid} ${generation} ${resourceVersion}`,
  );

/** An object without what the API server counts, and who wrote which field when. */
const configuration = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ status: _, metadata, ...object }) => {
    const { resourceVersion: __, generation: ___, managedFields: ____, ...rest } = metadata;
    return JSON.stringify({ ...object, metadata: rest });
  });

const CLUSTER_KINDS = ['namespaces', 'storageclasses', 'priorityclasses', 'validatingadmissionpolicies'];

/** Everything in the namespaces of all that was delivered, and what is in none. */
async function everything(): Promise<string[]> {
  const namespaces = DELIVERED.flatMap(objectsOf).flatMap(({ kind, metadata }) =>
    kind === 'Namespace' ? metadata.name : [],
  );
  let inside: string[] = [];
  // The server reads what it stores anew after so many kinds were made, and says so.
  await eventually(async () => {
    inside = await inventory(cluster.api, [...namespaces, 'default']);
    return true;
  });
  const outside = CLUSTER_KINDS.flatMap((kind) => cluster.kubectl(['get', kind, '-o', 'name']).trim().split('\n'));
  return [...inside, ...outside];
}

describe.each(DELIVERED)('%s', (name) => {
  const title = (text: string) => `${name}: ${text}`;
  const objects = objectsOf(name);
  const live = () => liveObjects(cluster, join(DIST, name));

  proof(
    title('its single file is applied in one go, and every object is as the plain files say'),
    async () => {
      const began = Date.now();
      apply('-f', single(name));
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      const found = live();
      expect(found).toHaveLength(objects.length);
      expect(unlikeFiles(objects, found)).toEqual([]);
      return `${found.length} objects in ${seconds} s`;
    },
    120,
  );

  proof(
    title('applied by kustomize over that, from its folder or its overlay, no object is touched'),
    async () => {
      // The second apply of a claim or an admission policy writes when it was; see `contents` in applied.ts.
      apply('-f', join(DIST, name));
      const before = versions(live());
      for (const folder of [join(DIST, name), overlayOf(name)]) {
        apply('-k', folder);
        expect(versions(live())).toEqual(before);
      }
      apply('-f', single(name));
      expect(versions(live())).toEqual(before);
      return `${before.length} objects keep version and generation`;
    },
    180,
  );

  proof(
    title('an earlier version applied over it, and this one again, are each as their file says'),
    async () => {
      const before = configuration(live());
      const out = earlier(name);
      const old = objectsIn(join(out, name));
      apply('-f', single(name, out));
      expect(unlikeFiles(old, liveObjects(cluster, join(out, name)))).toEqual([]);
      const changed = unlikeFiles(objects, live());
      expect(changed.join('\n')).toContain('0.9.0');
      apply('-f', single(name));
      expect(configuration(live())).toEqual(before);
      return `${changed.length} fields there and back`;
    },
    180,
  );
});

/** What somebody may have left in a namespace, with our labels or not. */
function strays(name: string) {
  const namespace: string = objectsOf(name).find(({ kind }) => kind === 'Namespace').metadata.name;
  const instance = { 'app.kubernetes.io/instance': name.replace('/', '-') };
  const labels = { ...instance, 'app.kubernetes.io/managed-by': 'cdk8s-webstack' };
  const map = (of: string, metadata: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: of, namespace, ...metadata },
  });
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  return {
    go: [
      map('gone', { labels }),
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'gone', labels }, value: 1 },
    ],
    stay: [
      map('unlabelled', {}),
      map('of-others', { labels: instance }),
      map('elsewhere', { labels, namespace: 'default' }),
      { ...map('kept', { labels }), kind: 'Secret' },
      { ...map('kept', { labels }), kind: 'PersistentVolumeClaim', spec: claim },
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'kept', labels },
        provisioner: 'example.com/none',
      },
    ],
  };
}

proof(
  'what left dist/ goes by one command; claims, Secrets, classes, what others made and other environments stay',
  async () => {
    const { go, stay } = strays('todo-evolution/production');
    for (const one of DELIVERED) apply('-f', single(one));
    // The earlier version that was applied over it has a Job of another name.
    removeWhatLeft(cluster, 'todo-evolution/production', DIST);
    // Its own quota has no room for one more claim.
    cluster.kubectl(['delete', 'resourcequota', 'quota', '-n', 'todo-app']);
    applyObjects(cluster, ...go, ...stay);
    apply('-f', single('todo-evolution/production'));
    const before = await everything();
    const removed = removeWhatLeft(cluster, 'todo-evolution/production', DIST);
    const after = await everything();
    expect(before.filter((one) => !after.includes(one)).sort()).toEqual([
      'priorityclass.scheduling.k8s.io/gone',
      'todo-app ConfigMap gone',
    ]);
    expect(removed).toBe(go.length);
    for (const one of DELIVERED)
      expect([one, unlikeFiles(objectsOf(one), liveObjects(cluster, join(DIST, one)))]).toEqual([one, []]);
    const kept = stay.map((object) => titleOf(object));
    return `${go.length} of ${before.length} objects; ${kept.join(', ')} stayed; ${DELIVERED.length} environments are as they were`;
  },
  180,
);
