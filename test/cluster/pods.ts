import type { Api, KubeObject } from './api';

/** Whether it counts as one that serves. */
export const isReady = ({ status, metadata }: KubeObject): boolean =>
  !metadata.deletionTimestamp &&
  (status?.conditions ?? []).some(({ type, status: is }: KubeObject) => type === 'Ready' && is === 'True');

/** Whether labels have what a selector of labels asks. Throws on expressions: none of ours uses them. */
export function matches({ matchLabels = {}, matchExpressions = [] }: KubeObject, { metadata }: KubeObject): boolean {
  if (matchExpressions.length > 0) throw new Error('a selector with expressions: teach this function to read them');
  return Object.entries(matchLabels).every(([key, value]) => metadata.labels?.[key] === value);
}

/** The template of a Deployment or a Rollout that a pod was made from; none where something else made it. */
export const templateHashOf = ({ metadata: { labels = {} } }: KubeObject): string | undefined =>
  labels['pod-template-hash'] ?? labels['rollouts-pod-template-hash'];

/** The name of what made it: Deployment, Rollout or StatefulSet, Job, or the pod itself. */
export function makerOf(pod: KubeObject): string {
  const { metadata } = pod;
  const [owner] = metadata.ownerReferences ?? [];
  if (!owner) return metadata.name;
  const hash = templateHashOf(pod);
  return owner.kind === 'ReplicaSet' && hash ? owner.name.slice(0, -hash.length - 1) : owner.name;
}

/** Lets the container of a running pod end with a code. */
export async function endPod(api: Api, { metadata, spec }: KubeObject, exitCode: number): Promise<void> {
  const [{ name, image }] = spec.containers;
  const state = { terminated: { exitCode, reason: 'Error' } };
  await api.patch(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, {
    status: {
      phase: 'Failed',
      containerStatuses: [{ name, image, imageID: '', ready: false, restartCount: 0, state }],
    },
  });
}
