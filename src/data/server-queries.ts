import { type ExportedMetric, series } from '../platform/metrics';
import { readyContainers, statefulPods, tooFewReady } from '../workload/watched';

/** What Prometheus is asked about any server whose exporter runs beside it, for alerts and dashboards alike. */
export abstract class ServerQueries {
  protected readonly matchers: string[];

  /** `container` is what must be ready, `answers` the metric by which the exporter says that it can ask it. */
  protected constructor(
    public readonly server: string,
    private readonly namespace: string,
    private readonly container: string,
    private readonly answers: ExportedMetric,
  ) {
    this.matchers = [`namespace="${namespace}"`, statefulPods(server)];
  }

  /** It answers nobody: its exporter cannot ask it, or its container is not ready. */
  public get down(): string {
    return `(${this.up} == 0) or ${tooFewReady(this.namespace, statefulPods(this.server), this.container)}`;
  }

  /** One while the exporter can ask it. */
  public get up(): string {
    return `max(${series(this.answers, ...this.matchers)})`;
  }

  /** Whether it can take what clients say. */
  public get ready(): string {
    return readyContainers(this.namespace, statefulPods(this.server), this.container);
  }

  /** Nobody tells its figures. */
  public get unscraped(): string {
    return `absent(${series(this.answers, ...this.matchers)})`;
  }
}
