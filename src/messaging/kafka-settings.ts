import {
  type DisruptionBudgetSettings,
  resolveDisruptionBudget,
  type ResolvedDisruptionBudget,
} from '../workload/disruption';
import { type ExporterSettings, type ResolvedExporter, resolveExporter } from '../workload/exporter';
import { type ImageSettings, type ResolvedImage, resolveImage } from '../workload/image';
import { type ResolvedResources, resolveResources, resources, type ResourcesSettings } from '../workload/resources';
import { type ResolvedSpread, resolveSpread, type SpreadSettings } from '../workload/spread';
import { type ResolvedStorage, resolveStorage, type StorageSettings } from '../workload/stateful';
import { heapOptions } from './jvm';
import type { KafkaAlertsSettings } from './kafka-alerts';

/** How a message is kept safe. */
export interface ReplicationSettings {
  /**
   * Copies of each message.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - as many as there are brokers, at most 3
   */
  readonly factor?: number;

  /**
   * Copies that must be written before a message is acknowledged.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - one less than there are copies, at least 1
   */
  readonly minInSync?: number;
}

/** A Kafka cluster. */
export interface KafkaSettings {
  /**
   * Who elects the controller: a ZooKeeper ensemble, or the brokers themselves. It is chosen when the cluster is made;
   * an existing one must be migrated.
   * @default zookeeper
   */
  readonly mode?: 'kraft' | 'zookeeper';

  /**
   * Identity of a KRaft cluster: 16 random bytes in URL-safe base64. Make one with `kafka-storage random-uuid`.
   * @pattern ^[-_A-Za-z0-9]{22}$
   * @title a cluster id of 22 characters, as kafka-storage random-uuid prints it
   * @default - none; needed in the mode `kraft`
   */
  readonly clusterId?: string;

  /**
   * Image of the brokers.
   * @default - confluentinc/cp-kafka:7.5.0
   */
  readonly image?: ImageSettings;

  /**
   * Brokers.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default 3
   */
  readonly brokers?: number;

  /**
   * How messages are kept safe, in topics that do not say otherwise and in Kafka's own.
   * @default - three copies, two of them written before a message is acknowledged
   */
  readonly replication?: ReplicationSettings;

  /**
   * Most bytes that one partition keeps, in topics that do not say otherwise, such as those for dead letters.
   * @asType integer
   * @minimum 1048576
   * @maximum 1099511627776
   * @default - an equal share of what the brokers' volumes hold
   */
  readonly retentionBytes?: number;

  /**
   * Volume of each broker.
   * @default - 50Gi of the cluster's default class
   */
  readonly storage?: StorageSettings;

  /**
   * What each broker may use.
   * @default - 250m and 768Mi promised, 750m and 1536Mi at most
   */
  readonly resources?: ResourcesSettings;

  /**
   * Properties of the broker, by their names in Kafka (`log.cleaner.threads`). They win over ours.
   * @propertyNames {"pattern": "^[a-z][a-z0-9]*([._-][a-z0-9]+)*$", "title": "a property of a broker, such as log.cleaner.threads"}
   * @default {}
   */
  readonly properties?: { [name: string]: string | number | boolean };

  /**
   * What a drain of nodes must leave running.
   * @default - all brokers but one
   */
  readonly disruptionBudget?: DisruptionBudgetSettings;

  /**
   * How the brokers are spread over the cluster.
   * @default - required over hosts and zones where there is more than one
   */
  readonly spread?: SpreadSettings;

  /**
   * The exporter of metrics.
   * @default - danielqsj/kafka-exporter
   */
  readonly exporter?: ExporterSettings;

  /**
   * When somebody is told of it.
   * @default - at the figures that it names
   */
  readonly alerts?: KafkaAlertsSettings;
}

/** A cluster with nothing left open. */
export interface ResolvedKafka {
  readonly mode: 'kraft' | 'zookeeper';
  readonly clusterId?: string;
  readonly image: ResolvedImage;
  readonly brokers: number;
  readonly replication: Required<ReplicationSettings>;
  readonly retentionBytes?: number;
  readonly storage: ResolvedStorage;
  readonly resources: ResolvedResources;
  readonly heap: string;
  readonly properties: Record<string, string>;
  readonly disruptionBudget: ResolvedDisruptionBudget;
  readonly spread: ResolvedSpread;
  readonly exporter: ResolvedExporter;
}

/** Fills in defaults and what follows from the number of brokers and their memory. */
export function resolveKafka(settings: KafkaSettings): ResolvedKafka {
  const brokers = settings.brokers ?? 3;
  const factor = settings.replication?.factor ?? Math.min(3, brokers);
  const amounts = resolveResources(settings.resources, resources(['250m', '768Mi'], ['750m', '1536Mi']));
  const rule = brokers > 1 ? 'required' : 'preferred';
  const given = Object.entries(settings.properties ?? {}).map(([name, value]) => [name, String(value)]);
  return {
    mode: settings.mode ?? 'zookeeper',
    clusterId: settings.clusterId,
    image: resolveImage(settings.image ?? { repository: 'confluentinc/cp-kafka', tag: '7.5.0' }),
    brokers,
    replication: { factor, minInSync: settings.replication?.minInSync ?? Math.max(1, factor - 1) },
    retentionBytes: settings.retentionBytes,
    storage: resolveStorage(settings.storage, '50Gi'),
    resources: amounts,
    heap: heapOptions(amounts.limits.memory),
    properties: Object.fromEntries(given),
    disruptionBudget: resolveDisruptionBudget(settings.disruptionBudget ?? { minAvailable: brokers - 1 }, brokers),
    spread: resolveSpread({ hosts: settings.spread?.hosts ?? rule, zones: settings.spread?.zones ?? rule }),
    exporter: resolveExporter(settings.exporter, { repository: 'danielqsj/kafka-exporter', tag: 'v1.9.0' }),
  };
}
