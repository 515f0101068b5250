import { series } from './metrics';

/** What Prometheus is asked of what all workloads of a namespace share, for alerts and dashboards alike. */
export class NamespaceQueries {
  private readonly namespace: string;

  public constructor(namespace: string) {
    this.namespace = `namespace="${namespace}"`;
  }

  /** Share of each volume that is full. */
  public get volumeUse(): string {
    const by = 'max by (persistentvolumeclaim)';
    const available = series('kubelet_volume_stats_available_bytes', this.namespace);
    const capacity = series('kubelet_volume_stats_capacity_bytes', this.namespace);
    return `(1 - ${by} (${available}) / ${by} (${capacity}))`;
  }

  /** Bytes that each volume would have left after this many seconds, if it went on as in the last six hours. */
  public volumeLeftAfter(seconds: number): string {
    const available = series('kubelet_volume_stats_available_bytes', this.namespace);
    return `max by (persistentvolumeclaim) (predict_linear(${available}[6h], ${seconds}))`;
  }

  /** Share of the quota that is used, of what changes while the manifests do not. */
  public get quotaUse(): string {
    const of = `${this.namespace},resource!~"persistentvolumeclaims|requests\\\\.storage|services\\\\..*"`;
    const amount = (type: string) =>
      `max by (resourcequota, resource) (${series('kube_resourcequota', of, `type="${type}"`)})`;
    return `(${amount('used')} / (${amount('hard')} > 0))`;
  }

  /** Seconds until each certificate ends. */
  public get certificateLeft(): string {
    return `(${this.certificateEnd} - time())`;
  }

  /** Seconds for which each certificate could have been renewed already; less than none before. */
  public get certificateOverdue(): string {
    return `(time() - ${this.certificateRenewal})`;
  }

  /** Seconds between the time of renewal and the end of each certificate. */
  public get certificateMargin(): string {
    return `(${this.certificateEnd} - ${this.certificateRenewal})`;
  }

  /** Certificates that cannot be used. */
  public get certificateNotReady(): string {
    return `max by (name) (${series('certmanager_certificate_ready_status', this.namespace, 'condition="True"')}) == 0`;
  }

  /** Pods that each disruption budget lets go. */
  public get disruptionsAllowed(): string {
    return `max by (poddisruptionbudget) (${series('kube_poddisruptionbudget_status_pod_disruptions_allowed', this.namespace)})`;
  }

  /** Pods that each disruption budget is about. */
  public get budgetedPods(): string {
    return `max by (poddisruptionbudget) (${series('kube_poddisruptionbudget_status_expected_pods', this.namespace)})`;
  }

  /** Share of the replicas that each autoscaler may have. */
  public get autoscalerUse(): string {
    return `(${this.autoscaler('status_current')} / ${this.autoscaler('spec_max')})`;
  }

  /** How many more replicas each autoscaler may have at most than at least. */
  public get autoscalerRange(): string {
    return `(${this.autoscaler('spec_max')} - ${this.autoscaler('spec_min')})`;
  }

  /** Autoscalers that do not know how many replicas there should be. */
  public get autoscalerBlind(): string {
    const condition = ['condition="ScalingActive"', 'status="false"'];
    const blind = series('kube_horizontalpodautoscaler_status_condition', this.namespace, ...condition);
    return `max by (horizontalpodautoscaler) (${blind}) == 1`;
  }

  /** Jobs that failed, of those that were started within these seconds. */
  public failedJobs(seconds: number): string {
    const failed = series('kube_job_failed', this.namespace, 'condition="true"');
    const started = series('kube_job_status_start_time', this.namespace);
    return `(max by (job_name) (${failed}) == 1) and (time() - max by (job_name) (${started}) < ${seconds})`;
  }

  /** Rollouts of Argo Rollouts in a phase. */
  public rollouts(phase: 'Degraded' | 'Paused'): string {
    return `max by (name) (${series('rollout_info', this.namespace, `phase="${phase}"`)}) == 1`;
  }

  /** Alerts that fire now. */
  public get firing(): string {
    return `sum by (alertname, severity) (${series('ALERTS', this.namespace, 'alertstate="firing"')})`;
  }

  private get certificateEnd(): string {
    return `max by (name) (${series('certmanager_certificate_expiration_timestamp_seconds', this.namespace)} > 0)`;
  }

  private get certificateRenewal(): string {
    return `max by (name) (${series('certmanager_certificate_renewal_timestamp_seconds', this.namespace)} > 0)`;
  }

  private autoscaler(what: 'spec_max' | 'spec_min' | 'status_current'): string {
    const replicas = series(`kube_horizontalpodautoscaler_${what}_replicas`, this.namespace);
    return `max by (horizontalpodautoscaler) (${replicas})`;
  }
}
