import type { DnsLabel } from '../names';
import type { SecretStoreProvider } from './provider';

/** A store that somebody else has made known to the cluster. */
export interface ExistingStoreSettings {
  /** Name of the object. */
  readonly name: DnsLabel;

  /**
   * Its kind: of the whole cluster, or of the namespace.
   * @default ClusterSecretStore
   */
  readonly kind?: 'ClusterSecretStore' | 'SecretStore';

  /**
   * Whether the names in the store may hold slashes, as those of Google and Azure may not.
   * @default true
   */
  readonly slashes?: boolean;
}

/** How such a store is referred to. */
export function existingStore({
  name,
  kind = 'ClusterSecretStore',
  slashes = true,
}: ExistingStoreSettings): SecretStoreProvider {
  return { reference: { kind, name }, separator: slashes ? '/' : '--', longestName: slashes ? 512 : 127 };
}
