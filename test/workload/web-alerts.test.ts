import { brokenLink } from '../support/links';
import { objectsOfConstruct } from '../support/system';
import type { WebAlertsSettings } from '../../src/workload/web-alerts';
import { WebQueries } from '../../src/workload/web-queries';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';

const service: WebServiceSettings = {
  image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' },
  port: 8080,
  metrics: {},
};

const make = (settings: Partial<WebServiceSettings>, name = 'shop', props = {}) =>
  objectsOfConstruct((scope) => new WebService(scope, name, { ...service, ...settings }), props);
const rulesOf = (objects: any[]): any[] =>
  objects
    .filter(({ kind, metadata }) => kind === 'PrometheusRule' && metadata.name === 'shop-test')
    .flatMap(({ spec }) => spec.groups)
    .flatMap(({ rules }) => rules);
const all = rulesOf(make({ alerts: { enabled: true } }));

test('nobody is told of a service that does not ask for it, nor where the system wants no rules', () => {
  expect(rulesOf(make({}))).toEqual([]);
  expect(rulesOf(make({ alerts: { errorPercent: 1 } }))).toEqual([]);
  expect(rulesOf(make({ alerts: { enabled: true } }, 'shop', { alertRules: 'none' }))).toEqual([]);
});

test('what is critical, what is a warning, what is news', () => {
  const named = (severity: string) =>
    all.filter(({ labels }) => labels.severity === severity).map(({ alert }) => alert);
  expect(named('critical')).toEqual(['ServiceDown', 'ServiceErrors']);
  expect(named('warning')).toEqual([
    'ServiceUnknown',
    'ServiceRolloutStuck',
    'ServiceSlow',
    'ServiceNotScraped',
    'ServiceCpuHigh',
    'ServiceMemoryHigh',
    'ServiceRestarts',
  ]);
  expect(named('info')).toEqual(['ServiceDeployed']);
});

test('alerts of two services are not one and the same', () => {
  const objects = objectsOfConstruct((scope) => {
    for (const name of ['shop', 'till']) new WebService(scope, name, { ...service, alerts: { enabled: true } });
  });
  const seen = rulesOf(objects).map(({ alert, labels }) => JSON.stringify([alert, labels]));
  expect(seen).toHaveLength(20);
  expect(new Set(seen).size).toBe(20);
});

test('without metrics of its own there is only what others tell', () => {
  const names = rulesOf(make({ metrics: undefined, alerts: { enabled: true } })).map(({ alert }) => alert);
  expect(names).not.toContain('ServiceErrors');
  expect(names).toHaveLength(7);
});

test('every alert leads to a runbook that is there', () => {
  expect(all.map(({ annotations }) => brokenLink(annotations.runbook_url)).filter(Boolean)).toEqual([]);
  const links = all.map(({ annotations }) => annotations.runbook_url);
  expect(new Set(links).size).toBe(links.length);
});

describe('pods of the service', () => {
  const [, pattern] = /pod=~"([^"]+)"/.exec(new WebQueries({ name: 'shop', namespace: 'shop' }).readyPods)!;
  const matches = (pod: string) => new RegExp(`^(?:${pattern})$`).test(pod);

  test.each(['shop', 'shop-blue', 'shop-green', 'shop-stable', 'shop-canary'])('%s-7d9c5f6b8-x2x4z', (workload) =>
    expect(matches(`${workload}-7d9c5f6b8-x2x4z`)).toBe(true),
  );

  test.each([
    'shop-0',
    'shop-x2x4z',
    'shop-sweeper-x2x4z',
    'shop-migrate-7d9c5f6b8-x2x4z',
    'shop-backup-29384650-x2x4z',
    'workshop-7d9c5f6b8-x2x4z',
    'shop-blue-green-7d9c5f6b8-x2x4z',
  ])('but not %s', (pod) => expect(matches(pod)).toBe(false));
});

describe('refuses', () => {
  const fails = (settings: Partial<WebServiceSettings>, message: string, name = 'shop') =>
    expect(() => make(settings, name)).toThrow(`[shop-test/apps/${name}] ${message}`);

  test.each(['errorPercent', 'errorRequests', 'slowPercent', 'slowSeconds'] as (keyof WebAlertsSettings)[])(
    '%s without metrics',
    (field) =>
      fails(
        { metrics: undefined, alerts: { enabled: true, [field]: 1 } },
        `alerts.${field}: expected metrics of the application's own, which this is read from, got none; ` +
          'set metrics or remove it',
      ),
  );

  test('a name that Kubernetes would cut', () => {
    const name = 'a'.repeat(40);
    fails(
      { alerts: { enabled: true } },
      `alerts: expected a name of at most 39 characters, got "${name}"; ` +
        'Kubernetes would cut the names of its pods: rename it',
      name,
    );
  });
});
