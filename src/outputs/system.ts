import { kustomizeFiles } from './kustomize';
import type { EnvironmentObjects } from './kustomize/parts';
import type { OutputFile } from './plain';

/** Every file that is made of a system as a whole but for its chart: made from the finished objects of all its environments. */
export function systemFiles(system: string, environments: readonly EnvironmentObjects[]): OutputFile[] {
  return kustomizeFiles(system, environments);
}
