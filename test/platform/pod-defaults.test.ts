import { Kafka } from '../../src/messaging/kafka';
import { Redis } from '../../src/data/redis';
import type { PodsSettings } from '../../src/platform/pod-defaults';
import { Task } from '../../src/workload/task';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
const all: Complete<PodsSettings> = {
  appArmor: 'runtime-default',
  priority: { data: 30, apps: 20, tasks: 10, preemptionPolicy: 'Never' },
  nodeAutoscaling: true,
};

function shop(pods?: PodsSettings, web: Partial<WebServiceSettings> = {}) {
  const system = testSystem({ pods });
  new WebService(system.layer('apps'), 'web', { image, port: 8080, ...web });
  new Task(system.layer('apps'), 'tidy', { image });
  new Redis(system.layer('data'), 'cache');
  const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg';
  new Kafka(system.layer('messaging'), 'kafka', { mode: 'kraft', clusterId, brokers: 3 });
  return finished(system);
}

/** A figure of the pods of each maker. */
const perPod = (objects: ReturnType<typeof shop>, figure: (template: any) => unknown) => ({
  web: figure(objects.one('Deployment', 'web').spec.template),
  tidy: figure(objects.all('Job').find(({ metadata }) => metadata.name.startsWith('tidy')).spec.template),
  cache: figure(objects.one('StatefulSet', 'cache').spec.template),
  kafka: figure(objects.one('StatefulSet', 'kafka').spec.template),
});

describe('what holds for all pods', () => {
  test('unsaid, nothing is different', () => {
    expect(shop({}).objects).toEqual(shop().objects);
    expect(shop().all('PriorityClass')).toEqual([]);
  });

  test('each setting has an effect, keeps the rules and is valid for every minor', () => {
    expect(leavesWithoutEffect(all, (pods) => shop(pods).objects)).toEqual([]);
    const { objects } = shop(all);
    expect(everywhereProblems(objects)).toEqual([]);
    expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
  });

  test('AppArmor is asked for by the pod, so that injected containers have it, too', () => {
    const profiles = perPod(shop({ appArmor: 'runtime-default' }), ({ spec }) => spec.securityContext.appArmorProfile);
    expect(Object.values(profiles)).toEqual(Array(4).fill({ type: 'RuntimeDefault' }));
  });

  test('data comes before applications, and these before what ends by itself', () => {
    const objects = shop({ priority: {} });
    expect(perPod(objects, ({ spec }) => spec.priorityClassName)).toEqual({
      web: 'shop-test-apps',
      tidy: 'shop-test-tasks',
      cache: 'shop-test-data',
      kafka: 'shop-test-data',
    });
    const classes = objects.all('PriorityClass').map(({ metadata, value, preemptionPolicy }) => ({
      [metadata.name]: [value, preemptionPolicy],
    }));
    expect(Object.assign({}, ...classes)).toEqual({
      'shop-test-data': [3000, 'PreemptLowerPriority'],
      'shop-test-apps': [2000, 'PreemptLowerPriority'],
      'shop-test-tasks': [1000, 'PreemptLowerPriority'],
    });
  });

  test('another order is refused', () => {
    expect(() => shop({ priority: { apps: 3000 } })).toThrow(
      '[shop-test] pods.priority.apps: expected less than pods.priority.data (3000), got 3000; lower it',
    );
    expect(() => shop({ priority: { tasks: 2500 } })).toThrow('pods.priority.tasks: expected less than');
  });

  test('nodes may be removed under applications and many servers, not under one server or a task', () => {
    const said = (pods: PodsSettings, web = {}) =>
      perPod(
        shop(pods, web),
        ({ metadata }) => metadata.annotations?.['cluster-autoscaler.kubernetes.io/safe-to-evict'],
      );
    expect(said({ nodeAutoscaling: true })).toEqual({ web: 'true', tidy: 'false', cache: 'false', kafka: 'true' });
    expect(said({ nodeAutoscaling: true }, { safeToEvict: false }).web).toBe('false');
    expect(Object.values(said({ nodeAutoscaling: false })).filter(Boolean)).toEqual([]);
  });
});
