import { LogShipping } from '../../src/observability/log-shipping';
import type { LogShippingSettings } from '../../src/observability/log-shipping-settings';
import { Secrets } from '../../src/platform/secrets';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const index = (host: string) => ({
  host,
  port: 9243,
  indexPrefix: 'web',
  tls: { authorityFile: '/etc/ca/search.crt' },
  user: { secret: `${host}-user`, nameKey: 'name', passwordKey: 'word' },
});

const all: Complete<LogShippingSettings> = {
  loki: {
    host: 'loki-gateway.observability',
    port: 80,
    tenant: 'shop',
    tls: { authorityFile: '/etc/ca/loki.crt' },
    user: { secret: 'loki-user', nameKey: 'name', passwordKey: 'word' },
  },
  cloudWatch: {
    region: 'eu-central-1',
    group: '/acme/shop',
    createGroup: true,
    retentionDays: 30,
    roleArn: 'arn:aws:iam::123456789012:role/logs',
  },
  elasticsearch: index('elastic'),
  openSearch: index('search'),
  dropPaths: ['/ping'],
  pathField: 'url',
  tags: 'app.*',
  labels: { team: 'shop' },
};

const build = (settings: LogShippingSettings) => {
  const system = testSystem();
  const shipping = new LogShipping(system.layer('observability'), 'logs', settings);
  return { system, shipping };
};
const objectsOf = (settings: LogShippingSettings) =>
  finished(build(settings).system).objects.filter(({ apiVersion }) => apiVersion.startsWith('fluentbit'));
const loki = { host: 'loki.observability' };
const one = (objects: any[], kind: string) => objects.find((object) => object.kind === kind);

describe('LogShipping', () => {
  test('minimal', () => {
    const objects = objectsOf({ loki });
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('with everything set', () => {
    const objects = objectsOf(all);
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => {
    const make = (settings: LogShippingSettings) =>
      objectsOf({ ...settings, cloudWatch: { ...settings.cloudWatch!, createGroup: true } });
    expect(leavesWithoutEffect(all, make)).toEqual(['cloudWatch.createGroup']);
    const without = { region: 'eu-central-1' };
    const created = { ...without, createGroup: true };
    expect(objectsOf({ cloudWatch: created })).not.toEqual(objectsOf({ cloudWatch: without }));
  });

  test('the operator finds each part by labels that it has', () => {
    const objects = objectsOf({ loki });
    const { filterSelector, outputSelector, parserSelector } = one(objects, 'FluentBitConfig').spec;
    const wanted = { Filter: filterSelector, Output: outputSelector, Parser: parserSelector };
    for (const [kind, { matchLabels }] of Object.entries(wanted)) {
      expect(one(objects, kind).metadata.labels).toMatchObject(matchLabels);
    }
    expect(one(objects, 'FluentBitConfig').metadata.labels['fluentbit.fluent.io/enabled']).toBe('true');
  });

  test('probes are dropped by the whole of a part of their path', () => {
    const [, { grep }] = one(objectsOf({ loki }), 'Filter').spec.filters;
    const [field, pattern] = grep.exclude.split(' ');
    expect(field).toBe('path');
    const dropped = (path: string) => new RegExp(pattern).test(path);
    expect(['/health', '/health/live', '/metrics?x=1', '/api/health'].every(dropped)).toBe(true);
    expect(['/healthy-food', '/api/metrics', '/'].some(dropped)).toBe(false);
    const filters = one(objectsOf({ loki, dropPaths: [] }), 'Filter').spec.filters;
    expect(filters.flatMap(Object.keys)).toEqual(['parser', 'modify', 'recordModifier']);
  });

  test('passwords are only referred to', () => {
    const { system } = build({ loki: all.loki, openSearch: all.openSearch });
    const provided = { provided: true };
    expect(Secrets.of(system).all).toEqual([
      { name: 'loki-user', keys: { name: provided, word: provided } },
      { name: 'search-user', keys: { name: provided, word: provided } },
    ]);
  });

  test.each<[string, LogShippingSettings, string]>([
    ['no store', {}, 'logs: expected at least one of loki'],
    ['a bare password', { loki: { ...loki, user: { secret: 'user' } } }, 'loki.tls: expected tls, got a password'],
    [
      'days of a group that is there',
      { cloudWatch: { region: 'eu-central-1', retentionDays: 7 } },
      'cloudWatch.retentionDays: expected createGroup: true',
    ],
  ])('refuses %s', (_, settings, message) => {
    expect(() => build(settings)).toThrow(message);
  });
});
