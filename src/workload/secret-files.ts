import { createHash } from 'node:crypto';
import { posix } from 'node:path';

import type { KeyToPath, Volume, VolumeMount } from '../../imports/k8s';
import type { SecretFile } from '../platform/secret-file';

/** A folder of files. As a whole it follows its Secret; a file that is mounted by itself would stay as it was. */
interface Folder {
  readonly path: string;
  readonly secret: string;
  readonly items: KeyToPath[];
}

/** A volume with keys of a Secret, each by its name, so that a pod waits where one is missing. */
export const secretVolume = (name: string, secretName: string, keys: readonly string[]): Volume =>
  volumeOf(
    name,
    secretName,
    keys.map((key) => ({ key, path: key })),
  );

/** One mount for each folder. */
export const fileMounts = (files: readonly SecretFile[]): VolumeMount[] =>
  foldersOf(files).map((folder) => ({ name: nameOf(folder), mountPath: folder.path, readOnly: true }));

/** One volume for each set of files, whichever containers of a pod mount it. */
export function fileVolumes(containers: readonly (readonly SecretFile[])[]): Volume[] {
  const folders = containers.flatMap(foldersOf);
  const volumes = folders.map((folder) => volumeOf(nameOf(folder), folder.secret, folder.items));
  return [...new Map(volumes.map((volume) => [volume.name, volume])).values()];
}

const volumeOf = (name: string, secretName: string, items: KeyToPath[]): Volume => ({
  name,
  secret: { secretName, defaultMode: 0o440, items },
});

function foldersOf(files: readonly SecretFile[]): Folder[] {
  const folders = new Map<string, Folder>();
  for (const { path, secret, key } of files) {
    const folder = posix.dirname(path);
    const id = `${folder} ${secret}`;
    const items = folders.get(id)?.items ?? [];
    folders.set(id, { path: folder, secret, items: [...items, { key, path: posix.basename(path) }] });
  }
  return [...folders.values()];
}

/** Longest name that Kubernetes takes. */
const LONGEST = 63;

/** Who reads only the certificate of the authority gets a volume in which the private key is not. */
function nameOf({ secret, items }: Folder): string {
  const name = [secret, ...items.map(({ path }) => path)]
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  if (name.length <= LONGEST) return name;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, LONGEST - mark.length - 1).replace(/-$/, '')}-${mark}`;
}
