import { KubeCronJob } from '../../imports/k8s';
import type { Pod } from './pod';
import type { Workload } from './workload';

/** What makes a CronJob. */
export interface CronJobParts {
  readonly name: string;
  /** When it runs, in the five fields of cron; without, it is a template of Jobs that are started by hand. */
  readonly schedule?: string;
  /** Zone of the schedule; UTC where none is given. */
  readonly timeZone?: string;
  /** Whether it is started by hand alone, though it has a schedule. */
  readonly suspended?: boolean;
  readonly retries: number;
  readonly deadlineSeconds: number;
  /** Ended runs that are kept, of those that succeeded and of those that failed; three where nothing is said. */
  readonly history?: number;
  readonly pod: Pod;
  readonly annotations?: { [annotation: string]: string };
}

/** A day that no year has. */
const NEVER = '0 0 31 2 *';

/** A CronJob that does not begin while its last run goes on, and tells its last successes and failures. */
export function renderCronJob(workload: Workload, parts: CronJobParts): KubeCronJob {
  const { history = 3, suspended = parts.schedule === undefined } = parts;
  return new KubeCronJob(workload, parts.name, {
    metadata: { name: parts.name, annotations: { ...parts.pod.annotations, ...parts.annotations } },
    spec: {
      concurrencyPolicy: 'Forbid',
      failedJobsHistoryLimit: history,
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
      successfulJobsHistoryLimit: history,
      suspend: suspended,
      timeZone: parts.timeZone ?? 'Etc/UTC',
    },
  });
}
