import type { Construct } from 'constructs';

import { ValidationError } from '../platform/validation-error';
import type { ReleaseSettings, ResolvedRelease } from './release';

/** The settings that each way of releasing reads. */
const OWN: Record<string, readonly (keyof ReleaseSettings)[]> = {
  'blue-green by a setting': ['active', 'blue', 'green'],
  'blue-green by argo-rollouts': ['analysis', 'autoPromote', 'keepSeconds'],
  'canary by a setting': ['candidate', 'step', 'steps'],
  'canary by argo-rollouts': ['analysis', 'steps'],
  rolling: [],
};

/** Refuses what the way of releasing does not read, versions without a name, and shares that do not grow. */
export function checkRelease(scope: Construct, settings: ReleaseSettings, release: ResolvedRelease): void {
  const { strategy, controller, steps } = release;
  const { step = 0, candidate } = settings;
  const refuse = (field: string, problem: string) => {
    throw new ValidationError(scope, `release.${field}`, problem);
  };
  if (strategy === 'rolling' && controller !== 'none') {
    refuse('controller', 'has nothing to do for rolling releases; set strategy: blue-green or canary, or remove it');
  }
  const way =
    strategy === 'rolling' ? strategy : `${strategy} by ${controller === 'none' ? 'a setting' : 'argo-rollouts'}`;
  const known = new Set<string>(['strategy', 'controller', ...(OWN[way] ?? [])]);
  for (const field of Object.keys(settings) as (keyof ReleaseSettings)[]) {
    if (known.has(field) || settings[field] === undefined) continue;
    const ways = Object.keys(OWN).filter((other) => OWN[other]?.includes(field));
    refuse(field, `is for ${ways.join(' and ')}, and releases are ${way}; remove it`);
  }
  for (const field of ['blue', 'green', 'candidate'] as const) {
    const version = settings[field];
    if (version && !version.tag && !version.digest) refuse(field, 'names no version; give its tag or its digest');
  }
  const weights = steps.map(({ weight }) => weight);
  if (weights.some((weight, index) => index > 0 && weight <= (weights[index - 1] ?? 0))) {
    refuse('steps', `expected shares that grow, got ${weights.join(', ')}; put them in order, each once`);
  }
  if (step > weights.length) {
    refuse('step', `expected at most ${weights.length}, the number of steps, got ${step}; lower it, or add steps`);
  }
  checkJudgement(release, refuse);
  if (step > 0 && !candidate) {
    refuse('step', `expected 0 without a candidate, got ${step}; remove it, or name release.candidate`);
  }
}

/** How long Argo Rollouts waits at least before it asks again what could not be answered, whatever the interval. */
const RETRY_SECONDS = 10;

/** Refuses releases that would be over before the analysis could find a version bad. */
function checkJudgement(release: ResolvedRelease, refuse: (field: string, problem: string) => void): void {
  const { strategy, keepSeconds, steps, analysis } = release;
  if (!analysis) return;
  const { count, intervalSeconds, failureLimit } = analysis;
  if (strategy === 'blue-green' && keepSeconds <= count * intervalSeconds) {
    const long = `the ${count} questions of the analysis take ${count * intervalSeconds}`;
    refuse(
      'keepSeconds',
      `expected more, got ${keepSeconds}: ${long}, and then nothing is left to go back to; raise it`,
    );
  }
  // A step that waits for somebody has no end of its own.
  const pauses = steps.reduce((seconds, { pauseSeconds = Infinity }) => seconds + pauseSeconds, 0);
  const judged = intervalSeconds + failureLimit * Math.max(intervalSeconds, RETRY_SECONDS);
  if (strategy === 'canary' && pauses <= judged) {
    const todo = 'raise pauseSeconds, or lower analysis.intervalSeconds or analysis.failureLimit';
    refuse(
      'steps',
      `expected pauses of more than ${judged} seconds in all, got ${pauses}: nobody would have judged it; ${todo}`,
    );
  }
}
