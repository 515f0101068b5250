import { Postgres } from '../../src/data/postgres';
import type { PostgresSettings } from '../../src/data/postgres-settings';
import { type SecretDeclaration, Secrets } from '../../src/platform/secrets';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, objectsOfConstruct, testSystem } from '../support/system';

/** Backups, replicas and standbys have tests of their own. */
const all: Complete<Omit<PostgresSettings, 'backup' | 'readReplicas' | 'standbyOf'>> = {
  image: {
    repository: 'mirror.example.com/postgres',
    tag: '16.12-alpine',
    digest: `sha256:${'d'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['registry'],
    profile: 'fastapi',
    user: 10070,
    group: 10071,
    writablePaths: [{ path: '/var/run/postgresql', reason: 'socket', sizeLimit: '1Mi', inMemory: false }],
  },
  database: 'shop',
  user: 'keeper',
  storage: { size: '20Gi', className: 'fast' },
  resources: {
    requests: { cpu: '200m', memory: '300Mi', ephemeralStorage: '70Mi' },
    limits: { cpu: '400m', memory: '400Mi', ephemeralStorage: '100Mi' },
  },
  maxConnections: 50,
  parameters: { jit: false },
  spread: { hosts: 'required', zones: 'required' },
  exporter: {
    image: {
      repository: 'mirror.example.com/postgres-exporter',
      tag: 'v1',
      digest: `sha256:${'e'.repeat(64)}`,
      pullPolicy: 'Always',
      pullSecrets: ['other'],
      profile: 'fastapi',
      user: 20000,
      group: 20001,
      writablePaths: [{ path: '/tmp', reason: 'nothing', sizeLimit: '1Mi', inMemory: false }],
    },
    resources: {
      requests: { cpu: '1m', memory: '10Mi', ephemeralStorage: '10Mi' },
      limits: { cpu: '2m', memory: '20Mi', ephemeralStorage: '20Mi' },
    },
  },
  alerts: { enabled: true, connectionsPercent: 70, deadlocks: 5, transactionDuration: '30m' },
};

const make = (settings: PostgresSettings) => objectsOfConstruct((scope) => new Postgres(scope, 'db', settings));
const server = (settings: PostgresSettings) =>
  make(settings).find(({ kind }) => kind === 'StatefulSet').spec.template.spec.containers[0];

describe('Postgres', () => {
  test('minimal', () => expect(make({})).toMatchSnapshot());

  test('with everything set', () => {
    const objects = make(all);
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => {
    // The profiles only fill in what user, group and paths leave open.
    expect(leavesWithoutEffect(all, make)).toEqual(['image.profile', 'exporter.image.profile']);
  });

  test('memory parameters follow from the limit, and given ones win', () => {
    const limits = { cpu: '1', memory: '4Gi' };
    expect(server({ resources: { limits } }).args).toEqual(
      expect.arrayContaining(['shared_buffers=1024MB', 'effective_cache_size=3072MB', 'maintenance_work_mem=256MB']),
    );
    expect(server({ parameters: { shared_buffers: '64MB' } }).args).toContain('shared_buffers=64MB');
  });

  test('runs as the user of its image, alpine or not', () => {
    const user = (tag: string) => server({ image: { repository: 'postgres', tag } }).securityContext.runAsUser;
    expect([user('16.13-alpine'), user('16.13')]).toEqual([70, 999]);
  });

  test('asks over TCP, never over the socket on which the image prepares the volume', () => {
    const { startupProbe, readinessProbe, livenessProbe } = server({});
    for (const { exec } of [startupProbe, readinessProbe, livenessProbe])
      expect(exec.command[2]).toContain('-h 127.0.0.1');
    expect(readinessProbe.exec.command).not.toEqual(livenessProbe.exec.command);
  });

  test('the data survive the deletion of the StatefulSet, and the claim holds no version', () => {
    const { spec } = make({}).find(({ kind }) => kind === 'StatefulSet');
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
    expect(spec.volumeClaimTemplates[0].metadata).toEqual({ name: 'data' });
  });

  test('the exporter sees its own password and no other', () => {
    const { volumes } = make({}).find(({ kind }) => kind === 'StatefulSet').spec.template.spec;
    const { secret } = volumes.find(({ name }: any) => name === 'exporter-credentials');
    expect(secret.items).toEqual([{ key: 'exporter-password', path: 'exporter-password' }]);
  });

  test('declares its secrets, and puts none into the manifests', () => {
    const system = testSystem();
    new Postgres(system.layer('data'), 'db');
    expect(Secrets.of(system).all).toEqual([
      {
        name: 'db-credentials',
        keys: { 'exporter-password': {}, password: {}, 'postgres-password': {}, username: { initial: 'app' } },
        rotation: expect.any(Array),
      },
    ]);
    expect(finished(system).all('Secret')).toEqual([]);
  });

  test('refuses a user whose alternate has no room for its name', () => {
    expect(() => make({ user: 'a'.repeat(60) })).toThrow(
      /user: expected at most 59 characters, got 60: .*; shorten it$/,
    );
    expect(() => make({ user: 'a'.repeat(59) })).not.toThrow();
  });

  test('every password can be rotated, and no script holds or takes one as an argument', () => {
    const system = testSystem();
    new Postgres(system.layer('data'), 'db');
    const [{ rotation = [], keys }] = Secrets.of(system).all as [SecretDeclaration];
    expect(rotation.flatMap(({ renew }) => renew).sort()).toEqual(
      Object.keys(keys).filter((key) => key.endsWith('password')),
    );
    for (const { server } of rotation) {
      expect(server).toMatchObject({ pod: 'db-0', container: 'postgres' });
      expect(`${server?.accept}${server?.retire}`).not.toMatch(/psql[^\n]*\$(value|new_value)/);
    }
  });

  test('refuses an image that nobody knows', () => {
    expect(() => make({ image: { repository: 'acme/database', tag: '1' } })).toThrow(
      /^\[shop-test\/apps\/db\] image: as whom "acme\/database:1" runs/,
    );
  });
});
