import type { SpotNodes } from '../../platform/cloud';
import { type Demand, steadyDemands } from '../../platform/demand';
import { podTemplateOf } from '../../platform/pod-template';
import type { Prices } from './prices';

/** Hours of a month, as clouds count them. */
const HOURS = 730;
const GIB = 2 ** 30;

/** Something at the replicas, or the autoscalers' minimum, and at their maximum. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What one workload, or a claim of its own, asks for, and what that costs in a month. */
export interface BillLine {
  readonly kind: string;
  readonly name: string;
  readonly pods: Range;
  /** Millicores. */
  readonly cpu: Range;
  /** Bytes. */
  readonly memory: Range;
  /** Bytes of volumes. */
  readonly storage: Range;
  /** Whether it prefers nodes that may be taken back, and so is counted with their discount. */
  readonly spot: boolean;
  /** In a month. */
  readonly cost: Range;
}

/** What an environment costs in a month. */
export interface Bill {
  readonly system: string;
  readonly environment: string;
  readonly lines: readonly BillLine[];
  readonly loadBalancers: { readonly count: number; readonly cost: Range };
  /** Of the sum, what is paid for pods that prefer nodes which may be taken back. */
  readonly onSpot: Range;
  readonly sum: Range;
}

/** An environment, once it is finished. */
export interface Priced {
  readonly system: string;
  readonly environment: string;
  readonly objects: any[];
  /** How nodes are marked that may be taken back, where that is known. */
  readonly spotNodes?: SpotNodes;
}

/** What an environment costs, by what its pods request: injected sidecars and volumes are part of it. */
export function billOf({ system, environment, objects, spotNodes }: Priced, prices: Prices): Bill {
  const lines = steadyDemands(objects).map(({ object, least, most }): BillLine => {
    const range = (figure: (demand: Demand) => number): Range => ({ least: figure(least), most: figure(most) });
    const spot = prefersSpot(object, spotNodes);
    return {
      kind: object.kind,
      name: object.metadata.name,
      pods: range(({ pods }) => pods),
      cpu: range(({ cpuRequests }) => cpuRequests),
      memory: range(({ memoryRequests }) => memoryRequests),
      storage: range(({ storage }) => storage),
      spot,
      cost: range((demand) => running(demand, prices, spot) + kept(demand, prices)),
    };
  });
  const count = objects.filter(makesLoadBalancer).length;
  const balancing = count * (prices.loadBalancerMonth ?? 0);
  const loadBalancers = { count, cost: { least: balancing, most: balancing } };
  const sum = addRanges([...lines.map(({ cost }) => cost), loadBalancers.cost]);
  const onSpot = addRanges(lines.filter(({ spot }) => spot).map(({ cost }) => cost));
  return { system, environment, lines, loadBalancers, onSpot, sum };
}

/** The sum of ranges, end by end. */
export const addRanges = (ranges: readonly Range[]): Range => ({
  least: ranges.reduce((sum, { least }) => sum + least, 0),
  most: ranges.reduce((sum, { most }) => sum + most, 0),
});

function running({ cpuRequests, memoryRequests }: Demand, prices: Prices, spot: boolean): number {
  const hour = (cpuRequests / 1000) * prices.cpuHour + (memoryRequests / GIB) * prices.memoryGiBHour;
  return hour * HOURS * (spot ? 1 - (prices.spotDiscountPercent ?? 0) / 100 : 1);
}

const kept = ({ storage }: Demand, prices: Prices): number => (storage / GIB) * prices.storageGiBMonth;

function prefersSpot(object: any, spotNodes: SpotNodes | undefined): boolean {
  const preferred: any[] =
    podTemplateOf(object)?.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const keys = preferred.flatMap(({ preference }) => preference.matchExpressions ?? []).map(({ key }) => key);
  return spotNodes?.nodeLabels.some(([label]) => keys.includes(label)) ?? false;
}

/** Those of a cloud's own; the one in front of an ingress controller serves all systems of a cluster. */
function makesLoadBalancer({ kind, spec, metadata }: any): boolean {
  if (kind === 'Gateway') return true;
  if (kind === 'Service') return spec.type === 'LoadBalancer';
  const classes = [spec?.ingressClassName, metadata.annotations?.['kubernetes.io/ingress.class']];
  return kind === 'Ingress' && classes.some((name) => name === 'alb' || name?.startsWith('gce'));
}
