/** @tools postgres redis prometheus */
import { readdirSync, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { fillSecret } from '../../src/cli/secrets/values';
import { Postgres } from '../../src/data/postgres';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { finished, testSystem } from '../support/system';
import { Authority } from './support/authority';
import { POSTGRES_ENTRYPOINT } from './support/postgres-entrypoint';
import { Pods, type Running, type SecretValues } from './support/pods';
import { eventually, sleep } from './support/process';
import { PrometheusServer } from './support/prometheus';
import { proof } from './support/proof';

/* Containers run as synthesized: their commands, variables, users, volumes, and a root folder that is read-only. */

const RETAINED = 64;

/** A server with backups and one replica, and an application that uses both. */
function shop(tls: boolean) {
  const system = testSystem({ tls: { enabled: tls } });
  const postgres = new Postgres(system.layer('data'), 'db', {
    storage: { size: '1Gi' },
    resources: { requests: { memory: '128Mi' }, limits: { memory: '256Mi' } },
    backup: { rpo: '15m', rto: '1h', target: { type: 'volume' } },
    readReplicas: { maxLag: '5s', retainedWal: `${RETAINED}Mi` },
  });
  const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
  const web = new WebService(system.layer('apps'), 'web', { image, port: 8080 });
  web.use(postgres);
  web.use(postgres.reader);
  const { objects } = finished(system);
  const authority = new Authority('shop');
  const secrets: SecretValues = Object.fromEntries(
    Secrets.of(system).all.map((secret) => [
      secret.name,
      Object.fromEntries(fillSecret(secret).keys.map(({ key, value }) => [key, value.toString()])),
    ]),
  );
  for (const certificate of objects.filter(({ kind, spec }) => kind === 'Certificate' && !spec.isCA)) {
    secrets[certificate.spec.secretName] = authority.sign(certificate);
  }
  // Without a command it is the image's own that runs.
  for (const { containers } of objects
    .filter(({ kind }) => kind === 'StatefulSet')
    .map(({ spec }) => spec.template.spec)) {
    containers[0].command ??= ['docker-entrypoint.sh', 'postgres'];
  }
  return { objects, secrets };
}

const UP = /listening on IPv4[\s\S]*ready to accept (read-only )?connections/;
/** What are 15 seconds in a cluster. */
const WATCH = 1;

class Site {
  public static async start(tls: boolean): Promise<Site> {
    const { objects, secrets } = shop(tls);
    variablesOf(objects, 'db-replica').find(({ name }) => name === 'WATCH_SECONDS').value = `${WATCH}`;
    const commands = { 'docker-entrypoint.sh': POSTGRES_ENTRYPOINT };
    const pods = await Pods.start({ objects, secrets, tools: ['postgres', 'redis'], commands, readOnly: true });
    return new Site(objects, pods);
  }

  public server!: Running;
  public replica!: Running;

  private constructor(
    public readonly objects: any[],
    public readonly pods: Pods,
  ) {}

  public async startServer(): Promise<void> {
    this.server = await this.pods.run('db-0', { container: 'postgres', line: UP, seconds: 60 });
  }

  public async startReplica(line = UP): Promise<void> {
    this.replica = await this.pods.run('db-replica-0', { container: 'postgres', line, seconds: 90 });
  }

  /** As the application, by the URL that it is given. */
  public async ask(url: 'DATABASE_URL' | 'DATABASE_READ_URL', sql: string): Promise<string> {
    const command = ['sh', '-c', `psql "$${url}" -XqAtc "$1"`, 'sh', sql];
    return (await this.pods.call('web', { container: 'web', command })).trim();
  }

  /** As the superuser, in the pod of the server or of the replica. */
  public async administer(pod: 'db-0' | 'db-replica-0', sql: string): Promise<string> {
    const script = `PGPASSWORD=$(cat) psql -h /var/run/postgresql -U postgres -d app -XqAtc "$1"`;
    return (
      await this.pods.call(pod, {
        container: 'postgres',
        command: ['sh', '-c', script, 'sh', sql],
        input: this.password,
      })
    ).trim();
  }

  public password = '';

  /** Until the replica has what the server has. */
  public async caughtUp(seconds = 30): Promise<void> {
    const at = await this.administer('db-0', 'SELECT pg_current_wal_lsn()');
    const query = `SELECT pg_last_wal_replay_lsn() >= '${at}'`;
    await eventually(async () => (await this.administer('db-replica-0', query)) === 't', seconds);
  }

  public walOnVolume(): number {
    const folder = join(this.pods.volumeFolder('db-0', 'data'), 'pgdata', 'pg_wal');
    const files = readdirSync(folder).filter((name) => /^[0-9A-F]{24}$/.test(name));
    return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) / 2 ** 20;
  }
}

const variablesOf = (objects: any[], set: string): any[] =>
  objects.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === set).spec.template.spec.containers[0]
    .env;

describe.each([
  ['with TLS', true],
  ['without TLS', false],
])('%s', (_, tls) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start(tls);
    site.password = (site.pods as any).options.secrets['db-credentials']['postgres-password'];
    await site.startServer();
    await site.ask(
      'DATABASE_URL',
      'CREATE TABLE orders AS SELECT n, md5(n::text) AS note FROM generate_series(1, 1000) n',
    );
  }, 120_000);
  afterAll(() => site?.pods.stop());

  proof(
    `a replica copies the server by itself and follows it, ${tls ? 'with' : 'without'} TLS`,
    async () => {
      const began = Date.now();
      await site.startReplica();
      await site.caughtUp();
      const copied = Date.now() - began;
      expect(await site.ask('DATABASE_READ_URL', 'SELECT count(*) FROM orders')).toBe('1000');
      await expect(site.ask('DATABASE_READ_URL', 'INSERT INTO orders VALUES (0)')).rejects.toThrow(
        'read-only transaction',
      );
      const stream = await site.administer('db-0', 'SELECT application_name, state FROM pg_stat_replication');
      expect(stream).toBe('db-replica-0|streaming');
      const ssl = await site.administer('db-0', 'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_replication USING (pid)');
      expect(ssl).toBe(tls ? 't' : 'f');
      return `copied and following after ${(copied / 1000).toFixed(1)} s, over ${tls ? 'TLS' : 'plain TCP'}; reads answered, a write refused`;
    },
    120,
  );

  if (!tls) return;

  proof(
    'its lag is told once it is more than was asked for, and that it is missing when it is',
    async () => {
      const { pods } = site;
      await pods.run('db-0', { container: 'exporter', command: ['prometheus-postgres-exporter'], line: /9187/ });
      const targets = [`${pods.addressOf('db-0')}:9187`];
      const prometheus = await PrometheusServer.startIn(pods.network, {
        job_name: 'db',
        static_configs: [{ targets, labels: { namespace: 'shop', pod: 'db-0' } }],
      });
      const rules = site.objects
        .filter(({ kind }) => kind === 'PrometheusRule')
        .flatMap(({ spec }) => spec.groups.flatMap((group: any) => group.rules));
      const given = (alert: string) => prometheus.query(rules.find((rule: any) => rule.alert === alert).expr);
      const writes = () => site.ask('DATABASE_URL', 'INSERT INTO orders SELECT n FROM generate_series(1, 5000) n');

      await eventually(() => prometheus.query('pg_replication_slots_active == 1').length === 1);
      // It compares with what was five seconds ago, and nobody writes: an idle server is not one that is behind.
      await sleep(7000);
      expect([given('PostgresReplicaBehind'), given('PostgresReplicaMissing')]).toEqual([[], []]);
      const began = Date.now();
      while (Date.now() < began + 8000) await writes();
      expect(given('PostgresReplicaBehind')).toEqual([]);

      await site.administer('db-replica-0', 'SELECT pg_wal_replay_pause()');
      const paused = Date.now();
      await writes();
      await eventually(() => given('PostgresReplicaBehind').length === 1, 20);
      const told = (Date.now() - paused) / 1000;
      const [bytes] = given('PostgresReplicaBehind');
      expect(told).toBeGreaterThan(4);
      await site.administer('db-replica-0', 'SELECT pg_wal_replay_resume()');
      await eventually(() => given('PostgresReplicaBehind').length === 0, 20);

      await pods.end(site.replica, 'SIGKILL');
      await eventually(() => given('PostgresReplicaMissing').length === 1, 20);
      await site.startReplica();
      await eventually(() => given('PostgresReplicaMissing').length === 0, 20);
      return `paused, it is told after ${told.toFixed(1)} s of the 5 s allowed (${bytes} bytes); silent while idle and while it follows`;
    },
    150,
  );

  proof(
    'a replica that is away for long does not fill the volume of the server, and copies it when it is back',
    async () => {
      await site.pods.end(site.replica, 'SIGINT');
      const state = () =>
        site.administer('db-0', "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'db_replica_0'");
      let written = 0;
      while ((await state()) !== 'lost' && written < 640) {
        await site.administer('db-0', "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 32 * 1024 * 1024))");
        await site.administer('db-0', 'CHECKPOINT');
        written += 32;
      }
      expect(await state()).toBe('lost');
      const kept = site.walOnVolume();
      // What is kept for replicas, and what checkpoints keep anyway.
      expect(kept).toBeLessThan(RETAINED + 128);
      await site.startReplica(/copying the server, for its slot is lost[\s\S]*ready to accept read-only connections/);
      await site.caughtUp();
      expect(await state()).toBe('reserved');
      return `lost after ${written} MiB, ${kept} MiB on the volume with ${RETAINED} allowed; copied again by itself`;
    },
    240,
  );

  proof(
    'a replica that runs ends when its slot is gone, and copies the server when it begins again',
    async () => {
      expect(site.replica.server.isRunning).toBe(true);
      await eventually(async () => {
        await site.administer('db-0', 'SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
        await sleep(500);
        await site.administer('db-0', "SELECT pg_drop_replication_slot('db_replica_0')");
        return true;
      });
      const began = Date.now();
      const ended = await site.replica.server.ending(60);
      const seconds = (Date.now() - began) / 1000;
      expect(ended).toBe('code 0');
      await site.startReplica(/copying the server, for its slot is missing/);
      await site.caughtUp();
      return `ended in order after ${seconds.toFixed(1)} s, then copied`;
    },
    150,
  );

  proof(
    'while the server is away a replica answers and begins anew, and follows it when it is back',
    async () => {
      await site.pods.end(site.server, 'SIGKILL');
      const count = await site.ask('DATABASE_READ_URL', 'SELECT count(*) FROM orders');
      await site.pods.end(site.replica, 'SIGKILL');
      await site.startReplica(
        /the server does not answer; beginning with what is there[\s\S]*ready to accept read-only/,
      );
      expect(await site.ask('DATABASE_READ_URL', 'SELECT count(*) FROM orders')).toBe(count);
      await site.startServer();
      await site.ask('DATABASE_URL', 'INSERT INTO orders VALUES (-1)');
      await eventually(
        async () => (await site.ask('DATABASE_READ_URL', 'SELECT count(*) FROM orders WHERE n = -1')) === '1',
        60,
      );
      return 'read meanwhile, and following again without a copy';
    },
    150,
  );

  proof(
    'a replaced password is taken without a restart',
    async () => {
      const { pods } = site;
      const secret = { 'replica-password': 'replaced0by1the2rotation' };
      pods.fill('db-credentials', secret);
      await site.administer('db-0', `ALTER ROLE replica PASSWORD '${secret['replica-password']}'`);
      await sleep(3000);
      await site.administer('db-0', 'SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
      await site.ask('DATABASE_URL', 'INSERT INTO orders VALUES (-3)');
      await site.caughtUp();
      expect(site.replica.server.isRunning).toBe(true);
      return 'streaming again with the new one';
    },
    90,
  );

  proof(
    'data are never given up for those of another server, nor after a promotion',
    async () => {
      const { pods } = site;
      await pods.end(site.server, 'SIGKILL');
      await pods.end(site.replica, 'SIGKILL');
      const data = pods.volumeFolder('db-0', 'data');
      const identity = () =>
        pods.call('db-replica-0', {
          container: 'postgres',
          command: ['sh', '-c', 'pg_controldata "$PGDATA" | grep identifier'],
        });
      const before = await identity();
      renameSync(join(data, 'pgdata'), join(data, 'away'));
      await site.startServer();
      // As anybody could log in who has the passwords of the Secret.
      const refused = async (reason: RegExp) => {
        const { server } = await pods.run('db-replica-0', { container: 'postgres' });
        expect(await server.ending(60)).toBe('code 1');
        expect(server.output).toMatch(reason);
      };
      await refused(/the data are of another server than the one that answers now/);
      await pods.end(site.server, 'SIGINT');
      await rm(join(data, 'pgdata'), { recursive: true });
      renameSync(join(data, 'away'), join(data, 'pgdata'));
      await site.startServer();
      await site.startReplica();
      await site.administer('db-replica-0', 'SELECT pg_promote()');
      await site.ask('DATABASE_READ_URL', 'INSERT INTO orders VALUES (-2)');
      await sleep(3 * WATCH * 1000);
      expect(site.replica.server.isRunning).toBe(true);
      await pods.end(site.replica, 'SIGINT');
      await refused(/the data are a replica's no more: it was promoted/);
      expect(await identity()).toBe(before);
      return 'refused twice with what to do, and the data are there';
    },
    150,
  );
});
