import { KubeConfigMap, type Volume, type VolumeMount } from '../../imports/k8s';
import type { Endpoint } from '../network/connectable';
import { CA_KEY, Certificates, CERTIFICATE_KEY, type IssuedCertificate, PRIVATE_KEY } from '../platform/certificates';
import type { SecretFile } from '../platform/secret-file';
import type { Workload } from '../workload/workload';

const HBA_MOUNT = '/etc/postgresql';
const HBA_FILE = 'pg_hba.conf';
const RENEWAL_SECONDS = 3600;

/**
 * Begins the server as the image does, and beside it something that now and then lets it read its files anew: it takes a
 * renewed certificate without a restart. The server is that one's parent, as it is the first process, and would take its
 * death by a signal for the crash of a session; so it is deaf to those that can be heard, and ends with 0.
 */
export const RELOADING_SERVER = `(trap '' HUP INT TERM; while sleep ${RENEWAL_SECONDS}; do kill -HUP 1; done; exit 0) &
exec docker-entrypoint.sh postgres "$@"`;

/**
 * Who may log in, from where: over the network only with TLS, and everybody with a password. `extra` comes first, for the
 * first line that fits counts.
 */
export const hostBasedAccess = (extra: readonly string[] = []) =>
  [...extra, 'local all all scram-sha-256', 'hostssl all all all scram-sha-256', ''].join('\n');

/** What TLS adds to a server, to its pod and to its clients. */
export class PostgresTls {
  /** What it adds to a server; undefined where the system does without. `access` are lines of who else may log in. */
  public static ofServer(server: Workload, access: readonly string[]): PostgresTls | undefined {
    return Certificates.of(server).enabled ? new PostgresTls(server, access) : undefined;
  }

  private readonly certificate: IssuedCertificate;
  private readonly access: KubeConfigMap;

  private constructor(server: Workload, access: readonly string[]) {
    const { workloadName: name } = server;
    this.certificate = Certificates.of(server).issue({ name, hosts: [name, `${name}-0.${name}`] });
    this.access = new KubeConfigMap(server, 'access', {
      metadata: { name: `${name}-access` },
      data: { [HBA_FILE]: hostBasedAccess(access) },
    });
  }

  /** Parameters of the server. */
  public get parameters(): Record<string, string> {
    return {
      hba_file: `${HBA_MOUNT}/${HBA_FILE}`,
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

  /** The file of who may log in. */
  public get volume(): Volume {
    return { name: 'access', configMap: { name: this.access.name } };
  }

  /** Where the server reads it. */
  public get mount(): VolumeMount {
    return { name: 'access', mountPath: HBA_MOUNT, readOnly: true };
  }

  /** Files of a client. */
  public get clientFiles(): SecretFile[] {
    return this.certificate.files(CA_KEY);
  }

  /** What a client puts behind a URL, so that it believes nobody but this server. */
  public get query(): string {
    return `?sslmode=verify-full&sslrootcert=${this.certificate.caPath}`;
  }

  /** The server as a client sees it, with TLS. */
  public endpoint(plain: Endpoint): Endpoint {
    const composed = Object.entries(plain.composed ?? {}).map(([name, url]) => [name, `${url}${this.query}`]);
    return {
      ...plain,
      environment: {
        ...plain.environment,
        DATABASE_SSLMODE: 'verify-full',
        DATABASE_SSLROOTCERT: this.certificate.caPath,
      },
      composed: Object.fromEntries(composed),
      files: this.clientFiles,
    };
  }
}
