import { Postgres } from '../../src/data/postgres';
import type { ReadReplicasSettings } from '../../src/data/postgres-replica-settings';
import type { PostgresSettings } from '../../src/data/postgres-settings';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, objectsOfConstruct, testSystem } from '../support/system';

const all: Complete<ReadReplicasSettings> = {
  replicas: 2,
  maxLag: '1m',
  retainedWal: '2Gi',
  storage: { size: '20Gi', className: 'fast' },
  resources: {
    requests: { cpu: '200m', memory: '300Mi', ephemeralStorage: '70Mi' },
    limits: { cpu: '400m', memory: '400Mi', ephemeralStorage: '100Mi' },
  },
  spread: { hosts: 'required', zones: 'required' },
};

const make = (readReplicas: ReadReplicasSettings, settings: PostgresSettings = {}) =>
  objectsOfConstruct((scope) => new Postgres(scope, 'db', { ...settings, readReplicas }));
const named = (objects: any[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
const server = (objects: any[], name: string) => named(objects, 'StatefulSet', name).spec.template.spec.containers[0];
const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** A server, and a service that uses both ends of it. */
function shop(settings: PostgresSettings, tls = false) {
  const system = testSystem({ tls: { enabled: tls } });
  const postgres = new Postgres(system.layer('data'), 'db', settings);
  const web = new WebService(system.layer('apps'), 'web', { image, port: 8080 });
  web.use(postgres);
  web.use(postgres.reader);
  return { objects: finished(system), secrets: Secrets.of(system).all };
}
const variables = ({ env = [], envFrom = [] }: any, objects: any[]): Record<string, string> =>
  Object.assign(
    {},
    ...envFrom.map(({ configMapRef }: any) => named(objects, 'ConfigMap', configMapRef.name).data),
    Object.fromEntries(env.map(({ name, value, valueFrom }: any) => [name, value ?? valueFrom.secretKeyRef?.key])),
  );

describe('read replicas', () => {
  test('with everything set', () => {
    const objects = make(all);
    expect(objects.filter(({ metadata }) => metadata.name.startsWith('db-replica'))).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => expect(leavesWithoutEffect(all, make)).toEqual([]));

  test('are like the server where nothing else is said', () => {
    const limits = { cpu: '1', memory: '4Gi' };
    const objects = make({}, { storage: { size: '30Gi', className: 'fast' }, resources: { limits } });
    const [claim] = named(objects, 'StatefulSet', 'db-replica').spec.volumeClaimTemplates;
    expect(claim.spec).toMatchObject({ storageClassName: 'fast', resources: { requests: { storage: '30Gi' } } });
    expect(server(objects, 'db-replica').resources).toEqual(server(objects, 'db').resources);
    expect(server(objects, 'db-replica').args).toContain('shared_buffers=1024MB');
    // A tenth of the volume.
    expect(server(objects, 'db').args).toContain('max_slot_wal_keep_size=3072MB');
  });

  test('memory parameters follow from what a replica may use, and what both must share is the same', () => {
    const objects = make({ resources: { limits: { memory: '1Gi' } } }, { maxConnections: 200 });
    expect(server(objects, 'db-replica').args).toEqual(
      expect.arrayContaining(['shared_buffers=256MB', 'max_connections=200', 'max_standby_streaming_delay=30s']),
    );
    expect(server(objects, 'db').args).toContain('shared_buffers=512MB');
  });

  test.each([false, true])('with TLS %s everything keeps the rules', (tls) => {
    const { objects, secrets } = shop({ readReplicas: {} }, tls);
    expect(everywhereProblems(objects.objects, { secrets })).toEqual([]);
    const { data } = objects.one('ConfigMap', 'db-access');
    expect(data['pg_hba.conf']).toContain(`${tls ? 'hostssl' : 'host'} replication replica all scram-sha-256\n`);
    expect(server(objects.objects, 'db').args).toContain('hba_file=/etc/postgresql/pg_hba.conf');
    expect(server(objects.objects, 'db-replica').args).toContain('hba_file=/etc/postgresql/pg_hba.conf');
    const { PRIMARY } = variables(server(objects.objects, 'db-replica'), objects.objects);
    expect(PRIMARY!.includes('sslmode=verify-full sslrootcert=/run/secrets/db-replica-tls/ca.crt')).toBe(tls);
  });

  test.each([
    ['the replica', 'db-replica', { readReplicas: {} }],
    ['the server itself, where there is none', 'db', {}],
  ])('an application that reads is sent to %s', (_, host, settings) => {
    const { objects } = shop(settings, true);
    const given = variables(objects.one('Deployment', 'web').spec.template.spec.containers[0], objects.objects);
    const ca = `/run/secrets/${host}-tls/ca.crt`;
    expect(given).toMatchObject({
      DATABASE_HOST: 'db',
      DATABASE_READ_HOST: host,
      DATABASE_READ_PASSWORD: 'password',
      DATABASE_READ_SSLROOTCERT: ca,
      DATABASE_READ_URL: `postgresql://$(DATABASE_READ_USER):$(DATABASE_READ_PASSWORD)@${host}:5432/app?sslmode=verify-full&sslrootcert=${ca}`,
      DATABASE_SSLROOTCERT: '/run/secrets/db-tls/ca.crt',
    });
  });

  test('a replica dials the server, clients dial both, and the server dials nobody', () => {
    const { objects } = shop({ readReplicas: {} });
    const peers = (name: string, way: 'ingress' | 'egress') =>
      (objects.one('NetworkPolicy', name).spec[way] ?? []).flatMap((rule: any) =>
        (rule[way === 'ingress' ? 'from' : 'to'] ?? []).map(
          ({ podSelector }: any) => podSelector?.matchLabels?.['app.kubernetes.io/name'],
        ),
      );
    expect(peers('db-replica', 'egress')).toContain('db');
    expect(peers('db', 'ingress')).toEqual(expect.arrayContaining(['db-replica', 'web']));
    expect(peers('db-replica', 'ingress')).toContain('web');
    expect(peers('db', 'egress')).not.toContain('db-replica');
  });

  test('are apart from each other and from the server', () => {
    const spec = named(make(all), 'StatefulSet', 'db-replica').spec.template.spec;
    const [{ labelSelector }] = spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(labelSelector.matchExpressions).toEqual([
      { key: 'app.kubernetes.io/name', operator: 'In', values: ['db', 'db-replica'] },
    ]);
    expect(spec.topologySpreadConstraints[0].labelSelector).toEqual(labelSelector);
  });

  test('each sees its own passwords alone, and only the server that it follows can hand them out', () => {
    const objects = make({});
    const { volumes } = named(objects, 'StatefulSet', 'db-replica').spec.template.spec;
    const keys = volumes.flatMap(({ secret }: any) => secret?.items.map(({ key }: any) => key) ?? []);
    expect(keys).toEqual(['replica-password', 'exporter-password']);
    expect(named(objects, 'ConfigMap', 'db-init').data['10-roles.sh']).toContain(
      'ALTER ROLE replica LOGIN REPLICATION',
    );
  });

  test.each<[string, ReadReplicasSettings, RegExp]>([
    [
      'a smaller volume',
      { storage: { size: '5Gi' } },
      /readReplicas.storage.size: expected at least the 10Gi of the server/,
    ],
    ['more log than half of the volume', { retainedWal: '6Gi' }, /readReplicas.retainedWal: expected at most half of/],
    ['a request above its limit', { resources: { requests: { cpu: '4' } } }, /readReplicas.resources.requests.cpu/],
  ])('refuses %s', (_, settings, message) => expect(() => make(settings)).toThrow(message));

  test('the role of replicas cannot be the application', () =>
    expect(() => make({}, { user: 'replica' })).toThrow('user: "replica"'));

  test('alerts compare positions with those of maxLag ago, and count who follows', () => {
    const rules = named(make({ replicas: 2, maxLag: '45s' }), 'PrometheusRule', 'shop-test').spec.groups.flatMap(
      (group: any) => group.rules,
    );
    const expressions = Object.fromEntries(rules.map(({ alert, expr }: any) => [alert, expr]));
    expect(expressions.PostgresReplicaBehind).toContain('offset 45s');
    expect(expressions.PostgresReplicaMissing).toMatch(/slot_name=~"db_replica_\[0-9\]\+"\}\) or vector\(0\)\) < 2$/);
  });
});
