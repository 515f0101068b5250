import type { Construct } from 'constructs';

import type { EnvVar, Volume, VolumeMount } from '../../imports/k8s';
import type { Endpoint } from '../network/connectable';
import { Connections } from '../network/connections';
import { checkPrivateEndpoint } from '../platform/cidr';
import { PUBLIC_ADDRESSES } from '../platform/cloud';
import { parseBytes } from '../platform/quantity';
import { type SecretDeclaration, Secrets } from '../platform/secrets';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { secretVolume } from '../workload/pod';
import type { Workload } from '../workload/workload';
import type { ObjectStoreSettings } from './object-store-settings';

/** A store as the containers that talk to it by rclone need it. */
export interface ObjectStore {
  readonly environment: EnvVar[];
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
  /** Who is dialled; nobody where backups stay on a volume. */
  readonly endpoint?: Endpoint;
  /** As whom pods come to it, where the cloud knows them. */
  readonly identity?: string;
}

/** Whose store it is to a pod, where that is not the only one. */
export interface StoreRole {
  /** Name of the volume with the credentials, of which the path follows. */
  readonly name: string;
  /** Where the settings say it. */
  readonly field: string;
  /** Secret with the credentials, where the settings name none. */
  readonly credentials: string;
}

/** The store that a server's own backups go to. */
const TARGET: StoreRole = { name: 'object-store', field: 'backup.target', credentials: 'backup-credentials' };

/** S3 and Azure take an upload of unknown length in at most this many parts, with some to spare. */
const PARTS = 9000;

/** What differs between the kinds of store. */
interface Kind {
  readonly settings: Record<string, string>;
  /** Keys of the Secret; none where nobody must log in. */
  readonly keys: SecretDeclaration['keys'];
  /** Variables that name a file of the Secret. */
  readonly files: Record<string, string>;
  /** Variables that take a key of the Secret, where rclone reads no file. */
  readonly variables?: Record<string, string>;
  readonly port: number;
  /** How rclone calls the store where it takes an upload in so many parts at most. */
  readonly parts?: 'AZUREBLOB' | 'S3';
}

/**
 * How rclone reaches a store: its remote `backup` is configured by variables and files, so that nothing is written. `largest`
 * is the most that one upload may come to; `volumeMount` is where a volume is mounted that is the store itself.
 */
export function describeObjectStore(
  scope: Construct,
  server: string,
  settings: ObjectStoreSettings,
  largest: string,
  volumeMount: string,
  role = TARGET,
): ObjectStore {
  const system = System.containing(scope);
  const prefix = settings.prefix ?? `${system.systemName}/${system.environment}/${server}`;
  checkTarget(scope, settings, role.field);
  const kind = settings.identity ? byIdentity(settings, volumeMount) : describeKind(settings, volumeMount);
  const chunk = `${Math.max(8, Math.ceil(parseBytes(largest) / PARTS / 2 ** 20))}Mi`;
  const secret = settings.credentials ?? role.credentials;
  const files = [...new Set(Object.values(kind.files))];
  const mountPath = `/run/secrets/${role.name}`;
  if (Object.keys(kind.keys).length > 0) Secrets.of(scope).declare({ name: secret, keys: kind.keys });
  const plain: Record<string, string> = {
    RCLONE_CONFIG: '/notfound',
    REMOTE: settings.type === 'volume' ? `backup:${prefix}` : `backup:${settings.bucket}/${prefix}`,
    ...(kind.parts
      ? { [`RCLONE_${kind.parts}_CHUNK_SIZE`]: chunk, [`RCLONE_${kind.parts}_UPLOAD_CONCURRENCY`]: '2' }
      : {}),
    ...Object.fromEntries(Object.entries(kind.settings).map(([key, value]) => [`RCLONE_CONFIG_BACKUP_${key}`, value])),
    ...Object.fromEntries(Object.entries(kind.files).map(([name, file]) => [name, `${mountPath}/${file}`])),
  };
  return {
    environment: [
      ...Object.entries(plain)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => ({ name, value })),
      ...Object.entries(kind.variables ?? {}).map(([name, key]) => ({
        name,
        valueFrom: { secretKeyRef: { name: secret, key } },
      })),
    ],
    volumes: files.length > 0 ? [secretVolume(role.name, secret, files)] : [],
    mounts: files.length > 0 ? [{ name: role.name, mountPath, readOnly: true }] : [],
    endpoint: settings.type === 'volume' ? undefined : endpointOf(settings, kind.port, role.name),
    identity: settings.identity,
  };
}

/** Lets the pods of a workload reach a store. To be called before they are rendered. */
export function connectToStore(workload: Workload, { endpoint, identity }: ObjectStore): void {
  if (endpoint) Connections.of(workload).allow(workload.peer, endpoint);
  if (identity) workload.assumeIdentity(identity);
}

function describeKind({ type, region, endpoint, account }: ObjectStoreSettings, volumeMount: string): Kind {
  switch (type) {
    case 's3':
      return {
        settings: {
          TYPE: 's3',
          PROVIDER: endpoint ? 'Other' : 'AWS',
          ENV_AUTH: 'true',
          NO_CHECK_BUCKET: 'true',
          REGION: region ?? 'us-east-1',
          ...(endpoint ? { ENDPOINT: endpoint } : {}),
        },
        keys: {
          'access-key-id': { provided: true },
          'secret-access-key': { provided: true },
          credentials: {
            template:
              '[default]\naws_access_key_id = {{access-key-id}}\naws_secret_access_key = {{secret-access-key}}\n',
          },
        },
        files: { AWS_SHARED_CREDENTIALS_FILE: 'credentials' },
        port: portOf(endpoint),
        parts: 'S3',
      };
    case 'gcs':
      return {
        settings: { TYPE: 'google cloud storage', BUCKET_POLICY_ONLY: 'true', ENV_AUTH: 'false' },
        keys: { 'service-account.json': { provided: true } },
        files: { RCLONE_CONFIG_BACKUP_SERVICE_ACCOUNT_FILE: 'service-account.json' },
        port: 443,
      };
    case 'azure-blob':
      return {
        settings: { TYPE: 'azureblob', ACCOUNT: account ?? '' },
        keys: { key: { provided: true } },
        files: {},
        variables: { RCLONE_CONFIG_BACKUP_KEY: 'key' },
        port: 443,
        parts: 'AZUREBLOB',
      };
    case 'volume':
      return { settings: { TYPE: 'alias', REMOTE: `${volumeMount}/store` }, keys: {}, files: {}, port: 0 };
  }
}

/** The cloud knows the pods: rclone asks it for credentials, and there is no Secret. */
function byIdentity(settings: ObjectStoreSettings, volumeMount: string): Kind {
  const kind = describeKind(settings, volumeMount);
  return { ...kind, settings: { ...kind.settings, ENV_AUTH: 'true' }, keys: {}, files: {}, variables: {} };
}

function checkTarget(scope: Construct, settings: ObjectStoreSettings, at: string): void {
  const { type, bucket, account, endpoint, region, identity, credentials, namespace, privateEndpoint } = settings;
  const addresses = settings.addresses && [...settings.addresses];
  const missing = (field: string) => {
    throw new ValidationError(scope, `${at}.${field}`, `is missing, and a target of the type ${type} needs it`);
  };
  const superfluous = (field: string, types: string) => {
    const found = `says nothing to a target of the type ${type}`;
    throw new ValidationError(scope, `${at}.${field}`, `${found}; it is for ${types}, remove it`);
  };
  if (type !== 'volume' && !bucket) missing('bucket');
  if (type === 'volume') {
    const others = Object.entries({ bucket, identity, credentials, namespace, addresses, privateEndpoint });
    for (const [field, value] of others) if (value) superfluous(field, 'object stores');
  }
  if (namespace && addresses) {
    const found = 'expected the namespace of a store in the cluster or the addresses of one outside, got both';
    throw new ValidationError(scope, `${at}.addresses`, `${found}; remove one`);
  }
  if (privateEndpoint) checkPrivateEndpoint(scope, `${at}.addresses`, addresses ?? []);
  if (type === 'azure-blob' && !account) missing('account');
  if (type !== 'azure-blob' && account) superfluous('account', 'azure-blob');
  if (type !== 's3' && endpoint) superfluous('endpoint', 's3');
  if (type !== 's3' && region) superfluous('region', 's3');
  if (identity && credentials) {
    const found = 'expected an identity or credentials, got both';
    throw new ValidationError(scope, `${at}.credentials`, `${found}; remove one`);
  }
}

function portOf(endpoint: string | undefined): number {
  const [, scheme = 'https', port] = /^(https?):\/\/[^:]*(?::(\d+))?$/.exec(endpoint ?? '') ?? [];
  return port ? Number(port) : scheme === 'https' ? 443 : 80;
}

function endpointOf({ namespace, addresses }: ObjectStoreSettings, port: number, name: string): Endpoint {
  const outside = addresses ? { cidrs: addresses } : PUBLIC_ADDRESSES;
  const where = namespace ? { namespace, podLabels: {} } : outside;
  return { peer: { name, ...where }, ports: [{ name, port }] };
}
