import { type BackupSettings, resolveBackup } from '../../src/data/backup-settings';
import { formatPlan, missedObjectives, planRecovery } from '../../src/data/objectives';

const target = { type: 's3' as const, bucket: 'backups' };
const resolved = (settings: Partial<BackupSettings>, size = '50Gi') =>
  resolveBackup({ rpo: '15m', rto: '1h', target, ...settings }, { size });
const missed = (settings: Partial<BackupSettings>, size?: string) =>
  missedObjectives(resolved(settings, size)).map(({ field, problem }) => `${field}: ${problem}`);

describe('what a recovery comes to, worked out by hand', () => {
  test('50Gi by default', () => {
    const plan = planRecovery(resolved({}));
    // 300 + 10 + 16/20 = 310.8; 300 + 51200/50 + 64Ki × (86400 + 51200/20) / 20Mi + 60 = 300 + 1024 + 278.0 + 60 = 1662.0.
    expect(formatPlan(plan.loss)).toBe(
      'archiveTimeout 5m + uploadInterval 10s + a segment of 16Mi at 20Mi/s 1s = 5m 11s',
    );
    expect(formatPlan(plan.recovery)).toBe(
      'reaction 5m + 50.0Gi of data at 50Mi/s 17m 4s + 5.4Gi of write-ahead log at 20Mi/s 4m 38s + checks and start 1m = 27m 42s',
    );
    expect(missed({})).toEqual([]);
  });

  test('a short RPO makes the server hand over sooner, and never later than five minutes', () => {
    expect([resolved({ rpo: '1m' }), resolved({ rpo: '1d' })].map((backup) => backup.archiveTimeout)).toEqual([
      20, 300,
    ]);
  });
});

describe('objectives that cannot be met are refused with the sum', () => {
  test.each<[string, Partial<BackupSettings>, string | undefined, string[]]>([
    // 300 + 10 + 0.8 > 300.
    [
      'an archive timeout as long as the RPO',
      { rpo: '5m', archiveTimeout: '5m' },
      undefined,
      [
        'rpo: 5m cannot be met: archiveTimeout 5m + uploadInterval 10s + a segment of 16Mi at 20Mi/s 1s = 5m 11s; ' +
          'lower archiveTimeout or uploadInterval, or allow more loss',
      ],
    ],
    // 3 + 10 + 0.8 > 10.
    [
      'an RPO below what is sent every ten seconds',
      { rpo: '10s' },
      undefined,
      [
        'rpo: 10s cannot be met: archiveTimeout 3s + uploadInterval 10s + a segment of 16Mi at 20Mi/s 1s = 14s; ' +
          'lower archiveTimeout or uploadInterval, or allow more loss',
      ],
    ],
    ['the same, sent every second: 3 + 1 + 0.8', { rpo: '10s', uploadInterval: '1s' }, undefined, []],
    // 300 + 204800/50 + 64Ki × (86400 + 10240) / 20Mi + 60 = 300 + 4096 + 302 + 60 = 4758.
    [
      'a volume that takes longer than the RTO',
      {},
      '200Gi',
      [
        'rto: 1h cannot be met: reaction 5m + 200.0Gi of data at 50Mi/s 1h 8m 16s + 5.9Gi of write-ahead log at 20Mi/s ' +
          '5m 2s + checks and start 1m = 1h 19m 18s; make base backups more often, give figures that a drill has shown, ' +
          'or allow more time',
      ],
    ],
    ['the same with data that are known to be less', { figures: { dataSize: '100Gi' } }, '200Gi', []],
    // 300 + 1024 + 2Mi × (86400 + 2560) / 20Mi + 60 = 300 + 1024 + 8896 + 60 = 10280.
    [
      'a busy server with a base backup a day',
      { figures: { walPerSecond: '2Mi' } },
      undefined,
      [
        'rto: 1h cannot be met: reaction 5m + 50.0Gi of data at 50Mi/s 17m 4s + 173.8Gi of write-ahead log at 20Mi/s ' +
          '2h 28m 16s + checks and start 1m = 2h 51m 20s; make base backups more often, give figures that a drill has ' +
          'shown, or allow more time',
      ],
    ],
    // 300 + 1024 + 2Mi × (10800 + 2560) / 20Mi + 60 = 300 + 1024 + 1336 + 60 = 2720.
    ['the same with one every three hours', { figures: { walPerSecond: '2Mi' }, baseInterval: '3h' }, undefined, []],
    [
      'a store slower than the server, though there is time enough',
      { rto: '30d', rpo: '1h', figures: { walPerSecond: '1Mi', uploadPerSecond: '1Mi', dataSize: '1Gi' } },
      undefined,
      [
        'figures.uploadPerSecond: the server makes 1Mi/s and the store takes 1Mi/s, less than 1.5 times as much: ' +
          'a backlog would never end',
      ],
    ],
    [
      'base backups that overtake one another: 102400/20 = 5120 s',
      { baseInterval: '1h', rto: '30d' },
      '100Gi',
      ['baseInterval: expected at least that long, for a base backup takes 1h 25m 20s, got 1h; raise it'],
    ],
    [
      'a retention shorter than the time between base backups',
      { retention: '1d', baseInterval: '7d' },
      '1Gi',
      ['retention: expected at least baseInterval (7d), got 1d; one could not go back at all'],
    ],
  ])('%s', (_, settings, size, expected) => expect(missed(settings, size)).toEqual(expected));
});
