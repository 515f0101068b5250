import { CA_KEY, COMBINED_KEY, type IssuedCertificate } from '../platform/certificates';

/** Files of a process on the JVM, which wants its key and its certificate in one. */
export const storeFiles = (certificate: IssuedCertificate) => certificate.files(CA_KEY, COMBINED_KEY);

/** Variables of Confluent's images for a pair of stores without passwords: who it is, and whom it believes. */
export const storeVariables = (prefix: string, certificate: IssuedCertificate): Record<string, string> => ({
  [`${prefix}_KEYSTORE_LOCATION`]: certificate.path(COMBINED_KEY),
  [`${prefix}_KEYSTORE_TYPE`]: 'PEM',
  [`${prefix}_TRUSTSTORE_LOCATION`]: certificate.caPath,
  [`${prefix}_TRUSTSTORE_TYPE`]: 'PEM',
});

/** Properties of a client with such a pair, line by line. */
export const storeProperties = (certificate: IssuedCertificate): string =>
  [
    'security.protocol=SSL',
    ...Object.entries(storeVariables('SSL', certificate)).map(
      ([name, value]) => `${name.toLowerCase().replace(/_/g, '.')}=${value}`,
    ),
  ].join('\n');
