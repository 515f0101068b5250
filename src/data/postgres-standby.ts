import type { Container, EnvVar, Volume, VolumeMount } from '../../imports/k8s';
import { connectToStore, describeObjectStore, type ObjectStore } from '../backup/object-store';
import { SCRIPTS_MOUNT, toolsContainer, TOOLS, toolsVolume } from '../backup/store-pod';
import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { formatDuration } from '../platform/duration';
import { Namespace } from '../platform/namespace';
import { series } from '../platform/metrics';
import { ValidationError } from '../platform/validation-error';
import type { ImageProfile } from '../workload/image-profiles';
import type { HardenedContainer } from '../workload/pod';
import type { ResolvedStorage } from '../workload/stateful';
import type { Workload } from '../workload/workload';
import type { ResolvedBackup } from './backup-settings';
import { standbyScripts } from './postgres-standby-scripts';
import type { ResolvedStandby } from './postgres-standby-settings';

/** The other server tells once a minute how far it is, and each standby asks every few seconds. */
const SHORTEST_LAG = 180;
const ASK_SECONDS = 10;

const RUNBOOK = 'docs/guides/disaster-recovery.md';

/** What a server is told that stands by. */
export interface StandbyServer {
  readonly storage: ResolvedStorage;
  readonly profile: ImageProfile;
  readonly backup?: ResolvedBackup;
  readonly replicas: boolean;
}

/** What standing by for another server adds to a server and to its pod. */
export class PostgresStandby {
  private readonly store: ObjectStore;
  private readonly backup: ResolvedBackup;

  public constructor(
    private readonly server: Workload,
    private readonly resolved: ResolvedStandby,
    private readonly parts: StandbyServer,
  ) {
    this.backup = this.check();
    this.store = describeObjectStore(server, server.workloadName, resolved.source, parts.storage.size, '/none', {
      name: 'standby-source',
      field: 'standbyOf.source',
      credentials: 'standby-credentials',
    });
    this.addAlerts();
  }

  /** Whether the server follows the other one still. */
  public get standsBy(): boolean {
    return !this.resolved.promoted;
  }

  /** Parameters of the server. */
  public get parameters(): Record<string, string> {
    return { hot_standby: 'on', wal_retrieve_retry_interval: `${ASK_SECONDS}s` };
  }

  /** How the server is begun. */
  public get command(): Container['command'] {
    return ['bash', `${SCRIPTS_MOUNT}/standby.sh`];
  }

  /** Variables of the server's container. */
  public get environment(): EnvVar[] {
    return [
      { name: 'PROMOTED', value: `${this.resolved.promoted}` },
      { name: 'SERVER', value: this.server.workloadName },
      ...this.store.environment,
    ];
  }

  /** Volumes of the server's pod. */
  public get volumes(): Volume[] {
    return [toolsVolume(), ...this.store.volumes];
  }

  /** What the server's own container mounts. */
  public get mounts(): VolumeMount[] {
    return [{ ...TOOLS, readOnly: true }, ...this.store.mounts];
  }

  /** What begins the server, beside the scripts of backups. */
  public scripts(tls: boolean): Record<string, string> {
    return standbyScripts(tls);
  }

  /** Brings what talks to the store. */
  public get initContainers(): HardenedContainer[] {
    return [toolsContainer(this.backup.image, this.parts.profile)];
  }

  /** Lets the server read the store; one pod is one identity, that of its own backups. */
  public connect(): void {
    const own = this.backup.target.identity;
    connectToStore(this.server, own ? { ...this.store, identity: undefined } : this.store);
  }

  private check(): ResolvedBackup {
    const { source, maxLag, promoted } = this.resolved;
    const { backup, replicas } = this.parts;
    const refuse = (field: string, problem: string): never => {
      throw new ValidationError(this.server, `standbyOf${field}`, problem);
    };
    if (!backup)
      return refuse('', 'needs backup: once promoted the server has to send its own write-ahead log; set it');
    if (source.type === 'volume') {
      refuse('.source.type', 'expected an object store, got volume, which only the other server can reach');
    }
    if (!source.prefix) {
      refuse(
        '.source.prefix',
        'is missing, and is where the other server keeps its backups; name system/environment/server',
      );
    }
    const { target } = backup;
    const [own, other] = [target, source].map(({ type, bucket, prefix, endpoint, account }) =>
      JSON.stringify([type, bucket, prefix, endpoint, account]),
    );
    if (own === other)
      refuse('.source', 'is the target of the backups of this server, too; no two servers may share one');
    if (source.identity && target.identity && source.identity !== target.identity) {
      const found = `expected ${target.identity}, as whom the pod comes to its own backups, got ${source.identity}`;
      refuse('.source.identity', `${found}; let that one read the source, too`);
    }
    if (maxLag < SHORTEST_LAG) {
      const found = `expected at least ${formatDuration(SHORTEST_LAG)}, got ${formatDuration(maxLag)}`;
      refuse('.maxLag', `${found}; the other server tells once a minute how far it is`);
    }
    if (replicas && !promoted) {
      throw new ValidationError(
        this.server,
        'readReplicas',
        'are of no use to a server that stands by, which is read itself; remove them until it is promoted',
      );
    }
    return backup;
  }

  private addAlerts(): void {
    const { maxLag } = this.resolved;
    if (!this.standsBy) return;
    const { workloadName: name } = this.server;
    const figure = 'postgres_backup_standby_current_timestamp_seconds';
    const current = series(figure, `namespace="${Namespace.around(this.server).namespaceName}"`);
    const rows: AlertRow[] = [
      [
        'PostgresStandbyBehind',
        'critical',
        '2m',
        `(time() - max(${current}) > ${maxLag}) or absent(${current})`,
        `the standby ${name} is more than ${formatDuration(maxLag)} behind; a switch-over would lose as much`,
        'the-standby-is-behind',
      ],
    ];
    Alerts.of(this.server).add(`${name}-standby`, alertsOf(rows, { server: name }, RUNBOOK));
  }
}
