import { Chart } from 'cdk8s';

import { type Alert, Alerts } from '../platform/alerts';
import { formatDuration } from '../platform/duration';
import type { Workload } from '../workload/workload';
import type { ResolvedBackup } from './backup-settings';

/** Where what to do is written. */
export const RUNBOOK = 'docs/guides/backup-and-restore.md';

/** Of an objective, the share at which somebody is told: while there is still time to do something. */
export const EARLY = 0.8;

/** Tells when an objective is about to be missed. A server that stands by has no base backups and no trials of its own. */
export function addBackupAlerts(backups: Workload, server: string, backup: ResolvedBackup, standsBy: boolean): void {
  const { rpo, archiveTimeout, uploadInterval, baseInterval, figures } = backup;
  const namespace = `namespace="${Chart.of(backups).namespace}"`;
  const figure = (name: string) => `postgres_backup_${name}{${namespace}}`;
  const age = (name: string) => `time() - max(${figure(name)})`;
  // What the server has not handed over yet is not counted by the age of what it has.
  const unsent = Math.max(Math.floor(rpo * EARLY) - archiveTimeout, 2 * uploadInterval + 30);
  const baseAge = baseInterval + Math.ceil(figures.dataSize / figures.uploadPerSecond) + 3600;
  Alerts.of(backups).add(`${server}-backup`, [
    {
      name: 'PostgresWalNotSent',
      expression: `${age('wal_protected_timestamp_seconds')} > ${unsent}`,
      forDuration: '0s',
      severity: 'critical',
      summary: `write-ahead log of ${server} does not reach the store; the RPO of ${formatDuration(rpo)} is about to be missed`,
      runbook: `${RUNBOOK}#write-ahead-log-does-not-reach-the-store`,
    },
    {
      name: 'PostgresWalNotArchived',
      expression: `increase(pg_stat_archiver_failed_count{${namespace}}[5m]) > 0`,
      forDuration: '2m',
      severity: 'critical',
      summary: `${server} cannot hand its write-ahead log over; it stays on the volume of the data until that is full`,
      runbook: `${RUNBOOK}#the-server-cannot-hand-its-write-ahead-log-over`,
    },
    {
      name: 'PostgresBackupUnknown',
      expression: `absent(${figure('wal_protected_timestamp_seconds')})`,
      forDuration: '10m',
      severity: 'critical',
      summary: `nobody tells how the backups of ${server} are`,
      runbook: `${RUNBOOK}#nobody-tells-how-the-backups-are`,
    },
    ...(standsBy ? [] : ownAlerts(server, { figure, age, baseAge, backup })),
  ]);
}

interface Own {
  readonly figure: (name: string) => string;
  readonly age: (name: string) => string;
  readonly baseAge: number;
  readonly backup: ResolvedBackup;
}

function ownAlerts(server: string, { figure, age, baseAge, backup }: Own): Alert[] {
  return [
    {
      name: 'PostgresBaseBackupOld',
      expression: `(${age('base_timestamp_seconds')} > ${baseAge}) or absent(${figure('base_timestamp_seconds')})`,
      forDuration: '15m',
      severity: 'warning',
      summary: `the last base backup of ${server} is too old; a restore takes longer than planned`,
      runbook: `${RUNBOOK}#the-last-base-backup-is-too-old`,
    },
    ...(backup.drillSchedule ? drillAlerts(server, { figure, age, baseAge, backup }) : []),
  ];
}

const drillAlerts = (server: string, { figure, age, backup: { rpo, rto, drillInterval, figures } }: Own): Alert[] => [
  {
    name: 'PostgresRestoreDrillOld',
    // A trial tells of itself when it ends. One that was never made is told of after a day, also where the first is due in months.
    expression: `(${age('drill_timestamp_seconds')} > ${drillInterval + rpo + rto + 3600}) or absent(${figure('drill_timestamp_seconds')})`,
    forDuration: '1d',
    severity: 'warning',
    summary: `the last trial to restore ${server} is older than ${formatDuration(drillInterval)}, or there was none`,
    runbook: `${RUNBOOK}#the-last-drill-is-old`,
  },
  {
    name: 'PostgresRestoreDrillFailed',
    expression: `${figure('drill_succeeded')} == 0`,
    forDuration: '0s',
    severity: 'critical',
    summary: `the last trial to restore ${server} failed`,
    runbook: `${RUNBOOK}#a-drill-failed`,
  },
  {
    name: 'PostgresRecoverySlow',
    expression: `${figure('drill_recovery_seconds')} > ${Math.max(0, Math.floor(rto * EARLY) - figures.reaction)}`,
    forDuration: '0s',
    severity: 'warning',
    summary: `the last trial to restore ${server} took more than ${EARLY * 100} % of the RTO of ${formatDuration(rto)}`,
    runbook: `${RUNBOOK}#the-recovery-is-slow`,
  },
];
