import type { FinishedObject } from '../plain';
import { difference, lengthOf, type Step } from './json-patch';
import { type Identified, type Identity, identityLeaves, identityOf, type Version, withIdentity } from './identity';
import {
  beforeTransformers,
  type Change,
  imageChanges,
  type ImageChange,
  replicaChanges,
  type ReplicaChange,
} from './transformers';

/** The finished objects of one environment. */
export interface EnvironmentObjects {
  readonly environment: string;
  readonly objects: readonly FinishedObject[];
}

/** One namespace of a system in all its environments. */
export interface Part {
  /** Its name without what it says of the environment. */
  readonly name: string;
  readonly base: readonly BaseObject[];
  readonly overlays: readonly PartOverlay[];
}

export interface BaseObject extends Identified {
  readonly layer: string;
}

/** What one environment has beyond the base, and otherwise. */
export interface PartOverlay {
  readonly environment: string;
  readonly identity: Identity;
  /** Its Namespace first. */
  readonly own: readonly FinishedObject[];
  readonly images: readonly ImageChange[];
  readonly replicas: readonly ReplicaChange[];
  readonly patches: readonly Patch[];
}

export interface Patch {
  readonly object: any;
  readonly steps: readonly Step[];
}

/** The objects of one namespace in one environment. */
export interface Place {
  readonly environment: string;
  readonly identity: Identity;
  readonly objects: readonly FinishedObject[];
}

/** What an object is called in every environment. */
const keyOf = ({ apiVersion, kind, metadata }: any) => `${apiVersion} ${kind} ${metadata.name}`;

/** Builds the base of places that correspond to each other, and says what each has otherwise. */
export function partOf(name: string, neutral: Identity, places: readonly Place[]): Part {
  const indexed = places.map((place) => ({
    place,
    byKey: new Map(place.objects.map((one) => [keyOf(one.manifest), one])),
  }));
  const [first] = indexed;
  const shared = [...(first?.byKey.keys() ?? [])]
    .filter((key) => indexed.every(({ byKey }) => byKey.has(key)))
    .flatMap((key) => {
      const found = indexed.map(({ place, byKey }) => ({ ...byKey.get(key)!, identity: place.identity }));
      const versions = found.map(({ manifest, identity }) => ({ object: manifest, identity }));
      const base = versions[0]!.object.kind === 'Namespace' ? undefined : chooseBase(versions);
      return base ? [{ key, layer: found[0]!.layer, versions, ...base }] : [];
    });
  const keys = new Set(shared.map(({ key }) => key));
  return {
    name,
    base: shared.map(({ layer, object, leaves }) => ({
      layer,
      leaves,
      object: withoutNamespace(withIdentity(object, leaves, neutral)),
    })),
    overlays: places.map((place, index) => {
      const changes = shared.map(({ object, leaves, versions }) => ({
        before: withoutNamespace(withIdentity(object, leaves, place.identity)),
        after: versions[index]!.object,
      }));
      return overlayOf(place, changes, keys);
    }),
  };
}

function overlayOf(
  { environment, identity, objects }: Place,
  changes: readonly Change[],
  keys: ReadonlySet<string>,
): PartOverlay {
  const own = objects.filter(({ manifest }) => !keys.has(keyOf(manifest)));
  const others = own.map(({ manifest }) => manifest);
  const images = imageChanges(changes, others);
  const replicas = replicaChanges(changes, others);
  const patches = changes
    .map((change) => ({
      object: change.before,
      steps: difference(change.before, beforeTransformers(change, images, replicas)),
    }))
    .filter(({ steps }) => steps.length > 0);
  return { environment, identity, own, images, replicas, patches };
}

interface Candidate extends Identified {
  /** Characters that the object takes. */
  readonly size: number;
  /** Characters that say what the other versions have otherwise. */
  readonly differences: number;
}

/**
 * The version from which the others differ least: each object of the base is one that some environment has. None where to
 * say how they differ takes half of what the others themselves take, which are then easier to read.
 */
function chooseBase(versions: readonly Version[]): Identified | undefined {
  let best: Candidate | undefined;
  for (const version of versions) {
    const candidate = candidateOf(version, versions);
    if (candidate.differences === 0) return candidate;
    if (!best || candidate.differences < best.differences) best = candidate;
  }
  return best && best.differences < (best.size * (versions.length - 1)) / 2 ? best : undefined;
}

function candidateOf(version: Version, versions: readonly Version[]): Candidate {
  const leaves = identityLeaves(version, versions);
  const lengths = versions
    .filter((other) => other !== version)
    .map((other) =>
      lengthOf(
        difference(
          withoutNamespace(withIdentity(version.object, leaves, other.identity)),
          withoutNamespace(other.object),
        ),
      ),
    );
  return {
    object: version.object,
    leaves,
    size: JSON.stringify(version.object).length,
    differences: lengths.reduce((a, b) => a + b, 0),
  };
}

const withoutNamespace = ({ metadata: { namespace: _, ...metadata }, ...object }: any): any => ({
  ...object,
  metadata,
});

/** The namespaces of an environment, in the order in which they are made, each with what is in it. */
export function placesOf({ environment, objects }: EnvironmentObjects): { places: Place[]; outside: FinishedObject[] } {
  const namespaces = objects.filter(({ manifest }) => manifest.kind === 'Namespace');
  const places = namespaces.map((namespace) => {
    const { name } = namespace.manifest.metadata;
    const inside = objects.filter(({ manifest }) => manifest.metadata.namespace === name);
    return { environment, identity: identityOf(namespace.manifest), objects: [namespace, ...inside] };
  });
  const known = new Set(namespaces.map(({ manifest }) => manifest.metadata.name));
  const outside = objects.filter(
    ({ manifest: { kind, metadata } }) => kind !== 'Namespace' && !known.has(metadata.namespace),
  );
  return { places, outside };
}
