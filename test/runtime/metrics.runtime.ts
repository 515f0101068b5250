/** @tools postgres redis kafka metric-docs */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { EXPORTED_METRICS } from '../../src/platform/metrics';
import { rolesScript } from '../../src/data/postgres-roles';
import { eventually, freePort, scratchFolder, startProcess } from './support/process';
import { PostgresServer } from './support/postgres';
import { proof } from './support/proof';
import { RedisServer } from './support/redis';
import { toolPath } from './support/tools';

type Exporter = keyof typeof EXPORTED_METRICS;

/** The names that an exporter gives. */
async function namesAt(port: number): Promise<Set<string>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return new Set(text.split('\n').flatMap((line) => /^([a-zA-Z_:][\w:]*)[{ ]/.exec(line)?.[1] ?? []));
}

const missing = (exporter: Exporter, has: (name: string) => boolean) =>
  EXPORTED_METRICS[exporter].filter((name) => !has(name));

proof('the exporter of PostgreSQL gives every metric of the list, to the role that it has', async () => {
  // It archives, for else there is nothing to say of that.
  const postgres = await PostgresServer.start({ settings: { archive_mode: 'on', archive_command: "'true'" } });
  const password = randomBytes(18).toString('hex');
  expect(rolesScript('app', 'app', [])).toContain('GRANT pg_monitor TO exporter;');
  postgres.query(`CREATE ROLE exporter LOGIN PASSWORD '${password}'; GRANT pg_monitor TO exporter;`);
  const port = await freePort();
  await startProcess(
    'exporter',
    toolPath('redis', 'bin/prometheus-postgres-exporter'),
    [`--web.listen-address=127.0.0.1:${port}`],
    {
      port,
      env: {
        DATA_SOURCE_URI: `127.0.0.1:${postgres.port}/postgres?sslmode=disable`,
        DATA_SOURCE_USER: 'exporter',
        DATA_SOURCE_PASS: password,
      },
    },
  );
  const names = await namesAt(port);
  // Without a follower it says nothing of replication: test/runtime/replica asks with one.
  const asked = missing('postgres_exporter', (name) => names.has(name) || name.includes('_replication_'));
  expect(asked).toEqual([]);
  expect(names.has('pg_upp')).toBe(false);
  const own = EXPORTED_METRICS.postgres_exporter.filter((name) => !name.includes('_replication_'));
  return `${own.length} of ${names.size} metrics`;
});

proof('the exporter of Redis gives every metric of the list, to the user that it has', async () => {
  const redis = await RedisServer.start({ settings: { appendonly: 'yes', maxmemory: '100mb' } });
  const password = randomBytes(18).toString('hex');
  const hash = createHash('sha256').update(password).digest('hex');
  const rights =
    '-@all +client|setname +client|list +cluster|info +info +latency|histogram +latency|latest +ping +slowlog|len';
  redis.command('ACL', 'SETUSER', 'exporter', 'on', `#${hash}`, 'resetkeys', 'resetchannels', ...rights.split(' '));
  const port = await freePort();
  const args = [
    `--web.listen-address=127.0.0.1:${port}`,
    `--redis.addr=redis://127.0.0.1:${redis.port}`,
    '--redis.user=exporter',
  ];
  await startProcess('exporter', toolPath('redis', 'bin/prometheus-redis-exporter'), args, {
    port,
    env: { REDIS_PASSWORD: password },
  });
  const names = await namesAt(port);
  expect(missing('redis_exporter', (name) => names.has(name))).toEqual([]);
  return `${EXPORTED_METRICS.redis_exporter.length} of ${names.size} metrics`;
});

/** What the exporter makes of what a server says. */
const OF_ITS_OWN = { zk_up: undefined, zk_server_leader: 'zk_server_state' } as Record<string, string | undefined>;

proof('ZooKeeper tells what its exporter passes on', async () => {
  const folder = scratchFolder('zookeeper');
  const port = await freePort();
  const settings = { dataDir: folder, clientPort: port, clientPortAddress: '127.0.0.1', 'admin.enableServer': false };
  const lines = Object.entries({ ...settings, '4lw.commands.whitelist': 'mntr' }).map(
    ([name, value]) => `${name}=${value}\n`,
  );
  const config = join(folder, 'zookeeper.properties');
  writeFileSync(config, lines.join(''));
  await startProcess('zookeeper', toolPath('kafka', 'bin/zookeeper-server-start'), [config], { port });
  const ask = () =>
    new Promise<string>((done, fail) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('mntr'));
      socket.setEncoding('utf8').on('data', (more: string) => (text += more));
      socket.on('error', fail).on('close', () => done(text));
    });
  await eventually(async () => (await ask()).includes('zk_server_state'));
  const keys = new Set((await ask()).split('\n').map((line) => line.split('\t')[0]!));
  const source = (name: string) => (name in OF_ITS_OWN ? OF_ITS_OWN[name] : name);
  expect(missing('zookeeper-exporter', (name) => source(name) === undefined || keys.has(source(name)!))).toEqual([]);
  return `${EXPORTED_METRICS['zookeeper-exporter'].length} metrics from ${keys.size} figures`;
});

/** Dapr writes its names with slashes, less its own. */
const asDapr = (text: string) => text.replace(/\//g, '_').replace(/"(?=[a-z])/g, '"dapr_');

const DOCUMENTED: [exporter: Exporter, file: string, read?: (text: string) => string][] = [
  ['Argo Rollouts', 'argo-rollouts'],
  ['cAdvisor in the kubelet', 'cadvisor'],
  ['cert-manager', 'cert-manager'],
  ['daprd', 'dapr', asDapr],
  ['kube-state-metrics', 'kube-state-metrics'],
  ['kubelet', 'kubernetes'],
];

proof('the documentation of every other exporter has every metric of its list', async () => {
  const absent = (names: readonly string[], file: string, read = (text: string) => text) => {
    const text = read(readFileSync(toolPath('metric-docs', `${file}.txt`), 'utf8'));
    return names.filter((name) => !new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text));
  };
  for (const [exporter, file, read] of DOCUMENTED) {
    expect([exporter, absent(EXPORTED_METRICS[exporter], file, read)]).toEqual([exporter, []]);
  }
  expect(absent(['kube_pod_restarts'], 'kube-state-metrics')).toEqual(['kube_pod_restarts']);
  return `${DOCUMENTED.length} exporters, ${DOCUMENTED.flatMap(([exporter]) => EXPORTED_METRICS[exporter]).length} metrics`;
});

proof('the scripts of backups write every metric of the list', async () => {
  const files = ['backup-scripts', 'postgres-standby-scripts'];
  const scripts = files.map((file) => readFileSync(`src/data/${file}.ts`, 'utf8')).join('\n');
  expect(missing('backups of PostgreSQL', (name) => scripts.includes(`${name} $`))).toEqual([]);
  return `${EXPORTED_METRICS['backups of PostgreSQL'].length} metrics`;
});
