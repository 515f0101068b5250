import { Kafka } from '../../src/messaging/kafka';
import type { KafkaSettings } from '../../src/messaging/kafka-settings';
import { KafkaTopics, type TopicSettings } from '../../src/messaging/topics';
import { ZooKeeper, type ZooKeeperSettings } from '../../src/messaging/zookeeper';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, objectsOfConstruct, testSystem } from '../support/system';

const exporter = {
  image: {
    repository: 'mirror.example.com/exporter',
    tag: 'v1',
    digest: `sha256:${'e'.repeat(64)}`,
    pullPolicy: 'Always' as const,
    pullSecrets: ['other'],
    profile: 'fastapi' as const,
    user: 20000,
    group: 20001,
    writablePaths: [{ path: '/tmp', reason: 'nothing', sizeLimit: '1Mi', inMemory: false }],
  },
  resources: {
    requests: { cpu: '1m', memory: '10Mi', ephemeralStorage: '10Mi' },
    limits: { cpu: '2m', memory: '20Mi', ephemeralStorage: '20Mi' },
  },
};
const resources = {
  requests: { cpu: '200m', memory: '300Mi', ephemeralStorage: '70Mi' },
  limits: { cpu: '400m', memory: '400Mi', ephemeralStorage: '100Mi' },
};

const allZooKeeper: Complete<ZooKeeperSettings> = {
  image: { ...exporter.image, repository: 'mirror.example.com/cp-zookeeper' },
  replicas: 3,
  storage: { size: '2Gi', className: 'fast' },
  resources,
  disruptionBudget: { minAvailable: 1 },
  spread: { hosts: 'required', zones: 'required' },
  exporter,
  alerts: { enabled: true, outstandingRequests: 20, latencyMilliseconds: 50 },
};

const allKafka: Complete<KafkaSettings> = {
  mode: 'kraft',
  clusterId: 'a'.repeat(22),
  image: { ...exporter.image, repository: 'mirror.example.com/cp-kafka' },
  brokers: 4,
  replication: { factor: 2, minInSync: 1 },
  retentionBytes: 2 ** 22,
  storage: { size: '2Gi', className: 'fast' },
  resources,
  properties: { 'log.cleaner.threads': 2 },
  disruptionBudget: { minAvailable: 1 },
  spread: { hosts: 'required', zones: 'required' },
  exporter,
  alerts: { enabled: true, consumerLag: 50, consumerLagFor: '5m', underReplicatedFor: '20m' },
};

const zookeeper = (settings: ZooKeeperSettings) => objectsOfConstruct((scope) => new ZooKeeper(scope, 'zk', settings));
const kraft = (settings: KafkaSettings) => objectsOfConstruct((scope) => new Kafka(scope, 'kafka', settings));

/** Kafka beside its ensemble, and its topics. */
function cluster(settings: KafkaSettings = {}, topics: TopicSettings[] = [{ name: 'orders' }]) {
  const system = testSystem();
  const layer = system.layer('messaging');
  const ensemble = ZooKeeper.unlessKraft(layer, 'zk', settings.mode);
  const kafka = new Kafka(layer, 'kafka', settings, ensemble);
  new KafkaTopics(layer, 'topics', kafka, topics);
  return finished(system);
}
const environment = (objects: ReturnType<typeof cluster>, name: string): Record<string, any> =>
  Object.fromEntries(
    objects
      .one('StatefulSet', name)
      .spec.template.spec.containers[0].env.map((one: any) => [
        one.name,
        one.value ?? one.valueFrom.fieldRef.fieldPath,
      ]),
  );
const script = (objects: ReturnType<typeof cluster>): string =>
  objects.all('Job')[0].spec.template.spec.containers[0].command[2];

describe('ZooKeeper', () => {
  test('minimal', () => expect(zookeeper({})).toMatchSnapshot());

  test('with everything set', () => {
    const objects = zookeeper(allZooKeeper);
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => {
    expect(leavesWithoutEffect(allZooKeeper, zookeeper)).toEqual(['image.profile', 'exporter.image.profile']);
  });

  test('servers are numbered from 1, as their pods are, by a label and no shell', () => {
    const objects = cluster();
    expect(objects.one('StatefulSet', 'zk').spec.ordinals).toEqual({ start: 1 });
    const env = environment(objects, 'zk');
    expect(env['ZOOKEEPER_SERVER_ID']).toBe("metadata.labels['apps.kubernetes.io/pod-index']");
    expect(env['ZOOKEEPER_SERVERS'].split(';')[0]).toBe('zk-1.zk.shop.svc.cluster.local:2888:3888');
  });

  test('one server alone is no quorum, and is told of none', () => {
    const system = testSystem();
    new ZooKeeper(system.layer('messaging'), 'zk', { replicas: 1 });
    expect(environment(finished(system), 'zk')).not.toHaveProperty('ZOOKEEPER_SERVERS');
  });

  test('a drain leaves a majority', () => {
    const budget = (replicas: 1 | 3 | 5) =>
      zookeeper({ replicas }).find(({ kind, metadata }) => kind === 'PodDisruptionBudget' && metadata.name === 'zk')
        .spec;
    expect(budget(5).minAvailable).toBe(3);
    expect(budget(3).minAvailable).toBe(2);
    expect(budget(1)).toMatchObject({ maxUnavailable: 1 });
  });

  test('servers reach one another, and only they the ports between servers', () => {
    const { ingress } = cluster().one('NetworkPolicy', 'zk').spec;
    const ports = ingress.map((rule: any) => rule.ports.map(({ port }: any) => port));
    expect(ports).toEqual([[2888, 3888], [2181], [2181]]);
  });
});

describe('Kafka', () => {
  test('minimal', () => expect(cluster().objects).toMatchSnapshot());

  test('with everything set', () => {
    const objects = kraft(allKafka);
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => {
    // Anything but `kraft` wants an ensemble: 'the mode' below.
    const { mode: _mode, ...rest } = allKafka;
    const make = (settings: Partial<KafkaSettings>) => cluster({ ...settings, mode: 'kraft' }).objects;
    expect(leavesWithoutEffect(rest, make)).toEqual(['image.profile', 'exporter.image.profile']);
  });

  test('the mode: brokers ask an ensemble, or elect among themselves', () => {
    expect(environment(cluster(), 'kafka')).toMatchObject({
      KAFKA_BROKER_ID: "metadata.labels['apps.kubernetes.io/pod-index']",
      KAFKA_ZOOKEEPER_CONNECT: 'zk-1.zk:2181,zk-2.zk:2181,zk-3.zk:2181',
    });
    const objects = cluster({ mode: 'kraft', clusterId: 'a'.repeat(22) });
    expect(environment(objects, 'kafka')).toMatchObject({
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '0@kafka-0.kafka:9094,1@kafka-1.kafka:9094,2@kafka-2.kafka:9094',
    });
    expect(environment(objects, 'kafka')).not.toHaveProperty('KAFKA_ZOOKEEPER_CONNECT');
    expect(objects.all('StatefulSet').map(({ metadata }) => metadata.name)).toEqual(['kafka']);
  });

  test('a variable is expanded only where what it names stands before it', () => {
    const env = cluster()
      .one('StatefulSet', 'kafka')
      .spec.template.spec.containers[0].env.map(({ name }: any) => name);
    expect(env.indexOf('POD_NAME')).toBeLessThan(env.indexOf('KAFKA_ADVERTISED_LISTENERS'));
  });

  test('properties win, by the image rules of names', () => {
    const env = environment(cluster({ properties: { 'min.insync.replicas': 1, 'a-b.c_d': true } }), 'kafka');
    expect(env).toMatchObject({ KAFKA_MIN_INSYNC_REPLICAS: '1', KAFKA_A___B_C__D: 'true' });
  });

  test('no probe starts a JVM', () => {
    const [broker] = cluster().one('StatefulSet', 'kafka').spec.template.spec.containers;
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
      expect(broker[probe]).toHaveProperty('tcpSocket');
  });

  test.each([
    [
      { replication: { factor: 4 } },
      'replication.factor: expected at most the brokers (3), got 4; add brokers or lower it',
    ],
    [
      { replication: { factor: 2, minInSync: 3 } },
      'replication.minInSync: expected at most the copies (2), got 3; nothing could ever be written',
    ],
    [{ mode: 'kraft' as const }, 'clusterId: is missing, and KRaft needs it'],
  ])('refuses %j', (settings, message) => {
    expect(() => cluster(settings)).toThrow(`[shop-test/messaging/kafka] ${message}`);
  });

  test('refuses to do without an ensemble', () => {
    expect(() => kraft({})).toThrow('mode: expected a ZooKeeper beside it, got none; pass one, or set mode: kraft');
  });
});

describe('KafkaTopics', () => {
  const line = (objects: ReturnType<typeof cluster>, name: string) =>
    script(objects)
      .split('\n')
      .find((text) => text.startsWith(`ensure ${name} `));

  test('a topic has three partitions, seven days, snappy, the copies of the cluster, and dead letters', () => {
    const objects = cluster();
    expect(line(objects, 'orders')).toMatch(/^ensure orders 3 3 .*compression.type=snappy,min.insync.replicas=2,/);
    expect(line(objects, 'orders')).toContain('retention.ms=604800000');
    expect(line(objects, 'orders.dead-letter')).toMatch(/^ensure orders.dead-letter 3 3 /);
    expect(line(cluster({}, [{ name: 'orders', deadLetter: false }]), 'orders.dead-letter')).toBeUndefined();
  });

  test('what topics keep is an equal share of four fifths of the volumes, less the open segments', () => {
    // 2 topics of 3 partitions in 3 copies are 18 logs: 3 × 50Gi × 0.8 / 18, less 128Mi each.
    const share = Math.floor((3 * 50 * 2 ** 30 * 0.8) / 18) - 128 * 2 ** 20;
    expect(line(cluster(), 'orders')).toContain(`retention.bytes=${share},`);
  });

  test('what topics that say nothing keep can be said once for all; a topic wins', () => {
    const topics = [{ name: 'orders' }, { name: 'bills', retentionBytes: 2 ** 24 }];
    const objects = cluster({ retentionBytes: 2 ** 22 }, topics);
    const kept = ['orders', 'orders.dead-letter', 'bills', 'bills.dead-letter'].map((name) => line(objects, name));
    expect(kept.map((text) => /retention\.bytes=(\d+),/.exec(text!)![1])).toEqual(
      [2 ** 22, 2 ** 22, 2 ** 24, 2 ** 22].map(String),
    );
  });

  test('topics that would fill the volumes are refused with the sum', () => {
    expect(() => cluster({ storage: { size: '1Gi' } }, [{ name: 'orders', retentionBytes: 2 ** 30 }])).toThrow(
      /topics: the topics may keep [\d.]+Gi in all copies, and 3 volumes of 1Gi hold 2.4Gi of topics; lower retentionBytes/,
    );
  });

  test('a topic named twice is refused', () => {
    expect(() => cluster({}, [{ name: 'a' }, { name: 'a' }])).toThrow('topics: "a" is named twice; keep one of them');
  });

  test('each setting of a topic has an effect, but the route, which is that of subscriptions', () => {
    const all: Complete<TopicSettings> = {
      name: 'orders',
      route: '/orders',
      partitions: 2,
      retentionDays: 1,
      retentionBytes: 2 ** 21,
      compression: 'gzip',
      deadLetter: true,
    };
    expect(leavesWithoutEffect(all, (topic) => script(cluster({}, [topic])))).toEqual(['route']);
  });
});
