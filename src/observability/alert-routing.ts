import { Chart } from 'cdk8s';
import { Construct } from 'constructs';

import {
  MonitoringAlertmanagerConfig,
  type MonitoringAlertmanagerConfigInhibitRules,
  type MonitoringAlertmanagerConfigMuteTimeIntervals,
  type MonitoringAlertmanagerConfigRoute,
} from '../../imports/prometheus';
import type { AlertSeverity } from '../platform/alert';
import { parseDuration } from '../platform/duration';
import { Secrets } from '../platform/secrets';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { receiverOf } from './alert-receivers';
import {
  type AlertRoutingSettings,
  type QuietSettings,
  resolveAlertRouting,
  type ResolvedAlertRouting,
} from './alert-routing-settings';

/** A receiver without anybody: what Alertmanager calls nobody. */
const NOBODY = 'nobody';
const QUIET = 'quiet';

/**
 * Who is told of the alerts of a namespace, by severity: routes and receivers for the cluster's Alertmanager. Its operator
 * adds to each that the alert is of this namespace.
 */
export class AlertRouting extends Construct {
  /** Labels of the configuration, beside those of the system. */
  public readonly labels: { [label: string]: string };

  /** Routes and receivers. */
  public readonly config: MonitoringAlertmanagerConfig;

  public constructor(scope: Construct, id: string, settings: AlertRoutingSettings) {
    super(scope, id);
    const routing = resolveAlertRouting(settings);
    const { systemName, environment, alertRules } = System.containing(this);
    if (alertRules === 'none') {
      const found = 'expected alertRules: prometheus-operator, got none, so that there are no alerts';
      throw new ValidationError(this, 'alerts', `${found}; remove the routes, or have the rules`);
    }
    this.checkTargets(routing, settings);
    this.checkTimes(routing);
    this.declareSecrets(routing);
    this.labels = {
      'app.kubernetes.io/component': 'alerts',
      'app.kubernetes.io/name': id,
      ...routing.labels,
    };
    const told = routing.routes.filter(({ to }) => to.length > 0);
    this.config = new MonitoringAlertmanagerConfig(this, 'config', {
      metadata: { name: Chart.of(this).node.id },
      spec: {
        route: routeOf(routing),
        receivers: [
          { name: NOBODY },
          ...told.map((route) => receiverOf(route, routing, `${systemName} ${environment}`)),
        ],
        inhibitRules: INHIBITIONS,
        muteTimeIntervals: routing.quiet && [quietOf(routing.quiet)],
      },
    });
  }

  /** Somebody is told of what is critical, and nobody who is not described. */
  private checkTargets({ routes }: ResolvedAlertRouting, settings: AlertRoutingSettings): void {
    for (const { severity, to } of routes) {
      const unknown = to.find((target) => !settings[target]);
      if (unknown !== undefined) {
        const found = `expected targets that are described, got ${unknown}, which is not`;
        throw new ValidationError(this, `${severity}.to`, `${found}; describe ${unknown}, or remove it here`);
      }
      if (new Set(to).size < to.length) {
        const found = `expected each target once, got ${to.join(', ')}`;
        throw new ValidationError(this, `${severity}.to`, `${found}; remove one`);
      }
      if (settings[severity]?.channel !== undefined && !to.includes('slack')) {
        const found = `expected a channel where Slack is told, got ${settings[severity].channel} and no slack in to`;
        throw new ValidationError(this, `${severity}.channel`, `${found}; add slack, or remove the channel`);
      }
    }
    if (routes.some(({ severity, to }) => severity === 'critical' && to.length > 0)) return;
    const found = 'expected somebody who is told of critical alerts, got nobody';
    throw new ValidationError(this, 'critical.to', `${found}; describe pagerDuty or slack, and name one`);
  }

  private checkTimes({ routes, quiet }: ResolvedAlertRouting): void {
    for (const { severity, groupInterval, repeatInterval } of routes) {
      if (parseDuration(repeatInterval) >= parseDuration(groupInterval)) continue;
      const found = `expected at least groupInterval (${groupInterval}), got ${repeatInterval}`;
      const todo = 'raise it, for a group is only looked at that often';
      throw new ValidationError(this, `${severity}.repeatInterval`, `${found}; ${todo}`);
    }
    if (quiet?.from !== quiet?.to || !quiet) return;
    const found = `expected an end other than the beginning, got ${quiet.to}`;
    throw new ValidationError(this, 'quiet.to', `${found}; for whole days tell nobody by to: [] of the severity`);
  }

  /** Only whoever has the accounts can give the keys. */
  private declareSecrets({ pagerDuty, secret, routes }: ResolvedAlertRouting): void {
    const keys = routes.flatMap(({ to, webhookKey }) => [
      ...(pagerDuty && to.includes('pagerDuty') ? [pagerDuty.secretKey] : []),
      ...(to.includes('slack') ? [webhookKey] : []),
    ]);
    const provided = [...new Set(keys)].map((key) => [key, { provided: true }]);
    Secrets.of(this).declare({ name: secret, keys: Object.fromEntries(provided) });
  }
}

/** A bare `=` is a type of its own in YAML 1.1, and parsers in Python stop at it. The expression must fit the whole value. */
function severityIs(value: AlertSeverity): { name: string; value: string; matchType: '=~' } {
  return { name: 'severity', value, matchType: '=~' };
}

function routeOf({ routes, groupBy, quiet }: ResolvedAlertRouting): MonitoringAlertmanagerConfigRoute {
  const waits = (severity: AlertSeverity) => severity !== 'critical' && quiet?.severities.includes(severity);
  return {
    // What has another severity is not ours to tell of.
    receiver: NOBODY,
    groupBy,
    routes: routes.map(({ severity, to, groupWait, groupInterval, repeatInterval }) => ({
      receiver: to.length > 0 ? severity : NOBODY,
      matchers: [severityIs(severity)],
      groupBy,
      groupWait,
      groupInterval,
      repeatInterval,
      ...(to.length > 0 && waits(severity) ? { muteTimeIntervals: [QUIET] } : {}),
    })),
  };
}

/**
 * What is critical silences the warnings of the same thing: of the same service, and of the same name. An absent label
 * equals an absent one, so the first must ask for a service, or one alert would silence all that have none.
 */
const INHIBITIONS: MonitoringAlertmanagerConfigInhibitRules[] = [['service'], ['alertname', 'service']].map(
  (equal) => ({
    sourceMatch: [
      severityIs('critical'),
      ...(equal.length === 1 ? [{ name: 'service', value: '', matchType: '!=' as const }] : []),
    ],
    targetMatch: [severityIs('warning')],
    equal,
  }),
);

/** A range ends with its day: one over midnight is two. */
function quietOf({ days, from, to }: Required<QuietSettings>): MonitoringAlertmanagerConfigMuteTimeIntervals {
  const range = (startTime: string, endTime: string) => ({ startTime, endTime });
  const overnight = [range(from, '24:00'), range('00:00', to)].filter(
    ({ startTime, endTime }) => startTime !== endTime,
  );
  return {
    name: QUIET,
    timeIntervals: [{ times: from < to ? [range(from, to)] : overnight, weekdays: days }],
  };
}
