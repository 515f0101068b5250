import { parse } from 'yaml';
import { Dapr } from '../../src/dapr/dapr';
import { OpenTelemetryCollector } from '../../src/observability/collector';
import type { CollectorSettings } from '../../src/observability/collector-settings';
import { Telemetry, type TelemetrySettings } from '../../src/observability/telemetry';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { type Finished, finished, objectsOfConstruct, testSystem } from '../support/system';

const backend = { endpoint: 'jaeger-collector.observability:4317' };

const all: Complete<CollectorSettings> = {
  backend: {
    endpoint: 'tempo.traces:4318',
    protocol: 'http',
    namespace: 'traces',
    podLabels: { app: 'tempo' },
    cidrs: [],
    tls: { authorityKey: 'ca.crt', serverName: 'tempo.example.com' },
    headers: { 'X-Scope-OrgID': 'shop' },
    authorizationKey: 'authorization',
    secret: 'tempo',
  },
  sampling: { percent: 25, keepErrors: true, keepSlowerThanMs: 500, decisionWait: '20s' },
  image: {
    repository: 'mirror/opentelemetry-collector-contrib',
    tag: '0.160.0',
    digest: `sha256:${'a'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['pull'],
    profile: 'fastapi',
    user: 1001,
    group: 1002,
    writablePaths: [{ path: '/tmp', reason: 'queues', sizeLimit: '32Mi', inMemory: true }],
  },
  replicas: 1,
  resources: {
    requests: { cpu: '100m', memory: '200Mi', ephemeralStorage: '10Mi' },
    limits: { cpu: '600m', memory: '300Mi', ephemeralStorage: '20Mi' },
  },
  logLevel: 'warn',
};

const objectsOf = (settings: CollectorSettings) =>
  objectsOfConstruct((scope) => void new OpenTelemetryCollector(scope, 'otel-collector', settings));
const configOf = (settings: CollectorSettings) =>
  parse(
    objectsOf(settings).find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'otel-collector-files')
      .data['config.yaml'],
  );

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
function shop(settings: TelemetrySettings, props = {}) {
  const system = testSystem(props);
  const telemetry = new Telemetry(system.layer('observability'), 'telemetry', settings);
  const api = new WebService(system.layer('apps'), 'api', { image, port: 8080 });
  telemetry.observe(api);
  return { system, telemetry, api };
}
const openTo = (found: Finished, name: string): any[] => found.one('NetworkPolicy', name).spec.egress ?? [];
const openFrom = (found: Finished, name: string): any[] => found.one('NetworkPolicy', name).spec.ingress ?? [];

describe('OpenTelemetryCollector', () => {
  test('minimal', () => {
    const objects = objectsOf({ backend });
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('with everything set', () => {
    expect(objectsOf(all)).toMatchSnapshot();
  });

  test('each setting has an effect', () => {
    // Another word is none that may stand here; a profile of known images counts where no user is given.
    const apart = ['backend.protocol', 'image.profile', 'replicas'];
    const without = leavesWithoutEffect(all, (settings) =>
      objectsOf({ ...settings, replicas: 1, backend: { ...settings.backend, protocol: 'http' } }),
    );
    expect(without.filter((path) => !apart.includes(path))).toEqual([]);
    expect(objectsOf({ ...all, backend: { ...all.backend, protocol: 'grpc' } })).not.toEqual(objectsOf(all));
    expect(objectsOf({ backend, replicas: 2 })).not.toEqual(objectsOf({ backend }));
    const outside = { endpoint: 'traces.example.com:443', cidrs: ['203.0.113.0/24'] };
    expect(objectsOf({ backend: outside })).not.toEqual(objectsOf({ backend: { endpoint: outside.endpoint } }));
  });

  test('a share is chosen by itself; errors and time are waited for', () => {
    expect(configOf({ backend, sampling: { percent: 5 } }).processors.probabilistic_sampler).toEqual({
      sampling_percentage: 5,
    });
    const { processors, service } = configOf({ backend, sampling: { keepErrors: true, keepSlowerThanMs: 250 } });
    expect(processors.tail_sampling.policies.map(({ name }: any) => name)).toEqual(['errors', 'slow', 'share']);
    expect(service.pipelines.traces.processors).toEqual(['memory_limiter', 'resource', 'tail_sampling', 'batch']);
  });

  test('it refuses spans before its memory is full', () => {
    const limits = { memory: '1000Mi' };
    expect(configOf({ backend, resources: { limits } }).processors.memory_limiter).toEqual({
      check_interval: '1s',
      limit_mib: 800,
      spike_limit_mib: 200,
    });
  });

  test.each<[string, Partial<CollectorSettings>, string]>([
    ['a trace over several pods', { replicas: 2, sampling: { keepErrors: true } }, 'replicas: expected 1 with'],
    [
      'a backend inside and outside',
      { backend: { ...backend, namespace: 'traces', cidrs: ['203.0.113.0/24'] } },
      'backend.cidrs: expected cidrs, or namespace',
    ],
    ['every address', { backend: { ...backend, cidrs: ['0.0.0.0/0'] } }, 'backend.cidrs: expected the ranges'],
    ['a bare authorization', { backend: { ...backend, authorizationKey: 'token' } }, 'backend.tls: expected tls'],
    ['a loose tag', { image: { repository: 'otel/opentelemetry-collector-contrib' } }, 'image.tag: expected a tag'],
  ])('refuses %s', (_, settings, message) => {
    expect(() => objectsOf({ backend, ...settings })).toThrow(message);
  });
});

describe('Telemetry', () => {
  test('without settings it makes nothing', () => {
    const found = finished(shop({}).system);
    expect(found.all('AlertmanagerConfig')).toEqual([]);
    expect(openTo(found, 'api')).toEqual([]);
    expect(found.one('ConfigMap', 'api-config').data).toEqual({ LOG_FORMAT: 'json', LOG_LEVEL: 'info', PORT: '8080' });
  });

  test('each part is made where its settings are', () => {
    const { system, telemetry } = shop({
      alerts: { slack: { channel: '#shop' } },
      traces: { backend },
      logs: { loki: { host: 'loki' } },
    });
    expect([telemetry.alertRouting, telemetry.collector, telemetry.logShipping]).not.toContain(undefined);
    const kinds = finished(system).objects.map(({ kind }) => kind);
    for (const kind of ['AlertmanagerConfig', 'Deployment', 'FluentBitConfig']) expect(kinds).toContain(kind);
  });

  test('a service is told where traces go and as what it sends them, and does not wait', () => {
    const found = finished(shop({ traces: { backend } }).system);
    expect(found.one('ConfigMap', 'api-config').data).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector.shop:4318',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_PROPAGATORS: 'tracecontext,baggage',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,k8s.namespace.name=shop,service.namespace=shop',
      OTEL_SERVICE_NAME: 'api',
    });
    expect(found.one('Deployment', 'api').spec.template.spec.initContainers).toBeUndefined();
  });

  test('policies at both ends follow', () => {
    const found = finished(shop({ traces: { backend } }).system);
    const [toCollector] = openTo(found, 'api');
    expect(toCollector.to[0].podSelector.matchLabels['app.kubernetes.io/name']).toBe('otel-collector');
    expect(toCollector.ports.map(({ port }: any) => port)).toEqual([4318]);
    expect(openFrom(found, 'otel-collector')).toHaveLength(2);
    expect(openTo(found, 'otel-collector')).toEqual([
      {
        ports: [{ port: 4317, protocol: 'TCP' }],
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'observability' } },
            podSelector: { matchLabels: { 'app.kubernetes.io/name': 'jaeger' } },
          },
        ],
      },
    ]);
  });

  test('the keys of a backend are a Secret that only its owner can fill', () => {
    const secure = { ...backend, tls: { authorityKey: 'ca.crt' }, authorizationKey: 'authorization' };
    const { system } = shop({ traces: { backend: secure } });
    const provided = { provided: true };
    expect(Secrets.of(system).all).toEqual([
      { name: 'otel-backend', keys: { authorization: provided, 'ca.crt': provided } },
    ]);
    const config = finished(system).one('ConfigMap', 'otel-collector-files').data['config.yaml'];
    expect(config).toContain('Authorization: ${env:OTLP_AUTHORIZATION}');
  });

  test("sidecars of Dapr send their traces to the system's own collector", () => {
    const { system, telemetry, api } = shop({ traces: { backend } });
    const dapr = new Dapr(system.layer('dapr'), 'dapr', {}, telemetry.collector);
    const web = new WebService(system.layer('apps'), 'web', { image, port: 3000 });
    web.use(dapr.service(api));
    const found = finished(system);
    expect(found.one('Configuration', 'web').spec.tracing.otel.endpointAddress).toBe('otel-collector:4317');
    const peers = openTo(found, 'web').flatMap(({ to, ports }: any) => to.map((peer: any) => [peer, ports]));
    const collector = peers.filter(
      ([{ podSelector }]) => podSelector.matchLabels['app.kubernetes.io/name'] === 'otel-collector',
    );
    expect(collector.map(([, ports]) => ports)).toEqual([[{ port: 4317, protocol: 'TCP' }]]);
    expect(openFrom(found, 'otel-collector')).toHaveLength(4);
  });

  test('sidecars have one collector', () => {
    const { system, telemetry } = shop({ traces: { backend } });
    const twice = () => new Dapr(system.layer('dapr'), 'dapr', { tracing: { collector: 'a:1' } }, telemetry.collector);
    expect(twice).toThrow('tracing.collector: expected none beside');
  });
});
