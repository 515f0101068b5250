import type {
  MonitoringAlertmanagerConfigPagerdutyConfigs,
  MonitoringAlertmanagerConfigReceivers,
  MonitoringAlertmanagerConfigSlackConfigs,
} from '../../imports/prometheus';
import type { ResolvedAlertRoute, ResolvedAlertRouting } from './alert-routing-settings';

/** Where PagerDuty takes events, by where the account lives. */
const EVENTS = {
  eu: 'https://events.eu.pagerduty.com/v2/enqueue',
  us: 'https://events.pagerduty.com/v2/enqueue',
};

/** Colours of Slack. What is over is green whatever it was. */
const COLOURS = { critical: 'danger', warning: 'warning', info: '#439FE0' };

/** What a message calls the group of alerts. The texts are templates of Alertmanager. */
const titleOf = (origin: string) =>
  `[{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}] ` +
  `{{ .CommonLabels.alertname }}{{ with .CommonLabels.service }} of {{ . }}{{ end }} (${origin})`;

/** What each alert of the group says, and what to do. */
const textOf = (documentation: string) =>
  `{{ range .Alerts }}{{ .Annotations.summary }}\n` +
  `{{ with .Annotations.runbook_url }}${documentation}{{ . }}\n{{ end }}{{ end }}`;

/** Those who are told of the alerts of one severity. `origin` is the system and its environment. */
export function receiverOf(
  route: ResolvedAlertRoute,
  routing: ResolvedAlertRouting,
  origin: string,
): MonitoringAlertmanagerConfigReceivers {
  const { pagerDuty } = routing;
  return {
    name: route.severity,
    pagerdutyConfigs:
      pagerDuty && route.to.includes('pagerDuty')
        ? [pagerDutyOf(pagerDuty.region, { name: routing.secret, key: pagerDuty.secretKey }, routing, origin)]
        : undefined,
    slackConfigs: route.to.includes('slack') ? [slackOf(route, routing, origin)] : undefined,
  };
}

function pagerDutyOf(
  region: 'eu' | 'us',
  routingKey: { name: string; key: string },
  { documentation }: ResolvedAlertRouting,
  origin: string,
): MonitoringAlertmanagerConfigPagerdutyConfigs {
  return {
    routingKey,
    url: EVENTS[region],
    sendResolved: true,
    client: origin,
    group: origin,
    class: '{{ .CommonLabels.alertname }}',
    component: '{{ .CommonLabels.service }}',
    // Ours are among those that PagerDuty knows.
    severity: '{{ .CommonLabels.severity }}',
    description: titleOf(origin),
    details: [
      { key: 'alerts', value: textOf(documentation) },
      { key: 'namespace', value: '{{ .CommonLabels.namespace }}' },
    ],
  };
}

function slackOf(
  { severity, channel, webhookKey }: ResolvedAlertRoute,
  { secret, documentation }: ResolvedAlertRouting,
  origin: string,
): MonitoringAlertmanagerConfigSlackConfigs {
  return {
    apiURL: { name: secret, key: webhookKey },
    channel,
    sendResolved: true,
    color: `{{ if eq .Status "firing" }}${COLOURS[severity]}{{ else }}good{{ end }}`,
    title: titleOf(origin),
    text: textOf(documentation),
    fallback: titleOf(origin),
  };
}
