import type { Construct } from 'constructs';

import { KubeConfigMap, type KubeCronJob, type Volume, type VolumeMount } from '../../imports/k8s';
import { connectToStore, describeObjectStore, type ObjectStore } from '../backup/object-store';
import { renderStorePod, SCRIPTS_MOUNT, type StorePodParts } from '../backup/store-pod';
import type { Endpoint } from '../network/connectable';
import { Connections } from '../network/connections';
import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { formatDuration } from '../platform/duration';
import { Namespace } from '../platform/namespace';
import { series } from '../platform/metrics';
import { graph, Panels } from '../platform/panels';
import { formatBytes } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';
import { renderCronJob } from '../workload/cron-job';
import { checkTag, type ResolvedImage } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { secretVolume } from '../workload/pod';
import { type ResolvedResources, resources } from '../workload/resources';
import { DATA_VOLUME } from '../workload/stateful';
import { Workload } from '../workload/workload';
import { EARLY, RUNBOOK } from './backup-alerts';
import {
  formatLoss,
  formatRecovery,
  missedSnapshotObjectives,
  type ResolvedRedisBackup,
} from './redis-backup-settings';
import { REDIS_BACKUP_SCRIPTS } from './redis-backup-scripts';
import { versionOf } from '../platform/image-reference';

/** The server that is backed up. */
export interface BackedUpRedis {
  readonly name: string;
  readonly image: ResolvedImage;
  readonly profile: ImageProfile;
  readonly resources: ResolvedResources;
  readonly endpoint: Endpoint;
  /** Secret with the key `password`, and where that is mounted. */
  readonly secret: string;
  readonly secretsMount: string;
  readonly dataMount: string;
  /** What `redis-cli` is told of TLS; nothing without. */
  readonly flags: string;
}

const MEBIBYTE = 2 ** 20;

/** Copies of a Redis server's data, and the template of Jobs that bring one back. */
export class RedisBackup extends Workload {
  /** Scripts of both. */
  public readonly scripts: KubeConfigMap;

  /** Copies of the data. */
  public readonly snapshots: KubeCronJob;

  /** Template of Jobs that restore; it never runs by itself. */
  public readonly restore: KubeCronJob;

  private readonly store: ObjectStore;

  public constructor(
    scope: Construct,
    id: string,
    private readonly backup: ResolvedRedisBackup,
    private readonly server: BackedUpRedis,
  ) {
    super(scope, id, { component: 'backup', version: versionOf(backup.image) });
    checkTag(this, 'backup.image', backup.image);
    if (backup.target.type === 'volume') {
      const found = 'the server keeps its data on a volume already, and a copy beside it would be lost with it';
      throw new ValidationError(this, 'backup.target.type', `${found}; name an object store, or leave backup out`);
    }
    for (const { field, problem } of missedSnapshotObjectives(backup)) {
      throw new ValidationError(this, `backup.${field}`, problem);
    }
    this.store = describeObjectStore(this, server.name, backup.target, formatBytes(backup.dataSize), '/none');
    this.scripts = new KubeConfigMap(this, 'scripts', {
      metadata: { name: `${id}-scripts` },
      data: REDIS_BACKUP_SCRIPTS,
    });
    Connections.of(this).allow(this.peer, server.endpoint);
    connectToStore(this, this.store);
    this.snapshots = this.renderSnapshots();
    this.restore = this.renderRestore();
    this.addAlerts();
  }

  private renderSnapshots(): KubeCronJob {
    const { schedule, interval, retention, dataSize } = this.backup;
    const room = Math.ceil((dataSize * 11) / (10 * MEBIBYTE)) + 64;
    const profile = {
      ...this.server.profile,
      writablePaths: [{ path: '/tmp', reason: 'the copy, until the store has it', sizeLimit: `${room}Mi` }],
    };
    const amounts = resources(['50m', '64Mi'], ['500m', '256Mi']);
    return renderCronJob(this, {
      name: this.workloadName,
      schedule,
      retries: 1,
      deadlineSeconds: Math.max(600, interval),
      annotations: { 'cdk8s-webstack/rpo': formatLoss(this.backup) },
      pod: this.renderJobPod('snapshot.sh', {
        profile,
        resources: {
          requests: { ...amounts.requests, ephemeralStorage: `${room}Mi` },
          limits: { ...amounts.limits, ephemeralStorage: `${room + 128}Mi` },
        },
        env: [{ name: 'RETENTION', value: `${retention}` }],
      }),
    });
  }

  private renderRestore(): KubeCronJob {
    const { server } = this;
    return renderCronJob(this, {
      name: `${server.name}-restore`,
      retries: 0,
      deadlineSeconds: 86400,
      annotations: { 'cdk8s-webstack/rto': formatRecovery(this.backup) },
      pod: this.renderJobPod('restore.sh', {
        profile: server.profile,
        resources: server.resources,
        env: [{ name: 'RESTORE_TO', value: 'latest' }],
        volumes: [{ name: DATA_VOLUME, persistentVolumeClaim: { claimName: `${DATA_VOLUME}-${server.name}-0` } }],
        mounts: [{ name: DATA_VOLUME, mountPath: server.dataMount }],
      }),
    });
  }

  private renderJobPod(
    script: string,
    parts: Pick<StorePodParts, 'profile' | 'resources' | 'env'> & { volumes?: Volume[]; mounts?: VolumeMount[] },
  ) {
    const { server } = this;
    const [port] = server.endpoint.ports;
    return renderStorePod(this, {
      image: server.image,
      profile: parts.profile,
      resources: parts.resources,
      rclone: this.backup.image,
      store: this.store,
      scripts: this.scripts,
      files: server.endpoint.files,
      command: ['sh', `${SCRIPTS_MOUNT}/${script}`],
      env: [
        { name: 'DATA', value: server.dataMount },
        { name: 'PASSWORD_FILE', value: `${server.secretsMount}/password` },
        ...(server.flags ? [{ name: 'REDIS_FLAGS', value: server.flags }] : []),
        { name: 'REDIS_HOST', value: server.name },
        { name: 'REDIS_PORT', value: `${port?.port}` },
        ...parts.env,
      ],
      volumes: [secretVolume('credentials', server.secret, ['password']), ...(parts.volumes ?? [])],
      mounts: [{ name: 'credentials', mountPath: server.secretsMount, readOnly: true }, ...(parts.mounts ?? [])],
    });
  }

  /** Of Jobs that come and go only kube-state-metrics can tell. */
  private addAlerts(): void {
    const { rpo, interval } = this.backup;
    const labels = [`namespace="${Namespace.around(this).namespaceName}"`, `cronjob="${this.workloadName}"`];
    const last = series('kube_cronjob_status_last_successful_time', ...labels);
    const age = `time() - max(${last})`;
    const server = this.server.name;
    const old = `the last copy of ${server} is old; the RPO of ${formatDuration(rpo)} is about to be missed`;
    const isOld = `${age} > ${interval} + 120 and ${age} > ${rpo} * ${EARLY}`;
    const expression = `(${isOld}) or absent(${last})`;
    const rows: AlertRow[] = [['RedisBackupOld', 'critical', '5m', expression, old, 'the-last-copy-of-redis-is-old']];
    Alerts.of(this).add(this.workloadName, alertsOf(rows, { server }, RUNBOOK));
    const panel = graph(`${server}: age of the last copy`, 'seconds', [age, 'age'], [`vector(${rpo})`, 'objective']);
    Panels.of(this).add('overview', 'Backups', [panel]);
  }
}
