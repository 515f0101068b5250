import { type ResolvedApplication, resolveApplication } from './application';
import { type AutoscalingSettings, measuredBy, resolveAutoscaling, type ResolvedAutoscaling } from './autoscaling';
import { resolveDisruptionBudget, type ResolvedDisruptionBudget } from './disruption';
import { type HealthSettings, resolveHealth, type ResolvedHealth } from './health';
import { type MetricsSettings, resolveMetrics } from './metrics-settings';
import { type MigrationsSettings, type ResolvedMigrations, resolveMigrations } from './migrations';
import type { ObjectivesSettings } from './objectives';
import type { Port, UnprivilegedPort } from '../platform/names';
import { type ReleaseSettings, resolveRelease, type ResolvedRelease, type ResolvedVersion } from './release';
import type { ReplicatedSettings } from './replicated-settings';
import { resolveResources, resources } from './resources';
import { resolveRollout, type RolloutSettings } from './rollout';
import type { ShutdownSettings } from './shutdown';
import { resolveSpread, type ResolvedSpread } from './spread';
import { resolveVerticalAutoscaling, type ResolvedVerticalAutoscaling } from './vertical-autoscaling';
import type { WebAlertsSettings } from './web-alerts';

/** An application that answers HTTP. */
export interface WebServiceSettings extends ReplicatedSettings {
  /** Port on which the container listens. */
  readonly port: UnprivilegedPort;

  /**
   * Port of the Service.
   * @default - that of the container
   */
  readonly servicePort?: Port;

  /**
   * Scaling by load.
   * @default - off
   */
  readonly autoscaling?: AutoscalingSettings;

  /**
   * How Kubernetes asks whether the application is well.
   * @default - `/health/live` and `/health/ready`
   */
  readonly health?: HealthSettings;

  /**
   * The application's own metrics.
   * @default - none
   */
  readonly metrics?: MetricsSettings;

  /**
   * When somebody is told of the service.
   * @default - nobody is
   */
  readonly alerts?: WebAlertsSettings;

  /**
   * What is promised of its answers. It needs `metrics`.
   * @default - nothing is
   */
  readonly slo?: ObjectivesSettings;

  /**
   * How a new version takes over from the old one.
   * @default - rolling: pod by pod
   */
  readonly release?: ReleaseSettings;

  /**
   * How a pod goes.
   * @default - 10 s to be forgotten, 30 s to finish
   */
  readonly shutdown?: ShutdownSettings;

  /**
   * Changes to the database's schema, made before the containers start.
   * @default - none
   */
  readonly migrations?: MigrationsSettings;
}

/** One version's pods, and how many of them there are. */
export interface ResolvedPods extends ResolvedVersion {
  readonly autoscaling: ResolvedAutoscaling;
  readonly disruptionBudget: ResolvedDisruptionBudget;
}

/** A web service with nothing left open. */
export interface ResolvedWebService {
  readonly application: ResolvedApplication;
  readonly port: number;
  readonly servicePort: number;
  readonly release: ResolvedRelease;
  /** The pods of each version of the release. */
  readonly pods: readonly [ResolvedPods, ...ResolvedPods[]];
  readonly verticalAutoscaling?: ResolvedVerticalAutoscaling;
  readonly spread: ResolvedSpread;
  readonly spot: boolean;
  readonly safeToEvict: boolean;
  readonly health: ResolvedHealth;
  readonly metrics?: Required<MetricsSettings>;
  readonly rollout: Required<RolloutSettings>;
  readonly drainSeconds: number;
  readonly terminationGraceSeconds: number;
  readonly migrations?: ResolvedMigrations;
}

/** Fills in defaults and what follows from other settings. */
export function resolveWebService(name: string, settings: WebServiceSettings): ResolvedWebService {
  const release = resolveRelease(settings.release, settings.image, settings.replicas ?? 1);
  const [first, ...others] = release.versions;
  const drainSeconds = settings.shutdown?.drainSeconds ?? 10;
  const fallback = resources(['100m', '256Mi'], ['500m', '512Mi']);
  const amounts = resolveResources(settings.resources, fallback);
  const { verticalAutoscaling } = settings;
  return {
    application: resolveApplication(name, settings, amounts),
    port: settings.port,
    servicePort: settings.servicePort ?? settings.port,
    release,
    pods: [resolvePods(first, settings), ...others.map((version) => resolvePods(version, settings))],
    verticalAutoscaling:
      verticalAutoscaling && resolveVerticalAutoscaling(verticalAutoscaling, amounts, measuredBy(settings.autoscaling)),
    spread: resolveSpread(settings.spread),
    spot: settings.spot ?? false,
    safeToEvict: settings.safeToEvict ?? true,
    health: resolveHealth(settings.health),
    metrics: settings.metrics && resolveMetrics(settings.metrics),
    rollout: resolveRollout(settings.rollout),
    drainSeconds,
    terminationGraceSeconds: drainSeconds + (settings.shutdown?.graceSeconds ?? 30),
    migrations: settings.migrations && resolveMigrations(name, settings.migrations),
  };
}

const resolvePods = (version: ResolvedVersion, settings: WebServiceSettings): ResolvedPods => ({
  ...version,
  autoscaling: resolveAutoscaling(settings.autoscaling, version.replicas),
  disruptionBudget: resolveDisruptionBudget(settings.disruptionBudget, version.replicas),
});
