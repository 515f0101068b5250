import type { Construct } from 'constructs';

import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { ValidationError } from '../platform/validation-error';
import type { Percent } from './autoscaling';
import { LONGEST_WATCHED } from './watched';
import type { WebQueries } from './web-queries';

/** When somebody is told of a web service. What needs its own metrics needs `metrics`. */
export interface WebAlertsSettings {
  /**
   * Whether anybody is told.
   * @default false
   */
  readonly enabled?: boolean;

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

  /**
   * Share of its CPU limit that a container may use for long.
   * @default 90
   */
  readonly cpuPercent?: Percent;

  /**
   * Share of its memory limit that a container may use.
   * @default 90
   */
  readonly memoryPercent?: Percent;

  /**
   * Restarts of one container within 15 minutes that are told of.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 101
   * @default 3
   */
  readonly restarts?: number;

  /**
   * Whether a new version that begins to run is told of.
   * @default true
   */
  readonly deployments?: boolean;
}

/** Fills in defaults. */
export function resolveWebAlerts(settings: WebAlertsSettings): Required<WebAlertsSettings> {
  return {
    enabled: settings.enabled ?? false,
    errorPercent: settings.errorPercent ?? 5,
    errorRequests: settings.errorRequests ?? 20,
    slowPercent: settings.slowPercent ?? 95,
    slowSeconds: settings.slowSeconds ?? 1,
    cpuPercent: settings.cpuPercent ?? 90,
    memoryPercent: settings.memoryPercent ?? 90,
    restarts: settings.restarts ?? 3,
    deployments: settings.deployments ?? true,
  };
}

const RUNBOOK = 'docs/guides/runbooks/web-services.md';

/** How long a new version is told of. */
const NEW = '10m';

/** What of the settings only the application's own metrics can tell. */
const OWN = ['errorPercent', 'errorRequests', 'slowPercent', 'slowSeconds'] as const;

/** Tells when a web service does not do what it is there for. */
export function addWebAlerts(scope: Construct, settings: WebAlertsSettings, queries: WebQueries): void {
  const alerts = resolveWebAlerts(settings);
  if (!alerts.enabled) return;
  const { name, metrics } = queries.service;
  if (name.length > LONGEST_WATCHED) {
    const found = `expected a name of at most ${LONGEST_WATCHED} characters, got "${name}"`;
    throw new ValidationError(scope, 'alerts', `${found}; Kubernetes would cut the names of its pods: rename it`);
  }
  const needy = metrics ? undefined : OWN.find((field) => settings[field] !== undefined);
  if (needy) {
    const found = "expected metrics of the application's own, which this is read from, got none";
    throw new ValidationError(scope, `alerts.${needy}`, `${found}; set metrics or remove it`);
  }
  const own = metrics ? ownAlerts(alerts, queries) : [];
  const news = alerts.deployments ? [deployed(queries)] : [];
  const all = [...availability(queries), ...own, ...saturation(alerts, queries), ...news];
  Alerts.of(scope).add(name, alertsOf(all, { service: name }, RUNBOOK));
}

function availability({ service, down, unknown, stuck }: WebQueries): AlertRow[] {
  const { name } = service;
  return [
    ['ServiceDown', 'critical', '1m', down, `${name} answers nobody`, 'a-service-is-down'],
    [
      'ServiceUnknown',
      'warning',
      '10m',
      unknown,
      `nobody tells whether ${name} is up`,
      'nobody-tells-how-a-service-is',
    ],
    ['ServiceRolloutStuck', 'warning', '1m', stuck, `a rollout of ${name} makes no progress`, 'a-rollout-is-stuck'],
  ];
}

function ownAlerts(alerts: Required<WebAlertsSettings>, queries: WebQueries): AlertRow[] {
  const { name } = queries.service;
  const { errorPercent, errorRequests, slowPercent, slowSeconds } = alerts;
  const enough = `${queries.recentRequests} >= ${errorRequests}`;
  const errors = `${queries.errorRatio} > ${errorPercent / 100} and ${enough}`;
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

function saturation(alerts: Required<WebAlertsSettings>, queries: WebQueries): AlertRow[] {
  const { name } = queries.service;
  const { cpuPercent, memoryPercent, restarts } = alerts;
  const cpu = `${queries.cpuRatio} > ${cpuPercent / 100}`;
  const memory = `${queries.memoryRatio} > ${memoryPercent / 100}`;
  const again = `${queries.restarts('15m')} >= ${restarts}`;
  const busy = `a pod of ${name} uses more than ${cpuPercent} % of the CPU that it may`;
  const full = `a pod of ${name} uses more than ${memoryPercent} % of the memory that it may`;
  const looping = `a pod of ${name} was restarted ${restarts} times or more in 15 minutes`;
  return [
    ['ServiceCpuHigh', 'warning', '15m', cpu, busy, 'a-pod-is-short-of-cpu'],
    ['ServiceMemoryHigh', 'warning', '5m', memory, full, 'a-pod-is-short-of-memory'],
    ['ServiceRestarts', 'warning', '0s', again, looping, 'a-pod-restarts-again-and-again'],
  ];
}

const deployed = (queries: WebQueries): AlertRow => {
  const { name } = queries.service;
  return ['ServiceDeployed', 'info', '0s', queries.deployed(NEW), `${name} runs another version`, 'a-new-version-runs'];
};
