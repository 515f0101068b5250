import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { formatDuration } from '../platform/duration';
import { Namespace } from '../platform/namespace';
import { type ExportedMetric, series } from '../platform/metrics';
import { graph, Panels } from '../platform/panels';
import { statefulPods } from '../workload/watched';
import type { Workload } from '../workload/workload';
import type { ResolvedBackup } from './backup-settings';

/** Where what to do is written. */
export const RUNBOOK = 'docs/guides/backup-and-restore.md';

/** Of an objective, the share at which somebody is told: while there is still time to do something. */
export const EARLY = 0.8;

type Figure = (metric: Extract<ExportedMetric, `postgres_backup_${string}`>) => string;

/**
 * Tells when an objective is about to be missed, and shows how the backups are. A server that stands by has no base backups
 * and no trials of its own.
 */
export function addBackupAlerts(backups: Workload, server: string, backup: ResolvedBackup, standsBy: boolean): void {
  const { rpo, archiveTimeout, uploadInterval, baseInterval, figures } = backup;
  const namespace = `namespace="${Namespace.around(backups).namespaceName}"`;
  // Prometheus' operator names the pod; by annotations it is the Service that names whose figures they are.
  const whose = [`pod=~"(${server}-[0-9]+)?"`, `service=~"(${backups.workloadName})?"`];
  const figure: Figure = (metric) => series(metric, namespace, ...whose);
  const age = ageOf(figure('postgres_backup_wal_protected_timestamp_seconds'));
  const baseOld = ageOf(figure('postgres_backup_base_timestamp_seconds'));
  const failed = series('pg_stat_archiver_failed_count', namespace, statefulPods(server));
  // What the server has not handed over yet is not counted by the age of what it has. Alerts say what their bounds are made of.
  const unsent = `${age} > ${rpo} * ${EARLY} - ${archiveTimeout} and ${age} > 2 * ${uploadInterval} + 30`;
  const baseAge = `${baseInterval} + ${figures.dataSize} / ${figures.uploadPerSecond} + 3600`;
  const rows: AlertRow[] = [
    [
      'PostgresWalNotSent',
      'critical',
      '0s',
      unsent,
      `write-ahead log of ${server} does not reach the store; the RPO of ${formatDuration(rpo)} is about to be missed`,
      'write-ahead-log-does-not-reach-the-store',
    ],
    [
      'PostgresWalNotArchived',
      'critical',
      '2m',
      `increase(${failed}[5m]) > 0`,
      `${server} cannot hand its write-ahead log over; it stays on the volume of the data until that is full`,
      'the-server-cannot-hand-its-write-ahead-log-over',
    ],
    [
      'PostgresBackupUnknown',
      'critical',
      '10m',
      `absent(${figure('postgres_backup_wal_protected_timestamp_seconds')})`,
      `nobody tells how the backups of ${server} are`,
      'nobody-tells-how-the-backups-are',
    ],
    ...(standsBy ? [] : ownAlerts(server, figure, baseAge, backup)),
  ];
  Alerts.of(backups).add(`${server}-backup`, alertsOf(rows, { server }, RUNBOOK));
  const objective = (what: 'rpo' | 'rto') => `max(${figure(`postgres_backup_${what}_seconds`)})`;
  const recovery = `max(${figure('postgres_backup_drill_recovery_seconds')})`;
  Panels.of(backups).add('overview', 'Backups', [
    graph(`${server}: would be lost now`, 'seconds', [age, 'not in the store'], [objective('rpo'), 'objective']),
    graph(`${server}: recovery`, 'seconds', [recovery, 'in the last trial'], [objective('rto'), 'objective']),
    graph(`${server}: age of the base backup`, 'seconds', [baseOld, 'age']),
    graph(`${server}: waits for the store`, 'number', [`max(${figure('postgres_backup_wal_waiting_files')})`, 'files']),
  ]);
}

const ageOf = (metric: string) => `time() - max(${metric})`;

function ownAlerts(server: string, figure: Figure, baseAge: string, backup: ResolvedBackup): AlertRow[] {
  const base = figure('postgres_backup_base_timestamp_seconds');
  return [
    [
      'PostgresBaseBackupOld',
      'warning',
      '15m',
      `(${ageOf(base)} > ${baseAge}) or absent(${base})`,
      `the last base backup of ${server} is too old; a restore takes longer than planned`,
      'the-last-base-backup-is-too-old',
    ],
    ...(backup.drillSchedule ? drillAlerts(server, figure, backup) : []),
  ];
}

function drillAlerts(server: string, figure: Figure, { rpo, rto, drillInterval, figures }: ResolvedBackup): AlertRow[] {
  const last = figure('postgres_backup_drill_timestamp_seconds');
  return [
    [
      'PostgresRestoreDrillOld',
      'warning',
      // A trial tells of itself when it ends. One that was never made is told of after a day, also where the first is due in months.
      '1d',
      `(${ageOf(last)} > ${drillInterval} + ${rpo} + ${rto} + 3600) or absent(${last})`,
      `the last trial to restore ${server} is older than ${formatDuration(drillInterval)}, or there was none`,
      'the-last-drill-is-old',
    ],
    [
      'PostgresRestoreDrillFailed',
      'critical',
      '0s',
      `${figure('postgres_backup_drill_succeeded')} == 0`,
      `the last trial to restore ${server} failed`,
      'a-drill-failed',
    ],
    [
      'PostgresRecoverySlow',
      'warning',
      '0s',
      `${figure('postgres_backup_drill_recovery_seconds')} > ${rto} * ${EARLY} - ${figures.reaction}`,
      `the last trial to restore ${server} took more than ${EARLY * 100} % of the RTO of ${formatDuration(rto)}`,
      'the-recovery-is-slow',
    ],
  ];
}
