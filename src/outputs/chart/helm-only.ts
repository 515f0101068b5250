import { SYNC_OPTIONS } from '../../platform/deletion-protection';
import { both, madeWhen } from './lines';
import type { Condition, Node, ObjectTemplate } from './template';

/** Annotations that objects have in a chart alone: Helm reads them, and nothing else does. */
export interface HelmMark {
  readonly why: string;
  /** Which objects: those of a kind, with a label, with annotations. */
  readonly kind?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly adds: Readonly<Record<string, string>>;
}

const KEEP = { 'helm.sh/resource-policy': 'keep' };

/** All in which the objects of a chart differ from the plain manifests. */
export const HELM_ONLY: readonly HelmMark[] = [
  {
    // What only it needs is no hook: Helm would not take it away with the release.
    why: '`helm test` runs it, and no upgrade does',
    kind: 'Job',
    labels: { 'app.kubernetes.io/component': 'smoke-test' },
    adds: { 'helm.sh/hook': 'test', 'helm.sh/hook-delete-policy': 'before-hook-creation' },
  },
  { why: '`helm uninstall` leaves data', kind: 'PersistentVolumeClaim', adds: KEEP },
  { why: '`helm uninstall` leaves what Argo CD has to leave', annotations: SYNC_OPTIONS, adds: KEEP },
];

/** Annotations that a chart does not have: sums of a plan, in words that no template makes. They are for people to read. */
export const NOT_IN_CHART: readonly string[] = ['cdk8s-webstack/rpo', 'cdk8s-webstack/rto'];

type Marked = Readonly<Record<string, any>>;

/** A finished object without what no chart has. */
export function withoutPlans<T extends Marked>(manifest: T): T {
  const { annotations } = manifest['metadata'];
  if (!annotations || !NOT_IN_CHART.some((key) => key in annotations)) return manifest;
  const kept = Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOT_IN_CHART.includes(key)));
  const { annotations: _, ...metadata } = manifest['metadata'];
  const isEmpty = Object.keys(kept).length === 0;
  return { ...manifest, metadata: isEmpty ? metadata : { ...metadata, annotations: kept } };
}

/** A finished object as it is in a chart. */
export function asInChart<T extends Marked>(finished: T): T {
  const manifest = withoutPlans(finished);
  const { labels = {}, annotations = {} } = manifest['metadata'];
  const added = HELM_ONLY.filter(
    (mark) =>
      (mark.kind ?? manifest['kind']) === manifest['kind'] &&
      hasAll(labels, mark.labels) &&
      hasAll(annotations, mark.annotations),
  ).map(({ adds }) => adds);
  if (added.length === 0) return manifest;
  return { ...manifest, metadata: { ...manifest['metadata'], annotations: Object.assign({}, annotations, ...added) } };
}

const hasAll = (found: Marked, wanted: Marked = {}) =>
  Object.entries(wanted).every(([key, value]) => found[key] === value);

/** The template of an object as it is in a chart. */
export function templateInChart(object: ObjectTemplate): ObjectTemplate {
  const node = marksOf(object).reduce(
    (made, { annotations, adds }) =>
      withEntry(made, 'metadata', (metadata) =>
        annotations
          ? withEntry(metadata, 'annotations', (found) => withBeside(found, Object.entries(annotations), adds))
          : withAnnotations(metadata, adds),
      ),
    object.node,
  );
  return { ...object, node };
}

/** What the API version of the object of a template is. */
export const apiVersionOf = (node: Node | undefined): unknown => {
  const found = child(node, 'apiVersion');
  return found && 'literal' in found ? found.literal : undefined;
};

/** How long `helm test` has to wait: longer than the smoke test tries, which Helm itself would not. */
export const TEST_TIMEOUT = '15m';

/** Whether `helm test` runs an object. */
export const isTest = (object: ObjectTemplate): boolean => marksOf(object).some(({ adds }) => 'helm.sh/hook' in adds);

function marksOf({ name, node }: ObjectTemplate): HelmMark[] {
  const kind = name.split('/')[0];
  const labels = child(child(node, 'metadata'), 'labels');
  return HELM_ONLY.filter((mark) => (mark.kind ?? kind) === kind && saysAll(labels, mark.labels));
}

type MapNode = Extract<Node, { map: unknown }>;
type Entry = MapNode['map'][number];

/** A map of constants as one of nodes. */
function opened(node: Node | undefined): Node | undefined {
  if (!node || !('literal' in node) || typeof node.literal !== 'object' || node.literal === null) return node;
  return { map: Object.entries(node.literal).map(([key, literal]) => ({ key, node: { literal } })) };
}

function entryOf(node: Node | undefined, key: string): Entry | undefined {
  const map = opened(node);
  return map && 'map' in map ? map.map.find((one) => one.key === key) : undefined;
}

const child = (node: Node | undefined, key: string) => entryOf(node, key)?.node;

const saysAll = (node: Node | undefined, wanted: Marked = {}) =>
  Object.entries(wanted).every(([key, value]) => isLiteral(child(node, key), value));

const isLiteral = (node: Node | undefined, value: unknown) =>
  node !== undefined && 'literal' in node && node.literal === value;

function withEntry(node: Node, key: string, change: (found: Node) => Node): Node {
  const map = opened(node)!;
  if (!('map' in map)) return node;
  return { ...map, map: map.map.map((one) => (one.key === key ? { ...one, node: change(one.node) } : one)) };
}

const literals = (adds: Marked): Entry[] => Object.entries(adds).map(([key, literal]) => ({ key, node: { literal } }));

/** Annotations that are always there, whatever is beside them. */
function withAnnotations(metadata: Node, adds: Marked): Node {
  const { when, node } = entryOf(metadata, 'annotations') ?? { node: { map: [] } };
  const found = opened(metadata)!;
  if (!('map' in found)) throw new Error(`expected a map of metadata, got ${Object.keys(metadata).join(', ')}`);
  const { map, ...more } = found;
  const annotations: Entry = { key: 'annotations', node: withAll(node, when, adds) };
  return { ...more, map: [...map.filter(({ key }) => key !== 'annotations'), annotations] };
}

function withAll(node: Node, when: Condition | undefined, adds: Marked): Node {
  const found = opened(node)!;
  if ('map' in found) {
    const [map, ranges] = [found.map, found.ranges ?? []].map((all) =>
      all.map((one) => ({ ...one, ...(when || one.when ? { when: both(when, one.when) } : {}) })),
    );
    return {
      ...found,
      map: [...(map as Entry[]), ...literals(adds)],
      ...(found.ranges ? { ranges: ranges as never } : {}),
    };
  }
  if (!('choice' in found)) throw new Error(`expected annotations, got ${Object.keys(found).join(', ')}`);
  const choice = found.choice.map((one) => ({
    ...one,
    when: both(when, one.when),
    node: withAll(one.node, undefined, adds),
  }));
  return { choice: when || madeWhen(found) ? [...choice, { node: { map: literals(adds) } }] : choice };
}

/** Annotations that are there where another is. */
function withBeside(node: Node, wanted: readonly (readonly [string, string])[], adds: Marked): Node {
  const found = opened(node)!;
  if ('choice' in found) {
    return { choice: found.choice.map((one) => ({ ...one, node: withBeside(one.node, wanted, adds) })) };
  }
  if (!('map' in found)) return node;
  const beside = wanted.map(([key, value]) => {
    const entry = entryOf(found, key);
    return entry && isLiteral(entry.node, value) ? entry : undefined;
  });
  const isThere = Object.keys(adds).every((key) => entryOf(found, key));
  if (isThere || beside.includes(undefined)) return node;
  const when = beside.reduce<Condition | undefined>((all, one) => both(all, one!.when), undefined);
  return { ...found, map: [...found.map, ...literals(adds).map((one) => (when ? { ...one, when } : one))] };
}
