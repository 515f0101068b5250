import type { IConstruct } from 'constructs';

import { type AwsStoreSettings, awsStore } from './secret-stores/aws';
import { type AzureStoreSettings, azureStore } from './secret-stores/azure';
import { type ExistingStoreSettings, existingStore } from './secret-stores/existing';
import { type GcpStoreSettings, gcpStore } from './secret-stores/gcp';
import type { SecretStoreProvider } from './secret-stores/provider';
import { type VaultStoreSettings, vaultStore } from './secret-stores/vault';
import { ValidationError } from './validation-error';

/** The store of an external secret manager. Settings of the chosen provider must be given, and no others. */
export interface SecretStoreSettings {
  /** Whose store it is; `existing` is one that the cluster knows already. */
  readonly provider: 'vault' | 'aws' | 'gcp' | 'azure' | 'existing';

  /**
   * HashiCorp Vault or OpenBao.
   * @default - not used
   */
  readonly vault?: VaultStoreSettings;

  /**
   * AWS Secrets Manager.
   * @default - not used
   */
  readonly aws?: AwsStoreSettings;

  /**
   * Google Secret Manager.
   * @default - not used
   */
  readonly gcp?: GcpStoreSettings;

  /**
   * Azure Key Vault.
   * @default - not used
   */
  readonly azure?: AzureStoreSettings;

  /**
   * A SecretStore or ClusterSecretStore that somebody else has made.
   * @default - not used
   */
  readonly existing?: ExistingStoreSettings;
}

/** Where the values of Secrets come from. */
export interface SecretsSettings {
  /**
   * `kubernetes`: the secrets command makes the Secrets. `external-secrets`: the External Secrets Operator does, from a
   * store.
   * @default kubernetes
   */
  readonly source?: 'kubernetes' | 'external-secrets';

  /**
   * The store, where the source is `external-secrets`.
   * @default - none
   */
  readonly store?: SecretStoreSettings;

  /**
   * With what the names in the store begin. Where a store's names know no slashes, two dashes stand for one.
   * @pattern ^[A-Za-z0-9]([-A-Za-z0-9]{0,30}[A-Za-z0-9])?(/[A-Za-z0-9]([-A-Za-z0-9]{0,30}[A-Za-z0-9])?){0,2}$
   * @title up to three names of letters, digits and dashes, such as team/todo
   * @default - the system, a slash and the environment
   */
  readonly prefix?: string;

  /**
   * How often the operator looks into the store, in seconds.
   * @asType integer
   * @minimum 10
   * @maximum 604800
   * @default 3600
   */
  readonly refreshSeconds?: number;
}

/** An external source with nothing left open. */
export interface ResolvedSecretSource {
  readonly provider: SecretStoreProvider;
  readonly prefix: string;
  readonly refreshSeconds: number;
}

/** Fills in defaults. Nothing where the secrets command makes the Secrets. */
export function resolveSecrets(
  scope: IConstruct,
  settings: SecretsSettings,
  fallbackPrefix: string,
): ResolvedSecretSource | undefined {
  const { source = 'kubernetes', store, prefix = fallbackPrefix, refreshSeconds = 3600 } = settings;
  if (source === 'kubernetes') {
    if (!store) return undefined;
    const found = 'expected no store with the source kubernetes, got one';
    throw new ValidationError(scope, 'secrets.store', `${found}; remove it, or set secrets.source: external-secrets`);
  }
  if (!store) {
    const found = 'expected the settings of a store with the source external-secrets, got none';
    throw new ValidationError(scope, 'secrets.store', `${found}; say where the values are`);
  }
  return { provider: providerOf(scope, store), prefix, refreshSeconds };
}

function providerOf(scope: IConstruct, store: SecretStoreSettings): SecretStoreProvider {
  const { provider, vault, aws, gcp, azure, existing } = store;
  const known: Record<SecretStoreSettings['provider'], SecretStoreProvider | undefined> = {
    vault: vault && vaultStore(vault),
    aws: aws && awsStore(aws),
    gcp: gcp && gcpStore(gcp),
    azure: azure && azureStore(azure),
    existing: existing && existingStore(existing),
  };
  for (const [name, other] of Object.entries(known)) {
    if (name === provider || !other) continue;
    const found = `expected settings of the provider ${provider} only, got some of ${name}`;
    throw new ValidationError(scope, `secrets.store.${name}`, `${found}; remove them, or choose that provider`);
  }
  const chosen = known[provider];
  if (chosen) return chosen;
  const found = `expected the settings of the provider ${provider}, got none`;
  throw new ValidationError(scope, `secrets.store.${provider}`, `${found}; give them`);
}
