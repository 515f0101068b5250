import type { Construct } from 'constructs';

import {
  KubeConfigMap,
  type KubeCronJob,
  type KubePodDisruptionBudget,
  KubeService,
  type KubeStatefulSet,
} from '../../imports/k8s';
import type { Endpoint, IConnectable } from '../network/connectable';
import { Namespace } from '../platform/namespace';
import { mebibytes } from '../platform/quantity';
import { Secrets } from '../platform/secrets';
import { ValidationError } from '../platform/validation-error';
import { renderDisruptionBudget } from '../workload/disruption';
import { checkTag, profileOf } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { type Pod, renderPod, secretVolume } from '../workload/pod';
import { checkResources } from '../workload/resources';
import { renderSpread } from '../workload/spread';
import { renderHeadlessService, renderStatefulSet } from '../workload/stateful';
import { Workload } from '../workload/workload';
import { watchPostgres } from './postgres-alerts';
import { wakeCheckpointer } from './backup-scripts';
import { PostgresAccess } from './postgres-access';
import { archivingParameters, BACKUP_METRICS, PostgresBackup } from './postgres-backup';
import { PostgresReplica, readEndpoint } from './postgres-replica';
import {
  alternateOf,
  BACKUPS,
  describeSecret,
  EXPORTER_KEY,
  EXPORTER_ROLE,
  REPLICAS,
  type Replicator,
  rolesScript,
  SECRETS_MOUNT,
  serverKeys,
} from './postgres-roles';
import {
  argumentsOf,
  DATA_FOLDER,
  DATA_MOUNT,
  METRICS,
  READY,
  renderServer,
  renderServerExporter,
  SQL,
} from './postgres-server';
import { PostgresQueries } from './postgres-queries';
import { type PostgresSettings, type ResolvedPostgres, resolvePostgres } from './postgres-settings';
import { PostgresStandby } from './postgres-standby';
import { PostgresTls, RELOADING_SERVER } from './postgres-tls';
import { versionOf } from '../platform/image-reference';

/** A PostgreSQL server: StatefulSet with a volume, exporter, Service and policy. */
export class Postgres extends Workload implements IConnectable {
  /** The server and its exporter. */
  public readonly statefulSet: KubeStatefulSet;

  /** The name under which the server answers. */
  public readonly service: KubeService;

  /** What a drain of nodes must leave running. */
  public readonly disruptionBudget: KubePodDisruptionBudget;

  /** The script that makes the roles when the volume is empty. */
  public readonly initScripts: KubeConfigMap;

  /** Base backups, where the settings ask for backups. */
  public readonly baseBackups?: KubeCronJob;

  /** Template of Jobs that restore, where there are backups. */
  public readonly restore?: KubeCronJob;

  /** Trials of a restore, where there are backups. */
  public readonly restoreDrill?: KubeCronJob;

  /** Servers that follow this one, where the settings ask for some. */
  public readonly replicas?: KubeStatefulSet;

  /**
   * What those use who only read, and may read what was true a moment ago: the replica or, where there is none, the server
   * itself. Their variables are `DATABASE_READ_HOST`, `_PORT`, `_NAME`, `_USER`, `_PASSWORD` and `_URL`.
   */
  public readonly reader: IConnectable;

  /**
   * What a client needs to know: `DATABASE_HOST`, `_PORT`, `_NAME`, `_USER`, `_PASSWORD` and `_URL`, and with TLS
   * `DATABASE_SSLMODE` and `_SSLROOTCERT`.
   */
  public readonly endpoint: Endpoint;

  private readonly secret: string;
  private readonly profile: ImageProfile;
  private readonly replicators: Replicator[];
  private readonly backup?: PostgresBackup;
  private readonly tls?: PostgresTls;
  private readonly access?: PostgresAccess;
  private readonly standby?: PostgresStandby;

  public constructor(scope: Construct, id: string, settings: PostgresSettings = {}) {
    const resolved = resolvePostgres(settings);
    super(scope, id, { component: 'database', version: versionOf(resolved.image) });
    this.profile = profileOf(this, 'image', resolved.image);
    checkTag(this, 'image', resolved.image);
    this.checkNames(resolved);
    checkResources(this, 'resources', resolved.resources);

    this.replicators = [...(resolved.backup ? [BACKUPS] : []), ...(resolved.readReplicas ? [REPLICAS] : [])];
    const secret = describeSecret(id, resolved.user, this.replicators);
    this.secret = secret.name;
    Secrets.of(this).declare(secret);
    this.initScripts = new KubeConfigMap(this, 'init', {
      metadata: { name: `${id}-init` },
      data: { '10-roles.sh': rolesScript(resolved.user, resolved.database, this.replicators) },
    });
    this.tls = PostgresTls.ofServer(this);
    this.access = PostgresAccess.ofServer(this, this.tls !== undefined, this.replicators);
    this.standby = this.makeStandby(resolved);
    const plain = this.describeEndpoint(resolved);
    this.endpoint = this.tls?.endpoint(plain) ?? plain;
    this.service = renderHeadlessService(this, [SQL]);
    this.backup = this.makeBackup(resolved);
    this.standby?.connect();
    this.baseBackups = this.backup?.baseBackups;
    this.restore = this.backup?.restore;
    this.restoreDrill = this.backup?.drill;
    this.statefulSet = renderStatefulSet(this, {
      replicas: 1,
      storage: resolved.storage,
      pod: this.renderPod(resolved, { ...this.backup?.restartOn, ...this.scrapedBy(METRICS, '/metrics') }),
    });
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    watchPostgres(this, new PostgresQueries(id, Namespace.around(this).namespaceName), settings.alerts);
    const replica = this.makeReplica(resolved);
    this.replicas = replica?.statefulSet;
    this.reader = replica ?? this.readItself(plain);
  }

  private checkNames({ database, user }: ResolvedPostgres): void {
    const taken = (field: string, name: string) => {
      throw new ValidationError(this, field, `"${name}" is a name of PostgreSQL's or of ours; choose another`);
    };
    if (/^(template[01]|postgres)$/.test(database)) taken('database', database);
    if (alternateOf(user).length > 63) {
      const found = `expected at most 59 characters, got ${user.length}`;
      throw new ValidationError(
        this,
        'user',
        `${found}: rotations need a role called "${alternateOf(user)}"; shorten it`,
      );
    }
    const ours = [EXPORTER_ROLE, BACKUPS.role, REPLICAS.role];
    if (ours.includes(user) || /^(postgres|public|none|pg_.*)$/.test(user)) taken('user', user);
  }

  private describeEndpoint({ image, database, user }: ResolvedPostgres): Endpoint {
    const host = this.workloadName;
    return {
      peer: this.peer,
      ports: [SQL],
      environment: { DATABASE_HOST: host, DATABASE_NAME: database, DATABASE_PORT: `${SQL.port}` },
      // The user is a secret, too: a rotation changes it together with the password.
      secrets: [
        { variable: 'DATABASE_USER', secret: this.secret, key: 'username' },
        { variable: 'DATABASE_PASSWORD', secret: this.secret, key: 'password' },
      ],
      composed: {
        DATABASE_URL: `postgresql://$(DATABASE_USER):$(DATABASE_PASSWORD)@${host}:${SQL.port}/${database}`,
      },
      waitFor: {
        image: { ...image, ...this.profile },
        script: `pg_isready -q -h ${host} -p ${SQL.port} -d ${database} -U ${user}`,
      },
    };
  }

  private makeStandby({ standbyOf, storage, backup, readReplicas }: ResolvedPostgres): PostgresStandby | undefined {
    if (!standbyOf) return undefined;
    const { profile } = this;
    return new PostgresStandby(this, standbyOf, { storage, profile, backup, replicas: Boolean(readReplicas) });
  }

  private makeBackup(resolved: ResolvedPostgres): PostgresBackup | undefined {
    if (!resolved.backup) return undefined;
    const { image, resources, storage, database } = resolved;
    const backup = new PostgresBackup(this, `${this.workloadName}-backup`, resolved.backup, {
      name: this.workloadName,
      image,
      profile: this.profile,
      resources,
      storage,
      database,
      arguments: this.serverArguments(resolved),
      dataFolder: DATA_FOLDER,
      dataMount: DATA_MOUNT,
      secret: this.secret,
      secretKeys: serverKeys(this.replicators),
      initScripts: this.initScripts.name,
      endpoint: this.endpoint,
      podLabels: this.podLabels,
      scripts: this.standby?.scripts(this.tls !== undefined) ?? {},
      standsBy: this.standby?.standsBy ?? false,
    });
    backup.connectServer(this);
    const scraping = this.scrapedBy(BACKUP_METRICS, '/metrics');
    if (Object.keys(scraping).length > 0) this.renderBackupMetrics(backup.workloadName, scraping);
    return backup;
  }

  /** A pod has room for one port in its annotations, which is the exporter's. */
  private renderBackupMetrics(name: string, annotations: Record<string, string>): void {
    const { name: port } = BACKUP_METRICS;
    new KubeService(this, 'backup-metrics', {
      metadata: { name, annotations },
      spec: {
        type: 'ClusterIP',
        clusterIP: 'None',
        selector: this.podLabels,
        ports: [{ name: port, port: BACKUP_METRICS.port, targetPort: port, protocol: 'TCP' }],
      },
    });
  }

  /** Parameters of the server as its arguments; those that settings give win, but over what others of them need. */
  private serverArguments({ parameters, backup, readReplicas }: ResolvedPostgres): string[] {
    return argumentsOf({
      ...parameters,
      ...(backup ? archivingParameters(backup) : {}),
      // A replica that is away must not fill the volume: beyond this, it copies the server when it is back.
      ...(readReplicas ? { max_slot_wal_keep_size: `${mebibytes(`${readReplicas.retainedWal}`, 1)}MB` } : {}),
      ...this.access?.parameters,
      ...this.standby?.parameters,
      ...this.tls?.parameters,
    });
  }

  private makeReplica(resolved: ResolvedPostgres): PostgresReplica | undefined {
    const { readReplicas, image, database, exporter, storage, parameters } = resolved;
    if (!readReplicas || !this.access) return undefined;
    return new PostgresReplica(this, `${this.workloadName}-replica`, readReplicas, {
      name: this.workloadName,
      image,
      profile: this.profile,
      database,
      exporter,
      storage: storage.size,
      parameters,
      secret: this.secret,
      access: this.access,
      endpoint: this.endpoint,
    });
  }

  /** The server as those see it who only read, where no replica answers them. */
  private readItself(plain: Endpoint): IConnectable {
    const read = readEndpoint(this.workloadName, plain);
    return { endpoint: this.tls?.endpoint(read, 'DATABASE_READ') ?? read };
  }

  private renderPod(resolved: ResolvedPostgres, annotations: Record<string, string>): Pod {
    return renderPod(
      {
        workload: this,
        annotations,
        profile: this.profile,
        containers: [
          this.renderServer(resolved),
          renderServerExporter(this, resolved.exporter, resolved.database, this.tls),
          ...(this.backup ? [this.backup._uploader()] : []),
        ],
        initContainers: this.standby?.initContainers,
        volumes: [
          { name: 'init', configMap: { name: this.initScripts.name } },
          secretVolume('credentials', this.secret, serverKeys(this.replicators)),
          secretVolume('exporter-credentials', this.secret, [EXPORTER_KEY]),
          ...(this.backup?.serverVolumes() ?? []),
          ...(this.access ? [this.access.volume] : []),
          ...(this.standby?.volumes ?? []),
        ],
        // A fast shutdown still writes a checkpoint; half a minute would often be too short for it.
        graceSeconds: 120,
      },
      renderSpread(resolved.spread, this.podLabels),
    );
  }

  private renderServer(resolved: ResolvedPostgres) {
    const { image, resources, database } = resolved;
    return renderServer({
      image,
      profile: this.profile,
      resources,
      database,
      files: this.tls?.serverFiles ?? [],
      command: this.standby?.command ?? (this.tls && ['sh', '-c', RELOADING_SERVER, 'sh']),
      args: this.serverArguments(resolved),
      env: [
        { name: 'POSTGRES_DB', value: database },
        {
          name: 'POSTGRES_INITDB_ARGS',
          value: '--data-checksums --auth-host=scram-sha-256 --auth-local=scram-sha-256',
        },
        { name: 'POSTGRES_PASSWORD_FILE', value: `${SECRETS_MOUNT}/postgres-password` },
        { name: 'POSTGRES_USER', value: 'postgres' },
        ...(this.standby?.environment ?? []),
      ],
      lifecycle: this.backup && { postStart: { exec: { command: ['sh', '-c', wakeCheckpointer(READY)] } } },
      mounts: [
        { name: 'init', mountPath: '/docker-entrypoint-initdb.d', readOnly: true },
        { name: 'credentials', mountPath: SECRETS_MOUNT, readOnly: true },
        ...(this.backup?.serverMounts() ?? []),
        ...(this.access ? [this.access.mount] : []),
        ...(this.standby?.mounts ?? []),
      ],
      prepares: this.standby !== undefined,
    });
  }
}
