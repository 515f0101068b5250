import type { Construct } from 'constructs';

import { KubeConfigMap, type KubePodDisruptionBudget, type KubeService, type KubeStatefulSet } from '../../imports/k8s';
import type { Endpoint, IConnectable } from '../network/connectable';
import { Connections } from '../network/connections';
import { parseBytes } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';
import { renderDisruptionBudget } from '../workload/disruption';
import type { ResolvedImage } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { type Pod, renderPod, secretVolume } from '../workload/pod';
import { checkResources } from '../workload/resources';
import { renderSpread } from '../workload/spread';
import { renderHeadlessService, renderStatefulSet } from '../workload/stateful';
import type { ResolvedExporter } from '../workload/exporter';
import { checksumOf, Workload } from '../workload/workload';
import type { PostgresAccess } from './postgres-access';
import { addReplicaAlerts } from './postgres-replica-alerts';
import { REPLICA_SCRIPTS_MOUNT, replicaScripts } from './postgres-replica-scripts';
import type { ResolvedReadReplicas } from './postgres-replica-settings';
import { EXPORTER_KEY, REPLICA_KEY, REPLICA_ROLE, SECRETS_MOUNT } from './postgres-roles';
import { argumentsOf, METRICS, renderServer, renderServerExporter, SQL } from './postgres-server';
import { PostgresTls } from './postgres-tls';
import { versionOf } from '../platform/image-reference';

/** How often a replica looks whether the server still keeps what it needs. */
const WATCH_SECONDS = 15;

/** The server that replicas follow. */
export interface FollowedPostgres {
  readonly name: string;
  readonly image: ResolvedImage;
  readonly profile: ImageProfile;
  readonly database: string;
  readonly exporter: ResolvedExporter;
  /** Size of its volume. */
  readonly storage: string;
  readonly parameters: Record<string, string>;
  readonly secret: string;
  readonly access: PostgresAccess;
  readonly endpoint: Endpoint;
}

/** Servers that follow a PostgreSQL server by streaming replication, and answer what only reads. */
export class PostgresReplica extends Workload implements IConnectable {
  /** The replicas and their exporters. */
  public readonly statefulSet: KubeStatefulSet;

  /** The name under which those that are ready answer. */
  public readonly service: KubeService;

  /** What a drain of nodes must leave running. */
  public readonly disruptionBudget: KubePodDisruptionBudget;

  /** What begins them. */
  public readonly scripts: KubeConfigMap;

  /** What a client needs to know, as of the server, in variables that begin with `DATABASE_READ_`. */
  public readonly endpoint: Endpoint;

  private readonly tls?: PostgresTls;

  public constructor(
    scope: Construct,
    id: string,
    private readonly resolved: ResolvedReadReplicas,
    private readonly server: FollowedPostgres,
  ) {
    super(scope, id, { component: 'database', version: versionOf(server.image) });
    this.check();
    this.tls = PostgresTls.ofServer(this);
    const plain = readEndpoint(id, { ...server.endpoint, peer: this.peer });
    this.endpoint = this.tls?.endpoint(plain, 'DATABASE_READ') ?? plain;
    this.scripts = new KubeConfigMap(this, 'scripts', {
      metadata: { name: `${id}-scripts` },
      data: replicaScripts(this.tls !== undefined),
    });
    Connections.of(this).allow(this.peer, server.endpoint);
    this.service = renderHeadlessService(this, [SQL], { readyOnly: true });
    this.statefulSet = renderStatefulSet(this, {
      replicas: resolved.replicas,
      storage: resolved.storage,
      pod: this.renderPod(),
      podManagementPolicy: 'Parallel',
    });
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    addReplicaAlerts(this, server.name, resolved);
  }

  private check(): void {
    const { resources, storage, retainedWal } = this.resolved;
    checkResources(this, 'readReplicas.resources', resources);
    const size = parseBytes(this.server.storage);
    if (parseBytes(storage.size) < size) {
      const found = `expected at least the ${this.server.storage} of the server, got ${storage.size}`;
      throw new ValidationError(this, 'readReplicas.storage.size', `${found}; a replica holds a copy of it, raise it`);
    }
    if (retainedWal > size / 2) {
      const found = `expected at most half of the server's volume of ${this.server.storage}, got more`;
      throw new ValidationError(this, 'readReplicas.retainedWal', `${found}; a replica that is away could fill it`);
    }
  }

  private renderPod(): Pod {
    const { profile, name } = this.server;
    const files = replicaScripts(this.tls !== undefined);
    return renderPod(
      {
        workload: this,
        annotations: { ...checksumOf(files, 'scripts'), ...this.scrapedBy(METRICS, '/metrics') },
        profile,
        containers: [
          this.renderServer(),
          renderServerExporter(this, this.server.exporter, this.server.database, this.tls),
        ],
        volumes: [
          { name: 'scripts', configMap: { name: this.scripts.name } },
          this.server.access.volume,
          secretVolume('credentials', this.server.secret, [REPLICA_KEY]),
          secretVolume('exporter-credentials', this.server.secret, [EXPORTER_KEY]),
        ],
        graceSeconds: 120,
      },
      renderSpread(this.resolved.spread, this.podLabels, undefined, name),
    );
  }

  private renderServer() {
    const { server, resolved, tls } = this;
    const host = `host=${server.name} port=${SQL.port} user=${REPLICA_ROLE} dbname=${server.database}`;
    const primary = `${host} passfile=/tmp/pgpass connect_timeout=10`;
    return renderServer({
      image: server.image,
      profile: server.profile,
      resources: resolved.resources,
      database: server.database,
      command: ['sh', `${REPLICA_SCRIPTS_MOUNT}/replica.sh`],
      args: argumentsOf({
        ...server.parameters,
        ...resolved.parameters,
        ...server.access.parameters,
        ...tls?.parameters,
        hot_standby: 'on',
        max_standby_streaming_delay: `${resolved.maxLag}s`,
      }),
      env: [
        { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'PRIMARY', value: tls ? `${primary} ${tls.keywords}` : primary },
        { name: 'WATCH_SECONDS', value: `${WATCH_SECONDS}` },
      ],
      files: [...(tls?.serverFiles ?? []), ...(tls?.clientFiles ?? [])],
      mounts: [
        { name: 'scripts', mountPath: REPLICA_SCRIPTS_MOUNT, readOnly: true },
        server.access.mount,
        { name: 'credentials', mountPath: SECRETS_MOUNT, readOnly: true },
      ],
      prepares: true,
    });
  }
}

/** A server as those see it who only read: its variables under names of their own, so that a client can have both. */
export function readEndpoint(host: string, server: Endpoint): Endpoint {
  const { DATABASE_NAME: database = '' } = server.environment ?? {};
  const [user, password] = server.secrets ?? [];
  const [port = SQL] = server.ports;
  return {
    peer: server.peer,
    ports: server.ports,
    environment: {
      DATABASE_READ_HOST: host,
      DATABASE_READ_NAME: database,
      DATABASE_READ_PORT: `${port.port}`,
    },
    secrets: [
      ...(user ? [{ ...user, variable: 'DATABASE_READ_USER' }] : []),
      ...(password ? [{ ...password, variable: 'DATABASE_READ_PASSWORD' }] : []),
    ],
    composed: {
      DATABASE_READ_URL: `postgresql://$(DATABASE_READ_USER):$(DATABASE_READ_PASSWORD)@${host}:${port.port}/${database}`,
    },
    waitFor: server.waitFor && {
      ...server.waitFor,
      script: `pg_isready -q -h ${host} -p ${port.port} -d ${database}`,
    },
  };
}
