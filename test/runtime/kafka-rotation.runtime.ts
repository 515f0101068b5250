/** @tools kafka */
import { setTimeout as wait } from 'node:timers/promises';

import { finish } from '../../src/cli/build';
import type { Reader } from '../../src/cli/secrets/readers';
import { taskOf } from '../../src/cli/secrets/rotate';
import { rotate, type RotationTask } from '../../src/cli/secrets/rotation';
import { fillSecret } from '../../src/cli/secrets/values';
import { Kafka } from '../../src/messaging/kafka';
import { ZooKeeper } from '../../src/messaging/zookeeper';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { Killed, RotationSiteInMemory } from '../support/rotation-site';
import { testSystem } from '../support/system';
import { Authority } from './support/authority';
import { CONFLUENT } from './support/confluent';
import { KAFKA_LOGINS } from './support/kafka-logins';
import { Pods, type Running, type SecretValues } from './support/pods';
import { proof } from './support/proof';

/* Brokers, their entrypoint and the scripts are run as they are synthesized; the cluster is in memory, and what it does to
   pods is played: a pod has the values of the Secret when it began, and a rollout replaces one pod after the other. */

const CREDENTIALS = 'kafka-credentials';
const PLAYED = 'played';
const MOUNT = '/run/played';
const PODS = 4;

interface Login {
  readonly username: string;
  readonly password: string;
}

/** Two brokers, a service that uses them, and a pod of clients that we play. */
function shop(mode: 'kraft' | 'zookeeper') {
  const system = testSystem({ tls: { enabled: true } });
  const layer = system.layer('messaging');
  const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg';
  const settings = { mode, clusterId, brokers: 2, replication: { factor: 1, minInSync: 1 } };
  const zookeeper = mode === 'kraft' ? undefined : new ZooKeeper(layer, 'zookeeper', { replicas: 1 });
  const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
  new WebService(system.layer('apps'), 'web', { image, port: 8080 }).use(
    new Kafka(layer, 'kafka', settings, zookeeper),
  );
  const objects = finish(system).map(({ manifest }) => manifest);
  const authority = new Authority('shop');
  const filled = Secrets.of(system).all.map((secret) => fillSecret(secret));
  const secrets: SecretValues = Object.fromEntries(
    filled.map(({ name, keys }) => [name, Object.fromEntries(keys.map(({ key, value }) => [key, value.toString()]))]),
  );
  for (const certificate of objects.filter(({ kind, spec }) => kind === 'Certificate' && !spec.isCA)) {
    secrets[certificate.spec.secretName] = authority.sign(certificate);
  }
  secrets[PLAYED] = { logins: '[]' };
  return { system, objects: [...objects, clientsLike(objects)], secrets };
}

/** A pod with the files of the exporter, and who its clients are. */
function clientsLike(objects: any[]) {
  const find = ({ kind, metadata }: any) => kind === 'Deployment' && metadata.name === 'kafka-exporter';
  const clients = structuredClone(objects.find(find));
  const { metadata, spec } = clients.spec.template;
  clients.metadata.name = metadata.labels['app.kubernetes.io/name'] = 'clients';
  const items = [{ key: 'logins', path: 'logins' }];
  spec.volumes.push({ name: PLAYED, secret: { secretName: PLAYED, defaultMode: 0o440, items } });
  spec.containers[0].volumeMounts.push({ name: PLAYED, mountPath: MOUNT });
  return clients;
}

/** The commands of the images; the tool has as much memory as it is told to have. */
const COMMANDS = {
  ...CONFLUENT,
  'kafka-configs': '#!/bin/sh\nJVM_OPTIONS=$KAFKA_HEAP_OPTS exec /opt/kafka/bin/kafka-configs "$@"\n',
  'kafka-logins': KAFKA_LOGINS,
};

const BROKERS = ['kafka-0.kafka:9092', 'kafka-1.kafka:9092'];
const AUTHORITY = '/run/secrets/kafka-tls/ca.crt';

/** A site whose scripts run in a real broker, while pods and one newcomer log into both without a pause. */
class KafkaSite extends RotationSiteInMemory {
  private began: Login[] = [];
  private clients: Running | undefined;

  public constructor(
    public readonly task: RotationTask,
    private readonly pods: Pods,
    values: Record<string, string>,
  ) {
    super();
    this.hold(CREDENTIALS, values);
  }

  public get login(): Login {
    const { web: password = '', web_username: username = '' } = this.valuesOf(CREDENTIALS);
    return { username, password };
  }

  public async begin(): Promise<void> {
    this.began = Array.from({ length: PODS }, () => this.login);
    this.mount();
    const command = ['kafka-logins', AUTHORITY, `${MOUNT}/logins`, ...BROKERS];
    this.clients = await this.pods.run('clients', { command, line: /logins [1-9]/ });
  }

  public get refused(): string[] {
    return this.clients!.server.output.match(/^refused .*$/gm) ?? [];
  }

  public get logins(): number {
    return Number(this.clients!.server.output.match(/logins (\d+)\n(?![^]*logins)/)?.[1]);
  }

  /** Files of pods follow the Secret; newcomers read it as it is. */
  public mount(): void {
    this.pods.fill(CREDENTIALS, this.valuesOf(CREDENTIALS));
    this.pods.fill(PLAYED, { logins: JSON.stringify([...this.began, this.login]) });
  }

  /** Tries to log in once at each broker. */
  public tries(login: Login): Promise<string> {
    const command = ['kafka-logins', 'once', AUTHORITY, ...BROKERS];
    return this.pods.call('clients', { command, input: JSON.stringify([login]) });
  }

  /** Whom the brokers know. */
  public async users(): Promise<string[]> {
    const describe = 'kafka-configs --bootstrap-server $BOOTSTRAP --command-config /tmp/admin.properties --describe';
    const [make = ''] = this.pods.podSpec('kafka-users').containers[0].command[2].split('for file');
    const command = ['sh', '-c', `${make}${describe} --entity-type users`];
    const said = await this.pods.call('kafka-users', { command });
    return [...said.matchAll(/user-principal '([^']+)'/g)].map(([, user]) => user!).sort();
  }

  /** The pod that began first has a password that nobody gave it. */
  public async confuse(): Promise<void> {
    this.began[0] = { ...this.login, password: 'wrong' };
    this.mount();
    await wait(1000);
  }

  public override sleep = (milliseconds: number) => wait(milliseconds);
  public override now = () => Date.now();

  protected override async runScript(script: string, input: string): Promise<void> {
    this.mount();
    await this.pods.call('kafka-0', { container: 'kafka', command: ['sh', '-c', script], input });
    // What the clients said meanwhile is heard before anything else happens.
    await wait(50);
  }

  protected override async restartPods(_reader: Reader): Promise<void> {
    this.mount();
    for (const pod of this.began.keys()) {
      this.began[pod] = this.login;
      this.mount();
      await wait(100);
    }
    // A login that was on its way with the old password counts as an end of the old pod.
    await wait(300);
  }
}

const silent = () => undefined;

/** What the run has done when it is killed: half a deed is one that is done and of which the run does not know. */
const POINTS = {
  'the brokers know the new user': 1.5,
  'the Secret has the new values': 2.5,
  'the pods are restarted': 4.5,
  'the brokers do not know the old user any more': 5.5,
};

const REFUSED = BROKERS.map((broker) => expect.stringContaining(`${broker} Authentication failed`));

describe.each(['zookeeper', 'kraft'] as const)('Kafka in the mode %s', (mode) => {
  let pods: Pods;
  let site: KafkaSite;
  beforeAll(async () => {
    const { system, objects, secrets } = shop(mode);
    pods = await Pods.start({ objects, secrets, tools: ['kafka'], commands: COMMANDS });
    if (mode === 'zookeeper') {
      await pods.run('zookeeper-1', { command: ['cp-zookeeper'] });
      await pods.call('kafka-0', { container: 'wait-for-zookeeper' });
    }
    const line = /(Kafka Server|KafkaServer id=\d+\]) started/;
    await Promise.all([0, 1].map((id) => pods.run(`kafka-${id}`, { command: ['cp-kafka'], line, seconds: 120 })));
    const task = taskOf(system, Secrets.of(system).all, objects, { secret: CREDENTIALS, key: 'web' }, 30);
    site = new KafkaSite(task, pods, secrets[CREDENTIALS]!);
    await pods.call('kafka-users', {});
    await site.begin();
  }, 240_000);
  afterAll(() => pods?.stop());

  proof(
    'the password of a user is rotated while everybody logs in',
    async () => {
      const old = site.login;
      const began = Date.now();
      await rotate(site.task, site, silent);
      const took = ((Date.now() - began) / 1000).toFixed(0);
      expect(site.login).toEqual({ username: 'web_alt', password: expect.not.stringMatching(old.password) });
      expect((await site.tries(old)).trim().split('\n')).toEqual([...REFUSED, 'logins 0']);
      expect(await site.tries(site.login)).toBe('logins 2\n');
      expect(site.refused).toEqual([]);
      return `0 of ${site.logins} logins refused in ${took} s`;
    },
    180,
  );

  proof(
    'a run that was killed is finished by the next, and nobody is refused meanwhile',
    async () => {
      for (const point of Object.values(POINTS)) {
        const old = site.login;
        site.killIn = point;
        await expect(rotate(site.task, site, silent)).rejects.toBeInstanceOf(Killed);
        site.killIn = Infinity;
        await rotate(site.task, site, silent);
        expect((await site.tries(old)).trim().split('\n')).toEqual([...REFUSED, 'logins 0']);
        expect(await site.tries(site.login)).toBe('logins 2\n');
      }
      expect([...site.secrets.keys()]).toEqual([CREDENTIALS]);
      expect(site.refused).toEqual([]);
      return `killed at ${Object.keys(POINTS).length} points: 0 of ${site.logins} logins refused`;
    },
    400,
  );

  proof(
    'the Job makes the user whose turn it is, and not the other',
    async () => {
      site.mount();
      const known = ['kafka-exporter', site.login.username];
      expect(await site.users()).toEqual(known);
      await pods.call('kafka-users', {});
      expect(await site.users()).toEqual(known);
      expect(site.refused).toEqual([]);
      return known.join(' and ');
    },
    180,
  );

  proof('a login with a wrong password is counted', async () => {
    await site.confuse();
    expect(site.refused.length).toBeGreaterThan(0);
    return `${site.refused.length} in a second`;
  });
});
