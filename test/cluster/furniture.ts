import type { KubeObject } from './api';
import type { Cluster } from './control-plane';

const APPLY = ['apply', '--server-side', '-f', '-'];

export const asList = (items: readonly KubeObject[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** None is nothing to do, which kubectl takes for a mistake. */
export const applyObjects = (cluster: Cluster, ...objects: readonly KubeObject[]): string =>
  objects.length === 0 ? '' : cluster.kubectl(APPLY, { input: asList(objects) });

/** Applies what a cluster has beside ours: its namespaces first, and the status of what nobody else writes one for. */
export function applyFurniture(cluster: Cluster, objects: readonly KubeObject[]): void {
  const namespaces = [...new Set(objects.map(({ metadata }) => metadata.namespace).filter(Boolean))];
  const meta = (kind: string, name: string, namespace?: string) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
  });
  applyObjects(cluster, ...namespaces.map((name) => meta('Namespace', name)));
  applyObjects(cluster, ...namespaces.map((namespace) => meta('ServiceAccount', 'default', namespace)));
  applyObjects(cluster, ...objects.map(({ status: _, ...object }) => object));
  const told = objects.filter(({ status, kind }) => status && kind !== 'APIService');
  for (const { apiVersion, kind, metadata, status } of told) {
    const { name, namespace } = metadata;
    cluster.kubectl([...APPLY, '--subresource=status'], {
      input: JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, status }),
    });
  }
}
