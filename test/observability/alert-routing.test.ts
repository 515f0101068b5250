import { AlertRouting } from '../../src/observability/alert-routing';
import type { AlertRoutingSettings } from '../../src/observability/alert-routing-settings';
import { Secrets } from '../../src/platform/secrets';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const all: Complete<AlertRoutingSettings> = {
  pagerDuty: { region: 'eu', secretKey: 'pager' },
  slack: { channel: '#shop', secretKey: 'hook' },
  secret: 'receivers',
  critical: {
    to: ['pagerDuty', 'slack'],
    channel: '#fire',
    groupWait: '5s',
    groupInterval: '1m',
    repeatInterval: '2h',
  },
  warning: { to: ['slack'], channel: '#care', groupWait: '20s', groupInterval: '2m', repeatInterval: '4h' },
  info: { to: ['slack'], channel: '#news', groupWait: '40s', groupInterval: '3m', repeatInterval: '2d' },
  groupBy: ['alertname', 'cluster'],
  quiet: { severities: ['info'], days: ['monday', 'friday'], from: '20:00', to: '06:30' },
  documentation: 'https://git.example.com/shop/',
  labels: { alertmanager: 'main' },
};

const build = (settings: AlertRoutingSettings, props = {}) => {
  const system = testSystem(props);
  new AlertRouting(system.layer('observability'), 'alert-routing', settings);
  return system;
};
const configOf = (settings: AlertRoutingSettings) => finished(build(settings)).one('AlertmanagerConfig', 'shop-test');
const routeOf = (settings: AlertRoutingSettings, severity: string) =>
  configOf(settings).spec.route.routes.find(({ matchers }: any) => matchers[0].value === severity);
const slack = { channel: '#shop' };

describe('AlertRouting', () => {
  test('minimal', () => {
    const config = configOf({ slack });
    expect(config).toMatchSnapshot();
    expect(schemaErrors(config, '1.30')).toEqual([]);
  });

  test('with everything set', () => {
    const config = configOf(all);
    expect(config).toMatchSnapshot();
    expect(schemaErrors(config, '1.30')).toEqual([]);
  });

  test('each setting has an effect', () => {
    // Another word is none that may stand here.
    const kept = /^(critical|warning|info)\.to\.|^quiet\.(severities|days)\.|^pagerDuty\.region|^slack\.channel/;
    const without = leavesWithoutEffect(all, (settings) => configOf(known(settings)));
    expect(without.filter((path) => !kept.test(path))).toEqual([]);
    const others: Partial<AlertRoutingSettings>[] = [
      { critical: { to: ['slack'] } },
      { warning: { to: ['pagerDuty'] } },
      { info: { to: [] } },
      { quiet: { ...all.quiet, severities: ['warning'] } },
      { quiet: { ...all.quiet, days: ['sunday'] } },
      { pagerDuty: { region: 'us', secretKey: 'pager' } },
      { slack: { ...all.slack, channel: '#other' }, warning: { to: ['slack'] } },
    ];
    expect(routeOf({ slack }, 'critical').receiver).toBe('critical');
    for (const other of others) expect(configOf({ ...all, ...other })).not.toEqual(configOf(all));
  });

  /** Targets that the variation made up, back in the words that there are. */
  const known = (settings: AlertRoutingSettings): AlertRoutingSettings => ({
    ...settings,
    critical: { ...settings.critical, to: all.critical.to },
    warning: { ...settings.warning, to: all.warning.to },
    info: { ...settings.info, to: all.info.to },
  });

  test('critical goes to everybody, a warning to Slack, and information to nobody', () => {
    const settings = { pagerDuty: {}, slack };
    const receivers = configOf(settings).spec.receivers;
    const kinds = Object.fromEntries(receivers.map(({ name, ...configs }: any) => [name, Object.keys(configs)]));
    expect(kinds).toEqual({ nobody: [], critical: ['pagerdutyConfigs', 'slackConfigs'], warning: ['slackConfigs'] });
    expect(routeOf(settings, 'info').receiver).toBe('nobody');
    expect(routeOf({ ...settings, info: { channel: '#news' } }, 'info').receiver).toBe('info');
  });

  test('keys are those of a Secret that only its owner can fill', () => {
    const secretsOf = (settings: AlertRoutingSettings) => Secrets.of(build(settings)).all;
    const provided = { provided: true };
    expect(secretsOf({ pagerDuty: {}, slack, info: { channel: '#news' } })).toEqual([
      {
        name: 'alert-receivers',
        keys: { 'pagerduty-routing-key': provided, 'slack-webhook': provided, 'slack-webhook-info': provided },
      },
    ]);
    expect(secretsOf({ pagerDuty: {} })).toEqual([
      { name: 'alert-receivers', keys: { 'pagerduty-routing-key': provided } },
    ]);
  });

  test('quiet hours over midnight are two ranges, and critical alerts know none', () => {
    const settings = { slack, quiet: { from: '22:00', to: '07:00' }, info: { channel: '#news' } };
    const [{ timeIntervals }] = configOf(settings).spec.muteTimeIntervals;
    expect(timeIntervals[0].times).toEqual([
      { startTime: '22:00', endTime: '24:00' },
      { startTime: '00:00', endTime: '07:00' },
    ]);
    expect(timeIntervals[0].weekdays).toHaveLength(7);
    const muted = ['critical', 'warning', 'info'].map((severity) => routeOf(settings, severity).muteTimeIntervals);
    expect(muted).toEqual([undefined, ['quiet'], ['quiet']]);
    const [untilMidnight] = configOf({ slack, quiet: { from: '18:00', to: '00:00' } }).spec.muteTimeIntervals;
    expect(untilMidnight.timeIntervals[0].times).toEqual([{ startTime: '18:00', endTime: '24:00' }]);
  });

  test.each<[string, AlertRoutingSettings, string]>([
    ['nobody at all', {}, 'critical.to: expected somebody who is told of critical alerts, got nobody'],
    ['nobody for critical', { slack, critical: { to: [] } }, 'critical.to: expected somebody'],
    ['an unknown target', { slack, warning: { to: ['pagerDuty'] } }, 'warning.to: expected targets that are described'],
    ['a target twice', { slack, info: { to: ['slack', 'slack'] } }, 'info.to: expected each target once'],
    ['a channel unheard', { pagerDuty: {}, critical: { channel: '#a' } }, 'critical.channel: expected a channel where'],
    ['a quick repeat', { slack, warning: { repeatInterval: '1m' } }, 'warning.repeatInterval: expected at least'],
    ['no quiet hours', { slack, quiet: { from: '10:00', to: '10:00' } }, 'quiet.to: expected an end other than'],
  ])('refuses %s', (_, settings, message) => {
    expect(() => build(settings)).toThrow(message);
  });

  test('refuses routes without rules', () => {
    expect(() => build({ slack }, { alertRules: 'none' })).toThrow(
      'expected alertRules: prometheus-operator, got none',
    );
  });
});
