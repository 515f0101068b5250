import type { RedisAlertsSettings } from './redis-alerts';
import { mebibytes } from '../platform/quantity';
import { type RedisBackupSettings, resolveRedisBackup, type ResolvedRedisBackup } from './redis-backup-settings';
import { resolveDisruptionBudget, type ResolvedDisruptionBudget } from '../workload/disruption';
import { type ExporterSettings, type ResolvedExporter, resolveExporter } from '../workload/exporter';
import { type ImageSettings, type ResolvedImage, resolveImage } from '../workload/image';
import { type ResolvedResources, resolveResources, resources, type ResourcesSettings } from '../workload/resources';
import { type ResolvedSpread, resolveSpread, type SpreadSettings } from '../workload/spread';
import { type ResolvedStorage, resolveStorage, type StorageSettings } from '../workload/stateful';

/** What Redis does when its memory is full. */
export type EvictionPolicy =
  'noeviction' | 'allkeys-lru' | 'allkeys-lfu' | 'volatile-lru' | 'volatile-lfu' | 'volatile-ttl';

/** A Redis server with a password and an append-only file. */
export interface RedisSettings {
  /**
   * Image of the server.
   * @default - redis:7.4.1-alpine
   */
  readonly image?: ImageSettings;

  /**
   * Volume of the append-only file.
   * @default - 5Gi of the cluster's default class
   */
  readonly storage?: StorageSettings;

  /**
   * What the server may use.
   * @default - 100m and 256Mi promised, 500m and 1Gi at most
   */
  readonly resources?: ResourcesSettings;

  /**
   * Share of the memory limit that data may fill, in percent. The rest is for connections and for the copy that is made
   * while the append-only file is rewritten.
   * @asType integer
   * @minimum 10
   * @maximum 90
   * @default 75
   */
  readonly maxMemoryPercent?: number;

  /**
   * What happens when it is full. Anything but `noeviction` loses data, as a cache may.
   * @default noeviction
   */
  readonly evictionPolicy?: EvictionPolicy;

  /**
   * Backups: how much may be lost, and how long a restore may take.
   * @default - none: what is kept here can be made again
   */
  readonly backup?: RedisBackupSettings;

  /**
   * How the pod is placed beside others.
   * @default - preferably over hosts and zones
   */
  readonly spread?: SpreadSettings;

  /**
   * The exporter of metrics.
   * @default - oliver006/redis_exporter
   */
  readonly exporter?: ExporterSettings;

  /**
   * When somebody is told of it.
   * @default - at the figures that it names
   */
  readonly alerts?: RedisAlertsSettings;
}

/** A server with nothing left open. */
export interface ResolvedRedis {
  readonly image: ResolvedImage;
  readonly storage: ResolvedStorage;
  readonly resources: ResolvedResources;
  readonly maxMemory: string;
  readonly evictionPolicy: EvictionPolicy;
  readonly backup?: ResolvedRedisBackup;
  readonly disruptionBudget: ResolvedDisruptionBudget;
  readonly spread: ResolvedSpread;
  readonly exporter: ResolvedExporter;
}

/** Fills in defaults and the memory that follows from the limit. */
export function resolveRedis(settings: RedisSettings): ResolvedRedis {
  const amounts = resolveResources(settings.resources, resources(['100m', '256Mi'], ['500m', '1Gi']));
  const maxMemory = mebibytes(amounts.limits.memory, (settings.maxMemoryPercent ?? 75) / 100);
  return {
    image: resolveImage(settings.image ?? { repository: 'redis', tag: '7.4.1-alpine' }),
    storage: resolveStorage(settings.storage, '5Gi'),
    resources: amounts,
    maxMemory: `${maxMemory}mb`,
    evictionPolicy: settings.evictionPolicy ?? 'noeviction',
    backup: settings.backup && resolveRedisBackup(settings.backup, maxMemory * 2 ** 20),
    disruptionBudget: resolveDisruptionBudget(undefined, 1),
    spread: resolveSpread(settings.spread),
    exporter: resolveExporter(settings.exporter, { repository: 'oliver006/redis_exporter', tag: 'v1.88.0' }),
  };
}
