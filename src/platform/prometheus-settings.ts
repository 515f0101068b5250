import type { DnsLabel, LabelValue } from './names';

/** Where the Prometheus that scrapes the system runs. */
export interface PrometheusSettings {
  /**
   * Its namespace.
   * @default monitoring
   */
  readonly namespace?: DnsLabel;

  /**
   * Labels that select its pods.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as app.kubernetes.io/name"}
   * @default {"app.kubernetes.io/name": "prometheus"}
   */
  readonly podLabels?: { [label: string]: LabelValue };

  /**
   * How it learns whom to scrape: from annotations of pods, or from `PodMonitor` objects, which its operator reads.
   * @default annotations
   */
  readonly scraping?: Scraping;

  /**
   * Labels by which its operator selects our monitors and rules, such as `release: kube-prometheus-stack`.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as release"}
   * @default {}
   */
  readonly objectLabels?: { [label: string]: LabelValue };
}

/** How Prometheus learns whom to scrape. */
export type Scraping = 'annotations' | 'prometheus-operator';

/** Fills in defaults. */
export function resolvePrometheus(settings: PrometheusSettings = {}): Required<PrometheusSettings> {
  return {
    namespace: settings.namespace ?? 'monitoring',
    // Where it is may be said of a cluster in which nothing of ours has metrics yet.
    podLabels: { ...(settings.podLabels ?? { 'app.kubernetes.io/name': 'prometheus' }) },
    scraping: settings.scraping ?? 'annotations',
    objectLabels: { ...settings.objectLabels },
  };
}
