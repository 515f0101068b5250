/**
 * Name of a metric.
 * @pattern ^[a-zA-Z_:][a-zA-Z0-9_:]*$
 * @title the name of a metric (letters, digits, underscores and colons)
 */
export type MetricName = string;

/** Where Prometheus finds the application's own metrics, and what those are called that alerts and dashboards read. */
export interface MetricsSettings {
  /**
   * Path.
   * @pattern ^/
   * @title a path that begins with a slash
   * @default /metrics
   */
  readonly path?: string;

  /**
   * Counter of requests.
   * @default http_requests_total
   */
  readonly requests?: MetricName;

  /**
   * Label of that counter with the status of the answer, as `503` or `5xx`.
   * @pattern ^[a-zA-Z_][a-zA-Z0-9_]*$
   * @title the name of a label (letters, digits and underscores)
   * @default status
   */
  readonly statusLabel?: string;

  /**
   * Histogram of the seconds that requests take, without the `_bucket`.
   * @default http_request_duration_seconds
   */
  readonly durations?: MetricName;
}

/** Fills in defaults. */
export function resolveMetrics(settings: MetricsSettings): Required<MetricsSettings> {
  return {
    path: settings.path ?? '/metrics',
    requests: settings.requests ?? 'http_requests_total',
    statusLabel: settings.statusLabel ?? 'status',
    durations: settings.durations ?? 'http_request_duration_seconds',
  };
}
