import type { Construct } from 'constructs';

import type { VerticalPodAutoscaler } from '../../imports/vertical-pod-autoscaler';
import type { KubeDeployment, KubeHorizontalPodAutoscaler, KubePodDisruptionBudget } from '../../imports/k8s';
import type { ListeningPort } from '../network/connectable';
import { Namespace } from '../platform/namespace';
import { Application } from './application';
import { checkAutoscaling, measuredBy, renderAutoscaler } from './autoscaling';
import { renderDeployment } from './deployment';
import { checkDisruptionBudget, renderDisruptionBudget } from './disruption';
import { type Pod, renderPod } from './pod';
import { checkRollout } from './rollout';
import { renderSpot } from './spot';
import { renderSpread } from './spread';
import { checkVerticalAutoscaling, renderVerticalAutoscaler } from './vertical-autoscaling';
import { addWorkerAlerts } from './worker-alerts';
import { checkWorkerHealth, renderCommandProbes } from './worker-health';
import { type ResolvedWorker, resolveWorker, type WorkerSettings } from './worker-settings';

/**
 * An application that works off what waits in a queue: a Deployment without a Service, for nobody calls it. What it `use`s is
 * all that it reaches.
 */
export class Worker extends Application {
  /** The pods. */
  public readonly deployment: KubeDeployment;

  /** What a drain of nodes must leave running. */
  public readonly disruptionBudget: KubePodDisruptionBudget;

  /** Scaling by load, where it is on. */
  public readonly autoscaler?: KubeHorizontalPodAutoscaler;

  /** What looks at its requests, where that is on. */
  public readonly verticalAutoscaler?: VerticalPodAutoscaler;

  public constructor(scope: Construct, id: string, settings: WorkerSettings) {
    const resolved = resolveWorker(id, settings);
    super(scope, id, 'worker', resolved.application);
    this.check(settings, resolved);
    const { replicas, autoscaling, verticalAutoscaling, rollout, metrics } = resolved;
    const isScaled = autoscaling.enabled && replicas > 0;
    const port: ListeningPort | undefined = metrics && { name: 'metrics', port: metrics.port };
    const scraping = port && metrics ? this.scrapedBy(port, metrics.path) : {};
    if (metrics) this.addParameters({ METRICS_PORT: `${metrics.port}` });
    this.deployment = renderDeployment(this, {
      name: id,
      replicas: isScaled ? undefined : replicas,
      podLabels: this.podLabels,
      rollout,
      pod: () => this.renderPod(resolved, port, scraping),
    });
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    if (isScaled) this.autoscaler = renderAutoscaler(this, this.deployment, id, autoscaling);
    if (verticalAutoscaling && replicas > 0) {
      this.verticalAutoscaler = renderVerticalAutoscaler(this, this.deployment, id, verticalAutoscaling);
    }
    const namespace = Namespace.around(this).namespaceName;
    addWorkerAlerts(this, settings.alerts ?? {}, { name: id, namespace, runs: replicas > 0 });
  }

  private check(settings: WorkerSettings, resolved: ResolvedWorker): void {
    const { application, autoscaling, health, rollout, verticalAutoscaling } = resolved;
    checkWorkerHealth(this, health);
    checkRollout(this, rollout);
    checkAutoscaling(this, settings.autoscaling, autoscaling);
    checkDisruptionBudget(this, settings.disruptionBudget, autoscaling);
    if (!settings.verticalAutoscaling || !verticalAutoscaling) return;
    const measured = measuredBy(settings.autoscaling);
    checkVerticalAutoscaling(this, settings.verticalAutoscaling, verticalAutoscaling, application.resources, measured);
  }

  private renderPod(resolved: ResolvedWorker, port: ListeningPort | undefined, scraping: Record<string, string>): Pod {
    const { health, spread, spot, graceSeconds, safeToEvict } = resolved;
    const ports = port && [{ name: port.name, containerPort: port.port, protocol: 'TCP' as const }];
    const { affinity, topologySpreadConstraints } = renderSpread(spread, this.podLabels, 'pod-template-hash');
    return renderPod(
      {
        workload: this,
        annotations: { ...this.checksum(), ...scraping },
        profile: this._applicationProfile(),
        containers: [this._applicationContainer(this.workloadName, { ...renderCommandProbes(health), ports })],
        initContainers: this._waitContainers(),
        graceSeconds,
        safeToEvict,
      },
      { ...renderSpot(this, spot, affinity), topologySpreadConstraints },
    );
  }
}
