import { buildSystem, finish, secretsOf } from '../../src/cli/build';
import type { EnvironmentSettings } from '../../src/settings/load';
import { SYSTEMS } from '../../src/systems';
import type { EverywhereOptions } from '../support/everywhere';

/** Builds an environment, as synth does, and gives its objects with what they do not say themselves. */
export function finished(settings: EnvironmentSettings): { objects: any[]; options: EverywhereOptions } {
  const system = buildSystem(SYSTEMS[settings.system]!, settings);
  const objects = finish(system).map(({ manifest }) => manifest);
  return { objects, options: { secrets: secretsOf(system), allowLatest: system.allowLatestImages } };
}
