/** What the entrypoints of Confluent's images make of variables, in so far as the manifests count on it. */

const BROKER = `#!/bin/sh
set -eu
env | grep '^KAFKA_' | grep -vE '^KAFKA_(HEAP_OPTS|OPTS|GC_LOG_OPTS)=' | while IFS= read -r line; do
  name=$(printf '%s' "\${line%%=*}" | sed 's/^KAFKA_//; s/___/-/g; s/__/+/g; s/_/./g; s/+/_/g' | tr A-Z a-z)
  printf '%s=%s\\n' "$name" "\${line#*=}"
done > /etc/kafka/kafka.properties
if [ -n "\${CLUSTER_ID:-}" ]; then
  kafka-storage format --ignore-formatted -t "$CLUSTER_ID" -c /etc/kafka/kafka.properties
fi
export JVM_OPTIONS="-Xmx256m \${KAFKA_OPTS:-}"
exec kafka-server-start /etc/kafka/kafka.properties
`;

/** Names of properties in which capitals stand, by variables; the image has the same table. */
const PROPERTIES = {
  ADMIN_ENABLE_SERVER: 'admin.enableServer',
  AUTH_PROVIDER_X509: 'authProvider.x509',
  CLIENT_PORT: 'clientPort',
  CLIENT_PORT_ADDRESS: 'clientPortAddress',
  INIT_LIMIT: 'initLimit',
  QUORUM_LISTEN_ON_ALL_IPS: 'quorumListenOnAllIPs',
  SECURE_CLIENT_PORT: 'secureClientPort',
  SERVER_CNXN_FACTORY: 'serverCnxnFactory',
  SSL_CLIENT_AUTH: 'ssl.clientAuth',
  SSL_KEYSTORE_LOCATION: 'ssl.keyStore.location',
  SSL_KEYSTORE_TYPE: 'ssl.keyStore.type',
  SSL_QUORUM: 'sslQuorum',
  SSL_QUORUM_HOSTNAME_VERIFICATION: 'ssl.quorum.hostnameVerification',
  SSL_QUORUM_KEYSTORE_LOCATION: 'ssl.quorum.keyStore.location',
  SSL_QUORUM_KEYSTORE_TYPE: 'ssl.quorum.keyStore.type',
  SSL_QUORUM_TRUSTSTORE_LOCATION: 'ssl.quorum.trustStore.location',
  SSL_QUORUM_TRUSTSTORE_TYPE: 'ssl.quorum.trustStore.type',
  SSL_TRUSTSTORE_LOCATION: 'ssl.trustStore.location',
  SSL_TRUSTSTORE_TYPE: 'ssl.trustStore.type',
  SYNC_LIMIT: 'syncLimit',
  TICK_TIME: 'tickTime',
};

const SERVER = `#!/bin/sh
set -eu
property() { if [ -n "$2" ]; then echo "$1=$2"; fi; }
{
  echo dataDir=/var/lib/zookeeper/data
  echo dataLogDir=/var/lib/zookeeper/log
${Object.entries(PROPERTIES)
  .map(([variable, property]) => `  property ${property} "\${ZOOKEEPER_${variable}:-}"`)
  .join('\n')}
  echo "\${ZOOKEEPER_SERVERS:-}" | tr ';' '\\n' | awk 'NF { print "server." NR "=" $0 }'
} > /etc/kafka/zookeeper.properties
echo "\${ZOOKEEPER_SERVER_ID:-1}" > /var/lib/zookeeper/data/myid
export JVM_OPTIONS="-Xmx96m \${KAFKA_OPTS:-}"
exec zookeeper-server-start /etc/kafka/zookeeper.properties
`;

/** As \`nc\` of the images does what our scripts ask of it. */
const NC = `#!/usr/bin/env bash
set -eu
if [ "$1" = -z ]; then exec timeout "$3" bash -c "exec 3<>/dev/tcp/$4/$5" 2> /dev/null; fi
exec 3<>"/dev/tcp/$3/$4"
cat >&3
timeout "$2" cat <&3
`;

/** The commands of the images. */
export const CONFLUENT = { 'cp-kafka': BROKER, 'cp-zookeeper': SERVER, nc: NC };
