/** @tools grafana prometheus */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Dashboard } from '../../src/observability/dashboard';
import { WebService } from '../../src/workload/web-service';
import { objectsOfConstruct } from '../support/system';
import { dashboardsIn, watchedSystem } from '../support/watched-system';
import { run, scratchFolder } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const objects = objectsOfConstruct((scope) => {
  const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
  const dashboard = new Dashboard(scope, 'dashboard', {
    folder: 'Shops',
    panels: [
      {
        title: 'Orders',
        expression: 'sum by (kind) (rate(orders_total{namespace="$namespace"}[5m]))',
        unit: 'per-second',
        legend: '{{kind}}',
      },
      { title: 'Customers', expression: 'customers', kind: 'number', description: 'Those who ever ordered.' },
    ],
  });
  dashboard.addService(new WebService(scope, 'backend', { image, port: 8080, metrics: {} }));
  dashboard.addService(new WebService(scope, 'frontend', { image, port: 8080 }));
});
const { data } = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'dashboard');
const model = JSON.parse(data['shop-dashboard.json']);
const all: any[] = [model, ...dashboardsIn(watchedSystem().objects)];
const targets: any[] = all.flatMap(({ panels }) => panels.flatMap(({ targets: own = [] }: any) => own));

proof("Grafana's own model of dashboards knows every field of ours", async () => {
  const check = (dashboard: object) =>
    run(toolPath('grafana', 'bin/check-dashboard'), [], { input: JSON.stringify(dashboard) }).trim();
  for (const dashboard of all) expect(check(dashboard)).toBe('');
  // And it would tell: of what it does not know, and of what is no text or number where it should be.
  const [row, first, ...rest] = model.panels;
  const broken = (more: object) => check({ ...model, panels: [row, { ...first, ...more }, ...rest] });
  expect(() => broken({ titel: 'Orders' })).toThrow('dashboard.panels[1].titel: is not in the model');
  expect(() => broken({ title: 1 })).toThrow('dashboard.panels[1].title: 1 is of the wrong type');
  expect(() => broken({ targets: [{ ...first.targets[0], expresion: 'a' }] })).toThrow(
    'expresion: is not in the model',
  );
  expect(() => check({ ...model, schemaVersion: 'new' })).toThrow('schema_version');
  return `${all.length} dashboards, ${all.flatMap(({ panels }) => panels).length} panels; 4 mistakes told`;
});

proof("Prometheus' parser takes every expression of a dashboard", async () => {
  const folder = scratchFolder('expressions');
  const check = (expressions: readonly string[]) => {
    const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
    writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'panels', rules }] }));
    return run(toolPath('prometheus', 'bin/promtool'), ['check', 'rules', 'rules.yaml'], { cwd: folder });
  };
  const expressions = targets.map(({ expr }) => expr);
  expect(check(expressions)).toContain(`${expressions.length} rules found`);
  expect(() => check([...expressions, 'sum by pod (up)'])).toThrow('could not parse expression');
  return `${expressions.length} expressions`;
});
