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
    expect(variables(pod.containers[0])['KAFKA_SASL_PASSWORD']).toEqual({
      secretKeyRef: { name: 'kafka-credentials', key: 'web' },
    });
    expect(kraft.objects.one('ConfigMap', 'web-config').data).toMatchObject({
      KAFKA_CA_FILE: '/run/secrets/kafka-tls/ca.crt',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'web',
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
      '--sasl.username=kafka-exporter',
      '--tls.enabled',
      '--tls.ca-file=/run/secrets/kafka-tls/ca.crt',
    ]);
    expect(exporter.env[0]).toMatchObject({
      name: 'SASL_USER_PASSWORD',
      valueFrom: { secretKeyRef: { key: 'kafka-exporter' } },
    });
  });

  test('a Job makes every user that is declared, from files', () => {
    const { keys } = kraft.secrets.find(({ name }) => name === 'kafka-credentials')!;
    expect(Object.keys(keys)).toEqual(['kafka-exporter', 'web']);
    const pod = kraft.job('kafka-users');
    expect(filesOf(pod)).toEqual(expect.arrayContaining(['kafka-credentials/kafka-exporter', 'kafka-credentials/web']));
    const [{ command, env }] = pod.containers;
    expect(command[2]).toContain('--add-config-file /tmp/credential');
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
