import type { ExternalSecretsSecretStoreProvider } from '../../../imports/external-secrets';

/** What a kind of store is to the system: how it is reached, as whom, and what it calls things. */
export interface SecretStoreProvider {
  /** How the operator reaches the store; nothing where somebody else has made the object that says so. */
  readonly connection?: (serviceAccount: string) => ExternalSecretsSecretStoreProvider;

  /** Annotations by which the cloud knows the ServiceAccount; nothing where the operator's own identity is used. */
  readonly identity?: { readonly [annotation: string]: string };

  /** The object that pods' Secrets refer to. */
  readonly reference: { readonly kind: 'SecretStore' | 'ClusterSecretStore'; readonly name: string };

  /** What stands for a slash in the names of the store. */
  readonly separator: string;

  /** How long a name may be. */
  readonly longestName: number;
}

/** The store that a system makes for itself. */
export const OWN_STORE = { kind: 'SecretStore', name: 'external-secrets' } as const;
