import { Postgres } from '../../src/data/postgres';
import type { BackupSettings } from '../../src/data/backup-settings';
import { checksumOf } from '../../src/workload/workload';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { objectsOfConstruct } from '../support/system';

const all: Complete<BackupSettings> = {
  rpo: '20m',
  rto: '2h',
  retention: '14d',
  target: {
    type: 's3',
    bucket: 'shop-backups',
    prefix: 'shop/db',
    endpoint: 'https://store.example.com:9000',
    region: 'eu-west-1',
    account: 'none',
    credentials: 'store-credentials',
    identity: 'none',
    namespace: 'storage',
    addresses: ['192.0.2.0/24'],
    privateEndpoint: false,
  },
  baseInterval: '12h',
  archiveTimeout: '2m',
  uploadInterval: '20s',
  figures: {
    dataSize: '5Gi',
    walPerSecond: '128Ki',
    uploadPerSecond: '30Mi',
    restorePerSecond: '60Mi',
    replayPerSecond: '30Mi',
    reaction: '10m',
  },
  drill: { interval: 'daily', queries: ['SELECT count(*) > 0 FROM orders'] },
  spool: { size: '20Gi', className: 'fast' },
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
  resources: {
    requests: { cpu: '20m', memory: '80Mi', ephemeralStorage: '70Mi' },
    limits: { cpu: '300m', memory: '300Mi', ephemeralStorage: '100Mi' },
  },
};
const { account: _, identity: ___, privateEndpoint: _____, ...s3 } = all.target;
const { namespace: __, ...outside } = s3;
const { addresses: ____, ...inside } = s3;

const make = (backup: BackupSettings) => objectsOfConstruct((scope) => new Postgres(scope, 'db', { backup }));
const named = (objects: any[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
const environmentOf = (container: any) =>
  Object.fromEntries(
    container.env.map(({ name, value, valueFrom }: any) => [name, value ?? valueFrom.secretKeyRef.key]),
  );
const uploader = (objects: any[]) =>
  named(objects, 'StatefulSet', 'db').spec.template.spec.containers.find(({ name }: any) => name === 'wal-upload');

describe('backups of Postgres', () => {
  test('with everything set', () => {
    const objects = make({ ...all, target: inside });
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
    const [scripts] = objects.filter(({ data }) => data?.['upload.sh']);
    scripts.data = Object.keys(scripts.data);
    expect(objects).toMatchSnapshot();
  });

  test('each setting has an effect', () => {
    // The image runs as the server's user whatever its profile; the kinds of store are below.
    const target = (of: object) => ({ ...all, target: { ...of, type: undefined as never } });
    expect(leavesWithoutEffect(target(inside), withType)).toEqual([
      'target.type',
      'image.profile',
      'image.user',
      'image.group',
    ]);
    expect(leavesWithoutEffect(target(outside), withType)).not.toContain('target.addresses.0');
  });
});

const withType = (settings: BackupSettings) => make({ ...settings, target: { ...settings.target, type: 's3' } });

describe('the kinds of store', () => {
  const objectives = { rpo: '15m', rto: '1h' };

  test.each<[string, BackupSettings['target'], Record<string, string>]>([
    [
      's3 of Amazon',
      { type: 's3', bucket: 'backups', region: 'eu-central-1' },
      {
        AWS_SHARED_CREDENTIALS_FILE: '/run/secrets/object-store/credentials',
        RCLONE_CONFIG_BACKUP_TYPE: 's3',
        RCLONE_CONFIG_BACKUP_PROVIDER: 'AWS',
        RCLONE_CONFIG_BACKUP_REGION: 'eu-central-1',
        RCLONE_S3_CHUNK_SIZE: '8Mi',
        REMOTE: 'backup:backups/shop/test/db',
      },
    ],
    [
      's3 of somebody else',
      { type: 's3', bucket: 'backups', endpoint: 'http://minio.storage:9000', namespace: 'storage' },
      { RCLONE_CONFIG_BACKUP_PROVIDER: 'Other', RCLONE_CONFIG_BACKUP_ENDPOINT: 'http://minio.storage:9000' },
    ],
    [
      'gcs',
      { type: 'gcs', bucket: 'backups' },
      {
        RCLONE_CONFIG_BACKUP_TYPE: 'google cloud storage',
        RCLONE_CONFIG_BACKUP_SERVICE_ACCOUNT_FILE: '/run/secrets/object-store/service-account.json',
      },
    ],
    [
      'azure-blob',
      { type: 'azure-blob', bucket: 'backups', account: 'shop' },
      { RCLONE_CONFIG_BACKUP_TYPE: 'azureblob', RCLONE_CONFIG_BACKUP_KEY: 'key', RCLONE_AZUREBLOB_CHUNK_SIZE: '8Mi' },
    ],
    [
      'volume',
      { type: 'volume' },
      {
        RCLONE_CONFIG_BACKUP_TYPE: 'alias',
        RCLONE_CONFIG_BACKUP_REMOTE: '/backup/store',
        REMOTE: 'backup:shop/test/db',
      },
    ],
  ])('%s', (_, target, expected) => {
    const objects = make({ ...objectives, target });
    expect(environmentOf(uploader(objects))).toMatchObject(expected);
    const job = named(objects, 'CronJob', 'db-backup').spec.jobTemplate.spec.template.spec;
    expect(environmentOf(job.containers[0])).toMatchObject(expected);
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test.each<[string, BackupSettings['target'], string]>([
    ['a bucket', { type: 's3' }, 'backup.target.bucket: is missing, and a target of the type s3 needs it'],
    ['an account', { type: 'azure-blob', bucket: 'b' }, 'backup.target.account: is missing'],
    ['one place', { type: 's3', bucket: 'b', namespace: 'x', addresses: ['192.0.2.0/24'] }, 'backup.target.addresses:'],
    [
      'private addresses of a private endpoint',
      { type: 's3', bucket: 'b', privateEndpoint: true },
      'backup.target.addresses: expected private addresses of a private endpoint, got none',
    ],
    [
      'no public ones',
      { type: 's3', bucket: 'b', privateEndpoint: true, addresses: ['10.20.0.5/32', '192.0.2.0/24'] },
      'backup.target.addresses: expected private addresses of a private endpoint, got 192.0.2.0/24; ' +
        'give those of its network interfaces, or remove privateEndpoint',
    ],
    [
      'no endpoint of a network',
      { type: 'volume', privateEndpoint: true },
      'backup.target.privateEndpoint: says nothing',
    ],
    ['no bucket', { type: 'volume', bucket: 'b' }, 'backup.target.bucket: says nothing to a target of the type volume'],
    ['no account', { type: 's3', bucket: 'b', account: 'shop' }, 'backup.target.account: says nothing'],
    ['no endpoint', { type: 'gcs', bucket: 'b', endpoint: 'https://x.y' }, 'backup.target.endpoint: says nothing'],
    ['no region', { type: 'gcs', bucket: 'b', region: 'eu' }, 'backup.target.region: says nothing'],
  ])('wants %s', (_, target, message) => expect(() => make({ ...objectives, target })).toThrow(message));

  test.each([
    ['aws', { region: 'eu-central-1' }, 's3', 'arn:aws:iam::111122223333:role/backups', 'eks.amazonaws.com/role-arn'],
    [
      'gcp',
      { project: 'acme-prod' },
      'gcs',
      'backups@acme-prod.iam.gserviceaccount.com',
      'iam.gke.io/gcp-service-account',
    ],
    [
      'azure',
      { tenantId: '11111111-2222-3333-4444-555555555555' },
      'azure-blob',
      '66666666-7777-8888-9999-000000000000',
      'azure.workload.identity/client-id',
    ],
  ] as const)('on %s the cloud knows server and Jobs', (provider, settings, type, identity, annotation) => {
    const target = { type, bucket: 'backups', identity, ...(type === 'azure-blob' ? { account: 'shop' } : {}) };
    const objects = objectsOfConstruct((scope) => new Postgres(scope, 'db', { backup: { ...objectives, target } }), {
      cloud: { provider, [provider]: settings },
    });
    for (const name of ['db', 'db-backup']) {
      expect(named(objects, 'ServiceAccount', name).metadata.annotations[annotation]).toBe(identity);
    }
    expect(environmentOf(uploader(objects))).toMatchObject({ RCLONE_CONFIG_BACKUP_ENV_AUTH: 'true' });
    expect(JSON.stringify(objects)).not.toContain('backup-credentials');
  });

  test('an identity and credentials at once are refused', () => {
    const target = { type: 's3' as const, bucket: 'b', identity: 'arn:aws:iam::1:role/x', credentials: 'keys' };
    expect(() => make({ ...objectives, target })).toThrow(
      'backup.target.credentials: expected an identity or credentials',
    );
  });

  test('parts are large enough for what the volume may come to', () => {
    const backup = { rpo: '15m', rto: '6h', target: { type: 's3' as const, bucket: 'backups' } };
    const objects = objectsOfConstruct((scope) => new Postgres(scope, 'db', { storage: { size: '500Gi' }, backup }));
    // 500 × 1024 MiB in 9,000 parts.
    expect(environmentOf(uploader(objects)).RCLONE_S3_CHUNK_SIZE).toBe('57Mi');
  });

  test('Jobs beside a running server see the store alone, unless it is on the volume', () => {
    const mounts = (target: BackupSettings['target'], name: string) =>
      named(make({ ...objectives, target }), 'CronJob', name).spec.jobTemplate.spec.template.spec;
    const spool = (spec: any) =>
      spec.volumes.some((volume: any) => volume.persistentVolumeClaim?.claimName === 'db-backup');
    const target = { type: 's3' as const, bucket: 'backups' };
    expect(['db-backup', 'db-restore', 'db-restore-drill'].map((name) => spool(mounts(target, name)))).toEqual([
      false,
      true,
      false,
    ]);
    const onVolume = mounts({ type: 'volume' }, 'db-restore-drill');
    expect(spool(onVolume)).toBe(true);
    expect(onVolume.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey).toBe(
      'kubernetes.io/hostname',
    );
  });
});

describe('around backups', () => {
  test('the server is restarted by a change of what it reads only at its start, and by no other script', () => {
    const objects = make(backup);
    const { data } = named(objects, 'ConfigMap', 'db-backup-scripts');
    const { annotations } = named(objects, 'StatefulSet', 'db').spec.template.metadata;
    const read = { 'upload.sh': data['upload.sh'] };
    expect(annotations).toMatchObject(checksumOf(read));
    expect(Object.values(read).every(Boolean)).toBe(true);
  });

  const backup: BackupSettings = { rpo: '15m', rto: '1h', target: { type: 's3', bucket: 'backups' } };

  test('the objectives and their sums are on the objects', () => {
    const objects = make(backup);
    expect(named(objects, 'CronJob', 'db-backup').metadata.annotations['cdk8s-webstack/rpo']).toMatch(
      /= 5m 11s of 15m$/,
    );
    expect(named(objects, 'CronJob', 'db-restore').metadata.annotations['cdk8s-webstack/rto']).toMatch(
      /= \d+m \d+s of 1h$/,
    );
  });

  test('an objective that cannot be met is refused', () =>
    expect(() => make({ ...backup, rto: '1m' })).toThrow(
      '[shop-test/apps/db/db-backup] rto: 1m cannot be met: reaction 5m',
    ));

  test('a restore runs only when somebody starts it, and only once', () => {
    const { spec } = named(make(backup), 'CronJob', 'db-restore');
    expect([spec.suspend, spec.jobTemplate.spec.backoffLimit]).toEqual([true, 0]);
  });

  test('without trials there is no drill and no alert on it', () => {
    const objects = make({ ...backup, drill: { interval: 'never' } });
    expect(named(objects, 'CronJob', 'db-restore-drill')).toBeUndefined();
  });

  test('the role of backups cannot be the application', () =>
    expect(() => objectsOfConstruct((scope) => new Postgres(scope, 'db', { user: 'backup' }))).toThrow(
      'user: "backup"',
    ));

  test('alerts come before the objective is missed, and can be left out', () => {
    const alertsOf = (alertRules?: 'none') =>
      objectsOfConstruct((scope) => new Postgres(scope, 'db', { backup }), { alertRules }).find(
        ({ kind }) => kind === 'PrometheusRule',
      );
    const { rules } = alertsOf().spec.groups.find(({ name }: any) => name === 'db-backup');
    const thresholds = Object.fromEntries(
      rules.map(({ alert, expr }: any) => [alert, /> (\d[^a-z)]*)(?: and|$)/.exec(expr)?.[1]]),
    );
    // 80 % of 900 s less the 300 s that the server may keep; 80 % of 3600 s less 300 s to react.
    expect(thresholds).toMatchObject({
      PostgresWalNotSent: '900 * 0.8 - 300',
      PostgresRecoverySlow: '3600 * 0.8 - 300',
    });
    expect(rules.every(({ annotations }: any) => annotations.runbook_url.startsWith('docs/guides/'))).toBe(true);
    expect(alertsOf('none')).toBeUndefined();
  });
});
