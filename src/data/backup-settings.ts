import type { ObjectStoreSettings } from '../backup/object-store-settings';
import { RCLONE } from '../backup/store-pod';
import { type Duration, parseDuration } from '../platform/duration';
import { type Bytes, parseBytes } from '../platform/quantity';
import { type ImageSettings, type ResolvedImage, resolveImage } from '../workload/image';
import { type ResolvedResources, resolveResources, resources, type ResourcesSettings } from '../workload/resources';
import { type ResolvedStorage, resolveStorage, type StorageSettings } from '../workload/stateful';

/** How often a base backup is made. Each divides a day or a week, so that no gap is longer than it says. */
export type BackupInterval = '1h' | '2h' | '3h' | '4h' | '6h' | '8h' | '12h' | '1d' | '7d';

/** How often a restore is tried. */
export type DrillInterval = 'daily' | 'weekly' | 'monthly' | 'quarterly' | 'never';

/**
 * What the plan of a recovery is made with. The defaults are what the project measured on two cores, rounded down
 * (docs/guides/backup-and-restore.md); measure yours by a drill.
 */
export interface BackupFiguresSettings {
  /**
   * Data to bring back.
   * @default - a full volume
   */
  readonly dataSize?: Bytes;

  /**
   * Write-ahead log that the server makes in a second, on average over the time between two base backups.
   * @default 64Ki
   */
  readonly walPerSecond?: Bytes;

  /**
   * What reaches the store in a second.
   * @default 20Mi
   */
  readonly uploadPerSecond?: Bytes;

  /**
   * Data that come back from the store, unpacked and on disk, in a second.
   * @default 50Mi
   */
  readonly restorePerSecond?: Bytes;

  /**
   * Write-ahead log that is fetched and replayed in a second.
   * @default 20Mi
   */
  readonly replayPerSecond?: Bytes;

  /**
   * Time from the decision to restore until the Job runs: somebody types, nodes and images come.
   * @default 5m
   */
  readonly reaction?: Duration;
}

/** The trial of a restore. */
export interface DrillSettings {
  /**
   * How often. The last one that is older than this allows is told of.
   * @default weekly
   */
  readonly interval?: DrillInterval;

  /**
   * Queries on the restored database, each of which must give `t`: `SELECT count(*) > 0 FROM users`.
   * @default []
   */
  readonly queries?: string[];
}

/** Backups, by what they are for. */
export interface BackupSettings {
  /** Most that may be lost: what was acknowledged longer ago than this can be brought back. */
  readonly rpo: Duration;

  /** Longest that it may take until the server answers again. */
  readonly rto: Duration;

  /**
   * How far back one can go.
   * @default 30d
   */
  readonly retention?: Duration;

  /** Where backups are kept. */
  readonly target: ObjectStoreSettings;

  /**
   * How often a base backup is made; all write-ahead log since the last one is replayed by a restore.
   * @default 1d
   */
  readonly baseInterval?: BackupInterval;

  /**
   * How long the server may keep write-ahead log that is not full before it hands it over.
   * @default - a third of the RPO, at most 5m
   */
  readonly archiveTimeout?: Duration;

  /**
   * How often what was handed over is sent to the store.
   * @default 10s
   */
  readonly uploadInterval?: Duration;

  /**
   * What the plan is made with.
   * @default - a full volume and rates that two cores reach
   */
  readonly figures?: BackupFiguresSettings;

  /**
   * The trial of a restore.
   * @default - weekly
   */
  readonly drill?: DrillSettings;

  /**
   * Volume on which write-ahead log waits for the store; with a target of the type `volume`, all backups.
   * @default - 10Gi of the class of the data
   */
  readonly spool?: StorageSettings;

  /**
   * Image of rclone, which talks to the store.
   * @default - rclone/rclone:1.74.3
   */
  readonly image?: ImageSettings;

  /**
   * What the container that sends write-ahead log may use.
   * @default - 20m and 64Mi promised, 200m and 256Mi at most
   */
  readonly resources?: ResourcesSettings;
}

/** The figures of a plan, in bytes and seconds. */
export interface RecoveryFigures {
  readonly dataSize: number;
  readonly walPerSecond: number;
  readonly uploadPerSecond: number;
  readonly restorePerSecond: number;
  readonly replayPerSecond: number;
  readonly reaction: number;
}

/** Backups with nothing left open; spans of time are seconds. */
export interface ResolvedBackup {
  readonly rpo: number;
  readonly rto: number;
  readonly retention: number;
  readonly target: ObjectStoreSettings;
  readonly baseInterval: number;
  readonly baseSchedule: string;
  readonly archiveTimeout: number;
  readonly uploadInterval: number;
  readonly figures: RecoveryFigures;
  readonly drillSchedule?: string;
  /** Longest time between the beginnings of two trials; 0 where there are none. */
  readonly drillInterval: number;
  readonly drillQueries: string[];
  readonly spool: ResolvedStorage;
  readonly image: ResolvedImage;
  readonly resources: ResolvedResources;
}

/** Off the full hour, when everybody else's jobs begin. */
const BASE_SCHEDULES: Record<BackupInterval, string> = {
  '1h': '17 * * * *',
  '2h': '17 */2 * * *',
  '3h': '17 */3 * * *',
  '4h': '17 */4 * * *',
  '6h': '17 */6 * * *',
  '8h': '17 */8 * * *',
  '12h': '17 */12 * * *',
  '1d': '17 1 * * *',
  '7d': '17 1 * * 0',
};

/** Quarters begin with January. */
const DRILL_SCHEDULES: Record<DrillInterval, string | undefined> = {
  daily: '47 3 * * *',
  weekly: '47 3 * * 6',
  monthly: '47 3 1 * *',
  quarterly: '47 3 1 */3 *',
  never: undefined,
};

/** The longest time between the beginnings of two trials, in days. */
const DRILL_DAYS: Record<DrillInterval, number> = { daily: 1, weekly: 7, monthly: 31, quarterly: 92, never: 0 };

/** Fills in defaults and the times that follow from the objectives. */
export function resolveBackup(settings: BackupSettings, data: ResolvedStorage): ResolvedBackup {
  const { figures = {}, drill = {}, baseInterval = '1d' } = settings;
  const rpo = parseDuration(settings.rpo);
  const spool = settings.spool ?? {};
  return {
    rpo,
    rto: parseDuration(settings.rto),
    retention: parseDuration(settings.retention ?? '30d'),
    target: settings.target,
    baseInterval: parseDuration(baseInterval),
    baseSchedule: BASE_SCHEDULES[baseInterval],
    archiveTimeout: settings.archiveTimeout
      ? parseDuration(settings.archiveTimeout)
      : Math.max(1, Math.min(300, Math.floor(rpo / 3))),
    uploadInterval: parseDuration(settings.uploadInterval ?? '10s'),
    figures: {
      dataSize: parseBytes(figures.dataSize ?? data.size),
      walPerSecond: parseBytes(figures.walPerSecond ?? '64Ki'),
      uploadPerSecond: parseBytes(figures.uploadPerSecond ?? '20Mi'),
      restorePerSecond: parseBytes(figures.restorePerSecond ?? '50Mi'),
      replayPerSecond: parseBytes(figures.replayPerSecond ?? '20Mi'),
      reaction: parseDuration(figures.reaction ?? '5m'),
    },
    drillSchedule: DRILL_SCHEDULES[drill.interval ?? 'weekly'],
    drillInterval: DRILL_DAYS[drill.interval ?? 'weekly'] * 86400,
    // Also where no trial runs: what base says holds for the environments that have some.
    drillQueries: [...(drill.queries ?? [])],
    spool: resolveStorage({ className: data.className, ...spool }, '10Gi'),
    image: resolveImage(settings.image ?? RCLONE),
    resources: resolveResources(settings.resources, resources(['20m', '64Mi'], ['200m', '256Mi'])),
  };
}
