import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

import { VerticalPodAutoscaler } from '../../imports/vertical-pod-autoscaler';
import { type Bytes, canonicalBytes, type Cpu, formatCpu, parseBytes, parseCpu } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';
import type { MeasuredResource } from './autoscaling-metrics';
import type { ResolvedResources } from './resources';

/** Whether requests are only recommended, or pods are replaced by ones with others. */
export type VerticalAutoscalingMode = 'automatic' | 'recommend';

/** A bound on the requests of a container. */
export interface VerticalBoundSettings {
  /**
   * Of CPU.
   * @default - as the bound says
   */
  readonly cpu?: Cpu;

  /**
   * Of memory.
   * @default - as the bound says
   */
  readonly memory?: Bytes;
}

/** What the application's container requests, by what it was seen to use. Its limits stay, and so do other containers. */
export interface VerticalAutoscalingSettings {
  /**
   * `recommend` tells what requests would fit, in the object's status. `automatic` also evicts pods, within their budget,
   * whose requests do not.
   * @default recommend
   */
  readonly mode?: VerticalAutoscalingMode;

  /**
   * What is looked at. With `automatic` nothing that `autoscaling` measures: each would undo what the other does.
   * @minItems 1
   * @default - both; with `automatic` those that `autoscaling` does not measure
   */
  readonly resources?: MeasuredResource[];

  /**
   * Least that is requested.
   * @default - the recommender's own least
   */
  readonly min?: VerticalBoundSettings;

  /**
   * Most that is requested. The quota of the namespace holds it with `automatic`.
   * @default - the container's limits
   */
  readonly max?: VerticalBoundSettings;
}

/** Vertical autoscaling with nothing left open. */
export interface ResolvedVerticalAutoscaling {
  readonly mode: VerticalAutoscalingMode;
  readonly resources: readonly MeasuredResource[];
  readonly min: VerticalBoundSettings;
  readonly max: Required<VerticalBoundSettings>;
}

const BOTH: readonly MeasuredResource[] = ['cpu', 'memory'];

/** Fills in defaults. `measured` is what a horizontal autoscaler looks at. */
export function resolveVerticalAutoscaling(
  settings: VerticalAutoscalingSettings,
  { limits }: ResolvedResources,
  measured: readonly MeasuredResource[],
): ResolvedVerticalAutoscaling {
  const mode = settings.mode ?? 'recommend';
  const free = mode === 'automatic' ? BOTH.filter((resource) => !measured.includes(resource)) : BOTH;
  const { min, max } = settings;
  // A set reads all of them: one that is named twice counts as read, too.
  const wanted = new Set(settings.resources ?? free);
  return {
    mode,
    resources: BOTH.filter((resource) => wanted.has(resource)),
    min: {
      cpu: min?.cpu && formatCpu(parseCpu(min.cpu)),
      memory: min?.memory && canonicalBytes(min.memory),
    },
    max: { cpu: formatCpu(parseCpu(max?.cpu ?? limits.cpu)), memory: canonicalBytes(max?.memory ?? limits.memory) },
  };
}

/** Refuses what two autoscalers would both change, and bounds that leave nothing between them. */
export function checkVerticalAutoscaling(
  scope: Construct,
  settings: VerticalAutoscalingSettings,
  { mode, resources, min, max }: ResolvedVerticalAutoscaling,
  { limits }: ResolvedResources,
  measured: readonly MeasuredResource[],
): void {
  const refuse = (field: string, problem: string) => {
    throw new ValidationError(scope, `verticalAutoscaling.${field}`, problem);
  };
  const shared = resources.filter((resource) => measured.includes(resource));
  if (mode === 'automatic' && (shared.length > 0 || resources.length === 0)) {
    const both = (shared.length > 0 ? shared : measured).join(' and ');
    const found = `automatic would change the request of ${both}, by which autoscaling counts its pods`;
    const todo = 'leave it out of autoscaling.resources or of verticalAutoscaling.resources, or set mode: recommend';
    refuse('mode', `${found}; ${todo}`);
  }
  for (const resource of BOTH) {
    const parse = resource === 'cpu' ? parseCpu : parseBytes;
    const most = max[resource];
    const least = min[resource];
    if (!resources.includes(resource)) {
      const bound = (['min', 'max'] as const).find((name) => settings[name]?.[resource] !== undefined);
      if (bound)
        refuse(`${bound}.${resource}`, `is set, and ${resource} is not looked at; add it to resources, or remove it`);
    } else if (parse(most) > parse(limits[resource])) {
      const found = `expected at most the limit of ${limits[resource]}, got ${most}`;
      refuse(`max.${resource}`, `${found}; lower it, or raise resources.limits.${resource}`);
    } else if (least && parse(least) > parse(most)) {
      refuse(`min.${resource}`, `expected at most the max of ${most}, got ${least}; lower it, or raise the max`);
    }
  }
}

/** What looks at the application's container, and at no other: those that are injected are not ours to size. */
export function renderVerticalAutoscaler(
  scope: Construct,
  { apiVersion, kind, name }: ApiObject,
  container: string,
  { mode, resources, min, max }: ResolvedVerticalAutoscaling,
): VerticalPodAutoscaler {
  const amounts = (bound: VerticalBoundSettings) => {
    const given = resources.flatMap((resource) => {
      const amount = bound[resource];
      return amount ? [[resource, amount] as const] : [];
    });
    return given.length > 0 ? Object.fromEntries(given) : undefined;
  };
  return new VerticalPodAutoscaler(scope, 'vertical-autoscaler', {
    metadata: { name },
    spec: {
      targetRef: { apiVersion, kind, name },
      updatePolicy: { updateMode: mode === 'automatic' ? 'Recreate' : 'Off' },
      resourcePolicy: {
        containerPolicies: [
          {
            containerName: container,
            controlledResources: [...resources],
            // Limits are what quota and nodes were planned for.
            controlledValues: 'RequestsOnly',
            maxAllowed: amounts(max),
            minAllowed: amounts(min),
          },
          { containerName: '*', mode: 'Off' },
        ],
      },
    },
  });
}
