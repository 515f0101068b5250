# Kafka and ZooKeeper as jars, and the commands that their images have. JVM_OPTIONS sets the heap; without it a small one.
set -eu
to=$1

mvn -B -q -C dependency:copy-dependencies -DoutputDirectory="$to/libs"
mkdir "$to/bin" "$to/config"
cp log4j.properties "$to/config/"
command() {
  case $1 in *-start) level=INFO ;; *) level=WARN ;; esac
  cat >"$to/bin/$1" <<END
#!/bin/sh
# The archive holds for jars at one path only. This one stays the same wherever the folder is moved or mounted.
exec 9<"\$(dirname "\$(readlink -f "\$0")")/.."
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xlog:disable -Xlog:all=warning:stderr \\
  -XX:SharedArchiveFile=/proc/self/fd/9/classes.jsa \${JVM_OPTIONS:--Xmx256m} \\
  -Dlog4j.configuration=file:/proc/self/fd/9/config/log4j.properties -Dlog.level=$level \\
  -cp '/proc/self/fd/9/libs/*' $2 "\$@"
END
  chmod +x "$to/bin/$1"
}
command kafka-server-start kafka.Kafka
command kafka-storage kafka.tools.StorageTool
command kafka-topics kafka.admin.TopicCommand
command kafka-configs kafka.admin.ConfigCommand
command kafka-acls kafka.admin.AclCommand
command kafka-console-producer kafka.tools.ConsoleProducer
command kafka-console-consumer kafka.tools.ConsoleConsumer
command kafka-consumer-groups kafka.admin.ConsumerGroupCommand
command kafka-broker-api-versions kafka.admin.BrokerApiVersionsCommand
command kafka-metadata-quorum org.apache.kafka.tools.MetadataQuorumCommand
command zookeeper-server-start org.apache.zookeeper.server.quorum.QuorumPeerMain
command zookeeper-shell org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka

sh archive.sh "$to"
"$to/bin/kafka-topics" --version
