import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { DaprResiliency, type DaprResiliencyPolicies } from '../../imports/dapr';
import { ValidationError } from '../platform/validation-error';
import type { ResolvedDapr } from './settings';

/** What the policies apply to. */
export interface ResiliencyTargets {
  readonly applications: () => string[];
  readonly components: () => string[];
  readonly scopes: () => string[];
}

/**
 * Retries, timeouts and a circuit breaker. None breaks calls between applications: Dapr counts every answer from 400 on, and
 * a few requests for what is not there would close a route for everybody.
 */
export function renderResiliency(
  scope: Construct,
  id: string,
  settings: ResolvedDapr['resiliency'],
  targets: ResiliencyTargets,
): DaprResiliency {
  const { maxRetries, consecutiveFailures } = settings;
  if (consecutiveFailures <= maxRetries + 1) {
    const found = `expected more than the tries of one call (${maxRetries + 1}), got ${consecutiveFailures}`;
    throw new ValidationError(scope, 'resiliency.consecutiveFailures', `${found}; a single call would stop all others`);
  }
  const each = <T>(names: string[], target: T) => Object.fromEntries([...names].sort().map((name) => [name, target]));
  const component = {
    inbound: { retry: 'deliver', timeout: 'call' },
    outbound: { retry: 'component', timeout: 'component', circuitBreaker: 'component' },
  };
  return new DaprResiliency(scope, 'resiliency', {
    metadata: { name: id },
    spec: {
      policies: renderPolicies(settings),
      targets: {
        apps: Lazy.any({ produce: () => each(targets.applications(), { retry: 'call', timeout: 'call' }) }),
        components: Lazy.any({ produce: () => each(targets.components(), component) }),
      },
    },
    scopes: Lazy.any({ produce: () => [...targets.scopes()].sort() }),
  });
}

function renderPolicies(settings: ResolvedDapr['resiliency']): DaprResiliencyPolicies {
  const retry = (maxRetries: number) => ({
    policy: 'exponential',
    maxInterval: `${settings.maxPauseSeconds}s`,
    maxRetries,
  });
  return {
    timeouts: { call: `${settings.timeoutSeconds}s`, component: `${settings.componentTimeoutSeconds}s` },
    retries: {
      // Anything else is the application's answer; to repeat a POST for it would do it twice.
      call: { ...retry(settings.maxRetries), matching: { httpStatusCodes: '429,502-504', gRPCStatusCodes: '4,8,14' } },
      component: retry(settings.maxRetries),
      deliver: retry(settings.deliveryRetries),
    },
    circuitBreakers: {
      component: {
        maxRequests: 1,
        timeout: `${settings.pauseSeconds}s`,
        trip: `consecutiveFailures >= ${settings.consecutiveFailures}`,
      },
    },
  };
}
