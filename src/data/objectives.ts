import { formatDuration } from '../platform/duration';
import { formatBytes } from '../platform/quantity';
import type { ResolvedBackup } from './backup-settings';

/** One step of a plan: what it is, and how long it takes at most. */
export interface PlanStep {
  readonly what: string;
  readonly seconds: number;
}

/** An objective that settings cannot meet: the setting, and why. */
export interface MissedObjective {
  readonly field: string;
  readonly problem: string;
}

/** What a plan comes to. */
export interface RecoveryPlan {
  /** What may be lost: from a commit until its write-ahead log is in the store. */
  readonly loss: PlanStep[];
  /** What a restore does, in order. */
  readonly recovery: PlanStep[];
}

/** PostgreSQL hands write-ahead log over in segments of this size. */
const SEGMENT_BYTES = 16 * 2 ** 20;

/** The last checks, the shutdown of the Job's server and the start of the real one. */
const FINISH_SECONDS = 60;

/** A backlog is worked off only where the store takes clearly more than the server makes. */
const CATCH_UP = 1.5;

/** What the settings come to at worst. */
export function planRecovery({ archiveTimeout, uploadInterval, baseInterval, figures }: ResolvedBackup): RecoveryPlan {
  const { dataSize, walPerSecond, uploadPerSecond, restorePerSecond, replayPerSecond, reaction } = figures;
  // A base backup counts from its end, and what is replayed begins at its start.
  const wal = walPerSecond * (baseInterval + dataSize / uploadPerSecond);
  return {
    loss: [
      { what: 'archiveTimeout', seconds: archiveTimeout },
      { what: 'uploadInterval', seconds: uploadInterval },
      { what: `a segment of 16Mi at ${rate(uploadPerSecond)}`, seconds: SEGMENT_BYTES / uploadPerSecond },
    ],
    recovery: [
      { what: 'reaction', seconds: reaction },
      transfer('data', dataSize, restorePerSecond),
      transfer('write-ahead log', wal, replayPerSecond),
      { what: 'checks and start', seconds: FINISH_SECONDS },
    ],
  };
}

/** The sum of a plan as text, beside what is allowed: `archiveTimeout 5m + … = 5m 11s of 15m`. */
export function formatPlan(steps: readonly PlanStep[], objective?: number): string {
  const parts = steps.map(({ what, seconds }) => `${what} ${formatDuration(seconds)}`);
  const allowed = objective === undefined ? '' : ` of ${formatDuration(objective)}`;
  return `${parts.join(' + ')} = ${formatDuration(total(steps))}${allowed}`;
}

/** Objectives that the settings cannot meet: field and reason of each. */
export function missedObjectives(backup: ResolvedBackup): MissedObjective[] {
  const { rpo, rto, retention, baseInterval, figures } = backup;
  const { loss, recovery } = planRecovery(backup);
  const sooner = 'make base backups more often, give figures that a drill has shown, or allow more time';
  const problems = [
    ...missed('rpo', rpo, loss, 'lower archiveTimeout or uploadInterval, or allow more loss'),
    ...missed('rto', rto, recovery, sooner),
  ];
  const refuse = (field: string, problem: string) => problems.push({ field, problem });
  if (figures.walPerSecond * CATCH_UP > figures.uploadPerSecond) {
    const found = `the server makes ${rate(figures.walPerSecond)} and the store takes ${rate(figures.uploadPerSecond)}`;
    refuse('figures.uploadPerSecond', `${found}, less than ${CATCH_UP} times as much: a backlog would never end`);
  }
  const base = figures.dataSize / figures.uploadPerSecond;
  if (base > baseInterval) {
    const found = `a base backup takes ${formatDuration(base)}`;
    refuse('baseInterval', `expected at least that long, for ${found}, got ${formatDuration(baseInterval)}; raise it`);
  }
  if (retention < baseInterval) {
    const found = `expected at least baseInterval (${formatDuration(baseInterval)}), got ${formatDuration(retention)}`;
    refuse('retention', `${found}; one could not go back at all`);
  }
  return problems;
}

/** Nothing where the steps fit into the objective, else the sum of them. */
export const missed = (
  field: string,
  objective: number,
  steps: readonly PlanStep[],
  todo: string,
): MissedObjective[] =>
  total(steps) <= objective
    ? []
    : [{ field, problem: `${formatDuration(objective)} cannot be met: ${formatPlan(steps)}; ${todo}` }];

/** A step that takes as long as so many bytes do at a rate. */
export const transfer = (what: string, bytes: number, perSecond: number): PlanStep => ({
  what: `${amount(bytes)} of ${what} at ${rate(perSecond)}`,
  seconds: bytes / perSecond,
});

const total = (steps: readonly PlanStep[]) => steps.reduce((sum, { seconds }) => sum + seconds, 0);
const amount = (bytes: number) =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)}Gi` : `${(bytes / 2 ** 20).toFixed(0)}Mi`;
const rate = (bytes: number) => `${formatBytes(bytes)}/s`;
