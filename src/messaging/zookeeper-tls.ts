import { Certificates, CERTIFICATE_KEY, type IssuedCertificate, PRIVATE_KEY } from '../platform/certificates';
import type { SecretFile } from '../platform/secret-file';
import type { Workload } from '../workload/workload';
import { storeFiles, storeVariables } from './pem-stores';

/** Plain, and on the loopback of the pod: for probes, which have no certificate. */
const PROBED_PORT = 2180;

/** What TLS adds to an ensemble: servers and their clients all show a certificate of the system's authority. */
export class ZooKeeperTls {
  /** What it adds to an ensemble; undefined where the system does without. */
  public static ofEnsemble(ensemble: Workload, hosts: string[]): ZooKeeperTls | undefined {
    return Certificates.of(ensemble).enabled ? new ZooKeeperTls(ensemble, hosts) : undefined;
  }

  /** Port that probes ask. */
  public readonly probedPort = PROBED_PORT;

  private readonly servers: IssuedCertificate;
  private readonly exporter: IssuedCertificate;

  private constructor(ensemble: Workload, hosts: string[]) {
    const { workloadName: name } = ensemble;
    const certificates = Certificates.of(ensemble);
    this.servers = certificates.issue({ name, hosts: [name, ...hosts], client: true, combined: true });
    this.exporter = certificates.issue({ name: `${name}-exporter`, client: true });
  }

  /** Files of a server. */
  public get serverFiles(): SecretFile[] {
    return storeFiles(this.servers);
  }

  /** Files of the exporter. */
  public get exporterFiles(): SecretFile[] {
    return this.exporter.files(CERTIFICATE_KEY, PRIVATE_KEY);
  }

  /** Arguments of the exporter. It shows its certificate, and does not look at that of the server. */
  public get exporterArguments(): string[] {
    return [
      '-zk-tls-auth=true',
      `-zk-tls-auth-cert=${this.exporter.path(CERTIFICATE_KEY)}`,
      `-zk-tls-auth-key=${this.exporter.path(PRIVATE_KEY)}`,
    ];
  }

  /** Variables of a server that answers clients on `port`. */
  public variables(port: number): Record<string, string> {
    return {
      ZOOKEEPER_AUTH_PROVIDER_X509: 'org.apache.zookeeper.server.auth.X509AuthenticationProvider',
      ZOOKEEPER_CLIENT_PORT: `${PROBED_PORT}`,
      ZOOKEEPER_CLIENT_PORT_ADDRESS: '127.0.0.1',
      ZOOKEEPER_SECURE_CLIENT_PORT: `${port}`,
      ZOOKEEPER_SERVER_CNXN_FACTORY: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
      ZOOKEEPER_SSL_CLIENT_AUTH: 'need',
      ...storeVariables('ZOOKEEPER_SSL', this.servers),
    };
  }

  /** Variables of a server among others. Who accepts knows an address only, so that no names can be compared. */
  public get quorumVariables(): Record<string, string> {
    return {
      ZOOKEEPER_SSL_QUORUM: 'true',
      ZOOKEEPER_SSL_QUORUM_HOSTNAME_VERIFICATION: 'false',
      ...storeVariables('ZOOKEEPER_SSL_QUORUM', this.servers),
    };
  }
}
