import type { Container, PodSpec, PodTemplateSpec, SecurityContext, Volume, VolumeMount } from '../../imports/k8s';
import { PodDefaults } from '../platform/pod-defaults';
import { canonicalBytes } from '../platform/quantity';
import type { SecretFile } from '../platform/secret-file';
import { System } from '../platform/system';
import type { ConfigFiles } from './config-files';
import { type ResolvedImage } from './image';
import type { ImageProfile, WritablePath } from './image-profiles';
import { renderResources, type ResolvedResources } from './resources';
import type { Workload } from './workload';
import { fileMounts, fileVolumes } from './secret-files';
import { imageReference, mirrored } from '../platform/image-reference';

export { secretVolume } from './secret-files';

/** What makes a container: its image, how that runs, and what it may use. */
export interface ContainerParts {
  readonly name: string;
  readonly image: ResolvedImage;
  readonly profile: ImageProfile;
  readonly resources: ResolvedResources;
  /** Keys of Secrets that it reads as files. */
  readonly files?: readonly SecretFile[];
  /** Files of configuration that it reads. */
  readonly configFiles?: ConfigFiles;
}

/** A container and the scratch volumes it brings along. */
export interface HardenedContainer {
  readonly container: Container;
  readonly volumes: Volume[];
  /** Keys of Secrets that it reads as files. */
  readonly files: readonly SecretFile[];
  readonly configFiles?: ConfigFiles;
  readonly writablePaths: readonly WritablePath[];
  readonly pullSecrets: string[];
}

/** A pod made of hardened containers. */
export interface PodParts {
  /** Whose pod it is: its labels, its identity and its system's registry. */
  readonly workload: Workload;
  /** Labels of these pods alone, beside those of the workload. */
  readonly labels?: { [label: string]: string };
  readonly annotations: { [annotation: string]: string };
  /** Profile whose user owns the pod's volumes. */
  readonly profile: ImageProfile;
  readonly containers: HardenedContainer[];
  readonly initContainers?: HardenedContainer[];
  /** Volumes that are not scratch. */
  readonly volumes?: Volume[];
  readonly graceSeconds: number;
  /**
   * Whether an autoscaler of nodes may move it.
   * @default - where it does not end by itself
   */
  readonly safeToEvict?: boolean;
}

/**
 * A container under "restricted" with a read-only root filesystem: a numeric user, no capabilities, no way to gain
 * privileges, and a scratch volume for each path that its profile names.
 */
export function hardened(parts: ContainerParts, fields: Partial<Container> = {}): HardenedContainer {
  const { name, image, profile, resources, files = [], configFiles } = parts;
  const scratch = profile.writablePaths.map((path) => ({ path, volume: `${name}${slug(path.path)}` }));
  const mounts: VolumeMount[] = scratch.map(({ path, volume }) => ({ name: volume, mountPath: path.path }));
  const given = [...(fields.volumeMounts ?? []), ...(configFiles?.mounts ?? [])];
  const volumeMounts = [...given, ...fileMounts(files), ...mounts];
  return {
    container: {
      ...fields,
      env: fields.env?.length ? fields.env : undefined,
      name,
      // waiver checkov CKV_K8S_43: tags are pinned, as the seeds write them; whoever wants digests sets them per image
      image: imageReference(image),
      // waiver kube-score container-image-pull-policy: pinned tags, so a node need not ask the registry at each start
      // waiver checkov CKV_K8S_15: the same
      imagePullPolicy: image.pullPolicy,
      resources: renderResources(resources),
      securityContext: renderSecurityContext(profile),
      volumeMounts: volumeMounts.length > 0 ? volumeMounts : undefined,
    },
    volumes: scratch.map(({ path, volume }) => renderScratch(path, volume)),
    files,
    configFiles,
    writablePaths: profile.writablePaths,
    pullSecrets: image.pullSecrets,
  };
}

/** A pod, and what is to be said of it on the object that makes it. */
export interface Pod {
  readonly template: PodTemplateSpec;
  /** Not on the pod itself: another wording would restart it. */
  readonly annotations: { [annotation: string]: string };
}

/** A pod that calls no API and owns its volumes by its own group. `placement` says where and how it runs. */
export function renderPod(parts: PodParts, placement: Partial<PodSpec>): Pod {
  const { labels: ownLabels } = parts;
  const defaults = PodDefaults.of(parts.workload);
  const ends = placement.restartPolicy !== undefined;
  const given = { ...parts.annotations, ...defaults.evictionOf(parts.safeToEvict ?? !ends) };
  const annotations = Object.keys(given).length > 0 ? given : undefined;
  const shared = parts.workload._podTemplateLabels;
  return {
    template: {
      // The workload's own map, to which an identity may still add.
      metadata: { labels: ownLabels ? { ...shared, ...ownLabels } : shared, annotations },
      spec: {
        ...renderPodSpec(parts),
        priorityClassName: defaults.priorityClassOf(ends ? 'tasks' : 'apps'),
        ...placement,
      },
    },
    annotations: writableAnnotation(parts),
  };
}

function renderPodSpec(parts: PodParts): PodSpec {
  const { workload, profile, containers, initContainers = [], volumes = [] } = parts;
  const { imageRegistry } = System.containing(workload);
  const placed = ({ container }: HardenedContainer) => ({
    ...container,
    image: container.image && mirrored(container.image, imageRegistry),
  });
  const all = [...initContainers, ...containers];
  const pullSecrets = [...new Set(all.flatMap((item) => item.pullSecrets))];
  const configFiles = [...new Set(all.flatMap((item) => item.configFiles ?? []))];
  const mounted = [
    ...volumes,
    ...configFiles.flatMap((item) => item.volumes),
    ...fileVolumes(all.map(({ files }) => files)),
    ...all.flatMap((item) => item.volumes),
  ];
  return {
    automountServiceAccountToken: false,
    containers: containers.map(placed),
    enableServiceLinks: false,
    imagePullSecrets: pullSecrets.length > 0 ? pullSecrets.map((name) => ({ name })) : undefined,
    initContainers: initContainers.length > 0 ? initContainers.map(placed) : undefined,
    securityContext: {
      appArmorProfile: PodDefaults.of(workload).appArmorProfile,
      fsGroup: profile.group,
      fsGroupChangePolicy: 'OnRootMismatch',
      runAsGroup: profile.group,
      runAsNonRoot: true,
      runAsUser: profile.user,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    serviceAccountName: workload.serviceAccount.name,
    terminationGracePeriodSeconds: parts.graceSeconds,
    // The API server drops an empty list, and GitOps would see a difference for ever.
    volumes: mounted.length > 0 ? mounted : undefined,
  };
}

/** For auditors: every place where something can be written, and why. */
function writableAnnotation({ containers, initContainers = [] }: PodParts): Record<string, string> {
  const reasons = [...initContainers, ...containers].flatMap(({ container, writablePaths }) =>
    writablePaths.map(({ path, reason }) => `${container.name} ${path} (${reason})`),
  );
  return reasons.length > 0 ? { 'cdk8s-webstack/writable-paths': reasons.join(', ') } : {};
}

function renderSecurityContext({ user, group }: ImageProfile): SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsGroup: group,
    runAsNonRoot: true,
    // waiver kube-score container-security-context-user-group-id: users that the images know; the seeds demand 1000
    // waiver checkov CKV_K8S_40: the same
    runAsUser: user,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function renderScratch({ sizeLimit, inMemory }: WritablePath, name: string): Volume {
  return {
    name,
    emptyDir: { sizeLimit: canonicalBytes(sizeLimit ?? '64Mi'), medium: inMemory ? 'Memory' : undefined },
  };
}

/** `/app/.next/cache` → `-app-next-cache`. */
const slug = (path: string) =>
  path
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '');
