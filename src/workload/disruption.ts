import type { Construct } from 'constructs';

import { KubePodDisruptionBudget } from '../../imports/k8s';
import { ValidationError } from '../platform/validation-error';
import type { ResolvedAutoscaling } from './autoscaling';

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

/** Below the maximum a drain can wait for the autoscaler; at or above it, it could never go on. */
export function checkDisruptionBudget(
  scope: Construct,
  settings: DisruptionBudgetSettings | undefined,
  { enabled, maxReplicas }: ResolvedAutoscaling,
): void {
  const minAvailable = settings?.minAvailable ?? 0;
  if (!enabled || minAvailable < maxReplicas) return;
  const found = `expected less than autoscaling.maxReplicas (${maxReplicas}), got ${minAvailable}`;
  throw new ValidationError(
    scope,
    'disruptionBudget.minAvailable',
    `${found}; no number of replicas would let a drain go on`,
  );
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
