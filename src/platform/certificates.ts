import { Chart } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import { CertManagerCertificate, CertManagerIssuer } from '../../imports/cert-manager';
import { Layer } from './layers';
import type { DnsLabel } from './names';
import type { SecretFile } from './secret-file';
import { ValidationError } from './validation-error';

/** An issuer of cert-manager that is already there. */
export interface CertificateIssuerSettings {
  /**
   * Whether it is one of the whole cluster or one of the system's namespace.
   * @default ClusterIssuer
   */
  readonly kind?: 'ClusterIssuer' | 'Issuer';

  /** Its name. */
  readonly name: DnsLabel;
}

/** Encryption of what the parts of a system say to one another. */
export interface TlsSettings {
  /**
   * Whether databases, caches and brokers speak TLS, and nothing else, with certificates from cert-manager.
   * @default false
   */
  readonly enabled?: boolean;

  /**
   * Who signs the certificates. It must sign names inside the cluster, and say by which authority (`ca.crt`).
   * @default - an authority of the system's own, in its namespace
   */
  readonly issuer?: CertificateIssuerSettings;

  /**
   * How long a certificate is valid, in days.
   * @asType integer
   * @minimum 2
   * @maximum 3650
   * @default 90
   */
  readonly durationDays?: number;

  /**
   * How long before its end a certificate is replaced, in days. Kafka and ZooKeeper are to be restarted in that time.
   * @asType integer
   * @minimum 1
   * @maximum 3649
   * @default - a third of its duration
   */
  readonly renewBeforeDays?: number;
}

/** Encryption with nothing left open; no issuer means one of the system's own. */
export interface ResolvedTls {
  readonly enabled: boolean;
  readonly issuer?: Required<CertificateIssuerSettings>;
  readonly durationDays: number;
  readonly renewBeforeDays: number;
}

/** Fills in defaults. */
export function resolveTls(settings: TlsSettings = {}): ResolvedTls {
  const durationDays = settings.durationDays ?? 90;
  return {
    enabled: settings.enabled ?? false,
    issuer: settings.issuer && { kind: settings.issuer.kind ?? 'ClusterIssuer', name: settings.issuer.name },
    durationDays,
    renewBeforeDays: settings.renewBeforeDays ?? Math.max(1, Math.floor(durationDays / 3)),
  };
}

/** What a certificate is for. */
export interface CertificateProps {
  /** Name of the workload that shows it. The Secret is called after it. */
  readonly name: string;

  /**
   * Names in the namespace under which clients dial the workload.
   * @default - it is dialled by nobody
   */
  readonly hosts?: string[];

  /**
   * Whether the workload shows it to servers, too.
   * @default false
   */
  readonly client?: boolean;

  /**
   * Whether key and certificate are wanted in one file.
   * @default false
   */
  readonly combined?: boolean;
}

/** Keys of the Secret that cert-manager fills. */
export const CA_KEY = 'ca.crt';
export const CERTIFICATE_KEY = 'tls.crt';
export const PRIVATE_KEY = 'tls.key';
export const COMBINED_KEY = 'tls-combined.pem';

/** A Secret with a certificate, and where pods find the files of it. */
export class IssuedCertificate {
  /** The folder of the files, the same in every pod. */
  public readonly folder: string;

  public constructor(public readonly secretName: string) {
    this.folder = `/run/secrets/${secretName}`;
  }

  /** Where pods find the certificate of who signed it. */
  public get caPath(): string {
    return this.path(CA_KEY);
  }

  /** Where pods find a key of the Secret. */
  public path(key: string): string {
    return `${this.folder}/${key}`;
  }

  /** Keys of the Secret as files. */
  public files(...keys: string[]): SecretFile[] {
    return keys.map((key) => ({ path: this.path(key), secret: this.secretName, key }));
  }
}

const ID = 'certificates';
const AUTHORITY = 'internal-ca';
const SELF_SIGNED = 'self-signed';

/** ECDSA on this curve is what PostgreSQL, Redis, the JVM and Go all speak, with keys that a handshake can afford. */
const KEY = { algorithm: 'ECDSA', encoding: 'PKCS8', size: 256 } as const;

/** The certificates of a system. Without `tls.enabled` there are none, and nobody asks for one. */
export class Certificates extends Construct {
  /** The certificates of the system around `scope`. */
  public static of(scope: IConstruct): Certificates {
    return Chart.of(scope).node.findChild(ID) as Certificates;
  }

  /** Labels of all objects of ours, beside those of the system. */
  public readonly labels: { [label: string]: string } = {
    'app.kubernetes.io/component': 'certificates',
    'app.kubernetes.io/name': 'certificates',
  };

  /** Whether the parts of the system speak TLS. */
  public readonly enabled: boolean;

  private readonly resolved: ResolvedTls;
  private readonly layer: Layer;
  private issuer?: CertificateIssuerSettings;

  public constructor(scope: Construct, settings?: TlsSettings) {
    super(scope, ID);
    this.resolved = resolveTls(settings);
    this.enabled = this.resolved.enabled;
    this.layer = new Layer(this, 'config');
    const { durationDays, renewBeforeDays } = this.resolved;
    if (renewBeforeDays >= durationDays) {
      const found = `expected less than tls.durationDays (${durationDays}), got ${renewBeforeDays}`;
      throw new ValidationError(scope, 'tls.renewBeforeDays', `${found}; lower it, or let certificates live longer`);
    }
  }

  /** Asks cert-manager for a certificate, and to replace it in time, each time with a new key. */
  public issue({ name, hosts = [], client = false, combined = false }: CertificateProps): IssuedCertificate {
    const { durationDays, renewBeforeDays } = this.resolved;
    const secretName = `${name}-tls`;
    const server = hosts.length > 0;
    new CertManagerCertificate(this.layer, name, {
      metadata: { name },
      spec: {
        additionalOutputFormats: combined ? [{ type: 'CombinedPEM' }] : undefined,
        commonName: name,
        dnsNames: this.namesOf(server ? hosts : [name]),
        duration: `${durationDays * 24}h0m0s`,
        issuerRef: { group: 'cert-manager.io', ...this.issuerOf() },
        privateKey: { ...KEY, rotationPolicy: 'Always' },
        renewBefore: `${renewBeforeDays * 24}h0m0s`,
        revisionHistoryLimit: 1,
        secretName,
        usages: [
          'digital signature',
          ...(server ? ['server auth' as const] : []),
          ...(client ? ['client auth' as const] : []),
        ],
      },
    });
    return new IssuedCertificate(secretName);
  }

  /** Every form in which a client may write a name, and that of whoever is in the same pod. */
  private namesOf(hosts: readonly string[]): string[] {
    const { namespace } = Chart.of(this);
    const forms = ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`];
    return [...hosts.flatMap((host) => forms.map((form) => `${host}${form}`)), 'localhost'];
  }

  private issuerOf(): CertificateIssuerSettings {
    this.issuer ??= this.resolved.issuer ?? this.renderAuthority();
    return this.issuer;
  }

  /**
   * An authority of the system's own. Its key stays when its certificate is replaced, after nine years: what it signed
   * before is then still signed by it.
   */
  private renderAuthority(): CertificateIssuerSettings {
    const selfSigned = { kind: 'Issuer', name: SELF_SIGNED } as const;
    new CertManagerIssuer(this.layer, SELF_SIGNED, { metadata: { name: SELF_SIGNED }, spec: { selfSigned: {} } });
    new CertManagerCertificate(this.layer, AUTHORITY, {
      metadata: { name: AUTHORITY },
      spec: {
        commonName: Chart.of(this).namespace,
        duration: `${3650 * 24}h0m0s`,
        isCA: true,
        issuerRef: { group: 'cert-manager.io', ...selfSigned },
        privateKey: { ...KEY, rotationPolicy: 'Never' },
        renewBefore: `${365 * 24}h0m0s`,
        revisionHistoryLimit: 1,
        secretName: `${AUTHORITY}-tls`,
        usages: ['cert sign', 'crl sign', 'digital signature'],
      },
    });
    const authority = { kind: 'Issuer', name: AUTHORITY } as const;
    new CertManagerIssuer(this.layer, `${AUTHORITY}-issuer`, {
      metadata: { name: AUTHORITY },
      spec: { ca: { secretName: `${AUTHORITY}-tls` } },
    });
    return authority;
  }
}

/** The Secrets that cert-manager fills for the Certificates among these objects, with their keys. */
export function certificateSecrets(manifests: readonly any[]): { namespace: string; name: string; keys: string[] }[] {
  return manifests
    .filter(({ kind, apiVersion }) => kind === 'Certificate' && String(apiVersion).startsWith('cert-manager.io/'))
    .map(({ spec, metadata }) => ({
      namespace: metadata.namespace,
      name: spec.secretName,
      keys: [CA_KEY, CERTIFICATE_KEY, PRIVATE_KEY, ...(spec.additionalOutputFormats ? [COMBINED_KEY] : [])],
    }));
}
