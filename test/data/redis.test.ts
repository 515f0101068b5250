import { Dapr } from '../../src/dapr/dapr';
import { Redis } from '../../src/data/redis';
import type { RedisSettings } from '../../src/data/redis-settings';
import { Secrets } from '../../src/platform/secrets';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { objectsOfConstruct, testSystem } from '../support/system';

/** Backups have a test of their own. */
const all: Complete<Omit<RedisSettings, 'backup' | 'mode'>> = {
  image: {
    repository: 'mirror.example.com/redis',
    tag: '7.2.0',
    digest: `sha256:${'d'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['registry'],
    profile: 'fastapi',
    user: 10070,
    group: 10071,
    writablePaths: [{ path: '/tmp', reason: 'temporary files', sizeLimit: '1Mi', inMemory: false }],
  },
  storage: { size: '2Gi', className: 'fast' },
  resources: {
    requests: { cpu: '200m', memory: '300Mi', ephemeralStorage: '70Mi' },
    limits: { cpu: '400m', memory: '400Mi', ephemeralStorage: '100Mi' },
  },
  maxMemoryPercent: 50,
  evictionPolicy: 'noeviction',
  spread: { hosts: 'required', zones: 'required' },
  exporter: {
    image: {
      repository: 'mirror.example.com/redis_exporter',
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
  alerts: { enabled: true, memoryPercent: 80 },
};

const make = (settings: RedisSettings) => objectsOfConstruct((scope) => new Redis(scope, 'cache', settings));
const configuration = (settings: RedisSettings): string =>
  make(settings).find(({ kind }) => kind === 'ConfigMap').data['redis.conf'];

describe('Redis', () => {
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

  test('what data may fill follows from the memory limit', () => {
    expect(configuration({})).toContain('maxmemory 768mb');
    const limits = { cpu: '1', memory: '2Gi' };
    expect(configuration({ resources: { limits }, maxMemoryPercent: 50 })).toContain('maxmemory 1024mb');
  });

  test('keeps an append-only file, loses nothing when full, and has its passwords from a file', () => {
    const lines = configuration({}).split('\n');
    expect(lines).toEqual(expect.arrayContaining(['appendonly yes', 'maxmemory-policy noeviction']));
    expect(lines).toContain('include /run/secrets/redis/auth.conf');
    expect(configuration({})).not.toContain('requirepass');
  });

  test('a changed configuration rolls the pod', () => {
    const checksum = (settings: RedisSettings) =>
      make(settings).find(({ kind }) => kind === 'StatefulSet').spec.template.metadata.annotations['checksum/config'];
    expect(checksum({ evictionPolicy: 'allkeys-lru' })).not.toBe(checksum({}));
  });

  test('a server that loads its file is alive, and not ready', () => {
    const [server] = make({}).find(({ kind }) => kind === 'StatefulSet').spec.template.spec.containers;
    expect(server.livenessProbe.exec.command[2]).toContain('LOADING');
    expect(server.readinessProbe.exec.command[2]).not.toContain('LOADING');
  });

  test('declares a password, the configuration with it, and the file of the exporter', () => {
    const system = testSystem();
    new Redis(system.layer('data'), 'cache');
    const [{ name, keys }] = Secrets.of(system).all as any;
    expect(name).toBe('cache-credentials');
    expect(keys.password).toEqual({});
    expect(keys['auth.conf'].template).toMatch(
      /^user default on >\{\{password\}\}\{\{accepted-too\}\} ~\* &\* \+@all\n/,
    );
    expect(JSON.parse(keys['exporter.json'].template)).toEqual({
      'redis://127.0.0.1:6379': '{{exporter-password}}',
      'redis://exporter@127.0.0.1:6379': '{{exporter-password}}',
    });
  });
});

describe('Redis as a cache', () => {
  const set = (settings: RedisSettings = {}) => make({ mode: 'cache', ...settings });

  test('with everything that it can have', () => {
    const { storage: _, ...others } = all;
    const rest = { ...others, evictionPolicy: 'allkeys-lfu' as const };
    const objects = set(rest);
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
    expect(objects.filter(({ kind }) => kind === 'StatefulSet' || kind === 'ConfigMap')).toMatchSnapshot();
    expect(leavesWithoutEffect(rest, set)).toEqual(['image.profile', 'exporter.image.profile', 'alerts.memoryPercent']);
  });

  test('writes nothing, has no volume, and makes room', () => {
    const lines = configuration({ mode: 'cache' }).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining(['appendonly no', 'save ""', 'maxmemory 768mb', 'maxmemory-policy allkeys-lru']),
    );
    const { spec } = set().find(({ kind }) => kind === 'StatefulSet');
    expect([spec.volumeClaimTemplates, spec.persistentVolumeClaimRetentionPolicy]).toEqual([undefined, undefined]);
    // Its working folder is one that it may write to, and is bounded.
    const { volumes, containers } = spec.template.spec;
    const { name } = containers[0].volumeMounts.find(({ mountPath }: any) => mountPath === '/tmp');
    expect(lines).toContain('dir /tmp');
    expect(volumes.find((volume: any) => volume.name === name).emptyDir.sizeLimit).toBe('64Mi');
  });

  test.each<[string, RedisSettings, string]>([
    ['storage', { storage: { size: '1Gi' } }, 'storage: says nothing to a cache, which has no volume'],
    ['noeviction', { evictionPolicy: 'noeviction' }, 'evictionPolicy: expected one that makes room, got noeviction'],
    [
      'backups',
      { backup: { rpo: '1h', rto: '1h', target: { type: 's3', bucket: 'backups' } } },
      'backup: cannot be made of a cache, which keeps nothing',
    ],
  ])('refuses %s', (_, settings, message) => expect(() => set(settings)).toThrow(message));

  test('holds no state of applications', () => {
    const system = testSystem();
    const cache = new Redis(system.layer('data'), 'cache', { mode: 'cache' });
    const dapr = new Dapr(system.layer('dapr'), 'dapr');
    expect(() => dapr.stateStore('state', cache)).toThrow('expected a store, got cache in the mode cache');
  });
});
