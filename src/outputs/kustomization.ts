import { basename } from 'node:path';

import { HEADER, type OutputFile } from './plain';
import { toYaml } from './yaml';

/**
 * What makes a folder of plain files one for `kubectl apply -k`. Its name has no extension: `kubectl apply -f` would try to
 * apply any other.
 */
export function kustomization(folder: string, files: readonly OutputFile[]): OutputFile {
  const resources = files.map(({ path }) => basename(path));
  return { path: `${folder}/Kustomization`, text: HEADER + toYaml(inOrder({ resources })) };
}

/** What a kustomization says of itself. */
export const KUSTOMIZATION = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };

/** A kustomization with this in it. The order of files is that in which they are applied; kustomize would sort by kind. */
export const inOrder = (content: object) => ({
  ...KUSTOMIZATION,
  ...content,
  sortOptions: { order: 'fifo' },
});
