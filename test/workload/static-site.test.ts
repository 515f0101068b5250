import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, objectsOfConstruct, testSystem } from '../support/system';
import { StaticSite } from '../../src/workload/static-site';
import type { StaticSiteSettings } from '../../src/workload/static-site-settings';
import type { WebServiceSettings } from '../../src/workload/web-service';

const minimal: StaticSiteSettings = {
  image: { repository: 'acme/shop-frontend', tag: '1.2.3', profile: 'nginx' },
  port: 8080,
  servicePort: 80,
};

type Own = Omit<StaticSiteSettings, Exclude<keyof WebServiceSettings, 'health' | 'shutdown'>>;

const own: Complete<Own> = {
  health: {
    startup: { path: '/start', periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 30 },
    readiness: { path: '/ready', periodSeconds: 4, timeoutSeconds: 5, failureThreshold: 6 },
    liveness: { path: '/live', periodSeconds: 7, timeoutSeconds: 8, failureThreshold: 9 },
  },
  shutdown: { drainSeconds: 5, graceSeconds: 20 },
  root: '/srv/site',
  assets: ['/build/', '/media/hashed/'],
  fallback: false,
  cache: { assetsSeconds: 1000, pagesSeconds: 10 },
  compression: { enabled: true, level: 9, minBytes: 100, types: ['text/css'] },
};

const make = (settings: Partial<StaticSiteSettings>) =>
  objectsOfConstruct((scope) => new StaticSite(scope, 'shop', { ...minimal, ...settings }));
const configurationOf = (settings: Partial<StaticSiteSettings> = {}): string =>
  make(settings).find(({ metadata }) => metadata.name === 'shop-files').data['nginx.conf'];
const podOf = (settings: Partial<StaticSiteSettings> = {}) =>
  make(settings).find(({ kind }) => kind === 'Deployment').spec.template;

const configurationAndPod = (settings: Partial<StaticSiteSettings>) => [
  configurationOf(settings),
  podOf(settings).spec,
];

describe('StaticSite', () => {
  test('minimal', () => {
    const objects = make({});
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('the configuration with everything set', () => {
    expect(configurationOf(own)).toMatchSnapshot();
  });

  test('each setting has an effect', () => {
    expect(leavesWithoutEffect(own, configurationAndPod)).toEqual([]);
    const levels = (['debug', 'info', 'warn', 'error'] as const).map(
      (logLevel) => /error_log stderr (\w+);/.exec(configurationOf({ logLevel }))![1],
    );
    expect(levels).toEqual(['info', 'notice', 'warn', 'error']);
  });

  test('nginx is started with the file that the ConfigMap holds', () => {
    const { containers, volumes } = podOf().spec;
    expect(containers[0].command).toEqual(['nginx', '-c', '/etc/nginx/site/nginx.conf', '-e', 'stderr']);
    expect(containers[0].volumeMounts).toEqual([
      { name: 'files', mountPath: '/etc/nginx/site', readOnly: true },
      { name: 'shop-tmp', mountPath: '/tmp' },
    ]);
    expect(volumes[0]).toEqual({
      name: 'files',
      configMap: { name: 'shop-files', items: [{ key: 'nginx.conf', path: 'nginx.conf' }] },
    });
    expect(containers[0].securityContext).toMatchObject({ runAsUser: 101, readOnlyRootFilesystem: true });
  });

  test('a changed configuration rolls the pods, and only a changed one', () => {
    const checksum = (settings: Partial<StaticSiteSettings>) => podOf(settings).metadata.annotations['checksum/files'];
    expect(checksum({})).toMatch(/^[0-9a-f]{64}$/);
    expect(checksum({ cache: { pagesSeconds: 5 } })).not.toBe(checksum({}));
    expect(checksum({ replicas: 5 })).toBe(checksum({}));
  });

  test('the Service listens on 80, the container above 1023', () => {
    const objects = finished(
      (() => {
        const system = testSystem();
        new StaticSite(system.layer('apps'), 'shop', minimal);
        return system;
      })(),
    );
    expect(objects.one('Service', 'shop').spec.ports[0]).toMatchObject({ port: 80, targetPort: 'http' });
    expect(objects.one('Deployment', 'shop').spec.template.spec.containers[0].ports[0].containerPort).toBe(8080);
    expect(configurationOf()).toContain('listen 8080;');
  });

  test.each([
    ['500m', 1],
    ['1500m', 2],
    ['4', 4],
  ])('with %s of CPU %d workers, whatever the node has', (cpu, workers) => {
    expect(configurationOf({ resources: { limits: { cpu } } })).toContain(`worker_processes ${workers};`);
  });

  test('whoever asks for one path twice gets one location', () => {
    const health = { startup: { path: '/health' }, readiness: { path: '/health' }, liveness: { path: '/health' } };
    expect(configurationOf({ health }).match(/location = /g)).toHaveLength(1);
    expect(configurationOf({ health })).toContain('try_files /index.html =503;');
  });

  test('without compression, or with types left out', () => {
    expect(configurationOf({ compression: { enabled: false } })).toContain('gzip off;');
    expect(configurationOf({ compression: { enabled: false } })).not.toContain('gzip_');
    expect(configurationOf({ compression: { types: [] } })).not.toContain('gzip_types');
  });

  test('what may be kept for no time at all is asked for each time', () => {
    expect(configurationOf({ cache: { assetsSeconds: 0 } })).not.toContain('immutable');
  });

  describe('refuses', () => {
    const fails = (settings: Partial<StaticSiteSettings>, message: string) =>
      expect(() => make(settings)).toThrow(`[shop-test/apps/shop] ${message}`);

    test('a command', () =>
      fails({ command: ['nginx'] }, 'command: nginx is started by the construct, with its configuration; remove it'));
    test('metrics', () => fails({ metrics: {} }, 'metrics: nginx has none in the form of Prometheus; remove it'));
    test('migrations', () =>
      fails({ migrations: { command: ['migrate'] } }, 'migrations: a site of files has no database; remove it'));
    test('an image that cannot write to /tmp', () =>
      fails(
        { image: { ...minimal.image, writablePaths: [{ path: '/var/cache/nginx', reason: 'cache' }] } },
        'image.writablePaths: expected /tmp among them, where nginx puts its process id; add it',
      ));
    test.each(['/', '/index.html', '/a b', '/x;return', '/health/', '/health?full=1'])('the health path %p', (path) =>
      fails(
        { health: { readiness: { path } } },
        'health.readiness.path: expected a path of letters, digits, dots and dashes that no page has, ' +
          `got "${path}"; nginx answers it itself: name another`,
      ),
    );
    test.each([
      ['root', { root: '/srv;' }, '/srv;'],
      ['assets', { assets: ['/a b/'] }, '/a b/'],
      ['compression.types', { compression: { types: ['text/css;'] } }, 'text/css;'],
    ])('what nginx would read as something else in %s', (field, settings, value) =>
      fails(settings, `${field}: expected letters, digits and one of "/._+-", got "${value}"; rename it`),
    );
    test('a folder named twice', () =>
      fails(
        { assets: ['/static/', '/static/'] },
        'assets: expected each folder once, got "/static/" twice; remove one',
      ));
  });
});
