import { Dapr } from '../../src/dapr/dapr';
import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import { Kafka } from '../../src/messaging/kafka';
import { ZooKeeper } from '../../src/messaging/zookeeper';
import { Dashboards } from '../../src/observability/dashboards';
import type { DashboardSettings } from '../../src/observability/dashboard-settings';
import type { SystemProps } from '../../src/platform/system-settings';
import { Task } from '../../src/workload/task';
import { WebService } from '../../src/workload/web-service';
import { type Finished, finished, testSystem } from './system';

const target = { type: 's3', bucket: 'backups', region: 'eu-central-1' } as const;
const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** A system with one of everything that is watched, and two where names could clash. */
export function watchedSystem(props: Partial<SystemProps> = {}, dashboard?: DashboardSettings): Finished {
  const system = testSystem({ tls: { enabled: true }, ...props });
  const apps = system.layer('apps');
  // Before what it shows, as it need not be.
  new Dashboards(system.layer('observability'), 'dashboard', dashboard);
  const backup = { rpo: '15m', rto: '1h', target };
  const postgres = new Postgres(system.layer('data'), 'db', { backup, readReplicas: {} });
  new Postgres(system.layer('data'), 'archive', { backup });
  const source = { ...target, prefix: 'shop/other/db' };
  new Postgres(system.layer('data'), 'standby', { backup, standbyOf: { source } });
  const redis = new Redis(system.layer('data'), 'store', { backup: { rpo: '1h', rto: '1h', target } });
  new Redis(system.layer('data'), 'cache', { evictionPolicy: 'allkeys-lru' });
  const zookeeper = new ZooKeeper(system.layer('messaging'), 'zk');
  const kafka = new Kafka(system.layer('messaging'), 'kafka', {}, zookeeper);
  const dapr = new Dapr(system.layer('dapr'), 'dapr');
  const shop = new WebService(apps, 'shop', {
    image,
    port: 8080,
    metrics: {},
    alerts: { enabled: true },
    slo: { latency: { seconds: 0.5 } },
    autoscaling: { maxReplicas: 5 },
  });
  shop.use(postgres);
  shop.use(dapr.stateStore('state', redis));
  shop.use(dapr.pubSub('events', kafka));
  const release = { strategy: 'canary', controller: 'argo-rollouts' } as const;
  new WebService(apps, 'till', { image, port: 8080, metrics: {}, release, slo: { availabilityPercent: 99 } });
  new Task(apps, 'import', { image });
  return finished(system);
}

/** The rules of all groups. */
export const rulesIn = (objects: readonly any[]): any[] =>
  objects
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => spec.groups)
    .flatMap(({ rules }) => rules);

/** The dashboards, as Grafana reads them. */
export const dashboardsIn = (objects: readonly any[]): any[] =>
  objects
    .filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.labels['grafana_dashboard'] === '1')
    .flatMap(({ data }) => Object.values<string>(data))
    .map((text) => JSON.parse(text));
