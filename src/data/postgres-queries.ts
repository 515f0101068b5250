import { series } from '../platform/metrics';
import { ServerQueries } from './server-queries';

/** What Prometheus is asked about a PostgreSQL server, for alerts and dashboards alike. */
export class PostgresQueries extends ServerQueries {
  public constructor(server: string, namespace: string) {
    super(server, namespace, 'postgres', 'pg_up');
  }

  /** Connections, all or by state. */
  public connections(by?: 'state'): string {
    const all = series('pg_stat_activity_count', ...this.matchers);
    return by ? `sum by (state) (${all})` : `sum(${all})`;
  }

  /** Share of the connections that there may be. */
  public get connectionUse(): string {
    return `(${this.connections()} / max(${series('pg_settings_max_connections', ...this.matchers)}))`;
  }

  /** Deadlocks within a time. */
  public deadlocks(within: string): string {
    return `sum(increase(${series('pg_stat_database_deadlocks', ...this.matchers)}[${within}]))`;
  }

  /** Seconds for which the longest transaction of each state has run. */
  public get longestTransaction(): string {
    return `max by (state) (${series('pg_stat_activity_max_tx_duration', ...this.matchers)})`;
  }

  /** Transactions per second that were kept, or that were not. */
  public transactions(end: 'commit' | 'rollback'): string {
    return `sum(rate(${series(`pg_stat_database_xact_${end}`, ...this.matchers)}[5m]))`;
  }

  /** Share of what was read that was in memory already. */
  public get cacheHits(): string {
    const blocks = (from: 'hit' | 'read') =>
      `sum(rate(${series(`pg_stat_database_blks_${from}`, ...this.matchers)}[5m]))`;
    return `(${blocks('hit')} / (${blocks('hit')} + ${blocks('read')} > 0))`;
  }

  /** Bytes of each database. */
  public get databaseBytes(): string {
    return `max by (datname) (${series('pg_database_size_bytes', ...this.matchers)})`;
  }
}
