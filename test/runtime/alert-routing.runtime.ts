/** @tools prometheus operators */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AlertRouting } from '../../src/observability/alert-routing';
import type { AlertRoutingSettings } from '../../src/observability/alert-routing-settings';
import { objectsOfConstruct } from '../support/system';
import { HttpStandIn } from './support/http-stand-in';
import { eventually, freePort, run, scratchFolder, startProcess } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const settings: AlertRoutingSettings = {
  pagerDuty: {},
  slack: { channel: '#shop' },
  critical: { groupWait: '1s' },
  warning: { groupWait: '1s' },
  documentation: 'https://git.example.com/shop/',
};

/** Debian's reads its own templates from /usr/share, which only it sees this way. */
const WITH_TEMPLATES = [
  '--map-root-user',
  '--mount',
  'sh',
  '-ec',
  'mount -t tmpfs none /usr/share; cp -r "$TEMPLATES" /usr/share/prometheus; exec "$TOOL" "$@"',
  'alertmanager',
];

/** What the operator makes of a routing, by its own code. */
function configurationOf(given: AlertRoutingSettings, slackUrl = 'http://127.0.0.1:9/slack'): string {
  const objects = objectsOfConstruct((scope) => void new AlertRouting(scope, 'alert-routing', given));
  const config = objects.find(({ kind }) => kind === 'AlertmanagerConfig');
  const stringData = { 'pagerduty-routing-key': 'pager', 'slack-webhook': slackUrl, 'slack-webhook-info': slackUrl };
  const secret = { kind: 'Secret', metadata: { name: 'alert-receivers', namespace: 'shop' }, stringData };
  const input = [config, secret].map((object) => JSON.stringify(object)).join('\n');
  return run(toolPath('operators', 'bin/render-operators'), ['alertmanager'], { input });
}

function amtool(configuration: string, ...args: string[]): string {
  const file = join(scratchFolder('routes'), 'alertmanager.yaml');
  writeFileSync(file, configuration);
  const [first, ...rest] = args;
  const all = first === 'check-config' ? [first, file] : [first!, ...rest, `--config.file=${file}`];
  return run(toolPath('prometheus', 'bin/amtool'), all);
}

/** Receivers of an alert, without the namespace and name of the configuration that the operator puts before each. */
const receiversOf = (configuration: string, ...labels: string[]) =>
  amtool(configuration, 'config', 'routes', 'test', ...labels)
    .trim()
    .split(',')
    .map((name) => name.replace('shop/shop-test/', ''));

proof(
  'amtool takes what the Prometheus operator makes of the routes, and sends each severity where it belongs',
  async () => {
    const configuration = configurationOf({
      ...settings,
      quiet: { from: '22:00', to: '07:00' },
      info: { channel: '#news' },
    });
    expect(amtool(configuration, 'check-config')).toContain('SUCCESS');
    const toldOf = (text: string) =>
      ['critical', 'warning', 'info', 'page'].map((severity) =>
        receiversOf(text, 'namespace=shop', `severity=${severity}`),
      );
    expect(toldOf(configuration)).toEqual([['critical'], ['warning'], ['info'], ['nobody']]);
    expect(toldOf(configurationOf(settings))[2]).toEqual(['nobody']);
    // Alerts of others are none of ours.
    expect(receiversOf(configuration, 'namespace=other', 'severity=critical')).toEqual(['null']);
    // And it would tell.
    expect(() => amtool(configuration.replace(/receiver: shop\S+critical/, 'receiver: gone'), 'check-config')).toThrow(
      'gone',
    );
    return '4 severities and another namespace';
  },
);

proof(
  'a critical alert reaches PagerDuty and Slack and silences the warning of its service, and information reaches nobody',
  async () => {
    const slack = await HttpStandIn.start();
    const pager = await HttpStandIn.start();
    const configuration = configurationOf(settings, `${slack.url}/hook`).replaceAll(
      'https://events.pagerduty.com/v2/enqueue',
      `${pager.url}/v2/enqueue`,
    );
    const folder = scratchFolder('alertmanager');
    writeFileSync(join(folder, 'alertmanager.yaml'), configuration);
    const port = await freePort();
    const flags = [
      `--config.file=${join(folder, 'alertmanager.yaml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ];
    await startProcess('alertmanager', 'unshare', [...WITH_TEMPLATES, ...flags], {
      port,
      env: { TEMPLATES: toolPath('prometheus', 'share'), TOOL: toolPath('prometheus', 'bin/prometheus-alertmanager') },
    });
    const alert = (alertname: string, severity: string, more: object = {}) => ({
      labels: { alertname, severity, namespace: 'shop', ...more },
      annotations: { summary: `${alertname} is so`, runbook_url: 'docs/guides/alerts.md' },
    });
    const answer = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([
        alert('ServiceDown', 'critical', { service: 'api' }),
        alert('ServiceSlow', 'warning', { service: 'api' }),
        alert('ServiceSlow', 'warning', { service: 'web' }),
        // Neither is of a service: they are not the same thing for that.
        alert('PostgresWalNotSent', 'critical'),
        alert('PostgresBaseBackupOld', 'warning'),
        alert('ServiceDeployed', 'info', { service: 'api' }),
        alert('ServiceDown', 'critical', { service: 'api', namespace: 'other' }),
      ]),
    });
    expect(answer.status).toBe(200);
    await eventually(() => slack.received.length >= 4 && pager.received.length >= 2);
    // The others are there and were looked at: one is silenced, and two belong to nobody here.
    const known = (await (await fetch(`http://127.0.0.1:${port}/api/v2/alerts`)).json()) as any[];
    const silenced = known.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => labels);
    expect(silenced).toEqual([expect.objectContaining({ alertname: 'ServiceSlow', service: 'api' })]);
    expect(known).toHaveLength(7);
    const titles = slack.documents.map(({ attachments }) => attachments[0].title).sort();
    expect(titles).toEqual([
      '[FIRING 1] PostgresBaseBackupOld (shop test)',
      '[FIRING 1] PostgresWalNotSent (shop test)',
      '[FIRING 1] ServiceDown of api (shop test)',
      '[FIRING 1] ServiceSlow of web (shop test)',
    ]);
    expect(JSON.stringify(slack.documents)).toContain('https://git.example.com/shop/docs/guides/alerts.md');
    const event = pager.documents.find(({ payload }) => payload.component === 'api');
    expect(pager.documents).toHaveLength(2);
    expect(event).toMatchObject({
      routing_key: 'pager',
      event_action: 'trigger',
      payload: { severity: 'critical', class: 'ServiceDown', component: 'api', group: 'shop test' },
    });
    return `${titles.length} messages and ${pager.documents.length} events of 7 alerts`;
  },
);
