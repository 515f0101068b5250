import { Postgres } from '../../src/data/postgres';
import type { PostgresSettings } from '../../src/data/postgres-settings';
import type { StandbySettings } from '../../src/data/postgres-standby-settings';
import { Secrets } from '../../src/platform/secrets';
import { everywhereProblems } from '../support/everywhere';
import { schemaErrors } from '../support/kubernetes-schema';
import { AWS, finished, objectsOfConstruct, testSystem } from '../support/system';

const backup = { rpo: '15m', rto: '1h', target: { type: 's3' as const, bucket: 'east' } };
const source = { type: 's3' as const, bucket: 'west', prefix: 'shop/production/db', region: 'eu-west-1' };
const make = (standbyOf: StandbySettings, settings: PostgresSettings = {}, props = {}) =>
  objectsOfConstruct((scope) => new Postgres(scope, 'db', { backup, ...settings, standbyOf }), props);
const named = (objects: any[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
const podOf = (objects: any[]) => named(objects, 'StatefulSet', 'db').spec.template.spec;
const variables = ({ env }: any) => Object.fromEntries(env.map(({ name, value }: any) => [name, value]));
const alerts = (objects: any[]) =>
  named(objects, 'PrometheusRule', 'shop-test').spec.groups.flatMap(({ rules }: any) =>
    rules.map(({ alert }: any) => alert),
  );

describe('a standby', () => {
  test.each([false, true])('with TLS %s is valid and keeps the rules', (tls) => {
    const system = testSystem({ tls: { enabled: tls } });
    new Postgres(system.layer('data'), 'db', { backup, standbyOf: { source } });
    const { objects } = finished(system);
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
    expect(everywhereProblems(objects, { secrets: Secrets.of(system).all })).toEqual([]);
    const { data } = named(objects, 'ConfigMap', 'db-backup-scripts');
    expect(data['serve.sh'].includes('kill -HUP 1')).toBe(tls);
  });

  test('the server reads the source with credentials of its own, and what sends to the target never sees them', () => {
    const { containers, initContainers, volumes } = podOf(make({ source }));
    const [server, , uploader] = containers;
    expect(server.command).toEqual(['bash', '/etc/backup/standby.sh']);
    expect(variables(server)).toMatchObject({
      AWS_SHARED_CREDENTIALS_FILE: '/run/secrets/standby-source/credentials',
      PROMOTED: 'false',
      REMOTE: 'backup:west/shop/production/db',
      RCLONE_CONFIG_BACKUP_REGION: 'eu-west-1',
    });
    expect(variables(uploader)).toMatchObject({ REMOTE: 'backup:east/shop/test/db' });
    const mounted = (container: any) => container.volumeMounts.map(({ name }: any) => name);
    expect(mounted(uploader)).not.toContain('standby-source');
    expect(mounted(server)).not.toContain('object-store');
    expect(volumes.find(({ name }: any) => name === 'standby-source').secret.secretName).toBe('standby-credentials');
    expect(initContainers.map(({ name }: any) => name)).toEqual(['rclone']);
  });

  test('has no base backups, trials and alerts of its own until it is promoted', () => {
    const suspended = (objects: any[]) =>
      ['db-backup', 'db-restore-drill'].map((name) => named(objects, 'CronJob', name).spec.suspend);
    const own = ['PostgresBaseBackupOld', 'PostgresRestoreDrillOld', 'PostgresRestoreDrillFailed'];
    const standing = make({ source });
    expect(suspended(standing)).toEqual([true, true]);
    expect(alerts(standing)).toContain('PostgresStandbyBehind');
    expect(own.filter((alert) => alerts(standing).includes(alert))).toEqual([]);

    const promoted = make({ source, promoted: true });
    expect(suspended(promoted)).toEqual([false, false]);
    expect(variables(podOf(promoted).containers[0])['PROMOTED']).toBe('true');
    expect(alerts(promoted)).toEqual(expect.arrayContaining(own));
    expect(alerts(promoted)).not.toContain('PostgresStandbyBehind');
  });

  test('is told of once it is behind by more than maxLag', () => {
    const [rule] = named(make({ source, maxLag: '20m' }), 'PrometheusRule', 'shop-test').spec.groups.flatMap(
      ({ rules }: any) => rules.filter(({ alert }: any) => alert === 'PostgresStandbyBehind'),
    );
    expect(rule.expr).toContain('> 1200)');
    expect(rule.expr).toContain('or absent(');
  });

  test('may reach the source, wherever that is', () => {
    const addresses = ['192.0.2.0/24'];
    const { egress } = named(make({ source: { ...source, addresses } }), 'NetworkPolicy', 'db').spec;
    expect(JSON.stringify(egress)).toContain('"cidr":"192.0.2.0/24"');
  });

  test('with identities the pod is the one of its own backups', () => {
    const role = 'arn:aws:iam::111122223333:role/backups';
    const settings = { backup: { ...backup, target: { ...backup.target, identity: role } } };
    const objects = make({ source: { ...source, identity: role } }, settings, { cloud: AWS });
    expect(named(objects, 'ServiceAccount', 'db').metadata.annotations['eks.amazonaws.com/role-arn']).toBe(role);
    const other = { ...source, identity: 'arn:aws:iam::111122223333:role/other' };
    expect(() => make({ source: other }, settings, { cloud: AWS })).toThrow(/standbyOf.source.identity: expected arn/);
  });

  test.each<[string, StandbySettings, PostgresSettings, RegExp]>([
    ['no backup', { source }, { backup: undefined }, /standbyOf: needs backup: once promoted/],
    ['a volume', { source: { type: 'volume' } }, {}, /standbyOf.source.type: expected an object store, got volume/],
    ['no prefix', { source: { type: 's3', bucket: 'west' } }, {}, /standbyOf.source.prefix: is missing/],
    ['no bucket', { source: { type: 's3', prefix: 'x' } }, {}, /standbyOf.source.bucket: is missing/],
    [
      'its own target',
      { source },
      { backup: { ...backup, target: { ...source } } },
      /standbyOf.source: is the target of the backups of this server/,
    ],
    ['a lag that nobody can tell', { source, maxLag: '1m' }, {}, /standbyOf.maxLag: expected at least 3m, got 1m/],
    ['replicas', { source }, { readReplicas: {} }, /readReplicas: are of no use to a server that stands by/],
  ])('refuses %s', (_, standbyOf, settings, message) => expect(() => make(standbyOf, settings)).toThrow(message));

  test('may have replicas once it is promoted', () =>
    expect(named(make({ source, promoted: true }, { readReplicas: {} }), 'StatefulSet', 'db-replica')).toBeDefined());
});

describe('trials of a restore', () => {
  test.each([
    ['daily', '47 3 * * *', 86400],
    ['weekly', '47 3 * * 6', 7 * 86400],
    ['monthly', '47 3 1 * *', 31 * 86400],
    ['quarterly', '47 3 1 */3 *', 92 * 86400],
  ] as const)('%s, and what is older is told of', (interval, schedule, seconds) => {
    const objects = objectsOfConstruct(
      (scope) => new Postgres(scope, 'db', { backup: { ...backup, drill: { interval } } }),
    );
    expect(named(objects, 'CronJob', 'db-restore-drill').spec.schedule).toBe(schedule);
    const rules = named(objects, 'PrometheusRule', 'shop-test').spec.groups.flatMap((group: any) => group.rules);
    const { expr } = rules.find(({ alert }: any) => alert === 'PostgresRestoreDrillOld');
    // The trial takes as long as the objectives allow, and an hour.
    expect(expr).toContain(`> ${seconds} + 900 + 3600 + 3600)`);
  });
});
