import type { Construct } from 'constructs';

import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { type Duration, formatDuration, parseDuration } from '../platform/duration';
import { graph, Panels } from '../platform/panels';
import { fraction } from '../platform/quantity';
import type { Percent } from '../workload/autoscaling';
import type { PostgresQueries } from './postgres-queries';

/** When somebody is told of a PostgreSQL server. */
export interface PostgresAlertsSettings {
  /**
   * Whether anybody is told.
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Share of the connections that may be in use.
   * @default 80
   */
  readonly connectionsPercent?: Percent;

  /**
   * Deadlocks within 15 minutes that are told of.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1000001
   * @default 3
   */
  readonly deadlocks?: number;

  /**
   * How long a transaction may be open. Meanwhile nothing that it may still see is cleaned up.
   * @default 15m
   */
  readonly transactionDuration?: Duration;
}

/** Fills in defaults. */
export function resolvePostgresAlerts(settings: PostgresAlertsSettings = {}): Required<PostgresAlertsSettings> {
  return {
    enabled: settings.enabled ?? true,
    connectionsPercent: settings.connectionsPercent ?? 80,
    deadlocks: settings.deadlocks ?? 3,
    transactionDuration: settings.transactionDuration ?? '15m',
  };
}

const RUNBOOK = 'docs/guides/runbooks/postgresql.md';

/** Tells when a server does not do what it is there for, and shows how it is. */
export function watchPostgres(scope: Construct, queries: PostgresQueries, settings?: PostgresAlertsSettings): void {
  const alerts = resolvePostgresAlerts(settings);
  addPanels(scope, queries);
  if (!alerts.enabled) return;
  const { server } = queries;
  const seconds = parseDuration(alerts.transactionDuration);
  const busy = `more than ${alerts.connectionsPercent} % of the connections to ${server} are in use`;
  const locked = `transactions of ${server} lock each other out`;
  const long = `a transaction of ${server} has been open for more than ${formatDuration(seconds)}`;
  const connections = `${queries.connectionUse} > ${fraction(alerts.connectionsPercent)}`;
  const deadlocks = `${queries.deadlocks('15m')} >= ${alerts.deadlocks}`;
  const open = `${queries.longestTransaction} > ${seconds}`;
  const mute = `nobody tells the figures of ${server}`;
  const rows: AlertRow[] = [
    ['PostgresDown', 'critical', '1m', queries.down, `${server} answers nobody`, 'a-server-is-down'],
    ['PostgresNotScraped', 'warning', '10m', queries.unscraped, mute, 'nobody-tells-the-figures-of-a-server'],
    ['PostgresConnectionsHigh', 'warning', '5m', connections, busy, 'there-are-nearly-too-many-connections'],
    ['PostgresDeadlocks', 'warning', '0s', deadlocks, locked, 'transactions-lock-each-other-out'],
    ['PostgresTransactionLong', 'warning', '1m', open, long, 'a-transaction-stays-open'],
  ];
  Alerts.of(scope).add(server, alertsOf(rows, { server }, RUNBOOK));
}

function addPanels(scope: Construct, queries: PostgresQueries): void {
  Panels.of(scope).add('postgresql', queries.server, [
    graph('Up', 'number', [queries.up, 'up'], [queries.ready, 'ready']),
    graph('Connections', 'number', [queries.connections('state'), '{{state}}']),
    graph('Connections of those there may be', 'ratio', [queries.connectionUse, 'in use']),
    graph(
      'Transactions',
      'per-second',
      [queries.transactions('commit'), 'kept'],
      [queries.transactions('rollback'), 'not'],
    ),
    graph('Longest transaction', 'seconds', [queries.longestTransaction, '{{state}}']),
    graph('Deadlocks in 15 minutes', 'number', [queries.deadlocks('15m'), 'deadlocks']),
    graph('Read from memory', 'ratio', [queries.cacheHits, 'of all blocks']),
    graph('Size', 'bytes', [queries.databaseBytes, '{{datname}}']),
  ]);
}
