import type { Construct } from 'constructs';

import type { Duration } from './duration';
import { ValidationError } from './validation-error';

/**
 * When somebody is told of what all workloads of a namespace share: volumes, quota, certificates, disruption budgets,
 * autoscalers, Jobs and releases.
 */
export interface NamespaceAlertsSettings {
  /**
   * Share of a volume that may be full before somebody is warned, in percent.
   * @asType integer
   * @minimum 1
   * @maximum 100
   * @default 85
   */
  readonly volumePercent?: number;

  /**
   * Share of a volume that may be full before somebody is woken, in percent.
   * @asType integer
   * @minimum 1
   * @maximum 100
   * @default 95
   */
  readonly volumeCriticalPercent?: number;

  /**
   * Share of the quota that may be used, in percent. Storage is not watched: its use is what the manifests say.
   * @asType integer
   * @minimum 1
   * @maximum 100
   * @default 90
   */
  readonly quotaPercent?: number;

  /**
   * Days before the end of a certificate at which somebody is woken, if half of the time for its renewal is over, too.
   * @asType integer
   * @minimum 1
   * @maximum 365
   * @default 7
   */
  readonly certificateDays?: number;

  /**
   * How long a disruption budget may let no pod go: for as long no node of such a pod can be drained.
   * @default 1h
   */
  readonly disruptionsBlockedFor?: Duration;

  /**
   * How long an autoscaler may be at its maximum.
   * @default 30m
   */
  readonly autoscalerAtMaximumFor?: Duration;

  /**
   * How long a release of Argo Rollouts may wait for somebody to let it go on.
   * @default 2h
   */
  readonly releasePausedFor?: Duration;
}

/** Fills in defaults. */
export function resolveNamespaceAlerts(settings: NamespaceAlertsSettings = {}): Required<NamespaceAlertsSettings> {
  return {
    volumePercent: settings.volumePercent ?? 85,
    volumeCriticalPercent: settings.volumeCriticalPercent ?? 95,
    quotaPercent: settings.quotaPercent ?? 90,
    certificateDays: settings.certificateDays ?? 7,
    disruptionsBlockedFor: settings.disruptionsBlockedFor ?? '1h',
    autoscalerAtMaximumFor: settings.autoscalerAtMaximumFor ?? '30m',
    releasePausedFor: settings.releasePausedFor ?? '2h',
  };
}

/** Refuses to wake somebody before anybody is warned. */
export function checkNamespaceAlerts(scope: Construct, settings: Required<NamespaceAlertsSettings>): void {
  const { volumePercent, volumeCriticalPercent } = settings;
  if (volumeCriticalPercent > volumePercent) return;
  const found = `expected more than alerts.volumePercent (${volumePercent}), got ${volumeCriticalPercent}`;
  throw new ValidationError(scope, 'alerts.volumeCriticalPercent', `${found}; raise it or lower the other`);
}
