/** An entry of `images:`: every container with an image of this name gets another. */
export interface ImageChange {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
}

/** An entry of `replicas:`. */
export interface ReplicaChange {
  readonly name: string;
  readonly count: number;
}

/** An object of the base, and what an environment has in its place. */
export interface Change {
  readonly before: any;
  readonly after: any;
}

/** Kinds that kustomize's `replicas` knows. */
const WITH_REPLICAS = ['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet'];

/**
 * What `images:` can say of these changes. It is about every container of an overlay: an entry that would do anything to
 * one that is right already is none.
 * @param others objects of the overlay that the base has not
 */
export function imageChanges(changes: readonly Change[], others: readonly any[]): ImageChange[] {
  const pairs = changes.flatMap(({ before, after }) => {
    const is = imagesOf(after);
    return [...imagesOf(before)].map(([path, image]) => ({ was: image, is: is.get(path) ?? image }));
  });
  const wanted = new Set(
    [...changes.map(({ after }) => after), ...others].flatMap((one) => [...imagesOf(one).values()]),
  );
  const changed = new Map(pairs.filter(({ was, is }) => was !== is).map(({ was, is }) => [parse(was).name, is]));
  return [...changed]
    .map(([name, image]) => entryOf(name, image))
    .filter(
      (entry) =>
        [...wanted].every((image) => changeImage(image, entry) === image) &&
        pairs.every(({ was, is }) => parse(was).name !== entry.name || changeImage(was, entry) === is),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What `replicas:` can say of these changes: it goes by the name alone, whatever the kind. */
export function replicaChanges(changes: readonly Change[], others: readonly any[]): ReplicaChange[] {
  const counted = [...changes.map(({ after }) => after), ...others].filter(({ kind }) => WITH_REPLICAS.includes(kind));
  return changes
    .filter(({ before, after }) => hasReplicas(after) && before.spec.replicas !== after.spec.replicas)
    .map(({ after }) => ({ name: after.metadata.name, count: after.spec.replicas }))
    .filter(({ name, count }) =>
      counted.every(({ metadata, spec }) => metadata.name !== name || spec.replicas === count),
    );
}

const hasReplicas = ({ kind, spec }: any) => WITH_REPLICAS.includes(kind) && typeof spec?.replicas === 'number';

/** An object as it must be before these entries make it what it is to be. */
export function beforeTransformers(
  { before, after }: Change,
  images: readonly ImageChange[],
  replicas: readonly ReplicaChange[],
): any {
  const { namespace: _, ...metadata } = after.metadata;
  const counted = hasReplicas(after) && replicas.some(({ name }) => name === metadata.name);
  const copy = withBaseImages({ ...after, metadata }, before, images);
  if (!counted) return copy;
  const { replicas: __, ...spec } = copy.spec;
  return { ...copy, spec: before.spec.replicas === undefined ? spec : { ...spec, replicas: before.spec.replicas } };
}

function withBaseImages(object: any, base: any, images: readonly ImageChange[]): any {
  if (images.length === 0) return object;
  const was = imagesOf(base);
  const covered = [...imagesOf(object)].flatMap(([place, image]) => {
    const old = was.get(place);
    const said = old !== undefined && old !== image && images.some((entry) => changeImage(old, entry) === image);
    return said ? [{ place, image: old }] : [];
  });
  if (covered.length === 0) return object;
  const copy = structuredClone(object);
  for (const { place, image } of covered) {
    place.split('/').reduce((value, key) => value[key], copy).image = image;
  }
  return copy;
}

/** Images of all containers of an object, by their places: wherever a list of that name is, as kustomize looks. */
function imagesOf(value: any, place = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, item] of Object.entries<any>(value)) {
    const here = place === '' ? key : `${place}/${key}`;
    if ((key === 'containers' || key === 'initContainers') && Array.isArray(item)) {
      item.forEach(({ image }, index) => typeof image === 'string' && found.set(`${here}/${index}`, image));
    }
    imagesOf(item, here, found);
  }
  return found;
}

/** The parts of an image, as kustomize takes it apart: a colon after the last slash begins the tag. */
function parse(image: string) {
  const [reference = '', digest] = image.split('@');
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  return colon < 0
    ? { name: reference, tag: undefined, digest }
    : { name: reference.slice(0, colon), tag: reference.slice(colon + 1), digest };
}

function entryOf(name: string, image: string): ImageChange {
  const is = parse(image);
  return {
    name,
    ...(is.name === name ? {} : { newName: is.name }),
    ...(is.tag === undefined ? {} : { newTag: is.tag }),
    ...(is.digest === undefined ? {} : { digest: is.digest }),
  };
}

/** What an entry makes of an image. A tag or a digest takes the place of both. */
function changeImage(image: string, { name, newName, newTag, digest }: ImageChange): string {
  const was = parse(image);
  if (was.name !== name) return image;
  const kept = newTag === undefined && digest === undefined ? was : { tag: newTag, digest };
  return `${newName ?? name}${kept.tag === undefined ? '' : `:${kept.tag}`}${kept.digest === undefined ? '' : `@${kept.digest}`}`;
}
