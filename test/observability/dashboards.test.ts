import { dashboardsIn, watchedSystem } from '../support/watched-system';

const settings = {
  title: 'The shop',
  folder: 'Shops',
  panels: [{ title: 'Orders', expression: 'sum(orders_total{namespace="$namespace"})' }],
};
const { objects } = watchedSystem({}, settings);
const dashboards = dashboardsIn(objects);
const headings = ({ panels }: any): string[] =>
  panels.filter(({ type }: any) => type === 'row').map(({ title }: any) => title);
const titled = (title: string) => dashboards.find((dashboard) => dashboard.title === title);

test('an overview, and one for each kind of what runs, wherever in the system it is declared', () => {
  expect(dashboards.map(({ title, uid }) => [uid, title])).toEqual([
    ['shop-dashboard-overview', 'The shop'],
    ['shop-dashboard-postgresql', 'The shop: postgresql'],
    ['shop-dashboard-redis', 'The shop: redis'],
    ['shop-dashboard-zookeeper', 'The shop: zookeeper'],
    ['shop-dashboard-kafka', 'The shop: kafka'],
    ['shop-dashboard-web-services', 'The shop: web services'],
    ['shop-dashboard-dapr', 'The shop: dapr'],
  ]);
});

test('each thing of a kind has a heading of its own', () => {
  expect(headings(titled('The shop: postgresql'))).toEqual(['db', 'archive', 'standby']);
  expect(headings(titled('The shop: redis'))).toEqual(['store', 'cache']);
  expect(headings(titled('The shop: web services'))).toEqual(['shop', 'till']);
  expect(headings(titled('The shop: dapr'))).toEqual(['shop']);
});

test('the overview has the business first, then objectives, backups and the namespace', () => {
  const overview = titled('The shop');
  expect(headings(overview)).toEqual(['Business', 'Backups', 'Objectives', 'Namespace shop']);
  const panels = overview.panels.map(({ title }: any) => title);
  expect(panels).toEqual(
    expect.arrayContaining([
      'Orders',
      'db: would be lost now',
      'store: age of the last copy',
      'shop: left of 99.9 % answered',
      'shop: left of 99 % within 0.5 s',
      'till: left of 99 % answered',
      'Alerts',
      'Quota',
      'Volumes',
      'Certificates end in',
    ]),
  );
});

test('all are in the folder of the settings', () => {
  const maps = objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.labels['grafana_dashboard']);
  expect(maps.map(({ metadata }) => metadata.annotations)).toEqual(maps.map(() => ({ grafana_folder: 'Shops' })));
});

test('no panel is without a line, and every heading has panels', () => {
  for (const { panels } of dashboards) {
    for (const [index, panel] of panels.entries()) {
      if (panel.type !== 'row') expect(panel.targets.length).toBeGreaterThan(0);
      else expect(panels[index + 1]?.type).toMatch(/^(timeseries|stat)$/);
    }
  }
});
