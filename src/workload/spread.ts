import type { Affinity, TopologySpreadConstraint } from '../../imports/k8s';

/** How hard the scheduler tries: `required` leaves a pod pending rather than break the rule. */
export type SpreadRule = 'none' | 'preferred' | 'required';

/** How the pods of a workload are spread over a cluster. */
export interface SpreadSettings {
  /**
   * No two pods on one node.
   * @default - preferred, where the construct does not say otherwise
   */
  readonly hosts?: SpreadRule;

  /**
   * Evenly over the zones, with a difference of at most one pod.
   * @default - preferred, where the construct does not say otherwise
   */
  readonly zones?: SpreadRule;
}

/** Spread with nothing left open. */
export interface ResolvedSpread {
  readonly hosts: SpreadRule;
  readonly zones: SpreadRule;
}

/** Fills in defaults. */
export function resolveSpread(settings?: SpreadSettings): ResolvedSpread {
  return { hosts: settings?.hosts ?? 'preferred', zones: settings?.zones ?? 'preferred' };
}

const NAME = 'app.kubernetes.io/name';

/**
 * The fields of a pod. With the label of a revision, the pods of each are counted by themselves while one replaces another.
 * With the name of a workload beside, its pods are counted as if they were of this one.
 */
export function renderSpread(
  { hosts, zones }: ResolvedSpread,
  podLabels: Record<string, string>,
  revision?: string,
  beside?: string,
) {
  const { [NAME]: name = '', ...system } = podLabels;
  const labelSelector = beside
    ? { matchExpressions: [{ key: NAME, operator: 'In', values: [beside, name] }], matchLabels: system }
    : { matchLabels: podLabels };
  const term = { labelSelector, topologyKey: 'kubernetes.io/hostname' };
  const affinity: Record<SpreadRule, Affinity | undefined> = {
    none: undefined,
    preferred: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
      },
    },
    required: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  };
  const constraint: TopologySpreadConstraint = {
    labelSelector,
    maxSkew: 1,
    topologyKey: 'topology.kubernetes.io/zone',
    whenUnsatisfiable: zones === 'required' ? 'DoNotSchedule' : 'ScheduleAnyway',
    matchLabelKeys: revision ? [revision] : undefined,
  };
  return { affinity: affinity[hosts], topologySpreadConstraints: zones === 'none' ? undefined : [constraint] };
}
