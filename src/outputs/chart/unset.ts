import { ANY } from './paths';
import { resolved, type Schema, type SchemaDocument } from './schema';
import type { Setting } from './settings';
import type { ValuePath } from './template';

/** Settings that are no values for nobody sets them, and they have no default: those within them are not told apart. */
export function unsetOf(document: SchemaDocument, root: Setting, taken: readonly ValuePath[]): ValuePath[] {
  const isTaken = (path: ValuePath) => taken.some((one) => isSame(one, path));
  const within = (setting: Setting, given: Schema): ValuePath[] => {
    const { properties = {}, items, additionalProperties } = resolved(given, document);
    const known = new Map(setting.named.map((one) => [one.path.at(-1)!, one]));
    const own = Object.entries(properties).flatMap(([key, schema]) => {
      const there = known.get(key);
      if (there) return within(there, schema);
      const path = [...setting.path, key];
      return isTaken(path) ? [] : [path];
    });
    const any = items ?? additionalProperties;
    if (typeof any !== 'object') return own;
    const entries = [...known].filter(([key]) => !Object.hasOwn(properties, key)).map(([, one]) => one);
    return [...own, ...[...entries, ...(setting.entry ? [setting.entry] : [])].flatMap((one) => within(one, any))];
  };
  return within(root, document);
}

const OTHERS = 'goes with another choice of what was decided when the chart was made';
const PARTS = 'makes objects, or parts of pods and of documents, that no environment has';

/** Why what nobody sets is no value, by the end of its path: `*` is any key. The first that fits counts. */
const REASONS: readonly (readonly [pattern: string, reason: string])[] = [
  ...['alb', 'gce', 'applicationGateway', 'scheme', 'controller.podLabels'].map(
    (key) => [`edge.${key}`, OTHERS] as const,
  ),
  ...['endpoint', 'account', 'identity', 'namespace', 'addresses'].map((key) => [`target.${key}`, OTHERS] as const),
  ...['hosts', 'cidrs', 'clusterId', 'image.profile', 'release.*', 'release.*.digest'].map(
    (key) => [key, OTHERS] as const,
  ),
  ...['alerts.*.to', 'alerts.*.channel', 'schedule'].map((key) => [key, OTHERS] as const),
  ...['priority', 'namespaces', 'policies', 'identity', 'verticalAutoscaling', 'migrations', 'wait'].map(
    (key) => [key, PARTS] as const,
  ),
  ...['readReplicas', 'standbyOf', 'disruptionBudget', 'dashboard', 'telemetry', 'traces', 'logs', 'metrics'].map(
    (key) => [key, PARTS] as const,
  ),
  ...['slo', 'latency', 'securityHeaders', 'rateLimit', 'alerts.*'].map((key) => [key, PARTS] as const),
];

/** Why a setting that nobody sets is no value. */
export function reasonOfUnset(path: ValuePath): string {
  const found = REASONS.find(([pattern]) => {
    const keys = pattern.split('.');
    const end = path.slice(-keys.length);
    return keys.length <= path.length && keys.every((key, index) => key === '*' || key === end[index]);
  });
  return found?.[1] ?? 'no environment says it: what it changes was not there to be learned';
}

const isSame = (one: ValuePath, other: ValuePath) =>
  one.length === other.length && one.every((key, index) => key === ANY || key === other[index]);
