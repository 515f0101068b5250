# Has the JVM keep the classes of Kafka as it maps them, so that each command starts in half the time. Which these are is
# recorded from a short life of a broker in either mode, over TLS and with a password, and of who uses it.
set -eu
to=$1
work=$(mktemp -d)
servers=
# Last started, first ended: a broker looks for its ZooKeeper until it has said goodbye.
end() {
  for server in $servers; do
    kill "$server" 2>/dev/null || continue
    wait "$server" || true
  done
  servers=
}
trap 'end; rm -rf "$work"' EXIT

runs=0
record() {
  runs=$((runs + 1))
  export JVM_OPTIONS="-Xmx256m -XX:DumpLoadedClassList=$work/$runs.classes"
}
serve() {
  record
  "$to/bin/$1-server-start" "$work/$2.properties" >"$work/$2.log" 2>&1 &
  servers="$! $servers"
  for _ in $(seq 600); do
    if grep -q "$3" "$work/$2.log"; then return; fi
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  echo "$2 did not start:" && tail "$work/$2.log" && exit 1
}
ask() {
  record
  tool=$1
  shift
  "$to/bin/$tool" "$@" >/dev/null
}

password=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
keytool -genkeypair -alias broker -dname CN=localhost -ext san=ip:127.0.0.1 -keyalg EC -storetype PKCS12 \
  -keystore "$work/keys" -storepass "$password" 2>/dev/null
# shellcheck disable=SC2046
set -- $(shuf -i 20000-30000 -n 4)
cat >"$work/client.properties" <<END
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="app" password="$password";
ssl.truststore.location=$work/keys
ssl.truststore.password=$password
END
cat >"$work/kraft.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$1
controller.listener.names=CONTROLLER
listeners=CONTROLLER://127.0.0.1:$1,CLIENTS://127.0.0.1:$2
listener.security.protocol.map=CONTROLLER:SSL,CLIENTS:SASL_SSL
inter.broker.listener.name=CLIENTS
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.clients.scram-sha-512.$(grep jaas "$work/client.properties")
ssl.keystore.location=$work/keys
ssl.keystore.password=$password
$(grep truststore "$work/client.properties")
log.dirs=$work/kraft
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
END
cat >"$work/zookeeper.properties" <<END
dataDir=$work/zookeeper
clientPort=$3
clientPortAddress=127.0.0.1
admin.enableServer=false
serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
END
cat >"$work/zk.properties" <<END
broker.id=1
zookeeper.connect=127.0.0.1:$3
zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty
listeners=PLAINTEXT://127.0.0.1:$4
log.dirs=$work/zk
END

ask kafka-storage format -t MkU3OEVBNTcwNTJENDM2Qg -c "$work/kraft.properties" \
  --add-scram "SCRAM-SHA-512=[name=app,password=$password]"
serve kafka kraft 'Kafka Server started'
cluster="--bootstrap-server 127.0.0.1:$2 --command-config $work/client.properties"
topic="--bootstrap-server 127.0.0.1:$2 --topic some"
# shellcheck disable=SC2086
{
  ask kafka-topics $cluster --create --topic some
  ask kafka-topics $cluster --describe
  ask kafka-configs $cluster --describe --entity-type users
  printf 'SCRAM-SHA-512=password=%s\n' "$password" >"$work/other"
  ask kafka-configs $cluster --alter --entity-type users --entity-name other --add-config-file "$work/other"
  ask kafka-console-producer $topic --producer.config "$work/client.properties" <"$work/other" >/dev/null
  ask kafka-console-consumer $topic --consumer.config "$work/client.properties" --from-beginning --max-messages 1
}
serve zookeeper zookeeper 'binding to port'
serve kafka zk 'started (kafka.server.KafkaServer)\|KafkaServer id=1. started'
end

cat "$work"/*.classes | awk '!seen[$0]++' >"$work/classes"
java -Xshare:dump -XX:SharedClassListFile="$work/classes" -XX:SharedArchiveFile="$to/classes.jsa" \
  -XX:+UseSerialGC -Xlog:disable -cp '/proc/self/fd/9/libs/*' 9<"$to"
ls -l "$to/classes.jsa"
