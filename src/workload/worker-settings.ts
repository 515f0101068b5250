import type { Seconds, UnprivilegedPort } from '../platform/names';
import { type ResolvedApplication, resolveApplication } from './application';
import { type AutoscalingSettings, measuredBy, resolveAutoscaling, type ResolvedAutoscaling } from './autoscaling';
import { resolveDisruptionBudget, type ResolvedDisruptionBudget } from './disruption';
import type { PodAlertsSettings } from './pod-alerts';
import type { ReplicatedSettings } from './replicated-settings';
import { resolveResources, resources } from './resources';
import { resolveRollout, type RolloutSettings } from './rollout';
import { resolveSpread, type ResolvedSpread } from './spread';
import { resolveVerticalAutoscaling, type ResolvedVerticalAutoscaling } from './vertical-autoscaling';
import { resolveWorkerHealth, type ResolvedWorkerHealth, type WorkerHealthSettings } from './worker-health';

/** Where Prometheus finds a worker's own metrics. Nobody else may ask it there. */
export interface WorkerMetricsSettings {
  /** Port on which the container tells them; also in `METRICS_PORT`. */
  readonly port: UnprivilegedPort;

  /**
   * Path.
   * @pattern ^/
   * @title a path that begins with a slash
   * @default /metrics
   */
  readonly path?: string;
}

/** How a worker's pod goes: it is told by SIGTERM to take no more messages. */
export interface WorkerShutdownSettings {
  /**
   * How long it has to finish the message in hand, before it is killed.
   * @default 30
   */
  readonly graceSeconds?: Seconds;
}

/** An application that takes its work from a queue, and listens nowhere. */
export interface WorkerSettings extends ReplicatedSettings {
  /**
   * Scaling by load, or by what waits in the queue: a figure of `metrics.external`.
   * @default - off
   */
  readonly autoscaling?: AutoscalingSettings;

  /** How Kubernetes asks whether it is well. */
  readonly health: WorkerHealthSettings;

  /**
   * Its own metrics.
   * @default - none
   */
  readonly metrics?: WorkerMetricsSettings;

  /**
   * When somebody is told of it.
   * @default - nobody is
   */
  readonly alerts?: PodAlertsSettings;

  /**
   * How a pod goes.
   * @default - 30 s to finish
   */
  readonly shutdown?: WorkerShutdownSettings;
}

/** A worker with nothing left open. */
export interface ResolvedWorker {
  readonly application: ResolvedApplication;
  readonly replicas: number;
  readonly autoscaling: ResolvedAutoscaling;
  readonly verticalAutoscaling?: ResolvedVerticalAutoscaling;
  readonly disruptionBudget: ResolvedDisruptionBudget;
  readonly spread: ResolvedSpread;
  readonly spot: boolean;
  readonly safeToEvict: boolean;
  readonly health: ResolvedWorkerHealth;
  readonly metrics?: Required<WorkerMetricsSettings>;
  readonly rollout: Required<RolloutSettings>;
  readonly graceSeconds: number;
}

/** Fills in defaults and what follows from other settings. */
export function resolveWorker(name: string, settings: WorkerSettings): ResolvedWorker {
  const { replicas = 1, verticalAutoscaling, metrics } = settings;
  const amounts = resolveResources(settings.resources, resources(['100m', '256Mi'], ['500m', '512Mi']));
  return {
    application: resolveApplication(name, settings, amounts),
    replicas,
    autoscaling: resolveAutoscaling(settings.autoscaling, replicas),
    verticalAutoscaling:
      verticalAutoscaling && resolveVerticalAutoscaling(verticalAutoscaling, amounts, measuredBy(settings.autoscaling)),
    disruptionBudget: resolveDisruptionBudget(settings.disruptionBudget, replicas),
    spread: resolveSpread(settings.spread),
    spot: settings.spot ?? false,
    safeToEvict: settings.safeToEvict ?? true,
    health: resolveWorkerHealth(settings.health),
    metrics: metrics && { port: metrics.port, path: metrics.path ?? '/metrics' },
    rollout: resolveRollout(settings.rollout),
    graceSeconds: settings.shutdown?.graceSeconds ?? 30,
  };
}
