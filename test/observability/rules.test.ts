import { environments, objectsOf } from '../support/dist';
import { schemaErrors } from '../support/kubernetes-schema';
import { brokenLink } from '../support/links';
import { rulesIn, watchedSystem } from '../support/watched-system';

const system = watchedSystem();
const rules = rulesIn(system.objects);
const alerts = rules.filter(({ alert }) => alert);
const identity = ({ alert, record, labels }: any) => JSON.stringify([alert ?? record, labels]);

test('no two alerts of an environment are one and the same, whatever there are two of', () => {
  for (const all of [rules, ...environments().map((environment) => rulesIn(objectsOf(environment)))]) {
    expect(new Set(all.map(identity)).size).toBe(all.length);
  }
  const servers = alerts.filter(({ alert }) => alert === 'PostgresDown').map(({ labels }) => labels.server);
  expect(servers).toEqual(['archive', 'db', 'standby']);
});

test('each is of one of three classes, says what is wrong, and leads to a runbook that is there', () => {
  for (const { labels, annotations } of alerts) {
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    expect(labels).toMatchObject({ namespace: 'shop', environment: 'test' });
    expect(annotations.summary).toMatch(/^([a-z]|\{\{).*[^.]$/);
  }
  const links = [...new Set<string>(alerts.map(({ annotations }) => annotations.runbook_url))];
  expect(links.map(brokenLink).filter(Boolean)).toEqual([]);
});

test('each alert has a section of its own kind, and none is shared by two alerts of one page', () => {
  const byLink = new Map<string, Set<string>>();
  for (const { alert, annotations } of alerts) {
    const link = annotations.runbook_url;
    byLink.set(link, (byLink.get(link) ?? new Set()).add(alert));
  }
  expect([...byLink].filter(([, names]) => names.size > 1)).toEqual([]);
});

test('the API server takes the objects', () => {
  const objects = system.all('PrometheusRule');
  expect(objects.map(({ metadata }) => metadata.name)).toEqual(['shop-test-platform', 'shop-test']);
  expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
});

test('the operator finds them by the labels of the settings', () => {
  const { objects } = watchedSystem({ prometheus: { objectLabels: { release: 'stack' } } });
  const labels = objects.filter(({ kind }) => kind === 'PrometheusRule').map(({ metadata }) => metadata.labels);
  expect(labels).toEqual([
    expect.objectContaining({ release: 'stack' }),
    expect.objectContaining({ release: 'stack' }),
  ]);
});

test('a system that wants no rules has none', () =>
  expect(watchedSystem({ alertRules: 'none' }).all('PrometheusRule')).toEqual([]));

test('a namespace is warned before it is woken', () =>
  expect(() => watchedSystem({ alerts: { volumePercent: 95, volumeCriticalPercent: 95 } })).toThrow(
    '[shop-test] alerts.volumeCriticalPercent: expected more than alerts.volumePercent (95), got 95; ' +
      'raise it or lower the other',
  ));
