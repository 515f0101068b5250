import type {
  FluentBitOutputCloudWatch,
  FluentBitOutputEs,
  FluentBitOutputLoki,
  FluentBitOutputOpensearch,
} from '../../imports/fluent-bit';
import type {
  LogTlsSettings,
  ResolvedCloudWatch,
  ResolvedLogIndex,
  ResolvedLogShipping,
  ResolvedLogUser,
  ResolvedLoki,
} from './log-shipping-settings';

/** What stores are told of where a line comes from. */
export interface LogOrigin {
  readonly system: string;
  readonly environment: string;
  readonly namespace: string;
}

/** One output for each store, by the name of its setting. */
export function outputsOf(shipping: ResolvedLogShipping, origin: LogOrigin): Record<string, object> {
  const { loki, cloudWatch, elasticsearch, openSearch, tags: match } = shipping;
  return {
    // Logs that a store does not take are tried again until Fluent Bit has no room for them.
    ...(loki && { loki: { match, retry_limit: 'no_limits', loki: lokiOf(loki, origin) } }),
    ...(cloudWatch && {
      'cloud-watch': { match, retry_limit: 'no_limits', cloudWatch: cloudWatchOf(cloudWatch, origin) },
    }),
    ...(elasticsearch && {
      elasticsearch: { match, retry_limit: 'no_limits', es: { ...indexOf(elasticsearch), suppressTypeName: 'On' } },
    }),
    ...(openSearch && {
      'open-search': {
        match,
        retry_limit: 'no_limits',
        opensearch: { ...indexOf(openSearch), suppressTypeName: true },
      },
    }),
  };
}

function lokiOf({ host, port, tenant, tls, user }: ResolvedLoki, origin: LogOrigin): FluentBitOutputLoki {
  return {
    host,
    port,
    // What there are few of. A stream for each request or trace would be one for each line: those stay in the line.
    labels: [
      `system=${origin.system}`,
      `environment=${origin.environment}`,
      `namespace=${origin.namespace}`,
      "app=$kubernetes['labels']['app.kubernetes.io/name']",
      "container=$kubernetes['container_name']",
      'level=$level',
    ],
    lineFormat: 'json',
    tenantIDKey: tenant === undefined ? undefined : TENANT,
    ...userOf(user),
    tls: tlsOf(tls),
  };
}

/** Field with the tenant: the operator would take another way from a Secret only, which it is not. */
export const TENANT = 'tenant';

function cloudWatchOf(
  { region, group, createGroup, retentionDays, roleArn }: ResolvedCloudWatch,
  { namespace }: LogOrigin,
): FluentBitOutputCloudWatch {
  return {
    region,
    logGroupName: group,
    logStreamTemplate: "$kubernetes['pod_name'].$kubernetes['container_name']",
    // For lines of which no pod is known.
    logStreamPrefix: `${namespace}-`,
    autoCreateGroup: createGroup,
    logRetentionDays: retentionDays,
    roleArn,
  };
}

function indexOf({
  host,
  port,
  indexPrefix,
  tls,
  user,
}: ResolvedLogIndex): Omit<FluentBitOutputEs & FluentBitOutputOpensearch, 'suppressTypeName'> {
  return {
    host,
    port,
    logstashFormat: true,
    logstashPrefix: indexPrefix,
    // A line that is sent again is the same document.
    generateID: true,
    // `app.kubernetes.io/name` beside `app` would be a field inside of a text.
    replaceDots: true,
    traceError: true,
    ...userOf(user),
    tls: tlsOf(tls),
  };
}

const userOf = (user?: ResolvedLogUser) =>
  user && {
    httpUser: { valueFrom: { secretKeyRef: { name: user.secret, key: user.nameKey } } },
    httpPassword: { valueFrom: { secretKeyRef: { name: user.secret, key: user.passwordKey } } },
  };

const tlsOf = (tls?: LogTlsSettings) => tls && { verify: true, caFile: tls.authorityFile };
