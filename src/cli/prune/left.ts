import { type ClusterReader, type Resource, Unanswered } from '../cluster/reader';

/** A kind that the cluster has, of which objects may go. */
interface Kind extends Resource {
  readonly kind: string;
  readonly namespaced: boolean;
}

/** What is in a cluster and not in the folder any more. */
export interface Left {
  readonly objects: readonly any[];
  /** What could not be looked at, and why. */
  readonly unknown: readonly string[];
}

/**
 * Never removed, whatever their labels: data, the key to it, what holds either, and what the cluster makes of other objects.
 * With an ExternalSecret its Secret would go.
 */
const KEPT = [
  'CustomResourceDefinition',
  'Endpoints',
  'Event',
  'ExternalSecret',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Pod',
  'Secret',
  'StorageClass',
  'VolumeSnapshot',
  'VolumeSnapshotContent',
];

const OURS = { 'app.kubernetes.io/managed-by': 'cdk8s-webstack' };
const INSTANCE = 'app.kubernetes.io/instance';

const groupOf = ({ apiVersion }: any) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '');

const keyOf = (object: any) =>
  [groupOf(object), object.kind, object.metadata.namespace ?? '', object.metadata.name].join(' ');

/** `Kind name (namespace)`. */
export const titleOf = ({ kind, metadata: { name, namespace } }: any): string =>
  `${kind} ${name}${namespace === undefined ? '' : ` (${namespace})`}`;

/**
 * What carries the label of an environment, is in one of its namespaces or in none, is nobody's child, and is not among its
 * objects any more.
 */
export async function whatLeft(objects: readonly any[], cluster: ClusterReader): Promise<Left> {
  const instance = objects.find(({ kind }) => kind === 'Namespace')?.metadata.labels[INSTANCE];
  const labels = { ...OURS, [INSTANCE]: instance };
  const namespaces = [...new Set<string>(objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
  const wanted = new Set(objects.map(keyOf));
  const unknown: string[] = [];
  const kinds = (await kindsOf(cluster, unknown)).filter(({ kind }) => !KEPT.includes(kind));
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      // Copies that others made in namespaces of their own may carry the same labels.
      const places = kind.namespaced ? namespaces.map((namespace) => ({ ...kind, namespace })) : [kind];
      const found = await Promise.all(places.map((place) => answered(unknown, () => cluster.list(place, labels))));
      const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
      return found.flatMap((list) => list ?? []).map((object) => ({ ...object, apiVersion, kind: kind.kind }));
    }),
  );
  const left = lists.flat().filter((object) => {
    const { ownerReferences = [], deletionTimestamp } = object.metadata;
    const goes = ownerReferences.length === 0 && deletionTimestamp === undefined && !takesClaims(object);
    return goes && !wanted.has(keyOf(object));
  });
  return { objects: left, unknown };
}

/** Not as we make it: somebody has changed it. */
const takesClaims = ({ spec }: any) => spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';

/** The cluster removes it some time after it has ended. */
const goesByItself = ({ spec }: any) => spec?.ttlSecondsAfterFinished !== undefined;

/**
 * Objects of the folder that the cluster does not have yet: what takes the place of something must be there before that
 * goes. Of what may not be looked at nothing is said.
 */
export async function whatIsMissing(objects: readonly any[], cluster: ClusterReader): Promise<any[]> {
  const kinds = await kindsOf(cluster, []);
  const lasting = objects.filter((object) => !goesByItself(object));
  const looked = lasting.map(async (object) => {
    const { namespace, name } = object.metadata;
    const known = kinds.find((one) => one.kind === object.kind && one.group === groupOf(object));
    const isThere = async () => known !== undefined && (await cluster.get({ ...known, namespace }, name)) !== undefined;
    return (await answered([], isThere)) === false ? [object] : [];
  });
  return (await Promise.all(looked)).flat();
}

/** Every kind that can be listed and deleted. Not every kind has the version that its group prefers. */
async function kindsOf(cluster: ClusterReader, unknown: string[]): Promise<Kind[]> {
  const { groups } = await cluster.discover('/apis');
  const versions: { group: string; version: string }[] = [
    { group: '', version: 'v1' },
    ...groups.flatMap(({ name, preferredVersion, versions: all }: any) =>
      [preferredVersion, ...all].map(({ version }: any) => ({ group: name, version })),
    ),
  ];
  const lists = versions.map(async ({ group, version }) => {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const list = await answered(unknown, () => cluster.discover(path));
    const resources: any[] = list?.resources ?? [];
    return resources
      .filter(({ name, verbs = [] }) => !name.includes('/') && ['list', 'delete'].every((verb) => verbs.includes(verb)))
      .map(({ name, kind, namespaced }): Kind => ({ group, version, resource: name, kind, namespaced }));
  });
  const byName = new Map<string, Kind>();
  for (const kind of (await Promise.all(lists)).flat()) {
    const name = `${kind.group} ${kind.kind}`;
    if (!byName.has(name)) byName.set(name, kind);
  }
  return [...byName.values()];
}

/** Who may not list a kind may not delete it either: that is told, and the others are looked at. */
async function answered<T>(unknown: string[], question: () => Promise<T>): Promise<T | undefined> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    unknown.push(error.found);
    return undefined;
  }
}
