import type { Construct } from 'constructs';

import {
  KubeConfigMap,
  type KubeCronJob,
  type KubePodDisruptionBudget,
  type KubeService,
  type KubeStatefulSet,
  type Probe,
} from '../../imports/k8s';
import type { Endpoint, IConnectable, ListeningPort } from '../network/connectable';
import { Namespace } from '../platform/namespace';
import { Secrets } from '../platform/secrets';
import { ValidationError } from '../platform/validation-error';
import { renderDisruptionBudget } from '../workload/disruption';
import { renderExporter } from '../workload/exporter';
import { checkTag, profileOf, type ResolvedImage } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { hardened, type Pod, renderPod, secretVolume } from '../workload/pod';
import { checkResources } from '../workload/resources';
import { renderSpread } from '../workload/spread';
import { DATA_VOLUME, renderHeadlessService, renderStatefulSet } from '../workload/stateful';
import { checksumOf, Workload } from '../workload/workload';
import { watchRedis } from './redis-alerts';
import { RedisBackup } from './redis-backup';
import { describeSecret, EXPORTER_KEY, type ExporterAddress, SECRETS_MOUNT, SERVER_KEYS } from './redis-secret';
import { RedisQueries } from './redis-queries';
import { type RedisMode, type RedisSettings, resolveRedis, type ResolvedRedis, unfitForCache } from './redis-settings';
import { RedisTls } from './redis-tls';
import { versionOf } from '../platform/image-reference';

const REDIS: ListeningPort = { name: 'redis', port: 6379 };
const METRICS: ListeningPort = { name: 'metrics', port: 9121 };
const DATA_MOUNT = '/data';
const CONFIG_MOUNT = '/etc/redis';

/** Of what a cache holds nothing is written: its working folder is one that may be written to. */
const persistence = ({ mode }: ResolvedRedis) =>
  mode === 'store' ? `appendfsync everysec\nappendonly yes\ndir ${DATA_MOUNT}` : 'appendonly no\ndir /tmp';

const configuration = (resolved: ResolvedRedis, ports: string) => `include ${SECRETS_MOUNT}/auth.conf
${persistence(resolved)}
maxmemory ${resolved.maxMemory}
maxmemory-policy ${resolved.evictionPolicy}
${ports}
save ""
tcp-keepalive 60
`;

/** A Redis server: StatefulSet with a volume where it is a store, exporter, Service and policy. */
export class Redis extends Workload implements IConnectable {
  /** What the server is to its clients. */
  public readonly mode: RedisMode;

  /** The server and its exporter. */
  public readonly statefulSet: KubeStatefulSet;

  /** The name under which the server answers. */
  public readonly service: KubeService;

  /** What a drain of nodes must leave running. */
  public readonly disruptionBudget: KubePodDisruptionBudget;

  /** The configuration, less passwords. */
  public readonly configMap: KubeConfigMap;

  /** Copies of the data, where the settings ask for backups. */
  public readonly snapshots?: KubeCronJob;

  /** Template of Jobs that restore, where there are backups. */
  public readonly restore?: KubeCronJob;

  /** What a client needs to know: `REDIS_HOST`, `_PORT`, `_PASSWORD` and `_URL`, and with TLS `REDIS_TLS` and `_CA_FILE`. */
  public readonly endpoint: Endpoint;

  private readonly secret: string;
  private readonly profile: ImageProfile;
  private readonly tls?: RedisTls;
  private readonly exporterAddress: ExporterAddress;

  public constructor(scope: Construct, id: string, settings: RedisSettings = {}) {
    const resolved = resolveRedis(settings);
    super(scope, id, { component: 'cache', version: versionOf(resolved.image) });
    for (const [field, problem] of Object.entries(unfitForCache(settings)))
      throw new ValidationError(this, field, problem);
    this.mode = resolved.mode;
    this.profile = profileOf(this, 'image', resolved.image);
    checkTag(this, 'image', resolved.image);
    checkResources(this, 'resources', resolved.resources);

    this.tls = RedisTls.ofServer(this);
    this.exporterAddress = this.tls
      ? ['rediss://', `localhost:${REDIS.port}`]
      : ['redis://', `127.0.0.1:${REDIS.port}`];
    const secret = describeSecret(id, { exporter: this.exporterAddress, server: this.here });
    this.secret = secret.name;
    Secrets.of(this).declare(secret);
    const ports = this.tls?.configuration(REDIS.port) ?? `port ${REDIS.port}`;
    const data = { 'redis.conf': configuration(resolved, ports) };
    this.configMap = new KubeConfigMap(this, 'config', { metadata: { name: `${id}-config` }, data });
    const plain = this.describeEndpoint(resolved.image);
    this.endpoint = this.tls?.endpoint(plain) ?? plain;
    this.service = renderHeadlessService(this, [REDIS]);
    const backup = this.makeBackup(resolved);
    this.snapshots = backup?.snapshots;
    this.restore = backup?.restore;
    this.statefulSet = renderStatefulSet(this, {
      replicas: 1,
      storage: resolved.storage,
      pod: this.renderPod(resolved, { ...checksumOf(data), ...this.scrapedBy(METRICS, '/metrics') }),
    });
    this.disruptionBudget = renderDisruptionBudget(this, id, this.podLabels, resolved.disruptionBudget);
    const kept = {
      written: resolved.storage !== undefined,
      evicted: resolved.evictionPolicy !== 'noeviction',
      backedUp: resolved.backup !== undefined,
    };
    watchRedis(this, new RedisQueries(id, Namespace.around(this).namespaceName), kept, settings.alerts);
  }

  private describeEndpoint(image: ResolvedImage): Endpoint {
    const host = this.workloadName;
    const password = { secret: this.secret, key: 'password' };
    return {
      peer: this.peer,
      ports: [REDIS],
      environment: { REDIS_HOST: host, REDIS_PORT: `${REDIS.port}` },
      secrets: [{ variable: 'REDIS_PASSWORD', ...password }],
      composed: { REDIS_URL: `${this.tls ? 'rediss' : 'redis'}://:$(REDIS_PASSWORD)@${host}:${REDIS.port}/0` },
      waitFor: {
        image: { ...image, ...this.profile },
        script: `redis-cli${this.flags} -h ${host} -p ${REDIS.port} ping | grep -q PONG`,
        secrets: [{ variable: 'REDISCLI_AUTH', ...password }],
      },
    };
  }

  private makeBackup({ backup, image, resources }: ResolvedRedis): RedisBackup | undefined {
    if (!backup) return undefined;
    return new RedisBackup(this, `${this.workloadName}-backup`, backup, {
      name: this.workloadName,
      image,
      profile: this.profile,
      resources,
      endpoint: this.endpoint,
      secret: this.secret,
      secretsMount: SECRETS_MOUNT,
      dataMount: DATA_MOUNT,
      flags: this.tls?.flags ?? '',
    });
  }

  /** What `redis-cli` is told to reach the server from its own pod. */
  private get here(): string {
    return `-h 127.0.0.1 -p ${REDIS.port}${this.flags}`;
  }

  /** What `redis-cli` is told of TLS. */
  private get flags(): string {
    return this.tls ? ` ${this.tls.flags}` : '';
  }

  private renderPod(resolved: ResolvedRedis, annotations: Record<string, string>): Pod {
    return renderPod(
      {
        workload: this,
        annotations,
        profile: this.profile,
        containers: [this.renderServer(resolved), this.renderExporter(resolved)],
        volumes: [
          { name: 'config', configMap: { name: this.configMap.name } },
          secretVolume('credentials', this.secret, SERVER_KEYS),
          secretVolume('exporter-credentials', this.secret, [EXPORTER_KEY]),
        ],
        // The append-only file is synced on the way out.
        graceSeconds: 60,
      },
      renderSpread(resolved.spread, this.podLabels),
    );
  }

  private renderServer(resolved: ResolvedRedis) {
    const cli = `REDISCLI_AUTH=$(cat ${SECRETS_MOUNT}/password) redis-cli ${this.here}`;
    const ask = `${cli} ping`;
    const server = ['redis-server', `${CONFIG_MOUNT}/redis.conf`];
    const probe = (accepted: string, periodSeconds: number, failureThreshold: number): Probe => ({
      exec: { command: ['sh', '-c', `${ask} | grep -qE '${accepted}'`] },
      periodSeconds,
      timeoutSeconds: 5,
      failureThreshold,
    });
    return hardened(
      {
        name: 'redis',
        image: resolved.image,
        profile: this.profile,
        resources: resolved.resources,
        files: this.tls?.serverFiles,
      },
      {
        command: this.tls?.renewing(cli, server) ?? server,
        ports: [{ name: REDIS.name, containerPort: REDIS.port, protocol: 'TCP' }],
        startupProbe: probe('PONG|LOADING|MISCONF', 5, 24),
        readinessProbe: probe('PONG', 5, 3),
        // A server that still loads its file, whose disk is full or whose master is gone is alive: a restart would not help.
        livenessProbe: probe('PONG|LOADING|MASTERDOWN|MISCONF', 20, 3),
        volumeMounts: [
          ...(resolved.storage ? [{ name: DATA_VOLUME, mountPath: DATA_MOUNT }] : []),
          { name: 'config', mountPath: CONFIG_MOUNT, readOnly: true },
          { name: 'credentials', mountPath: SECRETS_MOUNT, readOnly: true },
        ],
      },
    );
  }

  private renderExporter({ exporter }: ResolvedRedis) {
    const mount = [{ name: 'exporter-credentials', mountPath: SECRETS_MOUNT, readOnly: true }];
    const env = [
      { name: 'REDIS_ADDR', value: this.exporterAddress.join('') },
      ...(this.tls?.exporterVariables ?? []),
      { name: 'REDIS_PASSWORD_FILE', value: `${SECRETS_MOUNT}/${EXPORTER_KEY}` },
      { name: 'REDIS_USER', value: 'exporter' },
    ];
    return renderExporter(this, exporter, METRICS.port, { env, volumeMounts: mount }, this.tls?.clientFiles);
  }
}
