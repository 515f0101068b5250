import type { DnsLabel } from '../names';
import { OWN_STORE, type SecretStoreProvider } from './provider';

/** A key-value engine of HashiCorp Vault or OpenBao, into which the operator logs in as a ServiceAccount. */
export interface VaultStoreSettings {
  /**
   * Address of the server.
   * @pattern ^https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$
   * @title an address such as https://vault.example.com:8200
   */
  readonly server: string;

  /**
   * Role of the auth method, bound to the ServiceAccount `external-secrets` of the namespace.
   * @pattern ^[A-Za-z0-9]([-_.A-Za-z0-9]{0,98}[A-Za-z0-9])?$
   * @title the name of a role
   */
  readonly role: string;

  /**
   * Where the key-value engine is mounted.
   * @pattern ^[A-Za-z0-9]([-_./A-Za-z0-9]{0,98}[A-Za-z0-9])?$
   * @title a path in Vault, such as secret
   * @default secret
   */
  readonly path?: string;

  /**
   * Version of the key-value engine.
   * @default v2
   */
  readonly version?: 'v1' | 'v2';

  /**
   * Where the auth method of kind `kubernetes` is mounted.
   * @pattern ^[A-Za-z0-9]([-_./A-Za-z0-9]{0,98}[A-Za-z0-9])?$
   * @title a path in Vault, such as kubernetes
   * @default kubernetes
   */
  readonly authPath?: string;

  /**
   * Namespace of Vault Enterprise.
   * @pattern ^[A-Za-z0-9]([-_./A-Za-z0-9]{0,98}[A-Za-z0-9])?$
   * @title a path in Vault, such as team
   * @default - none
   */
  readonly vaultNamespace?: string;

  /**
   * ConfigMap of the namespace whose key `ca.crt` holds the certificates that the server's is checked against.
   * @default - those of the operator's image
   */
  readonly caConfigMap?: DnsLabel;
}

/** How Vault is reached. */
export function vaultStore(settings: VaultStoreSettings): SecretStoreProvider {
  const { server, role, path = 'secret', version = 'v2', authPath = 'kubernetes', vaultNamespace } = settings;
  const { caConfigMap } = settings;
  return {
    connection: (serviceAccount) => ({
      vault: {
        server,
        path,
        version,
        namespace: vaultNamespace,
        caProvider: caConfigMap ? { type: 'ConfigMap', name: caConfigMap, key: 'ca.crt' } : undefined,
        auth: { kubernetes: { mountPath: authPath, role, serviceAccountRef: { name: serviceAccount } } },
      },
    }),
    identity: {},
    reference: OWN_STORE,
    separator: '/',
    longestName: 512,
  };
}
