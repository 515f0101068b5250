import type { Construct } from 'constructs';

import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { fraction } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';
import type { Percent } from './autoscaling';
import { checkWatchedName, podAlerts, type PodAlertsSettings, resolvePodAlerts } from './pod-alerts';
import type { WebQueries } from './web-queries';

/** When somebody is told of a web service. What needs its own metrics needs `metrics`. */
export interface WebAlertsSettings extends PodAlertsSettings {
  /**
   * Share of the requests that may end in a server error over five minutes.
   * @default - 5
   */
  readonly errorPercent?: Percent;

  /**
   * Fewest requests in five minutes for that share to mean anything.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1000001
   * @default - 20
   */
  readonly errorRequests?: number;

  /**
   * Share of the requests that must be answered within `slowSeconds`.
   * @default - 95
   */
  readonly slowPercent?: Percent;

  /**
   * Seconds after which an answer is slow. At most the last bound of the histogram, or nothing is ever slow.
   * @exclusiveMinimum 0
   * @maximum 600
   * @default - 1
   */
  readonly slowSeconds?: number;
}

/** Fills in defaults. */
export function resolveWebAlerts(settings: WebAlertsSettings): Required<WebAlertsSettings> {
  return {
    ...resolvePodAlerts(settings),
    errorPercent: settings.errorPercent ?? 5,
    errorRequests: settings.errorRequests ?? 20,
    slowPercent: settings.slowPercent ?? 95,
    slowSeconds: settings.slowSeconds ?? 1,
  };
}

const RUNBOOK = 'docs/guides/runbooks/web-services.md';

/** What of the settings only the application's own metrics can tell. */
const OWN = ['errorPercent', 'errorRequests', 'slowPercent', 'slowSeconds'] as const;

/** Tells when a web service does not do what it is there for. */
export function addWebAlerts(scope: Construct, settings: WebAlertsSettings, queries: WebQueries): void {
  const alerts = resolveWebAlerts(settings);
  if (!alerts.enabled) return;
  const { name, metrics } = queries.service;
  checkWatchedName(scope, name);
  const needy = metrics ? undefined : OWN.find((field) => settings[field] !== undefined);
  if (needy) {
    const found = "expected metrics of the application's own, which this is read from, got none";
    throw new ValidationError(scope, `alerts.${needy}`, `${found}; set metrics or remove it`);
  }
  const own = metrics ? ownAlerts(alerts, queries) : [];
  const { unknown, stuck, worn, news } = podAlerts('Service', name, alerts, queries);
  const down: AlertRow = ['ServiceDown', 'critical', '1m', queries.down, `${name} answers nobody`, 'a-service-is-down'];
  const all = [down, unknown, stuck, ...own, ...worn, ...news];
  Alerts.of(scope).add(name, alertsOf(all, { service: name }, RUNBOOK));
}

function ownAlerts(alerts: Required<WebAlertsSettings>, queries: WebQueries): AlertRow[] {
  const { name } = queries.service;
  const { errorPercent, errorRequests, slowPercent, slowSeconds } = alerts;
  const enough = `${queries.recentRequests} >= ${errorRequests}`;
  const errors = `${queries.errorRatio} > ${fraction(errorPercent)} and ${enough}`;
  const slow = `${queries.latency(slowPercent)} > ${slowSeconds}`;
  const many = `more than ${errorPercent} % of the requests to ${name} end in a server error`;
  const late = `${name} does not answer ${slowPercent} % of its requests within ${slowSeconds} s`;
  const mute = `no pod of ${name} tells its metrics; errors and slow answers would not be seen`;
  return [
    ['ServiceErrors', 'critical', '2m', errors, many, 'many-requests-fail'],
    ['ServiceSlow', 'warning', '10m', slow, late, 'answers-are-slow'],
    ['ServiceNotScraped', 'warning', '10m', queries.unscraped, mute, 'metrics-do-not-arrive'],
  ];
}
