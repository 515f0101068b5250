import type { Construct } from 'constructs';

import type { Affinity, PodSpec } from '../../imports/k8s';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';

/**
 * Where pods run that can be interrupted: on nodes that the cloud may take back, which cost less. Only preferred, so that
 * they still run where there are none. Nothing where that was not asked for.
 */
export function renderSpot(
  scope: Construct,
  spot: boolean,
  affinity?: Affinity,
): Pick<PodSpec, 'affinity' | 'tolerations'> {
  if (!spot) return { affinity };
  const { provider, spotNodes } = System.containing(scope)._cloud;
  if (!spotNodes) {
    const found = `how nodes that may be taken back are marked is not known for cloud.provider: ${provider}`;
    throw new ValidationError(
      scope,
      'spot',
      `${found}; give cloud.generic.spotNodes, set cloud.provider to aws, gcp or azure, or remove it`,
    );
  }
  const preferences = spotNodes.nodeLabels.map(([key, value]) => ({
    weight: 100,
    preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
  }));
  return {
    affinity: { ...affinity, nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferences } },
    tolerations: spotNodes.tolerations.length > 0 ? spotNodes.tolerations : undefined,
  };
}
