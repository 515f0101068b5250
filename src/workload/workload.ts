import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import { type KubeNetworkPolicy, KubeServiceAccount } from '../../imports/k8s';
import { MonitoringPodMonitor, type MonitoringPodMonitorPodMetricsEndpoints } from '../../imports/prometheus';
import type { ListeningPort, Peer } from '../network/connectable';
import { Connections } from '../network/connections';
import { digestOf } from '../platform/digest';
import { Namespace } from '../platform/namespace';
import { NamespaceAlerts } from '../platform/namespace-alerts';
import { System } from '../platform/system';

/** What a workload is to the system around it. */
export interface WorkloadIdentity {
  /** Role in the architecture, on the `app.kubernetes.io/component` label: `web`, `database`, `cache`. */
  readonly component: string;

  /** Version of what runs, on the `app.kubernetes.io/version` label. */
  readonly version: string;
}

/**
 * Pods with a name: their labels, their ServiceAccount and their NetworkPolicy. The construct's id is the name of all
 * its objects.
 */
export abstract class Workload extends Construct {
  /** Name of the workload and of its objects. */
  public readonly workloadName: string;

  /** Labels of all objects of the workload, beside those of the system. */
  public readonly labels: { [label: string]: string };

  /** The labels that select the pods. They never change. */
  public readonly podLabels: { [label: string]: string };

  /** The pods as one end of a connection. */
  public readonly peer: Peer;

  /** The identity of the pods. Nothing is granted to it. */
  public readonly serviceAccount: KubeServiceAccount;

  /** Who may reach the pods, and whom they may reach. */
  public readonly networkPolicy: KubeNetworkPolicy;

  /**
   * Labels of the pods themselves. Every template holds this one map: an identity may still add to it.
   * @internal
   */
  public readonly _podTemplateLabels: { [label: string]: string };

  private podMonitor?: MonitoringPodMonitor;
  private readonly scraped: MonitoringPodMonitorPodMetricsEndpoints[] = [];

  protected constructor(scope: Construct, id: string, identity: WorkloadIdentity) {
    super(scope, id);
    const instance = System.containing(this).node.id;
    NamespaceAlerts.watch(this);
    this.workloadName = id;
    this.labels = {
      'app.kubernetes.io/component': identity.component,
      'app.kubernetes.io/name': id,
      'app.kubernetes.io/version': identity.version,
    };
    this._podTemplateLabels = { ...System.containing(this).labels, ...this.labels };
    this.podLabels = { 'app.kubernetes.io/instance': instance, 'app.kubernetes.io/name': id };
    this.peer = { name: id, podLabels: this.podLabels, namespace: Namespace.around(this).namespaceName };
    this.serviceAccount = new KubeServiceAccount(this, 'service-account', {
      metadata: { name: id },
      automountServiceAccountToken: false,
    });
    this.networkPolicy = Connections.of(this).policyFor(this, this.peer);
  }

  /** Tells Prometheus' operator of the pods; undefined where nothing of them is scraped, or where annotations tell it. */
  public get monitor(): MonitoringPodMonitor | undefined {
    return this.podMonitor;
  }

  /**
   * Lets the pods act as an identity of the cloud: the ARN of a role, the address of a service account, or the client ID
   * of a managed identity. That the cloud trusts the ServiceAccount is arranged outside (docs/guides/clouds.md).
   */
  public assumeIdentity(identity: string): void {
    const { annotations, podLabels, endpoints } = System.containing(this)._cloud.identity(this, 'identity', identity);
    for (const [key, value] of Object.entries(annotations)) this.serviceAccount.metadata.addAnnotation(key, value);
    Object.assign(this._podTemplateLabels, podLabels);
    for (const { ports, ...peer } of endpoints) {
      const listening = ports.map((port) => ({ name: `tcp-${port}`, port }));
      Connections.of(this).allow(this.peer, { peer, ports: listening });
    }
  }

  /** Lets Prometheus scrape a port, and gives the annotations by which it finds the pod, where it looks for such. */
  protected scrapedBy(port: ListeningPort, path: string): { [annotation: string]: string } {
    this._scrape(port, path);
    if (System.containing(this).prometheus.scraping === 'prometheus-operator') return {};
    return {
      'prometheus.io/path': path,
      'prometheus.io/port': `${port.port}`,
      'prometheus.io/scrape': 'true',
    };
  }

  /**
   * Lets Prometheus scrape a port of a container, and tells its operator of it. Annotations are the caller's business.
   * @internal
   */
  public _scrape(port: ListeningPort, path: string): void {
    const { namespace, podLabels, scraping, objectLabels } = System.containing(this).prometheus;
    Connections.of(this).allow({ name: 'prometheus', namespace, podLabels }, { peer: this.peer, ports: [port] });
    if (scraping === 'annotations') return;
    this.scraped.push({ port: port.name, path });
    this.podMonitor ??= new MonitoringPodMonitor(this, 'monitor', {
      metadata: { name: this.workloadName, labels: objectLabels },
      spec: {
        podMetricsEndpoints: Lazy.any({ produce: () => this.scraped }),
        selector: { matchLabels: this.podLabels },
      },
    });
  }
}

/** Annotation that changes with a ConfigMap's data, so that pods that read it roll. */
export function checksumOf(data: Record<string, string>, of = 'config'): { [annotation: string]: string } {
  return { [`checksum/${of}`]: digestOf(data) };
}
