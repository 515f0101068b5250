import type { MetricsSettings } from './metrics-settings';

/**
 * Metrics of others that alerts and dashboards read, and who exports them. Names and labels are those of the exporters' own
 * documentation. `namespace`, `pod` and `container` are as the exporter says them (`honor_labels` for kube-state-metrics).
 */
export const EXPORTED_METRICS: Record<string, string> = {
  container_cpu_usage_seconds_total: 'cAdvisor in the kubelet',
  container_memory_working_set_bytes: 'cAdvisor in the kubelet',
  kube_deployment_status_condition: 'kube-state-metrics',
  kube_endpointslice_endpoints: 'kube-state-metrics',
  kube_endpointslice_info: 'kube-state-metrics',
  kube_namespace_status_phase: 'kube-state-metrics',
  kube_pod_container_resource_limits: 'kube-state-metrics',
  kube_pod_container_status_ready: 'kube-state-metrics',
  kube_pod_container_status_restarts_total: 'kube-state-metrics',
  kube_replicaset_spec_replicas: 'kube-state-metrics',
  up: 'Prometheus itself',
};

/** Letters of the hashes that Kubernetes puts into names: none that could make a word. */
const HASH = '[bcdfghjklmnpqrstvwxz2456789]';

/** The longest name of a service whose pods keep their whole names, with what stands after it. */
export const LONGEST_WATCHED = 39;

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
    return `kube_namespace_status_phase{${this.namespace},phase="Active"} == 1`;
  }

  /** Where nobody tells of the namespace. */
  public get unknown(): string {
    return `absent(kube_namespace_status_phase{${this.namespace}})`;
  }

  /** Pods that can take requests. */
  public get readyPods(): string {
    return `sum(${this.ready})`;
  }

  /** No pod is ready, there is none at all, or the Service leads to none of those that are. */
  public get down(): string {
    const slices = `${this.namespace},endpointslice=~"${this.service.name}-${HASH}{5}"`;
    return [
      `(${this.readyPods} == 0)`,
      `(sum(absent(${this.ready})) and on () ${this.known})`,
      `(count(kube_endpointslice_info{${slices}}) unless on () count(kube_endpointslice_endpoints{${slices},ready="true"} == 1))`,
    ].join(' or ');
  }

  /** No pod's own metrics arrive. */
  public get unscraped(): string {
    return `(sum(up{${this.pods}}) == 0) or absent(up{${this.pods}})`;
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

  /** Seconds within which this share of the requests is answered. */
  public latency(percent: number): string {
    const buckets = `rate(${this.own.durations}_bucket{${this.pods}}[5m])`;
    return `histogram_quantile(${percent / 100}, sum by (le) (${buckets}))`;
  }

  /** Share of the CPU that each container may use. */
  public get cpuRatio(): string {
    return this.ratio(`rate(container_cpu_usage_seconds_total{${this.container}}[5m])`, 'cpu');
  }

  /** Share of the memory that each container may use. */
  public get memoryRatio(): string {
    return this.ratio(`container_memory_working_set_bytes{${this.container}}`, 'memory');
  }

  /** Restarts of each container within a time. */
  public restarts(within: string): string {
    const total = `kube_pod_container_status_restarts_total{${this.container}}[${within}]`;
    return `max by (pod) (max_over_time(${total}) - min_over_time(${total}))`;
  }

  /** Versions that have begun to run within a time. Not what was there before, if nobody told of it then. */
  public deployed(within: string): string {
    const running = `kube_replicaset_spec_replicas{${this.replicaSets}}`;
    const now = `max by (namespace, replicaset) (${running} > 0)`;
    const before = `max by (namespace, replicaset) (${running} offset ${within} > 0)`;
    const told = `(kube_namespace_status_phase{${this.namespace},phase="Active"} offset ${within} == 1)`;
    return `(${now} unless ${before}) and on (namespace) ${told}`;
  }

  /** Deployments that have made no progress for longer than they may. */
  public get stuck(): string {
    const deployment = `${this.namespace},deployment=~"${workloadsOf(this.service.name)}"`;
    return `max by (deployment) (kube_deployment_status_condition{${deployment},condition="Progressing",status="false"}) == 1`;
  }

  private get ready(): string {
    return `kube_pod_container_status_ready{${this.container}}`;
  }

  private get own(): Required<MetricsSettings> {
    if (!this.service.metrics) throw new RangeError(`${this.service.name} has no metrics of its own`);
    return this.service.metrics;
  }

  private counter(more?: string): string {
    return `${this.own.requests}{${[this.pods, ...(more ? [more] : [])].join(',')}}`;
  }

  private ratio(used: string, resource: string): string {
    const limit = `kube_pod_container_resource_limits{${this.container},resource="${resource}"}`;
    return `(max by (pod) (${used}) / max by (pod) (${limit}))`;
  }
}
