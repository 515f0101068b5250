import type { Construct } from 'constructs';

import {
  type Affinity,
  type Container,
  type EnvVar,
  KubeConfigMap,
  type KubeCronJob,
  KubePersistentVolumeClaim,
  type Volume,
  type VolumeMount,
} from '../../imports/k8s';
import { connectToStore, describeObjectStore, type ObjectStore } from '../backup/object-store';
import { renderStorePod, SCRIPTS, SCRIPTS_MOUNT, scriptsVolume } from '../backup/store-pod';
import type { ListeningPort } from '../network/connectable';
import { Connections } from '../network/connections';
import { DeletionProtection } from '../platform/deletion-protection';
import { ValidationError } from '../platform/validation-error';
import { renderCronJob } from '../workload/cron-job';
import { checkTag } from '../workload/image';
import { hardened, type HardenedContainer, type Pod, secretVolume } from '../workload/pod';
import { checkResources, type ResolvedResources, resources } from '../workload/resources';
import { claimSpec, DATA_VOLUME } from '../workload/stateful';
import { checksumOf, Workload } from '../workload/workload';
import { addBackupAlerts } from './backup-alerts';
import { BACKUP_SCRIPTS, SPOOL_MOUNT } from './backup-scripts';
import type { ResolvedBackup } from './backup-settings';
import { formatPlan, missedObjectives, planRecovery } from './objectives';
import type { BackedUpServer } from './backed-up-server';
import { BACKUP_KEY, BACKUP_ROLE, SECRETS_MOUNT } from './postgres-roles';
import { versionOf } from '../platform/image-reference';

/** Port on which the figures of backups are told. */
export const BACKUP_METRICS: ListeningPort = { name: 'backup-metrics', port: 9188 };

/** A container whose round does not end, with success or without, is started anew after so long. */
const STUCK_SECONDS = 900;

/** Parameters of a server that hands its write-ahead log over. */
export const archivingParameters = ({ archiveTimeout }: ResolvedBackup): Record<string, string> => ({
  archive_command: `sh ${SCRIPTS_MOUNT}/archive.sh "%p" "%f"`,
  archive_mode: 'on',
  archive_timeout: `${archiveTimeout}`,
});

/** Backups of a PostgreSQL server: base backups, restores and their trials as Jobs, and what the server's pod needs for them. */
export class PostgresBackup extends Workload {
  /** Scripts of all of them. */
  public readonly scripts: KubeConfigMap;
  /** Annotations of the server's pod that change with the files which it reads only when it starts. */
  public readonly restartOn: Record<string, string>;

  /** The volume on which write-ahead log waits for the store. */
  public readonly spool: KubePersistentVolumeClaim;

  /** Base backups. */
  public readonly baseBackups: KubeCronJob;

  /** Template of Jobs that restore; it never runs by itself. */
  public readonly restore: KubeCronJob;

  /** Trials of a restore, where there are any. */
  public readonly drill?: KubeCronJob;

  private readonly store: ObjectStore;

  public constructor(
    scope: Construct,
    id: string,
    private readonly backup: ResolvedBackup,
    private readonly server: BackedUpServer,
  ) {
    super(scope, id, { component: 'backup', version: versionOf(backup.image) });
    checkTag(this, 'image', backup.image);
    checkResources(this, 'resources', backup.resources);
    for (const { field, problem } of missedObjectives(backup)) throw new ValidationError(this, field, problem);
    this.store = describeObjectStore(this, server.name, backup.target, server.storage.size, SPOOL_MOUNT);
    this.scripts = new KubeConfigMap(this, 'scripts', {
      metadata: { name: `${id}-scripts` },
      data: { ...BACKUP_SCRIPTS, ...server.scripts },
    });
    this.restartOn = checksumOf({ 'upload.sh': BACKUP_SCRIPTS['upload.sh'], ...server.scripts });
    this.spool = this.renderSpool();
    Connections.of(this).allow(this.peer, server.endpoint);
    connectToStore(this, this.store);
    this.baseBackups = this.renderBaseBackups();
    this.restore = this.renderRestore();
    this.drill = this.renderDrill();
    addBackupAlerts(this, server.name, backup, server.standsBy);
  }

  /** Volumes of the server's pod. */
  public serverVolumes(): Volume[] {
    return [scriptsVolume(this.scripts), this.spoolVolume(), ...this.store.volumes];
  }

  /** What the server's own container mounts. */
  public serverMounts(): VolumeMount[] {
    return [SCRIPTS, this.spoolMount()];
  }

  /**
   * The container beside the server that sends write-ahead log to the store. It runs as the server's user, whose files
   * nobody else may read.
   * @internal
   */
  public _uploader(): HardenedContainer {
    const { user, group } = this.server.profile;
    const { image, rpo, rto, uploadInterval } = this.backup;
    const ask = (path: string) => ({ httpGet: { path, port: BACKUP_METRICS.name }, timeoutSeconds: 3 });
    const alive = `test $(($(date +%s) - $(stat -c %Y /tmp/round))) -lt ${STUCK_SECONDS}`;
    return hardened(
      {
        name: 'wal-upload',
        image,
        profile: { user, group, writablePaths: [{ path: '/tmp', reason: 'figures for Prometheus' }] },
        resources: this.backup.resources,
      },
      {
        command: ['sh', `${SCRIPTS_MOUNT}/upload.sh`],
        env: [
          ...this.store.environment,
          { name: 'METRICS_PORT', value: `${BACKUP_METRICS.port}` },
          { name: 'RPO', value: `${rpo}` },
          { name: 'RTO', value: `${rto}` },
          { name: 'UPLOAD_INTERVAL', value: `${uploadInterval}` },
        ],
        ports: [{ name: BACKUP_METRICS.name, containerPort: BACKUP_METRICS.port, protocol: 'TCP' }],
        startupProbe: { ...ask('/'), periodSeconds: 5, failureThreshold: 12 },
        readinessProbe: { ...ask('/metrics'), periodSeconds: 30, failureThreshold: 3 },
        livenessProbe: { exec: { command: ['sh', '-c', alive] }, periodSeconds: 60, timeoutSeconds: 5 },
        volumeMounts: [SCRIPTS, this.spoolMount(), ...this.store.mounts],
      },
    );
  }

  /** Lets the server's pod send to the store. */
  public connectServer(server: Workload): void {
    connectToStore(server, this.store);
  }

  private renderSpool(): KubePersistentVolumeClaim {
    const claim = new KubePersistentVolumeClaim(this, 'spool', {
      metadata: { name: this.workloadName },
      spec: claimSpec(this, this.backup.spool),
    });
    DeletionProtection.protect(claim);
    return claim;
  }

  private renderBaseBackups(): KubeCronJob {
    const { baseSchedule, baseInterval, retention } = this.backup;
    return renderCronJob(this, {
      name: this.workloadName,
      schedule: baseSchedule,
      suspended: this.server.standsBy,
      retries: 2,
      deadlineSeconds: baseInterval,
      annotations: { 'cdk8s-webstack/rpo': formatPlan(planRecovery(this.backup).loss, this.backup.rpo) },
      pod: this.renderJobPod('base.sh', {
        resources: resources(['100m', '128Mi'], ['1000m', '512Mi']),
        env: [{ name: 'RETENTION', value: `${retention}` }],
        ...this.storeOnVolume(),
      }),
    });
  }

  private renderRestore(): KubeCronJob {
    const { server } = this;
    return renderCronJob(this, {
      name: `${server.name}-restore`,
      retries: 0,
      deadlineSeconds: 86400,
      annotations: { 'cdk8s-webstack/rto': formatPlan(planRecovery(this.backup).recovery, this.backup.rto) },
      pod: this.renderJobPod('restore.sh', {
        resources: server.resources,
        args: server.arguments,
        passwords: server.secretKeys,
        spool: true,
        env: [
          { name: 'OLD_DATA', value: 'keep' },
          { name: 'RESTORE_TIMELINE', value: 'latest' },
          { name: 'RESTORE_TO', value: 'latest' },
        ],
        volumes: [
          { name: DATA_VOLUME, persistentVolumeClaim: { claimName: `${DATA_VOLUME}-${server.name}-0` } },
          { name: 'init', configMap: { name: server.initScripts } },
        ],
        mounts: [
          { name: DATA_VOLUME, mountPath: server.dataMount },
          { name: 'init', mountPath: '/docker-entrypoint-initdb.d', readOnly: true },
        ],
      }),
    });
  }

  private renderDrill(): KubeCronJob | undefined {
    const { drillSchedule, drillQueries, rpo, rto, figures } = this.backup;
    const { server } = this;
    if (!drillSchedule) return undefined;
    return renderCronJob(this, {
      name: `${server.name}-restore-drill`,
      schedule: drillSchedule,
      suspended: server.standsBy,
      retries: 0,
      deadlineSeconds: rpo + rto + 3600,
      pod: this.renderJobPod('drill.sh', {
        resources: server.resources,
        args: server.arguments,
        env: [
          { name: 'QUERIES', value: drillQueries.join('\n') },
          { name: 'REACTION', value: `${figures.reaction}` },
          { name: 'RPO', value: `${rpo}` },
          { name: 'RTO', value: `${rto}` },
        ],
        volumes: [{ name: 'restore', ephemeral: { volumeClaimTemplate: { spec: claimSpec(this, server.storage) } } }],
        mounts: [{ name: 'restore', mountPath: '/restore' }],
        ...this.storeOnVolume(),
      }),
    });
  }

  /** A pod that runs one of the scripts in the server's image. */
  private renderJobPod(script: string, parts: JobPodParts): Pod {
    const { server } = this;
    return renderStorePod(this, {
      image: server.image,
      profile: server.profile,
      resources: parts.resources,
      rclone: this.backup.image,
      store: this.store,
      scripts: this.scripts,
      files: server.endpoint.files,
      command: ['bash', `${SCRIPTS_MOUNT}/${script}`],
      args: parts.args,
      env: [...this.clientEnvironment(), ...parts.env],
      volumes: [
        ...(parts.spool ? [this.spoolVolume()] : []),
        secretVolume('credentials', server.secret, parts.passwords ?? [BACKUP_KEY]),
        ...(parts.volumes ?? []),
      ],
      mounts: [
        ...(parts.spool ? [this.spoolMount()] : []),
        { name: 'credentials', mountPath: SECRETS_MOUNT, readOnly: true },
        ...(parts.mounts ?? []),
      ],
      affinity: parts.affinity,
    });
  }

  private clientEnvironment(): EnvVar[] {
    const { server } = this;
    const [port] = server.endpoint.ports;
    const { DATABASE_SSLMODE: mode, DATABASE_SSLROOTCERT: authority } = server.endpoint.environment ?? {};
    return Object.entries({
      ...(mode && authority ? { PGSSLMODE: mode, PGSSLROOTCERT: authority } : {}),
      PGDATA: server.dataFolder,
      PGDATABASE: server.database,
      PGHOST: server.name,
      PGPORT: `${port?.port}`,
      PGUSER: BACKUP_ROLE,
    }).map(([name, value]) => ({ name, value }));
  }

  /**
   * Jobs beside a running server see the store and nothing else, as after a disaster. A store on the volume is attached to
   * one node at a time, that of the server.
   */
  private storeOnVolume(): Pick<JobPodParts, 'spool' | 'affinity'> {
    if (this.backup.target.type !== 'volume') return {};
    const term = { labelSelector: { matchLabels: this.server.podLabels }, topologyKey: 'kubernetes.io/hostname' };
    return { spool: true, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
  }

  private spoolVolume(): Volume {
    return { name: 'backup', persistentVolumeClaim: { claimName: this.spool.name } };
  }

  private spoolMount(): VolumeMount {
    return { name: 'backup', mountPath: SPOOL_MOUNT };
  }
}

interface JobPodParts {
  readonly resources: ResolvedResources;
  readonly args?: Container['args'];
  readonly env: EnvVar[];
  readonly volumes?: Volume[];
  readonly mounts?: VolumeMount[];
  readonly affinity?: Affinity;
  /** Keys of the server's Secret; that of the role of backups where nothing is said. */
  readonly passwords?: string[];
  /** Whether the pod sees what waits for the store. */
  readonly spool?: boolean;
}
