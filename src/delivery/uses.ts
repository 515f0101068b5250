import type { Peer } from '../network/connectable';

/** An object as it is written, and the layer in which it is applied. */
export interface PlacedObject {
  readonly layer: string;
  readonly manifest: any;
}

/** One declared relation, as far as it tells an order: `from` dials `to`. */
export interface Relation {
  readonly from: Peer;
  readonly to: Peer;
}

/** Which of some objects must be there before an object. */
export type Needs = ReadonlyMap<PlacedObject, readonly PlacedObject[]>;

/**
 * Who needs whom among these objects: pods whom they dial, as the relations say; and what names another object that has to be
 * ready first.
 */
export function needsOf(objects: readonly PlacedObject[], relations: readonly Relation[]): Needs {
  const index = new Map(objects.map((object) => [keyOf(object.manifest), object]));
  const makers = objects.filter(({ manifest }) => podLabelsOf(manifest));
  const behind = (peer: Peer) => makers.filter(({ manifest }) => isPeer(manifest, peer));
  const dialed = new Map<PlacedObject, PlacedObject[]>();
  for (const { from, to } of relations) {
    const servers = behind(to);
    for (const client of behind(from)) dialed.set(client, [...(dialed.get(client) ?? []), ...servers]);
  }
  return new Map(
    objects.map((object) => {
      const named = namedBy(object.manifest, objects).flatMap((key) => index.get(key) ?? []);
      return [object, [...(dialed.get(object) ?? []), ...named].filter((other) => other !== object)];
    }),
  );
}

/** Labels of the pods that an object makes; undefined where it makes none. */
const podLabelsOf = ({ spec }: any): Record<string, string> | undefined =>
  (spec?.jobTemplate?.spec.template ?? spec?.template)?.metadata?.labels;

function isPeer(manifest: any, { podLabels, namespace }: Peer): boolean {
  const labels = podLabelsOf(manifest);
  if (!labels || !podLabels || (namespace ?? manifest.metadata.namespace) !== manifest.metadata.namespace) return false;
  return Object.entries(podLabels).every(([label, value]) => labels[label] === value);
}

const key = (kind: string, namespace: string | undefined, name: string) => `${kind} ${namespace} ${name}`;
const keyOf = ({ kind, metadata }: any) => key(kind, metadata.namespace, metadata.name);

/** What is not ready by itself, and makes whoever names it fail until it is. */
function namedBy({ kind, metadata: { namespace }, spec }: any, objects: readonly PlacedObject[]): string[] {
  switch (kind) {
    case 'Certificate':
      return [key(spec.issuerRef.kind, namespace, spec.issuerRef.name)];
    case 'ExternalSecret':
      return [key('SecretStore', namespace, spec.secretStoreRef.name)];
    case 'Issuer':
      // An authority signs with the key of a certificate.
      return objects
        .filter(({ manifest }) => manifest.kind === 'Certificate' && manifest.metadata.namespace === namespace)
        .filter(({ manifest }) => manifest.spec.secretName === spec.ca?.secretName)
        .map(({ manifest }) => keyOf(manifest));
    case 'Rollout':
      return templatesOf(spec.strategy).map((name) => key('AnalysisTemplate', namespace, name));
    default:
      return [];
  }
}

/** Names of the AnalysisTemplates in a release strategy, wherever it uses them. */
function templatesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inside]) =>
    field === 'templateName' ? [String(inside)] : templatesOf(inside),
  );
}
