import type { KubeObject } from './api';
import type { Cluster } from './control-plane';
import type { Mirror } from './mirror';
import { isReady } from './pods';
import { WAITED } from './stages';

const PREFIX = 'wait-for-';

/**
 * Stands in for the init containers that wait for a server: a pod goes on once a ready pod is behind each Service that they
 * wait for, and those outside are taken to be up. Whether their commands wait as they should is proved with the real servers.
 */
export async function answerWaits(cluster: Cluster): Promise<void> {
  const asked = new Set<string>();
  // Told of pods before it is there itself.
  const mirrors: { pods?: Mirror } = {};
  const answer = () => {
    const pods = mirrors.pods?.all ?? [];
    const ready = pods.filter(isReady);
    const isUp = (name: string, namespace: string) => {
      const service = services.all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      return service !== undefined && ready.some((pod) => selects(service, pod));
    };
    for (const pod of pods) {
      const { name, namespace, uid, annotations = {}, deletionTimestamp } = pod.metadata;
      const awaited = awaitedBy(pod);
      if (waitsOf(pod).length === 0 || annotations[WAITED] || deletionTimestamp || asked.has(uid)) continue;
      if (!awaited.every((service) => isUp(service, namespace))) continue;
      asked.add(uid);
      const body = { metadata: { annotations: { [WAITED]: 'true' } } };
      // One that has gone meanwhile waits for nothing.
      cluster.api.patch(`/api/v1/namespaces/${namespace}/pods/${name}`, body).catch(() => asked.delete(uid));
    }
  };
  const services = await cluster.mirror('/api/v1/services');
  mirrors.pods = await cluster.mirror('/api/v1/pods', answer);
  answer();
}

const waitsOf = ({ spec }: KubeObject): KubeObject[] =>
  (spec.initContainers ?? []).filter(({ name }: KubeObject) => name.startsWith(PREFIX));

/** Of a service outside, which is taken to be up: it is dialled by its DNS name, and has no Service here. */
const isOutside = ({ command = [] }: KubeObject) => /^until nc -w \d+ [^ ]+\.[^ ]+ /.test(command.at(-1) ?? '');

/** Services for which a pod waits before it starts. */
export const awaitedBy = (pod: KubeObject): string[] =>
  waitsOf(pod)
    .filter((container) => !isOutside(container))
    .map(({ name }) => name.slice(PREFIX.length));

/** Whether the pods behind a Service are of this kind. */
export const selects = ({ metadata, spec }: KubeObject, pod: KubeObject): boolean =>
  pod.metadata.namespace === metadata.namespace &&
  spec.selector !== undefined &&
  Object.entries(spec.selector).every(([key, value]) => pod.metadata.labels?.[key] === value);
