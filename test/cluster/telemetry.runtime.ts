/** @tools cluster crds */
import { Telemetry } from '../../src/observability/telemetry';
import { proof } from '../runtime/support/proof';
import { finished, testSystem } from '../support/system';
import type { KubeObject } from './api';
import { unlikeFiles } from './applied';
import { Cluster } from './control-plane';
import { applyObjects } from './furniture';

/** Custom resources of every kind, with every part that there is. */
function objects(): KubeObject[] {
  const system = testSystem();
  new Telemetry(system.layer('observability'), 'telemetry', {
    alerts: {
      pagerDuty: {},
      slack: { channel: '#shop' },
      info: { channel: '#news' },
      quiet: { from: '22:00', to: '07:00', days: ['saturday', 'sunday'] },
    },
    traces: { backend: { endpoint: 'jaeger-collector.observability:4317' } },
    logs: {
      loki: { host: 'loki', tenant: 'shop', tls: {}, user: { secret: 'loki' } },
      cloudWatch: { region: 'eu-central-1', createGroup: true, retentionDays: 30 },
      elasticsearch: { host: 'elastic', tls: {}, user: { secret: 'elastic' } },
      openSearch: { host: 'search' },
    },
  });
  return finished(system).objects.filter(({ kind }) => !/^(LimitRange|ResourceQuota)$/.test(kind));
}

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
  cluster.applyCrdsFor(objects());
}, 120_000);

const live = (wanted: readonly KubeObject[]): KubeObject[] =>
  wanted.map(({ apiVersion, kind, metadata: { name, namespace } }) => {
    const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
    const where = namespace ? ['-n', namespace] : [];
    return JSON.parse(cluster.kubectl(['get', ...where, `${kind}.${group}`.replace(/\.$/, ''), name, '-o', 'json']));
  });

proof('routes, logs and a collector are applied as they are written, and again without a change', async () => {
  const wanted = objects();
  applyObjects(cluster, ...wanted);
  const first = live(wanted);
  expect(unlikeFiles(wanted, first)).toEqual([]);
  applyObjects(cluster, ...wanted);
  const versions = (found: readonly KubeObject[]) => found.map(({ metadata }) => metadata.resourceVersion);
  const custom = wanted.map(({ apiVersion }) => /coreos|fluent/.test(apiVersion));
  const kept = (found: readonly KubeObject[]) => versions(found).filter((_, index) => custom[index]);
  expect(kept(live(wanted))).toEqual(kept(first));
  return `${wanted.length} objects`;
});

proof('a filter with a field that is none is refused', async () => {
  const filter = objects().find(({ kind }) => kind === 'Filter')!;
  filter.spec.filters[1].grep = { exclud: 'path ^/health' };
  expect(() => applyObjects(cluster, filter)).toThrow(/unknown field "(spec.filters\[1\].grep.)?exclud"/);
  return 'refused';
});
