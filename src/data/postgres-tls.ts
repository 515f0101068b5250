import type { Endpoint } from '../network/connectable';
import { CA_KEY, Certificates, CERTIFICATE_KEY, type IssuedCertificate, PRIVATE_KEY } from '../platform/certificates';
import type { SecretFile } from '../platform/secret-file';
import type { Workload } from '../workload/workload';

const RENEWAL_SECONDS = 3600;

/**
 * Begins the server as the image does, and beside it something that now and then lets it read its files anew: it takes a
 * renewed certificate without a restart. The server is that one's parent, as it is the first process, and would take its
 * death by a signal for the crash of a session; so it is deaf to those that can be heard, and ends with 0.
 */
export const RELOADING_SERVER = `(trap '' HUP INT TERM; while sleep ${RENEWAL_SECONDS}; do kill -HUP 1; done; exit 0) &
exec docker-entrypoint.sh postgres "$@"`;

/** What TLS adds to a server, to its pod and to its clients. */
export class PostgresTls {
  /** What it adds to a server; undefined where the system does without. */
  public static ofServer(server: Workload): PostgresTls | undefined {
    return Certificates.of(server).enabled ? new PostgresTls(server) : undefined;
  }

  private readonly certificate: IssuedCertificate;

  private constructor(server: Workload) {
    const { workloadName: name } = server;
    this.certificate = Certificates.of(server).issue({ name, hosts: [name, `${name}-0.${name}`] });
  }

  /** Parameters of the server. */
  public get parameters(): Record<string, string> {
    return {
      ssl: 'on',
      ssl_cert_file: this.certificate.path(CERTIFICATE_KEY),
      ssl_key_file: this.certificate.path(PRIVATE_KEY),
      ssl_min_protocol_version: 'TLSv1.2',
    };
  }

  /** Files of the server. Its key may be read by a group only while it belongs to root, as files of a volume do. */
  public get serverFiles(): SecretFile[] {
    return this.certificate.files(CERTIFICATE_KEY, PRIVATE_KEY);
  }

  /** Files of a client. */
  public get clientFiles(): SecretFile[] {
    return this.certificate.files(CA_KEY);
  }

  /** What a client says of TLS in a connection string of keywords. */
  public get keywords(): string {
    return `sslmode=verify-full sslrootcert=${this.certificate.caPath}`;
  }

  /** What a client puts behind a URL, so that it believes nobody but this server. */
  public get query(): string {
    return `?sslmode=verify-full&sslrootcert=${this.certificate.caPath}`;
  }

  /** The server as a client sees it, with TLS; `prefix` begins the names of its variables. */
  public endpoint(plain: Endpoint, prefix = 'DATABASE'): Endpoint {
    const composed = Object.entries(plain.composed ?? {}).map(([name, url]) => [name, `${url}${this.query}`]);
    return {
      ...plain,
      environment: {
        ...plain.environment,
        [`${prefix}_SSLMODE`]: 'verify-full',
        [`${prefix}_SSLROOTCERT`]: this.certificate.caPath,
      },
      composed: Object.fromEntries(composed),
      files: this.clientFiles,
    };
  }
}
