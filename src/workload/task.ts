import type { Construct } from 'constructs';

import type { KubeJob } from '../../imports/k8s';
import type { Seconds } from '../platform/names';
import { Application, type ApplicationSettings, resolveApplication, type ResolvedApplication } from './application';
import { renderJob } from './job';
import { type Pod, renderPod } from './pod';
import { resolveResources, resources } from './resources';
import { renderSpot } from './spot';

/** Something that is done once per release: an import, a clean-up, an administrator's command. */
export interface TaskSettings extends ApplicationSettings {
  /**
   * How often a failed run is tried again.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 3
   */
  readonly retries?: number;

  /**
   * How long it may take, all tries together.
   * @default 600
   */
  readonly deadlineSeconds?: Seconds;

  /**
   * Whether it may be interrupted, and so runs on nodes that the cloud may take back, where there are some.
   * @default false
   */
  readonly spot?: boolean;
}

/** A task with nothing left open. */
export interface ResolvedTask {
  readonly application: ResolvedApplication;
  readonly retries: number;
  readonly deadlineSeconds: number;
  readonly spot: boolean;
}

/** Fills in defaults. */
export function resolveTask(name: string, settings: TaskSettings): ResolvedTask {
  const fallback = resources(['50m', '128Mi'], ['500m', '256Mi']);
  return {
    application: resolveApplication(name, settings, resolveResources(settings.resources, fallback)),
    retries: settings.retries ?? 3,
    deadlineSeconds: settings.deadlineSeconds ?? 600,
    spot: settings.spot ?? false,
  };
}

/** A Job with a name of its own for each version of it. */
export class Task extends Application {
  /** The Job. */
  public readonly job: KubeJob;

  public constructor(scope: Construct, id: string, settings: TaskSettings) {
    const resolved = resolveTask(id, settings);
    super(scope, id, 'task', resolved.application);
    const { retries, deadlineSeconds, spot } = resolved;
    this.job = renderJob(this, { retries, deadlineSeconds, pod: () => this.renderPod(spot) });
  }

  private renderPod(spot: boolean): Pod {
    return renderPod(
      {
        workload: this,
        annotations: this.checksum(),
        profile: this._applicationProfile(),
        containers: [this._applicationContainer(this.workloadName)],
        initContainers: this._waitContainers(),
        graceSeconds: 30,
      },
      { ...renderSpot(this, spot), restartPolicy: 'Never' },
    );
  }
}
