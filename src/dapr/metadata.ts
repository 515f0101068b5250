import type { DaprComponentSpecMetadata } from '../../imports/dapr';
import type { Redis } from '../data/redis';
import type { Kafka } from '../messaging/kafka';

/**
 * Where the brokers of a component are, and how its sidecars say who they are: with TLS as a user of the component's own,
 * for all applications that use it share what it holds.
 */
export function brokerMetadata(kafka: Kafka, component: string): DaprComponentSpecMetadata[] {
  const brokers = { name: 'brokers', value: kafka.bootstrapServers };
  const version = { name: 'version', value: '3.5.0' };
  const { _security: security } = kafka;
  if (!security) {
    return [brokers, { name: 'authType', value: 'none' }, { name: 'disableTls', value: 'true' }, version];
  }
  const { secret, name, password } = security.user(`dapr-${component}`);
  const authority = { name: security.authority.secret, key: security.authority.key };
  return [
    brokers,
    { name: 'authType', value: 'password' },
    { name: 'caCert', secretKeyRef: authority },
    { name: 'disableTls', value: 'false' },
    { name: 'saslMechanism', value: 'SHA-512' },
    { name: 'saslPassword', secretKeyRef: { name: secret, key: password } },
    { name: 'saslUsername', secretKeyRef: { name: secret, key: name } },
    version,
  ];
}

/**
 * How sidecars speak to a cache with TLS. Dapr has no setting for an authority: until 1.17 it looks at no certificate
 * whatever it is told, and from 1.18 on it knows public authorities only, unless it is told not to look.
 */
export const cacheTlsMetadata = ({ endpoint }: Redis): DaprComponentSpecMetadata[] =>
  endpoint.files
    ? [
        { name: 'enableTLS', value: 'true' },
        { name: 'insecureSkipTLSVerify', value: 'true' },
      ]
    : [];
