/** @tools cluster kwok crds injector argo-rollouts helm */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import type { KubeObject } from './api';
import { withoutPlans } from '../../src/outputs/chart/helm-only';
import { unlikeFiles } from './applied';
import { isTest, Release, releasedOf } from './helm';
import { inventory } from './inventory';
import { type LiveEnvironment, startLive } from './live';
import { endPod, isReady, makerOf } from './pods';
import { RUNS_FOR } from './stages';

const EXAMPLE = 'todo-evolution/production';
const [SYSTEM] = EXAMPLE.split('/') as [string];

let live: LiveEnvironment;
let release: Release;
let namespace: string;

beforeAll(async () => {
  live = await startLive(EXAMPLE);
  release = new Release(live.cluster, EXAMPLE);
  [namespace] = live.namespaces as [string];
  release.prepare();
}, 300_000);

afterAll(async () => live?.cluster.stop());

const jobs = () => live.cluster.api.list(`/apis/batch/v1/namespaces/${namespace}/jobs`);
const isOfTest = ({ metadata }: KubeObject) => metadata.labels?.['app.kubernetes.io/component'] === 'smoke-test';
const testJob = async () => (await jobs()).find(isOfTest);
const claims = () => live.cluster.api.list(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`);
const volumes = (all: readonly KubeObject[]) =>
  all.map(({ metadata, spec }) => `${metadata.name} ${metadata.uid} ${spec.volumeName}`).sort();

proof(
  'what helm installs starts and gets ready',
  async () => {
    release.install();
    await live.settled(240);
    const ready = await live.readyPods();
    const count = Object.values(ready).reduce((sum, one) => sum + one, 0);
    return `${Object.keys(ready).length} workloads, ${count} pods`;
  },
  300,
);

proof(
  'an upgrade replaces the pods of what has another image, and a rollback takes them back; no other pod is touched',
  async () => {
    const pods = async () =>
      (await live.pods()).filter((pod) => isReady(pod) && pod.metadata.ownerReferences?.[0]?.kind !== 'Job');
    const names = (all: readonly KubeObject[]) => [...new Set(all.map(makerOf))].sort();
    const before = await pods();
    release.guided('Upgrade');
    await live.settled(180);
    const upgraded = await pods();
    const isIn = (all: readonly KubeObject[], pod: KubeObject) =>
      all.some(({ metadata }) => metadata.uid === pod.metadata.uid);
    expect(names(before.filter((pod) => !isIn(upgraded, pod)))).toEqual(['backend']);
    expect(names(upgraded.filter((pod) => !isIn(before, pod)))).toEqual(['backend', 'frontend']);
    release.guided('Roll back');
    await live.settled(180);
    const after = await pods();
    expect(names(upgraded.filter((pod) => !isIn(after, pod) && makerOf(pod) !== 'frontend'))).toEqual(['backend']);
    const kept = before.filter((pod) => isIn(after, pod)).length;
    return `${kept} of ${before.length} pods stayed through both`;
  },
  420,
);

proof(
  'helm test fails where the Job fails, and the Job stays to be read',
  async () => {
    const { cluster } = live;
    expect(await testJob()).toBeUndefined();
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const held = new Set<string>();
    let running: KubeObject;
    let isFree = false;
    await cluster.mirror(path, (pod, gone) => {
      const { uid, name, annotations = {} } = pod.metadata;
      if (gone || isFree || !isOfTest(pod)) return;
      if (pod.status?.phase === 'Running' && annotations[RUNS_FOR]) running = pod;
      if (held.has(uid)) return;
      held.add(uid);
      // It runs until it is ended.
      cluster.api
        .patch(`${path}/${name}`, { metadata: { annotations: { [RUNS_FOR]: '1h' } } })
        .catch(() => held.delete(uid));
    });
    const helm = await release.start(['test', SYSTEM, '--timeout', '15m']);
    await eventually(() => running !== undefined, 60);
    expect(helm.isRunning).toBe(true);
    await endPod(cluster.api, running!, 1);
    isFree = true;
    const end = await helm.ending(60);
    expect([end, helm.output]).toEqual(['code 1', expect.stringMatching(/Phase: +Failed[^]*Error: /)]);
    const conditions: KubeObject[] = (await testJob())!.status.conditions;
    expect(conditions.some(({ type, status }) => type === 'Failed' && status === 'True')).toBe(true);
    return `${end}: ${helm.output.split('* ')[1]!.split('\n')[0]!}`;
  },
  180,
);

proof(
  'helm test makes the Job of the plain files, waits for its end, and is content',
  async () => {
    const failed = (await testJob())!.metadata.uid;
    const said = release.guided('Test');
    const job = (await testJob())!;
    expect(said).toMatch(new RegExp(`TEST SUITE: +${job.metadata.name}\\n[^]*Phase: +Succeeded`));
    const plain = live.objects.find(isTest);
    const { template } = plain.spec;
    expect([job.metadata.name, job.spec]).toMatchObject([plain.metadata.name, { template: { spec: template.spec } }]);
    expect([job.metadata.uid === failed, (await jobs()).filter(isOfTest)]).toMatchObject([false, [{}]]);
    return `${plain.metadata.name} in place of the one that failed`;
  },
  180,
);

/** What is no part of a release in a namespace: Kubernetes' own, Helm's own, and what tells of the past. */
const OTHERS =
  /^\S+ (Event|EndpointSlice|Endpoints|Lease|Pod|ControllerRevision|ConfigMap kube-root-ca\.crt|ServiceAccount default)\b/;

proof(
  'what helm uninstalls is gone but claims, Secrets and the last test; installed again it takes its claims and volumes back',
  async () => {
    const { api } = live.cluster;
    const before = await claims();
    const secrets = (await inventory(api, [namespace])).filter((one) => one.includes(' Secret '));
    const ofHelm = secrets.filter((one) => one.includes(' sh.helm.release.'));
    release.guided('Uninstall');
    const kept = [
      ...before.map(({ metadata }) => `${namespace} PersistentVolumeClaim ${metadata.name}`),
      ...secrets.filter((one) => !ofHelm.includes(one)),
      `${namespace} Job ${(await testJob())!.metadata.name}`,
    ].sort();
    const left = async () => (await inventory(api, [namespace])).filter((one) => !OTHERS.test(one));
    await eventually(async () => {
      expect(await left()).toEqual(kept);
      return true;
    }, 90);
    await eventually(async () => (await live.pods()).every((pod) => makerOf(pod).startsWith('smoke-test')), 60);
    expect(volumes(await claims())).toEqual(volumes(before));

    release.install();
    await live.settled(240);
    const isHelms = (path: string) => path.includes('.labels.app.kubernetes.io/managed-by: ');
    const wanted = releasedOf(EXAMPLE).map(withoutPlans);
    expect(unlikeFiles(wanted, release.objects()).filter((path) => !isHelms(path))).toEqual([]);
    expect(volumes(await claims())).toEqual(volumes(before));
    return `${before.length} claims with their volumes, ${secrets.length - ofHelm.length} Secrets`;
  },
  600,
);
