import { mebibytes } from '../platform/quantity';

/**
 * Heap of a server on the JVM: half of the memory limit. The other half is for its threads and buffers, and, in Kafka,
 * for the files that the kernel keeps in memory.
 */
export const heapOptions = (memoryLimit: string) =>
  `-Xms${mebibytes(memoryLimit, 0.25)}m -Xmx${mebibytes(memoryLimit, 0.5)}m`;

/**
 * Variables that Confluent's images want of any server. By itself the JVM would write its garbage collection log to a
 * folder that is not there, and refuse to start.
 */
export const JVM_LOGS = { KAFKA_GC_LOG_OPTS: '-Xlog:gc:stdout:time,tags' };

/** Environment variables in the order of their names, as a container lists them. */
export const variables = (values: Record<string, string>) =>
  Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));

/** The number of the pod, from the label that the StatefulSet's controller puts on it. */
export const podIndex = (name: string) => ({
  name,
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } },
});
