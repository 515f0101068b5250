import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { folderIn, scratchFolder } from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';
import type { Cluster } from './control-plane';
import { podStages } from './stages';

export interface MachinesOptions {
  /**
   * Names of the zones; none for a cluster whose nodes a proof adds.
   * @default zone-a, zone-b, zone-c
   */
  readonly zones?: readonly string[];
  /**
   * Nodes in each zone.
   * @default 2
   */
  readonly perZone?: number;
  /**
   * What each has to give.
   * @default 8 CPU, 32Gi of memory, 200Gi of disk, 110 pods: an ordinary machine
   */
  readonly allocatable?: Record<string, string>;
}

export const ZONES = ['zone-a', 'zone-b', 'zone-c'];
const ALLOCATABLE = { cpu: '8', memory: '32Gi', 'ephemeral-storage': '200Gi', pods: '110' };

/**
 * Nodes on which pods only seem to run, by kwok. The scheduler and all controllers take them for real; probes, images and
 * processes are not tried by them.
 */
export async function addMachines(cluster: Cluster, options: MachinesOptions = {}): Promise<void> {
  const { zones = ZONES, perZone = 2, allocatable = ALLOCATABLE } = options;
  const nodes = zones.flatMap((zone) =>
    Array.from({ length: perZone }, (_, index) => nodeOf(`${zone}-${index + 1}`, zone, allocatable)),
  );
  await startKwok(cluster);
  await Promise.all(nodes.map((node) => cluster.api.create('/api/v1/nodes', node)));
}

/** A node that kwok makes ready as soon as it sees it. */
export const nodeOf = (name: string, zone: string, allocatable: Record<string, string> = ALLOCATABLE) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'topology.kubernetes.io/zone': zone,
      'topology.kubernetes.io/region': 'region-1',
    },
  },
  status: { allocatable, capacity: allocatable, nodeInfo: { operatingSystem: 'linux', architecture: 'amd64' } },
});

async function startKwok(cluster: Cluster): Promise<void> {
  const folder = scratchFolder('kwok');
  const node = readFileSync(toolPath('kwok', 'stage/node/fast/node-initialize.yaml'), 'utf8');
  const file = join(folder, 'stages.yaml');
  writeFileSync(file, [node, podStages()].join('\n---\n'));
  await cluster.run(
    'kwok',
    toolPath('kwok', 'bin/kwok'),
    [
      `--kubeconfig=${cluster.kubeconfig}`,
      `--config=${file}`,
      '--manage-all-nodes=true',
      '--cidr=10.244.0.0/16',
      '--node-ip=10.0.0.1',
      '--node-lease-duration-seconds=40',
    ],
    { env: { HOME: folderIn(folder, 'home') } },
  );
}
