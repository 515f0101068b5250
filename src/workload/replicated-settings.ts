import type { ApplicationSettings } from './application';
import type { DisruptionBudgetSettings } from './disruption';
import type { RolloutSettings } from './rollout';
import type { SpreadSettings } from './spread';
import type { VerticalAutoscalingSettings } from './vertical-autoscaling';

/** An application of which several pods run, each as good as another. */
export interface ReplicatedSettings extends ApplicationSettings {
  /**
   * Pods; with autoscaling, the fewest. None at all, as in an environment that stands by, are not scaled either.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Requests of the container by what it was seen to use.
   * @default - off
   */
  readonly verticalAutoscaling?: VerticalAutoscalingSettings;

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
   * Whether its pods may be moved so that a node can be removed, where the system's `pods.nodeAutoscaling` is on.
   * @default true
   */
  readonly safeToEvict?: boolean;

  /**
   * How new pods replace old ones.
   * @default - one at a time, none missing
   */
  readonly rollout?: RolloutSettings;
}
