import type { Construct } from 'constructs';

import type { EnvVar, KubePodDisruptionBudget, KubeService, KubeStatefulSet, Probe } from '../../imports/k8s';
import type { Endpoint, IAuthenticator, IConnectable, ListeningPort } from '../network/connectable';
import { Connections } from '../network/connections';
import { Namespace } from '../platform/namespace';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { renderDisruptionBudget } from '../workload/disruption';
import { checkTag, profileOf } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { hardened, renderPod } from '../workload/pod';
import { checkResources } from '../workload/resources';
import { renderSpread } from '../workload/spread';
import { DATA_VOLUME, renderHeadlessService, renderStatefulSet } from '../workload/stateful';
import { renderWaitFor } from '../workload/wait-for';
import { Workload } from '../workload/workload';
import { ClusterExporter, type ClusterExporterProps } from './exporter';
import { JVM_LOGS, podIndex, variables } from './jvm';
import { watchKafka } from './kafka-alerts';
import { KafkaQueries } from './kafka-queries';
import { type Administration, KafkaSecurity, openAdministration } from './kafka-security';
import { type KafkaSettings, type ReplicationSettings, resolveKafka, type ResolvedKafka } from './kafka-settings';
import { KafkaUsers } from './kafka-users';
import type { ZooKeeper } from './zookeeper';
import { versionOf } from '../platform/image-reference';

const CLIENT: ListeningPort = { name: 'client', port: 9092 };
const INTERNAL: ListeningPort = { name: 'internal', port: 9093 };
const CONTROLLER: ListeningPort = { name: 'controller', port: 9094 };
const METRICS_PORT = 9308;
const DATA_MOUNT = '/var/lib/kafka/data';

/** A Kafka cluster: StatefulSet with volumes, exporter, Service and policy. */
export class Kafka extends Workload implements IConnectable, IAuthenticator {
  /** The brokers. */
  public readonly statefulSet: KubeStatefulSet;

  /** The names under which the brokers answer. */
  public readonly service: KubeService;

  /** What a drain of nodes must leave running. */
  public readonly disruptionBudget: KubePodDisruptionBudget;

  /**
   * What a client needs to know: `KAFKA_BOOTSTRAP_SERVERS`, and with TLS `KAFKA_SECURITY_PROTOCOL`, `_SASL_MECHANISM` and
   * `_CA_FILE`.
   */
  public readonly endpoint: Endpoint;

  /** Where a client begins: the name of all brokers, so that their number is nobody's business. */
  public readonly bootstrapServers: string;

  /**
   * The settings, defaults filled in.
   * @internal
   */
  public readonly _resolved: ResolvedKafka;

  /**
   * How Jobs administer the cluster.
   * @internal
   */
  public readonly _administration: Administration;

  /**
   * What TLS adds; undefined where the system does without.
   * @internal
   */
  public readonly _security?: KafkaSecurity;

  private readonly profile: ImageProfile;

  /** `zookeeper` is who elects the controller, in the mode of that name. */
  public constructor(scope: Construct, id: string, settings: KafkaSettings = {}, zookeeper?: ZooKeeper) {
    const resolved = resolveKafka(settings);
    super(scope, id, { component: 'broker', version: versionOf(resolved.image) });
    this._resolved = resolved;
    this.profile = profileOf(this, 'image', resolved.image);
    this.check(zookeeper);

    this.bootstrapServers = `${System.containing(this)._hostOf(this, id)}:${CLIENT.port}`;
    this._security = KafkaSecurity.ofCluster(this, this.hosts(), INTERNAL);
    const plain = this.describeEndpoint();
    this.endpoint = this._security?.endpoint(plain) ?? plain;
    this._administration = this._security?.administration(plain) ?? openAdministration(plain, this.bootstrapServers);
    this.service = renderHeadlessService(this, this.listeningPorts());
    if (zookeeper) Connections.of(this).allow(this.peer, zookeeper.endpoint);
    const between = resolved.mode === 'kraft' ? [INTERNAL, CONTROLLER] : [INTERNAL];
    Connections.of(this).allow(this.peer, { peer: this.peer, ports: between });
    this.statefulSet = this.renderBrokers(zookeeper);
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    new ClusterExporter(this, `${id}-exporter`, this.describeExporter(`${id}-exporter`));
    const whole = { brokers: resolved.brokers, minInSync: resolved.replication.minInSync };
    watchKafka(this, new KafkaQueries(id, Namespace.around(this).namespaceName), whole, settings.alerts);
    if (this._security) {
      const { _security: security, _administration: administration } = this;
      new KafkaUsers(this, `${id}-users`, { image: resolved.image, security, administration });
    }
  }

  /** What a client of this name needs to know: with TLS also `KAFKA_SASL_USERNAME` and `_PASSWORD`, which are its own. */
  public endpointFor(client: string, _namespace: string): Endpoint {
    return this._security?.endpointFor(this.endpoint, client) ?? this.endpoint;
  }

  /** The settings of the cluster, defaults filled in. */
  public get replication(): ReplicationSettings {
    return this._resolved.replication;
  }

  private check(zookeeper?: ZooKeeper): void {
    const { image, resources: amounts, mode, clusterId, brokers, replication } = this._resolved;
    checkTag(this, 'image', image);
    checkResources(this, 'resources', amounts);
    if (mode === 'zookeeper' && !zookeeper) {
      throw new ValidationError(this, 'mode', 'expected a ZooKeeper beside it, got none; pass one, or set mode: kraft');
    }
    if (mode === 'kraft' && !clusterId) {
      const todo = 'make one with "kafka-storage random-uuid" and keep it for the life of the cluster';
      throw new ValidationError(this, 'clusterId', `is missing, and KRaft needs it; ${todo}`);
    }
    if (replication.factor > brokers) {
      const found = `expected at most the brokers (${brokers}), got ${replication.factor}`;
      throw new ValidationError(this, 'replication.factor', `${found}; add brokers or lower it`);
    }
    if (replication.minInSync > replication.factor) {
      const found = `expected at most the copies (${replication.factor}), got ${replication.minInSync}`;
      throw new ValidationError(this, 'replication.minInSync', `${found}; nothing could ever be written`);
    }
  }

  private describeExporter(user: string): ClusterExporterProps {
    const args = [`--kafka.server=${this.bootstrapServers}`];
    const common = { exporter: this._resolved.exporter, target: this.endpoint, port: METRICS_PORT };
    if (!this._security) return { ...common, args };
    return { ...common, ...this._security.exporter(args, user) };
  }

  private hosts(): string[] {
    const { brokers } = this._resolved;
    return Array.from({ length: brokers }, (_, index) => `${this.workloadName}-${index}.${this.workloadName}`);
  }

  private listeningPorts(): ListeningPort[] {
    return this._resolved.mode === 'kraft' ? [CLIENT, INTERNAL, CONTROLLER] : [CLIENT, INTERNAL];
  }

  private describeEndpoint(): Endpoint {
    const { image } = this._resolved;
    return {
      peer: this.peer,
      ports: [CLIENT],
      environment: { KAFKA_BOOTSTRAP_SERVERS: this.bootstrapServers },
      waitFor: {
        image: { ...image, ...this.profile },
        script: `nc -z -w 2 ${this.workloadName} ${CLIENT.port}`,
      },
    };
  }

  private renderBrokers(zookeeper?: ZooKeeper): KubeStatefulSet {
    const { image, resources: amounts, brokers, storage, spread } = this._resolved;
    const broker = hardened(
      { name: 'kafka', image, profile: this.profile, resources: amounts, files: this._security?.brokerFiles },
      {
        env: this.renderEnvironment(zookeeper),
        ports: this.listeningPorts().map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
        // A tool of Kafka would start a JVM for each question: sockets are asked instead, each of another listener.
        startupProbe: this.knock('client', 10, 30),
        readinessProbe: this.knock('client', 10, 3),
        livenessProbe: this.knock('internal', 20, 6),
        volumeMounts: [{ name: DATA_VOLUME, mountPath: DATA_MOUNT }],
      },
    );
    const waits = zookeeper?.endpoint.waitFor
      ? [renderWaitFor(zookeeper.workloadName, zookeeper.endpoint.waitFor)]
      : [];
    return renderStatefulSet(this, {
      replicas: brokers,
      podManagementPolicy: 'Parallel',
      storage,
      pod: renderPod(
        {
          workload: this,
          annotations: {},
          profile: this.profile,
          containers: [broker],
          initContainers: waits,
          // A broker hands its partitions over and closes its logs; killed before that, it reads them all when it is back.
          graceSeconds: 180,
        },
        renderSpread(spread, this.podLabels),
      ),
    });
  }

  private renderEnvironment(zookeeper?: ZooKeeper): EnvVar[] {
    const { replication, heap, properties } = this._resolved;
    const host = `$(POD_NAME).${this.workloadName}.${Namespace.around(this).namespaceName}.svc.cluster.local`;
    // Kubernetes would take $(NAME) in a value for a variable.
    const given = Object.entries(properties).map(([name, value]) => [
      environmentName(name),
      value.replace(/\$\(/g, '$$$$('),
    ]);
    const named = variables({
      ...JVM_LOGS,
      KAFKA_ADVERTISED_LISTENERS: `CLIENT://${host}:${CLIENT.port},INTERNAL://${host}:${INTERNAL.port}`,
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_DEFAULT_REPLICATION_FACTOR: `${replication.factor}`,
      KAFKA_HEAP_OPTS: heap,
      KAFKA_INTER_BROKER_LISTENER_NAME: 'INTERNAL',
      // The root of a volume may hold lost+found, which is no partition.
      KAFKA_LOG_DIRS: `${DATA_MOUNT}/logs`,
      KAFKA_MIN_INSYNC_REPLICAS: `${replication.minInSync}`,
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: `${replication.factor}`,
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: `${replication.minInSync}`,
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: `${replication.factor}`,
      ...(zookeeper ? this.zookeeperVariables(zookeeper) : this.kraftVariables()),
      ...this._security?.variables(this.listeningPorts().map(({ name }) => name.toUpperCase())),
      ...(zookeeper && this._security?.zookeeperVariables),
      ...Object.fromEntries(given),
    });
    const id = podIndex(zookeeper ? 'KAFKA_BROKER_ID' : 'KAFKA_NODE_ID');
    // First, for Kubernetes expands only what stands before.
    return [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, id, ...named];
  }

  private zookeeperVariables({ connectString }: ZooKeeper): Record<string, string> {
    return {
      // How long the image's entrypoint waits for ZooKeeper before it gives up.
      KAFKA_CUB_ZK_TIMEOUT: '120',
      KAFKA_LISTENERS: `CLIENT://0.0.0.0:${CLIENT.port},INTERNAL://0.0.0.0:${INTERNAL.port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT',
      KAFKA_ZOOKEEPER_CONNECT: connectString,
    };
  }

  private kraftVariables(): Record<string, string> {
    const { clusterId = '' } = this._resolved;
    const voters = this.hosts();
    return {
      CLUSTER_ID: clusterId,
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: voters.map((host, index) => `${index}@${host}:${CONTROLLER.port}`).join(','),
      KAFKA_LISTENERS: `CLIENT://0.0.0.0:${CLIENT.port},INTERNAL://0.0.0.0:${INTERNAL.port},CONTROLLER://0.0.0.0:${CONTROLLER.port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_PROCESS_ROLES: 'broker,controller',
    };
  }

  private knock(port: string, periodSeconds: number, failureThreshold: number): Probe {
    return { tcpSocket: { port }, periodSeconds, timeoutSeconds: 3, failureThreshold };
  }
}

/** How the image wants a property of the broker: `log.cleaner.threads` → `KAFKA_LOG_CLEANER_THREADS`. */
const environmentName = (property: string) =>
  `KAFKA_${property.replace(/_/g, '__').replace(/-/g, '___').replace(/\./g, '_').toUpperCase()}`;
