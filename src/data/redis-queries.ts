import { series } from '../platform/metrics';
import { ServerQueries } from './server-queries';

/** What Prometheus is asked about a Redis server, for alerts and dashboards alike. */
export class RedisQueries extends ServerQueries {
  public constructor(server: string, namespace: string) {
    super(server, namespace, 'redis', 'redis_up');
  }

  /** Share of the memory that data may fill. */
  public get memoryUse(): string {
    const most = `(max(${series('redis_memory_max_bytes', ...this.matchers)}) > 0)`;
    return `(${this.memory} / ${most})`;
  }

  /** Bytes that it uses. */
  public get memory(): string {
    return `max(${series('redis_memory_used_bytes', ...this.matchers)})`;
  }

  /** Keys that were thrown away for others, within a time. */
  public evictions(within: string): string {
    return `sum(increase(${series('redis_evicted_keys_total', ...this.matchers)}[${within}]))`;
  }

  /** Connections that it did not take, within a time. */
  public rejections(within: string): string {
    return `sum(increase(${series('redis_rejected_connections_total', ...this.matchers)}[${within}]))`;
  }

  /** The append-only file could not be written, or not be written anew. */
  public get unwritten(): string {
    const write = `min(${series('redis_aof_last_write_status', ...this.matchers)})`;
    const rewrite = `min(${series('redis_aof_last_bgrewrite_status', ...this.matchers)})`;
    return `(${write} == 0) or (${rewrite} == 0)`;
  }

  /** Commands per second. */
  public get commands(): string {
    return `sum(rate(${series('redis_commands_processed_total', ...this.matchers)}[5m]))`;
  }

  /** Clients that are connected. */
  public get clients(): string {
    return `sum(${series('redis_connected_clients', ...this.matchers)})`;
  }

  /** Share of the keys that were asked for and there. */
  public get hits(): string {
    const keys = (what: 'hits' | 'misses') =>
      `sum(rate(${series(`redis_keyspace_${what}_total`, ...this.matchers)}[5m]))`;
    return `(${keys('hits')} / (${keys('hits')} + ${keys('misses')} > 0))`;
  }
}
