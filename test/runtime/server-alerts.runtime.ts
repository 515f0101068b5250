/** @tools prometheus */
import { rulesIn, watchedSystem } from '../support/watched-system';
import { type AlertCase, tryAlerts } from './support/alerts';
import { proof } from './support/proof';

const rules = rulesIn(watchedSystem().objects);

/** The alerts of one server, less those of its backups, which have cases of their own. */
const rulesOf = (server: string) =>
  rules.filter(
    ({ alert, labels }) => labels.server === server && !/^(PostgresWal|PostgresB|PostgresR|RedisBackup)/.test(alert),
  );

const IN = 'namespace="shop"';
const KNOWN = { [`kube_namespace_status_phase{${IN},phase="Active"}`]: '1x90' };
const YES = [{}];
const MUTE = [{ namespace: 'shop' }];
const ready = (pod: string, container: string) =>
  `kube_pod_container_status_ready{${IN},pod="${pod}",container="${container}"}`;

/** What a server that is asked by its own sidecar can have in common with others. */
function downCases(alert: string, unscraped: string, server: string, container: string, up: string): AlertCase[] {
  const pod = `${server}-0`;
  const isUp = `${up}{${IN},pod="${pod}"}`;
  const isReady = ready(pod, container);
  return [
    { what: 'well', alert, series: { ...KNOWN, [isUp]: '1x90', [isReady]: '1x90' }, minute: 30 },
    {
      what: 'the exporter cannot ask it',
      alert,
      series: { ...KNOWN, [isUp]: '1x10 0x60', [isReady]: '1x90' },
      minute: 30,
      fires: YES,
    },
    { what: 'not ready', alert, series: { ...KNOWN, [isReady]: '1x10 0x60' }, minute: 30, fires: YES },
    { what: 'not ready for less than a minute', alert, series: { ...KNOWN, [isReady]: '1x20 0 1x40' }, minute: 21 },
    { what: 'there is none', alert, series: KNOWN, minute: 30, fires: YES },
    { what: 'nobody tells', alert, series: {}, minute: 30 },
    {
      what: 'another one is down',
      alert,
      series: { ...KNOWN, [isUp]: '1x90', [isReady]: '1x90', [`${up}{${IN},pod="other-${pod}"}`]: '0x90' },
      minute: 30,
    },
    {
      what: 'that of another namespace is down',
      alert,
      series: { ...KNOWN, [isReady]: '1x90', [`${up}{namespace="till",pod="${pod}"}`]: '0x90' },
      minute: 30,
    },
    { what: 'scraped', alert: unscraped, series: { [isUp]: '0x90' }, minute: 30 },
    { what: 'away while it restarts', alert: unscraped, series: { [isUp]: '1x10 _x7 1x40' }, minute: 17 },
    { what: 'no target', alert: unscraped, series: {}, minute: 30, fires: MUTE },
  ];
}

const DB = `${IN},pod="db-0"`;
const activity = (state: string, pod = 'db-0') =>
  `pg_stat_activity_count{${IN},pod="${pod}",datname="app",state="${state}"}`;
const open = (state: string) => `pg_stat_activity_max_tx_duration{${DB},datname="app",state="${state}"}`;
const most = `pg_settings_max_connections{${DB},server="localhost:5432"}`;
const deadlocks = `pg_stat_database_deadlocks{${DB},datname="app"}`;

proof('each alert on PostgreSQL fires when it must, and not before', async () =>
  tryAlerts(rulesOf('db'), [
    ...downCases('PostgresDown', 'PostgresNotScraped', 'db', 'postgres', 'pg_up'),
    {
      what: 'three of four',
      alert: 'PostgresConnectionsHigh',
      series: { [activity('active')]: '25x60', [activity('idle')]: '50x60', [most]: '100x60' },
      minute: 30,
    },
    {
      what: 'nearly all, for two minutes',
      alert: 'PostgresConnectionsHigh',
      series: { [activity('active')]: '25x10 90x2 25x40', [most]: '100x60' },
      minute: 13,
    },
    {
      what: 'nearly all, in two states',
      alert: 'PostgresConnectionsHigh',
      series: { [activity('active')]: '31x60', [activity('idle')]: '50x60', [most]: '100x60' },
      minute: 30,
      fires: YES,
    },
    {
      what: 'those of another server',
      alert: 'PostgresConnectionsHigh',
      series: { [activity('active', 'archive-0')]: '99x60', [activity('active')]: '1x60', [most]: '100x60' },
      minute: 30,
    },
    { what: 'one', alert: 'PostgresDeadlocks', series: { [deadlocks]: '7x20 8x40' }, minute: 25 },
    { what: 'three', alert: 'PostgresDeadlocks', series: { [deadlocks]: '7x20 8 9 10x40' }, minute: 25, fires: YES },
    { what: 'three, long ago', alert: 'PostgresDeadlocks', series: { [deadlocks]: '7x20 10x60' }, minute: 60 },
    { what: 'short', alert: 'PostgresTransactionLong', series: { [open('active')]: '30x60' }, minute: 30 },
    {
      what: 'forgotten',
      alert: 'PostgresTransactionLong',
      series: { [open('idle in transaction')]: '0+60x60', [open('active')]: '1x60' },
      minute: 30,
      fires: [{ state: 'idle in transaction' }],
    },
  ]),
);

const memory = (pod = 'store-0') => ({
  used: `redis_memory_used_bytes{${IN},pod="${pod}"}`,
  max: `redis_memory_max_bytes{${IN},pod="${pod}"}`,
});
const ofStore = (metric: string) => `${metric}{${IN},pod="store-0"}`;
const rejected = ofStore('redis_rejected_connections_total');
const evicted = ofStore('redis_evicted_keys_total');
const aof = ofStore('redis_aof_last_write_status');
const rewrite = ofStore('redis_aof_last_bgrewrite_status');

proof('each alert on Redis fires when it must, and not before', async () =>
  tryAlerts(rulesOf('store'), [
    ...downCases('RedisDown', 'RedisNotScraped', 'store', 'redis', 'redis_up'),
    { what: 'written', alert: 'RedisNotWritten', series: { [aof]: '1x60', [rewrite]: '1x60' }, minute: 30 },
    {
      what: 'disk full',
      alert: 'RedisNotWritten',
      series: { [aof]: '1x10 0x60', [rewrite]: '1x60' },
      minute: 30,
      fires: YES,
    },
    {
      what: 'no copy',
      alert: 'RedisNotWritten',
      series: { [aof]: '1x60', [rewrite]: '1x10 0x60' },
      minute: 30,
      fires: YES,
    },
    { what: 'none', alert: 'RedisConnectionsRejected', series: { [rejected]: '4x60' }, minute: 30 },
    { what: 'some', alert: 'RedisConnectionsRejected', series: { [rejected]: '4x28 9x30' }, minute: 30, fires: YES },
    {
      what: 'half',
      alert: 'RedisMemoryHigh',
      series: { [memory().used]: '50x60', [memory().max]: '100x60' },
      minute: 30,
    },
    {
      what: 'no bound',
      alert: 'RedisMemoryHigh',
      series: { [memory().used]: '50x60', [memory().max]: '0x60' },
      minute: 30,
    },
    {
      what: 'nearly full',
      alert: 'RedisMemoryHigh',
      series: { [memory().used]: '91x60', [memory().max]: '100x60' },
      minute: 30,
      fires: YES,
    },
    {
      what: 'the cache is',
      alert: 'RedisMemoryHigh',
      series: { [memory('cache-0').used]: '99x60', [memory('cache-0').max]: '100x60' },
      minute: 30,
    },
    { what: 'nothing is', alert: 'RedisDataEvicted', series: { [evicted]: '0x60' }, minute: 30 },
    { what: 'a key is', alert: 'RedisDataEvicted', series: { [evicted]: '0x28 1x30' }, minute: 30, fires: YES },
  ]),
);

proof('a cache may be full, and throw data away', async () => {
  const names = rulesOf('cache').map(({ alert }) => alert);
  expect(names).toEqual(['RedisDown', 'RedisNotScraped', 'RedisNotWritten', 'RedisConnectionsRejected']);
  return `${names.length} alerts`;
});

const exporter = (server: string) => `${IN},pod="${server}-exporter-7d9c5f6b8-x2x4z"`;
const KAFKA = exporter('kafka');
const partition = (metric: string, number = 0, pod = KAFKA) =>
  `kafka_topic_partition_${metric}{${pod},topic="orders",partition="${number}"}`;
const lag = (group: string, number = 0) =>
  `kafka_consumergroup_lag{${KAFKA},consumergroup="${group}",topic="orders",partition="${number}"}`;
const brokers = `kafka_brokers{${KAFKA}}`;
const broker = (number: number) => ready(`kafka-${number}`, 'kafka');

proof('each alert on Kafka fires when it must, and not before', async () =>
  tryAlerts(rulesOf('kafka'), [
    {
      what: 'one of three',
      alert: 'KafkaDown',
      series: { ...KNOWN, [broker(0)]: '0x60', [broker(1)]: '1x60' },
      minute: 30,
    },
    {
      what: 'none',
      alert: 'KafkaDown',
      series: { ...KNOWN, [broker(0)]: '0x60', [broker(1)]: '0x60' },
      minute: 30,
      fires: YES,
    },
    { what: 'there is none', alert: 'KafkaDown', series: KNOWN, minute: 30, fires: YES },
    { what: 'nobody tells', alert: 'KafkaDown', series: {}, minute: 30 },
    {
      what: 'led',
      alert: 'KafkaPartitionsOffline',
      series: { [partition('replicas')]: '3x60', [partition('leader')]: '2x60' },
      minute: 30,
    },
    {
      what: 'one of two is not',
      alert: 'KafkaPartitionsOffline',
      series: { [partition('replicas')]: '3x60', [partition('leader')]: '2x60', [partition('replicas', 1)]: '3x60' },
      minute: 30,
      fires: YES,
    },
    {
      what: 'the exporter is replaced',
      alert: 'KafkaPartitionsOffline',
      series: {
        [partition('replicas')]: '3x20 _x60',
        [partition('leader')]: '2x20 _x60',
        [partition('replicas', 0, exporter('kafka').replace('x2x4z', 'z4x2x'))]: '_x21 3x60',
        [partition('leader', 0, exporter('kafka').replace('x2x4z', 'z4x2x'))]: '_x21 2x60',
      },
      minute: 23,
    },
    {
      what: 'two copies',
      alert: 'KafkaPartitionsNotWritable',
      series: { [partition('in_sync_replica')]: '2x60' },
      minute: 30,
    },
    {
      what: 'one copy',
      alert: 'KafkaPartitionsNotWritable',
      series: { [partition('in_sync_replica')]: '2x20 1x60', [partition('in_sync_replica', 1)]: '3x60' },
      minute: 30,
      fires: YES,
    },
    { what: 'all', alert: 'KafkaBrokersMissing', series: { [brokers]: '3x60' }, minute: 30 },
    { what: 'a restart', alert: 'KafkaBrokersMissing', series: { [brokers]: '3x10 2x5 3x60' }, minute: 14 },
    { what: 'one', alert: 'KafkaBrokersMissing', series: { [brokers]: '3x10 2x60' }, minute: 30, fires: YES },
    {
      what: 'while brokers restart',
      alert: 'KafkaPartitionsUnderReplicated',
      series: { [partition('under_replicated_partition')]: '0x10 1x10 0x60' },
      minute: 19,
    },
    {
      what: 'for long',
      alert: 'KafkaPartitionsUnderReplicated',
      series: { [partition('under_replicated_partition')]: '0x10 1x60' },
      minute: 30,
      fires: YES,
    },
    { what: 'a few', alert: 'KafkaConsumerLag', series: { [lag('shop')]: '900x60' }, minute: 30 },
    {
      what: 'many at once, soon read',
      alert: 'KafkaConsumerLag',
      series: { [lag('shop')]: '0x10 9000x5 0x60' },
      minute: 14,
    },
    {
      what: 'many, of one group of two',
      alert: 'KafkaConsumerLag',
      series: { [lag('shop')]: '600x60', [lag('shop', 1)]: '600x60', [lag('till')]: '600x60' },
      minute: 30,
      fires: [{ consumergroup: 'shop', topic: 'orders' }],
    },
    { what: 'scraped', alert: 'KafkaNotScraped', series: { [brokers]: '3x60' }, minute: 30 },
    { what: 'not', alert: 'KafkaNotScraped', series: {}, minute: 30, fires: MUTE },
  ]),
);

const ZK = exporter('zk');
const zk = (metric: string, host: number) => `zk_${metric}{${ZK},zk_host="zk-${host}.zk:2181"}`;
const of = (values: string, ...names: string[]) => Object.fromEntries(names.map((name) => [name, values]));
const up = [1, 2, 3].map((host) => zk('up', host));
const serving = [1, 2, 3].map((host) => zk('znode_count', host));
const leaders = [1, 2, 3].map((host) => zk('server_leader', host));
const inQuorum = [1, 2, 3].map((host) => ready(`zk-${host}`, 'zookeeper'));
const slow = (host: number) => [{ zk_host: `zk-${host}.zk:2181` }];

proof('each alert on ZooKeeper fires when it must, and not before', async () =>
  tryAlerts(rulesOf('zk'), [
    {
      what: 'all serve',
      alert: 'ZooKeeperQuorumLost',
      series: { ...KNOWN, ...of('1x60', ...up, ...inQuorum), ...of('9x60', ...serving) },
      minute: 30,
    },
    {
      what: 'two of three serve',
      alert: 'ZooKeeperQuorumLost',
      series: {
        ...KNOWN,
        ...of('1x60', ...up, ...inQuorum.slice(1)),
        [inQuorum[0]!]: '0x60',
        ...of('9x60', ...serving.slice(1)),
      },
      minute: 30,
    },
    {
      what: 'one is left, does not serve, and is called a leader by the exporter',
      alert: 'ZooKeeperQuorumLost',
      series: {
        ...KNOWN,
        ...of('1x60', up[0]!, leaders[0]!),
        ...of('0x60', up[1]!, up[2]!),
        ...of('1x60', ...inQuorum),
      },
      minute: 30,
      fires: YES,
    },
    {
      what: 'one is ready, and nobody tells the figures',
      alert: 'ZooKeeperQuorumLost',
      series: { ...KNOWN, [inQuorum[0]!]: '1x60', ...of('0x60', inQuorum[1]!, inQuorum[2]!) },
      minute: 30,
      fires: YES,
    },
    { what: 'all answer', alert: 'ZooKeeperServerDown', series: of('1x60', ...up), minute: 30 },
    {
      what: 'one restarts',
      alert: 'ZooKeeperServerDown',
      series: { ...of('1x60', up[0]!, up[1]!), [up[2]!]: '1x10 0x3 1x60' },
      minute: 13,
    },
    {
      what: 'one does not',
      alert: 'ZooKeeperServerDown',
      series: { ...of('1x60', up[0]!, up[1]!), [up[2]!]: '0x60' },
      minute: 30,
      fires: YES,
    },
    {
      what: 'one has no address',
      alert: 'ZooKeeperServerDown',
      series: of('1x60', up[0]!, up[1]!),
      minute: 30,
      fires: YES,
    },
    { what: 'few', alert: 'ZooKeeperRequestsWait', series: { [zk('outstanding_requests', 1)]: '10x60' }, minute: 30 },
    {
      what: 'many',
      alert: 'ZooKeeperRequestsWait',
      series: { [zk('outstanding_requests', 1)]: '11x60' },
      minute: 30,
      fires: slow(1),
    },
    { what: 'quick', alert: 'ZooKeeperSlow', series: { [zk('avg_latency', 2)]: '1.5x60' }, minute: 30 },
    { what: 'slow', alert: 'ZooKeeperSlow', series: { [zk('avg_latency', 2)]: '150x60' }, minute: 30, fires: slow(2) },
    { what: 'scraped', alert: 'ZooKeeperNotScraped', series: of('1x60', ...up), minute: 30 },
    { what: 'not', alert: 'ZooKeeperNotScraped', series: {}, minute: 30, fires: MUTE },
  ]),
);
