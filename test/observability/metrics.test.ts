import { EXPORTED_METRICS } from '../../src/platform/metrics';
import { environments, objectsOf } from '../support/dist';
import { baseSettings } from '../support/base-settings';
import { metricsIn } from '../support/promql';
import { dashboardsIn, rulesIn, watchedSystem } from '../support/watched-system';

const EXPORTED = new Set<string>(Object.values(EXPORTED_METRICS).flat());

/** What the applications of the systems tell of themselves, by the settings or by the defaults. */
const OWN = new Set(
  baseSettings()
    .flatMap((settings) => Object.values<any>(settings))
    .filter((part) => part?.metrics)
    .concat([{ metrics: {} }])
    .flatMap(({ metrics: { requests = 'http_requests_total', durations = 'http_request_duration_seconds' } }) => [
      requests,
      `${durations}_bucket`,
      `${durations}_count`,
    ]),
);

/** The expressions of rules, and those of panels that are not the business'. */
function expressionsIn(objects: readonly any[]): string[] {
  const panels = dashboardsIn(objects).flatMap((dashboard) => {
    let heading = '';
    return dashboard.panels.filter((panel: any) => {
      if (panel.type === 'row') heading = panel.title;
      return panel.type !== 'row' && heading !== 'Business';
    });
  });
  const targets = panels.flatMap(({ targets }: any) => targets);
  return [...rulesIn(objects), ...targets].map(({ expr }) => expr);
}

/** Metrics that nobody exports, with the expression in which they are. */
function unknownIn(objects: readonly any[]): string[] {
  const recorded = new Set(rulesIn(objects).flatMap(({ record }) => record ?? []));
  return expressionsIn(objects).flatMap((expression) =>
    metricsIn(expression)
      .filter((name) => !EXPORTED.has(name) && !OWN.has(name) && !recorded.has(name))
      .map((name) => `${name} in ${expression}`),
  );
}

const { objects } = watchedSystem();

test.each(environments())('%s: every metric of rules and dashboards is exported by somebody', (environment) =>
  expect(unknownIn(objectsOf(environment))).toEqual([]),
);

test('so is every metric of a system with one of everything', () => {
  expect(unknownIn(objects)).toEqual([]);
  expect(expressionsIn(objects).length).toBeGreaterThan(150);
});

test('and every metric of the list is read by somebody', () => {
  const read = new Set(expressionsIn(objects).flatMap(metricsIn));
  expect([...EXPORTED].filter((name) => !read.has(name))).toEqual([]);
});

test('what nobody exports would be found', () => {
  const rule = (expr: string) => ({ kind: 'PrometheusRule', spec: { groups: [{ rules: [{ alert: 'A', expr }] }] } });
  const expression = 'sum by (pod) (rate(pg_upp{namespace="a"}[5m] offset 1d)) > 0 and on (pod) up == 1';
  expect(unknownIn([rule(expression)])).toEqual([`pg_upp in ${expression}`]);
});

test.each<[expression: string, names: string[]]>([
  ['up', ['up']],
  ['time() - max(a_seconds{b="c{d}"}) > 1e9', ['a_seconds']],
  ['sum by (le) (rate(a_bucket{x=~"y|z"}[5m])) / on (pod) group_left (node) b:c:rate5m', ['a_bucket', 'b:c:rate5m']],
  ['a unless on () (count(b) >= 2) or vector(0)', ['a', 'b']],
  ['histogram_quantile(0.95, sum(a offset 5m))', ['a']],
  ['(1 - max by (x) (a) / max by (x) (b)) > 0.85', ['a', 'b']],
])('the metrics of %p', (expression, names) => expect(metricsIn(expression)).toEqual(names));
