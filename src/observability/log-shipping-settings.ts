import type { DnsLabel, LabelValue, Port, SecretKeyName } from '../platform/names';

/**
 * A host by its name, inside the cluster or outside.
 * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$
 * @title a DNS name in lower case such as loki-gateway.observability
 */
export type LogHost = string;

/** TLS on the way to a store of logs. Its certificate is verified. */
export interface LogTlsSettings {
  /**
   * Absolute path, in the pods of Fluent Bit, of the certificate of whoever signed the store's.
   * @pattern ^/[^\s]+$
   * @title an absolute path without spaces
   * @default - an authority that the image knows
   */
  readonly authorityFile?: string;
}

/** A user of a store of logs. */
export interface LogUserSettings {
  /** Name of the Secret. */
  readonly secret: DnsLabel;

  /**
   * Key of its name.
   * @default username
   */
  readonly nameKey?: SecretKeyName;

  /**
   * Key of its password.
   * @default password
   */
  readonly passwordKey?: SecretKeyName;
}

/** Grafana Loki. */
export interface LokiSettings {
  /** Host. */
  readonly host: LogHost;

  /**
   * Port.
   * @default 3100
   */
  readonly port?: Port;

  /**
   * Tenant, where Loki has several.
   * @pattern ^[A-Za-z0-9!._*'()-]{1,150}$
   * @title a tenant of Loki (letters, digits and !._*'()-)
   * @default - none
   */
  readonly tenant?: string;

  /**
   * Encryption on the way there.
   * @default - none
   */
  readonly tls?: LogTlsSettings;

  /**
   * As whom it is written; with TLS only.
   * @default - as nobody
   */
  readonly user?: LogUserSettings;
}

/** Amazon CloudWatch Logs. The pods of Fluent Bit write by an identity of their own. */
export interface CloudWatchSettings {
  /**
   * Region.
   * @pattern ^[a-z]{2}(-[a-z]+)+-[0-9]$
   * @title a region such as eu-central-1
   */
  readonly region: string;

  /**
   * Log group.
   * @pattern ^[-_./#A-Za-z0-9]{1,512}$
   * @title the name of a log group
   * @default - a slash, the system, a slash and the environment
   */
  readonly group?: string;

  /**
   * Whether Fluent Bit makes the group, where there is none.
   * @default false
   */
  readonly createGroup?: boolean;

  /**
   * How long a group keeps logs that Fluent Bit makes.
   * @default - for ever
   */
  readonly retentionDays?: 1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731 | 1827 | 3653;

  /**
   * Role to write as, in another account.
   * @pattern ^arn:aws[-a-z]*:iam::[0-9]{12}:role/[!-~]+$
   * @title the ARN of a role
   * @default - the identity of Fluent Bit's pods
   */
  readonly roleArn?: string;
}

/** Elasticsearch, or OpenSearch. */
export interface LogIndexSettings {
  /** Host. */
  readonly host: LogHost;

  /**
   * Port.
   * @default 9200
   */
  readonly port?: Port;

  /**
   * What its indexes begin with; a dash and the day follow.
   * @pattern ^[a-z0-9][-_.a-z0-9]{0,199}$
   * @title the beginning of the name of an index, in lower case
   * @default - the system, a dash and the environment
   */
  readonly indexPrefix?: string;

  /**
   * Encryption on the way there.
   * @default - none
   */
  readonly tls?: LogTlsSettings;

  /**
   * As whom it is written; with TLS only.
   * @default - as nobody
   */
  readonly user?: LogUserSettings;
}

/** Where the cluster's Fluent Bit sends what the system logs. At least one store is needed. */
export interface LogShippingSettings {
  /**
   * Grafana Loki.
   * @default - not used
   */
  readonly loki?: LokiSettings;

  /**
   * Amazon CloudWatch Logs.
   * @default - not used
   */
  readonly cloudWatch?: CloudWatchSettings;

  /**
   * Elasticsearch.
   * @default - not used
   */
  readonly elasticsearch?: LogIndexSettings;

  /**
   * OpenSearch.
   * @default - not used
   */
  readonly openSearch?: LogIndexSettings;

  /**
   * Beginnings of paths whose requests are not kept: probes and scrapes.
   * @default ["/health", "/api/health", "/metrics"]
   */
  readonly dropPaths?: LogPath[];

  /**
   * Field of a log line in which the path of the request is.
   * @pattern ^[A-Za-z_][A-Za-z0-9_]*$
   * @title the name of a field
   * @default path
   */
  readonly pathField?: string;

  /**
   * Tags of what Fluent Bit reads from containers.
   * @pattern ^[a-z][a-z0-9]*\.\*$
   * @title a tag and a star, such as kube.*
   * @default kube.*
   */
  readonly tags?: string;

  /**
   * Labels by which the cluster's Fluent Bit selects the configuration: its `namespaceFluentBitCfgSelector`.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as fluentbit.fluent.io/enabled"}
   * @default {"fluentbit.fluent.io/enabled": "true"}
   */
  readonly labels?: { [label: string]: LabelValue };
}

/**
 * Beginning of a path.
 * @pattern ^/[-A-Za-z0-9_/]+$
 * @title the beginning of a path (letters, digits, dashes, underscores and slashes)
 */
export type LogPath = string;

/** A user with nothing left open. */
export type ResolvedLogUser = Required<LogUserSettings>;

/** What stores have in common that are asked by their host. */
interface ResolvedHost {
  readonly host: string;
  readonly port: number;
  readonly tls?: LogTlsSettings;
  readonly user?: ResolvedLogUser;
}

/** Loki with nothing left open. */
export interface ResolvedLoki extends ResolvedHost {
  readonly tenant?: string;
}

/** Elasticsearch or OpenSearch with nothing left open. */
export interface ResolvedLogIndex extends ResolvedHost {
  readonly indexPrefix: string;
}

/** CloudWatch with nothing left open. */
export interface ResolvedCloudWatch extends CloudWatchSettings {
  readonly group: string;
  readonly createGroup: boolean;
}

/** Shipping with nothing left open. */
export interface ResolvedLogShipping {
  readonly loki?: ResolvedLoki;
  readonly cloudWatch?: ResolvedCloudWatch;
  readonly elasticsearch?: ResolvedLogIndex;
  readonly openSearch?: ResolvedLogIndex;
  readonly dropPaths: string[];
  readonly pathField: string;
  readonly tags: string;
  readonly labels: { [label: string]: string };
}

/** Fills in defaults. */
export function resolveLogShipping(
  system: string,
  environment: string,
  settings: LogShippingSettings,
): ResolvedLogShipping {
  const { loki, cloudWatch, elasticsearch, openSearch } = settings;
  const host = (given: LokiSettings | LogIndexSettings, port: number): ResolvedHost => ({
    host: given.host,
    port: given.port ?? port,
    tls: given.tls,
    user: given.user && {
      secret: given.user.secret,
      nameKey: given.user.nameKey ?? 'username',
      passwordKey: given.user.passwordKey ?? 'password',
    },
  });
  const index = (given: LogIndexSettings): ResolvedLogIndex => ({
    ...host(given, 9200),
    indexPrefix: given.indexPrefix ?? `${system}-${environment}`,
  });
  return {
    loki: loki && { ...host(loki, 3100), tenant: loki.tenant },
    cloudWatch: cloudWatch && {
      ...cloudWatch,
      group: cloudWatch.group ?? `/${system}/${environment}`,
      createGroup: cloudWatch.createGroup ?? false,
    },
    elasticsearch: elasticsearch && index(elasticsearch),
    openSearch: openSearch && index(openSearch),
    dropPaths: [...(settings.dropPaths ?? ['/health', '/api/health', '/metrics'])],
    pathField: settings.pathField ?? 'path',
    tags: settings.tags ?? 'kube.*',
    labels: { ...(settings.labels ?? { 'fluentbit.fluent.io/enabled': 'true' }) },
  };
}
