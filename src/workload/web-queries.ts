import { bucketBound } from '../platform/bucket-bound';
import { series } from '../platform/metrics';
import { fraction } from '../platform/quantity';
import type { MetricsSettings } from './metrics-settings';
import { PodQueries, type WatchedPods } from './pod-queries';
import { HASH } from './watched';

/** Whose metrics are asked for. */
export interface WatchedService extends WatchedPods {
  /** The application's own metrics, where it has some. */
  readonly metrics?: Required<MetricsSettings>;
}

/** What Prometheus is asked about a web service, for alerts and dashboards alike. */
export class WebQueries extends PodQueries {
  public constructor(public readonly service: WatchedService) {
    super(service);
  }

  /** No pod is ready, there is none at all, or the Service leads to none of those that are. */
  public get down(): string {
    const slices = `${this.namespace},endpointslice=~"${this.service.name}-${HASH}{5}"`;
    const leads = series('kube_endpointslice_endpoints', slices, 'ready="true"');
    return [
      this.noneReady,
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
    return `histogram_quantile(${fraction(percent)}, sum by (le) (${buckets}))`;
  }

  private get own(): Required<MetricsSettings> {
    if (!this.service.metrics) throw new RangeError(`${this.service.name} has no metrics of its own`);
    return this.service.metrics;
  }

  private bucket(seconds: number): string {
    return `${this.own.durations}_bucket{${this.pods},le=~"${bucketBound(seconds)}"}`;
  }

  private counter(more?: string): string {
    return `${this.own.requests}{${[this.pods, ...(more ? [more] : [])].join(',')}}`;
  }
}
