import { spawnSync } from 'node:child_process';

import { Postgres } from '../../src/data/postgres';
import type { MigrationsSettings } from '../../src/workload/migrations';
import { WebService } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { finished, testSystem } from '../support/system';

const command = ['alembic', 'upgrade', 'head'];
const job: MigrationsSettings = { command, run: 'job', check: ['python', '-m', 'app.schema'] };

function shop(migrations: MigrationsSettings) {
  const system = testSystem();
  const api = new WebService(system.layer('apps'), 'api', {
    image: { repository: 'acme/api', tag: '1', profile: 'fastapi' },
    port: 8080,
    migrations,
  });
  api.use(new Postgres(system.layer('data'), 'postgres'));
  const objects = finished(system);
  return { api, objects, init: objects.one('Deployment', 'api').spec.template.spec.initContainers };
}

describe('migrations in an init container', () => {
  test('come after what they need', () => {
    const { api, objects, init } = shop({ command });
    expect(init.map(({ name }: any) => name)).toEqual(['wait-for-postgres', 'migrations']);
    expect(api.migrations).toBeUndefined();
    expect(objects.all('Job')).toEqual([]);
  });

  test('are left out where a check succeeds, which is made under the lock', () => {
    const [, locked] = shop({ command, check: ['python', '-m', 'app.schema'] }).init;
    const guarded = ['sh', '-c', 'python -m app.schema || exec alembic upgrade head'];
    expect(locked.command).toEqual(['python', '-c', expect.stringContaining('pg_try_advisory_lock'), ...guarded]);
    const [, unlocked] = shop({ command, check: ['python', '-m', 'app.schema'], lock: 'none' }).init;
    expect(unlocked.command).toEqual(guarded);
  });

  test.each([
    [true, ''],
    [false, "a b|it's|$HOME|\n"],
  ])('where the check is %p they say %p', (succeeds, said) => {
    const check = ['test', succeeds ? 'x' : ''];
    const [, { command }] = shop({
      command: ['printf', '%s|', 'a b', "it's", '$HOME', '\n'],
      check,
      lock: 'none',
    }).init;
    const { stdout, status } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
    expect([stdout, status]).toEqual([succeeds ? said : "a b|it's|$HOME|\n|", 0]);
  });
});

describe('migrations in a Job', () => {
  test('run once for all pods, which wait until the check succeeds', () => {
    const { api, objects, init } = shop({ ...job, retries: 7, deadlineSeconds: 4000 });
    expect(init.map(({ name }: any) => name)).toEqual(['wait-for-postgres', 'wait-for-api-migrations']);
    const [wait] = init.slice(-1);
    expect(wait.image).toBe('acme/api:1');
    expect(wait.command).toEqual(['sh', '-c', expect.stringContaining('until "$@"'), 'migrations', ...job.check!]);
    const [made] = objects.all('Job');
    expect(made).toEqual(JSON.parse(JSON.stringify(api.migrations?.job?.toJson())));
    expect(made.metadata.name).toMatch(/^api-migrations-[0-9a-f]{10}$/);
    expect(made.spec).toMatchObject({ backoffLimit: 7, activeDeadlineSeconds: 4000 });
    expect(everywhereProblems(objects.objects)).toEqual([]);
  });

  test('take the same lock and the same turns as those in init containers', () => {
    const commandOf = (spec: any, name: string) =>
      [...spec.initContainers, ...spec.containers].find((one: any) => one.name === name).command;
    const { objects } = shop(job);
    const inPod = shop({ ...job, run: 'init' }).objects.one('Deployment', 'api');
    expect(commandOf(objects.all('Job')[0].spec.template.spec, 'api-migrations')).toEqual(
      commandOf(inPod.spec.template.spec, 'migrations'),
    );
  });

  test('without a check are refused, for the pods would not know when to go on', () => {
    expect(() => shop({ command, run: 'job' })).toThrow(
      '[shop-test/apps/api] migrations.check: is missing, and migrations.run is job: the pods would not know when to go on',
    );
  });

  test('the wait repeats the check, ever less often, and goes at once when told to', async () => {
    const wait = shop(job).init.at(-1).command[2];
    const asked = spawnSync('sh', ['-c', `sleep() { echo "pause $1"; }\n${wait}`, 'x', 'sh', '-c', CHECK], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], COUNT: `/tmp/${process.pid}-count` },
    });
    expect(asked.stdout.match(/pause \d+/g)).toEqual([1, 2, 4, 8, 16, 30, 30].map((pause) => `pause ${pause}`));
    expect(asked.status).toBe(0);
    const told = spawnSync('timeout', ['1', 'sh', '-c', wait, 'x', 'false'], { encoding: 'utf8', timeout: 5000 });
    // That of the pod that was told, not of one that had to be killed.
    expect(told.status).toBe(124);
  });
});

/** Succeeds when it is asked for the eighth time. */
const CHECK = 'echo >> "$COUNT"; [ "$(wc -l < "$COUNT")" -ge 8 ] && rm "$COUNT"';
