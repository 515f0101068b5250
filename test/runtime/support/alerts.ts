import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { scratchFolder } from './process';
import { toolPath } from './tools';

/** Samples a minute apart unless the trial says otherwise, and whether the alert fires at a minute, with labels of its own where it does. */
export interface AlertCase {
  readonly what: string;
  readonly alert: string;
  readonly series: Record<string, string>;
  readonly minute: number;
  readonly fires?: Record<string, string>[];
}

/** An alert may have several rules, which differ in a label. */
const ruleOf = (rules: readonly any[], alert: string, own: Record<string, string>): any =>
  rules.find(
    (rule) =>
      rule.alert === alert && Object.entries(own).every(([label, value]) => (rule.labels[label] ?? value) === value),
  );

/** What Prometheus makes of the labels in a summary. */
const filledIn = ({ annotations }: any, labels: Record<string, string>) => ({
  ...annotations,
  summary: annotations.summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_: string, label: string) => labels[label] ?? ''),
});

/** How far samples are apart, and evaluations of the rules. */
interface Pace {
  readonly samples: string;
  readonly evaluations: string;
}

function testOf(
  rules: readonly any[],
  samples: string,
  { what, alert, series, minute, fires = [] }: AlertCase,
): object {
  const exp_alerts = fires.map((own) => {
    const rule = ruleOf(rules, alert, own);
    const exp_labels = { ...own, ...rule.labels };
    return { exp_labels, exp_annotations: filledIn(rule, exp_labels) };
  });
  return {
    name: what,
    interval: samples,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: `${minute}m`, alertname: alert, exp_alerts }],
  };
}

/** The rules of an alert, by its name and what tells them apart. */
const named = (alert: string, { window }: Record<string, string>) => (window ? `${alert} ${window}` : alert);

/**
 * Tries rules on cases: each alert fires in at least one and is silent in another, as each case says; and turned round,
 * every case would fail. Gives the figure of the proof.
 */
export function tryAlerts(
  rules: readonly any[],
  cases: readonly AlertCase[],
  { samples, evaluations }: Pace = { samples: '1m', evaluations: '1m' },
): string {
  const alerts = rules.filter(({ alert }) => alert);
  const fired = cases.flatMap(({ alert, fires = [] }) => fires.map((own) => named(alert, own)));
  const all = alerts.map(({ alert, labels }) => named(alert, labels)).sort();
  expect([...new Set(fired)].sort()).toEqual(all);
  const silent = cases.filter(({ fires }) => !fires);
  expect([...new Set(silent.map(({ alert }) => alert))].sort()).toEqual([
    ...new Set(alerts.map(({ alert }) => alert).sort()),
  ]);
  const folder = scratchFolder('rules');
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'shop', rules }] }));
  const promtool = (...args: string[]) => {
    const { stdout, stderr, signal, error } = spawnSync(toolPath('prometheus', 'bin/promtool'), args, {
      cwd: folder,
      encoding: 'utf8',
    });
    return `${stdout}${stderr}${signal ?? ''}${error?.message ?? ''}`;
  };
  const outcome = (some: readonly AlertCase[]) => {
    const tests = some.map((one) => testOf(rules, samples, one));
    const trial = { rule_files: ['rules.yaml'], evaluation_interval: evaluations, tests };
    writeFileSync(join(folder, 'test.yaml'), stringify(trial));
    return promtool('test', 'rules', 'test.yaml');
  };
  expect(promtool('check', 'rules', 'rules.yaml')).toContain(`SUCCESS: ${rules.length} rules found`);
  expect(outcome(cases)).toMatch(/SUCCESS\s*$/);
  const turned = outcome(cases.map((one) => ({ ...one, fires: one.fires ? undefined : [{}] })));
  expect([turned.match(/alertname: /g)?.length, turned.slice(-500)]).toEqual([cases.length, expect.anything()]);
  return `${alerts.length} alerts, ${cases.length} cases, ${silent.length} of them silent`;
}
