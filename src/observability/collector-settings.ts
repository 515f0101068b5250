import type { Duration } from '../platform/duration';
import type { Cidr, DnsLabel, LabelValue, SecretKeyName } from '../platform/names';
import { mebibytes } from '../platform/quantity';
import type { LogLevel } from '../workload/application';
import { type ImageSettings, resolveImage, type ResolvedImage } from '../workload/image';
import { type ResolvedResources, resolveResources, resources, type ResourcesSettings } from '../workload/resources';

/** Which traces are kept. */
export interface SamplingSettings {
  /**
   * Share of all traces, in percent. Collectors choose by the trace's identity, so that all keep the same.
   * @minimum 0
   * @maximum 100
   * @default 10
   */
  readonly percent?: number;

  /**
   * Whether every trace with an error is kept as well. Whoever waits for the end of a trace must see all of it: one replica.
   * @default false
   */
  readonly keepErrors?: boolean;

  /**
   * Keeps every trace that took longer as well, in milliseconds; with one replica, too.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1000001
   * @default - how long a trace took has no say
   */
  readonly keepSlowerThanMs?: number;

  /**
   * How long the end of a trace is waited for, where errors or time have a say.
   * @default 10s
   */
  readonly decisionWait?: Duration;
}

/** TLS on the way to the backend. */
export interface TraceTlsSettings {
  /**
   * Key of the Secret in which the certificate is of whoever signed the backend's.
   * @default - an authority that the image knows
   */
  readonly authorityKey?: SecretKeyName;

  /**
   * Name on the backend's certificate.
   * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$
   * @title a DNS name in lower case
   * @default - the host
   */
  readonly serverName?: string;
}

/** What stores traces: Jaeger, Tempo, or anything else that takes OTLP. */
export interface TraceBackendSettings {
  /**
   * Host and port.
   * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$
   * @title a host and port such as jaeger-collector.observability:4317
   */
  readonly endpoint: string;

  /**
   * How OTLP is spoken.
   * @default grpc
   */
  readonly protocol?: 'grpc' | 'http';

  /**
   * Namespace of its pods.
   * @default observability
   */
  readonly namespace?: DnsLabel;

  /**
   * Labels that select its pods.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as app.kubernetes.io/name"}
   * @default {"app.kubernetes.io/name": "jaeger"}
   */
  readonly podLabels?: { [label: string]: LabelValue };

  /**
   * Addresses of a backend outside the cluster, instead of `namespace` and `podLabels`.
   * @minItems 1
   * @default - it is in the cluster
   */
  readonly cidrs?: Cidr[];

  /**
   * Encryption on the way there.
   * @default - none
   */
  readonly tls?: TraceTlsSettings;

  /**
   * Headers that are no secret, such as the tenant of Tempo in `X-Scope-OrgID`.
   * @propertyNames {"pattern": "^[A-Za-z][-A-Za-z0-9]*$", "title": "the name of a header"}
   * @default {}
   */
  readonly headers?: { [header: string]: string };

  /**
   * Key of the Secret in which the whole value of the header `Authorization` is.
   * @default - nothing is shown
   */
  readonly authorizationKey?: SecretKeyName;

  /**
   * Name of the Secret of the keys above.
   * @default otel-backend
   */
  readonly secret?: DnsLabel;
}

/** A collector of traces for the services of a system. */
export interface CollectorSettings {
  /** Where traces go. */
  readonly backend: TraceBackendSettings;

  /**
   * Which traces are kept.
   * @default - a tenth of them
   */
  readonly sampling?: SamplingSettings;

  /**
   * Its image: contrib's distribution, or one with the same components. 0.144 or newer, which knows the exporters by these
   * names.
   * @default - otel/opentelemetry-collector-contrib:0.161.0
   */
  readonly image?: ImageSettings;

  /**
   * Pods.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default 1
   */
  readonly replicas?: number;

  /**
   * What it may use. Near its memory limit it refuses spans, and services send them again or drop them.
   * @default - 50m and 128Mi promised, 500m and 512Mi at most
   */
  readonly resources?: ResourcesSettings;

  /**
   * Level from which on it logs.
   * @default info
   */
  readonly logLevel?: LogLevel;
}

/** A backend with nothing left open. */
export interface ResolvedTraceBackend {
  readonly endpoint: string;
  readonly port: number;
  readonly protocol: 'grpc' | 'http';
  readonly namespace: string;
  readonly podLabels: { [label: string]: string };
  readonly cidrs: string[];
  readonly tls?: TraceTlsSettings;
  readonly headers: { [header: string]: string };
  readonly authorizationKey?: string;
  readonly secret: string;
}

/** A collector with nothing left open. */
export interface ResolvedCollector {
  readonly backend: ResolvedTraceBackend;
  readonly sampling: {
    readonly percent: number;
    readonly keepErrors: boolean;
    readonly keepSlowerThanMs?: number;
    readonly decisionWait: string;
    /** Whether the end of a trace has a say. */
    readonly atEnd: boolean;
    /** Traces that wait for their end: at some 16 KiB each, in half of the memory. */
    readonly waiting: number;
  };
  readonly image: ResolvedImage;
  readonly replicas: number;
  readonly resources: ResolvedResources;
  readonly logLevel: LogLevel;
  /** In MiB: from where on it refuses, and how far below that it begins to. */
  readonly memory: { readonly hard: number; readonly spike: number };
}

/** Fills in defaults. */
export function resolveCollector(settings: CollectorSettings): ResolvedCollector {
  const { backend, sampling = {} } = settings;
  const amounts = resolveResources(settings.resources, resources(['50m', '128Mi'], ['500m', '512Mi']));
  const share = (part: number) => mebibytes(amounts.limits.memory, part);
  return {
    backend: {
      endpoint: backend.endpoint,
      port: Number(backend.endpoint.split(':')[1]),
      protocol: backend.protocol ?? 'grpc',
      namespace: backend.namespace ?? 'observability',
      podLabels: { ...(backend.podLabels ?? { 'app.kubernetes.io/name': 'jaeger' }) },
      cidrs: [...(backend.cidrs ?? [])],
      tls: backend.tls,
      headers: { ...backend.headers },
      authorizationKey: backend.authorizationKey,
      secret: backend.secret ?? 'otel-backend',
    },
    sampling: {
      percent: sampling.percent ?? 10,
      keepErrors: sampling.keepErrors ?? false,
      keepSlowerThanMs: sampling.keepSlowerThanMs,
      decisionWait: sampling.decisionWait ?? '10s',
      atEnd: (sampling.keepErrors ?? false) || sampling.keepSlowerThanMs !== undefined,
      waiting: share(0.5) * 64,
    },
    image: resolveImage(settings.image ?? { repository: 'otel/opentelemetry-collector-contrib', tag: '0.161.0' }),
    // waiver kube-score deployment-replicas on Deployment/otel-collector: nobody waits for it, and one sees whole traces
    replicas: settings.replicas ?? 1,
    resources: amounts,
    logLevel: settings.logLevel ?? 'info',
    memory: { hard: share(0.8), spike: share(0.2) },
  };
}
