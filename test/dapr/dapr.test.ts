import { Dapr } from '../../src/dapr/dapr';
import type { DaprSettings } from '../../src/dapr/settings';
import { Redis } from '../../src/data/redis';
import { Kafka } from '../../src/messaging/kafka';
import { Secrets } from '../../src/platform/secrets';
import { Task } from '../../src/workload/task';
import { WebService } from '../../src/workload/web-service';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

const all: Complete<DaprSettings> = {
  controlPlane: { namespace: 'mesh', trustDomain: 'example.com' },
  tracing: {
    samplingRate: 0.5,
    collector: 'collector.traces:4318',
    collectorNamespace: 'traces',
    collectorLabels: { app: 'collector' },
  },
  logLevel: 'debug',
  sidecars: {
    api: {
      resources: {
        requests: { cpu: '20m', memory: '30Mi', ephemeralStorage: '40Mi' },
        limits: { cpu: '200m', memory: '300Mi', ephemeralStorage: '400Mi' },
      },
    },
  },
  resiliency: {
    timeoutSeconds: 10,
    componentTimeoutSeconds: 4,
    maxRetries: 2,
    deliveryRetries: 30,
    maxPauseSeconds: 20,
    consecutiveFailures: 8,
    pauseSeconds: 60,
  },
  shutdownSeconds: 15,
};

function shop(settings: DaprSettings = {}) {
  const system = testSystem();
  const redis = new Redis(system.layer('data'), 'redis');
  const kafka = new Kafka(system.layer('messaging'), 'kafka', { mode: 'kraft', clusterId: 'a'.repeat(22) });
  const dapr = new Dapr(system.layer('dapr'), 'dapr', settings);
  const state = dapr.stateStore('state', redis);
  const events = dapr.pubSub('events', kafka);
  const api = new WebService(system.layer('apps'), 'api', { image, port: 8080 });
  const web = new WebService(system.layer('apps'), 'web', { image, port: 3000 });
  api.use(state);
  api.use(events);
  web.use(dapr.service(api));
  return { system, redis, kafka, dapr, state, events, api, web };
}
const render = (settings: DaprSettings) => finished(shop(settings).system).objects;
const ports = (rules: any[]) => rules.flatMap((rule) => rule.ports.map(({ port }: any) => port)).sort((a, b) => a - b);

describe('Dapr', () => {
  test('minimal and with everything set: valid by the CRDs', () => {
    for (const settings of [{}, all]) {
      const objects = render(settings).filter(({ apiVersion }) => apiVersion.startsWith('dapr.io/'));
      expect(objects).toMatchSnapshot();
      expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
    }
  });

  test('each setting has an effect', () => {
    // Of local disk the injector can be told nothing.
    expect(leavesWithoutEffect(all, render)).toEqual([
      'sidecars.api.resources.requests.ephemeralStorage',
      'sidecars.api.resources.limits.ephemeralStorage',
    ]);
  });

  test('who uses anything of Dapr has a sidecar, and nobody else', () => {
    const { system, dapr } = shop();
    void dapr;
    new WebService(system.layer('apps'), 'alone', { image, port: 8080 });
    const objects = finished(system);
    const enabled = (name: string) =>
      objects.one('Deployment', name).spec.template.metadata.annotations['dapr.io/enabled'];
    expect([enabled('api'), enabled('web'), enabled('alone')]).toEqual(['true', 'true', undefined]);
  });

  test('a sidecar fits a pod without token, capabilities or privileges', () => {
    const { annotations } = finished(shop().system).one('Deployment', 'api').spec.template.metadata;
    expect(annotations).toMatchObject({
      'dapr.io/app-id': 'api',
      'dapr.io/app-port': '8080',
      'dapr.io/config': 'api',
      'dapr.io/disable-builtin-k8s-secret-store': 'true',
      'dapr.io/env': 'GOMEMLIMIT=230MiB',
      'dapr.io/sidecar-seccomp-profile-type': 'RuntimeDefault',
      'dapr.io/sidecar-memory-limit': '256Mi',
    });
    expect(annotations['dapr.io/api-token-secret']).toBe('dapr-api-token');
    expect(Secrets.of(shop().system).all).toContainEqual({ name: 'dapr-api-token', keys: { token: { length: 48 } } });
  });

  test('a component is for its users alone', () => {
    const objects = finished(shop().system);
    expect(objects.one('Component', 'state').scopes).toEqual(['api']);
    const { metadata } = objects.one('Component', 'state').spec;
    expect(metadata.find(({ name }: any) => name === 'redisPassword').secretKeyRef).toEqual({
      name: 'redis-credentials',
      key: 'password',
    });
  });

  test('an application says who may call it, and denies everybody else', () => {
    const objects = finished(shop().system);
    const { accessControl } = objects.one('Configuration', 'api').spec;
    expect(accessControl).toMatchObject({ defaultAction: 'deny', policies: [{ appId: 'web', namespace: 'shop' }] });
    expect(objects.one('Configuration', 'web').spec.accessControl.policies).toEqual([]);
  });

  test('policies: the control plane and what the sidecar dials, and calls between sidecars', () => {
    const objects = finished(shop().system);
    expect(ports(objects.one('NetworkPolicy', 'api').spec.egress)).toEqual([
      4317, 6379, 6500, 9092, 50001, 50005, 50006,
    ]);
    expect(ports(objects.one('NetworkPolicy', 'api').spec.ingress)).toEqual([9090, 50002]);
    expect(ports(objects.one('NetworkPolicy', 'web').spec.egress)).toEqual([4317, 6500, 50001, 50002, 50005, 50006]);
  });

  test('a subscription leads a topic to its route, and what fails to the dead letters', () => {
    const { system, events, api } = shop();
    events.subscribe(api, { name: 'order.placed', route: '/orders' });
    expect(finished(system).one('Subscription', 'api-order-placed')).toMatchObject({
      apiVersion: 'dapr.io/v2alpha1',
      scopes: ['api'],
      spec: {
        pubsubname: 'events',
        topic: 'order.placed',
        routes: { default: '/orders' },
        deadLetterTopic: 'order.placed.dead-letter',
      },
    });
  });

  test('the sidecar counts in the quota', () => {
    const cpu = (settings: DaprSettings) =>
      Number.parseInt(render(settings).find(({ kind }) => kind === 'ResourceQuota').spec.hard['limits.cpu'], 10);
    expect(cpu({ sidecars: { api: { resources: { limits: { cpu: '5' } } } } })).toBeGreaterThan(cpu({}));
  });

  test('an answer of an application is passed on; only what may pass by itself is tried again', () => {
    const { policies, targets } = finished(shop().system).one('Resiliency', 'dapr').spec;
    expect(targets.apps.api).toEqual({ retry: 'call', timeout: 'call' });
    expect(policies.retries.call.matching).toEqual({ httpStatusCodes: '429,502-504', gRPCStatusCodes: '4,8,14' });
    expect(targets.components.events.inbound.retry).toBe('deliver');
  });

  test('two applications may subscribe to one topic', () => {
    const { system, events, api, web } = shop();
    web.use(events);
    for (const application of [api, web]) events.subscribe(application, { name: 'shared', route: '/shared' });
    const names = finished(system)
      .all('Subscription')
      .map(({ metadata }) => metadata.name);
    expect(names).toEqual(['api-shared', 'web-shared']);
  });

  describe('refuses', () => {
    test('a breaker that one call with its tries would trip', () => {
      expect(() => render({ resiliency: { maxRetries: 4, consecutiveFailures: 5 } })).toThrow(
        'resiliency.consecutiveFailures: expected more than the tries of one call (5), got 5; a single call would stop all others',
      );
    });

    test('two topics on one route', () => {
      const { events, api } = shop();
      events.subscribe(api, { name: 'a', route: '/x' });
      expect(() => events.subscribe(api, { name: 'b', route: '/x' })).toThrow(
        'topics.b: the route /x of api gets two topics; give each a route of its own',
      );
    });

    test.each([
      ['3', '3_'],
      ['task.created', 'Task-Created'],
    ])('two topics whose subscriptions have one name: %s and %s', (first, second) => {
      const { events, api } = shop();
      events.subscribe(api, { name: first, route: '/x' });
      expect(() => events.subscribe(api, { name: second, route: '/y' })).toThrow(
        `topics.${second}: its subscription would be called api-${first.replace('.', '-')}, as that of the topic "${first}" is; ` +
          'rename one: they must differ in more than capitals, dots, dashes and underscores',
      );
    });

    test('a subscription without a route, or by one that does not use the component', () => {
      const { events, api, web } = shop();
      expect(() => events.subscribe(api, { name: 'a' })).toThrow(
        'topics.a: has no route, and is subscribed to; name one',
      );
      expect(() => events.subscribe(web, { name: 'a', route: '/a' })).toThrow(
        'web subscribes to a without using events',
      );
    });

    test('a component that nobody uses, for then everybody may', () => {
      const { system, dapr, redis } = shop();
      dapr.stateStore('idle', redis);
      expect(() => finished(system)).toThrow('[shop-test/dapr/dapr/idle] is used by no application; remove it');
    });

    test('a sidecar for nobody', () => {
      expect(() => render({ sidecars: { apj: {} } })).toThrow(
        'sidecars.apj: no application of this name has a sidecar; known are api, web',
      );
    });

    test('a Job, which has no sidecar', () => {
      const { system, state } = shop();
      const task = new Task(system.layer('apps'), 'tidy', { image });
      expect(() => task.use(state)).toThrow('use: state needs a sidecar, which only a WebService has');
    });
  });
});
