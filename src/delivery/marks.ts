import { Connections } from '../network/connections';
import { SYNC_OPTIONS } from '../platform/deletion-protection';
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
  for (const { manifest, wave } of objects.map((object) => ({ ...object, wave: waves.get(object) }))) {
    const marks = { [WAVE]: `${wave}`, ...(holdsData(manifest) ? SYNC_OPTIONS : {}) };
    manifest.metadata = sorted({
      ...manifest.metadata,
      annotations: sorted({ ...manifest.metadata.annotations, ...marks }),
    });
  }
}

/** As cdk8s writes keys. */
const sorted = (map: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
