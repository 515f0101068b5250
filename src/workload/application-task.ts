import { Lazy } from 'cdk8s';

import type { KubeCronJob, KubeJob } from '../../imports/k8s';
import { Connections } from '../network/connections';
import type { Seconds } from '../platform/names';
import { ValidationError, validationMessage } from '../platform/validation-error';
import { type CronSchedule, isTimeZone, scheduleProblem, type TimeZone } from './cron';
import { renderCronJob } from './cron-job';
import { renderJob } from './job';
import type { IApplication } from './lent-pod';
import { locked, type LockType } from './lock';
import { type Pod, renderPod } from './pod';
import { checkResources, type ResolvedResources, resolveResources, type ResourcesSettings } from './resources';
import { renderSpot } from './spot';
import { Workload } from './workload';
import { versionOf } from '../platform/image-reference';

/**
 * What starts a task.
 */
export type TaskTrigger = 'manual' | 'release' | 'schedule';

/** Something that is done with an application's image and in its environment, beside its pods. */
export interface ApplicationTaskSettings {
  /**
   * Command in the application's image. It may be run again after a failure, so it must not mind what is already done.
   * @minItems 1
   */
  readonly command: string[];

  /**
   * What starts it: `release` runs it once for each version of it (another image, command or parameter is another version),
   * `schedule` at the times of `schedule`, and `manual` only when somebody asks for it:
   * `kubectl create job NAME --from=cronjob/TASK`.
   * @default - `schedule` where there is one, else `release`
   */
  readonly trigger?: TaskTrigger;

  /**
   * When it runs. With `trigger: manual` it is kept and does not run.
   * @default - none
   */
  readonly schedule?: CronSchedule;

  /**
   * Zone of the schedule. Where clocks are put back and forth, an hour of the night comes twice or not at all.
   * @default Etc/UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * What keeps two runs from working at once. One on a schedule does not begin while the last one goes on, but one that is
   * started by hand does, and so does that of a new release. `advisory` holds a lock in PostgreSQL around the command and
   * needs Python with SQLAlchemy in the image.
   * @default none
   */
  readonly lock?: LockType;

  /**
   * How often a failed run is tried again, after 10 s, then 20 s, and so on.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 3
   */
  readonly retries?: number;

  /**
   * How long it may take, all tries together.
   * @minimum 1
   * @default 600
   */
  readonly deadlineSeconds?: Seconds;

  /**
   * Ended runs that are kept to be looked at, of those that succeeded and of those that failed; with `trigger: release` all are.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 3
   */
  readonly history?: number;

  /**
   * Whether it may be interrupted, and so runs on nodes that the cloud may take back, where there are some.
   * @default false
   */
  readonly spot?: boolean;

  /**
   * CPU, memory and local disk.
   * @default - those of the application
   */
  readonly resources?: ResourcesSettings;
}

/** A task with nothing left open. */
export interface ResolvedApplicationTask {
  readonly command: string[];
  readonly trigger: TaskTrigger;
  readonly schedule?: string;
  readonly timeZone: string;
  readonly retries: number;
  readonly deadlineSeconds: number;
  readonly history: number;
  readonly spot: boolean;
  readonly resources: ResolvedResources;
}

/** Fills in the defaults that follow from the settings, the task's name and the application's resources. */
export function resolveApplicationTask(
  name: string,
  settings: ApplicationTaskSettings,
  fallback: ResolvedResources,
): ResolvedApplicationTask {
  return {
    command: settings.lock === 'advisory' ? locked(name, settings.command) : settings.command,
    trigger: settings.trigger ?? (settings.schedule === undefined ? 'release' : 'schedule'),
    schedule: settings.schedule,
    timeZone: settings.timeZone ?? 'Etc/UTC',
    retries: settings.retries ?? 3,
    deadlineSeconds: settings.deadlineSeconds ?? 600,
    history: settings.history ?? 3,
    spot: settings.spot ?? false,
    resources: resolveResources(settings.resources, fallback),
  };
}

/** Kubernetes adds eleven characters to the name of a CronJob, as we do to that of a Job, and takes 63 for both. */
const LONGEST_NAME = 52;

/**
 * A task of an application: the application's own container with another command. It has the application's image, variables,
 * secrets and identity of the cloud, waits for what the application waits for and reaches what it reaches, whether that is
 * declared before or after the task. Nobody reaches the task: its labels, ServiceAccount and policy are its own.
 *
 * It has no sidecar of Dapr, which would never end. So it neither reaches nor waits for what the application uses through
 * its sidecar, and is refused where the application uses everything so.
 */
export class ApplicationTask extends Workload {
  /** The Job of this version of the task, where a release starts it. */
  public readonly job?: KubeJob;

  /** What makes its Jobs, where a schedule or somebody starts it. */
  public readonly cronJob?: KubeCronJob;

  public constructor(
    private readonly application: IApplication,
    id: string,
    settings: ApplicationTaskSettings,
  ) {
    super(application, id, {
      component: 'task',
      version: versionOf(application._lentImage),
    });
    const task = resolveApplicationTask(id, settings, application._resources);
    this.check(task);
    application._lendTo(this);
    this.node.addValidation({ validate: () => this.unreachable() });

    const { retries, deadlineSeconds, history, timeZone, schedule } = task;
    const pod = () => this.renderPod(task);
    if (task.trigger === 'release') {
      this.job = renderJob(this, { retries, deadlineSeconds, pod });
      return;
    }
    this.cronJob = renderCronJob(this, {
      name: id,
      schedule,
      timeZone,
      suspended: task.trigger === 'manual',
      retries,
      deadlineSeconds,
      history,
      pod: { ...pod(), template: Lazy.any({ produce: () => pod().template }) },
    });
  }

  private check({ trigger, schedule, timeZone, command, resources }: ResolvedApplicationTask): void {
    checkResources(this, 'resources', resources);
    const refuse = (field: string, problem: string) => {
      throw new ValidationError(this, field, problem);
    };
    const { length } = this.workloadName;
    if (length > LONGEST_NAME) {
      refuse('id', `expected at most ${LONGEST_NAME} characters, for its Jobs add eleven, got ${length}; shorten it`);
    }
    if (command.length === 0) refuse('command', 'expected a command, got none; name what is to be run');
    if (trigger === 'schedule' && schedule === undefined) {
      refuse('schedule', 'is missing, and trigger is schedule; say when it is to run');
    }
    if (trigger === 'release' && schedule !== undefined) {
      refuse('trigger', 'expected schedule or manual, for there is a schedule, got release; remove one of them');
    }
    const problem = schedule === undefined ? undefined : scheduleProblem(schedule);
    if (problem) refuse('schedule', `${problem}; Kubernetes would refuse it, or never run it`);
    if (!isTimeZone(timeZone)) {
      refuse(
        'timeZone',
        `expected a time zone such as Europe/Berlin, got "${timeZone}"; take one of the IANA database`,
      );
    }
  }

  /** What uses everything through its sidecar leaves nothing that a task could do. */
  private unreachable(): string[] {
    const { workloadName, peer } = this.application;
    const relations = Connections.of(this).dialedBy(peer);
    if (relations.length === 0 || relations.some(({ sidecarOnly }) => !sidecarOnly)) return [];
    const found = `${workloadName} uses everything through its sidecar, which a task does not have`;
    return [validationMessage(this, 'command', `${found}; let ${workloadName} use what the command needs itself`)];
  }

  private renderPod(task: ResolvedApplicationTask): Pod {
    const lent = this.application._lentPod(this.workloadName, task.command, task.resources);
    return renderPod(
      { workload: this, graceSeconds: 30, ...lent },
      { ...renderSpot(this, task.spot), restartPolicy: 'Never' },
    );
  }
}
