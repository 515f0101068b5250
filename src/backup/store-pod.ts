import type { Affinity, EnvVar, KubeConfigMap, Volume, VolumeMount } from '../../imports/k8s';
import type { SecretFile } from '../platform/secret-file';
import type { ImageSettings, ResolvedImage } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { hardened, type HardenedContainer, type Pod, renderPod } from '../workload/pod';
import { type ResolvedResources, resources } from '../workload/resources';
import type { Workload } from '../workload/workload';
import type { ObjectStore } from './object-store';

/** What makes a pod that talks to a store in the image of a server. */
export interface StorePodParts {
  readonly image: ResolvedImage;
  readonly profile: ImageProfile;
  readonly resources: ResolvedResources;
  /** Image of rclone. */
  readonly rclone: ResolvedImage;
  readonly store: ObjectStore;
  /** ConfigMap with scripts, which are found in `SCRIPTS_MOUNT`. */
  readonly scripts: KubeConfigMap;
  /** Files by which the server is known. */
  readonly files?: SecretFile[];
  readonly command: string[];
  readonly args?: string[];
  readonly env: EnvVar[];
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
  readonly affinity?: Affinity;
}

/** Where the scripts of backups are mounted. */
export const SCRIPTS_MOUNT = '/etc/backup';

/** The scripts as a volume. */
export const scriptsVolume = ({ name }: KubeConfigMap): Volume => ({ name: 'backup-scripts', configMap: { name } });

/** Where a container finds them. */
export const SCRIPTS: VolumeMount = { name: 'backup-scripts', mountPath: SCRIPTS_MOUNT, readOnly: true };

/** The release of rclone that the scripts were tried with. */
export const RCLONE: ImageSettings = { repository: 'rclone/rclone', tag: '1.74.3' };

/** Where rclone is found. It is one file without libraries, so that it runs in any image. */
export const TOOLS: VolumeMount = { name: 'tools', mountPath: '/tools' };

/** The volume that it is found on. */
export const toolsVolume = (): Volume => ({ name: TOOLS.name, emptyDir: { sizeLimit: '256Mi' } });

/** The init container that brings it, as the user of the image that it is brought to. */
export const toolsContainer = (image: ResolvedImage, profile: ImageProfile): HardenedContainer =>
  hardened(
    {
      name: 'rclone',
      image,
      profile: { ...profile, writablePaths: [] },
      resources: resources(['50m', '16Mi'], ['500m', '128Mi']),
    },
    { command: ['cp', '/usr/local/bin/rclone', `${TOOLS.mountPath}/rclone`], volumeMounts: [TOOLS] },
  );

/** A pod of one container in the image of a server, beside whose tools it finds rclone. */
export function renderStorePod(workload: Workload, parts: StorePodParts): Pod {
  const container = hardened(
    { name: 'backup', image: parts.image, profile: parts.profile, resources: parts.resources, files: parts.files },
    {
      command: parts.command,
      args: parts.args,
      env: [...parts.env, ...parts.store.environment],
      volumeMounts: [{ ...TOOLS, readOnly: true }, ...parts.store.mounts, SCRIPTS, ...parts.mounts],
    },
  );
  return renderPod(
    {
      workload,
      annotations: {},
      profile: parts.profile,
      containers: [container],
      initContainers: [toolsContainer(parts.rclone, parts.profile)],
      volumes: [toolsVolume(), ...parts.store.volumes, scriptsVolume(parts.scripts), ...parts.volumes],
      graceSeconds: 30,
    },
    { restartPolicy: 'Never', affinity: parts.affinity },
  );
}
