import type { Construct } from 'constructs';

import type { Seconds } from '../platform/names';
import { ValidationError } from '../platform/validation-error';

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

/** Fills in defaults. */
export function resolveRollout(settings: RolloutSettings = {}): Required<RolloutSettings> {
  return {
    maxSurge: settings.maxSurge ?? 1,
    maxUnavailable: settings.maxUnavailable ?? 0,
    minReadySeconds: settings.minReadySeconds ?? 5,
    progressDeadlineSeconds: settings.progressDeadlineSeconds ?? 600,
  };
}

/** Refuses what would replace no pod, or never be called done. */
export function checkRollout(scope: Construct, rollout: Required<RolloutSettings>): void {
  const { maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds } = rollout;
  if (maxSurge === 0 && maxUnavailable === 0) {
    const found = 'maxSurge and maxUnavailable are both 0, so that no pod could ever be replaced';
    throw new ValidationError(scope, 'rollout', `${found}; raise one of them`);
  }
  if (progressDeadlineSeconds <= minReadySeconds) {
    const found = `expected more than minReadySeconds (${minReadySeconds}), got ${progressDeadlineSeconds}`;
    throw new ValidationError(
      scope,
      'rollout.progressDeadlineSeconds',
      `${found}; every rollout would be called failed`,
    );
  }
}
