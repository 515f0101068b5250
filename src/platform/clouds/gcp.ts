import type { CloudIdentity, CloudProfile, CloudVolumeSettings } from '../cloud';
import { ValidationError } from '../validation-error';

/** What is to be known of Google Cloud. */
export interface GcpSettings extends CloudVolumeSettings {
  /**
   * Project of the cluster, in `GOOGLE_CLOUD_PROJECT` of applications with an identity.
   * @pattern ^[a-z][-a-z0-9]{4,28}[a-z0-9]$
   * @title the ID of a project (lower-case letters, digits and dashes, 6 to 30, beginning with a letter)
   */
  readonly project: string;

  /**
   * Key of Cloud KMS that encrypts volumes.
   * @pattern ^projects/[-a-z0-9.:]+/locations/[-a-z0-9]+/keyRings/[-_a-zA-Z0-9]+/cryptoKeys/[-_a-zA-Z0-9]+$
   * @title a key such as projects/…/locations/…/keyRings/…/cryptoKeys/…
   * @default - a key of Google's own
   */
  readonly kmsKey?: string;
}

/**
 * The metadata server that gives tokens out. Which address a policy sees depends on what enforces it: with Dataplane V2
 * the one that pods dial, else the one to which the node sends them on.
 */
const METADATA_SERVER = [
  { name: 'gke-metadata-server', cidrs: ['169.254.169.252/32'], ports: [987, 988] },
  { name: 'gke-metadata-server', cidrs: ['169.254.169.254/32'], ports: [80, 8080] },
];

const SERVICE_ACCOUNT = /^[a-z][-a-z0-9]{4,28}[a-z0-9]@[a-z0-9][-a-z0-9.]*\.iam\.gserviceaccount\.com$/;

/** Google Cloud: Persistent Disk, Workload Identity Federation, its Application Load Balancers. */
export const gcp: CloudProfile<GcpSettings> = {
  provider: 'gcp',
  resolve(scope, settings) {
    if (!settings) {
      throw new ValidationError(scope, 'cloud.gcp', 'expected the settings of GCP, got none; give cloud.gcp.project');
    }
    const { project, kmsKey, reclaimPolicy = 'Retain' } = settings;
    return {
      provider: 'gcp',
      // Persistent Disk encrypts by itself; the key only says with whose.
      volumes: {
        provisioner: 'pd.csi.storage.gke.io',
        parameters: { type: 'pd-ssd', ...(kmsKey ? { 'disk-encryption-kms-key': kmsKey } : {}) },
        reclaimPolicy,
      },
      spotNodes: {
        nodeLabels: [['cloud.google.com/gke-spot', 'true']],
        tolerations: [{ key: 'cloud.google.com/gke-spot', operator: 'Equal', value: 'true', effect: 'NoSchedule' }],
      },
      loadBalancer: (scheme): Record<string, string> =>
        scheme === 'internal'
          ? { 'networking.gke.io/load-balancer-type': 'Internal' }
          : { 'cloud.google.com/l4-rbs': 'enabled' },
      identity(owner, field, identity): CloudIdentity {
        if (!SERVICE_ACCOUNT.test(identity)) {
          const expected = 'expected a service account such as shop-web@my-project.iam.gserviceaccount.com';
          throw new ValidationError(owner, field, `${expected}, got "${identity}"; name one of IAM`);
        }
        return {
          annotations: { 'iam.gke.io/gcp-service-account': identity },
          podLabels: {},
          endpoints: METADATA_SERVER,
          environment: { GOOGLE_CLOUD_PROJECT: project },
        };
      },
    };
  },
};
