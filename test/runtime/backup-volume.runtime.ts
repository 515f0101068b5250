/** @tools busybox postgres rclone */
import { rmSync } from 'node:fs';
import { BackupSite, CHECK, now, OBJECTIVES, utc } from './support/backup-site';
import { sleep } from './support/process';
import { proof } from './support/proof';

proof(
  'backups on the volume alone do all of it too',
  async () => {
    const volume = await BackupSite.start({ ...OBJECTIVES, drill: { queries: [CHECK] } }, 'volume');
    await volume.up();
    const rows = await volume.write();
    await rows.until(10);
    await volume.succeed('db-backup');
    await volume.succeed('db-restore-drill');
    await rows.until(10);
    await sleep(1100);
    const target = Math.floor(now());
    await sleep(1100);
    await volume.sent();
    await rows.until(10);
    await volume.crash();
    await rows.stop();
    volume.lose('data-db-0');
    await volume.succeed('db-restore');
    await volume.up();
    const lost = rows.lost();
    await volume.down();
    await volume.succeed('db-restore', { RESTORE_TO: utc(target) });
    await volume.up();
    const there = volume.rows();
    const before = rows.acknowledged.filter(({ at }) => at <= target);
    expect(before.filter(({ number }) => !there.includes(number))).toEqual([]);
    expect(rows.acknowledged.at(-1)!.number).toBeGreaterThan(there.at(-1)!);
    rmSync(volume.machine.claim('data-db-0'), { recursive: true, force: true });
    return `${lost.length} of ${rows.acknowledged.length} rows lost with the volume of the data, ${before.length} of ${before.length} at a point in time`;
  },
  200,
);
