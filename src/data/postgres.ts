import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';

import {
  KubeConfigMap,
  type KubeCronJob,
  type KubePodDisruptionBudget,
  KubeService,
  type KubeStatefulSet,
  type Probe,
} from '../../imports/k8s';
import type { Endpoint, IConnectable, ListeningPort } from '../network/connectable';
import { Secrets } from '../platform/secrets';
import { ValidationError } from '../platform/validation-error';
import { renderDisruptionBudget } from '../workload/disruption';
import { renderExporter } from '../workload/exporter';
import { checkTag, profileOf } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { hardened, type Pod, renderPod, secretVolume } from '../workload/pod';
import { checkResources } from '../workload/resources';
import { renderSpread } from '../workload/spread';
import { DATA_VOLUME, renderHeadlessService, renderStatefulSet } from '../workload/stateful';
import { versionOf, Workload } from '../workload/workload';
import { watchPostgres } from './postgres-alerts';
import { wakeCheckpointer } from './backup-scripts';
import { archivingParameters, BACKUP_METRICS, PostgresBackup, REPLICATION } from './postgres-backup';
import {
  alternateOf,
  BACKUP_ROLE,
  describeSecret,
  EXPORTER_KEY,
  EXPORTER_ROLE,
  rolesScript,
  SECRETS_MOUNT,
  serverKeys,
} from './postgres-roles';
import { PostgresQueries } from './postgres-queries';
import { type PostgresSettings, type ResolvedPostgres, resolvePostgres } from './postgres-settings';
import { PostgresTls, RELOADING_SERVER } from './postgres-tls';

const SQL: ListeningPort = { name: 'postgres', port: 5432 };
const METRICS: ListeningPort = { name: 'metrics', port: 9187 };
const MOUNT = '/var/lib/postgresql/data';
const DATA_FOLDER = `${MOUNT}/pgdata`;

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

  /**
   * What a client needs to know: `DATABASE_HOST`, `_PORT`, `_NAME`, `_USER`, `_PASSWORD` and `_URL`, and with TLS
   * `DATABASE_SSLMODE` and `_SSLROOTCERT`.
   */
  public readonly endpoint: Endpoint;

  private readonly secret: string;
  private readonly profile: ImageProfile;
  private readonly backup?: PostgresBackup;
  private readonly tls?: PostgresTls;

  public constructor(scope: Construct, id: string, settings: PostgresSettings = {}) {
    const resolved = resolvePostgres(settings);
    super(scope, id, { component: 'database', version: versionOf(resolved.image) });
    this.profile = profileOf(this, 'image', resolved.image);
    checkTag(this, 'image', resolved.image);
    this.checkNames(resolved);
    checkResources(this, 'resources', resolved.resources);

    const secret = describeSecret(id, resolved.user, Boolean(resolved.backup));
    this.secret = secret.name;
    Secrets.of(this).declare(secret);
    this.initScripts = new KubeConfigMap(this, 'init', {
      metadata: { name: `${id}-init` },
      data: { '10-roles.sh': rolesScript(resolved.user, resolved.database, Boolean(resolved.backup)) },
    });
    this.tls = PostgresTls.ofServer(this, resolved.backup ? [REPLICATION] : []);
    const plain = this.describeEndpoint(resolved);
    this.endpoint = this.tls?.endpoint(plain) ?? plain;
    this.service = renderHeadlessService(this, [SQL]);
    this.backup = this.makeBackup(resolved);
    this.baseBackups = this.backup?.baseBackups;
    this.restore = this.backup?.restore;
    this.restoreDrill = this.backup?.drill;
    this.statefulSet = renderStatefulSet(this, {
      replicas: 1,
      storage: resolved.storage,
      pod: this.renderPod(resolved, { ...this.backup?.restartOn, ...this.scrapedBy(METRICS, '/metrics') }),
    });
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    watchPostgres(this, new PostgresQueries(id, Chart.of(this).namespace!), settings.alerts);
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
    if (user === EXPORTER_ROLE || user === BACKUP_ROLE || /^(postgres|public|none|pg_.*)$/.test(user))
      taken('user', user);
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
      dataMount: MOUNT,
      secret: this.secret,
      secretKeys: serverKeys(true),
      initScripts: this.initScripts.name,
      endpoint: this.endpoint,
      podLabels: this.podLabels,
      tls: this.tls !== undefined,
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

  /** Parameters of the server as its arguments; those that settings give win, but over what backups and TLS need. */
  private serverArguments({ parameters, backup }: ResolvedPostgres): string[] {
    return Object.entries({ ...parameters, ...(backup ? archivingParameters(backup) : {}), ...this.tls?.parameters })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  }

  private renderPod(resolved: ResolvedPostgres, annotations: Record<string, string>): Pod {
    return renderPod(
      {
        workload: this,
        annotations,
        profile: this.profile,
        containers: [
          this.renderServer(resolved),
          this.renderExporter(resolved),
          ...(this.backup ? [this.backup._uploader()] : []),
        ],
        volumes: [
          { name: 'init', configMap: { name: this.initScripts.name } },
          secretVolume('credentials', this.secret, serverKeys(Boolean(resolved.backup))),
          secretVolume('exporter-credentials', this.secret, [EXPORTER_KEY]),
          ...(this.backup?.serverVolumes() ?? []),
          ...(this.tls ? [this.tls.volume] : []),
        ],
        // A fast shutdown still writes a checkpoint; half a minute would often be too short for it.
        graceSeconds: 120,
      },
      renderSpread(resolved.spread, this.podLabels),
    );
  }

  private renderServer(resolved: ResolvedPostgres) {
    const ready = `pg_isready -q -h 127.0.0.1 -p ${SQL.port}`;
    const probe = (command: string[], periodSeconds: number, failureThreshold: number): Probe => ({
      exec: { command },
      periodSeconds,
      timeoutSeconds: 5,
      failureThreshold,
    });
    return hardened(
      {
        name: 'postgres',
        image: resolved.image,
        profile: this.profile,
        resources: resolved.resources,
        files: this.tls?.serverFiles,
      },
      {
        command: this.tls && ['sh', '-c', RELOADING_SERVER, 'sh'],
        args: this.serverArguments(resolved),
        env: [
          // A volume's own root may hold lost+found, in which initdb refuses to work.
          { name: 'PGDATA', value: DATA_FOLDER },
          { name: 'POSTGRES_DB', value: resolved.database },
          {
            name: 'POSTGRES_INITDB_ARGS',
            value: '--data-checksums --auth-host=scram-sha-256 --auth-local=scram-sha-256',
          },
          { name: 'POSTGRES_PASSWORD_FILE', value: `${SECRETS_MOUNT}/postgres-password` },
          { name: 'POSTGRES_USER', value: 'postgres' },
        ],
        ports: [{ name: SQL.name, containerPort: SQL.port, protocol: 'TCP' }],
        lifecycle: this.backup && { postStart: { exec: { command: ['sh', '-c', wakeCheckpointer(ready)] } } },
        // Over TCP: while the image prepares an empty volume, its temporary server answers on the socket only.
        startupProbe: probe(['sh', '-c', `${ready}; test $? -le 1`], 5, 60),
        readinessProbe: probe(['sh', '-c', `${ready} -d ${resolved.database}`], 10, 3),
        // 1 means that the server is there and recovering; to kill it then would begin the recovery anew.
        livenessProbe: probe(['sh', '-c', `${ready}; test $? -le 1`], 20, 6),
        volumeMounts: [
          { name: DATA_VOLUME, mountPath: MOUNT },
          { name: 'init', mountPath: '/docker-entrypoint-initdb.d', readOnly: true },
          { name: 'credentials', mountPath: SECRETS_MOUNT, readOnly: true },
          ...(this.backup?.serverMounts() ?? []),
          ...(this.tls ? [this.tls.mount] : []),
        ],
      },
    );
  }

  private renderExporter({ exporter, database }: ResolvedPostgres) {
    const mount = [{ name: 'exporter-credentials', mountPath: SECRETS_MOUNT, readOnly: true }];
    const address = this.tls
      ? `localhost:${SQL.port}/${database}${this.tls.query}`
      : `127.0.0.1:${SQL.port}/${database}?sslmode=disable`;
    const env = [
      { name: 'DATA_SOURCE_PASS_FILE', value: `${SECRETS_MOUNT}/${EXPORTER_KEY}` },
      { name: 'DATA_SOURCE_URI', value: address },
      { name: 'DATA_SOURCE_USER', value: EXPORTER_ROLE },
    ];
    const files = this.tls?.clientFiles;
    return renderExporter(this, exporter, METRICS.port, { env, volumeMounts: mount }, files);
  }
}
