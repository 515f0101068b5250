import type { KubeObject } from './api';

/** Replicas from a moment on. */
export interface Step {
  /** Milliseconds, as `Date.now()` gives them. */
  readonly at: number;
  readonly replicas: number;
}

/** The moments of two changes are known by when they were heard of. */
const HEARD_MS = 1000;

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);

/** What a series of steps, the first of them where it began, does that an autoscaler's policies and bounds do not allow. */
export function stepProblems(steps: readonly Step[], { metadata, spec }: KubeObject): string[] {
  return steps.slice(1).flatMap(({ at, replicas }, index) => {
    const before = steps.slice(0, index + 1);
    const from = before.at(-1)!.replicas;
    const limit = limitAt(before, at, replicas > from ? spec.behavior.scaleUp : spec.behavior.scaleDown);
    const [low, high] = replicas > from ? [from, limit.up] : [limit.down, from];
    const step = `${metadata.name}: ${from} → ${replicas} replicas`;
    const problems: string[] = [];
    if (replicas < low || replicas > high) problems.push(`${step}, and its policies allow ${low} to ${high}`);
    if (replicas < spec.minReplicas || replicas > spec.maxReplicas) {
      problems.push(`${step}, outside of ${spec.minReplicas} to ${spec.maxReplicas}`);
    }
    return problems;
  });
}

/** How far policies let it go, counted from what there was when their period began. Shares are rounded as controllers do. */
function limitAt(before: readonly Step[], at: number, { policies, selectPolicy = 'Max' }: KubeObject) {
  if (selectPolicy !== 'Max') throw new Error(`policies by ${selectPolicy}: teach this function to read them`);
  const limits = policies.map(({ type, value, periodSeconds }: KubeObject) => {
    const began = at - periodSeconds * 1000 + HEARD_MS;
    const { replicas } = before.findLast((step) => step.at <= began) ?? before[0]!;
    if (type === 'Pods') return { up: replicas + value, down: replicas - value };
    return { up: Math.ceil(replicas * (1 + value / 100)), down: Math.floor(replicas * (1 - value / 100)) };
  });
  return {
    up: Math.max(...limits.map(({ up }: { up: number }) => up)),
    down: Math.min(...limits.map(({ down }: { down: number }) => down)),
  };
}

/** Whether it went down before the load had been low for as long as it looks back. */
export function hasteProblems(steps: readonly Step[], lastHigh: number, { metadata, spec }: KubeObject): string[] {
  const { stabilizationWindowSeconds: window } = spec.behavior.scaleDown;
  const first = steps.find(({ replicas }, index) => index > 0 && replicas < steps[index - 1]!.replicas);
  if (!first || first.at >= lastHigh + window * 1000 - HEARD_MS) return [];
  const after = seconds(first.at - lastHigh);
  return [`${metadata.name}: down to ${first.replicas} ${after} s after high load, and it looks back ${window} s`];
}

/** How the steps went: `3 → 6 (2.1 s) → 12 (15.0 s)`, each with the time since the one before, the first since `began`. */
export const tellSteps = (steps: readonly Step[], began: number): string =>
  steps
    .map(({ at, replicas }, index) => {
      const since = Math.max(began, steps[index - 1]?.at ?? 0);
      return index === 0 ? `${replicas}` : `${replicas} (${seconds(at - since)} s)`;
    })
    .join(' → ');

/** What the API server adds to rules that do not say it. */
const ADDED = { selectPolicy: 'Max' };

/** Where the autoscaler of a server differs from that of a file, and the file's from what a team asked for. */
export function fieldProblems(file: KubeObject, server: KubeObject, asked: Speeds): string[] {
  const { behavior, ...rest } = file.spec;
  const { name } = file.metadata;
  const expected = {
    ...rest,
    behavior: { scaleUp: { ...ADDED, ...behavior.scaleUp }, scaleDown: { ...ADDED, ...behavior.scaleDown } },
  };
  const problems: string[] = [];
  const differing = [...new Set([...Object.keys(expected), ...Object.keys(server.spec)])].filter(
    (field) => sorted(expected[field]) !== sorted(server.spec[field]),
  );
  for (const field of differing) {
    problems.push(`${name}: ${field} is ${sorted(server.spec[field])}, and the file says ${sorted(expected[field])}`);
  }
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const found = tellRules(behavior[direction]);
    if (found !== asked[direction]) problems.push(`${name}: ${direction} is ${found}, asked for ${asked[direction]}`);
  }
  for (const { type } of rest.metrics.filter((metric: KubeObject) => metric.type === 'Resource')) {
    problems.push(`${name}: measures ${type}, so that its sidecars count`);
  }
  return problems;
}

/** Text for a speed in each direction. */
export interface Speeds {
  readonly scaleUp: string;
  readonly scaleDown: string;
}

/** A speed as the settings have it, with the defaults that a team counts on. */
export const speedsAsked = ({ scaleUp = {}, scaleDown = {} }: KubeObject): Speeds => ({
  scaleUp: tell(scaleUp.percent ?? 100, scaleUp.periodSeconds ?? 15, scaleUp.stabilizationSeconds ?? 0),
  scaleDown: tell(scaleDown.percent ?? 50, scaleDown.periodSeconds ?? 300, scaleDown.stabilizationSeconds ?? 300),
});

const tell = (percent: number, period: number, window: number) => `${percent} % in ${period} s after ${window} s`;

const tellRules = ({ policies, stabilizationWindowSeconds }: KubeObject) =>
  policies
    .map(({ type, value, periodSeconds }: KubeObject) =>
      type === 'Percent' ? tell(value, periodSeconds, stabilizationWindowSeconds) : `${value} ${type}`,
    )
    .join(' or ');

/** With its keys in order, so that equal is equal. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The replicas that controllers want for a use of so many times the target: little differences are left alone. */
export const wantedFor = (replicas: number, timesTarget: number): number =>
  Math.abs(timesTarget - 1) <= 0.1 ? replicas : Math.ceil(replicas * timesTarget);
