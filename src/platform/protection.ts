import type { Construct } from 'constructs';

import type { ReclaimPolicy } from './cloud';
import { DeletionProtection } from './deletion-protection';
import { PodDefaults, type PodsSettings } from './pod-defaults';

/** What keeps data, and which pods come before others. */
export interface ProtectionSettings {
  /**
   * Whether the API server refuses to delete the namespaces, the servers with volumes and the claims until each carries the
   * annotation `cdk8s-webstack/allow-deletion: "true"`, and Argo CD leaves them alone (docs/guides/protection.md).
   * @default false
   */
  readonly deletionProtection?: boolean;

  /**
   * What holds for all pods.
   * @default - no AppArmor, no priorities, and nothing for autoscalers of nodes
   */
  readonly pods?: PodsSettings;
}

/**
 * Makes it. `prefix` is that of names in the cluster, which has one list of policies and classes for all systems and
 * environments; `reclaimPolicy` is that of the system's own class of volumes.
 */
export function renderProtection(
  system: Construct,
  prefix: string,
  { deletionProtection = false, pods }: ProtectionSettings,
  reclaimPolicy?: ReclaimPolicy,
): void {
  new DeletionProtection(system, { enabled: deletionProtection, prefix, reclaimPolicy });
  new PodDefaults(system, prefix, pods);
}
