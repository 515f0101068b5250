import { eventually } from '../runtime/support/process';
import { groupPathOf, type KubeObject } from './api';
import { kubectlArgoRollouts } from './argo-rollouts';
import type { LiveEnvironment } from './live';

type Action = 'promote' | 'undo';

/** What a person does with a Rollout, by the plugin of kubectl. */
export const act = (
  { cluster }: LiveEnvironment,
  action: Action,
  { metadata }: KubeObject,
  ...more: string[]
): string => kubectlArgoRollouts(cluster, [action, metadata.name, `--namespace=${metadata.namespace}`, ...more]);

/** The Rollout once its controller has seen what it is to be. */
async function seen(live: LiveEnvironment, rollout: KubeObject): Promise<KubeObject> {
  let now: KubeObject;
  await eventually(async () => {
    now = await live.cluster.api.get(groupPathOf(rollout));
    return now.status?.observedGeneration === `${now.metadata.generation}`;
  }, 60);
  return now;
}

const isUnderWay = ({ status }: KubeObject) => status.currentPodHash !== status.stableRS;

/** Takes a new version past all its steps, where there is one. */
export async function promoteFully(live: LiveEnvironment, rollout: KubeObject): Promise<void> {
  if (isUnderWay(await seen(live, rollout))) act(live, 'promote', rollout, '--full');
}

/**
 * Takes a new version from step to step as soon as it pauses, as a person does who has seen enough. The share of the requests
 * that ingress-nginx was told at each pause.
 */
export async function promoteStepwise(live: LiveEnvironment, rollout: KubeObject): Promise<number[]> {
  const shares: number[] = [];
  let step: number | undefined;
  await eventually(async () => {
    const now = await seen(live, rollout);
    if (!isUnderWay(now)) return true;
    const { currentStepIndex, phase, message, canary } = now.status;
    if (phase === 'Degraded') throw new Error(`${now.metadata.name} is degraded: ${message}`);
    if (phase !== 'Paused' || currentStepIndex === step) return false;
    step = currentStepIndex;
    shares.push(canary.weights.canary.weight);
    act(live, 'promote', rollout);
    return false;
  }, 120);
  return shares;
}
