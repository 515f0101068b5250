import { LAYERS } from '../platform/layers';
import { type Needs, needsOf, type PlacedObject, type Relation } from './uses';

/** Waves of a layer: the number of its file, and as many more as there is room before the next. */
const STEP = 10;

/**
 * Kinds that become healthy by what is outside of the repository, or fail by what happened long ago: metrics, last night's
 * backup. Nothing waits for the last wave.
 */
const LAST_KINDS = ['CronJob', 'HorizontalPodAutoscaler', 'VerticalPodAutoscaler'];

/** The wave of these. */
const LAST = LAYERS.length * STEP - STEP;

/**
 * The wave in which each object is applied. A wave begins when all of the one before is healthy, so an object comes after what
 * it needs: that is its layer, and in it one wave later than the latest of what it needs there.
 */
export function wavesOf(
  objects: readonly PlacedObject[],
  relations: readonly Relation[],
): ReadonlyMap<PlacedObject, number> {
  const needs = needsOf(objects, relations);
  const waves = new Map(objects.map((object) => [object, LAST_KINDS.includes(object.manifest.kind) ? LAST : 0]));
  for (const [index, { name }] of LAYERS.entries()) {
    const inLayer = objects.filter((object) => object.layer === name && waves.get(object) !== LAST);
    for (const [object, depth] of depthsOf(inLayer, needs)) waves.set(object, index * STEP + depth);
  }
  for (const [kind, namesOf] of COMPANIONS) {
    for (const object of objects.filter(({ manifest }) => manifest.kind === kind)) {
      const companions = objects.filter(
        ({ manifest: { metadata, ...other } }) =>
          metadata.namespace === object.manifest.metadata.namespace &&
          namesOf({ metadata, ...other }).includes(object.manifest.metadata.name),
      );
      waves.set(object, Math.min(LAST, ...companions.map((other) => waves.get(other)!)));
    }
  }
  return waves;
}

/**
 * How many of the others come one after the other before each. Those who need one another, directly or around some corners,
 * are as deep as one.
 */
function depthsOf(objects: readonly PlacedObject[], needs: Needs): Map<PlacedObject, number> {
  const among = new Set(objects);
  const before = new Map(objects.map((object) => [object, reached(object, needs, among)]));
  const isCircle = (one: PlacedObject, other: PlacedObject) => before.get(other)!.has(one);
  const depths = new Map<PlacedObject, number>();
  const depthOf = (object: PlacedObject): number => {
    const known = depths.get(object);
    if (known !== undefined) return known;
    const ahead = [...before.get(object)!].filter((other) => !isCircle(object, other));
    const depth = Math.min(STEP - 1, Math.max(0, ...ahead.map((other) => depthOf(other) + 1)));
    depths.set(object, depth);
    return depth;
  };
  objects.forEach(depthOf);
  return depths;
}

/** All that an object needs, and what these need, and so on. */
function reached(from: PlacedObject, needs: Needs, among: ReadonlySet<PlacedObject>): Set<PlacedObject> {
  const found = new Set<PlacedObject>();
  const left = [from];
  for (let object = left.pop(); object; object = left.pop()) {
    for (const next of needs.get(object) ?? []) {
      if (!among.has(next) || found.has(next)) continue;
      found.add(next);
      left.push(next);
    }
  }
  return found;
}

/**
 * What cannot do without another object that cannot do without it, so that both are in one wave, and last where nobody names it:
 * by kind, whom it is named by. A claim is bound when its first pod is there, which may be tonight's; a Rollout that shifts
 * traffic looks for that by which it does; an Ingress gets its address from a load balancer.
 */
const COMPANIONS: readonly (readonly [kind: string, namesOf: (manifest: any) => string[]])[] = [
  [
    'PersistentVolumeClaim',
    ({ kind, spec }) =>
      kind === 'CronJob'
        ? []
        : (podOf(spec)?.volumes ?? []).flatMap((one: any) => one.persistentVolumeClaim?.claimName ?? []),
  ],
  [
    'Ingress',
    (manifest) => routersOf(manifest).flatMap(({ ingress, stableIngress }) => ingress ?? stableIngress ?? []),
  ],
  ['HTTPRoute', (manifest) => routersOf(manifest).flatMap(({ httpRoute }) => httpRoute ?? [])],
  ['Gateway', ({ kind, spec }) => (kind === 'HTTPRoute' ? spec.parentRefs.map(({ name }: any) => name) : [])],
];

const podOf = (spec: any) => spec?.template?.spec;

/** What a Rollout tells of where it shifts traffic: one map for each way. */
function routersOf({ kind, spec }: any): any[] {
  if (kind !== 'Rollout') return [];
  const { plugins = {}, ...ways } = spec.strategy.canary?.trafficRouting ?? {};
  return [...Object.values(plugins), ...Object.values(ways)];
}
