import { series } from '../platform/metrics';
import { readyContainers, statefulPods, tooFewReady } from '../workload/watched';

/** What Prometheus is asked about a Redis server, for alerts and dashboards alike. */
export class RedisQueries {
  private readonly matchers: string[];

  public constructor(
    public readonly server: string,
    private readonly namespace: string,
  ) {
    this.matchers = [`namespace="${namespace}"`, statefulPods(server)];
  }

  /** It answers nobody: its exporter cannot ask it, or its container is not ready. */
  public get down(): string {
    return `(${this.up} == 0) or ${tooFewReady(this.namespace, statefulPods(this.server), 'redis')}`;
  }

  /** One while the exporter can ask it. */
  public get up(): string {
    return `max(${series('redis_up', ...this.matchers)})`;
  }

  /** Whether it can take commands. */
  public get ready(): string {
    return readyContainers(this.namespace, statefulPods(this.server), 'redis');
  }

  /** Nobody tells its figures. */
  public get unscraped(): string {
    return `absent(${series('redis_up', ...this.matchers)})`;
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
