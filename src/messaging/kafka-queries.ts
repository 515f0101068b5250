import { series } from '../platform/metrics';
import { deployedPods, readyContainers, statefulPods, tooFewReady } from '../workload/watched';

/** What Prometheus is asked about a Kafka cluster, for alerts and dashboards alike. */
export class KafkaQueries {
  private readonly matchers: string[];

  public constructor(
    public readonly cluster: string,
    private readonly namespace: string,
  ) {
    this.matchers = [`namespace="${namespace}"`, deployedPods(`${cluster}-exporter`)];
  }

  /** No broker takes connections. */
  public get down(): string {
    return tooFewReady(this.namespace, statefulPods(this.cluster), 'kafka');
  }

  /** Brokers that take connections. */
  public get ready(): string {
    return readyContainers(this.namespace, statefulPods(this.cluster), 'kafka');
  }

  /** Brokers that the cluster knows. */
  public get brokers(): string {
    return `max(${series('kafka_brokers', ...this.matchers)})`;
  }

  /** Nobody tells its figures. */
  public get unscraped(): string {
    return `absent(${series('kafka_brokers', ...this.matchers)})`;
  }

  /** Partitions of which fewer copies are up to date than there are. */
  public get underReplicated(): string {
    return `sum(${series('kafka_topic_partition_under_replicated_partition', ...this.matchers)})`;
  }

  /** Partitions of which fewer copies are up to date than each write asks for. */
  public belowMinimum(minInSync: number): string {
    return `count(${this.perPartition('kafka_topic_partition_in_sync_replica')} < ${minInSync})`;
  }

  /** Partitions that nobody leads: the exporter then tells of its copies, and of no leader. */
  public get offline(): string {
    const replicas = this.perPartition('kafka_topic_partition_replicas');
    return `count(${replicas} unless on (topic, partition) ${this.perPartition('kafka_topic_partition_leader')})`;
  }

  /** Messages that each group has not read yet, by topic. */
  public get lag(): string {
    return `sum by (consumergroup, topic) (${series('kafka_consumergroup_lag', ...this.matchers)})`;
  }

  /** Messages per second of each topic. */
  public get messages(): string {
    return `sum by (topic) (rate(${series('kafka_topic_partition_current_offset', ...this.matchers)}[5m]))`;
  }

  private perPartition(
    metric: 'kafka_topic_partition_in_sync_replica' | 'kafka_topic_partition_leader' | 'kafka_topic_partition_replicas',
  ): string {
    return `max by (topic, partition) (${series(metric, ...this.matchers)})`;
  }
}
