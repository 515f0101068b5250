import type { Construct } from 'constructs';

import type { Probe } from '../../imports/k8s';
import { ValidationError } from '../platform/validation-error';

/** One question that Kubernetes asks a container that listens nowhere: a command in it, which ends with 0 if all is well. */
export interface CommandProbeSettings {
  /**
   * Command in the container, without a shell.
   * @minItems 1
   */
  readonly command: string[];

  /**
   * Seconds between two questions. Each starts a process, at the cost of the container's own limits.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - 5 for startup, 10 for readiness, 20 for liveness
   */
  readonly periodSeconds?: number;

  /**
   * Seconds that the command may take.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default 5
   */
  readonly timeoutSeconds?: number;

  /**
   * Failures in a row that count.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - 12 for startup, 3 for the others
   */
  readonly failureThreshold?: number;
}

/**
 * How Kubernetes asks whether a worker is well. Nobody but its image knows what to ask, so that two of the questions must be
 * given.
 */
export interface WorkerHealthSettings {
  /**
   * Whether it has started. Until then nothing else is asked; period times failures is the time it is given.
   * @default - the command of `liveness`, for 60 s
   */
  readonly startup?: CommandProbeSettings;

  /**
   * Whether it can take messages, as when it reaches its queue. Where not, a rollout stops, and a budget does not count it.
   */
  readonly readiness: CommandProbeSettings;

  /**
   * Whether it still works, as when a file that it touches with each message or pause is not old. Where not, it is
   * restarted; so it must not ask what the worker uses, for while that is away a restart mends nothing.
   */
  readonly liveness: CommandProbeSettings;
}

type ResolvedProbe = Required<CommandProbeSettings>;

/** Probes with nothing left open. */
export interface ResolvedWorkerHealth {
  readonly startup: ResolvedProbe;
  readonly readiness: ResolvedProbe;
  readonly liveness: ResolvedProbe;
}

/** Fills in defaults. */
export function resolveWorkerHealth({ startup, readiness, liveness }: WorkerHealthSettings): ResolvedWorkerHealth {
  const probe = (given: CommandProbeSettings, periodSeconds: number, failureThreshold: number): ResolvedProbe => ({
    command: given.command,
    periodSeconds: given.periodSeconds ?? periodSeconds,
    timeoutSeconds: given.timeoutSeconds ?? 5,
    failureThreshold: given.failureThreshold ?? failureThreshold,
  });
  return {
    startup: probe(startup ?? { command: liveness.command }, 5, 12),
    readiness: probe(readiness, 10, 3),
    liveness: probe(liveness, 20, 3),
  };
}

/** Refuses questions that ask nothing, and two that are one. */
export function checkWorkerHealth(scope: Construct, health: ResolvedWorkerHealth): void {
  for (const [name, { command }] of Object.entries(health)) {
    if (command.length > 0) continue;
    throw new ValidationError(scope, `health.${name}.command`, 'expected a command, got none; name its program');
  }
  const [ready, alive] = [health.readiness, health.liveness].map(({ command }) => JSON.stringify(command));
  if (ready !== alive) return;
  const found = `expected another command than that of liveness, got ${ready} twice`;
  const todo = 'let this one ask whether it can take messages, and liveness whether it hangs';
  throw new ValidationError(scope, 'health.readiness.command', `${found}; ${todo}`);
}

/** The three probes. */
export function renderCommandProbes({ startup, readiness, liveness }: ResolvedWorkerHealth) {
  const probe = ({ command, ...timing }: ResolvedProbe): Probe => ({ exec: { command }, ...timing });
  return { startupProbe: probe(startup), readinessProbe: probe(readiness), livenessProbe: probe(liveness) };
}
