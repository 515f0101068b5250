import type { ApiObject } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

/** The layers of an environment, in the order in which they are applied. */
export type LayerName =
  'platform' | 'config' | 'data' | 'messaging' | 'dapr' | 'apps' | 'edge' | 'scaling' | 'observability' | 'delivery';

/** Every layer with the prefix of its file, in order. */
export const LAYERS: readonly { readonly name: LayerName; readonly prefix: string }[] = (
  ['platform', 'config', 'data', 'messaging', 'dapr', 'apps', 'edge', 'scaling', 'observability', 'delivery'] as const
).map((name, index) => ({ name, prefix: `${index}0` }));

/** Kinds that belong to one layer wherever in the tree they are made: what a workload needs is there before it. */
const LAYER_OF_KIND: Record<string, LayerName> = {
  CiliumNetworkPolicy: 'platform',
  ConfigMap: 'config',
  HorizontalPodAutoscaler: 'scaling',
  LimitRange: 'platform',
  Namespace: 'platform',
  NetworkPolicy: 'platform',
  NetworkSet: 'platform',
  PodDisruptionBudget: 'scaling',
  PodMonitor: 'observability',
  ResourceQuota: 'platform',
  VerticalPodAutoscaler: 'scaling',
};

/** A scope whose objects are written to one file. Made by `System.layer`. */
export class Layer extends Construct {
  public constructor(
    scope: Construct,
    public readonly layerName: LayerName,
  ) {
    super(scope, layerName);
  }
}

/** The layer in which an object is applied: that of its kind, else that of the nearest layer around it. */
export function layerOf(object: ApiObject): LayerName {
  const around = object.node.scopes.filter((scope): scope is Layer & IConstruct => scope instanceof Layer).pop();
  return LAYER_OF_KIND[object.kind] ?? around?.layerName ?? 'platform';
}
