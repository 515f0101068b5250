import { series } from '../platform/metrics';
import { HASH, known } from './watched';

/** Whose pods are asked for: those of Deployments, or of Rollouts. */
export interface WatchedPods {
  /** Name of the workload, and of the container in its pods. */
  readonly name: string;
  readonly namespace: string;
}

/** The names of all Deployments and Rollouts that one service may have, as blue and green or stable and canary. */
const workloadsOf = (service: string) => `${service}(-(blue|green|stable|canary))?`;

/** What Prometheus is asked about the pods of an application, whatever these do. */
export class PodQueries {
  protected readonly namespace: string;
  protected readonly pods: string;
  private readonly replicaSets: string;
  private readonly container: string;

  public constructor(private readonly watched: WatchedPods) {
    const { name, namespace } = watched;
    this.namespace = `namespace="${namespace}"`;
    const replicaSets = `${workloadsOf(name)}-${HASH}{6,10}`;
    this.replicaSets = `${this.namespace},replicaset=~"${replicaSets}"`;
    this.pods = `${this.namespace},pod=~"${replicaSets}-${HASH}{5}"`;
    this.container = `${this.pods},container="${name}"`;
  }

  /** One where kube-state-metrics tells of the namespace. */
  public get known(): string {
    return known(this.watched.namespace);
  }

  /** Where nobody tells of the namespace. */
  public get unknown(): string {
    return `absent(${series('kube_namespace_status_phase', this.namespace)})`;
  }

  /** Pods that are ready. */
  public get readyPods(): string {
    return `sum(${this.ready})`;
  }

  /** No pod is ready, or there is none at all. */
  public get noneReady(): string {
    return `(${this.readyPods} == 0) or (sum(absent(${this.ready})) and on () ${this.known})`;
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
    const deployment = `${this.namespace},deployment=~"${workloadsOf(this.watched.name)}"`;
    const condition = ['condition="Progressing"', 'status="false"'];
    return `max by (deployment) (${series('kube_deployment_status_condition', deployment, ...condition)}) == 1`;
  }

  private get ready(): string {
    return series('kube_pod_container_status_ready', this.container);
  }

  private ratio(used: string, resource: string): string {
    const limit = series('kube_pod_container_resource_limits', this.container, `resource="${resource}"`);
    return `(max by (pod) (${used}) / max by (pod) (${limit}))`;
  }
}
