import type { Construct } from 'constructs';

import type { KubeJob } from '../../imports/k8s';
import { Connections } from '../network/connections';
import { parseBytes } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';
import { renderJob } from '../workload/job';
import type { Pod } from '../workload/pod';
import { Workload } from '../workload/workload';
import type { Kafka } from './kafka';
import { renderToolPod } from './tool-pod';
import { versionOf } from '../platform/image-reference';

/** A Kafka topic. */
export interface TopicSettings {
  /**
   * Name.
   * @pattern ^[a-zA-Z0-9][-._a-zA-Z0-9]{0,230}$
   * @title a topic name (letters, digits, dots, dashes and underscores, at most 231)
   */
  readonly name: string;

  /**
   * Path of the application to which its messages are delivered.
   * @pattern ^/
   * @title a path that begins with a slash
   * @default - nobody subscribes to it
   */
  readonly route?: string;

  /**
   * Partitions: how many consumers of one group can share the work. It can be raised and never lowered.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default 3
   */
  readonly partitions?: number;

  /**
   * How long a message is kept, in days.
   * @minimum 0.01
   * @default 7
   */
  readonly retentionDays?: number;

  /**
   * Most bytes that one partition keeps.
   * @asType integer
   * @minimum 1048576
   * @maximum 1099511627776
   * @default - what the brokers' settings say
   */
  readonly retentionBytes?: number;

  /**
   * How the broker keeps messages.
   * @default snappy
   */
  readonly compression?: 'gzip' | 'lz4' | 'producer' | 'snappy' | 'uncompressed' | 'zstd';

  /**
   * Whether messages that nobody could handle go to a topic of their own, `<name>.dead-letter`.
   * @default true
   */
  readonly deadLetter?: boolean;
}

/** A topic with nothing left open. */
export interface ResolvedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Record<string, string>;
}

/** Of a broker's volume, what topics may fill. The rest is for Kafka's own topics, indexes and the open segments. */
const USABLE = 0.8;

/** Smallest unit that Kafka deletes: the last segment is kept beyond every limit. */
const SEGMENT_BYTES = 128 * 2 ** 20;

const DAY = 24 * 60 * 60 * 1000;
const DEAD_LETTER = '.dead-letter';

/** Name of the topic for messages that nobody could handle; undefined where there is none. */
export const deadLetterTopic = ({ name, deadLetter = true }: TopicSettings) =>
  deadLetter ? `${name}${DEAD_LETTER}` : undefined;

/** Fills in defaults, adds the dead-letter topics, and shares the volumes out among all partitions. */
export function resolveTopics(topics: TopicSettings[], kafka: Kafka): ResolvedTopic[] {
  const { brokers, replication, retentionBytes, storage } = kafka._resolved;
  const all = topics.flatMap((topic) => {
    const dead = deadLetterTopic(topic);
    return dead ? [topic, { ...topic, name: dead, retentionBytes: undefined }] : [topic];
  });
  const copies = all.reduce((sum, { partitions = 3 }) => sum + partitions * replication.factor, 0);
  const equal = Math.floor((parseBytes(storage.size) * USABLE * brokers) / Math.max(1, copies)) - SEGMENT_BYTES;
  return all.map((topic) => ({
    name: topic.name,
    partitions: topic.partitions ?? 3,
    replicationFactor: replication.factor,
    config: {
      'cleanup.policy': 'delete',
      'compression.type': topic.compression ?? 'snappy',
      'min.insync.replicas': `${replication.minInSync}`,
      'retention.bytes': `${topic.retentionBytes ?? retentionBytes ?? equal}`,
      'retention.ms': `${Math.round((topic.retentionDays ?? 7) * DAY)}`,
      'segment.bytes': `${SEGMENT_BYTES}`,
    },
  }));
}

/**
 * Makes topics, and corrects those whose settings differ. Every tool of Kafka starts a JVM, so the cluster is asked once
 * for all topics, and only what differs costs another start.
 */
const script = (cluster: string) => `set -eu
kafka-topics ${cluster} --describe > /tmp/topics
grep '^Topic:.*PartitionCount' /tmp/topics > /tmp/found || true

# describe prints: Topic: NAME  TopicId: ID  PartitionCount: N  ReplicationFactor: N  Configs: a=b,c=d
field() { printf '%s\\n' "$found" | tr '\\t' '\\n' | sed -n "s/^ *$1: *//p"; }

ensure() {
  name=$1 partitions=$2 factor=$3 config=$4
  found=$(grep "^Topic: $name[[:space:]]" /tmp/found || true)
  if [ -z "$found" ]; then
    set -- --create --if-not-exists --topic "$name" --partitions "$partitions" --replication-factor "$factor"
    for pair in $(printf '%s' "$config" | tr ',' ' '); do set -- "$@" --config "$pair"; done
    kafka-topics ${cluster} "$@"
    return
  fi
  if [ "$(field ReplicationFactor)" != "$factor" ]; then
    echo "$name: has $(field ReplicationFactor) copies, expected $factor; reassign its partitions, then run this again" >&2
    exit 1
  fi
  if [ "$(field PartitionCount)" -gt "$partitions" ]; then
    echo "$name: has $(field PartitionCount) partitions, expected $partitions; Kafka cannot take any away" >&2
    exit 1
  fi
  if [ "$(field PartitionCount)" -lt "$partitions" ]; then
    kafka-topics ${cluster} --alter --topic "$name" --partitions "$partitions"
  fi
  for pair in $(printf '%s' "$config" | tr ',' ' '); do
    case ",$(field Configs)," in *",$pair,"*) continue ;; esac
    kafka-configs ${cluster} --alter --entity-type topics --entity-name "$name" --add-config "$config"
    break
  done
  echo "$name: as it should be"
}
`;

/** A Job that makes topics and corrects those that differ; to run it again changes nothing. */
export class KafkaTopics extends Workload {
  /** The Job. */
  public readonly job: KubeJob;

  public constructor(scope: Construct, id: string, kafka: Kafka, topics: TopicSettings[]) {
    super(scope, id, { component: 'task', version: versionOf(kafka._resolved.image) });
    const names = topics.map(({ name }) => name);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    if (twice.length > 0) throw new ValidationError(this, 'topics', `"${twice[0]}" is named twice; keep one of them`);
    const resolved = resolveTopics(topics, kafka);
    this.checkVolumes(resolved, kafka);
    Connections.of(this).allow(this.peer, kafka._administration.endpoint);
    this.job = renderJob(this, {
      retries: 6,
      deadlineSeconds: 1800,
      pod: () => this.renderPod(resolved, kafka),
    });
  }

  /** Time alone bounds no volume: what the topics may keep must fit on the brokers. */
  private checkVolumes(topics: ResolvedTopic[], kafka: Kafka): void {
    const { brokers, storage } = kafka._resolved;
    const kept = topics.reduce(
      (sum, { partitions, replicationFactor, config }) =>
        sum + partitions * replicationFactor * (Number(config['retention.bytes']) + SEGMENT_BYTES),
      0,
    );
    const room = parseBytes(storage.size) * USABLE * brokers;
    const smallest = Math.min(...topics.map(({ config }) => Number(config['retention.bytes'])));
    if (kept <= room && smallest > 0) return;
    const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)}Gi`;
    const found = `the topics may keep ${gibibytes(kept)} in all copies, and ${brokers} volumes of ${storage.size} hold`;
    const todo = 'lower retentionBytes, partitions or topics, or enlarge the volumes';
    throw new ValidationError(this, 'topics', `${found} ${gibibytes(room)} of topics; ${todo}`);
  }

  private renderPod(topics: ResolvedTopic[], kafka: Kafka): Pod {
    const { image } = kafka._resolved;
    const calls = topics.map(({ name, partitions, replicationFactor, config }) => {
      const pairs = Object.entries(config).map(([key, value]) => `${key}=${value}`);
      return `ensure ${name} ${partitions} ${replicationFactor} ${pairs.join(',')}\n`;
    });
    const { _administration: administration } = kafka;
    return renderToolPod(this, {
      name: 'topics',
      image,
      script: administration.preparation + script(administration.flags) + calls.join(''),
      administration,
    });
  }
}
