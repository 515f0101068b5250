import type { Construct } from 'constructs';

import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { graph, Panels } from '../platform/panels';
import { fraction } from '../platform/quantity';
import type { Percent } from '../workload/autoscaling';
import type { RedisQueries } from './redis-queries';

/** When somebody is told of a Redis server. */
export interface RedisAlertsSettings {
  /**
   * Whether anybody is told.
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Share of the memory for data that may be full where nothing is evicted: at the end of it every write is refused.
   * @default 90
   */
  readonly memoryPercent?: Percent;
}

/** Fills in defaults. */
export function resolveRedisAlerts(settings: RedisAlertsSettings = {}): Required<RedisAlertsSettings> {
  return { enabled: settings.enabled ?? true, memoryPercent: settings.memoryPercent ?? 90 };
}

/** What becomes of data. */
export interface KeptData {
  /** Whether keys go when the memory is full, as in a cache. */
  readonly evicted: boolean;
  /** Whether what it holds is written to a volume. */
  readonly written: boolean;
  /** Whether it is backed up: then it cannot be made again. */
  readonly backedUp: boolean;
}

const RUNBOOK = 'docs/guides/runbooks/redis.md';

/** Tells when a server does not do what it is there for, and shows how it is. */
export function watchRedis(
  scope: Construct,
  queries: RedisQueries,
  data: KeptData,
  settings?: RedisAlertsSettings,
): void {
  const { enabled, memoryPercent } = resolveRedisAlerts(settings);
  addPanels(scope, queries);
  if (!enabled) return;
  const { server } = queries;
  const full = `more than ${memoryPercent} % of the memory of ${server} is in use; when it is full, writes are refused`;
  const memory = `${queries.memoryUse} > ${fraction(memoryPercent)}`;
  const rejected = `${server} takes no more connections`;
  const lost = `${server} throws data away for other data`;
  const unsafe = `${server} cannot write to its append-only file; what is written now is lost with its pod`;
  const mute = `nobody tells the figures of ${server}`;
  const rejections = `${queries.rejections('5m')} > 0`;
  const evictions = `${queries.evictions('5m')} > 0`;
  const rows: AlertRow[] = [
    ['RedisDown', 'critical', '1m', queries.down, `${server} answers nobody`, 'a-server-is-down'],
    ['RedisNotScraped', 'warning', '10m', queries.unscraped, mute, 'nobody-tells-the-figures-of-a-server'],
    ['RedisConnectionsRejected', 'warning', '0s', rejections, rejected, 'connections-are-rejected'],
  ];
  const file = 'the-append-only-file-cannot-be-written';
  if (data.written) rows.push(['RedisNotWritten', 'critical', '1m', queries.unwritten, unsafe, file]);
  // In a cache both are how it works.
  if (!data.evicted) rows.push(['RedisMemoryHigh', 'warning', '5m', memory, full, 'the-memory-is-nearly-full']);
  if (data.backedUp) rows.push(['RedisDataEvicted', 'critical', '0s', evictions, lost, 'data-is-thrown-away']);
  Alerts.of(scope).add(server, alertsOf(rows, { server }, RUNBOOK));
}

function addPanels(scope: Construct, queries: RedisQueries): void {
  Panels.of(scope).add('redis', queries.server, [
    graph('Up', 'number', [queries.up, 'up'], [queries.ready, 'ready']),
    graph('Memory', 'bytes', [queries.memory, 'in use']),
    graph('Memory of what data may fill', 'ratio', [queries.memoryUse, 'in use']),
    graph('Commands', 'per-second', [queries.commands, 'commands']),
    graph('Keys found', 'ratio', [queries.hits, 'of those asked for']),
    graph('Clients', 'number', [queries.clients, 'connected']),
    graph('Keys evicted in 5 minutes', 'number', [queries.evictions('5m'), 'evicted']),
    graph('Connections rejected in 5 minutes', 'number', [queries.rejections('5m'), 'rejected']),
  ]);
}
