import type { KubeObject } from './api';
import type { LiveEnvironment } from './live';

/** What a client of a Service meets, at each moment. */
export interface Reached {
  /** Deployments whose ready pods the Service sends requests to, as of now. */
  readonly now: () => string[];
  /** Moments at which it sent them to none, or to pods of more than one Deployment. */
  readonly problems: string[];
  /** The Deployments that had its requests, in turn. */
  readonly turns: string[];
}

const SERVICE = 'kubernetes.io/service-name';

/** Watches every change of where a Service sends requests. A Service whose pods fit into one slice changes in one step. */
export async function watchReached(live: LiveEnvironment, service: string): Promise<Reached> {
  const slices = new Map<string, string[]>();
  const turns: string[] = [];
  const problems: string[] = [];
  const now = () => [...new Set([...slices.values()].flat())].sort();
  const [namespace] = live.namespaces;
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  let begun = false;
  const mirror = await live.cluster.mirror(path, (slice, gone) => {
    if (slice.metadata.labels?.[SERVICE] !== service) return;
    if (gone) slices.delete(slice.metadata.name);
    else slices.set(slice.metadata.name, deploymentsIn(slice));
    const reached = now();
    if (reached.length === 1 && turns.at(-1) !== reached[0]) turns.push(reached[0]!);
    begun ||= reached.length > 0;
    if (begun && reached.length !== 1) problems.push(`${service} reached ${reached.join(' and ') || 'nothing'}`);
  });
  void mirror;
  return { now, problems, turns };
}

/** `shop-blue-7d9c-x2x` is of the Deployment `shop-blue`. */
const deploymentsIn = ({ endpoints }: KubeObject): string[] =>
  (endpoints ?? [])
    .filter(({ conditions }: KubeObject) => conditions?.ready !== false)
    .map(({ targetRef }: KubeObject) => targetRef.name.replace(/-[^-]+-[^-]+$/, ''));
