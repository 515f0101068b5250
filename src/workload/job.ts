import { Lazy } from 'cdk8s';

import { KubeJob, type PodFailurePolicy } from '../../imports/k8s';
import { digestOf } from '../platform/digest';
import type { Pod } from './pod';
import type { Workload } from './workload';

/** What makes a Job. */
export interface JobParts {
  readonly retries: number;
  readonly deadlineSeconds: number;
  /**
   * Name of the container whose exit code 1 is a verdict: the Job has failed, and no other try would change that.
   * @default - a failed run is tried again, whatever its code
   */
  readonly verdictOf?: string;
  /**
   * How long the Job is kept once it has ended.
   * @default - until somebody removes it
   */
  readonly keepSeconds?: number;
  /** Called when the Job is rendered, so that relations declared after it still count. */
  readonly pod: () => Pod;
}

/**
 * A Job. Its pods cannot be changed once made, so its name ends in a hash of them: whatever changes makes a new Job, and
 * what has run stays as it was, so that GitOps does not run it again.
 */
export function renderJob(workload: Workload, parts: JobParts): KubeJob {
  const { retries, deadlineSeconds, verdictOf, keepSeconds, pod } = parts;
  const template = () => pod().template;
  const hash = () => digestOf(template()).slice(0, 10);
  return new KubeJob(workload, 'job', {
    metadata: {
      name: Lazy.any({ produce: () => `${workload.workloadName}-${hash()}` }),
      annotations: pod().annotations,
    },
    spec: {
      activeDeadlineSeconds: deadlineSeconds,
      backoffLimit: retries,
      completions: 1,
      parallelism: 1,
      podFailurePolicy: verdictOf === undefined ? undefined : verdictPolicy(verdictOf),
      template: Lazy.any({ produce: template }),
      ttlSecondsAfterFinished: keepSeconds,
    },
  });
}

/** A pod that was taken away has said nothing, even where it ended with the code of a verdict. */
const verdictPolicy = (containerName: string): PodFailurePolicy => ({
  rules: [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { containerName, operator: 'In', values: [1] } },
  ],
});
