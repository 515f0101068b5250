import type { DnsLabel, LabelValue, Seconds } from '../platform/names';
import { mebibytes } from '../platform/quantity';
import { type ResolvedResources, resolveResources, resources, type ResourcesSettings } from '../workload/resources';

/** Where traces go. */
export interface TracingSettings {
  /**
   * Share of requests that are traced, from 0 to 1.
   * @minimum 0
   * @maximum 1
   * @default 0.1
   */
  readonly samplingRate?: number;

  /**
   * Host and port of a collector that takes OTLP over gRPC.
   * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$
   * @title a host and port such as otel-collector.observability:4317
   * @default otel-collector.observability:4317
   */
  readonly collector?: string;

  /**
   * Namespace of the collector.
   * @default observability
   */
  readonly collectorNamespace?: DnsLabel;

  /**
   * Labels that select the collector's pods.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as app.kubernetes.io/name"}
   * @default {"app.kubernetes.io/name": "opentelemetry-collector"}
   */
  readonly collectorLabels?: { [label: string]: LabelValue };
}

/** Where Dapr's control plane runs, and how it names itself. */
export interface ControlPlaneSettings {
  /**
   * Its namespace.
   * @default dapr-system
   */
  readonly namespace?: DnsLabel;

  /**
   * Trust domain of its certificates.
   * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$
   * @title a trust domain such as cluster.local
   * @default cluster.local
   */
  readonly trustDomain?: string;
}

/** The sidecar of one application. */
export interface SidecarSettings {
  /**
   * What it may use.
   * @default - 50m and 128Mi promised, 200m and 256Mi at most
   */
  readonly resources?: ResourcesSettings;
}

/** What happens to a call that fails. */
export interface ResiliencySettings {
  /**
   * How long one try of a call between applications, or of a delivery, may take.
   * @minimum 1
   * @default 30
   */
  readonly timeoutSeconds?: Seconds;

  /**
   * How long one try of a call to a component (state, a broker) may take.
   * @minimum 1
   * @default 5
   */
  readonly componentTimeoutSeconds?: Seconds;

  /**
   * How often a failed call is tried again. Between applications only what may pass by itself is: too many requests, and an
   * application that is not there (429, 502 to 504); an error of the application's own is its answer.
   * @asType integer
   * @minimum 0
   * @maximum 20
   * @default 3
   */
  readonly maxRetries?: number;

  /**
   * How often an event is delivered again before it goes to the dead letters: with pauses that double up to the longest,
   * 20 bear an application that is away for some four minutes.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 20
   */
  readonly deliveryRetries?: number;

  /**
   * Longest pause between two tries; the pauses double.
   * @minimum 1
   * @default 15
   */
  readonly maxPauseSeconds?: Seconds;

  /**
   * Failures in a row after which a component is left alone. More than one call with all its tries, or a single one would
   * stop all others.
   * @asType integer
   * @minimum 2
   * @exclusiveMaximum 10001
   * @default 10
   */
  readonly consecutiveFailures?: number;

  /**
   * How long it is left alone.
   * @minimum 1
   * @default 30
   */
  readonly pauseSeconds?: Seconds;
}

/** Dapr: sidecars, and what they connect to. */
export interface DaprSettings {
  /**
   * The control plane.
   * @default - in `dapr-system`, as its chart installs it
   */
  readonly controlPlane?: ControlPlaneSettings;

  /**
   * Tracing.
   * @default - a tenth of the requests, to the collector in `observability`
   */
  readonly tracing?: TracingSettings;

  /**
   * Level from which on sidecars log.
   * @default info
   */
  readonly logLevel?: 'debug' | 'error' | 'info' | 'warn';

  /**
   * Sidecars by the name of their application.
   * @propertyNames {"pattern": "^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", "title": "the name of an application"}
   * @default {}
   */
  readonly sidecars?: { [application: string]: SidecarSettings };

  /**
   * What happens to calls that fail.
   * @default - three more tries, twenty for events, and a pause of 30 s after ten failures of a component in a row
   */
  readonly resiliency?: ResiliencySettings;

  /**
   * How long a sidecar finishes what it began before it goes.
   * @default 20
   */
  readonly shutdownSeconds?: Seconds;
}

/** A sidecar with nothing left open. */
export interface ResolvedSidecar {
  readonly resources: ResolvedResources;
  /** What the Go runtime is told of the memory limit: nine tenths, so that it collects before the kernel kills. */
  readonly memoryTarget: string;
}

/** Dapr with nothing left open. */
export interface ResolvedDapr {
  readonly controlPlane: Required<ControlPlaneSettings>;
  readonly tracing: Required<TracingSettings>;
  readonly logLevel: string;
  readonly resiliency: Required<ResiliencySettings>;
  readonly shutdownSeconds: number;
}

/** Fills in defaults. */
export function resolveDapr(settings: DaprSettings): ResolvedDapr {
  const { controlPlane, tracing, resiliency } = settings;
  return {
    controlPlane: {
      namespace: controlPlane?.namespace ?? 'dapr-system',
      trustDomain: controlPlane?.trustDomain ?? 'cluster.local',
    },
    tracing: {
      samplingRate: tracing?.samplingRate ?? 0.1,
      collector: tracing?.collector ?? 'otel-collector.observability:4317',
      collectorNamespace: tracing?.collectorNamespace ?? 'observability',
      collectorLabels: tracing?.collectorLabels ?? { 'app.kubernetes.io/name': 'opentelemetry-collector' },
    },
    logLevel: settings.logLevel ?? 'info',
    resiliency: {
      timeoutSeconds: resiliency?.timeoutSeconds ?? 30,
      componentTimeoutSeconds: resiliency?.componentTimeoutSeconds ?? 5,
      maxRetries: resiliency?.maxRetries ?? 3,
      deliveryRetries: resiliency?.deliveryRetries ?? 20,
      maxPauseSeconds: resiliency?.maxPauseSeconds ?? 15,
      consecutiveFailures: resiliency?.consecutiveFailures ?? 10,
      pauseSeconds: resiliency?.pauseSeconds ?? 30,
    },
    shutdownSeconds: settings.shutdownSeconds ?? 20,
  };
}

/** Fills in defaults of one application's sidecar. */
export function resolveSidecar(settings?: SidecarSettings): ResolvedSidecar {
  const amounts = resolveResources(settings?.resources, resources(['50m', '128Mi'], ['200m', '256Mi']));
  return { resources: amounts, memoryTarget: `${mebibytes(amounts.limits.memory, 0.9)}MiB` };
}
