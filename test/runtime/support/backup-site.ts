import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from '../../../src/cli/build';
import { fillSecret } from '../../../src/cli/secrets/values';
import type { ObjectStoreSettings } from '../../../src/backup/object-store-settings';
import type { BackupSettings } from '../../../src/data/backup-settings';
import { Postgres } from '../../../src/data/postgres';
import type { PostgresSettings } from '../../../src/data/postgres-settings';
import { Secrets } from '../../../src/platform/secrets';
import { testSystem } from '../../support/system';
import { ObjectStore } from './object-store';
import { playedImages, type Pod, PodMachine } from './pod-machine';
import { eventually, run, type Server, sleep, startProcess } from './process';
import { toolPath } from './tools';

export interface JobResult {
  readonly succeeded: boolean;
  readonly output: string;
  readonly seconds: number;
  /** Of its processes, user and system. */
  readonly cpuSeconds: number;
}

/** A row that the server has acknowledged. */
interface Acknowledged {
  readonly number: number;
  /** Seconds since 1970. */
  readonly at: number;
}

/** Short enough to be seen in minutes. */
export const OBJECTIVES = { rpo: '30s', rto: '1h', archiveTimeout: '5s', uploadInterval: '1s' };
/** What a drill asks. */
export const CHECK = "SELECT to_regclass('rows') IS NOT NULL";

/** Seconds since 1970, and how a restore is told of them. */
export const now = () => Date.now() / 1000;
export const utc = (at: number) => new Date(at * 1000).toISOString().replace('T', ' ').slice(0, 19);

const BUCKET = 'backups';
const PREFIX = 'shop/test/db';

/** A synthesized server with its backups, and the store that they go to. */
export class BackupSite {
  public static async start(
    settings: Omit<BackupSettings, 'target'>,
    target: 's3' | 'volume' = 's3',
    storage = '1Gi',
  ): Promise<BackupSite> {
    const machine = await PodMachine.start([], playedImages());
    const store = target === 's3' ? await ObjectStore.start(machine.pid) : undefined;
    store?.createBucket(BUCKET);
    const site = new BackupSite(machine, store, { storage: { size: storage }, backup: settings });
    site.apply();
    return site;
  }

  /** Another store that this one reads, in the place of that of another region. */
  public source?: ObjectStore;

  /** Synthesizes and applies the manifests, with settings of the server beside those that it began with. */
  public apply(change: Pick<PostgresSettings, 'standbyOf'> = {}): void {
    const { machine, store, settings } = this;
    const system = testSystem();
    const target = store
      ? { type: 's3' as const, bucket: BUCKET, prefix: PREFIX, endpoint: store.endpoint }
      : { type: 'volume' as const };
    new Postgres(system.layer('data'), 'db', { ...settings, ...change, backup: { ...settings.backup, target } });
    (machine.objects as any[]).splice(0, Infinity, ...finish(system).map(({ manifest }) => hastened(manifest)));
    for (const declared of Secrets.of(system).all.filter(({ name }) => !machine.secrets[name])) {
      const from = declared.name === 'standby-credentials' ? this.source : store;
      const provided = { 'access-key-id': from?.accessKey ?? '', 'secret-access-key': from?.secretKey ?? '' };
      const given = Object.entries(provided).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
      const known = Object.fromEntries(given.filter(([key]) => declared.keys[key!]?.provided));
      const { keys } = fillSecret(declared, known);
      machine.secrets[declared.name] = Object.fromEntries(keys.map(({ key, value }) => [key, value.toString()]));
    }
  }

  /** What the settings say of the store of another region, which is opened for reading. */
  public async watches(other: BackupSite): Promise<ObjectStoreSettings> {
    this.source ??= await ObjectStore.view(other.store!, this.machine.pid);
    return { type: 's3', bucket: BUCKET, prefix: PREFIX, endpoint: this.source.endpoint };
  }

  public server!: Server;
  public uploader!: Server;
  private pod!: Pod;

  private constructor(
    public readonly machine: PodMachine,
    public readonly store: ObjectStore | undefined,
    private readonly settings: { storage: { size: string }; backup: Omit<BackupSettings, 'target'> },
  ) {}

  public get passwords(): Record<string, string> {
    return this.machine.secrets['db-credentials']!;
  }

  /** Scales to one: both containers start, and it is waited until the server is ready by its own probe. */
  public async up(seconds = 60): Promise<void> {
    await this.begin();
    const ready = this.pod.containerOf('postgres').readinessProbe.exec.command;
    await this.server.until('readiness', () => succeeds(() => this.pod.exec(this.server, 'postgres', ready)), seconds);
  }

  /** Whether the server's own liveness probe is content. */
  public get isAlive(): boolean {
    const { command } = this.pod.containerOf('postgres').livenessProbe.exec;
    return succeeds(() => this.pod.exec(this.server, 'postgres', command));
  }

  /** Scales to one, and waits for nothing. */
  public async begin(): Promise<void> {
    const { spec } = this.machine.one('StatefulSet', 'db');
    this.pod = this.machine.pod(spec.template, 'db-0');
    for (const { name } of spec.template.spec.initContainers ?? []) {
      const ended = await (await this.pod.start(name)).ending(60);
      if (ended !== 'code 0') throw new Error(`${name} ended with ${ended}`);
    }
    this.server = await this.pod.start('postgres');
    this.uploader = await this.pod.start('wal-upload');
    const { lifecycle } = this.pod.containerOf('postgres');
    if (this.server.isRunning) this.pod.exec(this.server, 'postgres', lifecycle.postStart.exec.command);
  }

  /** Scales to none: as the kubelet does, both are told to end at the same time. */
  public async down(): Promise<void> {
    // The image names SIGINT as its signal to stop.
    await Promise.all([this.server.stop('SIGINT', 120), this.uploader.stop('SIGTERM', 120)]);
    this.pod.remove();
  }

  /** As when the node loses its power. */
  public async crash(): Promise<void> {
    await Promise.all([this.server.kill(), this.uploader.kill()]);
    this.pod.remove();
  }

  /** Runs a Job from a CronJob to its end, init containers first. */
  public async job(name: string, env: Record<string, string> = {}, seconds = 240): Promise<JobResult> {
    const { template } = this.machine.one('CronJob', name).spec.jobTemplate.spec;
    const pod = this.machine.pod(template, name);
    for (const init of template.spec.initContainers) {
      const ended = await (await pod.start(init.name)).ending(60);
      if (ended !== 'code 0') throw new Error(`${name}/${init.name} ended with ${ended}`);
    }
    const [began, used] = [Date.now(), cpu()];
    const main = await pod.start(template.spec.containers[0].name, { env });
    const ended = await main.ending(seconds);
    const result = { seconds: (Date.now() - began) / 1000, cpuSeconds: cpu() - used };
    pod.remove();
    return { ...result, succeeded: ended === 'code 0', output: main.output };
  }

  /** The same, where it must succeed. */
  public async succeed(name: string, env: Record<string, string> = {}, seconds?: number): Promise<JobResult> {
    const result = await this.job(name, env, seconds);
    if (!result.succeeded)
      throw new Error(`${name} failed:\n${result.output.slice(-3000)}\n${this.server.output.slice(-2000)}`);
    return result;
  }

  public query(sql: string, user = 'postgres', key = 'postgres-password'): string {
    const env = { PGHOST: '127.0.0.1', PGUSER: user, PGDATABASE: 'app', PGPASSWORD: this.passwords[key]! };
    return run(toolPath('postgres', 'bin/psql'), ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
      env,
      network: this.machine.pid,
    }).trim();
  }

  /** What Prometheus would read of the backups now. */
  public get figures(): Record<string, number> {
    const said = this.pod.exec(this.uploader, 'wal-upload', ['wget', '-qO-', 'http://127.0.0.1:9188/metrics']);
    return Object.fromEntries(
      said
        .trim()
        .split('\n')
        .map((line) => line.split(' '))
        .map(([name, value]) => [name!.replace('postgres_backup_', ''), Number(value)]),
    );
  }

  /** Whether the uploader's own liveness probe is content. */
  public get isUploaderAlive(): boolean {
    const { command } = this.pod.containerOf('wal-upload').livenessProbe.exec;
    return succeeds(() => this.pod.exec(this.uploader, 'wal-upload', command));
  }

  /** Folder of the backups in the store, or of a part of them. */
  public kept(part: 'base' | 'status' | 'wal' | ''): string {
    const folder = this.store
      ? this.store.fileOf(BUCKET, PREFIX)
      : join(this.machine.claim('db-backup'), 'store', PREFIX);
    return join(folder, part);
  }

  public list(part: 'base' | 'wal'): string[] {
    return readdirSync(this.kept(part)).sort();
  }

  /** Figures that the last Job has left. */
  public published(what: 'base' | 'drill'): Record<string, number> {
    const lines = readFileSync(join(this.kept('status'), `${what}.prom`), 'utf8')
      .trim()
      .split('\n');
    return Object.fromEntries(
      lines.map((line) => [line.split(' ')[0]!.replace(/^postgres_backup_/, ''), Number(line.split(' ')[1])]),
    );
  }

  /** Files that wait for the store. */
  public get waiting(): string[] {
    return readdirSync(join(this.machine.claim('db-backup'), 'spool'));
  }

  public get dataClaim(): string {
    return this.machine.claim('data-db-0');
  }

  /** Empties volumes, as when they are lost. */
  public lose(...claims: string[]): void {
    for (const claim of claims) {
      const folder = this.machine.claim(claim);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    }
  }

  /** Replaces every password in the Secret, not in the server. */
  public replacePasswords(): void {
    for (const key of Object.keys(this.passwords).filter((key) => key.endsWith('password'))) {
      this.passwords[key] = randomBytes(12).toString('hex');
    }
  }

  /** Waits until the server has handed over all that was committed, and the store has it. */
  public async sent(): Promise<void> {
    const segment = this.query('SELECT pg_walfile_name(pg_switch_wal())');
    await eventually(() => this.list('wal').includes(`${segment}.gz`) && this.waiting.length === 0, 60);
  }

  /** An application that commits one row after the other, noting what is acknowledged, and moves much beside. */
  public async write(): Promise<Writer> {
    this.query('CREATE TABLE IF NOT EXISTS rows (n integer PRIMARY KEY, filler text)', 'app', 'password');
    const first = Number(this.query('SELECT coalesce(max(n), 0) FROM rows', 'app', 'password'));
    const insert = `psql -XqAt -v ON_ERROR_STOP=1 -c "INSERT INTO rows SELECT $n, string_agg(md5(random()::text), '') FROM generate_series(1, 500)"`;
    // A time is noted after the answer: what is acknowledged was committed before.
    const turn = `n=$((n + 1)); ${insert} && echo "row $n $(date +%s.%N)"; sleep 0.1`;
    const script = `n=${first}; while :; do ${turn}; done`;
    const env = { PGHOST: '127.0.0.1', PGUSER: 'app', PGDATABASE: 'app', PGPASSWORD: this.passwords['password']! };
    const path = `${join(toolPath('postgres', 'bin/psql'), '..')}:${process.env['PATH']}`;
    const options = { env: { ...env, PATH: path }, network: this.machine.pid };
    return new Writer(await startProcess('writer', 'bash', ['-c', script], options), this);
  }

  public rows(): number[] {
    return this.query('SELECT n FROM rows ORDER BY n').split('\n').filter(Boolean).map(Number);
  }
}

/** See `BackupSite.write`. */
export class Writer {
  public constructor(
    private readonly server: Server,
    private readonly site: BackupSite,
  ) {}

  public get acknowledged(): Acknowledged[] {
    return [...this.server.output.matchAll(/^row (\d+) ([\d.]+)$/gm)].map(([, number, at]) => ({
      number: Number(number),
      at: Number(at),
    }));
  }

  public async until(count: number): Promise<void> {
    const before = this.acknowledged.length;
    await eventually(() => this.acknowledged.length >= before + count, 60);
  }

  public async stop(): Promise<Acknowledged[]> {
    await this.server.kill();
    await sleep(200);
    return this.acknowledged;
  }

  /** Of what was acknowledged, what the server has not. */
  public lost(): Acknowledged[] {
    const there = new Set(this.site.rows());
    return this.acknowledged.filter(({ number }) => !there.has(number));
  }
}

/** What is done each minute, or each few, is done each few seconds. */
function hastened(manifest: any): any {
  let text = JSON.stringify(manifest);
  const hasten = (often: string, oftener: string) => {
    if (!text.includes(often)) throw new Error(`${manifest.metadata.name}: nothing there is "${often}" any more`);
    text = text.replaceAll(often, oftener);
  };
  if (manifest.data?.['upload.sh']) hasten('began - looked)) -ge 60', 'began - looked)) -ge 10');
  if (manifest.data?.['standby.sh']) hasten(' -gt 180 ]', ' -gt 25 ]');
  if (manifest.kind === 'StatefulSet' && text.includes('standby.sh')) {
    hasten('wal_retrieve_retry_interval=10s', 'wal_retrieve_retry_interval=1s');
  }
  return JSON.parse(text);
}

function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

/** Of the children of this process that have ended, in seconds. */
function cpu(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
