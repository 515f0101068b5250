import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readersOf } from '../../src/cli/secrets/readers';
import { Kafka } from '../../src/messaging/kafka';
import { KafkaTopics } from '../../src/messaging/topics';
import { ZooKeeper } from '../../src/messaging/zookeeper';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { schemaErrors } from '../support/kubernetes-schema';
import { finished, testSystem } from '../support/system';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** A cluster with its topics, and a service that uses it. */
function shop(mode: 'kraft' | 'zookeeper') {
  const system = testSystem({ tls: { enabled: true } });
  const layer = system.layer('messaging');
  const settings = { mode, clusterId: 'a'.repeat(22) };
  const kafka = new Kafka(layer, 'kafka', settings, ZooKeeper.unlessKraft(layer, 'zk', mode));
  new KafkaTopics(layer, 'topics', kafka, [{ name: 'orders' }]);
  const web = new WebService(system.layer('apps'), 'web', { image, port: 8080 });
  web.use(kafka);
  const objects = finished(system);
  const pod = (kind: string, name: string) => objects.one(kind, name).spec.template.spec;
  const job = (name: string) =>
    objects.all('Job').find(({ metadata }) => metadata.name.startsWith(`${name}-`)).spec.template.spec;
  const policy = (name: string) => objects.one('NetworkPolicy', name).spec;
  return { objects, secrets: Secrets.of(system).all, pod, job, policy };
}
const zookeeper = shop('zookeeper');
const kraft = shop('kraft');
const variables = ({ env }: any): Record<string, string> =>
  Object.fromEntries(env.map(({ name, value, valueFrom }: any) => [name, value ?? valueFrom]));
const filesOf = ({ volumes }: any) =>
  volumes.flatMap(({ secret }: any) => (secret?.items ?? []).map(({ key }: any) => `${secret.secretName}/${key}`));
const portsOf = (rules: any[]) => rules.flatMap(({ ports }) => ports.map(({ port }: any) => port));

test.each([
  ['zookeeper', zookeeper],
  ['kraft', kraft],
])('in the mode %s everything keeps the rules and is valid', (_, { objects, secrets }) => {
  expect(everywhereProblems(objects.objects, { secrets })).toEqual([]);
  expect(objects.objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
});

describe('Kafka with TLS', () => {
  const broker = (shop: typeof kraft) => variables(shop.pod('StatefulSet', 'kafka').containers[0]);

  test('no listener is plain, and all but that of clients want a certificate', () => {
    expect(broker(zookeeper)).toMatchObject({
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:SASL_SSL,INTERNAL:SSL',
      KAFKA_LISTENER_NAME_INTERNAL_SSL_CLIENT_AUTH: 'required',
    });
    expect(broker(kraft)).toMatchObject({
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL',
      KAFKA_LISTENER_NAME_INTERNAL_SSL_CLIENT_AUTH: 'required',
      KAFKA_LISTENER_NAME_CONTROLLER_SSL_CLIENT_AUTH: 'required',
    });
  });

  test('its listeners have names that the image asks nothing of', () => {
    // A name that ends in SSL or begins with SASL would have it look for key stores and a login file.
    expect(broker(kraft)['KAFKA_ADVERTISED_LISTENERS']).not.toMatch(/SSL:|SASL/);
  });

  test('no variable of a broker holds a secret: the image writes them into a file', () => {
    const { env } = zookeeper.pod('StatefulSet', 'kafka').containers[0];
    expect(env.filter(({ valueFrom }: any) => valueFrom?.secretKeyRef)).toEqual([]);
    expect(filesOf(zookeeper.pod('StatefulSet', 'kafka'))).toEqual(['kafka-tls/ca.crt', 'kafka-tls/tls-combined.pem']);
  });

  test('a certificate names every broker, for servers and for clients', () => {
    const { dnsNames, usages } = kraft.objects.one('Certificate', 'kafka').spec;
    for (const index of [0, 1, 2]) {
      expect(dnsNames).toContain(`kafka-${index}.kafka`);
      expect(dnsNames).toContain(`kafka-${index}.kafka.shop.svc.cluster.local`);
    }
    expect(usages).toEqual(expect.arrayContaining(['server auth', 'client auth']));
  });

  test('a client has a user of its own, and no more files than the certificate of the authority', () => {
    const pod = kraft.pod('Deployment', 'web');
    expect(variables(pod.containers[0])).toMatchObject({
      KAFKA_SASL_PASSWORD: { secretKeyRef: { name: 'kafka-credentials', key: 'web' } },
      KAFKA_SASL_USERNAME: { secretKeyRef: { name: 'kafka-credentials', key: 'web_username' } },
    });
    expect(kraft.objects.one('ConfigMap', 'web-config').data).toMatchObject({
      KAFKA_CA_FILE: '/run/secrets/kafka-tls/ca.crt',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    });
    expect(filesOf(pod)).toEqual(['kafka-tls/ca.crt']);
  });

  test('so has the exporter, whose password is no argument', () => {
    const [exporter] = kraft.pod('Deployment', 'kafka-exporter').containers;
    expect(exporter.args).toEqual([
      '--kafka.server=kafka:9092',
      '--sasl.enabled',
      '--sasl.mechanism=scram-sha512',
      '--sasl.username=$(SASL_USER_NAME)',
      '--tls.enabled',
      '--tls.ca-file=/run/secrets/kafka-tls/ca.crt',
    ]);
    expect(variables(exporter)).toMatchObject({
      SASL_USER_NAME: { secretKeyRef: { name: 'kafka-credentials', key: 'kafka-exporter_username' } },
      SASL_USER_PASSWORD: { secretKeyRef: { name: 'kafka-credentials', key: 'kafka-exporter' } },
    });
  });

  test('a Job makes every user that is declared, from files', () => {
    const { keys } = kraft.secrets.find(({ name }) => name === 'kafka-credentials')!;
    expect(keys).toEqual({
      'kafka-exporter': {},
      'kafka-exporter_username': { initial: 'kafka-exporter' },
      web: {},
      web_username: { initial: 'web' },
    });
    const pod = kraft.job('kafka-users');
    const files = Object.keys(keys).map((key) => `kafka-credentials/${key}`);
    expect(filesOf(pod)).toEqual(expect.arrayContaining(files));
    const [{ command, env }] = pod.containers;
    expect(command[2]).toContain('--add-config-file /dev/stdin');
    expect(command[2]).not.toMatch(/--add-config /);
    expect(env.some(({ valueFrom }: any) => valueFrom)).toBe(false);
  });

  test('Jobs come in by a certificate, where no user does', () => {
    for (const name of ['kafka-users', 'topics']) {
      const [{ command, env }] = kraft.job(name).containers;
      expect(variables({ env })['BOOTSTRAP']).toBe('kafka:9093');
      for (const line of command[2].split('\n').filter((text: string) => text.includes('--bootstrap-server'))) {
        expect(line).toContain('--command-config /tmp/admin.properties');
      }
      expect(filesOf(kraft.job(name))).toContain('kafka-admin-tls/tls-combined.pem');
    }
    expect(kraft.objects.one('Certificate', 'kafka-admin').spec.usages).not.toContain('server auth');
    expect(portsOf(kraft.policy('topics').egress)).toEqual([9093]);
    expect(portsOf(kraft.policy('web').egress)).toEqual([9092]);
  });
});

describe('the password of a user of Kafka', () => {
  const secret = kraft.secrets.find(({ name }) => name === 'kafka-credentials')!;
  const rotation = secret.rotation!.find(({ renew }) => renew.includes('web'))!;
  const { accept, retire = '' } = rotation.server!;

  /** Runs a script with a tool in the place of Kafka's that says how it was called and what it read, and fails on demand. */
  function run(script: string, input: string, { says = '', code = 0 } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-configs-'));
    const tool = `#!/bin/sh\necho "$@" >> ${folder}/calls\ncat >> ${folder}/read\necho '${says}'\nexit ${code}\n`;
    writeFileSync(join(folder, 'kafka-configs'), tool, { mode: 0o755 });
    writeFileSync(join(folder, 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
    const env = { PATH: `${folder}:${process.env['PATH']}`, TMPDIR: folder };
    const { status, stderr } = spawnSync('sh', ['-c', script], { input, env, encoding: 'utf8' });
    const text = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
    const result = { status, stderr, calls: text('calls'), read: text('read'), files: readdirSync(folder) };
    rmSync(folder, { recursive: true });
    return result;
  }
  const input = (values: Record<string, string>) =>
    `${Object.entries(values)
      .map(([key, value]) => `${key} ${value}\n`)
      .join('')}end\n`;
  const values = {
    'new kafka-exporter': 'theirs',
    'new web': 'fresh',
    'new web_username': 'web_alt',
    'old web': 'stale',
    'old web_username': 'web',
  };

  test('is replaced together with the name, and each user by itself', () => {
    expect(secret.rotation!.map(({ renew }) => renew)).toEqual([['kafka-exporter'], ['web']]);
    expect(rotation).toMatchObject({
      alternate: { web_username: ['web', 'web_alt'] },
      server: { pod: 'kafka-0', container: 'kafka' },
    });
    expect(rotation.interrupts).toBeUndefined();
  });

  test.each([
    ['kraft', kraft],
    ['zookeeper', zookeeper],
  ])('restarts who uses it, and nobody else (%s)', (_, { objects, secrets }) => {
    const readers = (key: string) => readersOf(objects.objects, 'kafka-credentials', [key, `${key}_username`]);
    expect(secrets.some(({ name }) => name === 'kafka-credentials')).toBe(true);
    expect(readers('web')).toEqual([{ kind: 'Deployment', name: 'web' }]);
    expect(readers('kafka-exporter')).toEqual([{ kind: 'Deployment', name: 'kafka-exporter' }]);
  });

  test('goes to the other user, on stdin', () => {
    const { status, calls, read, files } = run(accept, input(values));
    expect(status).toBe(0);
    expect(calls).toMatch(
      /^--bootstrap-server localhost:9093 .* --entity-name web_alt --add-config-file \/dev\/stdin\n$/,
    );
    expect(calls).not.toContain('fresh');
    expect(read).toBe('SCRAM-SHA-512=iterations=8192,password=fresh\n');
    expect(files.sort()).toEqual(['calls', 'kafka-configs', 'read', 'sleep']);
  });

  test('is taken from the old user, who may be without already', () => {
    const { status, calls, read } = run(retire, input(values));
    expect([status, read]).toEqual([0, '']);
    expect(calls).toMatch(/ --entity-name web --delete-config SCRAM-SHA-512\n$/);
    const gone = 'Attempt to delete a user credential that does not exist';
    expect(run(retire, input(values), { says: gone, code: 1 }).status).toBe(0);
    expect(run(retire, input(values), { says: 'no controller', code: 1 })).toMatchObject({
      status: 1,
      stderr: 'no controller\n',
    });
  });

  test.each([
    ['a value that is no plain word', { ...values, 'new web': 'fresh,x=y' }],
    ['a value with a space', { ...values, 'old web_username': 'web other' }],
    ['no value', { ...values, 'new web_username': '' }],
  ])('is not replaced by %s', (_, given) => {
    for (const script of [accept, retire]) {
      const { status, stderr, calls } = run(script, input(given));
      expect([status, calls]).toEqual([1, '']);
      expect(stderr).toContain('expected letters, digits, dots, dashes and underscores');
    }
  });
});

describe('ZooKeeper with TLS', () => {
  const pod = zookeeper.pod('StatefulSet', 'zk');
  const server = variables(pod.containers[0]);

  test('the port of the policies wants a certificate; a plain one is on loopback', () => {
    expect(server).toMatchObject({
      ZOOKEEPER_SECURE_CLIENT_PORT: '2181',
      ZOOKEEPER_SSL_CLIENT_AUTH: 'need',
      ZOOKEEPER_CLIENT_PORT_ADDRESS: '127.0.0.1',
      ZOOKEEPER_SSL_QUORUM: 'true',
    });
    const plain = Number(server['ZOOKEEPER_CLIENT_PORT']);
    const { ingress } = zookeeper.policy('zk');
    expect(portsOf(ingress)).not.toContain(plain);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(pod.containers[0][probe].exec.command[2]).toContain(`nc -w 2 127.0.0.1 ${plain}`);
    }
  });

  test('brokers and the exporter show one', () => {
    expect(variables(zookeeper.pod('StatefulSet', 'kafka').containers[0])).toMatchObject({
      KAFKA_ZOOKEEPER_SSL_CLIENT_ENABLE: 'true',
      KAFKA_ZOOKEEPER_SSL_KEYSTORE_LOCATION: '/run/secrets/kafka-tls/tls-combined.pem',
      KAFKA_ZOOKEEPER_SSL_TRUSTSTORE_LOCATION: '/run/secrets/kafka-tls/ca.crt',
    });
    const exporter = zookeeper.pod('Deployment', 'zk-exporter');
    expect(exporter.containers[0].args).toContain('-zk-tls-auth-cert=/run/secrets/zk-exporter-tls/tls.crt');
    expect(filesOf(exporter)).toEqual(['zk-exporter-tls/tls.crt', 'zk-exporter-tls/tls.key']);
  });
});
