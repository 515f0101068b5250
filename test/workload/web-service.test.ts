import { leavesWithoutEffect, type Complete } from '../support/leaves';
import { AWS, finished, objectsOfConstruct, testSystem } from '../support/system';
import { schemaErrors } from '../support/kubernetes-schema';
import type { AutoscalingSettings } from '../../src/workload/autoscaling';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';

const minimal: WebServiceSettings = {
  image: { repository: 'acme/shop', tag: '1.2.3', profile: 'fastapi' },
  port: 8080,
};

/** Of what autoscalers measure: test/workload/autoscaling.test.ts. */
const all: Complete<Omit<WebServiceSettings, 'release' | 'autoscaling' | 'verticalAutoscaling'>> & {
  autoscaling: Complete<Omit<AutoscalingSettings, 'resources' | 'metrics'>>;
} = {
  image: {
    repository: 'acme/shop',
    tag: '1.2.3',
    digest: `sha256:${'a'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['registry'],
    profile: 'fastapi',
    user: 20000,
    group: 20001,
    writablePaths: [{ path: '/var/cache', reason: 'rendered pages', sizeLimit: '100Mi', inMemory: true }],
  },
  command: ['serve', '--fast'],
  port: 8080,
  servicePort: 80,
  replicas: 3,
  logLevel: 'warn',
  environment: { FEATURE: true },
  secrets: { API_KEY: { secret: 'keys', key: 'api', length: 40, provided: false } },
  resources: {
    requests: { cpu: '100m', memory: '128Mi', ephemeralStorage: '70Mi' },
    limits: { cpu: '200m', memory: '256Mi', ephemeralStorage: '300Mi' },
  },
  autoscaling: {
    enabled: true,
    maxReplicas: 9,
    cpuPercent: 60,
    memoryPercent: 65,
    scaleUp: { percent: 200, periodSeconds: 20, stabilizationSeconds: 5 },
    scaleDown: { percent: 10, periodSeconds: 60, stabilizationSeconds: 600 },
  },
  disruptionBudget: { minAvailable: 1 },
  spread: { hosts: 'required', zones: 'required' },
  health: {
    startup: { path: '/start', periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 30 },
    readiness: { path: '/ready', periodSeconds: 4, timeoutSeconds: 5, failureThreshold: 6 },
    liveness: { path: '/live', periodSeconds: 7, timeoutSeconds: 8, failureThreshold: 9 },
  },
  metrics: { path: '/figures', requests: 'requests', statusLabel: 'code', durations: 'seconds' },
  alerts: {
    enabled: true,
    errorPercent: 7,
    errorRequests: 50,
    slowPercent: 99,
    slowSeconds: 2,
    cpuPercent: 80,
    memoryPercent: 85,
    restarts: 5,
    deployments: true,
  },
  slo: { availabilityPercent: 99.5, latency: { percent: 98, seconds: 0.5 }, requests: 50 },
  rollout: { maxSurge: 2, maxUnavailable: 1, minReadySeconds: 10, progressDeadlineSeconds: 300 },
  shutdown: { drainSeconds: 5, graceSeconds: 20 },
  migrations: {
    command: ['migrate'],
    lock: 'none',
    run: 'job',
    check: ['is-migrated'],
    retries: 1,
    deadlineSeconds: 900,
  },
  identity: 'arn:aws:iam::111122223333:role/shop',
  spot: true,
  safeToEvict: false,
};

const make = (settings: WebServiceSettings, props = {}) =>
  objectsOfConstruct((scope) => new WebService(scope, 'shop', settings), props);
const makeOnAws = (settings: WebServiceSettings) => make(settings, { cloud: AWS });
const build = (settings: WebServiceSettings, props = {}) => {
  const system = testSystem(props);
  const service = new WebService(system.layer('apps'), 'shop', settings);
  return { service, objects: finished(system) };
};

describe('WebService', () => {
  test('minimal', () => {
    expect(make(minimal)).toMatchSnapshot();
  });

  test('with everything set', () => {
    const objects = makeOnAws(all);
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => {
    // The profile only fills in what user, group and paths leave open; how a secret's value comes about is the secrets command's.
    expect(leavesWithoutEffect(all, makeOnAws)).toEqual([
      'image.profile',
      'secrets.API_KEY.length',
      'secrets.API_KEY.provided',
      // Said only where nodes are removed: test/platform/pod-defaults.test.ts.
      'safeToEvict',
    ]);
  });

  test('the profile says as whom the image runs and where it writes', () => {
    const [container] = build({ ...minimal, image: { ...minimal.image, profile: 'nextjs' } }).objects.one(
      'Deployment',
      'shop',
    ).spec.template.spec.containers;
    expect(container.securityContext).toMatchObject({
      runAsUser: 1000,
      runAsGroup: 1000,
      readOnlyRootFilesystem: true,
    });
    expect(container.volumeMounts.map(({ mountPath }: any) => mountPath)).toEqual(['/tmp', '/app/.next/cache']);
  });

  test('an autoscaled service has no replicas: its figure is the minimum', () => {
    const { objects } = build({ ...minimal, replicas: 2, autoscaling: { maxReplicas: 5 } });
    expect(objects.one('Deployment', 'shop').spec).not.toHaveProperty('replicas');
    expect(objects.one('HorizontalPodAutoscaler', 'shop').spec).toMatchObject({ minReplicas: 2, maxReplicas: 5 });
  });

  test('the autoscaler measures the application container alone, with the speeds of the seed', () => {
    const { metrics, behavior } = build({ ...minimal, autoscaling: { maxReplicas: 5 } }).objects.one(
      'HorizontalPodAutoscaler',
      'shop',
    ).spec;
    expect(metrics.map(({ containerResource }: any) => [containerResource.name, containerResource.container])).toEqual([
      ['cpu', 'shop'],
      ['memory', 'shop'],
    ]);
    expect(metrics.map(({ containerResource }: any) => containerResource.target.averageUtilization)).toEqual([70, 80]);
    expect(behavior.scaleUp).toEqual({
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      stabilizationWindowSeconds: 0,
    });
    expect(behavior.scaleDown).toEqual({
      policies: [{ type: 'Percent', value: 50, periodSeconds: 300 }],
      stabilizationWindowSeconds: 300,
    });
  });

  test('autoscaling that is off keeps the replicas', () => {
    const { objects } = build({ ...minimal, replicas: 2, autoscaling: { enabled: false, maxReplicas: 1 } });
    expect(objects.all('HorizontalPodAutoscaler')).toEqual([]);
    expect(objects.one('Deployment', 'shop').spec.replicas).toBe(2);
  });

  test.each([
    [3, 2, { minAvailable: 2 }],
    [2, 2, { maxUnavailable: 1 }],
    [1, 2, { maxUnavailable: 1 }],
    [3, undefined, { maxUnavailable: 1 }],
  ])('%p replicas, at least %p available: %p', (replicas, minAvailable, budget) => {
    const { objects } = build({ ...minimal, replicas, disruptionBudget: { minAvailable } });
    expect(objects.one('PodDisruptionBudget', 'shop').spec).toMatchObject(budget);
  });

  test('a pod drains, then has its grace, before it is killed', () => {
    const { spec } = build({ ...minimal, shutdown: { drainSeconds: 7, graceSeconds: 11 } }).objects.one(
      'Deployment',
      'shop',
    ).spec.template;
    expect(spec.containers[0].lifecycle.preStop).toEqual({ sleep: { seconds: 7 } });
    expect(spec.terminationGracePeriodSeconds).toBe(18);
  });

  test('a changed parameter rolls the pods, and only a changed one', () => {
    const checksum = (settings: WebServiceSettings) =>
      build(settings).objects.one('Deployment', 'shop').spec.template.metadata.annotations['checksum/config'];
    const before = checksum({ ...minimal, environment: { A: 1 } });
    expect(checksum({ ...minimal, environment: { A: 2 } })).not.toBe(before);
    expect(checksum({ ...minimal, environment: { A: 1 }, replicas: 5 })).toBe(before);
  });

  test('migrations hold a lock, unless the tool locks by itself', () => {
    const command = (lock?: 'advisory' | 'none') =>
      build({ ...minimal, migrations: { command: ['alembic', 'upgrade'], lock } }).objects.one('Deployment', 'shop')
        .spec.template.spec.initContainers[0].command;
    expect(command('none')).toEqual(['alembic', 'upgrade']);
    expect(command()).toEqual(['python', '-c', expect.stringContaining('pg_try_advisory_lock'), 'alembic', 'upgrade']);
  });

  test('a digest alone names the image, and gives the version', () => {
    const digest = `sha256:${'b'.repeat(64)}`;
    const deployment = build({
      ...minimal,
      image: { repository: 'acme/shop', digest, profile: 'fastapi' },
    }).objects.one('Deployment', 'shop');
    expect(deployment.spec.template.spec.containers[0].image).toBe(`acme/shop@${digest}`);
    expect(deployment.metadata.labels['app.kubernetes.io/version']).toBe(`sha256-${'b'.repeat(56)}`);
  });

  test('an override is applied last and loses nothing else', () => {
    const system = testSystem();
    const service = new WebService(system.layer('apps'), 'shop', minimal);
    service.deployments[0]!.override({
      spec: {
        template: { spec: { hostNetwork: true, containers: [{ name: 'shop', stdin: true }, { name: 'extra' }] } },
      },
    });
    const { spec } = finished(system).one('Deployment', 'shop').spec.template;
    expect(spec.hostNetwork).toBe(true);
    expect(spec.containers.map(({ name, stdin, image }: any) => [name, stdin, image])).toEqual([
      ['shop', true, 'acme/shop:1.2.3'],
      ['extra', undefined, undefined],
    ]);
  });

  describe('refuses', () => {
    const fails = (settings: WebServiceSettings, message: string) =>
      expect(() => build(settings)).toThrow(`[shop-test/apps/shop] ${message}`);

    test('an image that nobody knows', () =>
      fails(
        { ...minimal, image: { repository: 'acme/shop', tag: '1' } },
        'image: as whom "acme/shop:1" runs and where it writes is not known (known are postgres, redis, ',
      ));

    test.each([undefined, 'latest'])('the tag %p', (tag) =>
      fails(
        { ...minimal, image: { ...minimal.image, tag } },
        `image.tag: expected a tag other than "latest" or a digest, got "acme/shop${tag ? `:${tag}` : ''}"; ` +
          'name a release, or set allowLatestImages where that is meant',
      ),
    );

    test('but not where the system allows it', () => {
      const { objects } = build(
        { ...minimal, image: { ...minimal.image, tag: 'latest' } },
        { allowLatestImages: true },
      );
      expect(objects.one('Deployment', 'shop').spec.template.spec.containers[0].image).toBe('acme/shop:latest');
    });

    test('a request above its limit', () =>
      fails(
        { ...minimal, resources: { requests: { memory: '1Gi' } } },
        'resources.requests.memory: expected at most the limit of 512Mi, got 1Gi; lower the request or raise the limit',
      ));

    test('an autoscaler that could never scale', () =>
      fails(
        { ...minimal, replicas: 4, autoscaling: { maxReplicas: 3 } },
        'autoscaling.maxReplicas: expected at least the replicas (4), got 3; raise it or lower replicas',
      ));

    test('a budget that no number of replicas would let a drain go on under', () =>
      fails(
        { ...minimal, autoscaling: { maxReplicas: 3 }, disruptionBudget: { minAvailable: 3 } },
        'disruptionBudget.minAvailable: expected less than autoscaling.maxReplicas (3), got 3; ' +
          'no number of replicas would let a drain go on',
      ));

    test.each([
      [{ maxSurge: 0 }, 'rollout: maxSurge and maxUnavailable are both 0, so that no pod could ever be replaced'],
      [
        { progressDeadlineSeconds: 5 },
        'rollout.progressDeadlineSeconds: expected more than minReadySeconds (5), got 5',
      ],
    ])('the rollout %j', (rollout, message) => fails({ ...minimal, rollout }, message));

    test('a variable set twice', () =>
      fails(
        { ...minimal, environment: { LOG_LEVEL: 'info' } },
        'environment.LOG_LEVEL: is set twice, by the settings or by relations; remove it from environment or secrets',
      ));

    test('a variable that no shell could name', () =>
      fails(
        { ...minimal, environment: { 'a-b': 'c' } },
        'environment.a-b: expected letters, digits and underscores, not beginning with a digit, got "a-b"; rename it',
      ));
  });
});
