import type { Construct } from 'constructs';

import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { checkWatchedName, podAlerts, type PodAlertsSettings, resolvePodAlerts } from './pod-alerts';
import { PodQueries, type WatchedPods } from './pod-queries';

/** A worker, and whether it is meant to run at all. */
export interface WatchedWorker extends WatchedPods {
  readonly runs: boolean;
}

const RUNBOOK = 'docs/guides/runbooks/workers.md';

/** Tells when a worker does not work. What waits in its queue is for the alerts of the queue to tell. */
export function addWorkerAlerts(scope: Construct, settings: PodAlertsSettings, worker: WatchedWorker): void {
  const alerts = resolvePodAlerts(settings);
  if (!alerts.enabled) return;
  const { name, runs } = worker;
  checkWatchedName(scope, name);
  // One that stands by has no pods, and that is as it should be.
  if (!runs) return;
  const queries = new PodQueries(worker);
  const { unknown, stuck, worn, news } = podAlerts('Worker', name, alerts, queries);
  const idle = `no pod of ${name} works; messages wait`;
  const down: AlertRow = ['WorkerDown', 'critical', '1m', queries.noneReady, idle, 'a-worker-is-down'];
  const all = [down, unknown, stuck, ...worn, ...news];
  Alerts.of(scope).add(name, alertsOf(all, { worker: name }, RUNBOOK));
}
