import type { ReleaseSettings } from '../../src/workload/release';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { Edge } from '../../src/edge/edge';
import type { EdgeSettings } from '../../src/edge/settings';
import { Dapr } from '../../src/dapr/dapr';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { AWS, finished, testSystem } from '../support/system';

const shop = (release: ReleaseSettings, more: Partial<WebServiceSettings> = {}): WebServiceSettings => ({
  image: { repository: 'acme/shop', tag: '1.0.0', profile: 'fastapi' },
  port: 8080,
  replicas: 4,
  metrics: {},
  release,
  ...more,
});

const HOST: EdgeSettings = { host: 'shop.example.com' };

/** A shop behind an edge, in a system with a deployer. */
function build(settings: WebServiceSettings, edge: EdgeSettings | null = HOST, props = {}) {
  const system = testSystem({ access: { deployers: ['pipelines'] }, ...props });
  const service = new WebService(system.layer('apps'), 'shop', settings);
  if (edge) new Edge(system.layer('edge'), 'edge', edge).route('/', service);
  return finished(system);
}

const podsOf = (objects: ReturnType<typeof build>) =>
  Object.fromEntries(
    objects
      .all('Deployment')
      .map(({ metadata, spec }: any) => [
        metadata.name,
        { replicas: spec.replicas, image: spec.template.spec.containers[0].image },
      ]),
  );
const selectorOf = (objects: ReturnType<typeof build>, name: string) => objects.one('Service', name).spec.selector;

/** What of the cluster's rules a set of objects breaks. */
const wrong = ({ objects }: ReturnType<typeof build>) => objects.flatMap((object) => schemaErrors(object, '1.30'));

describe('blue-green without a controller', () => {
  const both = { strategy: 'blue-green', blue: { tag: '1.0.0' }, green: { tag: '1.1.0' } } as const;

  test('two Deployments; the Service follows the active colour, and the other has one of its own', () => {
    const blue = build(shop(both));
    expect(wrong(blue)).toEqual([]);
    expect(podsOf(blue)).toEqual({
      'shop-blue': { replicas: 4, image: 'acme/shop:1.0.0' },
      'shop-green': { replicas: 4, image: 'acme/shop:1.1.0' },
    });
    expect(selectorOf(blue, 'shop')).toMatchObject({ version: 'blue', 'app.kubernetes.io/name': 'shop' });
    expect(selectorOf(blue, 'shop-preview')).toMatchObject({ version: 'green' });

    const green = build(shop({ ...both, active: 'green' }));
    expect(selectorOf(green, 'shop')).toMatchObject({ version: 'green' });
    expect(selectorOf(green, 'shop-preview')).toMatchObject({ version: 'blue' });
    // Nothing else changes with the switch: no pod is replaced.
    expect(podsOf(green)).toEqual(podsOf(blue));
    const others = ({ objects }: ReturnType<typeof build>) => objects.filter(({ kind }) => kind !== 'Service');
    expect(
      others(green)
        .map((object) => JSON.stringify(object))
        .sort(),
    ).toEqual(
      others(blue)
        .map((object) => JSON.stringify(object))
        .sort(),
    );
  });

  test('a colour without a version has no pods and no autoscaler, and nothing of it goes away', () => {
    const objects = build(shop({ strategy: 'blue-green' }, { autoscaling: { maxReplicas: 8 } }));
    expect(podsOf(objects)).toEqual({
      'shop-blue': { image: 'acme/shop:1.0.0' },
      'shop-green': { replicas: 0, image: 'acme/shop:1.0.0' },
    });
    expect(objects.all('HorizontalPodAutoscaler').map(({ metadata }) => metadata.name)).toEqual(['shop-blue']);
    const kinds = ({ objects }: ReturnType<typeof build>) =>
      objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
    const running = build(shop(both));
    expect(kinds(running)).toEqual(kinds(build(shop({ strategy: 'blue-green' }))));
  });

  test('autoscaler, budget and spread are of one colour, policy and labels of both', () => {
    const objects = build(shop(both, { autoscaling: { maxReplicas: 8 }, disruptionBudget: { minAvailable: 2 } }));
    for (const colour of ['blue', 'green']) {
      const name = `shop-${colour}`;
      expect(objects.one('HorizontalPodAutoscaler', name).spec).toMatchObject({
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: 4,
        maxReplicas: 8,
      });
      expect(objects.one('PodDisruptionBudget', name).spec).toMatchObject({
        minAvailable: 2,
        selector: { matchLabels: { version: colour } },
      });
      const { metadata, spec } = objects.one('Deployment', name);
      expect(metadata.labels.version).toBe(colour);
      expect(spec.selector.matchLabels).toMatchObject({ version: colour });
      expect(spec.template.metadata.labels).toMatchObject({
        version: colour,
        'app.kubernetes.io/version': colour === 'blue' ? '1.0.0' : '1.1.0',
      });
      expect(spec.template.spec.topologySpreadConstraints[0].labelSelector.matchLabels.version).toBe(colour);
    }
    expect(objects.one('NetworkPolicy', 'shop').spec.podSelector.matchLabels).not.toHaveProperty('version');
  });

  test('each setting has an effect', () => {
    const all: Complete<Pick<ReleaseSettings, 'blue' | 'green'>> = {
      blue: { tag: '1.0.1', digest: `sha256:${'a'.repeat(64)}` },
      green: { tag: '1.1.0', digest: `sha256:${'b'.repeat(64)}` },
    };
    const make = (release: ReleaseSettings) => build(shop({ strategy: 'blue-green', active: 'green', ...release }));
    expect(leavesWithoutEffect(all, make)).toEqual([]);
  });
});

describe('canary without a controller', () => {
  const steps = [{ weight: 25 }, { weight: 60 }];
  const at = (step: number): ReleaseSettings => ({ strategy: 'canary', steps, step, candidate: { tag: '1.1.0' } });
  const weightOf = (objects: ReturnType<typeof build>) =>
    objects.one('Ingress', 'edge-canary-shop-canary').metadata.annotations['nginx.ingress.kubernetes.io/canary-weight'];

  test('the candidate gets its share at the edge, and as many pods', () => {
    for (const [step, pods, weight] of [
      [0, 1, '0'],
      [1, 1, '25'],
      [2, 3, '60'],
    ] as const) {
      const objects = build(shop(at(step)));
      expect(wrong(objects)).toEqual([]);
      expect(podsOf(objects)).toEqual({
        'shop-stable': { replicas: 4, image: 'acme/shop:1.0.0' },
        'shop-canary': { replicas: pods, image: 'acme/shop:1.1.0' },
      });
      expect(weightOf(objects)).toBe(weight);
      expect(selectorOf(objects, 'shop')).toMatchObject({ version: 'stable' });
      expect(selectorOf(objects, 'shop-canary')).toMatchObject({ version: 'canary' });
    }
  });

  test('without a candidate its share is none, and everything is still there', () => {
    const objects = build(shop({ strategy: 'canary', steps }));
    expect(weightOf(objects)).toBe('0');
    expect(podsOf(objects)['shop-canary']).toEqual({ replicas: 0, image: 'acme/shop:1.0.0' });
  });

  test('Gateway API holds both shares in one route', () => {
    const edge: EdgeSettings = { host: 'shop.example.com', type: 'gateway-api' };
    const refs = (release: ReleaseSettings) =>
      build(shop(release), edge).one('HTTPRoute', 'edge').spec.rules[0].backendRefs;
    expect(refs(at(2))).toEqual([
      { name: 'shop', port: 8080, weight: 40 },
      { name: 'shop-canary', port: 8080, weight: 60 },
    ]);
    expect(refs({ strategy: 'canary' })).toMatchObject([{ weight: 100 }, { weight: 0 }]);
  });

  test('an Application Load Balancer holds both in an action', () => {
    const edge: EdgeSettings = { host: 'shop.example.com', type: 'alb', alb: { subnetCidrs: ['10.0.0.0/20'] } };
    const { annotations } = build(shop(at(1)), edge, { cloud: AWS }).one('Ingress', 'edge').metadata;
    const { forwardConfig } = JSON.parse(annotations['alb.ingress.kubernetes.io/actions.canary-0']);
    expect(forwardConfig.targetGroups).toEqual([
      { serviceName: 'shop', servicePort: 8080, weight: 75 },
      { serviceName: 'shop-canary', servicePort: 8080, weight: 25 },
    ]);
  });

  test('each setting has an effect', () => {
    const all: Complete<Pick<ReleaseSettings, 'candidate' | 'step'>> = {
      candidate: { tag: '1.1.0', digest: `sha256:${'b'.repeat(64)}` },
      step: 1,
    };
    expect(leavesWithoutEffect(all, (release) => build(shop({ strategy: 'canary', ...release })))).toEqual([]);
  });
});

describe('Argo Rollouts', () => {
  const analysis = {
    prometheus: 'http://prometheus.monitoring:9090',
    errorPercent: 2,
    latencySeconds: 0.5,
    intervalSeconds: 30,
    failureLimit: 1,
  };
  const canary = {
    strategy: 'canary' as const,
    controller: 'argo-rollouts' as const,
    steps: [{ weight: 20, pauseSeconds: 60 }, { weight: 50 }],
    analysis,
  };
  const blueGreen = {
    strategy: 'blue-green' as const,
    controller: 'argo-rollouts' as const,
    autoPromote: true,
    keepSeconds: 400,
    analysis,
  };

  test('a canary whose steps, shares and judgement the controller takes from the Rollout', () => {
    const objects = build(shop(canary, { autoscaling: { maxReplicas: 8 }, disruptionBudget: { minAvailable: 2 } }));
    expect(wrong(objects)).toEqual([]);
    expect(objects.all('Deployment')).toEqual([]);
    const { spec } = objects.one('Rollout', 'shop');
    expect(spec).not.toHaveProperty('replicas');
    expect(spec.template.spec.topologySpreadConstraints[0].matchLabelKeys).toEqual(['rollouts-pod-template-hash']);
    expect(spec.strategy.canary).toEqual({
      analysis: {
        args: [{ name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } }],
        startingStep: 1,
        templates: [{ templateName: 'shop' }],
      },
      canaryService: 'shop-canary',
      maxSurge: 1,
      maxUnavailable: 0,
      stableService: 'shop',
      steps: [{ setWeight: 20 }, { pause: { duration: '60s' } }, { setWeight: 50 }, { pause: {} }],
      trafficRouting: { nginx: { stableIngress: 'edge-shop' } },
    });
    expect(objects.one('HorizontalPodAutoscaler', 'shop').spec.scaleTargetRef).toEqual({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      name: 'shop',
    });
    expect(objects.one('PodDisruptionBudget', 'shop').spec).toMatchObject({ minAvailable: 2 });
    // The controller makes the second Ingress, and writes the selectors of the Services.
    for (const name of ['shop', 'shop-canary'])
      expect(objects.one('Service', name).spec).not.toHaveProperty('selector');
    expect(objects.all('Ingress').map(({ metadata }) => metadata.name)).toEqual(['edge-shop']);
    expect(objects.one('AnalysisTemplate', 'shop').spec.metrics).toMatchSnapshot();
  });

  test('each service that releases so has an Ingress of its own, of which one asks for the certificate', () => {
    const system = testSystem();
    const edge = new Edge(system.layer('edge'), 'edge', { ...HOST, certificateIssuer: 'letsencrypt' });
    for (const name of ['shop', 'other']) {
      const service = new WebService(system.layer('apps'), name, shop({ ...canary, analysis: undefined }));
      edge.route(`/${name}`, service);
      edge.route(`/v2/${name}`, service);
    }
    const ingresses = finished(system).all('Ingress');
    expect(
      ingresses.map(({ metadata, spec }) => [
        metadata.name,
        metadata.annotations['cert-manager.io/cluster-issuer'],
        spec.tls[0].secretName,
        spec.rules[0].http.paths.map(({ path }: any) => path),
      ]),
    ).toEqual([
      ['edge-shop', 'letsencrypt', 'edge-tls', ['/shop', '/v2/shop']],
      ['edge-other', undefined, 'edge-tls', ['/other', '/v2/other']],
    ]);
  });

  test('each edge is told of in its own way', () => {
    const routing = (edge: EdgeSettings | null, props = {}) =>
      build(shop(canary), edge, props).one('Rollout', 'shop').spec.strategy.canary;
    const gateway: EdgeSettings = { host: 'shop.example.com', type: 'gateway-api' };
    expect(routing(gateway).trafficRouting).toEqual({
      plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'edge', namespace: 'shop' } },
    });
    const alb: EdgeSettings = { host: 'shop.example.com', type: 'alb', alb: { subnetCidrs: ['10.0.0.0/20'] } };
    expect(routing(alb, { cloud: AWS }).trafficRouting).toEqual({
      alb: { ingress: 'edge', rootService: 'shop', servicePort: 8080 },
    });
    const ingress = build(shop(canary), alb, { cloud: AWS }).one('Ingress', 'edge');
    expect(ingress.spec.rules[0].http.paths[0].backend.service).toEqual({
      name: 'shop',
      port: { name: 'use-annotation' },
    });
    expect(ingress.metadata.annotations).not.toHaveProperty(['alb.ingress.kubernetes.io/actions.shop']);
    // Nobody gives shares: the number of pods does.
    expect(routing(null)).not.toHaveProperty('trafficRouting');
    expect(routing(null)).not.toHaveProperty('stableService');
    expect(selectorOf(build(shop(canary), null), 'shop')).toMatchObject({ 'app.kubernetes.io/name': 'shop' });
  });

  test('blue-green: a switch that is undone where the analysis after it fails', () => {
    const objects = build(shop(blueGreen));
    expect(wrong(objects)).toEqual([]);
    expect(objects.one('Rollout', 'shop').spec).toMatchObject({
      progressDeadlineAbort: true,
      replicas: 4,
      strategy: {
        blueGreen: {
          activeService: 'shop',
          autoPromotionEnabled: true,
          postPromotionAnalysis: { templates: [{ templateName: 'shop' }] },
          previewService: 'shop-preview',
          scaleDownDelaySeconds: 400,
        },
      },
    });
    expect(objects.one('AnalysisTemplate', 'shop').spec.metrics.map(({ count }: any) => count)).toEqual([5, 5, 5]);
    for (const name of ['shop', 'shop-preview']) expect(selectorOf(objects, name)).toBeUndefined();
  });

  test('each setting has an effect', () => {
    const ways = { strategy: canary.strategy, controller: canary.controller };
    const { strategy: _canary, controller: _one, ...shares } = canary;
    const { strategy: _blueGreen, controller: _other, ...turns } = blueGreen;
    expect(leavesWithoutEffect(shares, (release) => build(shop({ ...ways, ...release })))).toEqual([]);
    expect(
      leavesWithoutEffect(turns, (release) => build(shop({ ...ways, strategy: 'blue-green', ...release }))),
    ).toEqual([]);
  });

  test('deployers may promote, and nobody gets rights on what is not there', () => {
    const groups = (release: ReleaseSettings) =>
      build(shop(release))
        .one('Role', 'deployer')
        .rules.flatMap(({ apiGroups, resources, verbs }: any) =>
          apiGroups.includes('argoproj.io') && verbs.includes('patch') ? resources : [],
        );
    expect(groups(canary)).toEqual(['analysistemplates', 'rollouts', 'rollouts/status']);
    expect(groups({ strategy: 'blue-green' })).toEqual([]);
  });

  test('the quota has room for a second set of pods', () => {
    const pods = (release: ReleaseSettings) =>
      Number(build(shop(release)).one('ResourceQuota', 'quota').spec.hard.pods);
    // Four, four more, the solver of certificates, and a fifth on top.
    expect(pods(canary)).toBe(Math.ceil((4 + 4 + 1) * 1.2));
    expect(pods(blueGreen)).toBe(Math.ceil((4 + 8 + 1) * 1.2));
  });
});

describe('refused', () => {
  const refusal = (release: ReleaseSettings, edge: EdgeSettings | null = HOST) => {
    try {
      build(shop(release), edge);
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };

  test.each<[string, ReleaseSettings, RegExp]>([
    ['a controller for rolling', { controller: 'argo-rollouts' }, /release\.controller: has nothing to do/],
    [
      'colours of a canary',
      { strategy: 'canary', blue: { tag: '1' } },
      /release\.blue: is for blue-green by a setting/,
    ],
    ['steps of blue-green', { strategy: 'blue-green', steps: [{ weight: 5 }] }, /release\.steps: is for canary by/],
    ['a candidate of rolling', { candidate: { tag: '1' } }, /release\.candidate: .* releases are rolling/],
    [
      'a colour for Argo Rollouts',
      { strategy: 'blue-green', controller: 'argo-rollouts', active: 'green' },
      /release\.active: is for blue-green by a setting/,
    ],
    [
      'an analysis that nobody runs',
      { strategy: 'canary', analysis: { prometheus: 'http://p:9090' } },
      /argo-rollouts/,
    ],
    ['a version without a name', { strategy: 'blue-green', green: {} }, /release\.green: names no version/],
    ['`latest`', { strategy: 'blue-green', green: { tag: 'latest' } }, /expected a tag other than "latest"/],
    ['shares that shrink', { strategy: 'canary', steps: [{ weight: 9 }, { weight: 9 }] }, /shares that grow, got 9, 9/],
    [
      'a step too far',
      { strategy: 'canary', candidate: { tag: '1' }, step: 4 },
      /at most 3, the number of steps, got 4/,
    ],
    ['a step of nobody', { strategy: 'canary', step: 1 }, /expected 0 without a candidate/],
    [
      'old pods that go before the analysis ends',
      {
        strategy: 'blue-green',
        controller: 'argo-rollouts',
        keepSeconds: 300,
        analysis: { prometheus: 'http://p:9090' },
      },
      /release\.keepSeconds: expected more, got 300/,
    ],
    [
      'a canary that is over before its analysis',
      {
        strategy: 'canary',
        controller: 'argo-rollouts',
        steps: [
          { weight: 10, pauseSeconds: 90 },
          { weight: 50, pauseSeconds: 90 },
        ],
        analysis: { prometheus: 'http://p:9090' },
      },
      /release\.steps: expected pauses of more than 180 seconds in all, got 180/,
    ],
  ])('%s', (_, release, message) => {
    expect(refusal(release)).toMatch(message);
  });

  test('an analysis of an application without metrics', () => {
    const release: ReleaseSettings = {
      strategy: 'canary',
      controller: 'argo-rollouts',
      analysis: { prometheus: 'http://p:9090' },
    };
    expect(() => build(shop(release, { metrics: undefined }))).toThrow(/say in metrics where they are/);
  });

  test('a canary that no edge routes to', () => {
    expect(refusal({ strategy: 'canary' }, null)).toMatch(/shares are given at the edge, and none sends requests here/);
  });

  test('two canaries of one path', () => {
    const system = testSystem();
    const [shopService, other] = ['shop', 'other'].map(
      (name) => new WebService(system.layer('apps'), name, shop(name === 'shop' ? { strategy: 'canary' } : {})),
    );
    const edge = new Edge(system.layer('edge'), 'edge', HOST);
    expect(() => edge.route('/', shopService!, { canary: { service: other!, weight: 5 } })).toThrow(/keep one of them/);
  });

  test('an edge that has no weights', () => {
    const gce: EdgeSettings = { host: 'shop.example.com', type: 'gce' };
    expect(() =>
      build(shop({ strategy: 'canary' }), gce, { cloud: { provider: 'gcp', gcp: { project: 'shop-project' } } }),
    ).toThrow(/a share of the requests under "\/" cannot be expressed by .*another release\.strategy/);
  });

  test('one sidecar id on two Deployments', () => {
    const system = testSystem();
    const service = new WebService(system.layer('apps'), 'shop', shop({ strategy: 'blue-green' }));
    const dapr = new Dapr(system.layer('dapr'), 'dapr');
    expect(() => dapr.service(service)).toThrow(/releases by blue-green on two Deployments.*argo-rollouts/);
    const rollout = new WebService(
      system.layer('apps'),
      'other',
      shop({ strategy: 'blue-green', controller: 'argo-rollouts' }),
    );
    dapr.service(rollout);
    expect(finished(system).one('Rollout', 'other').spec.template.metadata.annotations['dapr.io/app-id']).toBe('other');
  });
});
