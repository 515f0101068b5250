import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import {
  KubeDeployment,
  type KubeHorizontalPodAutoscaler,
  type KubePodDisruptionBudget,
  KubeService,
  type Probe,
} from '../../imports/k8s';
import type { Endpoint, IConnectable, ListeningPort } from '../network/connectable';
import type { Seconds, UnprivilegedPort, Port } from '../platform/names';
import { ValidationError } from '../platform/validation-error';
import { Application, type ApplicationSettings, type ResolvedApplication, resolveApplication } from './application';
import type { ApplicationTask } from './application-task';
import {
  type AutoscalingSettings,
  checkAutoscaling,
  renderAutoscaler,
  resolveAutoscaling,
  type ResolvedAutoscaling,
} from './autoscaling';
import {
  type DisruptionBudgetSettings,
  renderDisruptionBudget,
  resolveDisruptionBudget,
  type ResolvedDisruptionBudget,
} from './disruption';
import { type HealthSettings, renderProbes, resolveHealth, type ResolvedHealth } from './health';
import { type MigrationsSettings, renderMigrations, type ResolvedMigrations, resolveMigrations } from './migrations';
import { type Pod, renderPod } from './pod';
import { resolveResources, resources } from './resources';
import { renderSpot } from './spot';
import { renderSpread, resolveSpread, type ResolvedSpread, type SpreadSettings } from './spread';

/** How new pods replace old ones. */
export interface RolloutSettings {
  /**
   * Pods above `replicas` while rolling.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 1
   */
  readonly maxSurge?: number;

  /**
   * Pods below `replicas` while rolling.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 0
   */
  readonly maxUnavailable?: number;

  /**
   * How long a new pod must be ready before the next one is replaced.
   * @default 5
   */
  readonly minReadySeconds?: Seconds;

  /**
   * After how long without progress a rollout is reported as failed.
   * @default 600
   */
  readonly progressDeadlineSeconds?: Seconds;
}

/** How a pod goes. */
export interface ShutdownSettings {
  /**
   * How long a pod still answers after it was told to go, until every load balancer has noticed.
   * @default 10
   */
  readonly drainSeconds?: Seconds;

  /**
   * How long it then has to finish what it began, before it is killed.
   * @default 30
   */
  readonly graceSeconds?: Seconds;
}

/** Where Prometheus finds the application's own metrics. */
export interface MetricsSettings {
  /**
   * Path.
   * @pattern ^/
   * @title a path that begins with a slash
   * @default /metrics
   */
  readonly path?: string;
}

/** An application that answers HTTP. */
export interface WebServiceSettings extends ApplicationSettings {
  /** Port on which the container listens. */
  readonly port: UnprivilegedPort;

  /**
   * Port of the Service.
   * @default - that of the container
   */
  readonly servicePort?: Port;

  /**
   * Pods; with autoscaling, the fewest.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Scaling by load.
   * @default - off
   */
  readonly autoscaling?: AutoscalingSettings;

  /**
   * What a drain of nodes must leave running.
   * @default - one pod may be missing
   */
  readonly disruptionBudget?: DisruptionBudgetSettings;

  /**
   * How the pods are spread over the cluster.
   * @default - preferably over hosts and zones
   */
  readonly spread?: SpreadSettings;

  /**
   * Whether it may be interrupted, and so runs on nodes that the cloud may take back, where there are some.
   * @default false
   */
  readonly spot?: boolean;

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
   * How new pods replace old ones.
   * @default - one at a time, none missing
   */
  readonly rollout?: RolloutSettings;

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

/** A web service with nothing left open. */
export interface ResolvedWebService {
  readonly application: ResolvedApplication;
  readonly port: number;
  readonly servicePort: number;
  readonly replicas: number;
  readonly autoscaling: ResolvedAutoscaling;
  readonly disruptionBudget: ResolvedDisruptionBudget;
  readonly spread: ResolvedSpread;
  readonly spot: boolean;
  readonly health: ResolvedHealth;
  readonly metricsPath?: string;
  readonly rollout: Required<RolloutSettings>;
  readonly drainSeconds: number;
  readonly terminationGraceSeconds: number;
  readonly migrations?: ResolvedMigrations;
}

/** Fills in defaults and what follows from other settings. */
export function resolveWebService(name: string, settings: WebServiceSettings): ResolvedWebService {
  const replicas = settings.replicas ?? 1;
  const drainSeconds = settings.shutdown?.drainSeconds ?? 10;
  const fallback = resources(['100m', '256Mi'], ['500m', '512Mi']);
  return {
    application: resolveApplication(name, settings, resolveResources(settings.resources, fallback)),
    port: settings.port,
    servicePort: settings.servicePort ?? settings.port,
    replicas,
    autoscaling: resolveAutoscaling(settings.autoscaling, replicas),
    disruptionBudget: resolveDisruptionBudget(settings.disruptionBudget, replicas),
    spread: resolveSpread(settings.spread),
    spot: settings.spot ?? false,
    health: resolveHealth(settings.health),
    metricsPath: settings.metrics && (settings.metrics.path ?? '/metrics'),
    rollout: {
      maxSurge: settings.rollout?.maxSurge ?? 1,
      maxUnavailable: settings.rollout?.maxUnavailable ?? 0,
      minReadySeconds: settings.rollout?.minReadySeconds ?? 5,
      progressDeadlineSeconds: settings.rollout?.progressDeadlineSeconds ?? 600,
    },
    drainSeconds,
    terminationGraceSeconds: drainSeconds + (settings.shutdown?.graceSeconds ?? 30),
    migrations: settings.migrations && resolveMigrations(name, settings.migrations),
  };
}

/** An application that answers HTTP: Deployment, Service, autoscaler, disruption budget and policy. */
export class WebService extends Application implements IConnectable {
  /** The pods. */
  public readonly deployment: KubeDeployment;

  /** The name and address under which the pods answer. */
  public readonly service: KubeService;

  /** What a drain of nodes must leave running. */
  public readonly disruptionBudget: KubePodDisruptionBudget;

  /** Scaling by load, where it is on. */
  public readonly autoscaler?: KubeHorizontalPodAutoscaler;

  /** The Job that runs the migrations, where the pods do not. */
  public readonly migrations?: ApplicationTask;

  /** What a client needs to know: `<NAME>_URL`. */
  public readonly endpoint: Endpoint;

  /** Path that answers once the pods can take requests. */
  public readonly readinessPath: string;

  /** Port of the Service. */
  public readonly servicePort: number;

  private readonly podAnnotations: { [annotation: string]: string } = {};

  public constructor(scope: Construct, id: string, settings: WebServiceSettings) {
    const resolved = resolveWebService(id, settings);
    super(scope, id, 'web', resolved.application);
    this.servicePort = resolved.servicePort;
    this.readinessPath = resolved.health.readiness.path;
    checkAutoscaling(this, resolved.autoscaling);
    this.checkRollout(resolved.rollout);
    this.checkBudget(settings.disruptionBudget?.minAvailable, resolved.autoscaling);
    this.addParameters({ PORT: `${resolved.port}` });

    const http: ListeningPort = { name: 'http', port: resolved.port };
    this.endpoint = {
      peer: this.peer,
      ports: [http],
      environment: { [`${id.toUpperCase().replace(/-/g, '_')}_URL`]: `http://${id}:${resolved.servicePort}` },
    };
    this.service = this.renderService(resolved);
    const scraping = resolved.metricsPath ? this.scrapedBy(http, resolved.metricsPath) : {};
    this.deployment = this.renderDeployment(resolved, scraping);
    if (resolved.migrations) this.migrations = renderMigrations(this, resolved.migrations);
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    if (resolved.autoscaling.enabled) this.autoscaler = renderAutoscaler(this, id, resolved.autoscaling);
  }

  /** Adds annotations to the pods, for what others put into them. */
  public annotatePods(annotations: { [annotation: string]: string }): void {
    Object.assign(this.podAnnotations, annotations);
  }

  /** Below the maximum a drain can wait for the autoscaler; at or above it, it could never go on. */
  private checkBudget(minAvailable = 0, { enabled, maxReplicas }: ResolvedAutoscaling): void {
    if (!enabled || minAvailable < maxReplicas) return;
    const found = `expected less than autoscaling.maxReplicas (${maxReplicas}), got ${minAvailable}`;
    throw new ValidationError(
      this,
      'disruptionBudget.minAvailable',
      `${found}; no number of replicas would let a drain go on`,
    );
  }

  private checkRollout(rollout: Required<RolloutSettings>): void {
    const { maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds } = rollout;
    if (maxSurge === 0 && maxUnavailable === 0) {
      const found = 'maxSurge and maxUnavailable are both 0, so that no pod could ever be replaced';
      throw new ValidationError(this, 'rollout', `${found}; raise one of them`);
    }
    if (progressDeadlineSeconds <= minReadySeconds) {
      const found = `expected more than minReadySeconds (${minReadySeconds}), got ${progressDeadlineSeconds}`;
      throw new ValidationError(
        this,
        'rollout.progressDeadlineSeconds',
        `${found}; every rollout would be called failed`,
      );
    }
  }

  private renderService({ servicePort }: ResolvedWebService): KubeService {
    return new KubeService(this, 'service', {
      metadata: { name: this.workloadName },
      spec: {
        type: 'ClusterIP',
        selector: this.podLabels,
        ports: [{ name: 'http', port: servicePort, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
      },
    });
  }

  private renderDeployment(resolved: ResolvedWebService, scraping: Record<string, string>): KubeDeployment {
    const { rollout } = resolved;
    return new KubeDeployment(this, 'deployment', {
      metadata: { name: this.workloadName, annotations: this.renderPod(resolved, scraping).annotations },
      spec: {
        minReadySeconds: rollout.minReadySeconds,
        progressDeadlineSeconds: rollout.progressDeadlineSeconds,
        replicas: resolved.autoscaling.enabled ? undefined : resolved.replicas,
        revisionHistoryLimit: 5,
        selector: { matchLabels: this.podLabels },
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxSurge: rollout.maxSurge, maxUnavailable: rollout.maxUnavailable },
        },
        template: Lazy.any({ produce: () => this.renderPod(resolved, scraping).template }),
      },
    });
  }

  private renderPod(resolved: ResolvedWebService, scraping: Record<string, string>): Pod {
    const probes: Record<string, Probe> = renderProbes(resolved.health);
    const main = this._applicationContainer(this.workloadName, {
      ...probes,
      ports: [{ name: 'http', containerPort: resolved.port, protocol: 'TCP' }],
      // Kubernetes 1.30 refuses to sleep for nothing.
      lifecycle: resolved.drainSeconds > 0 ? { preStop: { sleep: { seconds: resolved.drainSeconds } } } : undefined,
    });
    const { init } = resolved.migrations ?? {};
    const migrations = init ? [this._applicationContainer(init.name, { command: init.command })] : [];
    const { affinity, topologySpreadConstraints } = renderSpread(resolved.spread, this.podLabels, true);
    return renderPod(
      {
        workload: this,
        annotations: { ...this.checksum(), ...scraping, ...this.podAnnotations },
        profile: this._applicationProfile(),
        containers: [main],
        initContainers: [...this._waitContainers(), ...migrations],
        graceSeconds: resolved.terminationGraceSeconds,
      },
      { ...renderSpot(this, resolved.spot, affinity), topologySpreadConstraints },
    );
  }
}
