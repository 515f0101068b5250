import type { ObjectStoreSettings } from '../backup/object-store-settings';
import { RCLONE } from '../backup/store-pod';
import { type Duration, formatDuration, parseDuration } from '../platform/duration';
import { type Bytes, parseBytes } from '../platform/quantity';
import { type ImageSettings, type ResolvedImage, resolveImage } from '../workload/image';
import { formatPlan, missed, type MissedObjective, type PlanStep, transfer } from './objectives';

/** How often a copy of the data is made. */
export type SnapshotInterval = '5m' | '10m' | '15m' | '30m' | '1h' | '6h' | '1d';

/** What the plan of a recovery is made with. */
export interface SnapshotFiguresSettings {
  /**
   * Data to bring back.
   * @default - as much as the server's memory may hold
   */
  readonly dataSize?: Bytes;

  /**
   * What reaches the store in a second.
   * @default 20Mi
   */
  readonly uploadPerSecond?: Bytes;

  /**
   * Data that come back from the store and are loaded in a second.
   * @default 20Mi
   */
  readonly restorePerSecond?: Bytes;

  /**
   * Time from the decision to restore until the Job runs.
   * @default 5m
   */
  readonly reaction?: Duration;
}

/** Backups of Redis, by what they are for: copies of all data, made at intervals. */
export interface RedisBackupSettings {
  /** Most that may be lost. */
  readonly rpo: Duration;

  /** Longest that it may take until the server answers again. */
  readonly rto: Duration;

  /**
   * How far back one can go.
   * @default 7d
   */
  readonly retention?: Duration;

  /** Where copies are kept: any type but `volume`, for the server has one of its own already. */
  readonly target: ObjectStoreSettings;

  /**
   * How often a copy is made.
   * @default - as seldom as the RPO allows
   */
  readonly interval?: SnapshotInterval;

  /**
   * What the plan is made with.
   * @default - a full memory and modest rates
   */
  readonly figures?: SnapshotFiguresSettings;

  /**
   * Image of rclone, which talks to the store.
   * @default - rclone/rclone:1.74.3
   */
  readonly image?: ImageSettings;
}

/** Backups with nothing left open; spans of time are seconds. */
export interface ResolvedRedisBackup {
  readonly rpo: number;
  readonly rto: number;
  readonly retention: number;
  readonly target: ObjectStoreSettings;
  readonly interval: number;
  readonly schedule: string;
  readonly dataSize: number;
  readonly uploadPerSecond: number;
  readonly restorePerSecond: number;
  readonly reaction: number;
  readonly image: ResolvedImage;
}

/** From the longest to the shortest. */
const SCHEDULES: readonly (readonly [SnapshotInterval, string])[] = [
  ['1d', '37 1 * * *'],
  ['6h', '37 */6 * * *'],
  ['1h', '37 * * * *'],
  ['30m', '7,37 * * * *'],
  ['15m', '7-59/15 * * * *'],
  ['10m', '7-59/10 * * * *'],
  ['5m', '2-59/5 * * * *'],
];

/** A pod for the copy: its image, its start, its turn in the queue. */
const START_SECONDS = 60;

/** Fills in defaults, and the interval that follows from the RPO. */
export function resolveRedisBackup(settings: RedisBackupSettings, maxMemory: number): ResolvedRedisBackup {
  const { figures = {} } = settings;
  const rpo = parseDuration(settings.rpo);
  const dataSize = figures.dataSize ? parseBytes(figures.dataSize) : maxMemory;
  const uploadPerSecond = parseBytes(figures.uploadPerSecond ?? '20Mi');
  const spare = rpo - START_SECONDS - dataSize / uploadPerSecond;
  const fitting = SCHEDULES.find(([interval]) => parseDuration(interval) <= spare) ?? ['5m', '2-59/5 * * * *'];
  const [interval, schedule] = SCHEDULES.find(([name]) => name === settings.interval) ?? fitting;
  return {
    rpo,
    rto: parseDuration(settings.rto),
    retention: parseDuration(settings.retention ?? '7d'),
    target: settings.target,
    interval: parseDuration(interval),
    schedule,
    dataSize,
    uploadPerSecond,
    restorePerSecond: parseBytes(figures.restorePerSecond ?? '20Mi'),
    reaction: parseDuration(figures.reaction ?? '5m'),
    image: resolveImage(settings.image ?? RCLONE),
  };
}

/** What may be lost, and what a restore does, at worst. */
export function planSnapshots(backup: ResolvedRedisBackup): { loss: PlanStep[]; recovery: PlanStep[] } {
  const { interval, dataSize, uploadPerSecond, restorePerSecond, reaction } = backup;
  return {
    loss: [
      { what: 'interval', seconds: interval },
      { what: 'start of the Job', seconds: START_SECONDS },
      transfer('data', dataSize, uploadPerSecond),
    ],
    recovery: [
      { what: 'reaction', seconds: reaction },
      transfer('data', dataSize, restorePerSecond),
      { what: 'start', seconds: START_SECONDS },
    ],
  };
}

/** Objectives that the settings cannot meet. */
export function missedSnapshotObjectives(backup: ResolvedRedisBackup): MissedObjective[] {
  const { loss, recovery } = planSnapshots(backup);
  const { interval, retention } = backup;
  return [
    ...missed('rpo', backup.rpo, loss, 'make copies more often, or allow more loss'),
    ...missed('rto', backup.rto, recovery, 'give figures that you have measured, or allow more time'),
    ...(retention < interval
      ? [
          {
            field: 'retention',
            problem: `expected at least the interval (${formatDuration(interval)}), got ${formatDuration(retention)}; one could not go back at all`,
          },
        ]
      : []),
  ];
}

/** The sum of what may be lost as text. */
export const formatLoss = (backup: ResolvedRedisBackup) => formatPlan(planSnapshots(backup).loss, backup.rpo);

/** The sum of what a restore takes as text. */
export const formatRecovery = (backup: ResolvedRedisBackup) => formatPlan(planSnapshots(backup).recovery, backup.rto);
