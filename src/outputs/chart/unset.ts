import { isLike } from './fixed';
import { resolved, type Schema, type SchemaDocument } from './schema';
import type { Setting } from './settings';
import type { ValuePath } from './template';

/** Settings that are no values for nobody sets them, and they have no default: those within them are not told apart. */
export function unsetOf(document: SchemaDocument, root: Setting, taken: readonly ValuePath[]): ValuePath[] {
  const isTaken = (path: ValuePath) => taken.some((one) => isLike(path, one));
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

/** Why what nobody sets is no value, by the ends of paths: `*` is any key. The first that fits counts. */
const REASONS: readonly { readonly reason: string; readonly ends: readonly string[] }[] = [
  {
    reason: 'goes with another choice of what was decided when the chart was made',
    ends: [
      ...['edge.alb', 'edge.gce', 'edge.applicationGateway', 'edge.scheme', 'edge.controller.podLabels'],
      ...['target.endpoint', 'target.account', 'target.identity', 'target.namespace', 'target.addresses'],
      ...['hosts', 'cidrs', 'clusterId', 'image.profile', 'release.*'],
      ...['alerts.*.to', 'alerts.*.channel', 'schedule'],
    ],
  },
  {
    reason: 'makes objects, or parts of pods and of documents, that no environment has',
    ends: [
      ...['priority', 'namespaces', 'policies', 'identity', 'verticalAutoscaling', 'migrations', 'wait'],
      ...['readReplicas', 'standbyOf', 'disruptionBudget', 'dashboard', 'telemetry', 'traces', 'logs', 'metrics'],
      ...['slo', 'latency', 'securityHeaders', 'rateLimit', 'alerts.*'],
    ],
  },
];

/** Why a setting that nobody sets is no value. */
export function reasonOfUnset(path: ValuePath): string {
  const isEnd = (end: string) => {
    const keys = end.split('.');
    return isLike(path.slice(-keys.length), keys);
  };
  const found = REASONS.find(({ ends }) => ends.some(isEnd));
  return found?.reason ?? 'no environment says it: what it changes was not there to be learned';
}
