/** @tools cluster prometheus */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Postgres } from '../../src/data/postgres';
import { objectsOfConstruct } from '../support/system';
import { Cluster } from '../cluster/control-plane';
import { run, scratchFolder } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const objects = objectsOfConstruct((scope) => {
  const target = { type: 's3' as const, bucket: 'backups' };
  new Postgres(scope, 'db', { backup: { rpo: '15m', rto: '1h', target, baseInterval: '1d' } });
});

proof(
  'the commands of the guide make a Job that restores to the given time',
  async () => {
    const cluster = await Cluster.start();
    cluster.kubectl(['create', 'namespace', 'shop']);
    const jobs = objects.filter(({ kind }) => kind === 'CronJob');
    const input = jobs.map((object) => stringify(object)).join('---\n');
    cluster.kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], { input });

    const suspend = ['-n', 'shop', '-p', '{"spec":{"suspend":true}}'];
    cluster.kubectl(['patch', 'cronjob', 'db-backup', 'db-restore-drill', ...suspend]);
    const template = '-o=jsonpath={.items[*].spec.suspend}';
    expect(cluster.kubectl(['get', 'cronjob', '-n', 'shop', template])).toBe('true true true');

    const made = [
      'create',
      'job',
      'restore-1',
      '-n',
      'shop',
      '--from=cronjob/db-restore',
      '--dry-run=client',
      '-o=yaml',
    ];
    const job = cluster.kubectl(made);
    const set = ['set', 'env', '--local', '-f', '-', 'RESTORE_TO=2026-11-21 09:30:00', '-o=yaml'];
    cluster.kubectl(['apply', '-f', '-'], { input: cluster.kubectl(set, { input: job }) });
    const { spec } = JSON.parse(cluster.kubectl(['get', 'job', 'restore-1', '-n', 'shop', '-o=json']));
    const [restore] = jobs.filter(({ metadata }) => metadata.name === 'db-restore');
    const wanted = restore.spec.jobTemplate.spec.template.spec.containers[0].env.map((variable: any) =>
      variable.name === 'RESTORE_TO' ? { name: 'RESTORE_TO', value: '2026-11-21 09:30:00' } : variable,
    );
    expect(spec.template.spec.containers[0].env).toEqual(wanted);
    return `${wanted.length} variables, one of them ours`;
  },
  90,
);

/** Samples a minute apart, and whether the alert fires at a minute. `x` stands for the labels. */
interface Case {
  readonly alert: string;
  readonly series: Record<string, string>;
  readonly minute: number;
  readonly fires: boolean;
}

const WAL = 'postgres_backup_wal_protected_timestamp_seconds';
const BASE = 'postgres_backup_base_timestamp_seconds';
const DRILL = 'postgres_backup_drill_succeeded';
const SLOW = 'postgres_backup_drill_recovery_seconds';
const FAILED = 'pg_stat_archiver_failed_count';

const CASES: Case[] = [
  { alert: 'PostgresWalNotSent', series: { [WAL]: '0+60x60' }, minute: 50, fires: false },
  // 80 % of 900 s less 300 s are seven minutes: it stands still from minute 10 on.
  { alert: 'PostgresWalNotSent', series: { [WAL]: '0+60x10 600x60' }, minute: 16, fires: false },
  { alert: 'PostgresWalNotSent', series: { [WAL]: '0+60x10 600x60' }, minute: 18, fires: true },
  { alert: 'PostgresWalNotArchived', series: { [FAILED]: '5x60' }, minute: 30, fires: false },
  { alert: 'PostgresWalNotArchived', series: { [FAILED]: '0+1x60' }, minute: 30, fires: true },
  { alert: 'PostgresBackupUnknown', series: { [WAL]: '0+60x60' }, minute: 50, fires: false },
  { alert: 'PostgresBackupUnknown', series: {}, minute: 20, fires: true },
  // A day, the time to send what the volume holds, and an hour.
  { alert: 'PostgresBaseBackupOld', series: { [BASE]: '0x3000' }, minute: 1440, fires: false },
  { alert: 'PostgresBaseBackupOld', series: { [BASE]: '0x3000' }, minute: 1600, fires: true },
  { alert: 'PostgresBaseBackupOld', series: {}, minute: 30, fires: true },
  { alert: 'PostgresRestoreDrillFailed', series: { [DRILL]: '1x60' }, minute: 30, fires: false },
  { alert: 'PostgresRestoreDrillFailed', series: { [DRILL]: '1x10 0x60' }, minute: 30, fires: true },
  { alert: 'PostgresRecoverySlow', series: { [SLOW]: '2580x60' }, minute: 30, fires: false },
  { alert: 'PostgresRecoverySlow', series: { [SLOW]: '2581x60' }, minute: 30, fires: true },
];

proof('each alert on backups fires when it must, and not before', async () => {
  const [{ spec }] = objects.filter(({ kind }) => kind === 'PrometheusRule');
  const { rules }: { rules: any[] } = spec.groups.find(({ name }: any) => name === 'db-backup');
  expect([...new Set(CASES.map(({ alert }) => alert))].sort()).toEqual(rules.map(({ alert }) => alert).sort());
  const folder = scratchFolder('rules');
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'db-backup', rules }] }));
  const tests = (cases: readonly Case[]) => ({
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: cases.map(({ alert, series, minute, fires }) => {
      const { labels, annotations } = rules.find((rule) => rule.alert === alert);
      const expected = {
        exp_labels: {
          ...(/absent|max/.test(ruleOf(alert)) ? {} : { pod: 'db-0' }),
          namespace: 'shop',
          ...labels,
        },
        exp_annotations: annotations,
      };
      return {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({
          series: `${name}{namespace="shop",pod="db-0"}`,
          values,
        })),
        alert_rule_test: [{ eval_time: `${minute}m`, alertname: alert, exp_alerts: fires ? [expected] : [] }],
      };
    }),
  });
  const ruleOf = (alert: string): string => rules.find((rule) => rule.alert === alert).expr;
  const promtool = (...args: string[]) => run(toolPath('prometheus', 'bin/promtool'), args, { cwd: folder });
  promtool('check', 'rules', 'rules.yaml');
  const write = (cases: readonly Case[]) => writeFileSync(join(folder, 'test.yaml'), stringify(tests(cases)));
  write(CASES);
  promtool('test', 'rules', 'test.yaml');
  // And it would tell: each case turned round must fail.
  for (const one of CASES) {
    write([{ ...one, fires: !one.fires }]);
    expect(() => promtool('test', 'rules', 'test.yaml')).toThrow('FAILED');
  }
  return `${rules.length} alerts, ${CASES.length} cases`;
});
