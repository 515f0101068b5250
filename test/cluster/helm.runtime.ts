/** @tools cluster crds helm */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { parseDocument } from 'yaml';

import { synth } from '../../src/cli/synth';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { scratchFolder } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { DIST, environments, objectsIn, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { unlikeFiles } from './applied';
import { Cluster } from './control-plane';
import { applyObjects, asList } from './furniture';
import { chartOf, charted, isTest, Release, releasedOf, unlike, valuesOf, versions, wouldBe } from './helm';
import { APPLY } from './live';

const EXAMPLE = 'todo-evolution/production';
const PLAIN = 'todo-evolution/staging';
const OTHERS = charted()
  .filter((system) => system !== 'todo-evolution')
  .map((system) => `${system}/dev`);
const INSTALLED = [EXAMPLE, ...OTHERS];

const isPolicy = ({ kind, metadata }: KubeObject) =>
  kind === 'ValidatingAdmissionPolicy' && metadata.name.endsWith('-deletion-protection');

/** Where data is protected from deletion. */
const PROTECTED = environments()
  .filter((name) => charted().includes(name.split('/')[0]!) && objectsOf(name).some(isPolicy))
  .slice(0, 1);

/** Without controllers nobody but who applies changes an object: whether one was touched is seen in its version. */
let cluster: Cluster;
let release: Release;

beforeAll(async () => {
  cluster = await Cluster.start();
  cluster.applyCrdsFor([...INSTALLED, PLAIN, ...PROTECTED].flatMap(objectsOf));
  release = new Release(cluster, EXAMPLE);
}, 200_000);

afterAll(async () => cluster?.stop());

const namespacesOf = (name: string) => objectsOf(name).filter(({ kind }) => kind === 'Namespace');

test('there are charts', () => {
  expect(charted()).toContain('todo-evolution');
});

proof('helm finds nothing to say of any chart in any environment but that it has no icon', async () => {
  const files = charted().flatMap((system) => valuesOf(system).map((file) => ({ system, file })));
  for (const { system, file } of files) {
    const said = release.helm(`lint --strict ${chartOf(system)} -f ${file}`);
    expect([basename(file), said.match(/\[(INFO|WARNING|ERROR)\].*/g)]).toEqual([
      basename(file),
      ['[INFO] Chart.yaml: icon is recommended'],
    ]);
  }
  return `${charted().length} charts with ${files.length} files of values`;
});

describe.each(INSTALLED)('%s', (name) => {
  proof(
    `${name}: what helm installs is what the API server makes of the plain files, field by field`,
    async () => {
      const it = new Release(cluster, name);
      if (name === EXAMPLE) it.prepare();
      else applyObjects(cluster, ...namespacesOf(name));
      const wanted = wouldBe(cluster, name);
      expect(wanted).toHaveLength(releasedOf(name).length);
      const began = Date.now();
      it.install();
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      const found = it.objects();
      expect(unlike(wanted, found)).toEqual([]);
      return `${found.length} objects in ${seconds} s; Helm keeps ${it.kept()} of 1024 KiB`;
    },
    120,
  );
});

/** What the `--set` of the upgrade in the guide says: path and text. */
const settings = (): (readonly [path: string, text: string])[] =>
  [...release.commands('Upgrade')[0]!.matchAll(/--set(?:-string)? ([\w.]+)=(\S+)/g)].map(
    ([, path, text]) => [path!, text!] as const,
  );

/** The environment as it is made when its overlay says the same. */
function synthesizedSo(): KubeObject[] {
  const [folder, out] = [scratchFolder('overlays'), scratchFolder('dist')];
  cpSync('overlays', folder, { recursive: true });
  const file = join(folder, `${EXAMPLE}.yaml`);
  const overlay = parseDocument(readFileSync(file, 'utf8'));
  for (const [path, text] of settings()) overlay.setIn(path.split('.'), /^\d+$/.test(text) ? Number(text) : text);
  writeFileSync(file, overlay.toString());
  const terminal = { out: () => undefined, error: (problem: string) => expect(problem).toBe('') };
  const args = ['--quiet', '--only', EXAMPLE, '--overlays', folder, '--out', out];
  expect(synth(args, { systems: SYSTEMS, validators }, terminal)).toBe(0);
  return objectsIn(join(out, EXAMPLE)).filter((object) => object.kind !== 'Namespace' && !isTest(object));
}

/** What was installed, and what the upgrade made of it. */
const states: Record<'installed' | 'upgraded', KubeObject[]> = { installed: [], upgraded: [] };

const isMeta = (path: string) => path.split(': ')[1]!.startsWith('metadata.');
const titleOf = (path: string) => path.split(': ')[0]!;
const unique = (titles: readonly string[]) => [...new Set(titles)].sort();

proof(
  'an upgrade to another image and another number of replicas changes the fields that synth changes, and no other object',
  async () => {
    const before = release.objects();
    const wanted = unlike(releasedOf(EXAMPLE), synthesizedSo());
    release.guided('Upgrade');
    const after = release.objects();
    expect(unlike(before, after)).toEqual(wanted);
    expect(wanted.join('\n')).toContain('Deployment backend in todo-app: spec.template.spec.containers.backend.image');
    expect(wanted).toContain('HorizontalPodAutoscaler frontend in todo-app: spec.minReplicas');

    const [old, now] = [versions(before), versions(after)];
    const kept = [...old].filter(([title, { resourceVersion }]) => now.get(title)!.resourceVersion === resourceVersion);
    const rolled = [...old].filter(([title, { generation }]) => now.get(title)!.generation !== generation);
    const isCounted = (title: string) => old.get(title)!.generation !== undefined;
    expect([...now.values()].map(({ uid }) => uid)).toEqual([...old.values()].map(({ uid }) => uid));
    expect(kept).toHaveLength(old.size - unique(wanted.map(titleOf)).length);
    expect(rolled.map(([title]) => title).sort()).toEqual(
      unique(wanted.filter((path) => !isMeta(path)).map(titleOf)).filter(isCounted),
    );
    Object.assign(states, { installed: before, upgraded: after });
    return `${wanted.length} fields of ${old.size - kept.length} objects; new generation: ${rolled.map(([title]) => title.split(' in ')[0]).join(', ')}; ${kept.length} objects keep their version`;
  },
  120,
);

const REFUSED: readonly [set: string, words: RegExp][] = [
  ['--set frontend.replicas=two', /'\/frontend\/replicas': got string, want integer/],
  ['--set frontend.replicas=-1', /'\/frontend\/replicas': minimum: got -1, want 0/],
  ['--set frontend.logLevel=loud', /'\/frontend\/logLevel': value must be one of/],
  ['--set-string backend.image.tag=2:1', /'\/backend\/image\/tag': '2:1' does not match pattern/],
  ['--set frontend.replcas=4', /'\/frontend': additional properties 'replcas' not allowed/],
  ['--set fronted.replicas=4', /additional properties 'fronted' not allowed/],
  ['--set namespace=elsewhere', /additional properties 'namespace' not allowed/],
];

proof(
  'a bad value and an unknown key are refused, and nothing is changed',
  async () => {
    const [before, revisions] = [versions(release.objects()), release.revisions];
    for (const [more, words] of REFUSED) expect(() => release.guided('Upgrade', { more })).toThrow(words);
    expect(versions(release.objects())).toEqual(before);
    expect(release.revisions).toBe(revisions);
    return `${REFUSED.length} mistakes, ${before.size} objects as before, ${revisions} revisions`;
  },
  120,
);

proof('a rollback brings every field back', async () => {
  expect(unlike(states.upgraded, release.objects())).toEqual([]);
  release.guided('Roll back');
  const after = release.objects();
  expect(unlike(states.installed, after)).toEqual([]);
  const [old, now] = [versions(states.upgraded), versions(after)];
  const changed = [...now].filter(
    ([title, { resourceVersion }]) => old.get(title)!.resourceVersion !== resourceVersion,
  );
  expect(changed).toHaveLength(unique(unlike(states.installed, states.upgraded).map(titleOf)).length);
  return `${changed.length} of ${after.length} objects written, revision ${release.revisions}`;
});

const sameName = (one: KubeObject, other: KubeObject) =>
  one.kind === other.kind &&
  one.metadata.name === other.metadata.name &&
  one.metadata.namespace === other.metadata.namespace;

/** Those of the objects that the API server has still. */
function stillThere(objects: readonly KubeObject[]): KubeObject[] {
  const args = ['get', '--ignore-not-found', '-o', 'json', '-f', '-'];
  return JSON.parse(cluster.kubectl(args, { input: asList(objects) })).items;
}

const uids = (objects: readonly KubeObject[]) =>
  new Map([...versions(objects)].map(([title, { uid }]) => [title, uid]));

/** Whether a field stays in the cluster that the plain files do not have any more. */
function staysWithout(name: string): boolean {
  const map = releasedOf(name).find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'backend-config');
  const [[key], ...others] = Object.entries(map.data) as [[string, string], ...[string, string][]];
  applyObjects(cluster, { ...map, data: Object.fromEntries(others) });
  return key in stillThere([map])[0].data;
}

proof(
  'from plain files to Helm and back no object is made again, and no field changes',
  async () => {
    const it = new Release(cluster, PLAIN);
    cluster.kubectl([...APPLY, '-f', join(DIST, PLAIN)]);
    const live = () => stillThere(releasedOf(PLAIN));
    const before = live();
    expect(() => it.install()).toThrow('cannot be imported into the current release');
    expect(versions(live())).toEqual(versions(before));

    it.guided('From plain files to Helm');
    const taken = it.objects();
    expect(unlike(before, taken)).toEqual([]);
    expect(uids(taken)).toEqual(uids(before));

    it.guided('From plain files to Helm', { block: 1 });
    const after = live();
    expect(unlikeFiles(releasedOf(PLAIN), after)).toEqual([]);
    expect(unlike(before, after)).toEqual([]);
    expect(uids(after)).toEqual(uids(before));
    expect(JSON.stringify(after)).not.toMatch(/"meta\.helm\.sh|: ?"Helm"/);
    expect(it.helm('list -q').trim()).toBe('');

    expect(staysWithout(PLAIN)).toBe(false);
    return `${before.length} objects keep their uid, and every field but Helm's own`;
  },
  180,
);

proof(
  'what Helm made goes over to plain files as it is; of what they drop later Helm stays an owner',
  async () => {
    const before = release.objects();
    release.guided('From plain files to Helm', { block: 1 });
    const after = stillThere(releasedOf(EXAMPLE));
    expect(unlikeFiles(releasedOf(EXAMPLE), after)).toEqual([]);
    expect(unlike(before, after)).toEqual([]);
    expect(uids(after)).toEqual(uids(before));
    expect(staysWithout(EXAMPLE)).toBe(true);
    return `${after.length} objects keep their uid`;
  },
  120,
);

for (const name of PROTECTED) {
  proof(
    `${name}: where data is protected, uninstalling leaves servers, claims and the policy, and installing takes them back`,
    async () => {
      const it = new Release(cluster, name);
      applyObjects(cluster, ...namespacesOf(name));
      it.install();
      const before = it.objects();
      const kept = before.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep');
      const kinds = unique(kept.map(({ kind }) => kind));
      const holding = ['PersistentVolumeClaim', 'StatefulSet', 'ValidatingAdmissionPolicy'];
      expect(kinds).toEqual(expect.arrayContaining(holding));
      expect(kept.filter(isPolicy)).toHaveLength(1);
      const servers = before.filter(({ kind }) => kind === 'StatefulSet');
      expect(kept.filter(({ kind }) => kind === 'StatefulSet')).toHaveLength(servers.length);
      it.guided('Uninstall');
      expect(versions(stillThere(before))).toEqual(versions(kept));
      expect(() => cluster.kubectl(['delete', 'statefulset', '-n', servers[0].metadata.namespace, '--all'])).toThrow(
        'is protected from deletion',
      );
      it.install();
      expect(unlike(before, it.objects())).toEqual([]);
      expect(uids(it.objects().filter((object) => kept.some((one) => sameName(one, object))))).toEqual(uids(kept));
      return `${kept.length} of ${before.length} objects stay: ${kinds.join(', ')}`;
    },
    180,
  );
}
