/** @tools postgres redis kafka */
import { readFileSync } from 'node:fs';

import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import { fillSecret } from '../../src/cli/secrets/values';
import { Secrets } from '../../src/platform/secrets';
import { mergeSettings } from '../../src/settings/merge';
import { SYSTEMS } from '../../src/systems';
import { settingsOf } from '../support/overlays';
import { Authority } from './support/authority';
import { CONFLUENT } from './support/confluent';
import { POSTGRES_ENTRYPOINT } from './support/postgres-entrypoint';
import { Pods, type Running, type SecretValues } from './support/pods';
import { proof } from './support/proof';

/** The production of Todo Evolution with TLS, the Secrets that it reads, and who signed their certificates. */
function system(change: object = {}) {
  const settings = mergeSettings(settingsOf('todo-evolution', 'production') as any, {
    tls: { enabled: true },
    ...change,
  });
  const built = new SYSTEMS['todo-evolution']!(new App(), 'production', settings as any);
  const objects = finish(built).map(({ manifest }) => manifest);
  const authority = new Authority('todo-app');
  const secrets: SecretValues = Object.fromEntries(
    Secrets.of(built).all.map((secret) => [
      secret.name,
      Object.fromEntries(fillSecret(secret).keys.map(({ key, value }) => [key, value.toString()])),
    ]),
  );
  const certificates = objects.filter(({ kind, spec }) => kind === 'Certificate' && !spec.isCA);
  for (const certificate of certificates) secrets[certificate.spec.secretName] = authority.sign(certificate);
  const certificate = (name: string) => certificates.find(({ metadata }) => metadata.name === name);
  return { objects, secrets, authority, certificate };
}

/** What an hour is here. */
const hasten = (word: string) => word.replace('sleep 3600', 'sleep 1');

/** What a client learns of the certificate that a server shows. */
const shown = async (pods: Pods, pod: string, container: string, ...options: string[]) => {
  const script = `openssl s_client ${options.join(' ')} </dev/null 2>/dev/null | openssl x509 -noout -serial`;
  return (await pods.call(pod, { container, command: ['sh', '-c', script] })).trim();
};

const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

describe('PostgreSQL', () => {
  const world = () => system();
  let given: ReturnType<typeof world>;
  let pods: Pods;
  let server: Running;
  beforeAll(async () => {
    given = world();
    given.secrets['stranger'] = { 'ca.crt': new Authority('stranger').certificate };
    pods = await Pods.start({
      ...given,
      tools: ['postgres', 'redis'],
      commands: { 'docker-entrypoint.sh': POSTGRES_ENTRYPOINT },
    });
    server = await pods.run('postgres-0', {
      change: hasten,
      line: /listening on IPv4[\s\S]*ready to accept connections/,
    });
  }, 60_000);
  afterAll(() => pods?.stop());

  const url = (host: string, options: string) =>
    `postgresql://todo:${given.secrets['postgres-credentials']!['password']}@${host}:5432/todo?${options}`;
  const verified = 'sslmode=verify-full&sslrootcert=/run/secrets/postgres-tls/ca.crt';
  const ask = (
    query: string,
    pod = 'postgres-0',
    sql = 'select version from pg_stat_ssl where pid = pg_backend_pid()',
  ) => pods.call(pod, { container: pod === 'backend' ? 'backend' : 'exporter', command: ['psql', query, '-Atc', sql] });

  proof('a client that believes only the server gets in by each of its names', async () => {
    const hosts = ['postgres', 'postgres.todo-app.svc.cluster.local', 'postgres-0.postgres', 'localhost'];
    for (const host of hosts) expect(await ask(url(host, verified))).toBe('TLSv1.3\n');
    await expect(ask(url('127.0.0.1', verified))).rejects.toThrow('does not match host name');
    return `${hosts.length} names, and none that is not in the certificate`;
  });

  proof('the application and what waits for the server get in with what they are given', async () => {
    const command = ['sh', '-c', 'psql "$DATABASE_URL" -Atc "select current_user"'];
    expect(await pods.call('backend', { container: 'backend', command })).toBe('todo\n');
    await pods.call('backend', { container: 'wait-for-postgres' });
    return 'by DATABASE_URL, and by pg_isready';
  });

  proof('without TLS nobody gets in, be he in the same pod', async () => {
    for (const [pod, host] of [
      ['backend', 'postgres'],
      ['postgres-0', 'localhost'],
      ['postgres-0', '127.0.0.1'],
    ] as const) {
      await expect(ask(url(host, 'sslmode=disable'), pod)).rejects.toThrow(/no pg_hba.conf entry .* no encryption/);
    }
    return 'refused over the network and over loopback';
  });

  proof('a client that believes another authority does not get in', async () => {
    const path = `${pods.secretFolder('stranger')}/ca.crt`;
    const command = [
      'sh',
      '-c',
      `cat > /tmp/ca.crt; psql "${url('postgres', 'sslmode=verify-full&sslrootcert=/tmp/ca.crt')}"`,
    ];
    await expect(
      pods.call('backend', { container: 'backend', command, input: readFileSync(path, 'utf8') }),
    ).rejects.toThrow('certificate verify failed');
    return 'refused';
  });

  proof('the exporter asks by a name of the certificate, on loopback', async () => {
    const { server: exporter } = await pods.run('postgres-0', {
      container: 'exporter',
      command: ['prometheus-postgres-exporter'],
      line: /[Ll]istening on/,
    });
    const metrics = await pods.call('postgres-0', {
      container: 'exporter',
      command: ['curl', '-s', 'localhost:9187/metrics'],
    });
    expect(metrics).toMatch(/^pg_up 1$/m);
    expect(exporter.isRunning).toBe(true);
    return 'pg_up 1';
  });

  proof('a renewed certificate is taken without a restart, and a session stays', async () => {
    const look = () => shown(pods, 'postgres-0', 'exporter', '-starttls postgres -connect localhost:5432');
    const before = await look();
    const { server: session } = await pods.run('backend', {
      container: 'backend',
      command: ['sh', '-c', 'psql "$DATABASE_URL" -Atc "select 1; select pg_sleep(6); select 42"'],
    });
    const began = Date.now();
    pods.fill('postgres-tls', given.authority.sign(given.certificate('postgres')));
    await server.server.until('another certificate', async () => (await look()) !== before, 15);
    const took = seconds(began);
    expect(await ask(url('postgres', verified))).toBe('TLSv1.3\n');
    await server.server.until('the end of the session', () => !session.isRunning, 15);
    expect(session.output).toContain('42');
    expect(server.server.output).not.toMatch(/terminating any other active|was terminated by signal/);
    return `after ${took} with a look each second`;
  });

  proof('what lets the server read its files anew heeds no signal that could be taken for a crash', async () => {
    const [loop] = pods.processes(server, /^sh -c \(trap/).filter(({ pid }) => pid !== server.pid);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(loop!.pid, signal);
    await ask(url('postgres', verified), 'postgres-0', 'select pg_sleep(2)');
    expect(pods.processes(server, /^sh -c \(trap/).some(({ pid }) => pid === loop!.pid)).toBe(true);
    expect(server.server.output).not.toMatch(/terminating any other active/);
    return 'SIGTERM, SIGINT and SIGHUP: still there, no session ended';
  });

  proof('should it be killed all the same, the server recovers by itself', async () => {
    const [loop] = pods.processes(server, /^sh -c \(trap/).filter(({ pid }) => pid !== server.pid);
    const { length } = server.server.output;
    const began = Date.now();
    process.kill(loop!.pid, 'SIGKILL');
    await server.server.until('recovery', () => /ready to accept connections/.test(server.server.output.slice(length)));
    const took = seconds(began);
    expect(await ask(url('postgres', verified))).toBe('TLSv1.3\n');
    return `after ${took}`;
  });

  proof('the server ends as fast as without it', async () => {
    const began = Date.now();
    await pods.end(server, 'SIGINT');
    expect(server.server.output).toMatch(/received fast shutdown request[\s\S]*database system is shut down/);
    return `${seconds(began)} after SIGINT, with a checkpoint`;
  });
});

describe('Redis', () => {
  let given: ReturnType<typeof system>;
  let pods: Pods;
  let server: Running;
  beforeAll(async () => {
    given = system();
    pods = await Pods.start({ ...given, tools: ['redis'] });
    server = await pods.run('redis-0', { change: hasten, line: /Ready to accept connections/ });
  }, 60_000);
  afterAll(() => pods?.stop());

  const CA = '/run/secrets/redis-tls/ca.crt';
  const cli = (...words: string[]) => ['sh', '-c', `REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -e ${words.join(' ')}`];
  const ask = (...words: string[]) => pods.call('backend', { container: 'backend', command: cli(...words) });

  proof('the application and what waits for the server get in with what they are given', async () => {
    expect(await ask('-h "$REDIS_HOST" -p "$REDIS_PORT" --tls --cacert "$REDIS_CA_FILE" set greeting hello')).toContain(
      'OK',
    );
    await pods.call('backend', { container: 'wait-for-redis' });
    return 'by host, port, password and authority of its variables';
  });

  proof('the probes are content', async () => {
    const { containers } = pods.podSpec('redis-0');
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      await pods.call('redis-0', { command: containers[0][probe].exec.command });
    }
    return 'startup, readiness and liveness';
  });

  proof('without TLS nobody gets in', async () => {
    await expect(ask('-h redis -p 6379 ping')).rejects.toThrow(
      /Connection reset|Server closed the connection|I\/O error/,
    );
    return 'refused';
  });

  proof('a client that believes another authority does not get in', async () => {
    const input = new Authority('stranger').certificate;
    const script = 'cat > /tmp/ca.crt; redis-cli -h redis --tls --cacert /tmp/ca.crt ping';
    const command = ['sh', '-c', script];
    await expect(pods.call('backend', { container: 'backend', command, input })).rejects.toThrow(
      'certificate verify failed',
    );
    return 'refused';
  });

  proof('nothing below TLS 1.2 is spoken', async () => {
    const dial = (version: string) =>
      pods.call('backend', {
        container: 'backend',
        command: [
          'sh',
          '-c',
          `openssl s_client -connect redis:6379 -CAfile ${CA} -cipher ALL@SECLEVEL=0 ${version} </dev/null`,
        ],
      });
    expect(await dial('-tls1_2')).toContain('Verify return code: 0');
    await expect(dial('-tls1_1')).rejects.toThrow(/alert protocol version/);
    return '1.2 is, 1.1 is not';
  });

  proof('the exporter logs in with the password of its file', async () => {
    await pods.run('redis-0', {
      container: 'exporter',
      command: ['prometheus-redis-exporter'],
      line: /Providing metrics/,
    });
    const command = ['curl', '-s', 'localhost:9121/metrics'];
    expect(await pods.call('redis-0', { container: 'exporter', command })).toMatch(/^redis_up 1$/m);
    return 'redis_up 1';
  });

  proof('a renewed certificate is taken without a restart, and a connection stays', async () => {
    const look = () => shown(pods, 'backend', 'backend', '-connect redis:6379');
    const before = await look();
    const { server: session } = await pods.run('backend', {
      container: 'backend',
      command: cli('-h "$REDIS_HOST" -p "$REDIS_PORT" --tls --cacert "$REDIS_CA_FILE" blpop nothing 6'),
    });
    const began = Date.now();
    pods.fill('redis-tls', given.authority.sign(given.certificate('redis')));
    await server.server.until('another certificate', async () => (await look()) !== before, 15);
    const took = seconds(began);
    expect(await ask('-h "$REDIS_HOST" -p "$REDIS_PORT" --tls --cacert "$REDIS_CA_FILE" get greeting')).toContain(
      'hello',
    );
    await server.server.until('the end of the session', () => !session.isRunning, 15);
    expect(session.output).not.toMatch(/error/i);
    return `after ${took} with a look each second`;
  });

  proof('the server ends as fast as without it, and keeps what it knew', async () => {
    const began = Date.now();
    await pods.end(server, 'SIGTERM');
    const took = seconds(began);
    expect(server.server.output).toContain('Redis is now ready to exit');
    server = await pods.run('redis-0', { line: /Ready to accept connections/ });
    expect(await ask('-h "$REDIS_HOST" -p "$REDIS_PORT" --tls --cacert "$REDIS_CA_FILE" get greeting')).toContain(
      'hello',
    );
    return `${took} after SIGTERM`;
  });
});

describe.each([
  ['zookeeper', { zookeeper: { replicas: 3 } }],
  ['kraft', { kafka: { mode: 'kraft', clusterId: 'MkU3OEVBNTcwNTJENDM2Qg' } }],
] as const)('Kafka in the mode %s', (mode, change) => {
  let given: ReturnType<typeof system>;
  let pods: Pods;
  // Each topic costs a start of the JVM.
  const topics = [{ name: 'task.created', route: '/events/task/created' }];
  const properties = { 'offsets.topic.num.partitions': 1 };
  const small = { brokers: 2, replication: { factor: 2, minInSync: 1 }, properties };
  beforeAll(async () => {
    given = system({ ...change, topics, kafka: { ...small, ...('kafka' in change ? change.kafka : {}) } });
    pods = await Pods.start({ ...given, tools: ['kafka'], commands: CONFLUENT });
    if (mode === 'zookeeper') {
      const start = (number: number) => pods.run(`zookeeper-${number}`, { command: ['cp-zookeeper'] });
      await Promise.all([1, 2, 3].map(start));
      await pods.call('kafka-0', { container: 'wait-for-zookeeper' });
    }
    const start = (number: number) =>
      pods.run(`kafka-${number}`, {
        command: ['cp-kafka'],
        line: /(Kafka Server|KafkaServer id=\d+\]) started/,
        seconds: 120,
      });
    await Promise.all([0, 1].map(start));
  }, 240_000);
  afterAll(() => pods?.stop());

  const CA = '/run/secrets/kafka-tls/ca.crt';
  const tls = ['ssl.truststore.type=PEM', `ssl.truststore.location=${CA}`];
  const login = (password: string) => [
    'security.protocol=SASL_SSL',
    'sasl.mechanism=SCRAM-SHA-512',
    `sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="kafka-exporter" password="${password}";`,
    ...tls,
  ];
  /** A tool of Kafka's, in the pod of the exporter, which has a user and the certificate of the authority. */
  const tool = (properties: readonly string[], script: string, input?: string) =>
    pods.call('kafka-exporter', {
      container: 'exporter',
      input,
      command: ['sh', '-c', `cat > /tmp/client.properties <<'END'\n${properties.join('\n')}\nEND\n${script}`],
    });
  /** A client that is refused in a way that it does not understand tries again until its time is over. */
  const list = (properties: readonly string[], port = 9092, patience = 20) =>
    tool(
      [...properties, `default.api.timeout.ms=${patience * 1000}`, `request.timeout.ms=${patience * 750}`],
      `kafka-topics --bootstrap-server kafka:${port} --command-config /tmp/client.properties --list`,
    );
  const password = () => given.secrets['kafka-credentials']!['kafka-exporter']!;

  proof(
    'the Job makes users, and making them again changes nothing',
    async () => {
      const job = () => pods.call('kafka-users', {});
      const began = Date.now();
      await job();
      const took = seconds(began);
      expect(await list(login(password()))).toBe('\n');
      await job();
      expect(await list(login(password()))).toBe('\n');
      const users = await pods.call('kafka-users', {
        command: [
          'sh',
          '-c',
          'kafka-configs --bootstrap-server $BOOTSTRAP --command-config /tmp/admin.properties --describe --entity-type users',
        ],
      });
      for (const user of ['dapr-kafka-binding', 'dapr-pubsub', 'kafka-exporter']) expect(users).toContain(`'${user}'`);
      return `3 users after ${took}`;
    },
    120,
  );

  proof(
    'the Job makes topics by its certificate',
    async () => {
      await pods.call('kafka-topics', {});
      const topics = (await list(login(password()))).trim().split('\n');
      expect(topics).toEqual(expect.arrayContaining(['task.created', 'task.created.dead-letter']));
      return `${topics.length} topics`;
    },
    120,
  );

  proof(
    'who knows the password of a user writes and reads',
    async () => {
      const properties = login(password());
      const common = '--bootstrap-server kafka:9092 --topic task.created';
      await tool(
        properties,
        `printf 'one\\ntwo\\n' | kafka-console-producer ${common} --producer.config /tmp/client.properties`,
      );
      const read = `kafka-console-consumer ${common} --consumer.config /tmp/client.properties --from-beginning --max-messages 2 --timeout-ms 90000`;
      const messages = (await tool(properties, read)).trim().split('\n').sort();
      expect(messages).toEqual(['one', 'two']);
      return `${messages.length} messages`;
    },
    120,
  );

  proof(
    'a wrong password, none, and no TLS are refused',
    async () => {
      await expect(list(login('wrong'))).rejects.toThrow(
        'Authentication failed during authentication due to invalid credentials',
      );
      // As long as this is, one that is not refused gets its answer.
      const patience = 6;
      expect(await list(login(password()), 9092, patience)).toContain('task.created');
      const refused = /TimeoutException|DisconnectException|SaslAuthentication/;
      await expect(list(['security.protocol=SSL', ...tls], 9092, patience)).rejects.toThrow(refused);
      await expect(list(['security.protocol=PLAINTEXT'], 9092, patience)).rejects.toThrow(
        /TimeoutException|DisconnectException/,
      );
      return 'refused';
    },
    120,
  );

  proof('a client that believes another authority does not get in', async () => {
    const properties = login(password()).map((line) => line.replace(CA, '/tmp/ca.crt'));
    const script = 'kafka-topics --bootstrap-server kafka:9092 --command-config /tmp/client.properties --list';
    const command = [
      'sh',
      '-c',
      `cat > /tmp/ca.crt; cat > /tmp/client.properties <<'END'\n${properties.join('\n')}\nEND\n${script}`,
    ];
    const input = new Authority('stranger').certificate;
    await expect(pods.call('kafka-exporter', { container: 'exporter', input, command })).rejects.toThrow(
      'SSL handshake failed',
    );
    return 'refused';
  });

  proof(
    'between brokers only who shows a certificate for clients is heard',
    async () => {
      await expect(list(['security.protocol=SSL', ...tls], 9093)).rejects.toThrow(
        /SSL handshake failed|bad_certificate|certificate_required/i,
      );
      const server = { ...given.certificate('redis'), spec: { ...given.certificate('redis').spec } };
      const { 'tls-combined.pem': pem } = given.authority.sign(server);
      const store = ['ssl.keystore.type=PEM', 'ssl.keystore.location=/tmp/own.pem'];
      const attempt = (text: string) =>
        tool(
          ['security.protocol=SSL', ...tls, ...store],
          `cat > /tmp/own.pem <<'END'\n${text}\nEND\nkafka-topics --bootstrap-server kafka:9093 --command-config /tmp/client.properties --list`,
        );
      await expect(attempt(pem!)).rejects.toThrow(/SSL handshake failed|certificate_unknown|bad_certificate/i);
      expect(await attempt(given.secrets['kafka-admin-tls']!['tls-combined.pem']!)).toContain('task.created');
      return 'none and that of a mere server are refused, that of the Jobs is taken';
    },
    120,
  );

  if (mode === 'zookeeper') {
    proof('ZooKeeper answers who shows a certificate, on the port of the policies, and nobody else', async () => {
      const ask = (options: string) =>
        pods.call('zookeeper-exporter', {
          container: 'exporter',
          command: [
            'bash',
            '-c',
            `{ echo mntr; sleep 2; } | openssl s_client -quiet -connect zookeeper-1.zookeeper:2181 ${options}`,
          ],
        });
      const folder = '/run/secrets/zookeeper-exporter-tls';
      const figures = await ask(`-cert ${folder}/tls.crt -key ${folder}/tls.key`);
      expect(figures).toMatch(/zk_server_state\s+(leader|follower)/);
      await expect(ask('').catch((error: Error) => error.message)).resolves.toMatch(
        /alert|certificate required|unexpected eof/i,
      );
      const plain = (port: number) =>
        `exec 3<>/dev/tcp/zookeeper-1.zookeeper/${port}; echo srvr >&3; timeout 3 cat <&3`;
      const dial = (port: number) =>
        pods.call('zookeeper-exporter', { container: 'exporter', command: ['bash', '-c', `${plain(port)} || true`] });
      expect(await dial(2181)).not.toContain('Mode');
      expect(await dial(2180)).toBe('');
      const { containers } = pods.podSpec('zookeeper-1');
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        await pods.call('zookeeper-1', { command: containers[0][probe].exec.command });
      }
      return 'figures for the exporter; none without a certificate or TLS; the probes are content';
    });
  }

  proof(
    'a password that is changed holds once the Job has run again',
    async () => {
      const old = password();
      given.secrets['kafka-credentials'] = { ...given.secrets['kafka-credentials'], 'kafka-exporter': `${old}X` };
      pods.fill('kafka-credentials', given.secrets['kafka-credentials']!);
      await pods.call('kafka-users', {});
      expect(await list(login(password()))).toContain('task.created');
      await expect(list(login(old))).rejects.toThrow('invalid credentials');
      return 'the new one is taken, the old one refused';
    },
    120,
  );
});
