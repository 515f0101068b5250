import type { AccessSettings } from './access';
import type { TlsSettings } from './certificates';
import type { CloudSettings } from './clouds';
import { type DeliverySettings, resolveDelivery } from './delivery-settings';
import type { DnsLabel, LabelValue } from './names';
import { type NamespaceAlertsSettings, resolveNamespaceAlerts } from './namespace-alerts-settings';
import type { PoliciesSettings } from './policies/settings';
import { type PrometheusSettings, resolvePrometheus } from './prometheus-settings';
import type { ProtectionSettings } from './protection';
import type { QuotaSettings } from './quota';
import type { SecretsSettings } from './secret-source';

/** Whose network policies the cluster has, beside those of Kubernetes: only theirs can name a host. */
export type NetworkPolicies = 'kubernetes' | 'cilium' | 'calico-enterprise';

/** How alert rules get to Prometheus: as objects that its operator reads, or not at all. */
export type AlertRules = 'none' | 'prometheus-operator';

/** What is common to all systems. */
export interface SystemSettings extends ProtectionSettings {
  /**
   * Version of the system, on the `app.kubernetes.io/version` label of everything that has no version of its own.
   * @pattern ^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$
   * @title a version such as 2.0.0 (letters, digits, dots and dashes, at most 63)
   */
  readonly version: string;

  /** Namespace that the system makes and fills. No two environments may share one. */
  readonly namespace: DnsLabel;

  /**
   * Namespaces beside it, by what the system calls them: only those that it asks for.
   * @default - none
   */
  readonly namespaces?: { [name: string]: DnsLabel };

  /**
   * Whether images without a tag other than `latest` are accepted.
   * @default false
   */
  readonly allowLatestImages?: boolean;

  /**
   * Registry, with a path where it has one, of every image whose repository names no host: a mirror, or the cache of a
   * cloud.
   * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?((\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+(:[0-9]{1,5})?|:[0-9]{1,5})(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$
   * @title the host of a registry in lower case, with a path where it has one
   * @default - that of the cluster's nodes
   */
  readonly imageRegistry?: string;

  /**
   * The cloud on which the cluster runs.
   * @default - any cluster: nothing that only one cloud would understand
   */
  readonly cloud?: CloudSettings;

  /**
   * Labels by which costs are attributed, such as `cost-center`, `owner` and `team`: on every object and every pod. They
   * select nothing, so they can be changed; pods are replaced then, and Jobs run again.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as cost-center"}
   * @default {}
   */
  readonly costLabels?: { [label: string]: LabelValue };

  /**
   * Worker nodes of the cluster, to check that pods which must be apart can be.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - not checked
   */
  readonly nodes?: number;

  /**
   * Bound on the namespace.
   * @default - 1.2 times the computed peak
   */
  readonly quota?: QuotaSettings;

  /**
   * Who may look at and who may deploy the system.
   * @default - nobody but the cluster's administrators
   */
  readonly access?: AccessSettings;

  /**
   * The Prometheus that scrapes the system.
   * @default - pods labelled `app.kubernetes.io/name: prometheus` in the namespace `monitoring`
   */
  readonly prometheus?: PrometheusSettings;

  /**
   * How alert rules get to Prometheus. Its operator reads `PrometheusRule` objects.
   * @default prometheus-operator
   */
  readonly alertRules?: AlertRules;

  /**
   * When somebody is told of volumes, quota, certificates, disruption budgets, autoscalers, Jobs and releases.
   * @default - at the figures that it names
   */
  readonly alerts?: NamespaceAlertsSettings;

  /**
   * Where the values of Secrets come from.
   * @default - from the secrets command
   */
  readonly secrets?: SecretsSettings;

  /**
   * Whose network policies the cluster has. Those of `cilium` and of `calico-enterprise` (Calico Cloud, too, and not open
   * source Calico) open services outside by their DNS names; those of Kubernetes know addresses only.
   * @default kubernetes
   */
  readonly networkPolicies?: NetworkPolicies;

  /**
   * Encryption of what the parts of the system say to one another.
   * @default - none; the network policies alone say who hears whom
   */
  readonly tls?: TlsSettings;

  /**
   * Admission policies: what is refused in the system's namespaces, whoever sends it.
   * @default - none; Pod Security "restricted" alone holds
   */
  readonly policies?: PoliciesSettings;

  /**
   * How Argo CD keeps the cluster like the files.
   * @default - it applies what is new, sets back what was changed, and deletes what is gone
   */
  readonly delivery?: DeliverySettings;
}

/** A system in one environment. */
export interface SystemProps extends SystemSettings {
  /** Name of the system, on the `app.kubernetes.io/part-of` label. */
  readonly system: string;

  /** Name of the environment, on the `environment` label. */
  readonly environment: string;
}

/** What of a system's settings has defaults, with nothing left open. */
export interface ResolvedSystem {
  readonly allowLatestImages: boolean;
  readonly headroom: number;
  readonly prometheus: Required<PrometheusSettings>;
  readonly alertRules: AlertRules;
  readonly alerts: Required<NamespaceAlertsSettings>;
  readonly networkPolicies: NetworkPolicies;
  readonly delivery: Required<DeliverySettings>;
}

/** Fills in defaults. */
export function resolveSystem(settings: SystemSettings): ResolvedSystem {
  return {
    allowLatestImages: settings.allowLatestImages ?? false,
    headroom: settings.quota?.headroom ?? 1.2,
    prometheus: resolvePrometheus(settings.prometheus),
    alertRules: settings.alertRules ?? 'prometheus-operator',
    alerts: resolveNamespaceAlerts(settings.alerts),
    networkPolicies: settings.networkPolicies ?? 'kubernetes',
    delivery: resolveDelivery(settings.delivery),
  };
}
