/** @tools cluster kwok */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { finish } from '../../src/cli/build';
import { plainFiles } from '../../src/outputs/plain';
import { ApplicationTask } from '../../src/workload/application-task';
import { scheduleProblem } from '../../src/workload/cron';
import { WebService } from '../../src/workload/web-service';
import { eventually, scratchFolder } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { testSystem } from '../support/system';
import type { KubeObject } from './api';
import { Cluster } from './control-plane';
import { commandsOf } from './guide';
import { APPLY } from './live';
import { addMachines } from './machines';
import { isReady } from './pods';
import { RUNS_FOR } from './stages';
import { answerWaits } from './waits';

const GUIDE = 'tasks.md';
const JOBS = '/apis/batch/v1/namespaces/shop/jobs';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start({ controllers: true, scheduler: true });
  await addMachines(cluster, { zones: ['zone-a'], perZone: 1 });
  await answerWaits(cluster);
}, 120_000);

afterAll(async () => cluster?.stop());

interface Release {
  readonly tag: string;
  /** How long its migration takes. */
  readonly takes?: string;
  /** How long it may take. */
  readonly deadlineSeconds?: number;
}

/** The manifests of a release, in a folder as `dist/` has them. */
function folderOf({ tag, takes = '1s', deadlineSeconds = 60 }: Release): string {
  const system = testSystem();
  const api = new WebService(system.layer('apps'), 'api', {
    image: { repository: 'acme/api', tag, profile: 'fastapi' },
    port: 8080,
    replicas: 2,
    rollout: { minReadySeconds: 0, progressDeadlineSeconds: 6 },
    migrations: { command: ['migrate'], check: ['is-migrated'], lock: 'none', run: 'job', deadlineSeconds, retries: 1 },
  });
  new ApplicationTask(api, 'api-tidy', { command: ['tidy'], schedule: '17 3 * * *', timeZone: 'Europe/Berlin' });
  new ApplicationTask(api, 'api-reindex', { command: ['reindex'], trigger: 'manual', history: 1 });
  api.migrations!.job!.override({ spec: { template: { metadata: { annotations: { [RUNS_FOR]: takes } } } } });
  const folder = scratchFolder('release');
  for (const { path, text } of plainFiles('', finish(system))) writeFileSync(join(folder, basename(path)), text);
  return folder;
}

const apply = (folder: string) => cluster.kubectl([...APPLY, '-f', folder]);
const hasEnded = ({ status }: KubeObject, how: string) =>
  (status?.conditions ?? []).some(({ type, status: is }: KubeObject) => type === how && is === 'True');
/** What ran, by uid: what is made again has another one. */
const jobs = async (how = 'Complete'): Promise<Map<string, string>> => {
  const all = await cluster.api.list(JOBS);
  return new Map(all.filter((job) => hasEnded(job, how)).map(({ metadata }) => [metadata.name, metadata.uid]));
};
const names = (found: Map<string, string>) => [...found.keys()].sort();
const pods = async (tag: string) =>
  (await cluster.api.list('/api/v1/namespaces/shop/pods')).filter(
    ({ metadata, spec }) =>
      metadata.labels['app.kubernetes.io/name'] === 'api' && spec.containers[0].image === `acme/api:${tag}`,
  );
const readyPods = async (tag: string) => (await pods(tag)).filter(isReady).length;
const rolledOut = (tag: string) => eventually(async () => (await readyPods(tag)) === 2, 60);

proof('the pods of a release wait for its migrations, and what is applied again runs nothing again', async () => {
  const folder = folderOf({ tag: '1', takes: '3s' });
  apply(folder);
  await eventually(async () => (await pods('1')).length === 2);
  while ((await jobs()).size === 0) expect(await readyPods('1')).toBe(0);
  await rolledOut('1');
  const before = await jobs();
  expect(names(before)).toEqual([expect.stringMatching(/^api-migrations-[0-9a-f]{10}$/)]);
  apply(folder);
  expect([...(await jobs())]).toEqual([...before]);
  const made = (await cluster.api.list('/api/v1/namespaces/shop/pods')).filter(
    ({ metadata }) => metadata.labels['app.kubernetes.io/name'] === 'api-migrations',
  );
  expect(made).toHaveLength(1);
  return 'no pod was ready before; one Job, one pod of it, the same after the second apply';
});

proof('with a time to live a Job would be made and run again', async () => {
  const [{ spec }] = (await cluster.api.list(JOBS)).filter((job) => hasEnded(job, 'Complete'));
  const template = { metadata: { labels: { 'app.kubernetes.io/name': 'mortal' } }, spec: spec.template.spec };
  const input = JSON.stringify({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'mortal', namespace: 'shop' },
    spec: { ttlSecondsAfterFinished: 1, template },
  });
  const uid = async (): Promise<string | undefined> =>
    (await cluster.api.list(JOBS)).find(({ metadata }) => metadata.name === 'mortal')?.metadata.uid;
  const uids: (string | undefined)[] = [];
  for (const _ of [1, 2]) {
    cluster.kubectl([...APPLY, '-f', '-'], { input });
    uids.push(await uid());
    await eventually(async () => (await uid()) === undefined);
  }
  expect(new Set(uids).size).toBe(2);
  return 'two applies, two runs';
});

proof('a release with another image migrates once more, and leaves what ran before as it is', async () => {
  const before = await jobs();
  apply(folderOf({ tag: '2', takes: '3s' }));
  // The old pods serve while the new ones wait.
  while ((await jobs()).size === before.size) expect([await readyPods('1'), await readyPods('2')]).toEqual([2, 0]);
  await rolledOut('2');
  const after = await jobs();
  expect(after.size).toBe(2);
  for (const [name, uid] of before) expect(after.get(name)).toBe(uid);
  return `${names(after).join(', ')}`;
});

proof(
  'a migration that fails stops the rollout, and the old pods serve on',
  async () => {
    apply(folderOf({ tag: '3', takes: '1h', deadlineSeconds: 2 }));
    const deployment = () => cluster.api.get('/apis/apps/v1/namespaces/shop/deployments/api');
    const isLate = async () =>
      ((await deployment()).status.conditions as KubeObject[]).some(
        ({ reason }) => reason === 'ProgressDeadlineExceeded',
      );
    await eventually(async () => (await isLate()) && (await jobs('Failed')).size === 1, 40);
    expect([await readyPods('2'), (await pods('3')).length, await readyPods('3')]).toEqual([2, 1, 0]);
    apply(folderOf({ tag: '4' }));
    await rolledOut('4');
    return 'overdue with 2 of 2 old pods ready and 1 new one waiting; the next release rolls out';
  },
  120,
);

proof(
  'a task by hand runs from its CronJob, as often as asked, and never by itself',
  async () => {
    const [start] = commandsOf(GUIDE, "An administrator's command", 'shop/test');
    const run = (number: number) =>
      start!
        .split('\n')
        .filter((line) => line.includes(' create job '))
        .join('')
        .replace('todo-app', 'shop')
        .replaceAll('backend-', 'api-')
        .replace(/-1 /, `-${number} `);
    const folder = scratchFolder('by-hand');
    for (const number of [1, 2]) {
      cluster.shell(run(number), folder);
      await eventually(async () => (await jobs()).has(`api-reindex-${number}`));
    }
    // The first one goes: one that ended well is kept.
    await eventually(async () => !(await jobs()).has('api-reindex-1'));
    const { spec, status } = await cluster.api.get('/apis/batch/v1/namespaces/shop/cronjobs/api-reindex');
    expect([spec.suspend, status.lastScheduleTime]).toEqual([true, undefined]);
    return 'two runs, of which the last one is kept';
  },
  90,
);

proof(
  "the guide's command removes the Jobs of earlier releases that have ended, and nothing else",
  async () => {
    const current = folderOf({ tag: '4' });
    const running = folderOf({ tag: '5', takes: '1h' });
    apply(running);
    apply(current);
    await rolledOut('4');
    const all = async () => (await cluster.api.list(JOBS)).map(({ metadata }) => metadata.name).sort();
    const before = await all();
    const [command] = commandsOf(GUIDE, 'Jobs of earlier releases', 'shop/test');
    const remove = () => cluster.shell(command!.replaceAll('dist/shop/test', current), scratchFolder('removal'));
    const removed = remove().match(/ deleted/g)?.length;
    const left = await all();
    // Those of releases 1 and 2, and the failed one of 3; that of 5 still runs, and by hand one ran.
    expect([before.length, removed, left.length]).toEqual([6, 3, 3]);
    expect(left.filter((name) => name.startsWith('api-reindex'))).toEqual(['api-reindex-2']);
    expect((await cluster.api.list('/apis/batch/v1/namespaces/shop/cronjobs')).length).toBe(2);
    expect(remove()).not.toContain('deleted');
    apply(current);
    expect(await all()).toEqual(left);
    return `${removed} of ${before.length} removed; applied again, nothing runs`;
  },
  90,
);

proof('Kubernetes takes the schedules and zones that we take, and refuses those that we refuse', async () => {
  const taken = [
    '* * * * *',
    '*/5 0-6,22 1,15 JAN-mar mon',
    '0 0 29 2 *',
    '59 23 31 12 6',
    '5/20 1-23/2 * * 0',
    '0 0 31 2 */2',
  ];
  const refused = [
    '0 0 * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    '* * * * mo',
    '30-10 * * * *',
    '*/0 * * * *',
  ];
  expect([...taken, ...refused].filter((one) => scheduleProblem(one) === undefined)).toEqual(taken);
  const { metadata, spec } = await cluster.api.get('/apis/batch/v1/namespaces/shop/cronjobs/api-tidy');
  const answer = (change: object) => {
    const object = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'trial', namespace: 'shop', labels: metadata.labels },
    };
    const input = JSON.stringify({ ...object, spec: { ...spec, ...change } });
    try {
      cluster.kubectl(['create', '--dry-run=server', '-f', '-'], { input });
      return 'taken';
    } catch (error) {
      return /spec\.(schedule|timeZone): Invalid value/.test(`${error}`) ? 'refused' : `${error}`;
    }
  };
  const answers = (schedules: string[]) => [...new Set(schedules.map((schedule) => answer({ schedule })))];
  expect([answers(taken), answers(refused)]).toEqual([['taken'], ['refused']]);
  expect(['Europe/Berlin', 'Europe/Bonn'].map((timeZone) => answer({ timeZone }))).toEqual(['taken', 'refused']);
  return `${taken.length} taken, ${refused.length} refused, a zone each`;
});
