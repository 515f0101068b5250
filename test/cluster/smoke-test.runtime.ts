/** @tools cluster kwok */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { finish } from '../../src/cli/build';
import { SmokeTest } from '../../src/delivery/smoke-test';
import { plainFiles } from '../../src/outputs/plain';
import { WebService } from '../../src/workload/web-service';
import { eventually, scratchFolder } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { testSystem } from '../support/system';
import type { KubeObject } from './api';
import { Cluster } from './control-plane';
import { commandsOf } from './guide';
import { APPLY } from './live';
import { addMachines } from './machines';
import { endPod } from './pods';
import { RUNS_FOR } from './stages';

const NAMESPACE = 'shop';
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start({ controllers: true, scheduler: true });
  await addMachines(cluster, { zones: ['zone-a'], perZone: 1 });
}, 120_000);

afterAll(async () => cluster?.stop());

/** The manifests of a release, in a folder as `dist/` has them; each test runs as long as said. */
function folderOf(tag: string, takes = '1s'): string {
  const system = testSystem({ namespace: NAMESPACE, alertRules: 'none' });
  const image = { repository: 'acme/api', tag, profile: 'fastapi' as const };
  const api = new WebService(system.layer('apps'), 'api', { image, port: 8080 });
  const smokeTest = new SmokeTest(system.layer('delivery'), 'smoke-test');
  smokeTest.check(api);
  smokeTest.job!.override({ spec: { template: { metadata: { annotations: { [RUNS_FOR]: takes } } } } });
  const folder = scratchFolder('release');
  for (const { path, text } of plainFiles('', finish(system))) writeFileSync(join(folder, basename(path)), text);
  return folder;
}

const apply = (folder: string) => cluster.kubectl([...APPLY, '-f', folder]);
const ended = (job: KubeObject, how: string) =>
  (job.status?.conditions ?? []).find(({ type, status }: KubeObject) => type === how && status === 'True');
const jobs = () => cluster.api.list(JOBS);
const completed = async () =>
  (await jobs()).filter((job) => ended(job, 'Complete')).map(({ metadata }) => metadata.uid);
const testPods = async (job: KubeObject) =>
  (await cluster.api.list(PODS)).filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === job.metadata.uid);

proof('it runs once for each release, and once more by the commands of the guide', async () => {
  const first = folderOf('1');
  apply(first);
  await eventually(async () => (await completed()).length === 1);
  const [ran] = await completed();
  apply(first);
  expect((await jobs()).map(({ metadata }) => metadata.uid)).toEqual([ran]);

  apply(folderOf('2'));
  await eventually(async () => (await completed()).length === 2);
  expect(await completed()).toContain(ran);

  const [commands] = commandsOf('smoke-tests.md', 'When it runs', 'shop/test');
  const here = commands!.replaceAll('todo-app', NAMESPACE).replaceAll('dist/shop/test', first);
  const said = cluster.shell(here, scratchFolder('again'));
  expect(said.match(/deleted/g)).toHaveLength(2);
  expect(said).toContain('condition met');
  const after = await completed();
  expect([after.length, after.includes(ran)]).toEqual([1, false]);
  return 'two releases, two runs; none at the second apply; once more by hand';
});

proof(
  'a wrong answer is the end, and a pod that was killed or taken away is not',
  async () => {
    cluster.kubectl(['-n', NAMESPACE, 'delete', 'jobs', '--all']);
    apply(folderOf('3', '1h'));
    const job = async () => (await jobs())[0]!;
    const running = async () => (await testPods(await job())).filter(({ status }) => status.phase === 'Running');
    await eventually(async () => (await running()).length === 1);
    await endPod(cluster.api, (await running())[0]!, 137);
    await eventually(async () => (await testPods(await job())).length === 2 && (await running()).length === 1, 60);
    expect([ended(await job(), 'Failed'), (await job()).status.failed]).toEqual([undefined, 1]);

    const [second] = await running();
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: second!.metadata.name } };
    await cluster.api.create(`${PODS}/${second!.metadata.name}/eviction`, eviction);
    // The kubelet ends what is evicted, with whatever code it has then.
    await endPod(cluster.api, second!, 1);
    const isAnother = ({ metadata }: KubeObject) => metadata.uid !== second!.metadata.uid;
    await eventually(async () => (await running()).some(isAnother), 60);

    await endPod(cluster.api, (await running()).find(isAnother)!, 1);
    await eventually(async () => ended(await job(), 'Failed') !== undefined);
    const { reason, message } = ended(await job(), 'Failed')!;
    expect([reason, (await running()).length]).toEqual(['PodFailurePolicy', 0]);
    return `after 137 and an eviction another pod; after 1 none: ${message}`;
  },
  180,
);
