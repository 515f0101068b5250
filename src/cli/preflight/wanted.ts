import { autoscalerOf, injectedResources, podTemplateOf } from '../../platform/pod-template';
import type { PlacedSecret } from '../../outputs/problems';

/** What an environment's manifests count on, as far as the manifests tell. */
export interface Wanted {
  readonly system: string;
  readonly environment: string;
  readonly objects: readonly any[];
  readonly secrets: readonly PlacedSecret[];
}

/** Pods that an object makes. */
export interface PodMaker {
  readonly object: any;
  readonly name: string;
  readonly namespace: string;
  readonly template: any;
  /** Pods at the same time: while nothing happens, and at most. */
  readonly pods: number;
  readonly mostPods: number;
}

/** A volume that is claimed from the cluster. */
export interface Claim {
  readonly name: string;
  readonly namespace: string;
  readonly spec: any;
  /** Whether it goes with its pod. */
  readonly ephemeral: boolean;
  /** Whether the pods that claim it are spread over zones. */
  readonly zones: boolean;
}

export const ZONE = 'topology.kubernetes.io/zone';
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export const folderOf = ({ system, environment }: Wanted) => `dist/${system}/${environment}`;

export const nameOf = ({ kind, metadata }: any) => `${kind} ${metadata.name}`;

export const ofKind = ({ objects }: Wanted, ...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));

export const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Things of one name once, in the order of their names. */
export const byName = <T>(things: readonly T[], nameOf: (thing: T) => string): T[] =>
  [...new Map(things.map((thing) => [nameOf(thing), thing])).values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

/** Namespaces into which the manifests put something. */
export const namespacesOf = ({ objects }: Wanted): string[] =>
  unique(
    objects.flatMap(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : (metadata.namespace ?? []))),
  ).sort();

export const hasObject = ({ objects }: Wanted, kind: string, name: string, namespace?: string) =>
  objects.some(
    ({ kind: other, metadata }) =>
      other === kind && metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
  );

/** Everything that makes pods. */
export function podMakers({ objects }: Wanted): PodMaker[] {
  return objects.flatMap((object) => {
    const template = podTemplateOf(object);
    if (!template?.spec?.containers) return [];
    const scaler = autoscalerOf(object, objects);
    const pods = scaler?.spec.minReplicas ?? object.spec.replicas ?? 1;
    const { namespace } = object.metadata;
    return [{ object, name: nameOf(object), namespace, template, pods, mostPods: scaler?.spec.maxReplicas ?? pods }];
  });
}

/** Containers of a pod, with the sidecar that Dapr's injector adds. */
export function containersOf(template: any): any[] {
  const { initContainers = [], containers } = template.spec;
  const resources = injectedResources(template);
  return [...initContainers, ...containers, ...(resources ? [{ name: 'daprd', resources }] : [])];
}

/** Every volume that is claimed: by StatefulSets, by pods for their own life, and by itself. */
export function claims(wanted: Wanted): Claim[] {
  const own = ofKind(wanted, 'PersistentVolumeClaim').map((object) => ({
    name: nameOf(object),
    namespace: object.metadata.namespace,
    spec: object.spec,
    ephemeral: false,
    zones: false,
  }));
  const made = podMakers(wanted).flatMap(({ object, name, namespace, template }) => {
    const spread: any[] = template.spec.topologySpreadConstraints ?? [];
    const zones = spread.some(({ topologyKey }) => topologyKey === ZONE);
    const kept: any[] = object.spec.volumeClaimTemplates ?? [];
    const passing: any[] = (template.spec.volumes ?? []).filter((volume: any) => volume.ephemeral);
    return [
      ...kept.map(({ metadata, spec }) => ({
        name: `${name}, volume ${metadata.name}`,
        namespace,
        spec,
        ephemeral: false,
        zones,
      })),
      ...passing.map((volume) => ({
        name: `${name}, volume ${volume.name}`,
        namespace,
        spec: volume.ephemeral.volumeClaimTemplate.spec,
        ephemeral: true,
        zones,
      })),
    ];
  });
  return [...own, ...made];
}

/** Labels that a namespace has once the manifests are applied over what is there. */
export function namespaceLabels(wanted: Wanted, name: string, live?: any): Record<string, string> {
  const ours = ofKind(wanted, 'Namespace').find(({ metadata }) => metadata.name === name);
  return { ...live?.metadata?.labels, ...ours?.metadata.labels, [NAMESPACE_NAME]: name };
}

/** Whether a label selector selects something. An absent one selects everything, as it does in admission. */
export function selects(selector: any, labels: Readonly<Record<string, string>> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }: any) => {
      const there = labels[key] !== undefined;
      if (operator === 'Exists') return there;
      if (operator === 'DoesNotExist') return !there;
      const among = there && values.includes(labels[key]);
      return operator === 'NotIn' ? !among : among;
    })
  );
}

/** The namespace that a selector names, where it names one. */
export const namedNamespace = (selector: any): string | undefined => selector?.matchLabels?.[NAMESPACE_NAME];
