import type { Complete } from './leaves';
import type { SecretStoreSettings } from '../../src/platform/secret-source';

type Store = Complete<SecretStoreSettings>;

/** Every kind of store, with everything set. */
export const STORES: { [Provider in Exclude<keyof Store, 'provider'>]: Store[Provider] } = {
  vault: {
    server: 'https://vault.example.com:8200',
    role: 'shop',
    path: 'apps',
    version: 'v1',
    authPath: 'kubernetes-test',
    vaultNamespace: 'team',
    caConfigMap: 'vault-ca',
  },
  aws: { region: 'eu-central-1', roleArn: 'arn:aws:iam::123456789012:role/shop-secrets' },
  gcp: {
    project: 'shop-project',
    serviceAccount: 'secrets@shop-project.iam.gserviceaccount.com',
    clusterLocation: 'europe-west3',
    clusterName: 'main',
  },
  azure: {
    vaultUrl: 'https://shop-secrets.vault.azure.net',
    tenantId: '11111111-2222-3333-4444-555555555555',
    clientId: '66666666-7777-8888-9999-000000000000',
  },
  existing: { name: 'company', kind: 'SecretStore', slashes: false },
};

export const PROVIDERS = Object.keys(STORES) as (keyof typeof STORES)[];

/** Settings of one of them. */
export const storeOf = (provider: keyof typeof STORES) =>
  ({ provider, [provider]: STORES[provider] }) as SecretStoreSettings;
