import { series } from '../platform/metrics';
import { deployedPods, readyContainers, statefulPods, tooFewReady } from '../workload/watched';

/** What Prometheus is asked about a ZooKeeper ensemble, for alerts and dashboards alike. */
export class ZooKeeperQueries {
  private readonly matchers: string[];

  public constructor(
    public readonly ensemble: string,
    private readonly namespace: string,
  ) {
    this.matchers = [`namespace="${namespace}"`, deployedPods(`${ensemble}-exporter`)];
  }

  /**
   * Fewer servers serve than a quorum has. Of one that answers and does not serve the exporter says that it leads, so a
   * leader is no sign of a quorum: figures of its own are.
   */
  public withoutQuorum(majority: number): string {
    const enough = `count(${series('zk_znode_count', ...this.matchers)}) >= ${majority}`;
    const ready = tooFewReady(this.namespace, statefulPods(this.ensemble), 'zookeeper', majority);
    return `(count(${series('zk_up', ...this.matchers)}) unless on () (${enough})) or ${ready}`;
  }

  /** Servers that are in the quorum. */
  public get ready(): string {
    return readyContainers(this.namespace, statefulPods(this.ensemble), 'zookeeper');
  }

  /** Servers that answer. */
  public get up(): string {
    return `sum(${series('zk_up', ...this.matchers)})`;
  }

  /** Nobody tells its figures. */
  public get unscraped(): string {
    return `absent(${series('zk_up', ...this.matchers)})`;
  }

  /** Requests that wait, by server. */
  public get outstanding(): string {
    return `max by (zk_host) (${series('zk_outstanding_requests', ...this.matchers)})`;
  }

  /** Milliseconds that a request takes, by server. */
  public get latency(): string {
    return `max by (zk_host) (${series('zk_avg_latency', ...this.matchers)})`;
  }

  /** Connections, by server. */
  public get connections(): string {
    return `max by (zk_host) (${series('zk_num_alive_connections', ...this.matchers)})`;
  }

  /** Who leads. */
  public get leader(): string {
    return `max by (zk_host) (${series('zk_server_leader', ...this.matchers)})`;
  }

  /** Nodes of the tree. */
  public get nodes(): string {
    return `max(${series('zk_znode_count', ...this.matchers)})`;
  }
}
