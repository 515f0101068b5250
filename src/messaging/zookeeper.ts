import type { Construct } from 'constructs';

import type { EnvVar, KubePodDisruptionBudget, KubeService, KubeStatefulSet, Probe } from '../../imports/k8s';
import type { Endpoint, IConnectable, ListeningPort } from '../network/connectable';
import { Connections } from '../network/connections';
import { Namespace } from '../platform/namespace';
import {
  type DisruptionBudgetSettings,
  renderDisruptionBudget,
  resolveDisruptionBudget,
  type ResolvedDisruptionBudget,
} from '../workload/disruption';
import { type ExporterSettings, type ResolvedExporter, resolveExporter } from '../workload/exporter';
import { checkTag, type ImageSettings, profileOf, type ResolvedImage, resolveImage } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { hardened, renderPod } from '../workload/pod';
import {
  checkResources,
  type ResolvedResources,
  resolveResources,
  resources,
  type ResourcesSettings,
} from '../workload/resources';
import { renderSpread, type ResolvedSpread, resolveSpread, type SpreadSettings } from '../workload/spread';
import {
  DATA_VOLUME,
  renderHeadlessService,
  renderStatefulSet,
  type ResolvedStorage,
  resolveStorage,
  type StorageSettings,
} from '../workload/stateful';
import { Workload } from '../workload/workload';
import { ClusterExporter } from './exporter';
import { heapOptions, JVM_LOGS, podIndex, variables } from './jvm';
import { watchZooKeeper, type ZooKeeperAlertsSettings } from './zookeeper-alerts';
import { ZooKeeperQueries } from './zookeeper-queries';
import { ZooKeeperTls } from './zookeeper-tls';
import { versionOf } from '../platform/image-reference';

/**
 * Servers of a quorum: an odd number, for an even one bears no more failures than the odd one below it.
 */
export type QuorumSize = 1 | 3 | 5 | 7;

/** A ZooKeeper ensemble. */
export interface ZooKeeperSettings {
  /**
   * Image of the servers.
   * @default - confluentinc/cp-zookeeper:7.5.0
   */
  readonly image?: ImageSettings;

  /**
   * Servers.
   * @default 3
   */
  readonly replicas?: QuorumSize;

  /**
   * Volume of each server.
   * @default - 10Gi of the cluster's default class
   */
  readonly storage?: StorageSettings;

  /**
   * What each server may use.
   * @default - 75m and 192Mi promised, 250m and 512Mi at most
   */
  readonly resources?: ResourcesSettings;

  /**
   * What a drain of nodes must leave running.
   * @default - a majority
   */
  readonly disruptionBudget?: DisruptionBudgetSettings;

  /**
   * How the servers are spread over the cluster.
   * @default - required over hosts and zones where there is more than one
   */
  readonly spread?: SpreadSettings;

  /**
   * The exporter of metrics.
   * @default - dabealu/zookeeper-exporter
   */
  readonly exporter?: ExporterSettings;

  /**
   * When somebody is told of it.
   * @default - at the figures that it names
   */
  readonly alerts?: ZooKeeperAlertsSettings;
}

/** An ensemble with nothing left open. */
export interface ResolvedZooKeeper {
  readonly image: ResolvedImage;
  readonly replicas: number;
  readonly storage: ResolvedStorage;
  readonly resources: ResolvedResources;
  readonly heap: string;
  readonly disruptionBudget: ResolvedDisruptionBudget;
  readonly spread: ResolvedSpread;
  readonly exporter: ResolvedExporter;
}

/** Fills in defaults and what follows from the number of servers and their memory. */
export function resolveZooKeeper(settings: ZooKeeperSettings): ResolvedZooKeeper {
  const replicas = settings.replicas ?? 3;
  const amounts = resolveResources(settings.resources, resources(['75m', '192Mi'], ['250m', '512Mi']));
  const majority = { minAvailable: Math.floor(replicas / 2) + 1 };
  const rule = replicas > 1 ? 'required' : 'preferred';
  return {
    image: resolveImage(settings.image ?? { repository: 'confluentinc/cp-zookeeper', tag: '7.5.0' }),
    replicas,
    storage: resolveStorage(settings.storage, '10Gi'),
    resources: amounts,
    heap: heapOptions(amounts.limits.memory),
    disruptionBudget: resolveDisruptionBudget(settings.disruptionBudget ?? majority, replicas),
    spread: resolveSpread({ hosts: settings.spread?.hosts ?? rule, zones: settings.spread?.zones ?? rule }),
    exporter: resolveExporter(settings.exporter, { repository: 'dabealu/zookeeper-exporter', tag: 'v0.1.13' }),
  };
}

const CLIENT: ListeningPort = { name: 'client', port: 2181 };
const FOLLOWER: ListeningPort = { name: 'follower', port: 2888 };
const ELECTION: ListeningPort = { name: 'election', port: 3888 };
const METRICS_PORT = 9141;

/** The numbers of servers begin at 1, and those of the pods with them, so that no shell must add one. */
const FIRST_SERVER = 1;

/** A ZooKeeper ensemble: StatefulSet with volumes, exporter, Service and policy. */
export class ZooKeeper extends Workload implements IConnectable {
  /**
   * The ensemble of a Kafka cluster: none where that is in the mode `kraft`. Its settings are read either way, so that one
   * setting is enough to do without it.
   */
  public static unlessKraft(
    scope: Construct,
    id: string,
    mode: 'kraft' | 'zookeeper' = 'zookeeper',
    settings: ZooKeeperSettings = {},
  ): ZooKeeper | undefined {
    // Down to the items of lists, or they would count as settings that no construct reads.
    JSON.stringify(settings);
    return mode === 'kraft' ? undefined : new ZooKeeper(scope, id, settings);
  }

  /** The servers. */
  public readonly statefulSet: KubeStatefulSet;

  /** The names under which the servers answer. */
  public readonly service: KubeService;

  /** What a drain of nodes must leave running. */
  public readonly disruptionBudget: KubePodDisruptionBudget;

  /** What a client needs to know. */
  public readonly endpoint: Endpoint;

  /** `host:port` of every server, with commas. */
  public readonly connectString: string;

  private readonly profile: ImageProfile;
  private readonly hosts: string[];
  private readonly tls?: ZooKeeperTls;

  public constructor(scope: Construct, id: string, settings: ZooKeeperSettings = {}) {
    const resolved = resolveZooKeeper(settings);
    super(scope, id, { component: 'coordination', version: versionOf(resolved.image) });
    this.profile = profileOf(this, 'image', resolved.image);
    checkTag(this, 'image', resolved.image);
    checkResources(this, 'resources', resolved.resources);

    this.hosts = Array.from({ length: resolved.replicas }, (_, index) => `${id}-${index + FIRST_SERVER}.${id}`);
    this.tls = ZooKeeperTls.ofEnsemble(this, this.hosts);
    this.connectString = this.hosts.map((host) => `${host}:${CLIENT.port}`).join(',');
    this.endpoint = {
      peer: this.peer,
      ports: [CLIENT],
      waitFor: {
        image: { ...resolved.image, ...this.profile },
        script: this.hosts.map((host) => this.question(host)).join(' || '),
      },
    };
    Connections.of(this).allow(this.peer, { peer: this.peer, ports: [FOLLOWER, ELECTION] });
    this.service = renderHeadlessService(this, [CLIENT, FOLLOWER, ELECTION]);
    this.statefulSet = this.renderServers(resolved);
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    new ClusterExporter(this, `${id}-exporter`, {
      exporter: resolved.exporter,
      target: this.endpoint,
      port: METRICS_PORT,
      args: [
        `-zk-hosts=${this.connectString}`,
        `-listen=0.0.0.0:${METRICS_PORT}`,
        ...(this.tls?.exporterArguments ?? []),
      ],
      files: this.tls?.exporterFiles,
    });
    const queries = new ZooKeeperQueries(id, Namespace.around(this).namespaceName);
    watchZooKeeper(this, queries, resolved.replicas, settings.alerts);
  }

  /** Whether a server answers. With TLS it is asked no more than that: who waits has no certificate yet. */
  private question(host: string): string {
    return this.tls ? `nc -z -w 2 ${host} ${CLIENT.port}` : `echo srvr | nc -w 2 ${host} ${CLIENT.port} | grep -q Mode`;
  }

  private renderServers(resolved: ResolvedZooKeeper): KubeStatefulSet {
    const server = hardened(
      {
        name: 'zookeeper',
        image: resolved.image,
        profile: this.profile,
        resources: resolved.resources,
        files: this.tls?.serverFiles,
      },
      {
        env: this.renderEnvironment(resolved),
        ports: [CLIENT, FOLLOWER, ELECTION].map(({ name, port }) => ({
          name,
          containerPort: port,
          protocol: 'TCP',
        })),
        // `srvr` names a mode only in a quorum; `ruok` tells that the process lives, which is all a restart could mend.
        startupProbe: this.ask('ruok', 'imok', 5, 30),
        readinessProbe: this.ask('srvr', 'Mode', 10, 3),
        livenessProbe: this.ask('ruok', 'imok', 20, 3),
        volumeMounts: [
          { name: DATA_VOLUME, mountPath: '/var/lib/zookeeper/data', subPath: 'data' },
          { name: DATA_VOLUME, mountPath: '/var/lib/zookeeper/log', subPath: 'log' },
        ],
      },
    );
    return renderStatefulSet(this, {
      replicas: resolved.replicas,
      firstPod: FIRST_SERVER,
      // They find their quorum together; one by one the first would wait for ever.
      podManagementPolicy: 'Parallel',
      storage: resolved.storage,
      pod: renderPod(
        {
          workload: this,
          annotations: {},
          profile: this.profile,
          containers: [server],
          graceSeconds: 60,
        },
        renderSpread(resolved.spread, this.podLabels),
      ),
    });
  }

  private renderEnvironment({ replicas, heap }: ResolvedZooKeeper): EnvVar[] {
    const domain = `${Namespace.around(this).namespaceName}.svc.cluster.local`;
    const servers = this.hosts.map((host) => `${host}.${domain}:${FOLLOWER.port}:${ELECTION.port}`).join(';');
    return [
      ...variables({
        ...JVM_LOGS,
        KAFKA_HEAP_OPTS: heap,
        // The image has no variable for it; without it only `srvr` would be answered.
        KAFKA_OPTS: '-Dzookeeper.4lw.commands.whitelist=mntr,ruok,srvr',
        ZOOKEEPER_ADMIN_ENABLE_SERVER: 'false',
        ZOOKEEPER_AUTOPURGE_PURGE_INTERVAL: '1',
        ZOOKEEPER_AUTOPURGE_SNAP_RETAIN_COUNT: '5',
        ZOOKEEPER_CLIENT_PORT: `${CLIENT.port}`,
        ZOOKEEPER_TICK_TIME: '2000',
        ...this.tls?.variables(CLIENT.port),
        ...(replicas > 1
          ? {
              ZOOKEEPER_INIT_LIMIT: '10',
              ZOOKEEPER_QUORUM_LISTEN_ON_ALL_IPS: 'true',
              ZOOKEEPER_SERVERS: servers,
              ZOOKEEPER_SYNC_LIMIT: '5',
              ...this.tls?.quorumVariables,
            }
          : {}),
      }),
      podIndex('ZOOKEEPER_SERVER_ID'),
    ];
  }

  private ask(command: string, answer: string, periodSeconds: number, failureThreshold: number): Probe {
    const port = this.tls?.probedPort ?? CLIENT.port;
    const test = `echo ${command} | nc -w 2 127.0.0.1 ${port} | grep -q ${answer}`;
    return { exec: { command: ['sh', '-c', test] }, periodSeconds, timeoutSeconds: 5, failureThreshold };
  }
}
