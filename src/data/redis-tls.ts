import type { EnvVar } from '../../imports/k8s';
import type { Endpoint } from '../network/connectable';
import { CA_KEY, Certificates, CERTIFICATE_KEY, type IssuedCertificate, PRIVATE_KEY } from '../platform/certificates';
import type { SecretFile } from '../platform/secret-file';
import type { Workload } from '../workload/workload';

const RENEWAL_SECONDS = 3600;

/** What TLS adds to a server, to its pod and to its clients. */
export class RedisTls {
  /** What it adds to a server; undefined where the system does without. */
  public static ofServer(server: Workload): RedisTls | undefined {
    return Certificates.of(server).enabled ? new RedisTls(server) : undefined;
  }

  private readonly certificate: IssuedCertificate;

  private constructor(server: Workload) {
    const { workloadName: name } = server;
    this.certificate = Certificates.of(server).issue({ name, hosts: [name, `${name}-0.${name}`] });
  }

  /** Lines of the configuration: nothing but TLS on the port. Clients show a password, not a certificate. */
  public configuration(port: number): string {
    return [
      'port 0',
      'tls-auth-clients no',
      `tls-ca-cert-file ${this.certificate.caPath}`,
      `tls-cert-file ${this.certificate.path(CERTIFICATE_KEY)}`,
      `tls-key-file ${this.certificate.path(PRIVATE_KEY)}`,
      `tls-port ${port}`,
      'tls-protocols "TLSv1.2 TLSv1.3"',
    ].join('\n');
  }

  /**
   * Begins the server, and beside it something that now and then names its files to it again, whereupon it reads them: it
   * takes a renewed certificate without a restart.
   */
  public renewing(cli: string, server: readonly string[]): string[] {
    const files = [CERTIFICATE_KEY, PRIVATE_KEY, CA_KEY].map((key) => this.certificate.path(key));
    const set = `config set tls-cert-file ${files[0]} tls-key-file ${files[1]} tls-ca-cert-file ${files[2]}`;
    const loop = `(while sleep ${RENEWAL_SECONDS}; do ${cli} ${set}; done) &`;
    return ['sh', '-c', `${loop}\nexec ${server.join(' ')}`];
  }

  /** What `redis-cli` is told. It looks whether the authority signed the certificate, not for whom. */
  public get flags(): string {
    return `--tls --cacert ${this.certificate.caPath}`;
  }

  /** Files of the server. */
  public get serverFiles(): SecretFile[] {
    return this.certificate.files(CA_KEY, CERTIFICATE_KEY, PRIVATE_KEY);
  }

  /** Files of a client. */
  public get clientFiles(): SecretFile[] {
    return this.certificate.files(CA_KEY);
  }

  /** Variables of the exporter. */
  public get exporterVariables(): EnvVar[] {
    return [{ name: 'REDIS_EXPORTER_TLS_CA_CERT_FILE', value: this.certificate.caPath }];
  }

  /** The server as a client sees it, with TLS. */
  public endpoint(plain: Endpoint): Endpoint {
    return {
      ...plain,
      environment: { ...plain.environment, REDIS_CA_FILE: this.certificate.caPath, REDIS_TLS: 'true' },
      files: this.clientFiles,
      waitFor: plain.waitFor && { ...plain.waitFor, files: this.clientFiles },
    };
  }
}
