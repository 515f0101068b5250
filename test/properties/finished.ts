import { buildSystem, finish } from '../../src/cli/build';
import { Secrets } from '../../src/platform/secrets';
import type { EnvironmentSettings } from '../../src/settings/load';
import { SYSTEMS } from '../../src/systems';
import type { EverywhereOptions } from '../support/everywhere';

/** Builds an environment, as synth does, and gives its objects with what they do not say themselves. */
export function finished(settings: EnvironmentSettings): { objects: any[]; options: EverywhereOptions } {
  const system = buildSystem(SYSTEMS[settings.system]!, settings);
  const objects = finish(system).map(({ manifest }) => manifest);
  return { objects, options: { secrets: Secrets.of(system).all, allowLatest: system.allowLatestImages } };
}
