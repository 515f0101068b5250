import { Edge } from '../../src/edge/edge';
import type { EdgeSettings } from '../../src/edge/settings';
import type { SystemProps } from '../../src/platform/system-settings';
import type { ReleaseSettings } from '../../src/workload/release';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { finished, testSystem } from '../support/system';
import type { Render } from './release';

/** How much of the requests the new version gets before the first and the second pause. */
export const WEIGHTS = [20, 50];

/** Groups that may look, and that may deploy. */
export const VIEWERS = 'developers';
export const DEPLOYERS = 'pipelines';

/** Waits for somebody at each step. */
export const CANARY: ReleaseSettings = {
  strategy: 'canary',
  controller: 'argo-rollouts',
  steps: WEIGHTS.map((weight) => ({ weight })),
};

export const BLUE_GREEN: ReleaseSettings = { strategy: 'blue-green', controller: 'argo-rollouts' };

interface ShopOptions {
  /** More of the service that is released. */
  readonly service?: Partial<WebServiceSettings>;
  readonly edge?: Partial<EdgeSettings>;
  readonly system?: Partial<SystemProps>;
}

/** A system whose API Argo Rollouts releases, and whose web front it does not: everything of it, as synth makes it. */
export const shop =
  (namespace: string, release: ReleaseSettings, options: ShopOptions = {}): Render =>
  (tag) => {
    const access = { viewers: [VIEWERS], deployers: [DEPLOYERS] };
    const system = testSystem({ namespace, environment: namespace, access, ...options.system });
    const common: WebServiceSettings = {
      image: { repository: 'example.invalid/shop', tag, profile: 'fastapi' },
      port: 8080,
      metrics: {},
      replicas: 3,
      // Nothing of the time of a real start is in these pods.
      rollout: { minReadySeconds: 1 },
    };
    const apps = system.layer('apps');
    const api = new WebService(apps, 'shop', { ...common, release, ...options.service });
    const front = new WebService(apps, 'front', { ...common, replicas: 1 });
    const edge = new Edge(system.layer('edge'), 'edge', { host: 'shop.example.com', ...options.edge });
    edge.route('/api', api);
    edge.route('/', front);
    return finished(system).objects;
  };
