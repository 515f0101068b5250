import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

import { KubeHorizontalPodAutoscaler, type HPAScalingRules, type MetricSpec } from '../../imports/k8s';
import type { Seconds } from '../platform/names';
import { ValidationError } from '../platform/validation-error';
import {
  type AutoscalingMetricSettings,
  type MeasuredResource,
  renderMetric,
  resolveMetrics,
  type ResolvedMetric,
} from './autoscaling-metrics';

/**
 * A share in percent.
 * @asType integer
 * @minimum 1
 * @maximum 100
 */
export type Percent = number;

/** How fast an autoscaler moves in one direction. */
export interface ScalingSpeedSettings {
  /**
   * Most that the replicas change in one period, in percent of what runs.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - 100 up, 50 down
   */
  readonly percent?: number;

  /**
   * Length of the period.
   * @minimum 1
   * @maximum 1800
   * @asType integer
   * @default - 15 up, 300 down
   */
  readonly periodSeconds?: number;

  /**
   * How far back recommendations are looked at before one is followed.
   * @minimum 0
   * @maximum 3600
   * @asType integer
   * @default - 0 up, 300 down
   */
  readonly stabilizationSeconds?: Seconds;
}

/** Scaling by the use of CPU and memory of the application's own container, and by other figures. `replicas` is the minimum. */
export interface AutoscalingSettings {
  /**
   * Whether the workload is scaled. Off, it keeps `replicas`.
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Most replicas.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   */
  readonly maxReplicas: number;

  /**
   * CPU use aimed at, in percent of the request.
   * @default 70
   */
  readonly cpuPercent?: Percent;

  /**
   * Memory use aimed at, in percent of the request.
   * @default 80
   */
  readonly memoryPercent?: Percent;

  /**
   * What of the container is measured; nothing of it where `metrics` alone decide.
   * @default ["cpu", "memory"]
   */
  readonly resources?: MeasuredResource[];

  /**
   * Other figures by which is scaled. The one that asks for most pods decides.
   * @default []
   */
  readonly metrics?: AutoscalingMetricSettings[];

  /**
   * Speed upwards.
   * @default - doubles every 15 s, at once
   */
  readonly scaleUp?: ScalingSpeedSettings;

  /**
   * Speed downwards.
   * @default - halves every 300 s, after 300 s of lower load
   */
  readonly scaleDown?: ScalingSpeedSettings;
}

/** Autoscaling with nothing left open. */
export interface ResolvedAutoscaling {
  readonly enabled: boolean;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly resources: readonly MeasuredResource[];
  readonly metrics: readonly ResolvedMetric[];
  readonly scaleUp: Required<ScalingSpeedSettings>;
  readonly scaleDown: Required<ScalingSpeedSettings>;
}

/** Fills in defaults; the workload's replicas are the minimum. */
export function resolveAutoscaling(settings: AutoscalingSettings | undefined, replicas: number): ResolvedAutoscaling {
  const speed = (given: ScalingSpeedSettings | undefined, open: Required<ScalingSpeedSettings>) => ({
    percent: given?.percent ?? open.percent,
    periodSeconds: given?.periodSeconds ?? open.periodSeconds,
    stabilizationSeconds: given?.stabilizationSeconds ?? open.stabilizationSeconds,
  });
  return {
    enabled: settings !== undefined && (settings.enabled ?? true),
    minReplicas: replicas,
    maxReplicas: settings?.maxReplicas ?? replicas,
    cpuPercent: settings?.cpuPercent ?? 70,
    memoryPercent: settings?.memoryPercent ?? 80,
    resources: [...(settings?.resources ?? (['cpu', 'memory'] as const))],
    metrics: resolveMetrics(settings?.metrics),
    scaleUp: speed(settings?.scaleUp, { percent: 100, periodSeconds: 15, stabilizationSeconds: 0 }),
    scaleDown: speed(settings?.scaleDown, { percent: 50, periodSeconds: 300, stabilizationSeconds: 300 }),
  };
}

/** What of a container the horizontal autoscaler measures, where there is one. */
export const measuredBy = (settings: AutoscalingSettings | undefined): readonly MeasuredResource[] => {
  const { enabled, resources: measured } = resolveAutoscaling(settings, 1);
  return enabled ? measured : [];
};

/** Refuses an autoscaler that could never scale, and what it would not look at. */
export function checkAutoscaling(
  scope: Construct,
  settings: AutoscalingSettings | undefined,
  { enabled, minReplicas, maxReplicas, resources, metrics }: ResolvedAutoscaling,
): void {
  if (!settings || !enabled) return;
  const refuse = (field: string, problem: string) => {
    throw new ValidationError(scope, `autoscaling.${field}`, problem);
  };
  if (maxReplicas < minReplicas) {
    const found = `expected at least the replicas (${minReplicas}), got ${maxReplicas}`;
    refuse('maxReplicas', `${found}; raise it or lower replicas`);
  }
  if (resources.length === 0 && metrics.length === 0) {
    refuse('resources', 'expected something to measure, got nothing; name cpu or memory, or give metrics');
  }
  for (const resource of ['cpu', 'memory'] as const) {
    if (settings[`${resource}Percent`] === undefined || resources.includes(resource)) continue;
    const found = `is set, and ${resource} is not measured`;
    refuse(`${resource}Percent`, `${found}; add it to autoscaling.resources, or remove it`);
  }
  const unclear = (settings.metrics ?? []).find(({ pods, external }) => Boolean(pods) === Boolean(external));
  if (!unclear) return;
  refuse('metrics', `expected pods or external of each, got ${unclear.pods ? 'both' : 'none'}; give one of them`);
}

/** The autoscaler of a workload, under its name; it measures one container, so that sidecars do not dilute the figure. */
export function renderAutoscaler(
  scope: Construct,
  { apiVersion, kind, name }: ApiObject,
  container: string,
  { minReplicas, maxReplicas, cpuPercent, memoryPercent, resources, metrics, scaleUp, scaleDown }: ResolvedAutoscaling,
): KubeHorizontalPodAutoscaler {
  const metric = (resource: string, averageUtilization: number): MetricSpec => ({
    type: 'ContainerResource',
    containerResource: { container, name: resource, target: { type: 'Utilization', averageUtilization } },
  });
  const rules = ({
    percent,
    periodSeconds,
    stabilizationSeconds,
  }: Required<ScalingSpeedSettings>): HPAScalingRules => ({
    policies: [{ type: 'Percent', value: percent, periodSeconds }],
    stabilizationWindowSeconds: stabilizationSeconds,
  });
  return new KubeHorizontalPodAutoscaler(scope, 'autoscaler', {
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion, kind, name },
      minReplicas,
      maxReplicas,
      metrics: [
        ...(resources.includes('cpu') ? [metric('cpu', cpuPercent)] : []),
        ...(resources.includes('memory') ? [metric('memory', memoryPercent)] : []),
        ...metrics.map(renderMetric),
      ],
      behavior: { scaleUp: rules(scaleUp), scaleDown: rules(scaleDown) },
    },
  });
}
