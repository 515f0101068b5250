import type { Construct } from 'constructs';

import {
  KubeService,
  KubeStatefulSet,
  type PersistentVolumeClaimSpec,
  type PodTemplateSpec,
  type ServicePort,
} from '../../imports/k8s';
import type { ListeningPort } from '../network/connectable';
import { DeletionProtection } from '../platform/deletion-protection';
import type { DnsLabel } from '../platform/names';
import { PodDefaults } from '../platform/pod-defaults';
import { type Bytes, canonicalBytes } from '../platform/quantity';
import { System } from '../platform/system';
import type { Pod } from './pod';
import type { Workload } from './workload';

/** A volume that outlives the pod. */
export interface StorageSettings {
  /**
   * Size of the volume.
   * @default - as the construct says
   */
  readonly size?: Bytes;

  /**
   * Name of the storage class.
   * @default - the one that the system makes for its cloud; for the generic one, the cluster's default class
   */
  readonly className?: DnsLabel;
}

/** A volume with nothing left open; no class means that of the system, which may be the cluster's default. */
export interface ResolvedStorage {
  readonly size: string;
  readonly className?: string;
}

/** Fills in defaults. */
export function resolveStorage(settings: StorageSettings | undefined, size: string): ResolvedStorage {
  return { size: canonicalBytes(settings?.size ?? size), className: settings?.className };
}

/** What makes a StatefulSet. */
export interface StatefulParts {
  readonly replicas: number;
  /** The volume of each; none where nothing is kept. */
  readonly storage?: ResolvedStorage;
  readonly pod: Pod;
  /** Whether the pods come and go one after the other or all at once. */
  readonly podManagementPolicy?: 'OrderedReady' | 'Parallel';
  /** Number of the first pod. */
  readonly firstPod?: number;
}

/** Name of the volume that a StatefulSet claims, as its containers mount it. */
export const DATA_VOLUME = 'data';

/**
 * The Service that gives each pod of a StatefulSet its name. `readyOnly` is for pods one of which is as good as another: the
 * name of the Service then leads to those that are ready.
 */
export function renderHeadlessService(
  workload: Workload,
  ports: ListeningPort[],
  { readyOnly = false }: { readonly readyOnly?: boolean } = {},
): KubeService {
  return new KubeService(workload, 'service', {
    metadata: { name: workload.workloadName },
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      // A name leads to one certain server: to take it away while a probe fails, its exporter's say, sends nobody elsewhere.
      publishNotReadyAddresses: readyOnly ? undefined : true,
      selector: workload.podLabels,
      ports: ports.map(({ name, port, protocol }): ServicePort => ({
        name,
        port,
        targetPort: name,
        protocol: protocol ?? 'TCP',
      })),
    },
  });
}

/** What is claimed of a volume: one that names no class is of the cloud's, where it has one. */
export function claimSpec(scope: Construct, { size, className }: ResolvedStorage): PersistentVolumeClaimSpec {
  return {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: size } },
    storageClassName: className ?? System.containing(scope)._storageClass,
    // What the API server fills in; unsaid, GitOps would see a difference for ever.
    volumeMode: 'Filesystem',
  };
}

/** Pods with names and volumes of their own. The volumes stay when the pods go, whoever deletes them. */
export function renderStatefulSet(workload: Workload, parts: StatefulParts): KubeStatefulSet {
  const { storage } = parts;
  const statefulSet = new KubeStatefulSet(workload, 'stateful-set', {
    metadata: { name: workload.workloadName, annotations: parts.pod.annotations },
    spec: {
      persistentVolumeClaimRetentionPolicy: storage && { whenDeleted: 'Retain', whenScaled: 'Retain' },
      ordinals: parts.firstPod === undefined ? undefined : { start: parts.firstPod },
      podManagementPolicy: parts.podManagementPolicy ?? 'OrderedReady',
      replicas: parts.replicas,
      revisionHistoryLimit: 5,
      selector: { matchLabels: workload.podLabels },
      serviceName: workload.workloadName,
      template: withData(workload, parts),
      updateStrategy: { type: 'RollingUpdate' },
      volumeClaimTemplates: storage && [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: DATA_VOLUME },
          spec: claimSpec(workload, storage),
        },
      ],
    },
  });
  DeletionProtection.protect(statefulSet);
  return statefulSet;
}

/** Pods with data come before others. One that is alone with them cannot be moved without being away. */
function withData(workload: Workload, { pod: { template }, replicas, storage }: StatefulParts): PodTemplateSpec {
  const defaults = PodDefaults.of(workload);
  const { metadata, spec } = template;
  const annotations = { ...metadata?.annotations, ...defaults.evictionOf(replicas > 1 || storage === undefined) };
  return {
    metadata: { ...metadata, annotations: Object.keys(annotations).length > 0 ? annotations : undefined },
    spec: { ...spec!, priorityClassName: defaults.priorityClassOf('data') },
  };
}
