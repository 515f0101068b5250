import { series } from '../platform/metrics';

/** Letters of the hashes that Kubernetes puts into names: none that could make a word. */
export const HASH = '[bcdfghjklmnpqrstvwxz2456789]';

/** The longest name of a workload whose pods keep their whole names, with what stands after it. */
export const LONGEST_WATCHED = 39;

/** The pods of a StatefulSet. */
export const statefulPods = (name: string): string => `pod=~"${name}-[0-9]+"`;

/** The pods of a Deployment. */
export const deployedPods = (name: string): string => `pod=~"${name}-${HASH}{6,10}-${HASH}{5}"`;

/** One where kube-state-metrics tells of the namespace. */
export const known = (namespace: string): string =>
  `${series('kube_namespace_status_phase', `namespace="${namespace}"`, 'phase="Active"')} == 1`;

/** Containers of this name that are ready. */
const ready = (namespace: string, pods: string, container: string) =>
  series('kube_pod_container_status_ready', `namespace="${namespace}"`, pods, `container="${container}"`);

/** How many containers of this name are ready. */
export const readyContainers = (namespace: string, pods: string, container: string): string =>
  `sum(${ready(namespace, pods, container)})`;

/** Fewer containers of this name are ready than there must be, or there is none at all. */
export function tooFewReady(namespace: string, pods: string, container: string, fewest = 1): string {
  const none = `(sum(absent(${ready(namespace, pods, container)})) and on () ${known(namespace)})`;
  return `(${readyContainers(namespace, pods, container)} < ${fewest}) or ${none}`;
}
