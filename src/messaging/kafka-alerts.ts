import type { Construct } from 'constructs';

import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import type { Duration } from '../platform/duration';
import { graph, Panels } from '../platform/panels';
import { ValidationError } from '../platform/validation-error';
import { LONGEST_WATCHED } from '../workload/watched';
import type { KafkaQueries } from './kafka-queries';

/** When somebody is told of a Kafka cluster. */
export interface KafkaAlertsSettings {
  /**
   * Whether anybody is told.
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Messages of a topic that a consumer group may not have read yet.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1000000001
   * @default 1000
   */
  readonly consumerLag?: number;

  /**
   * For how long.
   * @default 10m
   */
  readonly consumerLagFor?: Duration;

  /**
   * How long copies may be behind, as they are while brokers are restarted one after the other.
   * @default 15m
   */
  readonly underReplicatedFor?: Duration;
}

/** Fills in defaults. */
export function resolveKafkaAlerts(settings: KafkaAlertsSettings = {}): Required<KafkaAlertsSettings> {
  return {
    enabled: settings.enabled ?? true,
    consumerLag: settings.consumerLag ?? 1000,
    consumerLagFor: settings.consumerLagFor ?? '10m',
    underReplicatedFor: settings.underReplicatedFor ?? '15m',
  };
}

/** What there is when all is well. */
export interface WholeCluster {
  readonly brokers: number;
  readonly minInSync: number;
}

const RUNBOOK = 'docs/guides/runbooks/kafka.md';

/** Refuses the name of a cluster whose exporter's pods would not be called after it. */
export function checkWatchedName(scope: Construct, name: string): void {
  const longest = LONGEST_WATCHED - '-exporter'.length;
  if (name.length <= longest) return;
  const found = `expected a name of at most ${longest} characters, got "${name}"`;
  throw new ValidationError(scope, 'alerts', `${found}; the pods of its exporter could not be told apart: rename it`);
}

/** Tells when a cluster does not do what it is there for, and shows how it is. */
export function watchKafka(
  scope: Construct,
  queries: KafkaQueries,
  whole: WholeCluster,
  settings?: KafkaAlertsSettings,
): void {
  const alerts = resolveKafkaAlerts(settings);
  addPanels(scope, queries);
  if (!alerts.enabled) return;
  const { cluster } = queries;
  checkWatchedName(scope, cluster);
  const { underReplicatedFor: behindFor, consumerLag, consumerLagFor } = alerts;
  const offline = `${queries.offline} > 0`;
  const unwritable = `${queries.belowMinimum(whole.minInSync)} > 0`;
  const missing = `${queries.brokers} < ${whole.brokers}`;
  const behind = `${queries.underReplicated} > 0`;
  const lag = `${queries.lag} > ${consumerLag}`;
  const unled = `nobody leads some partitions of ${cluster}; they can be neither read nor written`;
  const refused = `some partitions of ${cluster} have too few copies to be written to`;
  const fewer = `${cluster} has fewer than ${whole.brokers} brokers`;
  const unsafe = `some partitions of ${cluster} have fewer copies than they should`;
  const late = `{{ $labels.consumergroup }} has more than ${consumerLag} messages of {{ $labels.topic }} to read`;
  const mute = `nobody tells the figures of ${cluster}`;
  const rows: AlertRow[] = [
    ['KafkaDown', 'critical', '1m', queries.down, `no broker of ${cluster} answers`, 'no-broker-answers'],
    ['KafkaPartitionsOffline', 'critical', '1m', offline, unled, 'partitions-have-no-leader'],
    ['KafkaPartitionsNotWritable', 'critical', '1m', unwritable, refused, 'partitions-cannot-be-written-to'],
    ['KafkaBrokersMissing', 'warning', '10m', missing, fewer, 'brokers-are-missing'],
    ['KafkaPartitionsUnderReplicated', 'warning', behindFor, behind, unsafe, 'partitions-have-too-few-copies'],
    ['KafkaConsumerLag', 'warning', consumerLagFor, lag, late, 'a-consumer-group-is-behind'],
    ['KafkaNotScraped', 'warning', '10m', queries.unscraped, mute, 'nobody-tells-the-figures-of-a-cluster'],
  ];
  Alerts.of(scope).add(cluster, alertsOf(rows, { server: cluster }, RUNBOOK));
}

function addPanels(scope: Construct, queries: KafkaQueries): void {
  Panels.of(scope).add('kafka', queries.cluster, [
    graph('Brokers', 'number', [queries.brokers, 'known'], [queries.ready, 'ready']),
    graph('Partitions without a leader', 'number', [queries.offline, 'partitions']),
    graph('Partitions with too few copies', 'number', [queries.underReplicated, 'partitions']),
    graph('Messages', 'per-second', [queries.messages, '{{topic}}']),
    graph('Messages still to be read', 'number', [queries.lag, '{{consumergroup}} {{topic}}']),
  ]);
}
