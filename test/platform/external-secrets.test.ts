import { Redis } from '../../src/data/redis';
import { goTemplate } from '../../src/platform/external-secrets';
import type { SecretsSettings, SecretStoreSettings } from '../../src/platform/secret-source';
import { Secrets } from '../../src/platform/secrets';
import { TodoEvolution } from '../../src/systems/todo-evolution';
import { App } from 'cdk8s';
import { finish } from '../../src/cli/build';
import { PROVIDERS, storeOf, STORES } from '../support/stores';
import { schemaErrors } from '../support/kubernetes-schema';
import { leavesWithoutEffect } from '../support/leaves';
import { settingsOf } from '../support/overlays';
import { finished, testSystem } from '../support/system';

const external = (store: SecretStoreSettings, more: SecretsSettings = {}) => {
  const system = testSystem({ secrets: { source: 'external-secrets', store, ...more } });
  Secrets.of(system).declare({ name: 'app', keys: { 'api-key': {} } });
  return finished(system);
};
const ours = (provider: keyof typeof STORES) =>
  external(storeOf(provider)).objects.filter(({ kind }) => /^(ExternalSecret|SecretStore|ServiceAccount)$/.test(kind));

/** What the operator makes of a template: the language of Go, as far as it is used here. */
const rendered = (template: string, values: Record<string, string>) =>
  template.replace(/\{\{ (?:index \. )?("[^"]*") \}\}/g, (action, text) => {
    const parsed = JSON.parse(text);
    return action.includes('index') ? values[parsed]! : parsed;
  });

describe.each(PROVIDERS)('the store of %s', (provider) => {
  test('complete', () => {
    const objects = ours(provider);
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => {
    const make = (store: SecretStoreSettings) => external(store).objects;
    expect(
      leavesWithoutEffect({ provider, [provider]: STORES[provider] }, (store) => {
        return make({ ...store, provider } as SecretStoreSettings);
      }),
    ).toEqual(['provider']);
  });

  test('every Secret of Todo Evolution comes from it, and nothing else changes', () => {
    const settings = settingsOf('todo-evolution', 'production');
    const build = (secrets?: SecretsSettings) =>
      finish(new TodoEvolution(new App(), 'production', { ...settings, secrets } as any)).map(
        ({ manifest }) => manifest,
      );
    const objects = build({ source: 'external-secrets', store: storeOf(provider) });
    const found = objects.filter(({ kind }) => kind === 'ExternalSecret').map(({ metadata }) => metadata.name);
    expect(found.sort()).toEqual([
      'backend-secrets',
      'backup-credentials',
      'dapr-api-token',
      'postgres-credentials',
      'redis-credentials',
    ]);
    const before = build().map((object) => JSON.stringify(object));
    const added = objects.filter((object) => !before.includes(JSON.stringify(object)));
    expect(objects.length - before.length).toBe(added.length);
    expect(
      added.map(({ kind }) => kind).filter((kind) => !/^(External|SecretStore|ServiceAccount)/.test(kind)),
    ).toEqual([]);
    expect(added.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('the settings of another provider are refused, and missing ones', () => {
    const other = PROVIDERS[(PROVIDERS.indexOf(provider) + 1) % PROVIDERS.length]!;
    expect(() => external({ ...storeOf(provider), [other]: STORES[other] })).toThrow(
      `secrets.store.${other}: expected settings of the provider ${provider} only, got some of ${other}; remove them`,
    );
    expect(() => external({ provider })).toThrow(
      `secrets.store.${provider}: expected the settings of the provider ${provider}, got none; give them`,
    );
  });
});

describe('external secrets', () => {
  const remote = (provider: keyof typeof STORES, more: SecretsSettings = {}) =>
    external(storeOf(provider), more).one('ExternalSecret', 'app').spec.data[0].remoteRef.key;

  test('are called as the store allows', () => {
    expect(PROVIDERS.map((provider) => remote(provider))).toEqual([
      'shop/test/app',
      'shop/test/app',
      'shop--test--app',
      'shop--test--app',
      'shop--test--app',
    ]);
    expect(remote('aws', { prefix: 'team/x' })).toBe('team/x/app');
    expect(
      external({ provider: 'existing', existing: { name: 'company' } }).one('ExternalSecret', 'app').spec,
    ).toMatchObject({
      secretStoreRef: { kind: 'ClusterSecretStore', name: 'company' },
      data: [{ remoteRef: { key: 'shop/test/app' } }],
    });
  });

  test('a name that is too long for the store is refused', () => {
    const system = testSystem({
      secrets: { source: 'external-secrets', store: storeOf('azure'), prefix: 'x'.repeat(70) },
    });
    const declare = (name: string) => () => Secrets.of(system).declare({ name, keys: { a: {} } });
    expect(declare('y'.repeat(55))).not.toThrow();
    expect(declare('y'.repeat(56))).toThrow(
      /has 128 characters, and a name in the store may have 127; shorten the prefix$/,
    );
  });

  test('the refresh is what the settings say', () => {
    const spec = external(storeOf('aws'), { refreshSeconds: 60 }).one('ExternalSecret', 'app').spec;
    expect(spec.refreshInterval).toBe('60s');
    expect(external(storeOf('aws')).one('ExternalSecret', 'app').spec.refreshInterval).toBe('3600s');
  });

  test("AWS without a role is reached by the operator's own identity", () => {
    const found = external({ provider: 'aws', aws: { region: 'eu-west-1' } });
    expect(found.all('ServiceAccount')).toEqual([]);
    expect(found.one('SecretStore', 'external-secrets').spec.provider.aws).toEqual({
      region: 'eu-west-1',
      service: 'SecretsManager',
    });
  });

  test('templates give the same in the language of the operator', () => {
    const system = testSystem({ secrets: { source: 'external-secrets', store: storeOf('vault') } });
    new Redis(system.layer('data'), 'cache');
    const { spec } = finished(system).one('ExternalSecret', 'cache-credentials');
    expect(spec.data.map(({ secretKey }: any) => secretKey)).toEqual(['accepted-too', 'exporter-password', 'password']);
    const { data, ...template } = spec.target.template;
    expect(template).toEqual({ engineVersion: 'v2', mergePolicy: 'Merge' });
    const values = { 'accepted-too': '', 'exporter-password': 'e', password: 'p' };
    expect(rendered(data['auth.conf'], values)).toMatch(
      /^user default on >p ~\* &\* \+@all\nuser exporter on >e resetkeys/,
    );
    expect(JSON.parse(rendered(data['exporter.json'], values))).toEqual({
      'redis://127.0.0.1:6379': 'e',
      'redis://exporter@127.0.0.1:6379': 'e',
    });
  });

  test.each([
    ['{{a}}', '{{ index . "a" }}'],
    ['{"x":"{{a-b}}"}', '{"x":"{{ index . "a-b" }}"}'],
    ['{{{a}}}', '{{ "{" }}{{ index . "a" }}}'],
    ['{{ .Values }', '{{ "{{" }} .Values }'],
  ])('the braces of %s begin no action of their own', (template, expected) => {
    expect(goTemplate(template)).toBe(expected);
  });

  test('a store without the source, and the source without a store, are refused', () => {
    expect(() => testSystem({ secrets: { store: storeOf('aws') } })).toThrow(
      'secrets.store: expected no store with the source kubernetes, got one; remove it, or set secrets.source',
    );
    expect(() => testSystem({ secrets: { source: 'external-secrets' } })).toThrow(
      'secrets.store: expected the settings of a store with the source external-secrets, got none',
    );
  });

  test('the source kubernetes adds nothing', () => {
    expect(finished(testSystem({ secrets: { source: 'kubernetes' } })).objects).toEqual(finished(testSystem()).objects);
  });
});
