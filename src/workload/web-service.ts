import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import type { Rollout, RolloutTrafficRouting } from '../../imports/argo-rollouts';
import {
  type KubeDeployment,
  type KubeHorizontalPodAutoscaler,
  type KubePodDisruptionBudget,
  KubeService,
  type Probe,
} from '../../imports/k8s';
import type { Endpoint, IConnectable, ListeningPort } from '../network/connectable';
import { Namespace } from '../platform/namespace';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { Application } from './application';
import type { ApplicationTask } from './application-task';
import { renderRollout } from './argo-rollout';
import { checkAutoscaling, measuredBy, renderAutoscaler } from './autoscaling';
import { type DeploymentParts, renderDeployment } from './deployment';
import { checkDisruptionBudget, renderDisruptionBudget } from './disruption';
import { renderProbes } from './health';
import { checkTag, type ImageSettings, type ResolvedImage } from './image';
import { renderMigrations } from './migrations';
import { type Pod, renderPod } from './pod';
import type { ReleaseController, ReleaseStrategy } from './release';
import { checkRelease } from './release-checks';
import { checkRollout } from './rollout';
import { renderSpot } from './spot';
import { renderSpread } from './spread';
import { Objectives, resolveObjectives } from './objectives';
import { checkVerticalAutoscaling, renderVerticalAutoscaler } from './vertical-autoscaling';
import { addWebAlerts } from './web-alerts';
import { addWebPanels } from './web-panels';
import { WebQueries } from './web-queries';
import {
  type ResolvedPods,
  resolveWebService,
  type ResolvedWebService,
  type WebServiceSettings,
} from './web-service-settings';
import { versionOf } from '../platform/image-reference';

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
  /** In percent; to begin with, where a controller changes it. */
  readonly weight: number;
  /** Whether a controller changes the share. */
  readonly managed: boolean;
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

  /** The pods, without Argo Rollouts; those of the version that gets the requests first. */
  public readonly deployments: KubeDeployment[] = [];

  /** The pods, with Argo Rollouts. */
  public readonly rollout?: Rollout;

  /** The name and address under which the pods answer. */
  public readonly service: KubeService;

  /** The name under which a version answers that does not get the requests, or not all of them. */
  public readonly previewService?: KubeService;

  /** What a drain of nodes must leave running, of each version. */
  public readonly disruptionBudgets: KubePodDisruptionBudget[] = [];

  /** Scaling by load, where it is on, of each version that runs. */
  public readonly autoscalers: KubeHorizontalPodAutoscaler[] = [];

  /** The task that migrates the database, where the pods do not do it themselves. */
  public readonly migrations?: ApplicationTask;

  /** What a client needs to know: `<NAME>_URL`. */
  public readonly endpoint: Endpoint;

  /** Path that answers once the pods can take requests. */
  public readonly readinessPath: string;

  /** Port of the Service. */
  public readonly servicePort: number;

  /** Address of the Service for others in the system, without a path. */
  public readonly url: string;

  /**
   * The pods that get the requests.
   * @internal
   */
  public readonly _active: ResolvedPods;

  /**
   * The image it was given, by which its settings are found again.
   * @internal
   */
  public readonly _imageSettings: ImageSettings;

  /**
   * What Prometheus is asked about the service.
   * @internal
   */
  public readonly _queries: WebQueries;

  private readonly podAnnotations: { [annotation: string]: string } = {};
  private readonly candidate?: Candidate;
  private routing?: () => RolloutTrafficRouting | undefined;

  public constructor(scope: Construct, id: string, settings: WebServiceSettings) {
    const resolved = resolveWebService(id, settings);
    super(scope, id, 'web', resolved.application);
    checkRelease(this, settings.release ?? {}, resolved.release);
    this.checkVerticalAutoscaling(settings, resolved);
    this._imageSettings = settings.image;
    checkRollout(this, resolved.rollout);
    ({ strategy: this.releaseStrategy, controller: this.releaseController } = resolved.release);
    this.servicePort = resolved.servicePort;
    this.readinessPath = resolved.health.readiness.path;
    this.addParameters({ PORT: `${resolved.port}` });

    const http: ListeningPort = { name: 'http', port: resolved.port };
    this.url = `http://${System.containing(this)._hostOf(this, id)}:${resolved.servicePort}`;
    this.endpoint = {
      peer: this.peer,
      ports: [http],
      environment: { [`${id.toUpperCase().replace(/-/g, '_')}_URL`]: this.url },
    };
    const { metrics } = resolved;
    const scraping = metrics ? this.scrapedBy(http, metrics.path) : {};
    this._queries = new WebQueries({ name: id, namespace: Namespace.around(this).namespaceName, metrics });
    addWebAlerts(this, settings.alerts ?? {}, this._queries);
    const objectives = settings.slo && new Objectives(this._queries, resolveObjectives(settings.slo));
    objectives?.watch(this);
    addWebPanels(this, this._queries, objectives);
    const [first, second] = resolved.pods;
    this._active = first;
    this.service = this.renderService('service', id, Lazy.any({ produce: () => this.ownSelector(first.label) }));
    if (this.releaseStrategy !== 'rolling') {
      const name = `${id}-${this.releaseStrategy === 'canary' ? 'canary' : 'preview'}`;
      this.previewService = this.renderService('preview-service', name, second && this.selectorOf(second.label));
      this.candidate = this.candidateOf(name, this.previewService, resolved.release.weight);
    }
    // Of two that run, the one that does not get the requests is the newer, but for the moment after a switch.
    this._lentImage = (second && second.replicas > 0 ? second : first).image;
    if (resolved.migrations) this.migrations = renderMigrations(this, resolved.migrations);
    for (const pods of resolved.pods) {
      checkDisruptionBudget(this, settings.disruptionBudget, pods.autoscaling);
      checkTag(this, 'image', pods.image);
      checkAutoscaling(this, settings.autoscaling, pods.autoscaling);
      const { scope, name } = this.placeOf(pods);
      const parts: DeploymentParts = {
        name,
        replicas: isScaled(pods) ? undefined : pods.replicas,
        podLabels: this.selectorOf(pods.label),
        rollout: resolved.rollout,
        pod: () => this.renderPod(pods, resolved, scraping),
      };
      if (this.releaseController === 'argo-rollouts') this.rollout = this.renderRollout(scope, parts, resolved);
      else this.deployments.push(renderDeployment(scope, parts));
      const target = this.rollout ?? this.deployments.at(-1)!;
      this.disruptionBudgets.push(
        renderDisruptionBudget(scope, name, this.selectorOf(pods.label), pods.disruptionBudget),
      );
      if (isScaled(pods)) this.autoscalers.push(renderAutoscaler(scope, target, id, pods.autoscaling));
      if (resolved.verticalAutoscaling && pods.replicas > 0) {
        renderVerticalAutoscaler(scope, target, id, resolved.verticalAutoscaling);
      }
    }
  }

  /** Adds annotations to the pods, for what others put into them. */
  public annotatePods(annotations: { [annotation: string]: string }): void {
    Object.assign(this.podAnnotations, annotations);
  }

  /**
   * Tells that an edge sends requests here, and how it gives shares of them. Gives the version that is to get one, if there
   * is such a version.
   * @internal
   */
  public _onRouted(routing: () => RolloutTrafficRouting | undefined): Candidate | undefined {
    if (this.candidate) this.routing = routing;
    return this.candidate;
  }

  /** Without a controller only an edge gives shares: a canary that none sends requests to would never be tried. */
  private candidateOf(workloadName: string, service: KubeService, weight: number): Candidate | undefined {
    if (this.releaseStrategy !== 'canary') return undefined;
    const managed = this.releaseController !== 'none';
    const found = 'shares are given at the edge, and none sends requests here';
    const todo = 'route a path, or set strategy: blue-green or rolling, or controller: argo-rollouts';
    const problem = new ValidationError(this, 'release.strategy', `${found}; ${todo}`);
    this.node.addValidation({ validate: () => (this.routing || managed ? [] : [problem.message]) });
    const { servicePort, readinessPath, endpoint } = this;
    return { service: { workloadName, servicePort, service, readinessPath, endpoint }, weight, managed };
  }

  private checkVerticalAutoscaling(
    { verticalAutoscaling: given, autoscaling }: WebServiceSettings,
    { verticalAutoscaling: resolved, application: { resources } }: ResolvedWebService,
  ): void {
    if (given && resolved) checkVerticalAutoscaling(this, given, resolved, resources, measuredBy(autoscaling));
  }

  /** The pods of one version, or of all. */
  private selectorOf(version: string | undefined): { [label: string]: string } {
    return version ? { ...this.podLabels, version } : this.podLabels;
  }

  private renderService(id: string, name: string, selector: { [label: string]: string } | undefined): KubeService {
    return new KubeService(this, id, {
      metadata: { name },
      spec: {
        type: 'ClusterIP',
        selector,
        ports: [{ name: 'http', port: this.servicePort, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
      },
    });
  }

  /**
   * Argo Rollouts writes the selectors of the Services between which it moves requests. A selector of ours would take its
   * place at each apply, and both versions would get requests until the controller looks again.
   */
  private ownSelector(version: string | undefined): { [label: string]: string } | undefined {
    const isMoved = this.releaseStrategy === 'blue-green' || this.routing !== undefined;
    return this.releaseController === 'argo-rollouts' && isMoved ? undefined : this.selectorOf(version);
  }

  /** Where the objects of a version are made, and what they are called. */
  private placeOf({ label, image }: ResolvedPods): { scope: Construct; name: string } {
    if (!label) return { scope: this, name: this.workloadName };
    const scope = new Version(this, label, versionLabels(label, image));
    return { scope, name: `${this.workloadName}-${label}` };
  }

  private renderRollout(scope: Construct, parts: DeploymentParts, { release, metrics }: ResolvedWebService): Rollout {
    const previewService = this.previewService?.name ?? parts.name;
    const trafficRouting = () => this.routing?.();
    return renderRollout(scope, { ...parts, release, metrics, previewService, trafficRouting });
  }

  private renderPod(
    { label, image }: ResolvedPods,
    resolved: ResolvedWebService,
    scraping: Record<string, string>,
  ): Pod {
    const probes: Record<string, Probe> = renderProbes(resolved.health);
    const fields = {
      ...probes,
      ports: [{ name: 'http', containerPort: resolved.port, protocol: 'TCP' as const }],
      // Kubernetes 1.30 refuses to sleep for nothing.
      lifecycle: resolved.drainSeconds > 0 ? { preStop: { sleep: { seconds: resolved.drainSeconds } } } : undefined,
    };
    const main = this._applicationContainer(this.workloadName, fields, image);
    const { init } = resolved.migrations ?? {};
    const migrations = init ? [this._applicationContainer(init.name, { command: init.command }, image)] : [];
    const { affinity, topologySpreadConstraints } = renderSpread(
      resolved.spread,
      this.selectorOf(label),
      this.releaseController === 'argo-rollouts' ? 'rollouts-pod-template-hash' : 'pod-template-hash',
    );
    return renderPod(
      {
        workload: this,
        labels: label && versionLabels(label, image),
        annotations: { ...this.checksum(), ...scraping, ...this.podAnnotations },
        profile: this._applicationProfile(),
        containers: [main],
        initContainers: [...this._waitContainers(), ...migrations],
        graceSeconds: resolved.terminationGraceSeconds,
        safeToEvict: resolved.safeToEvict,
      },
      { ...renderSpot(this, resolved.spot, affinity), topologySpreadConstraints },
    );
  }
}

/** Labels of the objects and pods of one version. */
const versionLabels = (version: string, image: ResolvedImage) => ({
  version,
  'app.kubernetes.io/version': versionOf(image),
});

/** An autoscaler leaves alone what has been set to none, and that must be said. */
const isScaled = ({ autoscaling, replicas }: ResolvedPods) => autoscaling.enabled && replicas > 0;
