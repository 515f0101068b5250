import { type CloudIdentity, type CloudProfile, type CloudVolumeSettings, httpsEndpoint } from '../cloud';
import type { Cidr } from '../names';
import { ValidationError } from '../validation-error';

/** What is to be known of Microsoft Azure. */
export interface AzureSettings extends CloudVolumeSettings {
  /**
   * Tenant of the identities.
   * @pattern ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$
   * @title a UUID in lower case
   */
  readonly tenantId: string;

  /**
   * Resource ID of the disk encryption set whose key encrypts volumes.
   * @pattern ^/subscriptions/[-0-9a-f]{36}/resourceGroups/[-_.()A-Za-z0-9]+/providers/Microsoft.Compute/diskEncryptionSets/[-_A-Za-z0-9]+$
   * @title the resource ID of a disk encryption set
   * @default - a key of Microsoft's own
   */
  readonly diskEncryptionSet?: string;

  /**
   * Whether each volume is kept in three zones, so that its pod can move to another.
   * @default false
   */
  readonly zoneRedundantVolumes?: boolean;

  /**
   * Addresses of a private way to Microsoft Entra ID, which gives tokens out.
   * @minItems 1
   * @default - every public address, on port 443
   */
  readonly loginCidrs?: Cidr[];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SPOT = 'kubernetes.azure.com/scalesetpriority';

/** Microsoft Azure: managed disks, Workload ID, its load balancers. */
export const azure: CloudProfile<AzureSettings> = {
  provider: 'azure',
  resolve(scope, settings) {
    if (!settings) {
      const found = 'expected the settings of Azure, got none';
      throw new ValidationError(scope, 'cloud.azure', `${found}; give cloud.azure.tenantId`);
    }
    const { tenantId, diskEncryptionSet, zoneRedundantVolumes, loginCidrs, reclaimPolicy = 'Retain' } = settings;
    const login = httpsEndpoint('microsoft-entra-id', loginCidrs);
    return {
      provider: 'azure',
      // Managed disks are encrypted by themselves; the set only says with whose key.
      volumes: {
        provisioner: 'disk.csi.azure.com',
        parameters: {
          skuName: zoneRedundantVolumes ? 'Premium_ZRS' : 'Premium_LRS',
          ...(diskEncryptionSet ? { diskEncryptionSetID: diskEncryptionSet } : {}),
        },
        reclaimPolicy,
      },
      spotNodes: {
        nodeLabels: [[SPOT, 'spot']],
        tolerations: [{ key: SPOT, operator: 'Equal', value: 'spot', effect: 'NoSchedule' }],
      },
      loadBalancer: (scheme) => ({
        'service.beta.kubernetes.io/azure-load-balancer-internal': `${scheme === 'internal'}`,
      }),
      identity(owner, field, identity): CloudIdentity {
        if (!UUID.test(identity)) {
          const expected = 'expected the client ID of a managed identity, a UUID in lower case';
          throw new ValidationError(owner, field, `${expected}, got "${identity}"; copy it from the identity`);
        }
        return {
          annotations: {
            'azure.workload.identity/client-id': identity,
            'azure.workload.identity/tenant-id': tenantId,
          },
          podLabels: { 'azure.workload.identity/use': 'true' },
          endpoints: [login],
          environment: {},
        };
      },
    };
  },
};
