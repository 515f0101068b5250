/** @tools cluster kwok crds injector */
import { proof } from '../runtime/support/proof';
import { environments } from '../support/dist';
import { isReady } from './pods';
import { startLive } from './live';

proof(
  'every pod is admitted with its sidecar and becomes ready on six nodes in three zones',
  async () => {
    const figures: string[] = [];
    for (const environment of environments()) {
      const began = Date.now();
      const live = await startLive(environment);
      const started = Date.now() - began;
      live.apply();
      await live.settled();
      const pods = await live.pods();
      expect(pods.filter(isReady).length).toBeGreaterThan(5);
      const injected = pods.filter(({ metadata }) => metadata.annotations?.['dapr.io/enabled'] === 'true');
      expect(injected.length).toBeGreaterThan(1);
      for (const { spec } of injected) expect(spec.containers.map(({ name }: any) => name)).toContain('daprd');
      figures.push(`${environment} ${pods.length} pods, up ${started}, all ${Date.now() - began} ms`);
      await live.cluster.stop();
    }
    return figures.join(', ');
  },
  300,
);
