import { isLike, isWithin } from '../../src/outputs/chart/fixed';
import { limitedPaths, ofKeys } from '../../src/outputs/chart/limits';
import { type ValuePath, keyOf } from '../../src/outputs/chart/template';
import { isPlainMap } from '../../src/settings/merge';
import { type Values, valueAt } from '../../src/outputs/chart/values';

/** Settings that are what the environments say: no template says what they come to otherwise. */
export interface HeldRule {
  /** A path, in which `*` is any key. */
  readonly path: string;
  readonly reason: string;
  /**
   * Keys of the map there that are held together, where others of it are not.
   * @default - all that stands there
   */
  readonly keys?: readonly string[];
  /**
   * Of which values it speaks.
   * @default - of all
   */
  readonly isFor?: (values: Values) => boolean;
}

const STRUCTURE = 'decides which kinds of objects there are';
const NUMBERED = 'the names of its servers stand one by one in what asks them';

const PLAN = 'is told in annotations of the plan, which a chart does not have';

const EXTERNAL = 'is an entry of an ExternalSecret, beside others of the same Secret';

const isExternal = (values: Values) => valueAt(values, ['secrets', 'source']) === 'external-secrets';

/** What is decided when a chart is made. */
export const HELD: readonly HeldRule[] = [
  { path: 'cloud', reason: STRUCTURE },
  { path: 'edge.type', reason: STRUCTURE },
  { path: 'edge.policies', reason: STRUCTURE },
  {
    path: 'edge.securityHeaders',
    reason: 'stand one after the other in one annotation of the load balancer',
    isFor: (values) => valueAt(values, ['edge', 'type']) === 'alb',
  },
  { path: 'kafka.mode', reason: STRUCTURE },
  { path: 'secrets.source', reason: STRUCTURE },
  { path: 'secrets.store', reason: STRUCTURE },
  { path: '*.release', keys: ['strategy', 'controller', 'steps', 'analysis'], reason: STRUCTURE },
  { path: '*.trigger', reason: STRUCTURE },
  { path: 'tls.enabled', reason: 'is said to every server and every client, each in its own words' },
  { path: 'topics', reason: 'each makes objects of its own, and the services are built to subscribe to them' },
  { path: 'kafka.brokers', reason: NUMBERED },
  { path: 'zookeeper.replicas', reason: NUMBERED },
  { path: '*.hosts', reason: NUMBERED },
  { path: '*.wait', reason: 'each is a container of its own that runs before the application, in their order' },
  { path: '*.ports', reason: 'each is a line of its own in the script that waits, and in policies' },
  { path: '*.assets', reason: 'each folder is a block of lines of its own in the configuration of nginx' },
  { path: 'namespaces', reason: 'is in the names and titles of objects of every namespace' },
  { path: '*.properties', reason: 'stand among the variables of the server, in the order of their names' },
  { path: 'policies', reason: 'its rules are objects, and written into them in another language' },
  { path: '*.secrets', reason: EXTERNAL, isFor: isExternal },
  { path: '*.logs.elasticsearch.user', reason: EXTERNAL, isFor: isExternal },
  { path: '*.readReplicas', reason: STRUCTURE },
  { path: '*.standbyOf', reason: STRUCTURE },
  { path: '*.alerts.secret', reason: EXTERNAL, isFor: isExternal },
  { path: '*.alerts.*.secretKey', reason: EXTERNAL, isFor: isExternal },
  { path: '*.backup.target.credentials', reason: EXTERNAL, isFor: isExternal },
  { path: 'smokeTest.checks', reason: 'each is a step of its own in the script of the Job' },
  { path: '*.traces.backend.headers', reason: 'each is a line of its own in the configuration of the collector' },
  { path: 'dashboard.panels', reason: 'each is a piece of a document of Grafana, placed after those before it' },
  { path: '*.image.profile', reason: 'user, group and writablePaths say what it stands for' },
  { path: '*.image.writablePaths', reason: 'goes with the image; each folder is a volume with a name of its own' },
];

/** Maps whose entries are those of the environments: what is in an entry may change. */
const CLOSED: readonly (readonly [pattern: string, reason: string])[] = [
  ['*.secrets', 'its entries are those of the environments: each is a variable here, and an entry of a Secret there'],
  ['*.parameters', 'stand among the arguments of the server, in the order of their names'],
  ['quota.namespaces', 'its entries are those of the environments: each is a quota in a namespace of its own'],
];

/** What stands in no object of a chart, and why. */
const UNREAD: readonly (readonly [pattern: string, reason: string])[] = [
  ['*.backup.rpo', PLAN],
  ['*.backup.rto', PLAN],
  ['*.backup.figures', PLAN],
  ['*.backup.figures.*', PLAN],
  ['*.secrets.*.length', 'is told to `npm run secrets`, which reads overlays'],
  ['*.secrets.*.provided', 'is told to `npm run secrets`, which reads overlays'],
  ['allowLatestImages', 'is a check of overlays'],
  ['nodes', 'is a check of overlays'],
  ['quota.headroom', 'a chart computes no quota: `quota.amounts` says it'],
  ['delivery', 'is told to Argo CD, which reads plain manifests'],
];

const found = (patterns: readonly (readonly [pattern: string, reason: string])[], path: ValuePath) =>
  patterns.find(([pattern]) => isLike(path, pattern.split('.')))?.[1];

/** Why a setting that no template reads is none of the values of a chart, where a rule says so. */
export const reasonOf = (path: ValuePath): string | undefined => found([...CLOSED, ...UNREAD], path);

/** Whether the entries of a map are those of the environments. */
export const isClosed = (path: ValuePath): boolean => found(CLOSED, path) !== undefined;

/** A held setting of a system. */
export interface Held {
  readonly path: ValuePath;
  readonly keys?: readonly string[];
  readonly reason: string;
  /** What the environments say; nothing stands for what they leave out. */
  readonly allowed: readonly unknown[];
}

/** The settings of environments that are held by a rule. */
export function heldOf(all: readonly Values[], rules: readonly HeldRule[]): Held[] {
  const found = new Map<string, Held>();
  for (const { path, keys, reason, isFor = () => true } of rules) {
    if (!all.some(isFor)) continue;
    for (const own of all.flatMap((values) => matches(values, path.split('.'), []))) {
      const known = [...new Set(all.map((values) => JSON.stringify(ofKeys(valueAt(values, own), keys))))];
      const allowed = known.map((text) => (text === undefined ? undefined : (JSON.parse(text) as unknown)));
      if (!found.has(keyOf(own))) found.set(keyOf(own), { path: own, keys, reason, allowed });
    }
  }
  return [...found.values()];
}

function matches(value: unknown, [key, ...rest]: readonly string[], path: ValuePath): ValuePath[] {
  if (key === undefined) return [path];
  if (!isPlainMap(value)) return [];
  const keys = key === '*' ? Object.keys(value) : [key].filter((one) => Object.hasOwn(value, one));
  return keys.flatMap((one) => matches(value[one], rest, [...path, one]));
}

/** Whether what stands at a path is held as a whole. */
export const isHeldAt = (path: ValuePath, held: readonly Held[]): boolean =>
  held.flatMap(limitedPaths).some((one) => keyOf(one) === keyOf(path));

/** Whether it is held, or within what is. */
export const isHeldWithin = (path: ValuePath, held: readonly Held[]): boolean =>
  held.flatMap(limitedPaths).some((one) => isWithin(path, one));

/** Whether everything that is held is as some environment has it. */
export const keepsHeld = (values: Values, held: readonly Held[]): boolean =>
  held.every(({ path, keys, allowed }) => {
    const text = JSON.stringify(ofKeys(valueAt(values, path), keys));
    return allowed.some((one) => JSON.stringify(one) === text);
  });
