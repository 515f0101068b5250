import { Chart } from 'cdk8s';
import type { Construct, IConstruct } from 'constructs';

import { KubeStorageClass } from '../../imports/k8s';
import type { Cloud } from './cloud';
import { resolveCloud } from './clouds';
import { checkCostLabels } from './cost-labels';
import type { DeliverySettings } from './delivery-settings';
import { Namespace, type SystemNamespaceProps } from './namespace';
import { checkNamespaceAlerts, type NamespaceAlertsSettings } from './namespace-alerts-settings';
import { Policies } from './policies/policies';
import type { PoliciesSettings } from './policies/settings';
import type { PrometheusSettings } from './prometheus-settings';
import { renderProtection } from './protection';
import type { QuotaAmounts } from './quota';
import { sortedByKey } from './sorted';
import { type AlertRules, type NetworkPolicies, resolveSystem, type SystemProps } from './system-settings';
import { ValidationError } from './validation-error';

/** Charts answer `instanceof` for one another, so a system is known by being listed here. */
const systems = new WeakMap<Chart, System>();

/**
 * A system in one environment: the namespace that it always has, others beside it where it asks for them, and what is common
 * to all of them.
 */
export class System extends Namespace {
  /** The system around a construct. */
  public static containing(scope: IConstruct): System {
    const system = systems.get(Chart.of(scope));
    if (system) return system;
    throw new ValidationError(scope, 'scope', 'is not inside a System; place it in a layer of one');
  }

  /** Name of the system. */
  public readonly systemName: string;

  /** Name of the environment. */
  public readonly environment: string;

  /** Whether images may be tagged `latest` or not at all. */
  public readonly allowLatestImages: boolean;

  /** Registry of every image whose repository names no host, where the settings tell. */
  public readonly imageRegistry?: string;

  /** Worker nodes of the cluster, where the settings tell. */
  public readonly nodes?: number;

  /** The Prometheus that scrapes the system, defaults filled in. */
  public readonly prometheus: PrometheusSettings;

  /** How alert rules get to Prometheus. */
  public readonly alertRules: AlertRules;

  /**
   * When somebody is told of what all workloads share, defaults filled in.
   * @internal
   */
  public readonly _alerts: Required<NamespaceAlertsSettings>;

  /**
   * How Argo CD keeps the environment, defaults filled in.
   * @internal
   */
  public readonly _delivery: Required<DeliverySettings>;

  /** Whose network policies the cluster has. */
  public readonly networkPolicies: NetworkPolicies;

  /**
   * The cloud on which the system runs.
   * @internal
   */
  public readonly _cloud: Cloud;

  /**
   * Name of the storage class of volumes that name none themselves; none where that is left to the cluster.
   * @internal
   */
  public readonly _storageClass?: string;

  /**
   * Admission policies, to be told of each namespace; nothing where the settings ask for none.
   * @internal
   */
  public readonly _policies?: Policies;

  private readonly bounds: Bounds;
  private readonly otherNames: { [name: string]: string };
  private readonly otherAmounts: { [name: string]: QuotaAmounts };
  private readonly others: Namespace[] = [];
  private hostsAreKnown = false;

  public constructor(scope: Construct, id: string, props: SystemProps) {
    const bounds = boundsOf(id, props);
    super(scope, id, { ...bounds, namespace: props.namespace });
    checkCostLabels(this, props.costLabels);
    systems.set(this, this);
    this.systemName = props.system;
    this.environment = props.environment;
    this.nodes = props.nodes;
    this.imageRegistry = props.imageRegistry;
    this._cloud = resolveCloud(this, props.cloud);
    const resolved = resolveSystem(props);
    this.allowLatestImages = resolved.allowLatestImages;
    this.prometheus = resolved.prometheus;
    this.alertRules = resolved.alertRules;
    this._alerts = resolved.alerts;
    checkNamespaceAlerts(this, resolved.alerts);
    this.networkPolicies = resolved.networkPolicies;
    this._delivery = resolved.delivery;
    renderProtection(this, `${props.system}-${props.environment}`, props, this._cloud.volumes?.reclaimPolicy);
    this._storageClass = this.renderStorageClass();
    this.bounds = bounds;
    this.otherNames = props.namespaces ?? {};
    this.otherAmounts = props.quota?.namespaces ?? {};
    this.checkOtherAmounts();
    this._policies = this.renderPolicies(props.policies);
    this._policies?.guard(this);
  }

  /** Every namespace of the system, its own first. */
  public get namespaces(): Namespace[] {
    return [this, ...this.others];
  }

  /**
   * Another namespace, which the settings call so: bounded as the system's own is. Relations across both open both sides. To
   * be called before anything that runs is declared, for in a system of several namespaces names are written whole.
   */
  public addNamespace(name: string): Namespace {
    const namespace = this.otherNames[name];
    if (namespace === undefined) {
      const todo = 'say what the namespace is called in the cluster';
      throw new ValidationError(this, `namespaces.${name}`, `is missing; ${todo}`);
    }
    const twin = this.namespaces.find(({ namespaceName }) => namespaceName === namespace);
    if (twin) {
      const found = `expected a namespace of its own, got "${namespace}", which is that of ${twin.node.path}`;
      throw new ValidationError(this, `namespaces.${name}`, `${found}; name another`);
    }
    if (this.hostsAreKnown) {
      throw new ValidationError(this, 'addNamespace', `"${name}" comes after what runs in the system; add it before`);
    }
    const quota = { ...this.bounds.quota, amounts: this.otherAmounts[name] ?? {}, field: `quota.namespaces.${name}` };
    const other = new Namespace(this, `${this.node.id}-${name}`, { ...this.bounds, quota, namespace });
    systems.set(other, this);
    this.others.push(other);
    this._policies?.guard(other);
    return other;
  }

  /**
   * What a Service is called by its clients: with its namespace, where the system has several.
   * @internal
   */
  public _hostOf(scope: IConstruct, service: string): string {
    this.hostsAreKnown = true;
    return this.others.length > 0 ? `${service}.${Namespace.around(scope).namespaceName}` : service;
  }

  private renderPolicies(settings: PoliciesSettings | undefined): Policies | undefined {
    if (!settings) return undefined;
    const { systemName, environment, allowLatestImages } = this;
    const owner = { instance: this.node.id, prefix: `${systemName}-${environment}`, allowLatestImages };
    return new Policies(this, 'policies', owner, settings);
  }

  private checkOtherAmounts(): void {
    const known = Object.keys(this.otherNames);
    const unknown = Object.keys(this.otherAmounts).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const found = `says nothing: the system has no namespace of this name (it has ${known.join(', ') || 'none'})`;
    throw new ValidationError(this, `quota.namespaces.${unknown}`, `${found}; remove it`);
  }

  /** A volume is made where its pod runs, can grow, and outlives its claim unless the settings say otherwise. */
  private renderStorageClass(): string | undefined {
    const { volumes } = this._cloud;
    if (!volumes) return undefined;
    // The cluster has one list of classes for all systems and environments.
    const name = `${this.systemName}-${this.environment}-data`;
    new KubeStorageClass(this, 'storage-class', {
      metadata: { name },
      ...volumes,
      allowVolumeExpansion: true,
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    return name;
  }
}

/** What all namespaces of a system have in common. */
type Bounds = Omit<SystemNamespaceProps, 'namespace'>;

const boundsOf = (id: string, props: SystemProps): Bounds => ({
  labels: {
    ...sortedByKey(props.costLabels ?? {}),
    'app.kubernetes.io/component': 'platform',
    'app.kubernetes.io/instance': id,
    'app.kubernetes.io/managed-by': 'cdk8s-webstack',
    'app.kubernetes.io/name': props.system,
    'app.kubernetes.io/part-of': props.system,
    'app.kubernetes.io/version': props.version,
    environment: props.environment,
  },
  quota: { headroom: resolveSystem(props).headroom, amounts: props.quota?.amounts ?? {}, field: 'quota.amounts' },
  access: props.access,
  tls: props.tls,
  secrets: props.secrets,
  secretsPrefix: `${props.system}/${props.environment}`,
});
