import { type Duration, parseDuration } from '../platform/duration';
import { type Bytes, parseBytes } from '../platform/quantity';
import { resolveDisruptionBudget, type ResolvedDisruptionBudget } from '../workload/disruption';
import { type ResolvedResources, resolveResources, type ResourcesSettings } from '../workload/resources';
import { type ResolvedSpread, resolveSpread, type SpreadSettings } from '../workload/spread';
import { type ResolvedStorage, resolveStorage, type StorageSettings } from '../workload/stateful';

/** Servers that follow a PostgreSQL server and answer what only reads. */
export interface ReadReplicasSettings {
  /**
   * How many.
   * @asType integer
   * @minimum 1
   * @maximum 3
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Longest that a replica may be behind before somebody is told. A query on a replica that holds it up for longer is ended.
   * @default 30s
   */
  readonly maxLag?: Duration;

  /**
   * Write-ahead log that the server keeps on its volume at most for replicas that are away. One that was away for longer
   * copies the server anew.
   * @default - a tenth of the server's volume
   */
  readonly retainedWal?: Bytes;

  /**
   * Volume of each replica, at least as large as that of the server.
   * @default - as that of the server
   */
  readonly storage?: StorageSettings;

  /**
   * What each replica may use.
   * @default - as much as the server
   */
  readonly resources?: ResourcesSettings;

  /**
   * How the replicas are placed beside each other and beside the server.
   * @default - as the server
   */
  readonly spread?: SpreadSettings;
}

/** Replicas with nothing left open. */
export interface ResolvedReadReplicas {
  readonly replicas: number;
  /** In seconds. */
  readonly maxLag: number;
  /** In bytes. */
  readonly retainedWal: number;
  readonly storage: ResolvedStorage;
  readonly resources: ResolvedResources;
  /** Parameters of the server that follow from the resources of a replica. */
  readonly parameters: Record<string, string>;
  readonly spread: ResolvedSpread;
  readonly disruptionBudget: ResolvedDisruptionBudget;
}

/** What of the server replicas are like where nothing else is said. */
export interface FollowedServer {
  readonly storage: ResolvedStorage;
  readonly resources: ResolvedResources;
  readonly spread: ResolvedSpread;
  /** The parameters of a server with these resources. */
  readonly parametersFor: (resources: ResolvedResources) => Record<string, string>;
}

/** Fills in defaults. */
export function resolveReadReplicas(settings: ReadReplicasSettings, server: FollowedServer): ResolvedReadReplicas {
  const { replicas = 1, retainedWal } = settings;
  const resources = resolveResources(settings.resources, server.resources);
  return {
    replicas,
    maxLag: parseDuration(settings.maxLag ?? '30s'),
    retainedWal: retainedWal === undefined ? Math.floor(parseBytes(server.storage.size) / 10) : parseBytes(retainedWal),
    storage: resolveStorage({ ...server.storage, ...settings.storage }, server.storage.size),
    resources,
    parameters: server.parametersFor(resources),
    spread: resolveSpread({ ...server.spread, ...settings.spread }),
    disruptionBudget: resolveDisruptionBudget(undefined, replicas),
  };
}
