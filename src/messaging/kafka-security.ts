import type { Endpoint, ListeningPort } from '../network/connectable';
import { Certificates, type IssuedCertificate, CA_KEY } from '../platform/certificates';
import type { SecretFile } from '../platform/secret-file';
import { Secrets } from '../platform/secrets';
import type { Workload } from '../workload/workload';
import type { ClusterExporterProps } from './exporter';
import { describeLogin, type KafkaLogin, loginOf, SCRAM } from './kafka-logins';
import { storeFiles, storeProperties, storeVariables } from './pem-stores';

const ADMIN_FILE = '/tmp/admin.properties';

/** How a Job reaches a cluster in order to administer it. */
export interface Administration {
  /** Where it begins, and how it waits. */
  readonly endpoint: Endpoint;
  /** `host:port` that it dials first. */
  readonly bootstrapServers: string;
  /** What each of Kafka's tools is told of the cluster; `$BOOTSTRAP` holds the servers. */
  readonly flags: string;
  /** What the script does before it calls one. */
  readonly preparation: string;
  /** Files that it reads. */
  readonly files: SecretFile[];
}

/** How a Job reaches a cluster that asks nobody who he is. */
export const openAdministration = (endpoint: Endpoint, bootstrapServers: string): Administration => ({
  endpoint,
  bootstrapServers,
  flags: '--bootstrap-server "$BOOTSTRAP"',
  preparation: '',
  files: [],
});

/** Applications and the sidecars of Dapr log in with a password each; brokers and Jobs show a certificate. */
export class KafkaSecurity {
  /** What TLS adds to a cluster; undefined where the system does without. */
  public static ofCluster(cluster: Workload, hosts: string[], internal: ListeningPort): KafkaSecurity | undefined {
    return Certificates.of(cluster).enabled ? new KafkaSecurity(cluster, hosts, internal) : undefined;
  }

  private readonly brokers: IssuedCertificate;
  private readonly administrator: IssuedCertificate;
  private readonly known = new Map<string, KafkaLogin>();

  private constructor(
    private readonly cluster: Workload,
    hosts: string[],
    private readonly internal: ListeningPort,
  ) {
    const { workloadName: name } = cluster;
    const certificates = Certificates.of(cluster);
    this.brokers = certificates.issue({ name, hosts: [name, ...hosts], client: true, combined: true });
    this.administrator = certificates.issue({ name: `${name}-admin`, client: true, combined: true });
  }

  /** Users that were asked for so far. */
  public get users(): KafkaLogin[] {
    return [...this.known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, login]) => login);
  }

  /** Files of a broker. */
  public get brokerFiles(): SecretFile[] {
    return storeFiles(this.brokers);
  }

  /** The certificate of who signed that of the brokers, for clients. */
  public get authority(): SecretFile {
    const [file] = this.brokers.files(CA_KEY);
    return file!;
  }

  /** Variables of a broker with these listeners, of which the first is for clients. */
  public variables([client = '', ...own]: string[]): Record<string, string> {
    const mechanism = SCRAM.replace(/-/g, '___');
    return {
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: [`${client}:SASL_SSL`, ...own.map((name) => `${name}:SSL`)].join(','),
      // No password: a broker looks users up in its own records. It belongs to the listener, for else a file would.
      [`KAFKA_LISTENER_NAME_${client}_${mechanism}_SASL_JAAS_CONFIG`]:
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      KAFKA_SASL_ENABLED_MECHANISMS: SCRAM,
      ...Object.fromEntries(own.map((name) => [`KAFKA_LISTENER_NAME_${name}_SSL_CLIENT_AUTH`, 'required'])),
      KAFKA_SSL_ENABLED_PROTOCOLS: 'TLSv1.3,TLSv1.2',
      ...storeVariables('KAFKA_SSL', this.brokers),
    };
  }

  /** Variables of a broker that asks a ZooKeeper that speaks TLS. */
  public get zookeeperVariables(): Record<string, string> {
    return {
      // The image has no variable for it that keeps its capitals.
      KAFKA_OPTS: '-Dzookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty',
      KAFKA_ZOOKEEPER_SSL_CLIENT_ENABLE: 'true',
      ...storeVariables('KAFKA_ZOOKEEPER_SSL', this.brokers),
    };
  }

  /** A user of this name, or who takes turns with it: where it finds which, and its password. */
  public user(name: string): KafkaLogin {
    const known = this.known.get(name);
    if (known) return known;
    const { workloadName } = this.cluster;
    const login = loginOf(`${workloadName}-credentials`, name);
    this.known.set(name, login);
    const server = {
      pod: `${workloadName}-0`,
      container: 'kafka',
      bootstrapServer: `localhost:${this.internal.port}`,
      properties: storeProperties(this.brokers),
    };
    Secrets.of(this.cluster).declare(describeLogin(name, login, server));
    return login;
  }

  /** What the exporter is told, as a user of this name. It finds the password in the variable. */
  public exporter(args: string[], user: string): Pick<ClusterExporterProps, 'args' | 'env' | 'files'> {
    const { secret, name, password } = this.user(user);
    const variable = (variable: string, key: string) => ({
      name: variable,
      valueFrom: { secretKeyRef: { name: secret, key } },
    });
    return {
      args: [
        ...args,
        '--sasl.enabled',
        `--sasl.mechanism=${SCRAM.toLowerCase().replace('sha-', 'sha')}`,
        '--sasl.username=$(SASL_USER_NAME)',
        '--tls.enabled',
        `--tls.ca-file=${this.authority.path}`,
      ],
      env: [variable('SASL_USER_NAME', name), variable('SASL_USER_PASSWORD', password)],
      files: [this.authority],
    };
  }

  /** The cluster as any client sees it, less who that is. */
  public endpoint(plain: Endpoint): Endpoint {
    const { path } = this.authority;
    return {
      ...plain,
      environment: {
        ...plain.environment,
        KAFKA_CA_FILE: path,
        KAFKA_SASL_MECHANISM: SCRAM,
        KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      },
      files: [this.authority],
    };
  }

  /** The cluster as one client sees it. */
  public endpointFor(endpoint: Endpoint, client: string): Endpoint {
    const { secret, name, password } = this.user(client);
    return {
      ...endpoint,
      secrets: [
        ...(endpoint.secrets ?? []),
        { variable: 'KAFKA_SASL_USERNAME', secret, key: name },
        { variable: 'KAFKA_SASL_PASSWORD', secret, key: password },
      ],
    };
  }

  /** How a Job administers the cluster: by a certificate, on the listener of the brokers. */
  public administration(endpoint: Endpoint): Administration {
    const { cluster, internal } = this;
    const script = `nc -z -w 2 ${cluster.workloadName} ${internal.port}`;
    return {
      endpoint: {
        peer: endpoint.peer,
        ports: [internal],
        waitFor: endpoint.waitFor && { ...endpoint.waitFor, script },
      },
      bootstrapServers: `${cluster.workloadName}:${internal.port}`,
      flags: `--bootstrap-server "$BOOTSTRAP" --command-config ${ADMIN_FILE}`,
      preparation: `cat > ${ADMIN_FILE} <<'END'\n${storeProperties(this.administrator)}\nEND\n`,
      files: storeFiles(this.administrator),
    };
  }
}
