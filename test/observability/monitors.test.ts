import { environments, objectsOf } from '../support/dist';
import { schemaErrors } from '../support/kubernetes-schema';
import { watchedSystem } from '../support/watched-system';

const WORKLOADS = ['CronJob', 'DaemonSet', 'Deployment', 'Job', 'Rollout', 'StatefulSet'];

const templateOf = ({ kind, spec }: any) => (kind === 'CronJob' ? spec.jobTemplate.spec.template : spec.template);
const selects = (selector: Record<string, string>, labels: Record<string, string>) =>
  Object.entries(selector).every(([label, value]) => labels[label] === value);

/** The ports of a pod by name, those of what Dapr's injector adds among them. */
function portsOf({ metadata, spec }: any): Record<string, number> {
  const own = spec.containers.flatMap(({ ports = [] }: any) => ports);
  const dapr = metadata.annotations?.['dapr.io/metrics-port'];
  return {
    ...Object.fromEntries(own.map(({ name, containerPort }: any) => [name, containerPort])),
    ...(dapr ? { 'dapr-metrics': Number(dapr) } : {}),
  };
}

const annotated = ({ annotations = {} }: any): number[] =>
  annotations['prometheus.io/scrape'] === 'true' ? [Number(annotations['prometheus.io/port'])] : [];

/** How often each port of a pod that the network lets Prometheus reach is scraped, as `workload port`. */
function timesScraped(objects: readonly any[]): Record<string, number> {
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  const found: Record<string, number> = {};
  for (const object of objects.filter(({ kind }) => WORKLOADS.includes(kind))) {
    const { metadata, spec } = templateOf(object);
    const opened = of('NetworkPolicy')
      .filter((policy) => selects(policy.spec.podSelector.matchLabels ?? {}, metadata.labels))
      .flatMap((policy) => policy.spec.ingress ?? [])
      .filter(({ from = [] }: any) => JSON.stringify(from).includes('"app.kubernetes.io/name":"prometheus"'))
      .flatMap(({ ports }: any) => ports.map(({ port }: any) => port));
    const ports = portsOf({ metadata, spec });
    const scraped = [
      ...annotated(metadata),
      ...of('Service')
        .filter((service) => service.spec.selector && selects(service.spec.selector, metadata.labels))
        .flatMap((service) => annotated(service.metadata)),
      ...of('PodMonitor')
        .filter((monitor) => selects(monitor.spec.selector.matchLabels, metadata.labels))
        .flatMap((monitor) => monitor.spec.podMetricsEndpoints.map(({ port }: any) => ports[port] ?? port)),
      // The Service that Dapr's operator makes is annotated, whatever we ask for.
      ...(of('PodMonitor').length === 0 && ports['dapr-metrics'] ? [ports['dapr-metrics']] : []),
    ];
    for (const port of new Set<number>([...opened, ...scraped])) {
      const times = scraped.filter((one) => one === port).length;
      found[`${object.metadata.name} ${port}${opened.includes(port) ? '' : ' unreached'}`] = times;
    }
  }
  return found;
}

const notOnce = (objects: readonly any[]) => Object.entries(timesScraped(objects)).filter(([, times]) => times !== 1);

const operated = watchedSystem({ prometheus: { scraping: 'prometheus-operator', objectLabels: { release: 'stack' } } });

test.each(environments())('%s: every port that Prometheus may reach is scraped once, and no other', (environment) =>
  expect(notOnce(objectsOf(environment))).toEqual([]),
);

test.each([
  ['annotations', watchedSystem().objects],
  ['monitors', operated.objects],
])('so by %s, of a system with one of everything', (_, objects) => {
  expect(notOnce(objects)).toEqual([]);
  expect(Object.keys(timesScraped(objects)).sort()).toEqual([
    'archive 9187',
    'archive 9188',
    'cache 9121',
    'db 9187',
    'db 9188',
    'db-replica 9187',
    'kafka-exporter 9308',
    'shop 8080',
    'shop 9090',
    'standby 9187',
    'standby 9188',
    'store 9121',
    'till 8080',
    'zk-exporter 9141',
  ]);
});

test('what is scraped twice, or not at all, would be found', () => {
  const twice = [...operated.objects, operated.one('PodMonitor', 'cache')];
  expect(notOnce(twice)).toEqual([['cache 9121', 2]]);
  const never = operated.objects.filter(({ kind, metadata }) => kind !== 'PodMonitor' || metadata.name !== 'db');
  expect(notOnce(never)).toEqual([
    ['db 9188', 0],
    ['db 9187', 0],
  ]);
});

test('monitors say the path, have the labels of the settings, and belong to observability', () => {
  const monitor = operated.one('PodMonitor', 'shop');
  expect(monitor.metadata.labels).toMatchObject({ release: 'stack', 'app.kubernetes.io/name': 'shop' });
  expect(monitor.spec).toEqual({
    podMetricsEndpoints: [
      { port: 'http', path: '/metrics' },
      { port: 'dapr-metrics', path: '/' },
    ],
    selector: { matchLabels: { 'app.kubernetes.io/instance': 'shop-test', 'app.kubernetes.io/name': 'shop' } },
  });
  expect(operated.all('PodMonitor').flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
});

test('with monitors no annotation, and no Service for one', () => {
  expect(JSON.stringify(operated.objects)).not.toContain('prometheus.io/scrape');
  expect(operated.all('Service').map(({ metadata }) => metadata.name)).not.toContain('db-backup');
});
