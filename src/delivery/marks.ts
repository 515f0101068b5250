import { Connections } from '../network/connections';
import { SYNC_OPTIONS } from '../platform/deletion-protection';
import { sortedByKey } from '../platform/sorted';
import type { System } from '../platform/system';
import type { PlacedObject } from './uses';
import { wavesOf } from './waves';

const WAVE = 'argocd.argoproj.io/sync-wave';

/**
 * What data is lost with. Where deletion is protected, constructs mark more: this much holds everywhere, for a file is removed
 * by mistake more easily than a volume is made again.
 */
const holdsData = ({ kind, reclaimPolicy }: any): boolean =>
  kind === 'Namespace' || kind === 'PersistentVolumeClaim' || (kind === 'StorageClass' && reclaimPolicy === 'Retain');

/**
 * Tells Argo CD of a system's finished objects when each comes, and which it must not remove. Nothing else reads that; pod
 * templates stay as they are, so nothing restarts by it.
 */
export function markForArgoCd(system: System, objects: readonly PlacedObject[]): void {
  const waves = wavesOf(objects, Connections.allIn(system));
  for (const object of objects) {
    const { manifest } = object;
    const marks = { [WAVE]: `${waves.get(object)}`, ...(holdsData(manifest) ? SYNC_OPTIONS : {}) };
    const annotations = sortedByKey({ ...manifest.metadata.annotations, ...marks });
    manifest.metadata = sortedByKey({ ...manifest.metadata, annotations });
  }
}
