import { toolPath } from '../runtime/support/tools';
import { sleep } from '../runtime/support/process';
import { ApiError, type KubeObject } from './api';
import type { LiveEnvironment } from './live';

/** Empties a node, which takes no pods from then on: problems, if any. */
export type Drain = (live: LiveEnvironment, node: string, seconds: number) => Promise<string[]>;

/** Whether a node takes new pods. */
export const cordon = (live: LiveEnvironment, node: string, unschedulable: boolean) =>
  live.cluster.api.patch(`/api/v1/nodes/${node}`, { spec: { unschedulable } });

const podsOn = (live: LiveEnvironment, node: string) =>
  live.cluster.api.list(`/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`);

/** What kubectl drain does, but asks again after a fifth of a second instead of five when a budget refuses. */
export const drainByEvictions: Drain = async (live, node, seconds) => {
  const deadline = Date.now() + seconds * 1000;
  await cordon(live, node, true);
  let refusals: string[] = [];
  while ((await podsOn(live, node)).length > 0 && Date.now() < deadline) {
    const living = (await podsOn(live, node)).filter(({ metadata }) => !metadata.deletionTimestamp);
    refusals = (await Promise.all(living.map((pod) => evict(live, pod)))).flat();
    await sleep(200);
  }
  const left = await podsOn(live, node);
  if (left.length === 0) return [];
  const names = left.map(({ metadata }) => metadata.name).sort();
  return [`draining ${node} is stuck after ${seconds} s at ${names.join(', ')}: ${refusals.join('; ')}`];
};

/** Nothing, or why not now. */
async function evict(live: LiveEnvironment, { metadata: { name, namespace, uid } }: KubeObject): Promise<string[]> {
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid } },
  };
  try {
    await live.cluster.api.create(`/api/v1/namespaces/${namespace}/pods/${name}/eviction`, body);
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // Gone, or another by the same name.
    if (error.status === 404 || error.status === 409) return [];
    if (error.status === 429) return [error.message];
    throw error;
  }
}

/** The real one. Beside us, so that what stands in for kubelets here goes on. */
export const drainByKubectl: Drain = async (live, node, seconds) => {
  const kubectl = await live.cluster.run('kubectl drain', toolPath('cluster', 'bin/kubectl'), [
    `--kubeconfig=${live.cluster.kubeconfig}`,
    'drain',
    node,
    '--ignore-daemonsets',
    '--delete-emptydir-data',
    `--timeout=${seconds}s`,
  ]);
  const end = await kubectl.ending(seconds + 10);
  return end === 'code 0' ? [] : [`draining ${node} is stuck after ${seconds} s: ${kubectl.output.slice(-1000)}`];
};
