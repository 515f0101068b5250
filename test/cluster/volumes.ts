import type { Api, KubeObject } from './api';
import type { Cluster } from './control-plane';

const PROVISIONER = 'disks.example.com';
const SELECTED = 'volume.kubernetes.io/selected-node';

/** A class as clouds have it: the volume lies in the zone of the node that first needs it, and nowhere else. */
export const storageClass = (name: string, isDefault: boolean) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name,
    ...(isDefault ? { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } : {}),
  },
  provisioner: PROVISIONER,
  allowVolumeExpansion: true,
  reclaimPolicy: 'Retain',
  volumeBindingMode: 'WaitForFirstConsumer',
});

/** Stands in for a driver of zonal disks: makes the volume of each claim for which the scheduler has chosen a node. */
export async function provisionVolumes(cluster: Cluster): Promise<void> {
  const made = new Set<string>();
  await cluster.mirror('/api/v1/persistentvolumeclaims', (claim, gone) => {
    const { uid, annotations = {} } = claim.metadata;
    if (gone || made.has(uid) || claim.spec.volumeName || !annotations[SELECTED]) return;
    made.add(uid);
    void provision(cluster.api, claim, annotations[SELECTED]);
  });
}

async function provision(api: Api, { metadata, spec }: KubeObject, node: string): Promise<void> {
  const { metadata: found } = await api.get(`/api/v1/nodes/${node}`);
  const zone = found.labels['topology.kubernetes.io/zone'];
  await api.create('/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `disk-${metadata.uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': PROVISIONER } },
    spec: {
      storageClassName: spec.storageClassName,
      capacity: { storage: spec.resources.requests.storage },
      accessModes: spec.accessModes,
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      // No process reads it: what counts is where it lies.
      hostPath: { path: `/disks/${metadata.uid}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
          ],
        },
      },
    },
  });
}
