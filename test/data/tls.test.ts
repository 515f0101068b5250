import { Postgres } from '../../src/data/postgres';
import { hostBasedAccess } from '../../src/data/postgres-access';
import { BACKUPS } from '../../src/data/postgres-roles';
import { Redis } from '../../src/data/redis';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { schemaErrors } from '../support/kubernetes-schema';
import { finished, testSystem } from '../support/system';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** A database, a cache, and a service that uses both. */
function shop() {
  const system = testSystem({ tls: { enabled: true } });
  const web = new WebService(system.layer('apps'), 'web', { image, port: 8080 });
  web.use(new Postgres(system.layer('data'), 'db', { database: 'shop' }));
  web.use(new Redis(system.layer('data'), 'cache'));
  return { objects: finished(system), secrets: Secrets.of(system).all };
}
const { objects, secrets } = shop();
const podOf = (kind: string, name: string) => objects.one(kind, name).spec.template.spec;
const variables = (container: any): Record<string, string> =>
  Object.fromEntries(container.env.map(({ name, value }: any) => [name, value]));
const [database, databaseExporter] = podOf('StatefulSet', 'db').containers;
const [cache, cacheExporter] = podOf('StatefulSet', 'cache').containers;
const client = podOf('Deployment', 'web').containers[0];
const volumesOf = (pod: any, { volumeMounts }: any) =>
  pod.volumes.filter(({ name }: any) => volumeMounts.some((mount: any) => mount.name === name));
const keysOf = (kind: string, name: string, container: any) =>
  volumesOf(podOf(kind, name), container)
    .filter(({ secret }: any) => secret?.secretName.endsWith('-tls'))
    .flatMap(({ secret }: any) => secret.items.map(({ key }: any) => key));

test('everything keeps the rules and is valid', () => {
  expect(everywhereProblems(objects.objects, { secrets })).toEqual([]);
  expect(objects.objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
});

test('the private key is in no container but that of its server', () => {
  expect(keysOf('StatefulSet', 'db', database)).toEqual(['tls.crt', 'tls.key']);
  expect(keysOf('StatefulSet', 'cache', cache)).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
  for (const [name, container] of [
    ['db', databaseExporter],
    ['cache', cacheExporter],
  ]) {
    expect(keysOf('StatefulSet', name, container)).toEqual(['ca.crt']);
  }
  expect(keysOf('Deployment', 'web', client)).toEqual(['ca.crt', 'ca.crt']);
});

describe('PostgreSQL with TLS', () => {
  test('speaks it from 1.2 on, with a key from a file', () => {
    expect(database.args).toEqual(
      expect.arrayContaining([
        'ssl=on',
        'ssl_min_protocol_version=TLSv1.2',
        'ssl_cert_file=/run/secrets/db-tls/tls.crt',
        'ssl_key_file=/run/secrets/db-tls/tls.key',
      ]),
    );
  });

  test('lets nobody in over the network without it, nor anybody without a password', () => {
    const rules = hostBasedAccess('hostssl', []).trim().split('\n');
    expect(rules.map((rule) => rule.split(' ')[0])).toEqual(['local', 'hostssl']);
    for (const rule of rules) expect(rule).toMatch(/ scram-sha-256$/);
    expect(database.args).toContain('hba_file=/etc/postgresql/pg_hba.conf');
    expect(objects.one('ConfigMap', 'db-access').data['pg_hba.conf']).toBe(hostBasedAccess('hostssl', []));
  });

  test('lets the roles of replication in, with TLS and each by name', () =>
    expect(hostBasedAccess('hostssl', [BACKUPS]).split('\n')).toContain(
      'hostssl replication backup all scram-sha-256',
    ));

  test('wins over parameters that would turn it off', () => {
    const system = testSystem({ tls: { enabled: true } });
    new Postgres(system.layer('data'), 'db', { parameters: { ssl: false } });
    const [server] = finished(system).one('StatefulSet', 'db').spec.template.spec.containers;
    expect(server.args).toContain('ssl=on');
    expect(server.args).not.toContain('ssl=false');
  });

  test('clients and the exporter believe the server alone', () => {
    const verified = 'sslmode=verify-full&sslrootcert=/run/secrets/db-tls/ca.crt';
    expect(variables(client)['DATABASE_URL']).toMatch(new RegExp(`@db:5432/shop\\?${verified}$`));
    expect(objects.one('ConfigMap', 'web-config').data).toMatchObject({
      DATABASE_SSLMODE: 'verify-full',
      DATABASE_SSLROOTCERT: '/run/secrets/db-tls/ca.crt',
    });
    expect(variables(databaseExporter)['DATA_SOURCE_URI']).toBe(`localhost:5432/shop?${verified}`);
    expect(objects.one('Certificate', 'db').spec.dnsNames).toContain('localhost');
  });
});

describe('Redis with TLS', () => {
  test('has no plain port', () => {
    const lines = objects.one('ConfigMap', 'cache-config').data['redis.conf'].split('\n');
    expect(lines).toEqual(expect.arrayContaining(['port 0', 'tls-port 6379', 'tls-protocols "TLSv1.2 TLSv1.3"']));
    expect(lines).not.toContain('port 6379');
  });

  test('is asked with it by probes, and by what waits', () => {
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(cache[probe].exec.command[2]).toContain(
        'redis-cli -h 127.0.0.1 -p 6379 --tls --cacert /run/secrets/cache-tls/ca.crt',
      );
    }
    const wait = podOf('Deployment', 'web').initContainers.find(({ name }: any) => name === 'wait-for-cache');
    expect(wait.command[2]).toContain('redis-cli --tls --cacert /run/secrets/cache-tls/ca.crt -h cache');
    expect(keysOf('Deployment', 'web', wait)).toEqual(['ca.crt']);
  });

  test('clients are told so', () => {
    expect(variables(client)['REDIS_URL']).toBe('rediss://:$(REDIS_PASSWORD)@cache:6379/0');
    expect(objects.one('ConfigMap', 'web-config').data).toMatchObject({
      REDIS_CA_FILE: '/run/secrets/cache-tls/ca.crt',
      REDIS_TLS: 'true',
    });
  });

  test('the exporter finds its password under the address that it dials', () => {
    const { REDIS_ADDR: address = '', REDIS_EXPORTER_TLS_CA_CERT_FILE: authority } = variables(cacheExporter);
    expect(authority).toBe('/run/secrets/cache-tls/ca.crt');
    const { keys } = secrets.find(({ name }) => name === 'cache-credentials')!;
    const passwords = JSON.parse(keys['exporter.json']!.template!);
    expect(Object.keys(passwords)).toEqual(['rediss://exporter@localhost:6379', address]);
  });
});
