/** @tools alembic postgres */
import { readFileSync } from 'node:fs';

import type { MigrationsSettings } from '../../src/workload/migrations';
import { WebService } from '../../src/workload/web-service';
import { finished, testSystem } from '../support/system';
import { AlembicImage } from './support/alembic';
import { PostgresServer } from './support/postgres';
import { eventually, type Server, sleep } from './support/process';
import { proof } from './support/proof';

const command = ['alembic', 'upgrade', 'head'];
const check = ['python', '-m', 'app.schema'];

/** The commands of a service's init container and of its Job, as they are rendered. */
function rendered(migrations: MigrationsSettings): { init: string[]; job: string[] } {
  const system = testSystem();
  const image = { repository: 'acme/api', tag: '1', profile: 'fastapi' as const };
  new WebService(system.layer('apps'), 'api', { image, port: 8080, migrations });
  const objects = finished(system);
  const [init] = objects.one('Deployment', 'api').spec.template.spec.initContainers;
  const [job] = objects.all('Job').map(({ spec }) => spec.template.spec.containers[0]);
  return { init: init.command, job: job?.command ?? [] };
}

const ended = (container: Server) => container.ending(40);
const balance = (postgres: PostgresServer) => postgres.query('SELECT balance FROM accounts');

/** Two replicas that start at once, on a schema that lacks the last revision: how each ended, and what is on the account. */
async function twoAtOnce(
  migrations: MigrationsSettings,
): Promise<{ ends: string[]; balance: string; postgres: PostgresServer }> {
  const postgres = await PostgresServer.start();
  const before = new AlembicImage(postgres, { last: '0001' });
  expect(await ended(await before.start(command))).toBe('code 0');
  const image = new AlembicImage(postgres, { last: '0002' });
  const { init } = rendered(migrations);
  const replicas = await Promise.all([image.start(init), image.start(init)]);
  const ends = await Promise.all(replicas.map(ended));
  return { ends, balance: balance(postgres), postgres };
}

proof(
  'two replicas that start at once migrate once, and once more later nothing; without the lock they do it twice',
  async () => {
    for (const settings of [{ command }, { command, check }]) {
      const { ends, balance: sum, postgres } = await twoAtOnce(settings);
      expect({ ends, sum }).toEqual({ ends: ['code 0', 'code 0'], sum: '100' });
      const again = await new AlembicImage(postgres, { last: '0002' }).start(rendered(settings).init);
      expect([await ended(again), balance(postgres)]).toEqual(['code 0', '100']);
    }
    const { balance: twice } = await twoAtOnce({ command, lock: 'none' });
    expect(twice).toBe('200');
    return 'once with the lock, with and without a check; twice without it';
  },
  120,
);

proof('a replica that is killed while it migrates frees the lock, and the other one goes on', async () => {
  const postgres = await PostgresServer.start();
  expect(await ended(await new AlembicImage(postgres, { last: '0001' }).start(command))).toBe('code 0');
  const image = new AlembicImage(postgres, { last: '0002' });
  const { init } = rendered({ command });
  const first = await image.start(init);
  await eventually(() => postgres.query('SELECT count(*) FROM begun') === '1');
  const second = await image.start(init);
  const tool = Number(readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, 'utf8').split(' ')[0]);
  const migrating = postgres.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted");
  await first.kill();
  // In a container no process outlives the first one.
  process.kill(tool, 'SIGKILL');
  expect([migrating, await ended(second), balance(postgres)]).toEqual(['1', 'code 0', '100']);
  return 'the other one took the lock and ended well';
});

proof(
  'pods wait while the Job migrates and go on after it; with a check that is always true they would not',
  async () => {
    const postgres = await PostgresServer.start();
    expect(await ended(await new AlembicImage(postgres, { last: '0001' }).start(command))).toBe('code 0');
    const image = new AlembicImage(postgres, { last: '0002' });
    const { init, job } = rendered({ command, check, run: 'job' });
    const hasty = rendered({ command, check: ['true'], run: 'job' }).init;
    const pod = await image.start(init);
    await pod.until('the first check', () => pod.output.includes('asking again'));
    expect(await ended(await image.start(hasty))).toBe('code 0');
    expect([pod.isRunning, balance(postgres)]).toEqual([true, '0']);

    const running = await image.start(job);
    await eventually(() => postgres.query('SELECT count(*) FROM begun') === '1');
    expect([pod.isRunning, balance(postgres)]).toEqual([true, '0']);
    expect(await ended(running)).toBe('code 0');
    const began = Date.now();
    expect([await ended(pod), balance(postgres)]).toEqual(['code 0', '100']);
    const later = Date.now() - began;
    expect([await ended(await image.start(job)), balance(postgres)]).toEqual(['code 0', '100']);
    return `the pod went on ${(later / 1000).toFixed(1)} s after the Job`;
  },
  90,
);

proof(
  'after a migration that fails the schema is as before, and new pods go on waiting',
  async () => {
    const postgres = await PostgresServer.start();
    expect(await ended(await new AlembicImage(postgres, { last: '0002' }).start(command))).toBe('code 0');
    const image = new AlembicImage(postgres, { last: '0003', broken: true });
    const { init, job } = rendered({ command, check, run: 'job' });
    const pod = await image.start(init);
    for (const _ of [1, 2]) expect(await ended(await image.start(job))).toBe('code 1');
    expect(postgres.query('SELECT version_num FROM alembic_version')).toBe('0002');
    expect(pod.isRunning).toBe(true);
    await sleep(1500);
    const told = Date.now();
    await pod.stop('SIGTERM', 10);
    expect(await ended(pod)).toBe('code 143');
    return `two tries failed; the pod waited, and went ${Date.now() - told} ms after it was told to`;
  },
  90,
);

proof(
  'on the schema of a later release pods of the one before start, if they have a check',
  async () => {
    const postgres = await PostgresServer.start();
    expect(await ended(await new AlembicImage(postgres, { last: '0003' }).start(command))).toBe('code 0');
    const old = new AlembicImage(postgres, { last: '0002' });
    const without = await old.start(rendered({ command }).init);
    expect([await ended(without), without.output]).toEqual([
      'code 255',
      expect.stringContaining("Can't locate revision"),
    ]);
    const { init, job } = rendered({ command, check, run: 'job' });
    for (const each of [rendered({ command, check }).init, init, job]) {
      expect(await ended(await old.start(each))).toBe('code 0');
    }
    return 'init container, Job and waiting pod of the old release end well; without a check it cannot start';
  },
  90,
);
