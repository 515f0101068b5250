/** @tools postgres redis */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { finish } from '../../src/cli/build';
import type { Reader } from '../../src/cli/secrets/readers';
import { taskOf } from '../../src/cli/secrets/rotate';
import { rotate, type RotationTask } from '../../src/cli/secrets/rotation';
import { fillSecret } from '../../src/cli/secrets/values';
import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { Killed, RotationSiteInMemory } from '../support/rotation-site';
import { testSystem } from '../support/system';
import { loginToPostgres, loginToRedis } from './support/logins';
import { PostgresServer } from './support/postgres';
import { freePort, scratchFolder, type Server, startProcess } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

/* What is run here is what a system synthesizes: its scripts and its configuration. Three things differ from a pod:
   where the files of the Secret are mounted, the port, and how often a script looks whether these files have followed. The cluster is in memory; what it does to pods is played. */

const system = testSystem();
const web = new WebService(system.layer('apps'), 'web', {
  image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' },
  port: 8080,
});
web.use(new Postgres(system.layer('data'), 'db'));
web.use(new Redis(system.layer('data'), 'cache'));
const manifests = finish(system).map(({ manifest }) => manifest);
const configOf = (name: string, key: string): string =>
  manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name).data[key];

type Values = Record<string, string>;
type Login = (values: Values) => Promise<unknown>;

/** How long after a Secret the files in pods follow; with a kubelet it is up to two minutes. */
const FILES_FOLLOW_MS = 300;

/** Between two logins of a pod. */
const LOGIN_PAUSE_MS = 10;

/** Runs a shell script beside everything else that goes on here. */
function shell(script: string, env: Values, input = ''): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('sh', ['-c', script], { env: { LC_ALL: 'C', ...env } });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part));
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done() : fail(new Error(`exit code ${code}: ${said}`))));
    child.stdin.end(input);
  });
}

/** A site whose scripts run against a real server, while eight pods and one newcomer log into it without a pause. */
class RealSite extends RotationSiteInMemory {
  public logins = 0;
  public readonly failures: string[] = [];
  public script: (script: string, input: string) => Promise<void> = () => Promise.resolve();
  private pods: Values[] = [];
  private going = true;
  private loops: Promise<void>[] = [];

  public constructor(
    public readonly task: RotationTask,
    private readonly login: Login,
    private readonly mounted: string,
  ) {
    super();
    const filled = fillSecret(task.declaration).keys;
    this.hold(task.declaration.name, Object.fromEntries(filled.map(({ key, value }) => [key, value.toString()])));
    this.mount();
  }

  public get values(): Values {
    return this.valuesOf(this.task.declaration.name);
  }

  /** Puts the Secret's files where the server's container has them. */
  public mount(): void {
    for (const [key, value] of Object.entries(this.values)) writeFileSync(join(this.mounted, key), value);
  }

  public begin(): void {
    this.pods = Array.from({ length: 8 }, () => this.values);
    this.loops = [...this.pods.keys()].map((pod) => this.keepLoggingIn(() => this.pods[pod]!));
    this.loops.push(this.keepLoggingIn(() => this.values));
  }

  public async end(): Promise<void> {
    this.going = false;
    await Promise.all(this.loops);
  }

  public override sleep = (milliseconds: number) => wait(milliseconds);
  public override now = () => Date.now();

  protected override async runScript(script: string, input: string): Promise<void> {
    const follow = setTimeout(() => this.mount(), FILES_FOLLOW_MS);
    await this.script(script, input).finally(() => clearTimeout(follow));
    await wait(20);
  }

  /** One pod after the other, as a rollout does. */
  protected override async restartPods(_reader: Reader): Promise<void> {
    for (const pod of this.pods.keys()) {
      await wait(20);
      this.pods[pod] = this.values;
    }
    // A login that was on its way with the old password counts as an end of the old pod.
    await wait(50);
  }

  private async keepLoggingIn(values: () => Values): Promise<void> {
    while (this.going) {
      await this.login(values()).then(
        () => (this.logins += 1),
        (error: Error) => this.failures.push(error.message),
      );
      // Or the logins of nine would leave the rotation itself no time on two cores.
      await wait(LOGIN_PAUSE_MS);
    }
  }
}

interface Stage {
  readonly site: RealSite;
  readonly restart: () => Promise<void>;
}

/** Whoever waits for files that follow soon looks for them often. */
const local = (text: string, folder: string, port: number) =>
  text
    .replace(/\/run\/secrets\/(redis|postgres)/g, folder)
    .replace(/-p 6379/g, `-p ${port}`)
    .replace(/^( *)sleep 2$/gm, '$1sleep 0.1');

const task = (secret: string, key: string) => taskOf(system, Secrets.of(system).all, manifests, { secret, key }, 30);

/** A PostgreSQL made ready by the script that the image would run on an empty volume. */
async function postgresStage(
  key = 'password',
): Promise<Stage & { server: PostgresServer; roles: () => Promise<void> }> {
  // Fewer rounds, so that two busy cores can log in more often.
  const server = await PostgresServer.start({ settings: { scram_iterations: '128' } });
  server.query('CREATE DATABASE app');
  const folder = scratchFolder('mounted');
  const env = {
    PATH: `${dirname(toolPath('postgres', 'bin/psql'))}:${process.env['PATH']}`,
    PGHOST: server.folder,
    PGPORT: `${server.port}`,
  };
  const login: Login = async ({ username, password }) => {
    const who = await loginToPostgres(server.port, username!, password!, 'app');
    if (who !== `${username}|app`) throw new Error(`logged in as ${who}`);
  };
  const site = new RealSite(task('db-credentials', key), login, folder);
  server.query(`ALTER ROLE postgres PASSWORD '${site.values['postgres-password']}'`);
  site.script = (script, input) => shell(local(script, folder, server.port), env, input);
  const roles = () => shell(local(configOf('db-init', '10-roles.sh'), folder, server.port), env);
  await roles();
  return { site, server, roles, restart: () => Promise.resolve() };
}

/** A Redis with the synthesized configuration and password file. */
async function redisStage(key = 'password'): Promise<Stage & { port: number }> {
  const folder = scratchFolder('mounted');
  const data = join(folder, 'data');
  mkdirSync(data);
  const port = await freePort();
  const env = { PATH: `${dirname(toolPath('redis', 'bin/redis-cli'))}:${process.env['PATH']}` };
  const site = new RealSite(task('cache-credentials', key), ({ password }) => loginToRedis(port, password!), folder);
  const configuration = local(configOf('cache-config', 'redis.conf'), folder, port);
  const file = join(folder, 'redis.conf');
  writeFileSync(
    file,
    `${configuration.replace(/^dir .*/m, `dir ${data}`).replace(/^port .*/m, `port ${port}`)}bind 127.0.0.1\n`,
  );
  let server: Server | undefined;
  const restart = async () => {
    await server?.stop();
    site.mount();
    server = await startProcess('redis', toolPath('redis', 'bin/redis-server'), [file], {
      line: /Ready to accept connections/,
    });
  };
  await restart();
  site.script = (script, input) => shell(local(script, folder, port), env, input);
  return { site, restart, port };
}

const silent = () => undefined;

/** Rotates once undisturbed, then kills a run at every point and begins again; all the while everybody logs in. */
async function proveRotation({ site }: Stage, login: Login): Promise<string> {
  const began = Date.now();
  const old = site.values;
  await login(old);
  site.begin();
  await rotate(site.task, site, silent);
  await expect(login(old)).rejects.toThrow();
  const points = Array.from({ length: site.done.length * 2 - 1 }, (_, index) => (index + 1) / 2);
  for (const point of points) {
    const before = site.values;
    site.killIn = point;
    await expect(rotate(site.task, site, silent)).rejects.toBeInstanceOf(Killed);
    site.killIn = Infinity;
    await wait(20);
    await rotate(site.task, site, silent);
    await expect(login(before)).rejects.toThrow();
    await login(site.values);
  }
  await site.end();
  expect(site.failures).toEqual([]);
  expect([...site.secrets.keys()]).toEqual([site.task.declaration.name]);
  expect(site.logins).toBeGreaterThan(500);
  const rate = Math.round(site.logins / ((Date.now() - began) / 1000));
  return `${points.length + 1} rotations, killed at ${points.length} points: 0 of ${site.logins} logins refused (${rate} a second)`;
}

proof(
  "PostgreSQL's password is rotated while everybody logs in",
  async () => {
    const { server, ...stage } = await postgresStage();
    const login: Login = ({ username, password }) => loginToPostgres(server.port, username!, password!, 'app');
    const figure = await proveRotation(stage, login);
    // Statements with passwords are not in the log, and what both users make has one owner.
    for (const value of Object.values(stage.site.values).filter(({ length }) => length > 10)) {
      expect(server.log).not.toContain(value);
    }
    const { username, password } = stage.site.values;
    const as = { PGUSER: username!, PGPASSWORD: password!, PGDATABASE: 'app' };
    server.query('CREATE TABLE made (id integer); DISCARD ALL; CREATE TABLE made_later (id integer)', as);
    const superuser = { PGPASSWORD: stage.site.values['postgres-password']!, PGDATABASE: 'app' };
    const owners = server.query(`SELECT DISTINCT tableowner FROM pg_tables WHERE tablename ~ '^made'`, superuser);
    expect(owners).toBe('app');
    return figure;
  },
  240,
);

proof(
  "Redis's password is rotated while everybody logs in",
  async () => {
    const stage = await redisStage();
    return proveRotation(stage, ({ password }) => loginToRedis(stage.port, password!));
  },
  240,
);

proof('Redis restarts in the middle of a rotation, and refuses nobody afterwards', async () => {
  const { site, restart, port } = await redisStage();
  const old = site.values['password']!;
  const { restart: roll } = site;
  let during = '';
  site.restart = async (reader, mark) => {
    await restart();
    during = site.values['auth.conf']!;
    await loginToRedis(port, old);
    await loginToRedis(port, site.values['password']!);
    return roll(reader, mark);
  };
  await rotate(site.task, site, silent);
  expect(during).toContain(` >${old} ~*`);
  await expect(loginToRedis(port, old)).rejects.toThrow('WRONGPASS');
  await restart();
  await expect(loginToRedis(port, old)).rejects.toThrow('WRONGPASS');
  await loginToRedis(port, site.values['password']!);
  return 'both passwords before, one after';
});

proof('the passwords of the superuser and of the exporters are rotated, and survive a kill', async () => {
  for (const [key, user] of [
    ['postgres-password', 'postgres'],
    ['exporter-password', 'exporter'],
  ] as const) {
    const { site, server } = await postgresStage(key);
    const login = (values: Values) => loginToPostgres(server.port, user, values[key]!, 'app');
    const old = site.values;
    await login(old);
    // Killed when the server knows the new password already, and the Secret does not.
    site.killIn = 1.5;
    await expect(rotate(site.task, site, silent)).rejects.toBeInstanceOf(Killed);
    expect(site.values[key]).toBe(old[key]);
    await expect(login(old)).rejects.toThrow('password authentication failed');
    site.killIn = Infinity;
    await rotate(site.task, site, silent);
    expect(site.values[key]).not.toBe(old[key]);
    await login(site.values);
  }
  const { site, restart, port } = await redisStage('exporter-password');
  const old = site.values['exporter-password']!;
  const { restart: roll } = site;
  site.restart = async (reader, mark) => {
    await restart();
    return roll(reader, mark);
  };
  await rotate(site.task, site, silent);
  await loginToRedis(port, site.values['exporter-password']!, 'exporter');
  await expect(loginToRedis(port, old, 'exporter')).rejects.toThrow('WRONGPASS');
  return 'three of three';
});

proof('roles of a later release are made on a volume in use, and the others left alone', async () => {
  const { site, server, roles } = await postgresStage();
  const { username, password, 'exporter-password': exporter } = site.values;
  server.query('DROP ROLE exporter', { PGPASSWORD: site.values['postgres-password']! });
  await rotate(site.task, site, silent);
  site.mount();
  await roles();
  await roles();
  await loginToPostgres(server.port, 'exporter', exporter!, 'app');
  await loginToPostgres(server.port, site.values['username']!, site.values['password']!, 'app');
  await expect(loginToPostgres(server.port, username!, password!, 'app')).rejects.toThrow('authentication failed');
  return `made once, run three times; ${readFileSync(join(server.dataFolder, 'PG_VERSION'), 'utf8').trim()}`;
});
