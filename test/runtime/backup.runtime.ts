/** @tools busybox postgres rclone */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BackupSite, CHECK, now, OBJECTIVES, utc, type Writer } from './support/backup-site';
import { eventually, sleep } from './support/process';
import { proof } from './support/proof';

/* One server lives through all of this, in this order, as one would in years. Scripts, arguments, variables, users and
   mounts are those of the synthesized objects; the small tools are BusyBox', as in the images. */

let site: BackupSite;
let writer: Writer;
/** Of the first base backup, and of those that a restore to the past gave up. */
let firstBase: string;

beforeAll(async () => {
  site = await BackupSite.start({ ...OBJECTIVES, drill: { queries: [CHECK] } });
  await site.up();
}, 120_000);

const seconds = (number: number) => `${number.toFixed(1)} s`;
const markers = () => site.list('base').filter((name) => name.endsWith('.done'));
const recovered = (output: string) => /data in .*? s, write-ahead log in \d+ s/.exec(output)![0];

proof(
  'write-ahead log reaches the store, and waits on the volume while the store is away',
  async () => {
    writer = await site.write();
    await writer.until(20);
    await eventually(() => site.list('wal').length > 0 && site.figures['wal_waiting_files'] === 0);

    await site.store!.kill();
    const away = now();
    // Until what was under way has ended, and is told: from a round that failed on, nothing can be sent.
    await eventually(() => site.figures['upload_failures']! > 0);
    const before = site.figures['wal_protected_timestamp_seconds']!;
    let most = 0;
    while (now() < away + 25) {
      await sleep(1000);
      const { wal_waiting_files: waiting, wal_protected_timestamp_seconds: at } = site.figures;
      expect(at).toBe(before);
      most = Math.max(most, waiting!);
    }
    expect(most).toBeGreaterThan(0);
    expect(site.isUploaderAlive).toBe(true);
    expect(writer.acknowledged.at(-1)!.at).toBeGreaterThan(away + 20);

    await site.store!.start();
    const back = now();
    await eventually(() => site.figures['wal_waiting_files'] === 0, 90);
    // A round that began while the store was away and ended after it was back vouches for nothing later than its beginning.
    await eventually(() => site.figures['wal_protected_timestamp_seconds']! > away + 25, 90);
    return `${writer.acknowledged.length} rows written on, ${most} files waited, in the store ${seconds(now() - back)} after it was back`;
  },
  150,
);

proof('a base backup is made while clients write', async () => {
  const { output } = await site.succeed('db-backup');
  expect(markers()).toHaveLength(1);
  firstBase = markers()[0]!;
  expect(site.published('base')['base_bytes']).toBeGreaterThan(20_000_000);
  return /done in \d+ s/.exec(output)![0];
});

proof(
  'a drill brings back what was committed a moment ago, and says so',
  async () => {
    await site.succeed('db-restore-drill');
    const told = site.published('drill');
    expect(told['drill_succeeded']).toBe(1);
    await eventually(() => site.figures['drill_succeeded'] === 1, 90);
    return `in the store after ${told['drill_lost_seconds']} s, back after ${told['drill_recovery_seconds']} s`;
  },
  150,
);

/** The drill must fail, say why and publish that it failed. */
async function failingDrill(reason: string | RegExp, env: Record<string, string> = {}): Promise<void> {
  writeFileSync(join(site.kept('status'), 'drill.prom'), 'postgres_backup_drill_succeeded 1\n');
  const { succeeded, output } = await site.job('db-restore-drill', env);
  expect(output).toMatch(reason);
  expect([succeeded, site.published('drill')['drill_succeeded']]).toEqual([false, 0]);
}

proof(
  'a drill fails where a backup is damaged, a segment is missing, it takes too long or a query is false',
  async () => {
    // Each segment that is written meanwhile costs each drill a start of rclone.
    await writer.stop();
    await failingDrill('SELECT false: expected t, got f', { QUERIES: `${CHECK}\nSELECT false` });
    await failingDrill('SELECT nothing: cannot be asked', { QUERIES: 'SELECT nothing' });
    await failingDrill(/with 300 s to react the objective is 301 s/, { RTO: '301' });
    await failingDrill(/is not in the store; the objective is 0 s/, { RPO: '0' });

    const base = join(site.kept('base'), firstBase.replace('.done', '.tar.gz'));
    const whole = readFileSync(base);
    const flipped = Buffer.from(whole);
    flipped[Math.floor(flipped.length / 2)]! ^= 0xff;
    writeFileSync(base, flipped);
    await failingDrill(/gunzip|tar|invalid|checksum|crc/i);
    // Whole as an archive, with one bit of a table that is another.
    const unpacked = gunzipSync(whole);
    unpacked[unpacked.indexOf('PostgreSQL') > 0 ? tableByte(unpacked) : 0]! ^= 0x01;
    writeFileSync(base, gzipSync(unpacked, { level: 1 }));
    await failingDrill(/pg_verifybackup: error: checksum mismatch/);
    writeFileSync(base, whole);

    const [, , first] = readFileSync(join(site.kept('base'), firstBase), 'utf8')
      .trim()
      .split(' ');
    const after = site.list('wal').filter((name) => /^[0-9A-F]{24}\.gz$/.test(name) && name > `${first}.gz`);
    // Of those after the base backup ended: what it says to be the first is of the checkpoint before it.
    const missing = join(site.kept('wal'), after.at(-3)!);
    renameSync(missing, `${missing}.away`);
    await failingDrill(/the last transaction that came back is of|ended during recovery/);
    renameSync(`${missing}.away`, missing);
    await site.succeed('db-restore-drill');
    return 'seven of seven, and it succeeds again afterwards';
  },
  300,
);

/** In the middle of the largest file of the archive: a table of the system or of ours. */
function tableByte(tar: Buffer): number {
  let [largest, size] = [0, 0];
  for (let at = 0; at + 512 <= tar.length;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const bytes = parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    if (/^base\/\d+\/\d+$/.test(name) && bytes > size) [largest, size] = [at + 512, bytes];
    at += 512 + Math.ceil(bytes / 512) * 512;
  }
  return largest + Math.floor(size / 2);
}

proof(
  'a restore is refused while the server answers, without a base backup, and without room',
  async () => {
    const refused = async (reason: string, env: Record<string, string> = {}) => {
      const { succeeded, output } = await site.job('db-restore', env);
      expect(output).toContain(reason);
      expect(succeeded).toBe(false);
    };
    const before = writer;
    writer = await site.write();
    await refused('db answers; stop it first: kubectl scale statefulset/db --replicas=0');
    await writer.until(5);
    await writer.stop();
    await site.down();
    await refused('has no base backup that ended by latest', { REMOTE: 'backup:backups/none' });
    await refused('has no base backup that ended by 2020-01-01 00:00:00', { RESTORE_TO: '2020-01-01T00:00:00Z' });
    await refused('expected latest or a time in UTC such as', { RESTORE_TO: 'yesterday' });
    const small = `mount -t tmpfs -o size=20m tmpfs ${site.dataClaim}; mkdir -p ${site.dataClaim}/pgdata/pg_wal`;
    await site.machine.onNode(
      `${small}; echo 16 > ${site.dataClaim}/pgdata/PG_VERSION; chmod -R a+rwX ${site.dataClaim}`,
    );
    await refused('the old data are in the way: 19 MiB are free');
    await site.machine.onNode(`test -e ${site.dataClaim}/pgdata/PG_VERSION; umount ${site.dataClaim}`);
    await site.up();
    expect([...before.lost(), ...writer.lost()]).toEqual([]);
    return 'five of five, and the server starts again with all its data';
  },
  120,
);

proof(
  'the end of the pod sends the last write-ahead log',
  async () => {
    writer = await site.write();
    await writer.until(10);
    const written = await writer.stop();
    const segment = site.query('SELECT pg_walfile_name(pg_current_wal_lsn())');
    const began = now();
    await site.down();
    expect(site.waiting).toEqual([]);
    expect(site.list('wal')).toContain(`${segment}.gz`);
    const ended = now() - began;
    await site.up();
    return `${written.length} rows, ${segment} sent, the pod ended in ${seconds(ended)}`;
  },
  90,
);

proof(
  'a restore to a point in time brings back what was acknowledged before it, and nothing after',
  async () => {
    writer = await site.write();
    await writer.until(20);
    await sleep(1100);
    const target = Math.floor(now());
    await sleep(1100);
    await writer.until(20);
    await site.succeed('db-backup');
    const givenUp = markers().at(-1)!;
    await site.sent();
    await writer.stop();
    await site.down();
    const old = { ...site.passwords };
    site.replacePasswords();
    const { output } = await site.succeed('db-restore', { RESTORE_TO: utc(target) });
    await site.up();

    const there = site.rows();
    const { acknowledged } = writer;
    const before = acknowledged.filter(({ at }) => at <= target);
    const after = acknowledged.filter((_, index) => index > 0 && acknowledged[index - 1]!.at > target);
    expect([before.length, after.length].every((count) => count > 10)).toBe(true);
    expect(before.filter(({ number }) => !there.includes(number))).toEqual([]);
    expect(after.filter(({ number }) => there.includes(number))).toEqual([]);

    for (const [user, key] of [
      ['postgres', 'postgres-password'],
      ['app', 'password'],
      ['exporter', 'exporter-password'],
      ['backup', 'backup-password'],
    ] as const) {
      expect(site.query('SELECT 1', user, key)).toBe('1');
      const now = site.passwords[key]!;
      site.passwords[key] = old[key]!;
      expect(() => site.query('SELECT 1', user, key)).toThrow('password authentication failed');
      site.passwords[key] = now;
    }
    expect(site.list('base')).toContain(givenUp.replace('.done', '.abandoned'));
    expect(markers()).toEqual([firstBase]);
    return `${before.length} of ${before.length} before, 0 of ${after.length} after; four passwords of the Secret; ${recovered(output)}`;
  },
  150,
);

proof(
  'a second restore, to the latest after kill -9, follows the new timeline and loses nothing',
  async () => {
    expect(site.query('SELECT timeline_id FROM pg_control_checkpoint()')).toBe('2');
    writer = await site.write();
    await writer.until(40);
    await site.crash();
    await writer.stop();
    // What was given up must not come back: the base backup of before is the only one.
    const { output } = await site.succeed('db-restore');
    expect(output).toContain(`base backup ${firstBase.replace('.done', '')}`);
    await site.up();
    expect(writer.lost()).toEqual([]);
    expect(Number(site.query('SELECT timeline_id FROM pg_control_checkpoint()'))).toBe(3);
    return `0 of ${writer.acknowledged.length} rows lost; ${recovered(output)}`;
  },
  150,
);

proof(
  'with the volumes gone too, what is lost is younger than the RPO',
  async () => {
    await site.succeed('db-backup');
    writer = await site.write();
    await writer.until(40);
    await sleep(8000);
    await site.crash();
    const died = now();
    await writer.stop();
    site.lose('data-db-0', 'db-backup');
    const { output } = await site.succeed('db-restore');
    await site.up();
    const lost = writer.lost();
    const oldest = lost.length > 0 ? died - lost[0]!.at : 0;
    expect(writer.acknowledged.length).toBeGreaterThan(lost.length);
    expect(oldest).toBeLessThan(30);
    return `${lost.length} of ${writer.acknowledged.length} rows lost, the oldest ${seconds(oldest)} old with an RPO of 30 s; ${recovered(output)}`;
  },
  150,
);

proof(
  'what is older than the retention goes, and its beginning can still be gone back to',
  async () => {
    writer = await site.write();
    await site.succeed('db-backup');
    await writer.until(10);
    await sleep(2100);
    const beginning = Math.ceil(now());
    const kept = markers().at(-1)!;
    await sleep(2100);
    await writer.until(10);
    const { output } = await site.succeed('db-backup', { RETENTION: `${Math.floor(now() - beginning)}` });
    const last = markers().at(-1)!;
    expect(markers()).toEqual([kept, last]);
    const [, , first] = readFileSync(join(site.kept('base'), kept), 'utf8')
      .trim()
      .split(' ');
    const segments = site.list('wal').filter((name) => name.length >= 27);
    expect(segments.filter((name) => name.slice(8, 24) < first!.slice(8))).toEqual([]);
    expect(site.list('wal')).toContain(`${first}.gz`);

    await site.sent();
    await writer.stop();
    await site.down();
    await site.succeed('db-restore', { RESTORE_TO: utc(beginning), OLD_DATA: 'delete' });
    await site.up();
    const there = site.rows();
    const before = writer.acknowledged.filter(({ at }) => at <= beginning);
    expect(before.filter(({ number }) => !there.includes(number))).toEqual([]);
    expect(writer.acknowledged.some(({ number }) => !there.includes(number))).toBe(true);
    return `${/removed .* segments/.exec(output)![0]}; ${before.length} of ${before.length} rows at the beginning`;
  },
  150,
);
