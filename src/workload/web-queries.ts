import { series } from '../platform/metrics';
import type { MetricsSettings } from './metrics-settings';
import { HASH, known } from './watched';

/** The names of all Deployments and Rollouts that one service may have, as blue and green or stable and canary. */
const workloadsOf = (service: string) => `${service}(-(blue|green|stable|canary))?`;

/** Whose metrics are asked for. */
export interface WatchedService {
  readonly name: string;
  readonly namespace: string;
  /** The application's own metrics, where it has some. */
  readonly metrics?: Required<MetricsSettings>;
}

/** What Prometheus is asked about a web service, for alerts and dashboards alike. */
export class WebQueries {
  private readonly namespace: string;
  private readonly replicaSets: string;
  private readonly pods: string;
  private readonly container: string;

  public constructor(public readonly service: WatchedService) {
    const { name, namespace } = service;
    this.namespace = `namespace="${namespace}"`;
    const replicaSets = `${workloadsOf(name)}-${HASH}{6,10}`;
    this.replicaSets = `${this.namespace},replicaset=~"${replicaSets}"`;
    this.pods = `${this.namespace},pod=~"${replicaSets}-${HASH}{5}"`;
    this.container = `${this.pods},container="${name}"`;
  }

  /** One where kube-state-metrics tells of the namespace. */
  public get known(): string {
    return known(this.service.namespace);
  }

  /** Where nobody tells of the namespace. */
  public get unknown(): string {
    return `absent(${series('kube_namespace_status_phase', this.namespace)})`;
  }

  /** Pods that can take requests. */
  public get readyPods(): string {
    return `sum(${this.ready})`;
  }

  /** No pod is ready, there is none at all, or the Service leads to none of those that are. */
  public get down(): string {
    const slices = `${this.namespace},endpointslice=~"${this.service.name}-${HASH}{5}"`;
    const leads = series('kube_endpointslice_endpoints', slices, 'ready="true"');
    return [
      `(${this.readyPods} == 0)`,
      `(sum(absent(${this.ready})) and on () ${this.known})`,
      `(count(${series('kube_endpointslice_info', slices)}) unless on () count(${leads} == 1))`,
    ].join(' or ');
  }

  /** No pod's own metrics arrive. */
  public get unscraped(): string {
    // Prometheus' operator names the container, and a sidecar has a port of its own; annotations name none.
    const up = series('up', this.pods, `container=~"(${this.service.name})?"`);
    return `(sum(${up}) == 0) or absent(${up})`;
  }

  /** Requests per second, all or by status. */
  public requests(by?: 'status'): string {
    const label = this.own.statusLabel;
    return by ? `sum by (${label}) (rate(${this.counter()}[5m]))` : `sum(rate(${this.counter()}[5m]))`;
  }

  /** Requests within five minutes. */
  public get recentRequests(): string {
    return `sum(increase(${this.counter()}[5m]))`;
  }

  /** Share of the requests that the service could not answer; nothing where nobody asks. */
  public get errorRatio(): string {
    const errors = this.counter(`${this.own.statusLabel}=~"5.."`);
    return `((sum(rate(${errors}[5m])) or vector(0)) / (${this.requests()} > 0))`;
  }

  /** Requests per second that the service could not answer: none where it has answered all. */
  public get errors(): string {
    return `(sum(rate(${this.counter(`${this.own.statusLabel}=~"5.."`)}[5m])) or 0 * ${this.requests()})`;
  }

  /** Requests per second of which the histogram tells how long they took. */
  public get timed(): string {
    return `sum(rate(${this.own.durations}_count{${this.pods}}[5m]))`;
  }

  /** Those that took at most so long. It must be a bound of the histogram. */
  public timedWithin(seconds: number): string {
    return `sum(rate(${this.bucket(seconds)}[5m]))`;
  }

  /** One where the histogram has no such bound. */
  public withoutBound(seconds: number): string {
    return `count(${this.own.durations}_count{${this.pods}}) unless on () count(${this.bucket(seconds)})`;
  }

  /** Seconds within which this share of the requests is answered. */
  public latency(percent: number): string {
    const buckets = `rate(${this.own.durations}_bucket{${this.pods}}[5m])`;
    return `histogram_quantile(${percent / 100}, sum by (le) (${buckets}))`;
  }

  /** Share of the CPU that each container may use. */
  public get cpuRatio(): string {
    return this.ratio(`rate(${series('container_cpu_usage_seconds_total', this.container)}[5m])`, 'cpu');
  }

  /** Share of the memory that each container may use. */
  public get memoryRatio(): string {
    return this.ratio(series('container_memory_working_set_bytes', this.container), 'memory');
  }

  /** Restarts of each container within a time. */
  public restarts(within: string): string {
    const total = `${series('kube_pod_container_status_restarts_total', this.container)}[${within}]`;
    return `max by (pod) (max_over_time(${total}) - min_over_time(${total}))`;
  }

  /** Versions that have begun to run within a time. Not what was there before, if nobody told of it then. */
  public deployed(within: string): string {
    const running = series('kube_replicaset_spec_replicas', this.replicaSets);
    const now = `max by (namespace, replicaset) (${running} > 0)`;
    const before = `max by (namespace, replicaset) (${running} offset ${within} > 0)`;
    const told = `(${series('kube_namespace_status_phase', this.namespace, 'phase="Active"')} offset ${within} == 1)`;
    return `(${now} unless ${before}) and on (namespace) ${told}`;
  }

  /** Deployments that have made no progress for longer than they may. */
  public get stuck(): string {
    const deployment = `${this.namespace},deployment=~"${workloadsOf(this.service.name)}"`;
    const condition = ['condition="Progressing"', 'status="false"'];
    return `max by (deployment) (${series('kube_deployment_status_condition', deployment, ...condition)}) == 1`;
  }

  private get ready(): string {
    return series('kube_pod_container_status_ready', this.container);
  }

  private get own(): Required<MetricsSettings> {
    if (!this.service.metrics) throw new RangeError(`${this.service.name} has no metrics of its own`);
    return this.service.metrics;
  }

  /** A whole number is written as `1` by most libraries and as `1.0` by that of Python. */
  private bucket(seconds: number): string {
    const bound = `${seconds}`.replace('.', '\\\\.');
    const le = Number.isInteger(seconds) ? `${bound}(\\\\.0)?` : bound;
    return `${this.own.durations}_bucket{${this.pods},le=~"${le}"}`;
  }

  private counter(more?: string): string {
    return `${this.own.requests}{${[this.pods, ...(more ? [more] : [])].join(',')}}`;
  }

  private ratio(used: string, resource: string): string {
    const limit = series('kube_pod_container_resource_limits', this.container, `resource="${resource}"`);
    return `(max by (pod) (${used}) / max by (pod) (${limit}))`;
  }
}
