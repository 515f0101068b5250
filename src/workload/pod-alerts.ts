import type { Construct } from 'constructs';

import type { AlertRow } from '../platform/alert';
import { fraction } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';
import type { Percent } from './autoscaling';
import type { PodQueries } from './pod-queries';
import { LONGEST_WATCHED } from './watched';

/** When somebody is told of the pods of an application. */
export interface PodAlertsSettings {
  /**
   * Whether anybody is told.
   * @default false
   */
  readonly enabled?: boolean;

  /**
   * Share of its CPU limit that a container may use for long.
   * @default 90
   */
  readonly cpuPercent?: Percent;

  /**
   * Share of its memory limit that a container may use.
   * @default 90
   */
  readonly memoryPercent?: Percent;

  /**
   * Restarts of one container within 15 minutes that are told of.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 101
   * @default 3
   */
  readonly restarts?: number;

  /**
   * Whether a new version that begins to run is told of.
   * @default true
   */
  readonly deployments?: boolean;
}

/** Fills in defaults. */
export function resolvePodAlerts(settings: PodAlertsSettings): Required<PodAlertsSettings> {
  return {
    enabled: settings.enabled ?? false,
    cpuPercent: settings.cpuPercent ?? 90,
    memoryPercent: settings.memoryPercent ?? 90,
    restarts: settings.restarts ?? 3,
    deployments: settings.deployments ?? true,
  };
}

/** Refuses a name by which the pods would not be found. */
export function checkWatchedName(scope: Construct, name: string): void {
  if (name.length <= LONGEST_WATCHED) return;
  const found = `expected a name of at most ${LONGEST_WATCHED} characters, got "${name}"`;
  throw new ValidationError(scope, 'alerts', `${found}; Kubernetes would cut the names of its pods: rename it`);
}

/** How long a new version is told of. */
const NEW = '10m';

/** Alerts of pods, by what they tell: that nobody knows, that a rollout is stuck, that pods are worn out, and news. */
export interface PodAlerts {
  readonly unknown: AlertRow;
  readonly stuck: AlertRow;
  readonly worn: AlertRow[];
  readonly news: AlertRow[];
}

/** What is to be told of pods, whatever these do. `kind` begins the names of the alerts, and is in the runbook. */
export function podAlerts(
  kind: 'Service' | 'Worker',
  name: string,
  { cpuPercent, memoryPercent, restarts, deployments }: Required<PodAlertsSettings>,
  queries: PodQueries,
): PodAlerts {
  const cpu = `${queries.cpuRatio} > ${fraction(cpuPercent)}`;
  const memory = `${queries.memoryRatio} > ${fraction(memoryPercent)}`;
  const again = `${queries.restarts('15m')} >= ${restarts}`;
  const busy = `a pod of ${name} uses more than ${cpuPercent} % of the CPU that it may`;
  const full = `a pod of ${name} uses more than ${memoryPercent} % of the memory that it may`;
  const looping = `a pod of ${name} was restarted ${restarts} times or more in 15 minutes`;
  const mute = `nobody tells whether ${name} is up`;
  const slow = `a rollout of ${name} makes no progress`;
  const told = `${name} runs another version`;
  const runs = queries.deployed(NEW);
  return {
    unknown: [`${kind}Unknown`, 'warning', '10m', queries.unknown, mute, `nobody-tells-how-a-${kind.toLowerCase()}-is`],
    stuck: [`${kind}RolloutStuck`, 'warning', '1m', queries.stuck, slow, 'a-rollout-is-stuck'],
    worn: [
      [`${kind}CpuHigh`, 'warning', '15m', cpu, busy, 'a-pod-is-short-of-cpu'],
      [`${kind}MemoryHigh`, 'warning', '5m', memory, full, 'a-pod-is-short-of-memory'],
      [`${kind}Restarts`, 'warning', '0s', again, looping, 'a-pod-restarts-again-and-again'],
    ],
    news: deployments ? [[`${kind}Deployed`, 'info', '0s', runs, told, 'a-new-version-runs']] : [],
  };
}
