import { kustomization } from './kustomization';
import { type FinishedObject, type OutputFile, plainFiles, singleFile } from './plain';

/** Every file of one environment: its objects one file per layer, for kustomize, and all in one. */
export function environmentFiles(folder: string, objects: readonly FinishedObject[]): OutputFile[] {
  const plain = plainFiles(folder, objects);
  return [...plain, kustomization(folder, plain), singleFile(`${folder}.yaml`, plain)];
}
