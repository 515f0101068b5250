import { createHash } from 'node:crypto';

import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { KubeJob, type PodTemplateSpec } from '../../imports/k8s';
import type { Seconds } from '../platform/names';
import { Application, type ApplicationSettings, resolveApplication, type ResolvedApplication } from './application';
import { renderPod } from './pod';
import { resolveResources, resources } from './resources';

/** Something that is done once per release: an import, a clean-up, an administrator's command. */
export interface TaskSettings extends ApplicationSettings {
  /**
   * How often a failed run is tried again.
   * @asType integer
   * @minimum 0
   * @default 3
   */
  readonly retries?: number;

  /**
   * How long it may take, all tries together.
   * @default 600
   */
  readonly deadlineSeconds?: Seconds;
}

/** A task with nothing left open. */
export interface ResolvedTask {
  readonly application: ResolvedApplication;
  readonly retries: number;
  readonly deadlineSeconds: number;
}

/** Fills in defaults. */
export function resolveTask(name: string, settings: TaskSettings): ResolvedTask {
  const fallback = resources(['50m', '128Mi'], ['500m', '256Mi']);
  return {
    application: resolveApplication(name, settings, resolveResources(settings.resources, fallback)),
    retries: settings.retries ?? 3,
    deadlineSeconds: settings.deadlineSeconds ?? 600,
  };
}

/**
 * A Job. Its pods cannot be changed once made, so its name ends in a hash of them: whatever changes makes a new Job, and
 * what has run stays as it was, so that GitOps does not run it again.
 */
export class Task extends Application {
  /** The Job. */
  public readonly job: KubeJob;

  public constructor(scope: Construct, id: string, settings: TaskSettings) {
    const resolved = resolveTask(id, settings);
    super(scope, id, 'task', resolved.application);
    this.job = new KubeJob(this, 'job', {
      metadata: { name: Lazy.any({ produce: () => `${id}-${this.templateHash()}` }) },
      spec: {
        activeDeadlineSeconds: resolved.deadlineSeconds,
        backoffLimit: resolved.retries,
        completions: 1,
        parallelism: 1,
        template: Lazy.any({ produce: () => this.renderTemplate() }),
      },
    });
  }

  private templateHash(): string {
    return createHash('sha256').update(JSON.stringify(this.renderTemplate())).digest('hex').slice(0, 10);
  }

  private renderTemplate(): PodTemplateSpec {
    return renderPod(
      {
        labels: this.podTemplateLabels(),
        annotations: this.checksum(),
        serviceAccountName: this.serviceAccount.name,
        profile: this._applicationProfile(),
        containers: [this._applicationContainer(this.workloadName)],
        initContainers: this._waitContainers(),
        graceSeconds: 30,
      },
      { restartPolicy: 'Never' },
    );
  }
}
