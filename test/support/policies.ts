import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import type { PoliciesSettings } from '../../src/platform/policies/settings';
import { mergeSettings } from '../../src/settings/merge';
import { SYSTEMS } from '../../src/systems';
import { settingsOf } from './overlays';

/** All rules that an environment can have. Images here come from Docker Hub, or from where the overlay says. */
export const ALL_RULES: PoliciesSettings = {
  engines: ['kubernetes', 'kyverno'],
  allowedRegistries: ['docker.io', 'registry.example.com:5000'],
};

/** An environment of the repository (`system/environment`) with policies, whatever else its overlay says of them. */
export function withPolicies(environment: string, policies: PoliciesSettings = ALL_RULES): any[] {
  const [system = '', name = ''] = environment.split('/');
  const { policies: own, ...settings } = settingsOf(system, name) as { policies?: PoliciesSettings };
  const registries = [...(policies.allowedRegistries ?? []), ...(own?.allowedRegistries ?? [])];
  const all = { ...policies, ...(registries.length > 0 && { allowedRegistries: registries }) };
  const built = new SYSTEMS[system]!(new App(), name, mergeSettings(settings as any, { policies: all } as any) as any);
  return finish(built).map(({ manifest }) => manifest);
}

export const isPolicy = ({ apiVersion }: any): boolean =>
  /^(admissionregistration\.k8s|policies\.kyverno)\.io\//.test(apiVersion);
