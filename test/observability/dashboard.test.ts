import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';
import { Dashboard } from '../../src/observability/dashboard';
import type { DashboardSettings, PanelSettings } from '../../src/observability/dashboard-settings';
import { WebService } from '../../src/workload/web-service';
import { layerOf } from '../../src/platform/layers';

const all: Complete<DashboardSettings> = {
  title: 'The shop',
  panels: [
    {
      title: 'Orders',
      expression: 'sum(rate(orders_total{namespace="$namespace"}[5m]))',
      unit: 'per-second',
      kind: 'number',
      legend: '{{kind}}',
      description: 'What was ordered, whether paid or not.',
    },
  ],
  range: '1d',
  refresh: '5m',
  folder: 'Shops',
};

const web = { image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const }, port: 8080 };

const build = (settings?: DashboardSettings, services: Record<string, object> = {}, props = {}) => {
  const system = testSystem(props);
  const dashboard = new Dashboard(system.layer('observability'), 'dashboard', settings);
  for (const [name, more] of Object.entries(services)) {
    dashboard.addService(new WebService(system.layer('apps'), name, { ...web, ...more }));
  }
  return { dashboard, configMap: finished(system).one('ConfigMap', 'dashboard') };
};
const modelOf = ({ data }: any): any => JSON.parse(Object.values<string>(data)[0]!);
const titlesOf = (model: any): string[] => model.panels.map(({ title }: any) => title);
const panel = (expression: string): PanelSettings => ({ title: 'Orders', expression });

describe('Dashboard', () => {
  test('minimal, with a service that has metrics and one that has none', () => {
    const { configMap } = build(undefined, { backend: { metrics: {} }, frontend: {} });
    expect(modelOf(configMap)).toMatchSnapshot();
  });

  test('with everything set', () => {
    const { configMap } = build(all);
    expect(configMap).toMatchSnapshot();
    expect(schemaErrors(configMap, '1.30')).toEqual([]);
  });

  test('each setting has an effect', () => {
    const numbers = {
      ...all,
      panels: [{ ...all.panels[0]!, unit: 'number', kind: 'graph' }],
    } as Complete<DashboardSettings>;
    expect(leavesWithoutEffect(all, (settings) => build(settings).configMap)).toEqual([]);
    expect(modelOf(build(numbers).configMap)).not.toEqual(modelOf(build(all).configMap));
  });

  test('Grafana finds it by its label, and its file collides with none of another namespace', () => {
    const { configMap, dashboard } = build(all);
    expect(configMap.metadata.labels).toMatchObject({ grafana_dashboard: '1', 'app.kubernetes.io/name': 'dashboard' });
    expect(configMap.metadata.annotations).toEqual({ grafana_folder: 'Shops' });
    expect(Object.keys(configMap.data)).toEqual(['shop-dashboard.json']);
    expect(layerOf(dashboard.configMap)).toBe('config');
  });

  test('the business comes first, then each service', () => {
    expect(titlesOf(modelOf(build(all, { backend: { metrics: {} }, frontend: {} }).configMap))).toEqual([
      'Business',
      'Orders',
      'backend',
      'Requests',
      'Server errors',
      'Answered within',
      'Ready pods',
      'CPU of its limit',
      'Memory of its limit',
      'Restarts in 15 minutes',
      'frontend',
      'Ready pods',
      'CPU of its limit',
      'Memory of its limit',
      'Restarts in 15 minutes',
    ]);
  });

  test('no panel lies on another, and each has a number of its own', () => {
    const { panels } = modelOf(build(all, { backend: { metrics: {} }, frontend: {} }).configMap);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }: any) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }: any) => x + w))).toBe(24);
    expect(panels.map(({ id }: any) => id)).toEqual(panels.map((_: any, index: number) => index + 1));
  });

  test('the namespace stands where an expression asks for it', () => {
    expect(modelOf(build(all).configMap).panels[1].targets[0].expr).toBe(
      'sum(rate(orders_total{namespace="shop"}[5m]))',
    );
  });

  test('a long namespace gives an identity that Grafana takes, and another for another', () => {
    const uidOf = (namespace: string) => modelOf(build({}, {}, { namespace }).configMap).uid;
    expect(uidOf('shop')).toBe('shop-dashboard');
    expect(uidOf('s'.repeat(60))).toMatch(/^[0-9a-f]{40}$/);
    expect(uidOf('s'.repeat(60))).not.toBe(uidOf('s'.repeat(61)));
  });

  test.each(['sum(rate(a[5m])', 'a{b="c}', 'a)b(', 'a[5m}', 'a{b="c"}}'])('refuses %p', (expression) =>
    expect(() => build({ panels: [panel(expression)] })).toThrow(
      '[shop-test/observability/dashboard] panels.0.expression: expected an expression whose brackets and quotes are ' +
        `closed, got "${expression}"; correct that of "Orders"`,
    ),
  );

  test.each(['a{b="}"}', 'a{b=\'(\', c="\\""}', 'sum by (a) (b{c=~"[0-9]+(x"}[5m:1m])'])('but takes %p', (expression) =>
    expect(() => build({ panels: [panel(expression)] })).not.toThrow(),
  );
});
