import type { Construct } from 'constructs';

import { KubePodDisruptionBudget } from '../../imports/k8s';

/** How many pods a drain of nodes must leave running. */
export interface DisruptionBudgetSettings {
  /**
   * Pods that stay available. Where that is all there may be, a drain could never finish, and one pod may be missing
   * instead.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - one pod may be missing
   */
  readonly minAvailable?: number;
}

/** A budget with nothing left open: exactly one of the two is given. */
export interface ResolvedDisruptionBudget {
  readonly minAvailable?: number;
  readonly maxUnavailable?: number;
}

/** Keeps `minAvailable` where the fewest replicas leave room for a drain. */
export function resolveDisruptionBudget(
  settings: DisruptionBudgetSettings | undefined,
  minReplicas: number,
): ResolvedDisruptionBudget {
  const minAvailable = settings?.minAvailable;
  return minAvailable !== undefined && minAvailable < minReplicas ? { minAvailable } : { maxUnavailable: 1 };
}

/** The budget of the pods with these labels. A pod that is not ready anyway may always go. */
export function renderDisruptionBudget(
  scope: Construct,
  name: string,
  podLabels: Record<string, string>,
  budget: ResolvedDisruptionBudget,
): KubePodDisruptionBudget {
  return new KubePodDisruptionBudget(scope, 'disruption-budget', {
    metadata: { name },
    spec: { ...budget, selector: { matchLabels: podLabels }, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  });
}
