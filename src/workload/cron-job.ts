import { KubeCronJob } from '../../imports/k8s';
import type { Pod } from './pod';
import type { Workload } from './workload';

/** What makes a CronJob. */
export interface CronJobParts {
  readonly name: string;
  /** When it runs, in the five fields of cron, in UTC. */
  readonly schedule: string;
  /** Whether it waits to be started by hand: then it is a template of Jobs, and its schedule says nothing. */
  readonly suspend?: boolean;
  readonly retries: number;
  readonly deadlineSeconds: number;
  readonly pod: Pod;
  readonly annotations?: { [annotation: string]: string };
}

/** A CronJob that never runs twice at one time, and tells its last three successes and failures. */
export function renderCronJob(workload: Workload, parts: CronJobParts): KubeCronJob {
  return new KubeCronJob(workload, parts.name, {
    metadata: { name: parts.name, annotations: { ...parts.pod.annotations, ...parts.annotations } },
    spec: {
      concurrencyPolicy: 'Forbid',
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          activeDeadlineSeconds: parts.deadlineSeconds,
          backoffLimit: parts.retries,
          template: parts.pod.template,
        },
      },
      schedule: parts.schedule,
      // A run that could not begin, for the controller was away, still may within this time.
      startingDeadlineSeconds: 600,
      successfulJobsHistoryLimit: 3,
      suspend: parts.suspend ?? false,
      timeZone: 'Etc/UTC',
    },
  });
}
