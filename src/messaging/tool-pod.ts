import type { SecretFile } from '../platform/secret-file';
import { profileOf, type ResolvedImage } from '../workload/image';
import { hardened, type Pod, renderPod } from '../workload/pod';
import { resources } from '../workload/resources';
import { renderWaitFor } from '../workload/wait-for';
import type { Workload } from '../workload/workload';
import type { Administration } from './kafka-security';

/** What makes a pod that runs tools of Kafka and ends. */
export interface ToolPodParts {
  /** Name of the container. */
  readonly name: string;
  readonly image: ResolvedImage;
  readonly script: string;
  readonly administration: Administration;
  /** Keys of Secrets that the script reads, beside those of the administration. */
  readonly files?: readonly SecretFile[];
}

/** A pod that waits for the brokers and then runs a script with Kafka's tools, on the servers in `$BOOTSTRAP`. */
export function renderToolPod(workload: Workload, parts: ToolPodParts): Pod {
  const { name, image, script, administration, files = [] } = parts;
  const { endpoint, bootstrapServers } = administration;
  // The tools read their logging configuration from the image's own /etc/kafka, and write nothing there.
  const known = profileOf(workload, 'image', image);
  const profile = { ...known, writablePaths: known.writablePaths.filter(({ path }) => path !== '/etc/kafka') };
  const container = hardened(
    {
      name,
      image,
      profile,
      resources: resources(['100m', '256Mi'], ['1000m', '512Mi']),
      files: [...administration.files, ...files],
    },
    {
      command: ['sh', '-c', script],
      env: [
        { name: 'BOOTSTRAP', value: bootstrapServers },
        { name: 'KAFKA_HEAP_OPTS', value: '-Xmx192m' },
      ],
    },
  );
  return renderPod(
    {
      workload,
      annotations: {},
      profile,
      containers: [container],
      initContainers: endpoint.waitFor ? [renderWaitFor(endpoint.peer.name, endpoint.waitFor)] : [],
      graceSeconds: 30,
    },
    { restartPolicy: 'Never' },
  );
}
