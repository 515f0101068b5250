import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { Finished } from '../support/system';

/** What an example prints, run as README says. */
const printed = (name: string): any[] =>
  parseAllDocuments(execFileSync('sh', ['tools/example.sh', name], { encoding: 'utf8' })).map((one) => one.toJS());

const NAMES = ['mail-worker', 'managed-database', 'shop'];
const programs = new Map(NAMES.map((name) => [name, printed(name)]));
const inNamespace = (name: string, namespace: string) =>
  new Finished(programs.get(name)!.filter(({ metadata }) => [metadata.namespace, metadata.name].includes(namespace)));

const policyOf = (found: Finished, name: string) => found.one('NetworkPolicy', name).spec;
/** The pods and ports on one side of a policy: `catalog:8000`. */
const sides = (rules: any[] = [], side: 'from' | 'to') =>
  rules.flatMap(({ ports, [side]: peers }) =>
    peers.flatMap(({ podSelector, ipBlock }: any) =>
      ports.map(({ port }: any) => {
        const labels = podSelector?.matchLabels ?? {};
        return `${ipBlock?.cidr ?? labels['app.kubernetes.io/name'] ?? labels['app.kubernetes.io/managed-by']}:${port}`;
      }),
    ),
  );
const dials = (found: Finished, name: string) => sides(policyOf(found, name).egress, 'to');
const hears = (found: Finished, name: string) => sides(policyOf(found, name).ingress, 'from');
const podOf = (found: Finished, name: string) => found.one('Deployment', name).spec.template.spec;
const secretsOf = (found: Finished, name: string) =>
  podOf(found, name).containers[0].env.flatMap(({ name: variable, valueFrom }: any) =>
    valueFrom ? [[variable, valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key].join(' ')] : [],
  );

test('all examples that are programs are tried here', () => {
  const found = readdirSync('examples', { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && readdirSync(join('examples', entry.name)).includes('main.ts'),
  );
  expect(found.map(({ name }) => name).sort()).toEqual(NAMES);
});

test('a name that no example has is answered with those that there are', () => {
  const { status, stderr } = spawnSync('sh', ['tools/example.sh', 'mail'], { encoding: 'utf8' });
  expect(status).toBe(2);
  for (const name of NAMES) expect(stderr).toContain(`  ${name}\n`);
});

describe.each(NAMES)('%s', (name) => {
  const objects = programs.get(name)!;

  test('prints the namespace before what is in it', () => expect(objects[0].kind).toBe('Namespace'));

  test.each(minors)('every object is valid for Kubernetes %s', (minor) =>
    expect(objects.flatMap((object) => schemaErrors(object, minor))).toEqual([]),
  );

  test('keeps the rules that hold everywhere', () => {
    const environments = new Set(objects.map(({ metadata }) => metadata.labels.environment));
    for (const environment of environments) {
      const own = objects.filter(({ metadata }) => metadata.labels.environment === environment);
      expect(everywhereProblems(own)).toEqual([]);
    }
  });
});

describe('the shop', () => {
  const found = inNamespace('shop', 'shop-production');

  test('the front asks the catalog, which alone asks the database', () => {
    expect(dials(found, 'front')).toEqual(['catalog:8000']);
    expect(dials(found, 'catalog')).toEqual(['postgres:5432']);
    expect(hears(found, 'catalog').sort()).toEqual(['envoy-gateway:8000', 'front:8000']);
    expect(hears(found, 'front')).toEqual(['envoy-gateway:3000']);
    expect(hears(found, 'postgres').filter((one: string) => one.endsWith(':5432'))).toEqual(['catalog:5432']);
    expect(dials(found, 'postgres')).toEqual([]);
  });

  test('the front knows the catalog by its address, and the catalog its database by a Secret', () => {
    expect(found.one('ConfigMap', 'front-config').data).toMatchObject({ CATALOG_URL: 'http://catalog:8000' });
    expect(secretsOf(found, 'catalog')).toEqual(
      expect.arrayContaining(['DATABASE_PASSWORD postgres-credentials password']),
    );
    expect(podOf(found, 'catalog').initContainers.map(({ name }: any) => name)).toEqual([
      'wait-for-postgres',
      'migrations',
    ]);
    expect(podOf(found, 'front')).not.toHaveProperty('initContainers');
  });

  test('each service is asked at its own paths', () => {
    const paths = (name: string) => {
      const [container] = podOf(found, name).containers;
      return ['startup', 'readiness', 'liveness'].map((probe) => container[`${probe}Probe`].httpGet.path);
    };
    expect(paths('catalog')).toEqual(['/health/live', '/health/ready', '/health/live']);
    expect(paths('front')).toEqual(['/health/live', '/api/ready', '/health/live']);
  });

  test('there is no Kafka, and environments differ by what the program says', () => {
    expect(JSON.stringify(programs.get('shop'))).not.toMatch(/kafka/i);
    expect(found.one('HorizontalPodAutoscaler', 'front').spec).toMatchObject({ minReplicas: 3, maxReplicas: 12 });
    const dev = inNamespace('shop', 'shop-dev');
    expect(dev.one('HorizontalPodAutoscaler', 'front').spec).toMatchObject({ minReplicas: 1, maxReplicas: 4 });
    expect(dev.all('Gateway')[0].spec.listeners.map(({ port }: any) => port)).toEqual([80]);
    expect(found.all('Gateway')[0].spec.listeners.map(({ port }: any) => port)).toEqual([80, 443]);
  });
});

describe('the worker', () => {
  const found = inNamespace('mail-worker', 'mail');
  const [sender] = podOf(found, 'sender').containers;

  test('nobody calls it: it has no port and no Service', () => {
    expect(sender).not.toHaveProperty('ports');
    expect(found.all('Service').map(({ metadata }) => metadata.name)).toEqual(['queue', 'intake']);
    expect(hears(found, 'sender')).toEqual([]);
  });

  test('it takes from the queue that the intake fills, and sends to the provider', () => {
    expect(dials(found, 'sender')).toEqual(['queue:6379', '192.0.2.0/28:465']);
    expect(dials(found, 'intake')).toEqual(['queue:6379']);
    expect(hears(found, 'queue').filter((one: string) => one.endsWith(':6379'))).toEqual([
      'intake:6379',
      'sender:6379',
    ]);
    expect(secretsOf(found, 'sender')).toEqual([
      'REDIS_PASSWORD queue-credentials password',
      'SMTP_PASSWORD provider-credentials smtp-password',
    ]);
    expect(secretsOf(found, 'intake')).toEqual(['REDIS_PASSWORD queue-credentials password']);
  });

  test('it is asked by commands, scaled by the queue, and finishes what it has in hand', () => {
    expect(sender.readinessProbe.exec.command).not.toEqual(sender.livenessProbe.exec.command);
    expect(sender.startupProbe.exec.command).toEqual(sender.livenessProbe.exec.command);
    const { metrics } = found.one('HorizontalPodAutoscaler', 'sender').spec;
    expect(metrics.map(({ type, external }: any) => `${type} ${external.metric.name}`)).toEqual([
      'External redis_list_length',
    ]);
    expect(podOf(found, 'sender').terminationGracePeriodSeconds).toBe(120);
  });

  test('the command that asks whether it lives tells a fresh file from an old one and from none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'alive-'));
    const file = join(folder, 'alive');
    const [shell, ...rest] = sender.livenessProbe.exec.command.map((word: string) => word.replace('/tmp/alive', file));
    const status = () => spawnSync(shell, rest).status;
    try {
      expect(status()).not.toBe(0);
      writeFileSync(file, '');
      expect(status()).toBe(0);
      const old = Date.now() / 1000 - 600;
      utimesSync(file, old, old);
      expect(status()).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the managed database', () => {
  const found = inNamespace('managed-database', 'orders');

  test('clients dial its private addresses, and nothing else outside', () =>
    expect(dials(found, 'api')).toEqual(['10.40.8.4/32:5432', '10.40.9.4/32:5432']));

  test('they are told to speak TLS and whom to trust, and wait until it answers', () => {
    expect(found.one('ConfigMap', 'api-config').data).toMatchObject({
      PGHOST: 'orders.postgres.example.com',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: 'system',
    });
    expect(podOf(found, 'api').initContainers.map(({ name }: any) => name)).toEqual(['wait-for-database']);
  });

  test('its password comes from the vault, by a Secret that no manifest holds', () => {
    expect(secretsOf(found, 'api')).toEqual([
      'PGPASSWORD database-credentials password',
      'PGUSER database-credentials user',
    ]);
    expect(found.all('Secret')).toEqual([]);
    const { data, secretStoreRef } = found.one('ExternalSecret', 'database-credentials').spec;
    expect(secretStoreRef.name).toBe('vault');
    expect(data.map(({ secretKey, remoteRef }: any) => [secretKey, remoteRef.key].join(' '))).toEqual([
      'password orders/production/database-credentials',
      'user orders/production/database-credentials',
    ]);
  });

  test('nothing here is a database', () => expect(found.all('StatefulSet')).toEqual([]));
});
