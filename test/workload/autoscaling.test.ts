import type { SystemProps } from '../../src/platform/system-settings';
import { trackReads } from '../../src/settings/tracked';
import type { AutoscalingSettings } from '../../src/workload/autoscaling';
import type { VerticalAutoscalingSettings } from '../../src/workload/vertical-autoscaling';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

function shop(web: Partial<WebServiceSettings>, props: Partial<SystemProps> = {}) {
  const system = testSystem(props);
  new WebService(system.layer('apps'), 'web', { image, port: 8080, ...web });
  return finished(system);
}

const requests = { pods: { name: 'http_requests_per_second', averageValue: '100', labels: { route: 'api' } } };
const queue = { external: { name: 'queue_length', averageValue: '1500m', labels: { queue: 'mail' } } };

describe('metrics of an autoscaler', () => {
  const scaled = (autoscaling: Partial<AutoscalingSettings>) =>
    shop({ autoscaling: { maxReplicas: 5, ...autoscaling } }).one('HorizontalPodAutoscaler', 'web').spec.metrics;

  test('CPU and memory of the container, unless something else is said', () => {
    expect(scaled({}).map(({ containerResource }: any) => containerResource.name)).toEqual(['cpu', 'memory']);
    expect(scaled({ resources: ['cpu'] }).map(({ containerResource }: any) => containerResource.name)).toEqual(['cpu']);
  });

  test('figures of pods and from elsewhere, each as its API wants it', () => {
    expect(scaled({ resources: [], metrics: [requests, queue] })).toEqual([
      {
        type: 'Pods',
        pods: {
          metric: { name: 'http_requests_per_second', selector: { matchLabels: { route: 'api' } } },
          target: { type: 'AverageValue', averageValue: '100' },
        },
      },
      {
        type: 'External',
        external: {
          metric: { name: 'queue_length', selector: { matchLabels: { queue: 'mail' } } },
          target: { type: 'AverageValue', averageValue: '1500m' },
        },
      },
    ]);
  });

  test('a figure is written as the API server gives it back', () => {
    const value = (averageValue: string) =>
      scaled({ metrics: [{ pods: { name: 'requests', averageValue } }] })[2].pods.target.averageValue;
    expect(['1000m', '1500m', '5000', '250', '3000000', '12000m'].map(value)).toEqual([
      '1',
      '1500m',
      '5k',
      '250',
      '3M',
      '12',
    ]);
  });

  test('each setting of a figure has an effect', () => {
    const all: Complete<AutoscalingSettings['metrics']>[] = [[requests], [queue]] as never;
    for (const metrics of all)
      expect(leavesWithoutEffect(metrics, (given: any) => scaled({ metrics: given }))).toEqual([]);
  });

  test.each<[Partial<AutoscalingSettings>, string]>([
    [
      { resources: [] },
      'autoscaling.resources: expected something to measure, got nothing; name cpu or memory, or give metrics',
    ],
    [
      { resources: ['cpu'], memoryPercent: 80 },
      'autoscaling.memoryPercent: is set, and memory is not measured; add it to autoscaling.resources, or remove it',
    ],
    [
      { metrics: [{ ...requests, ...queue }] },
      'autoscaling.metrics: expected pods or external of each, got both; give one of them',
    ],
    [{ metrics: [{}] }, 'autoscaling.metrics: expected pods or external of each, got none; give one of them'],
  ])('refuses %j', (autoscaling, message) => {
    expect(() => scaled(autoscaling)).toThrow(`[shop-test/apps/web] ${message}`);
  });
});

describe('vertical autoscaling', () => {
  const all: Complete<VerticalAutoscalingSettings> = {
    mode: 'recommend',
    resources: ['cpu', 'memory'],
    min: { cpu: '50m', memory: '64Mi' },
    max: { cpu: '400m', memory: '400Mi' },
  };
  const sized = (verticalAutoscaling: VerticalAutoscalingSettings, web: Partial<WebServiceSettings> = {}, props = {}) =>
    shop({ verticalAutoscaling, ...web }, props);
  const specOf = (objects: ReturnType<typeof shop>) => objects.one('VerticalPodAutoscaler', 'web').spec;

  test('a resource that is named twice is one, and all of the list counts as read', () => {
    const tracked = trackReads<VerticalAutoscalingSettings>({ ...all, resources: ['memory', 'cpu', 'cpu'] });
    const { containerPolicies } = specOf(sized(tracked.settings)).resourcePolicy;
    expect(containerPolicies[0].controlledResources).toEqual(['cpu', 'memory']);
    expect(tracked.unread()).toEqual([]);
  });

  test('recommends for the container of the application, and for no other', () => {
    expect(specOf(sized({}, { autoscaling: { maxReplicas: 5 } }))).toEqual({
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      updatePolicy: { updateMode: 'Off' },
      resourcePolicy: {
        containerPolicies: [
          {
            containerName: 'web',
            controlledResources: ['cpu', 'memory'],
            controlledValues: 'RequestsOnly',
            maxAllowed: { cpu: '500m', memory: '512Mi' },
          },
          { containerName: '*', mode: 'Off' },
        ],
      },
    });
    expect(shop({}).all('VerticalPodAutoscaler')).toEqual([]);
  });

  test('each setting has an effect, and what is made keeps the rules and is valid', () => {
    const { resources: _, ...others } = all;
    // Of the mode see below.
    expect(leavesWithoutEffect(others, (settings) => sized(settings).objects)).toEqual(['mode']);
    expect(specOf(sized({ resources: ['memory'] })).resourcePolicy.containerPolicies[0].controlledResources).toEqual([
      'memory',
    ]);
    const { objects } = sized(all);
    expect(everywhereProblems(objects)).toEqual([]);
    expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
  });

  test('automatic takes what autoscaling does not measure', () => {
    const memory = { resources: ['cpu' as const], maxReplicas: 5, metrics: [requests] };
    const spec = specOf(sized({ mode: 'automatic' }, { autoscaling: memory }));
    expect(spec.updatePolicy).toEqual({ updateMode: 'Recreate' });
    expect(spec.resourcePolicy.containerPolicies[0]).toMatchObject({
      controlledResources: ['memory'],
      maxAllowed: { memory: '512Mi' },
    });
    const off = { enabled: false, maxReplicas: 5 };
    for (const autoscaling of [undefined, off]) {
      const { containerPolicies } = specOf(sized({ mode: 'automatic' }, { autoscaling })).resourcePolicy;
      expect(containerPolicies[0].controlledResources).toEqual(['cpu', 'memory']);
    }
  });

  test('both on one metric are refused', () => {
    const found = 'by which autoscaling counts its pods';
    const todo = 'leave it out of autoscaling.resources or of verticalAutoscaling.resources, or set mode: recommend';
    const both = (verticalAutoscaling: VerticalAutoscalingSettings) => () =>
      sized(verticalAutoscaling, { autoscaling: { maxReplicas: 5 } });
    expect(both({ mode: 'automatic' })).toThrow(
      `verticalAutoscaling.mode: automatic would change the request of cpu and memory, ${found}; ${todo}`,
    );
    expect(both({ mode: 'automatic', resources: ['memory'] })).toThrow(`the request of memory, ${found}`);
    expect(both({ mode: 'recommend', resources: ['memory'] })).not.toThrow();
  });

  test.each<[VerticalAutoscalingSettings, string]>([
    [
      { max: { cpu: '2' } },
      'verticalAutoscaling.max.cpu: expected at most the limit of 500m, got 2; lower it, or raise resources.limits.cpu',
    ],
    [
      { min: { memory: '400Mi' }, max: { memory: '300Mi' } },
      'verticalAutoscaling.min.memory: expected at most the max of 300Mi, got 400Mi; lower it, or raise the max',
    ],
    [
      { resources: ['cpu'], max: { memory: '300Mi' } },
      'verticalAutoscaling.max.memory: is set, and memory is not looked at; add it to resources, or remove it',
    ],
  ])('refuses %j', (settings, message) => {
    expect(() => sized(settings)).toThrow(`[shop-test/apps/web] ${message}`);
  });

  test('the quota holds what automatic may ask for, and not what is only recommended', () => {
    const hard = (settings?: VerticalAutoscalingSettings) =>
      shop(
        { verticalAutoscaling: settings, replicas: 2, rollout: { minReadySeconds: 10 } },
        { quota: { headroom: 1 } },
      ).one('ResourceQuota', 'quota').spec.hard;
    const amounts = (quota: any) => [quota['requests.cpu'], quota['requests.memory'], quota['limits.cpu'], quota.pods];
    // Two pods, one more while rolling, and two on their way out.
    expect(amounts(hard())).toEqual(['500m', '1280Mi', '2500m', '5']);
    expect(amounts(hard({}))).toEqual(['500m', '1280Mi', '2500m', '5']);
    expect(amounts(hard({ mode: 'automatic', resources: ['cpu'], max: { cpu: '400m' } }))).toEqual([
      '2',
      '1280Mi',
      '2500m',
      '5',
    ]);
    expect(amounts(hard({ mode: 'automatic' }))).toEqual(['2500m', '2560Mi', '2500m', '5']);
  });

  test('each version that runs has its own', () => {
    const objects = sized(
      {},
      { replicas: 2, release: { strategy: 'blue-green', active: 'blue', blue: { tag: '1' }, green: { tag: '2' } } },
    );
    expect(objects.all('VerticalPodAutoscaler').map(({ spec }) => spec.targetRef.name)).toEqual([
      'web-blue',
      'web-green',
    ]);
  });

  test('deployers may apply it where there is one', () => {
    const groupsOf = (web: Partial<WebServiceSettings>) =>
      shop(web, { access: { deployers: ['team'] } })
        .one('Role', 'deployer')
        .rules.flatMap(({ apiGroups }: any) => apiGroups);
    expect(groupsOf({ verticalAutoscaling: {} })).toContain('autoscaling.k8s.io');
    expect(groupsOf({})).not.toContain('autoscaling.k8s.io');
  });
});
