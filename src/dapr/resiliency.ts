import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { DaprResiliency } from '../../imports/dapr';
import type { ResolvedDapr } from './settings';

/** What the policies apply to. */
export interface ResiliencyTargets {
  readonly applications: () => string[];
  readonly components: () => string[];
  readonly scopes: () => string[];
}

const POLICY = { timeout: 'call', retry: 'call', circuitBreaker: 'call' };

/** Retries, timeouts and a circuit breaker for every call between applications and to components. */
export function renderResiliency(
  scope: Construct,
  id: string,
  { timeoutSeconds, maxRetries, maxPauseSeconds, consecutiveFailures, pauseSeconds }: ResolvedDapr['resiliency'],
  targets: ResiliencyTargets,
): DaprResiliency {
  const each = <T>(names: string[], target: T) => Object.fromEntries([...names].sort().map((name) => [name, target]));
  return new DaprResiliency(scope, 'resiliency', {
    metadata: { name: id },
    spec: {
      policies: {
        timeouts: { call: `${timeoutSeconds}s` },
        retries: { call: { policy: 'exponential', maxInterval: `${maxPauseSeconds}s`, maxRetries } },
        circuitBreakers: {
          call: {
            maxRequests: 1,
            timeout: `${pauseSeconds}s`,
            trip: `consecutiveFailures >= ${consecutiveFailures}`,
          },
        },
      },
      targets: {
        apps: Lazy.any({ produce: () => each(targets.applications(), POLICY) }),
        components: Lazy.any({
          produce: () => each(targets.components(), { inbound: { retry: 'call', timeout: 'call' }, outbound: POLICY }),
        }),
      },
    },
    scopes: Lazy.any({ produce: () => [...targets.scopes()].sort() }),
  });
}
