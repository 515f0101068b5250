import { KubeCronJob } from '../../imports/k8s';
import type { Pod } from './pod';
import type { Workload } from './workload';

/** What makes a CronJob. */
export interface CronJobParts {
  readonly name: string;
  /** When it runs, in the five fields of cron, in UTC; without, it is a template of Jobs that are started by hand. */
  readonly schedule?: string;
  readonly retries: number;
  readonly deadlineSeconds: number;
  readonly pod: Pod;
  readonly annotations?: { [annotation: string]: string };
}

/** A day that no year has. */
const NEVER = '0 0 31 2 *';

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
      schedule: parts.schedule ?? NEVER,
      // A run that could not begin, for the controller was away, still may within this time.
      startingDeadlineSeconds: 600,
      successfulJobsHistoryLimit: 3,
      suspend: parts.schedule === undefined,
      timeZone: 'Etc/UTC',
    },
  });
}
