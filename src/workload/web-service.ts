import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import {
  KubeDeployment,
  type KubeHorizontalPodAutoscaler,
  type KubePodDisruptionBudget,
  KubeService,
  type Probe,
} from '../../imports/k8s';
import type { Endpoint, IConnectable, ListeningPort } from '../network/connectable';
import { ValidationError } from '../platform/validation-error';
import { Application } from './application';
import { checkAutoscaling, renderAutoscaler, type ResolvedAutoscaling } from './autoscaling';
import { renderDisruptionBudget } from './disruption';
import { renderProbes } from './health';
import { checkTag } from './image';
import { type Pod, renderPod } from './pod';
import { checkRelease, type ReleaseController, type ReleaseStrategy } from './release';
import { renderSpot } from './spot';
import { renderSpread } from './spread';
import {
  type ResolvedPods,
  resolveWebService,
  type ResolvedWebService,
  type RolloutSettings,
  type WebServiceSettings,
} from './web-service-settings';
import { versionOf } from './workload';

export { type WebServiceSettings } from './web-service-settings';

/** A Service that an edge sends requests to. */
export interface RouteTarget {
  /** Its name. */
  readonly workloadName: string;
  readonly servicePort: number;
  readonly service: KubeService;
  /** Path that answers once the pods can take requests. */
  readonly readinessPath: string;
  readonly endpoint: Endpoint;
}

/** A version beside the one that gets the requests, and its share of them. */
export interface Candidate {
  readonly service: RouteTarget;
  /** In percent. */
  readonly weight: number;
}

/** Around the objects of one version: its labels are theirs, beside those of the workload. */
class Version extends Construct {
  public constructor(
    scope: Construct,
    label: string,
    public readonly labels: { [label: string]: string },
  ) {
    super(scope, label);
  }
}

/** An application that answers HTTP: Deployment, Service, autoscaler, disruption budget and policy. */
export class WebService extends Application implements IConnectable {
  /** How a new version takes over from the old one. */
  public readonly releaseStrategy: ReleaseStrategy;

  /** Who takes the steps of a release. */
  public readonly releaseController: ReleaseController;

  /** The pods; those of the version that gets the requests first. */
  public readonly deployments: KubeDeployment[] = [];

  /** The name and address under which the pods answer. */
  public readonly service: KubeService;

  /** The name under which a version answers that does not get the requests, or not all of them. */
  public readonly previewService?: KubeService;

  /** What a drain of nodes must leave running, of each version. */
  public readonly disruptionBudgets: KubePodDisruptionBudget[] = [];

  /** Scaling by load, where it is on, of each version that runs. */
  public readonly autoscalers: KubeHorizontalPodAutoscaler[] = [];

  /** What a client needs to know: `<NAME>_URL`. */
  public readonly endpoint: Endpoint;

  /** Path that answers once the pods can take requests. */
  public readonly readinessPath: string;

  /** Port of the Service. */
  public readonly servicePort: number;

  private readonly podAnnotations: { [annotation: string]: string } = {};
  private readonly candidate?: Candidate;
  private isRouted = false;

  public constructor(scope: Construct, id: string, settings: WebServiceSettings) {
    const resolved = resolveWebService(id, settings);
    super(scope, id, 'web', resolved.application);
    checkRelease(this, settings.release);
    this.checkRollout(resolved.rollout);
    this.releaseStrategy = resolved.release.strategy;
    this.releaseController = resolved.release.controller;
    this.servicePort = resolved.servicePort;
    this.readinessPath = resolved.health.readiness.path;
    this.addParameters({ PORT: `${resolved.port}` });

    const http: ListeningPort = { name: 'http', port: resolved.port };
    this.endpoint = {
      peer: this.peer,
      ports: [http],
      environment: { [`${id.toUpperCase().replace(/-/g, '_')}_URL`]: `http://${id}:${resolved.servicePort}` },
    };
    const scraping = resolved.metricsPath ? this.scrapedBy(http, resolved.metricsPath) : {};
    const [first, second] = resolved.pods;
    this.service = this.renderService('service', id, first?.label);
    if (second) {
      const name = `${id}-${this.releaseStrategy === 'canary' ? 'canary' : 'preview'}`;
      this.previewService = this.renderService('preview-service', name, second.label);
      this.candidate = this.candidateOf(name, this.previewService, resolved.release.weight);
    }
    for (const pods of resolved.pods) {
      this.checkBudget(settings.disruptionBudget?.minAvailable, pods.autoscaling);
      this.renderVersion(pods, resolved, scraping);
    }
  }

  /** Adds annotations to the pods, for what others put into them. */
  public annotatePods(annotations: { [annotation: string]: string }): void {
    Object.assign(this.podAnnotations, annotations);
  }

  /**
   * Tells that an edge sends requests here. Gives the version that is to get a share of them, if there is one.
   * @internal
   */
  public _onRouted(): Candidate | undefined {
    this.isRouted = true;
    return this.candidate;
  }

  /** Only an edge gives shares: a canary that none sends requests to would never be tried. */
  private candidateOf(workloadName: string, service: KubeService, weight: number): Candidate | undefined {
    if (this.releaseStrategy !== 'canary') return undefined;
    const found = 'shares are given at the edge, and none sends requests here';
    const problem = new ValidationError(
      this,
      'release.strategy',
      `${found}; route a path, or set blue-green or rolling`,
    );
    this.node.addValidation({ validate: () => (this.isRouted ? [] : [problem.message]) });
    const { servicePort, readinessPath, endpoint } = this;
    return { service: { workloadName, servicePort, service, readinessPath, endpoint }, weight };
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

  /** The pods of one version, or of all. */
  private selectorOf(version: string | undefined): { [label: string]: string } {
    return version ? { ...this.podLabels, version } : this.podLabels;
  }

  private renderService(id: string, name: string, version: string | undefined): KubeService {
    return new KubeService(this, id, {
      metadata: { name },
      spec: {
        type: 'ClusterIP',
        selector: this.selectorOf(version),
        ports: [{ name: 'http', port: this.servicePort, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
      },
    });
  }

  private renderVersion(pods: ResolvedPods, resolved: ResolvedWebService, scraping: Record<string, string>): void {
    const { label, image, autoscaling, disruptionBudget } = pods;
    checkTag(this, 'image', image);
    checkAutoscaling(this, autoscaling);
    const name = label ? `${this.workloadName}-${label}` : this.workloadName;
    const labels = label && { version: label, 'app.kubernetes.io/version': versionOf(image) };
    const scope = labels ? new Version(this, label, labels) : this;
    const pod = () => this.renderPod(pods, resolved, { labels: labels || undefined, scraping });
    this.deployments.push(this.renderDeployment(scope, name, pods, resolved, pod));
    this.disruptionBudgets.push(renderDisruptionBudget(scope, name, this.selectorOf(label), disruptionBudget));
    if (autoscaling.enabled && pods.replicas > 0) {
      this.autoscalers.push(renderAutoscaler(scope, name, this.workloadName, autoscaling));
    }
  }

  private renderDeployment(
    scope: Construct,
    name: string,
    { label, replicas, autoscaling }: ResolvedPods,
    { rollout }: ResolvedWebService,
    pod: () => Pod,
  ): KubeDeployment {
    return new KubeDeployment(scope, 'deployment', {
      metadata: { name, annotations: pod().annotations },
      spec: {
        minReadySeconds: rollout.minReadySeconds,
        progressDeadlineSeconds: rollout.progressDeadlineSeconds,
        // An autoscaler leaves alone what has been set to none.
        replicas: autoscaling.enabled && replicas > 0 ? undefined : replicas,
        revisionHistoryLimit: 5,
        selector: { matchLabels: this.selectorOf(label) },
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxSurge: rollout.maxSurge, maxUnavailable: rollout.maxUnavailable },
        },
        template: Lazy.any({ produce: () => pod().template }),
      },
    });
  }

  private renderPod(
    { label, image }: ResolvedPods,
    resolved: ResolvedWebService,
    { labels, scraping }: { labels?: { [label: string]: string }; scraping: Record<string, string> },
  ): Pod {
    const probes: Record<string, Probe> = renderProbes(resolved.health);
    const fields = {
      ...probes,
      ports: [{ name: 'http', containerPort: resolved.port, protocol: 'TCP' as const }],
      // Kubernetes 1.30 refuses to sleep for nothing.
      lifecycle: resolved.drainSeconds > 0 ? { preStop: { sleep: { seconds: resolved.drainSeconds } } } : undefined,
    };
    const main = this._applicationContainer(this.workloadName, fields, image);
    const migrations = resolved.migrations
      ? [this._applicationContainer('migrations', { command: resolved.migrations }, image)]
      : [];
    const { affinity, topologySpreadConstraints } = renderSpread(resolved.spread, this.selectorOf(label), true);
    return renderPod(
      {
        workload: this,
        labels,
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
