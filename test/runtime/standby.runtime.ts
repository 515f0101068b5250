/** @tools busybox postgres rclone */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupSite, now, OBJECTIVES, type Writer } from './support/backup-site';
import { eventually, sleep } from './support/process';
import { proof } from './support/proof';

/* Two regions, each with a network, a store and Secrets of its own; one reads the store of the other, and cannot write to it.
   What is done is what docs/guides/disaster-recovery.md says, in its order. */

let west: BackupSite;
let east: BackupSite;
let writer: Writer;

const seconds = (number: number) => `${number.toFixed(1)} s`;
/** How far a standby is behind, as its alert has it. */
const behind = (site: BackupSite) => now() - (site.figures['standby_current_timestamp_seconds'] ?? 0);
const rowsOf = (site: BackupSite) => (succeeds(() => site.rows()) ?? []).length;

function succeeds<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

/** The Secret of the server is the same in both regions, as one store of secrets gives it. */
const share = (from: BackupSite, to: BackupSite) => Object.assign(to.passwords, from.passwords);

/** Job `postgres-backup`, as after each switch-over. */
const backUp = (site: BackupSite) => site.succeed('db-backup');

beforeAll(async () => {
  west = await BackupSite.start(OBJECTIVES);
  east = await BackupSite.start(OBJECTIVES);
  await west.up();
}, 120_000);

proof(
  'a standby begins from the base backup of the other region, follows it and can be read',
  async () => {
    writer = await west.write();
    await writer.until(20);
    await backUp(west);
    await west.sent();
    const source = await east.watches(west);
    east.apply({ standbyOf: { source } });
    share(west, east);
    const began = now();
    await east.up();
    const up = now() - began;
    await eventually(() => rowsOf(east) >= 20, 60);
    expect(() => east.query('INSERT INTO rows VALUES (0)', 'app', 'password')).toThrow('read-only transaction');
    await eventually(() => behind(east) < 25, 60);
    const lag = behind(east);
    await eventually(() => rowsOf(east) >= writer.acknowledged.length - 100, 30);
    const suspended = (name: string) => east.machine.one('CronJob', name).spec.suspend;
    expect([suspended('db-backup'), suspended('db-restore-drill')]).toEqual([true, true]);
    return `readable after ${seconds(up)}, ${seconds(lag)} behind while the other is written to`;
  },
  240,
);

proof(
  'what is behind is told while the other region or its store is away, and the standby is read on',
  async () => {
    await east.source!.kill();
    const away = now();
    await eventually(() => behind(east) > 30, 60);
    await sleep(20_000);
    expect(behind(east)).toBeGreaterThan(now() - away - 1);
    expect(rowsOf(east)).toBeGreaterThan(0);
    expect([east.server.isRunning, east.isAlive]).toEqual([true, true]);
    await east.source!.start();
    await eventually(() => behind(east) < 25, 90);
    return `${seconds(now() - away)} without it, current again afterwards`;
  },
  200,
);

proof(
  'a planned switch-over loses nothing',
  async () => {
    // The standby is promoted too early, by mistake: it waits, and goes on when the other has stopped.
    await east.down();
    east.apply({ standbyOf: { source: await east.watches(west), promoted: true } });
    await east.begin();
    await east.server.until('the warning', () =>
      /the other server still sends; stop it first/.test(east.server.output),
    );
    expect(east.isAlive).toBe(true);

    const began = now();
    const acknowledged = await writer.stop();
    await west.down();
    west.apply({ standbyOf: { source: await west.watches(east) } });
    await west.begin();
    expect(await west.server.ending(60)).toBe('code 1');
    expect(west.server.output).toContain('fenced: the data are of a server by itself, and are left as they are');
    await east.server.until('promotion', () => /promoted: the last transaction is of/.test(east.server.output), 60);
    await eventually(() => succeeds(() => east.query('SELECT pg_is_in_recovery()')) === 'f', 60);
    const took = now() - began;
    const there = new Set(east.rows());
    expect(acknowledged.filter(({ number }) => !there.has(number))).toEqual([]);
    await backUp(east);
    await east.succeed('db-restore-drill');
    return `0 of ${acknowledged.length} rows lost, writable ${seconds(took)} after the last write; a drill there succeeds`;
  },
  240,
);

proof(
  'the old server stands by once its data are given up, and takes over when the region is lost without a word',
  async () => {
    await west.crash();
    west.lose('data-db-0');
    share(east, west);
    await west.up();
    writer = await east.write();
    await writer.until(30);
    await eventually(() => behind(west) < 25, 90);
    await writer.until(30);

    // Region lost: server, uploader and both volumes at once.
    await east.crash();
    const died = now();
    const acknowledged = await writer.stop();
    await west.down();
    west.apply({ standbyOf: { source: await west.watches(east), promoted: true } });
    west.replacePasswords();
    await west.begin();
    await west.server.until('promotion', () => /promoted: the last transaction is of/.test(west.server.output), 90);
    await eventually(() => succeeds(() => west.query('SELECT pg_is_in_recovery()')) === 'f', 60);
    const took = now() - died;
    const there = new Set(west.rows());
    const lost = acknowledged.filter(({ number }) => !there.has(number));
    const oldest = lost.length > 0 ? died - lost[0]!.at : 0;
    expect(acknowledged.length).toBeGreaterThan(lost.length);
    expect(oldest).toBeLessThan(30);
    expect(west.query('SELECT 1', 'app', 'password')).toBe('1');
    const { output } = await backUp(west);
    // Without the setting it is a server like any other.
    await west.down();
    west.apply();
    await west.up();
    expect(west.query('INSERT INTO rows VALUES (-1) RETURNING n', 'app', 'password')).toBe('-1');
    return `${lost.length} of ${acknowledged.length} rows lost, the oldest ${seconds(oldest)} old with an RPO of 30 s; writable ${seconds(took)} after the loss; ${/done in \d+ s/.exec(output)![0]}`;
  },
  300,
);

proof(
  'a standby with nothing to promote says so, and makes no empty server',
  async () => {
    await west.down();
    west.lose('data-db-0');
    west.apply({ standbyOf: { source: await west.watches(east), promoted: true } });
    await west.begin();
    expect(await west.server.ending(60)).toBe('code 1');
    expect(west.server.output).toContain('there is nothing to promote: the volume is empty');
    expect(existsSync(join(west.dataClaim, 'pgdata'))).toBe(false);
    expect(readFileSync(join(east.kept('status'), 'wal.sent'), 'utf8')).toMatch(/^\d+ [0-9A-F]{24} (sent|fenced)\n$/);
    return 'refused, with what to do';
  },
  90,
);
