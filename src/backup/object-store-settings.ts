import type { Cidr, DnsLabel } from '../platform/names';

/** What kind of place keeps backups. */
export type ObjectStoreType = 'azure-blob' | 'gcs' | 's3' | 'volume';

/** Where backups are kept. */
export interface ObjectStoreSettings {
  /**
   * Its kind. `s3` is anything that speaks that protocol. `volume` keeps backups on the volume beside the server: enough
   * to undo a mistake, and lost together with the cluster.
   */
  readonly type: ObjectStoreType;

  /**
   * Name of the bucket, or of the container in Azure.
   * @pattern ^[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]$
   * @title the name of a bucket (3 to 63 lower-case letters, digits, dots and dashes)
   * @default - none; needed by all but `volume`
   */
  readonly bucket?: string;

  /**
   * Path within the bucket. No two servers may share one.
   * @pattern ^[A-Za-z0-9][-_.A-Za-z0-9]*(/[A-Za-z0-9][-_.A-Za-z0-9]*)*$
   * @title a path such as shop/production
   * @default - system, environment and server: `todo-evolution/production/postgres`
   */
  readonly prefix?: string;

  /**
   * Address of an S3-compatible service.
   * @pattern ^https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$
   * @title an address such as https://minio.storage.svc:9000
   * @default - the one of Amazon's region
   */
  readonly endpoint?: string;

  /**
   * Region of the bucket, for `s3`.
   * @pattern ^[a-z0-9][-a-z0-9]*$
   * @title a region such as eu-central-1
   * @default us-east-1
   */
  readonly region?: string;

  /**
   * Storage account, for `azure-blob`.
   * @pattern ^[a-z0-9]{3,24}$
   * @title the name of a storage account (3 to 24 lower-case letters and digits)
   * @default - none; needed by `azure-blob`
   */
  readonly account?: string;

  /**
   * Secret with the credentials: `access-key-id` and `secret-access-key` for `s3`, `service-account.json` for `gcs`, `key`
   * for `azure-blob`.
   * @default - `backup-credentials`, or none where the cloud knows the pods by an `identity`
   */
  readonly credentials?: DnsLabel;

  /**
   * Identity of the system's cloud that may write to the bucket, as `identity` of an application says it. The accounts of
   * the server and of its backups, `<server>` and `<server>-backup`, must both be trusted to be it.
   * @pattern ^[!-~]+$
   * @title an identity of the cloud, such as the ARN of a role
   * @default - none: see `credentials`
   */
  readonly identity?: string;

  /**
   * Namespace of the store, where it runs in the cluster.
   * @default - it is outside: see `addresses`
   */
  readonly namespace?: DnsLabel;

  /**
   * Addresses at which a store outside the cluster answers, for the network policies.
   * @minItems 1
   * @default - every public address
   */
  readonly addresses?: Cidr[];

  /**
   * Whether it is reached by a private endpoint, such as an interface endpoint of a VPC: then `addresses` must be private ones.
   * @default false
   */
  readonly privateEndpoint?: boolean;
}
