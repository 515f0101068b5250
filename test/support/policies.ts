import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import type { PoliciesSettings } from '../../src/platform/policies/settings';
import { mergeSettings } from '../../src/settings/merge';
import { SYSTEMS } from '../../src/systems';
import { settingsOf } from './overlays';

/** All rules that an environment can have, and the registries of all systems here. */
export const ALL_RULES: PoliciesSettings = {
  engines: ['kubernetes', 'kyverno'],
  allowedRegistries: [
    'docker.io',
    'ghcr.io/bootcamp',
    '111122223333.dkr.ecr.eu-west-1.amazonaws.com/phoenix',
    'registry.example.com:5000',
  ],
};

/** An environment of the repository (`system/environment`) with policies, whatever its overlay says of them. */
export function withPolicies(environment: string, policies: PoliciesSettings = ALL_RULES): any[] {
  const [system = '', name = ''] = environment.split('/');
  const { policies: _, ...settings } = settingsOf(system, name);
  const built = new SYSTEMS[system]!(new App(), name, mergeSettings(settings, { policies }) as any);
  return finish(built).map(({ manifest }) => manifest);
}

export const isPolicy = ({ apiVersion }: any): boolean =>
  /^(admissionregistration\.k8s|policies\.kyverno)\.io\//.test(apiVersion);
