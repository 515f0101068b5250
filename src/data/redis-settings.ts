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

/** What a Redis server is to its clients: a store of what they keep there, or a cache of what they can make again. */
export type RedisMode = 'cache' | 'store';

/** A Redis server with a password and, where it is a store, an append-only file. */
export interface RedisSettings {
  /**
   * `store` keeps all it is given on a volume, and says no when it is full. `cache` keeps nothing over a restart, has no
   * volume, and gives up what was not used for long when it is full.
   * @default store
   */
  readonly mode?: RedisMode;

  /**
   * Image of the server.
   * @default - redis:7.4.1-alpine
   */
  readonly image?: ImageSettings;

  /**
   * Volume of the append-only file; a cache has none.
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
   * What happens when it is full. Anything but `noeviction`, which is none for a cache, loses data. Those that begin with
   * `volatile` give up only what was given a time to live.
   * @default - noeviction, and allkeys-lru for a cache
   */
  readonly evictionPolicy?: EvictionPolicy;

  /**
   * Backups: how much may be lost, and how long a restore may take. A cache has none.
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
  readonly mode: RedisMode;
  readonly image: ResolvedImage;
  /** Nothing for a cache. */
  readonly storage?: ResolvedStorage;
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
  const { mode = 'store' } = settings;
  const maxMemory = mebibytes(amounts.limits.memory, (settings.maxMemoryPercent ?? 75) / 100);
  return {
    mode,
    image: resolveImage(settings.image ?? { repository: 'redis', tag: '7.4.1-alpine' }),
    storage: mode === 'store' ? resolveStorage(settings.storage, '5Gi') : undefined,
    resources: amounts,
    maxMemory: `${maxMemory}mb`,
    evictionPolicy: settings.evictionPolicy ?? (mode === 'store' ? 'noeviction' : 'allkeys-lru'),
    backup: settings.backup && resolveRedisBackup(settings.backup, maxMemory * 2 ** 20),
    disruptionBudget: resolveDisruptionBudget(undefined, 1),
    spread: resolveSpread(settings.spread),
    exporter: resolveExporter(settings.exporter, { repository: 'oliver006/redis_exporter', tag: 'v1.88.0' }),
  };
}

/** What settings say that a cache does not have: the setting, and why. */
export function unfitForCache({ mode, storage, backup, evictionPolicy }: RedisSettings): Record<string, string> {
  if (mode !== 'cache') return {};
  return {
    ...(storage ? { storage: 'says nothing to a cache, which has no volume; remove it, or set mode to store' } : {}),
    ...(backup ? { backup: 'cannot be made of a cache, which keeps nothing; remove it, or set mode to store' } : {}),
    ...(evictionPolicy === 'noeviction'
      ? {
          evictionPolicy:
            'expected one that makes room, got noeviction: a full cache would refuse all writes; choose allkeys-lru',
        }
      : {}),
  };
}
