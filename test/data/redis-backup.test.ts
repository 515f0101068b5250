import { Redis } from '../../src/data/redis';
import type { RedisBackupSettings } from '../../src/data/redis-backup-settings';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { objectsOfConstruct } from '../support/system';

const target = { type: 's3' as const, bucket: 'backups', region: 'eu-west-1' };
const all: Complete<Omit<RedisBackupSettings, 'target'>> = {
  rpo: '2h',
  rto: '3h',
  retention: '14d',
  interval: '30m',
  figures: { dataSize: '200Mi', uploadPerSecond: '30Mi', restorePerSecond: '40Mi', reaction: '10m' },
  image: {
    repository: 'mirror.example.com/rclone',
    tag: '1.73.0',
    digest: `sha256:${'f'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['registry'],
    profile: 'fastapi',
    user: 1000,
    group: 1000,
    writablePaths: [],
  },
};

const make = (backup: Partial<RedisBackupSettings>) =>
  objectsOfConstruct((scope) => new Redis(scope, 'cache', { backup: { rpo: '1h', rto: '1h', target, ...backup } }));
const cronJob = (objects: any[], name: string) =>
  objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name);

describe('backups of Redis', () => {
  test('with everything set', () => {
    const objects = make(all);
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
    const scripts = objects.find(({ data }) => data?.['snapshot.sh']);
    scripts.data = Object.keys(scripts.data);
    const before = objectsOfConstruct((scope) => new Redis(scope, 'cache')).map(({ metadata }) => metadata.name);
    expect(objects.filter(({ metadata }) => !before.includes(metadata.name))).toMatchSnapshot();
  });

  test('each setting has an effect', () =>
    // The image runs as the server's user whatever its profile; intervals that are not known are tried below.
    expect(leavesWithoutEffect(all, make)).toEqual(['image.profile', 'image.user', 'image.group']));

  // 768 MiB at 20 MiB/s take 38.4 s, the Job 60 s to start: of an hour 3501 s are left, of 15 minutes 801.
  test.each([
    ['1h', '7,37 * * * *', 'interval 30m + start of the Job 1m + 768Mi of data at 20Mi/s 39s = 31m 39s of 1h'],
    ['15m', '7-59/10 * * * *', 'interval 10m + start of the Job 1m + 768Mi of data at 20Mi/s 39s = 11m 39s of 15m'],
    ['2d', '37 1 * * *', 'interval 1d + start of the Job 1m + 768Mi of data at 20Mi/s 39s = 1d 1m 39s of 2d'],
  ])('of an RPO of %s follows how often', (rpo, schedule, sum) => {
    const { spec, metadata } = cronJob(make({ rpo }), 'cache-backup');
    expect([spec.schedule, metadata.annotations['cdk8s-webstack/rpo']]).toEqual([schedule, sum]);
  });

  test.each<[string, Partial<RedisBackupSettings>, string]>([
    [
      'an RPO that the shortest interval misses',
      { rpo: '5m' },
      'backup.rpo: 5m cannot be met: interval 5m + start of the Job 1m + 768Mi of data at 20Mi/s 39s = 6m 39s; make copies',
    ],
    [
      'an interval that the RPO does not allow',
      { rpo: '1h', interval: '1h' },
      'backup.rpo: 1h cannot be met: interval 1h + start of the Job 1m + 768Mi of data at 20Mi/s 39s = 1h 1m 39s',
    ],
    [
      'an RTO below the reaction',
      { rto: '5m' },
      'backup.rto: 5m cannot be met: reaction 5m + 768Mi of data at 20Mi/s 39s + start 1m = 6m 39s',
    ],
    [
      'a retention shorter than the interval',
      { interval: '1d', rpo: '2d', retention: '1h' },
      'backup.retention: expected',
    ],
    [
      'a target on a volume',
      { target: { type: 'volume' } },
      'backup.target.type: the server keeps its data on a volume',
    ],
  ])('%s is refused', (_, settings, message) => expect(() => make(settings)).toThrow(message));

  test('the pod has room for the copy', () => {
    const [container] = cronJob(make({}), 'cache-backup').spec.jobTemplate.spec.template.spec.containers;
    // 768 MiB and a tenth, rounded up, and 64 MiB.
    expect(container.resources.requests['ephemeral-storage']).toBe('909Mi');
  });
});
