import { OWN_STORE, type SecretStoreProvider } from './provider';

/**
 * A UUID, as Azure calls things by.
 * @pattern ^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$
 * @title a UUID
 */
export type Uuid = string;

/** Azure Key Vault, into which the operator logs in by Workload Identity. */
export interface AzureStoreSettings {
  /**
   * Address of the vault.
   * @pattern ^https://[A-Za-z][-A-Za-z0-9]{1,22}[A-Za-z0-9][.]vault[.](azure[.]net|azure[.]cn|usgovcloudapi[.]net)$
   * @title an address such as https://todo-secrets.vault.azure.net
   */
  readonly vaultUrl: string;

  /** Tenant of the identity. */
  readonly tenantId: Uuid;

  /** Client id of the managed identity that trusts the ServiceAccount `external-secrets` of the namespace. */
  readonly clientId: Uuid;
}

const CLOUDS = [
  [/\.azure\.cn$/, 'ChinaCloud'],
  [/\.usgovcloudapi\.net$/, 'USGovernmentCloud'],
] as const;

/** How Key Vault is reached. */
export function azureStore({ vaultUrl, tenantId, clientId }: AzureStoreSettings): SecretStoreProvider {
  return {
    connection: (name) => ({
      azurekv: {
        authType: 'WorkloadIdentity',
        environmentType: CLOUDS.find(([address]) => address.test(vaultUrl))?.[1] ?? 'PublicCloud',
        tenantId,
        vaultUrl,
        serviceAccountRef: { name },
      },
    }),
    identity: { 'azure.workload.identity/client-id': clientId, 'azure.workload.identity/tenant-id': tenantId },
    reference: OWN_STORE,
    // Its names know letters, digits and dashes only.
    separator: '--',
    longestName: 127,
  };
}
