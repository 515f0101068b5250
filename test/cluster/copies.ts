import type { KubeObject } from './api';
import type { Cluster } from './control-plane';
import { APPLY, LiveEnvironment } from './live';
import { nodeOf } from './machines';

/** Nodes that belong to some namespaces only. */
export interface Pool {
  readonly name: string;
  readonly nodes: readonly KubeObject[];
}

export interface PoolOptions {
  readonly zones: readonly string[];
  readonly perZone: number;
  /** What each has to give; an ordinary machine where nothing is said. */
  readonly allocatable?: Record<string, string>;
}

const LABEL = 'stand-in.example.com/pool';
/** What the admission plugin PodNodeSelector reads. */
const SELECTOR = 'scheduler.alpha.kubernetes.io/node-selector';

const selecting = (pool: Pool) => ({ [SELECTOR]: `${LABEL}=${pool.name}` });

/** Adds nodes, on which only pods of namespaces run that `reserve` or a `Copy` sends there. */
export async function addPool(cluster: Cluster, name: string, options: PoolOptions): Promise<Pool> {
  const { zones, perZone, allocatable } = options;
  const nodes = zones.flatMap((zone) =>
    Array.from({ length: perZone }, (_, index) => {
      const node = nodeOf(`${name}-${zone}-${index + 1}`, zone, allocatable);
      return { ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, [LABEL]: name } } };
    }),
  );
  await Promise.all(nodes.map((node) => cluster.api.create('/api/v1/nodes', node)));
  return { name, nodes };
}

/** Makes the namespaces of an environment before it is applied, so that its pods run on the nodes of the pool. */
export async function reserve(live: LiveEnvironment, pool: Pool): Promise<void> {
  for (const name of live.namespaces) {
    const metadata = { name, annotations: selecting(pool) };
    await live.cluster.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
  }
}

/** What decides which pods there are, and where. */
const KINDS = [
  'Namespace',
  'LimitRange',
  'ResourceQuota',
  'ServiceAccount',
  'Service',
  'PersistentVolumeClaim',
  'StatefulSet',
  'Deployment',
  // Argo Rollouts takes no Rollout whose Ingress or analysis is not there.
  'Ingress',
  'AnalysisTemplate',
  'Rollout',
  'Job',
  'HorizontalPodAutoscaler',
];

/** A change on purpose to the objects of a copy. */
export type Change = (objects: KubeObject[]) => KubeObject[];

/** An environment once more, in namespaces of its own, on nodes of its own: beside the first, so that no proof waits for another. */
export class Copy extends LiveEnvironment {
  /** The objects before they were changed: what is declared. */
  public readonly declared: readonly KubeObject[];

  public constructor(of: LiveEnvironment, pool: Pool, change: Change = (objects) => objects) {
    const declared = copied(of.objects, pool);
    super(of.cluster, `${of.name} (${pool.name})`, of.folder, change(structuredClone(declared)));
    this.declared = declared;
  }

  public override apply(): string {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: this.objects });
    return this.cluster.kubectl([...APPLY, '-f', '-'], { input });
  }

  /** What it was to show is seen. Autoscalers ask every second, and each answer is an event. */
  public async rest(): Promise<void> {
    for (const { metadata } of this.ofKind('HorizontalPodAutoscaler')) {
      const path = `/apis/autoscaling/v2/namespaces/${metadata.namespace}/horizontalpodautoscalers/${metadata.name}`;
      await this.cluster.api.delete(path);
    }
  }
}

const copied = (objects: readonly KubeObject[], pool: Pool): KubeObject[] =>
  objects
    .filter(({ kind }) => KINDS.includes(kind))
    .map((object) => {
      const { metadata } = object;
      const annotations = { ...metadata.annotations, ...selecting(pool) };
      return object.kind === 'Namespace'
        ? { ...object, metadata: { ...metadata, annotations, name: `${metadata.name}-${pool.name}` } }
        : { ...object, metadata: { ...metadata, namespace: `${metadata.namespace}-${pool.name}` } };
    });
