import type { KubeObject } from './api';
import type { LiveEnvironment } from './live';
import { isReady } from './pods';

/** What takes the requests of a Service, at each moment: a proxy's view of it, and whether those pods are alive. */
export interface Served {
  readonly service: string;
  /** Kinds of what made the pods that requests go to now. */
  readonly now: () => string[];
  /** Moments without any such pod. */
  readonly problems: string[];
  /** The kinds, in turn. */
  readonly turns: string[];
}

const SERVICE = 'kubernetes.io/service-name';

/** Kind of what made a pod. */
export const kindOf = ({ metadata }: KubeObject): string =>
  metadata.labels['rollouts-pod-template-hash'] ? 'Rollout' : 'Deployment';

/**
 * Watches where a Service leads to, and whether the pods there are ready. Where it has no selector, its addresses stay as they
 * were, so that they alone would not tell of pods that have gone.
 */
export async function watchServed(live: LiveEnvironment, service: string): Promise<Served> {
  const [namespace] = live.namespaces;
  const turns: string[] = [];
  const problems: string[] = [];
  const pods = new Map<string, KubeObject>();
  const slices = new Map<string, string[]>();
  const now = () => {
    const serving = [...slices.values()].flat().flatMap((name) => pods.get(name) ?? []);
    return [...new Set(serving.filter(isReady).map(kindOf))].sort();
  };
  let begun = false;
  const look = () => {
    const kinds = now().join(' and ');
    begun ||= kinds !== '';
    if (!begun || kinds === (turns.at(-1) ?? '')) return;
    turns.push(kinds || 'nothing');
    if (kinds === '') problems.push(`${service} led nowhere after ${turns.at(-2)}`);
  };
  await live.cluster.mirror(`/api/v1/namespaces/${namespace}/pods`, (pod, gone) => {
    if (gone) pods.delete(pod.metadata.name);
    else pods.set(pod.metadata.name, pod);
    look();
  });
  await live.cluster.mirror(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, (slice, gone) => {
    if (slice.metadata.labels?.[SERVICE] !== service) return;
    if (gone) slices.delete(slice.metadata.name);
    else slices.set(slice.metadata.name, addressedBy(slice));
    look();
  });
  return { service, now, problems, turns };
}

const addressedBy = ({ endpoints }: KubeObject): string[] =>
  (endpoints ?? [])
    .filter(({ conditions }: KubeObject) => conditions?.ready !== false)
    .map(({ targetRef }: KubeObject) => targetRef.name);
