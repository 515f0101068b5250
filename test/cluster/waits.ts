import type { KubeObject } from './api';
import type { Cluster } from './control-plane';
import type { Mirror } from './mirror';
import { isReady } from './pods';
import { WAITED } from './stages';

const PREFIX = 'wait-for-';

/**
 * Stands in for the init containers that wait for a server or for a Job of their release: a pod goes on once a ready pod is
 * behind each Service, and each Job is done; services outside are taken to be up. Whether their commands wait as they should
 * is proved with the real servers.
 */
export async function answerWaits(cluster: Cluster): Promise<void> {
  const asked = new Set<string>();
  // Told of pods before it is there itself.
  const mirrors: { pods?: Mirror; jobs?: Mirror } = {};
  const isWaiting = (pod: KubeObject) => {
    const { uid, annotations = {}, deletionTimestamp } = pod.metadata;
    return !asked.has(uid) && !annotations[WAITED] && !deletionTimestamp && waitsOf(pod).length > 0;
  };
  const answer = () => {
    const pods = mirrors.pods?.all ?? [];
    const waiting = pods.filter(isWaiting);
    if (waiting.length === 0) return;
    const ready = pods.filter(isReady);
    const isUp = (name: string, { metadata: { namespace, labels } }: KubeObject) => {
      const service = services.all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      if (service) return ready.some((pod) => selects(service, pod));
      return (mirrors.jobs?.all ?? []).some(
        ({ metadata, status }) =>
          metadata.namespace === namespace &&
          metadata.labels?.['app.kubernetes.io/name'] === name &&
          metadata.labels['app.kubernetes.io/version'] === labels['app.kubernetes.io/version'] &&
          status?.conditions?.some(({ type }: KubeObject) => type === 'Complete'),
      );
    };
    for (const pod of waiting) {
      const { name, namespace, uid } = pod.metadata;
      if (!awaitedBy(pod).every((one) => isUp(one, pod))) continue;
      asked.add(uid);
      const body = { metadata: { annotations: { [WAITED]: 'true' } } };
      // One that has gone meanwhile waits for nothing.
      cluster.api.patch(`/api/v1/namespaces/${namespace}/pods/${name}`, body).catch(() => asked.delete(uid));
    }
  };
  const services = await cluster.mirror('/api/v1/services');
  mirrors.jobs = await cluster.mirror('/apis/batch/v1/jobs', answer);
  mirrors.pods = await cluster.mirror('/api/v1/pods', answer);
  answer();
}

const waitsOf = ({ spec }: KubeObject): KubeObject[] =>
  (spec.initContainers ?? []).filter(({ name }: KubeObject) => name.startsWith(PREFIX));

/** Of a service outside, which is taken to be up: it is dialled by its DNS name, and has no Service here. */
const isOutside = ({ command = [] }: KubeObject) => /^until nc -w \d+ [^ ]+\.[^ ]+ /.test(command.at(-1) ?? '');

/** Services and Jobs for which a pod waits before it starts. */
export const awaitedBy = (pod: KubeObject): string[] =>
  waitsOf(pod)
    .filter((container) => !isOutside(container))
    .map(({ name }) => name.slice(PREFIX.length));

/** Whether the pods behind a Service are of this kind. */
export const selects = ({ metadata, spec }: KubeObject, pod: KubeObject): boolean =>
  pod.metadata.namespace === metadata.namespace &&
  spec.selector !== undefined &&
  Object.entries(spec.selector).every(([key, value]) => pod.metadata.labels?.[key] === value);
