import { Lazy } from 'cdk8s';

import { KubeJob } from '../../imports/k8s';
import { digestOf } from '../platform/digest';
import type { Pod } from './pod';
import type { Workload } from './workload';

/** What makes a Job. */
export interface JobParts {
  readonly retries: number;
  readonly deadlineSeconds: number;
  /** Called when the Job is rendered, so that relations declared after it still count. */
  readonly pod: () => Pod;
}

/**
 * A Job. Its pods cannot be changed once made, so its name ends in a hash of them: whatever changes makes a new Job, and
 * what has run stays as it was, so that GitOps does not run it again.
 */
export function renderJob(workload: Workload, { retries, deadlineSeconds, pod }: JobParts): KubeJob {
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
      template: Lazy.any({ produce: template }),
    },
  });
}
