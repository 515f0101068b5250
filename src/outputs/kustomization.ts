import { basename } from 'node:path';

import { HEADER, type OutputFile } from './plain';
import { toYaml } from './yaml';

/**
 * What makes a folder of plain files one for `kubectl apply -k`. Its name has no extension: `kubectl apply -f` would try to
 * apply any other.
 */
export function kustomization(folder: string, files: readonly OutputFile[]): OutputFile {
  const content = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: files.map(({ path }) => basename(path)),
    // The order of the files is that in which they are applied; kustomize would sort by kind.
    sortOptions: { order: 'fifo' },
  };
  return { path: `${folder}/Kustomization`, text: HEADER + toYaml(content) };
}
