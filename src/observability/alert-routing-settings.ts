import type { AlertSeverity } from '../platform/alert';
import type { Duration } from '../platform/duration';
import type { DnsLabel, LabelValue, SecretKeyName } from '../platform/names';

/** Who can be told of an alert. */
export type AlertTarget = 'pagerDuty' | 'slack';

/**
 * A channel of Slack.
 * @pattern ^(#[a-z0-9][-a-z0-9_]{0,79}|[CG][A-Z0-9]{8,20})$
 * @title a channel of Slack such as #shop-alerts, or its identity
 */
export type SlackChannel = string;

/**
 * Label of an alert.
 * @pattern ^[a-zA-Z_][a-zA-Z0-9_]*$
 * @title the name of a label (letters, digits and underscores)
 */
export type AlertLabel = string;

/** PagerDuty, by its events API, version 2. */
export interface PagerDutySettings {
  /**
   * Where the account lives.
   * @default us
   */
  readonly region?: 'eu' | 'us';

  /**
   * Key of the Secret in which the routing key of the service's integration is.
   * @default pagerduty-routing-key
   */
  readonly secretKey?: SecretKeyName;
}

/** Slack, by incoming webhooks. */
export interface SlackSettings {
  /** Channel for what has none of its own. */
  readonly channel: SlackChannel;

  /**
   * Key of the Secret in which the URL of the webhook is. A severity with a channel of its own has a webhook of its own,
   * under this key, a dash and the severity: the webhooks of Slack's apps post to one channel only.
   * @default slack-webhook
   */
  readonly secretKey?: SecretKeyName;
}

/** Who is told of the alerts of one severity, and how often. */
export interface AlertRouteSettings {
  /**
   * Who is told. An empty list tells nobody.
   * @default - as the severity says
   */
  readonly to?: AlertTarget[];

  /**
   * Channel of Slack.
   * @default - that of all severities
   */
  readonly channel?: SlackChannel;

  /**
   * How long alerts are gathered before the first message of a group.
   * @default - 10s for critical ones, else 30s
   */
  readonly groupWait?: Duration;

  /**
   * How long alerts are gathered before another message of the same group.
   * @default 5m
   */
  readonly groupInterval?: Duration;

  /**
   * After how long the same message is sent again while nothing changes.
   * @default - 1h for critical ones, 12h for warnings, 7d for what is only information
   */
  readonly repeatInterval?: Duration;
}

/**
 * A time of the day.
 * @pattern ^([01][0-9]|2[0-3]):[0-5][0-9]$
 * @title a time of the day such as 22:00
 */
export type TimeOfDay = string;

/** A day of the week. */
export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';

/** Hours in which nobody is told of what can wait. */
export interface QuietSettings {
  /**
   * What can wait. What is critical never does.
   * @minItems 1
   * @default ["warning", "info"]
   */
  readonly severities?: ('info' | 'warning')[];

  /**
   * Days; the whole of them that lies between the hours, so that with 22:00 to 07:00 both ends of a day are quiet.
   * @minItems 1
   * @default - every day
   */
  readonly days?: Weekday[];

  /** When it begins, in UTC. */
  readonly from: TimeOfDay;

  /** When it ends, in UTC: where that is before the beginning, on the next day. */
  readonly to: TimeOfDay;
}

/** Who is told of the system's alerts, by Alertmanager. At least one of `pagerDuty` and `slack` is needed. */
export interface AlertRoutingSettings {
  /**
   * PagerDuty.
   * @default - not used
   */
  readonly pagerDuty?: PagerDutySettings;

  /**
   * Slack.
   * @default - not used
   */
  readonly slack?: SlackSettings;

  /**
   * Name of the Secret with the keys of PagerDuty and the webhooks of Slack.
   * @default alert-receivers
   */
  readonly secret?: DnsLabel;

  /**
   * What somebody must look at at once.
   * @default - everybody there is
   */
  readonly critical?: AlertRouteSettings;

  /**
   * What somebody must look at in working hours.
   * @default - Slack, where it is used
   */
  readonly warning?: AlertRouteSettings;

  /**
   * What is good to know.
   * @default - nobody; Slack, where a channel is given for it
   */
  readonly info?: AlertRouteSettings;

  /**
   * Labels that alerts of one message have in common.
   * @minItems 1
   * @default ["alertname", "service"]
   */
  readonly groupBy?: AlertLabel[];

  /**
   * Hours in which nobody is told of what can wait.
   * @default - none
   */
  readonly quiet?: QuietSettings;

  /**
   * What stands before the path of a runbook, to make an address of it.
   * @pattern ^https?://[!-~]+/$
   * @title an address that ends with a slash
   * @default - the path alone
   */
  readonly documentation?: string;

  /**
   * Labels of the configuration, by which the cluster's Alertmanager selects it.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as alertmanager"}
   * @default {}
   */
  readonly labels?: { [label: string]: LabelValue };
}

/** Who is told of the alerts of one severity, with nothing left open. */
export interface ResolvedAlertRoute {
  readonly severity: AlertSeverity;
  readonly to: readonly AlertTarget[];
  readonly groupWait: string;
  readonly groupInterval: string;
  readonly repeatInterval: string;
  /** Where Slack is told. */
  readonly channel: string;
  readonly webhookKey: string;
}

/** Routing with nothing left open. */
export interface ResolvedAlertRouting {
  readonly pagerDuty?: Required<PagerDutySettings>;
  readonly secret: string;
  /** By how soon somebody must look, the soonest first. */
  readonly routes: readonly ResolvedAlertRoute[];
  readonly groupBy: string[];
  readonly quiet?: Required<QuietSettings>;
  readonly documentation: string;
  readonly labels: { [label: string]: string };
}

const WEEK: Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Fills in defaults. */
export function resolveAlertRouting(settings: AlertRoutingSettings): ResolvedAlertRouting {
  const { pagerDuty, slack, quiet } = settings;
  const everybody = (['pagerDuty', 'slack'] as const).filter((target) => settings[target]);
  const webhook = slack?.secretKey ?? 'slack-webhook';
  const route = (
    severity: AlertSeverity,
    given: AlertRouteSettings | undefined,
    to: AlertTarget[],
    groupWait: string,
    repeatInterval: string,
  ): ResolvedAlertRoute => ({
    severity,
    to: given?.to ?? to,
    groupWait: given?.groupWait ?? groupWait,
    groupInterval: given?.groupInterval ?? '5m',
    repeatInterval: given?.repeatInterval ?? repeatInterval,
    channel: given?.channel ?? slack?.channel ?? '',
    webhookKey: given?.channel === undefined ? webhook : `${webhook}-${severity}`,
  });
  const inSlack: AlertTarget[] = slack ? ['slack'] : [];
  return {
    pagerDuty: pagerDuty && {
      region: pagerDuty.region ?? 'us',
      secretKey: pagerDuty.secretKey ?? 'pagerduty-routing-key',
    },
    secret: settings.secret ?? 'alert-receivers',
    routes: [
      route('critical', settings.critical, everybody, '10s', '1h'),
      route('warning', settings.warning, inSlack, '30s', '12h'),
      route('info', settings.info, settings.info?.channel === undefined ? [] : inSlack, '30s', '7d'),
    ],
    groupBy: settings.groupBy ?? ['alertname', 'service'],
    quiet: quiet && {
      severities: quiet.severities ?? ['warning', 'info'],
      days: quiet.days ?? WEEK,
      from: quiet.from,
      to: quiet.to,
    },
    documentation: settings.documentation ?? '',
    labels: { ...settings.labels },
  };
}
