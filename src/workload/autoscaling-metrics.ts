import type { MetricSpec, MetricTarget } from '../../imports/k8s';
import type { LabelValue } from '../platform/names';
import { canonicalNumber } from '../platform/quantity';

/** What is measured of a container. */
export type MeasuredResource = 'cpu' | 'memory';

/**
 * A figure: whole, or in thousandths.
 * @pattern ^[1-9][0-9]{0,8}m?$
 * @title a figure such as 100, or 1500m for one and a half
 */
export type MetricValue = string;

/** A figure, and what each pod is to have of it. */
export interface MetricTargetSettings {
  /**
   * Its name, as the adapter of the cluster serves it.
   * @pattern ^[A-Za-z_]([-A-Za-z0-9_.:]{0,251}[A-Za-z0-9_])?$
   * @title the name of a metric such as http_requests_per_second
   */
  readonly name: string;

  /** What one pod is to have of it on average. */
  readonly averageValue: MetricValue;

  /**
   * Labels of the series that count.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as route"}
   * @default {}
   */
  readonly labels?: { [label: string]: LabelValue };
}

/** One figure by which is scaled beside CPU and memory. Give exactly one of the two. */
export interface AutoscalingMetricSettings {
  /**
   * A figure of each pod, such as its requests per second: of the custom metrics API, which an adapter serves.
   * @default - another kind
   */
  readonly pods?: MetricTargetSettings;

  /**
   * A figure from elsewhere that all pods share, such as the length of a queue: of the external metrics API.
   * @default - another kind
   */
  readonly external?: MetricTargetSettings;
}

/** A figure with nothing left open. */
export interface ResolvedMetric {
  readonly source: 'external' | 'pods';
  readonly name: string;
  readonly averageValue: string;
  readonly labels: readonly (readonly [label: string, value: string])[];
}

/** Fills in defaults. Of a figure with two sources the first counts; that it has two is refused elsewhere. */
export function resolveMetrics(settings: readonly AutoscalingMetricSettings[] = []): ResolvedMetric[] {
  return settings.flatMap(({ pods, external }): ResolvedMetric[] => {
    const target = pods ?? external;
    if (!target) return [];
    return [
      {
        source: pods ? 'pods' : 'external',
        name: target.name,
        averageValue: canonicalNumber(target.averageValue),
        // The order in which a file lists labels means nothing.
        labels: Object.entries(target.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
      },
    ];
  });
}

/** As an autoscaler has it. */
export function renderMetric({ source, name, averageValue, labels }: ResolvedMetric): MetricSpec {
  const selector = labels.length > 0 ? { matchLabels: Object.fromEntries(labels) } : undefined;
  const target: MetricTarget = { type: 'AverageValue', averageValue };
  const figure = { metric: { name, selector }, target };
  return source === 'pods' ? { type: 'Pods', pods: figure } : { type: 'External', external: figure };
}
