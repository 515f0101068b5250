import type { PostgresAlertsSettings } from './postgres-alerts';
import { mebibytes } from '../platform/quantity';
import { resolveDisruptionBudget, type ResolvedDisruptionBudget } from '../workload/disruption';
import { type ExporterSettings, type ResolvedExporter, resolveExporter } from '../workload/exporter';
import { type ImageSettings, type ResolvedImage, resolveImage } from '../workload/image';
import { type ResolvedResources, resolveResources, resources, type ResourcesSettings } from '../workload/resources';
import { type ResolvedSpread, resolveSpread, type SpreadSettings } from '../workload/spread';
import { type ResolvedStorage, resolveStorage, type StorageSettings } from '../workload/stateful';
import { type BackupSettings, resolveBackup, type ResolvedBackup } from './backup-settings';
import { type ReadReplicasSettings, resolveReadReplicas, type ResolvedReadReplicas } from './postgres-replica-settings';
import { type ResolvedStandby, resolveStandby, type StandbySettings } from './postgres-standby-settings';

/**
 * A name in PostgreSQL that needs no quotes.
 * @pattern ^[a-z_][a-z0-9_]{0,62}$
 * @title a name of lower-case letters, digits and underscores, at most 63
 */
export type SqlName = string;

/** A PostgreSQL server with one database. */
export interface PostgresSettings {
  /**
   * Image of the server.
   * @default - postgres:16.13-alpine
   */
  readonly image?: ImageSettings;

  /**
   * Name of the database. It is made with the volume and does not change afterwards.
   * @default app
   */
  readonly database?: SqlName;

  /**
   * Role that owns the database and that applications log in as.
   * @default - the name of the database
   */
  readonly user?: SqlName;

  /**
   * Volume of the data.
   * @default - 10Gi of the cluster's default class
   */
  readonly storage?: StorageSettings;

  /**
   * What the server may use.
   * @default - 300m and 512Mi promised, 1000m and 2Gi at most
   */
  readonly resources?: ResourcesSettings;

  /**
   * Most connections at one time.
   * @asType integer
   * @minimum 10
   * @exclusiveMaximum 10001
   * @default 100
   */
  readonly maxConnections?: number;

  /**
   * Parameters of the server, by their names in PostgreSQL. They win over those that follow from the memory limit.
   * @propertyNames {"pattern": "^[a-z_][a-z0-9_]*([.][a-z_][a-z0-9_]*)?$", "title": "a parameter of PostgreSQL, such as work_mem"}
   * @default {}
   */
  readonly parameters?: { [name: string]: string | number | boolean };

  /**
   * Backups: how much may be lost, and how long a restore may take.
   * @default - none
   */
  readonly backup?: BackupSettings;

  /**
   * Servers that follow this one and answer what only reads.
   * @default - none
   */
  readonly readReplicas?: ReadReplicasSettings;

  /**
   * Makes this server one that stands by for another, in another cluster or region: it is restored from the backups of that
   * one again and again, and can be read, until it is promoted. It needs `backup` with a target of its own.
   * @default - a server by itself
   */
  readonly standbyOf?: StandbySettings;

  /**
   * How the pod is placed beside others.
   * @default - preferably over hosts and zones
   */
  readonly spread?: SpreadSettings;

  /**
   * The exporter of metrics.
   * @default - prometheuscommunity/postgres-exporter
   */
  readonly exporter?: ExporterSettings;

  /**
   * When somebody is told of it.
   * @default - at the figures that it names
   */
  readonly alerts?: PostgresAlertsSettings;
}

/** A server with nothing left open. */
export interface ResolvedPostgres {
  readonly image: ResolvedImage;
  readonly database: string;
  readonly user: string;
  readonly storage: ResolvedStorage;
  readonly resources: ResolvedResources;
  readonly parameters: Record<string, string>;
  readonly backup?: ResolvedBackup;
  readonly readReplicas?: ResolvedReadReplicas;
  readonly standbyOf?: ResolvedStandby;
  readonly disruptionBudget: ResolvedDisruptionBudget;
  readonly spread: ResolvedSpread;
  readonly exporter: ResolvedExporter;
}

/** Fills in defaults and the memory parameters that follow from the limit. */
export function resolvePostgres(settings: PostgresSettings): ResolvedPostgres {
  const amounts = resolveResources(settings.resources, resources(['300m', '512Mi'], ['1000m', '2Gi']));
  const spread = resolveSpread(settings.spread);
  const parametersFor = ({ limits }: ResolvedResources) => parametersWithin(limits.memory, settings);
  const database = settings.database ?? 'app';
  const storage = resolveStorage(settings.storage, '10Gi');
  return {
    image: resolveImage(settings.image ?? { repository: 'postgres', tag: '16.13-alpine' }),
    database,
    user: settings.user ?? database,
    storage,
    resources: amounts,
    parameters: parametersFor(amounts),
    backup: settings.backup && resolveBackup(settings.backup, storage),
    readReplicas:
      settings.readReplicas &&
      resolveReadReplicas(settings.readReplicas, { storage, resources: amounts, spread, parametersFor }),
    standbyOf: settings.standbyOf && resolveStandby(settings.standbyOf),
    disruptionBudget: resolveDisruptionBudget(undefined, 1),
    spread,
    exporter: resolveExporter(settings.exporter, {
      repository: 'prometheuscommunity/postgres-exporter',
      tag: 'v0.16.0',
    }),
  };
}

/** Parameters of a server: those that follow from its memory limit, and over them what the settings give. */
function parametersWithin(memory: string, { maxConnections = 100, parameters = {} }: PostgresSettings) {
  const megabytes = (share: number) => `${mebibytes(memory, share)}MB`;
  const given = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
  return {
    effective_cache_size: megabytes(0.75),
    log_min_duration_statement: '1000',
    maintenance_work_mem: megabytes(1 / 16),
    max_connections: `${maxConnections}`,
    // A quarter of the memory, as the manual of PostgreSQL suggests for a server of its own.
    shared_buffers: megabytes(0.25),
    ...Object.fromEntries(given),
  };
}
