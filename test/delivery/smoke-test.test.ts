import { Postgres } from '../../src/data/postgres';
import { SmokeTest } from '../../src/delivery/smoke-test';
import type { SmokeCheckSettings, SmokeTestSettings } from '../../src/delivery/smoke-test-settings';
import type { SystemProps } from '../../src/platform/system-settings';
import { trackReads } from '../../src/settings/tracked';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const service: WebServiceSettings = { image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' }, port: 8080 };

const all: Complete<SmokeTestSettings> = {
  enabled: true,
  checks: [
    { service: 'shop', path: '/api?all=1', status: 201, contains: 'hats', timeoutSeconds: 20 },
    { service: 'shop', path: '/metrics', status: 403, timeoutSeconds: 7 } as Complete<SmokeCheckSettings>,
  ],
  deadlineSeconds: 100,
  intervalSeconds: 3,
  keepSeconds: 1000,
  image: {
    repository: 'acme/tools',
    tag: '2',
    digest: `sha256:${'d'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['registry'],
    profile: 'fastapi',
    user: 20000,
    group: 20001,
    writablePaths: [{ path: '/work', reason: 'files between two steps', sizeLimit: '10Mi', inMemory: false }],
  },
};

interface World {
  readonly settings?: SmokeTestSettings;
  readonly shop?: Partial<WebServiceSettings>;
  readonly system?: Partial<SystemProps>;
}

function worldOf({ settings, shop, system: props }: World = {}) {
  const system = testSystem(props);
  const web = new WebService(system.layer('apps'), 'shop', { ...service, ...shop });
  const smokeTest = new SmokeTest(system.layer('delivery'), 'smoke-test', settings);
  smokeTest.check(web);
  const found = finished(system);
  return { found, smokeTest, jobs: found.all('Job') };
}

const make = (settings?: SmokeTestSettings) =>
  worldOf({ settings }).found.objects.filter(({ metadata }) => metadata.name.startsWith('smoke-test'));
const jobOf = (world?: World) => worldOf(world).jobs[0];
const scriptOf = (world?: World): string => jobOf(world).spec.template.spec.containers[0].command.at(-1);
const questionsOf = (script: string) => script.split('\n').filter((line) => line.startsWith('check '));

describe('SmokeTest', () => {
  test('minimal', () => {
    const objects = make();
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('with everything set', () => expect(make(all)).toMatchSnapshot());

  test('each setting has an effect', () => {
    // A service or a path of another name is refused, below.
    const known = { ...all, checks: all.checks.map(({ service: _, ...check }) => check) } as typeof all;
    const named = ({ checks = [], ...settings }: SmokeTestSettings) => {
      const whole = checks.map((check) => ({ ...check, service: 'shop' }));
      return make({ ...settings, checks: whole });
    };
    expect(leavesWithoutEffect(known, named)).toEqual(['image.profile']);
  });

  test('asks each service on its readiness path, and what the settings ask beside it', () => {
    const settings = { checks: [{ service: 'shop', path: '/api', contains: `it's $(HOME)` }] };
    expect(questionsOf(scriptOf({ settings }))).toEqual([
      "check shop http://shop:8080 /health/ready '' '' 5",
      `check shop http://shop:8080 /api '' 'it'\\''s $''(HOME)' 5`,
    ]);
    const shop = { servicePort: 80, health: { readiness: { path: '/is it ready' } } };
    expect(questionsOf(scriptOf({ shop }))).toEqual(["check shop http://shop:80 '/is%20it%20ready' '' '' 5"]);
  });

  test('relations open both ends, and nothing is waited for', () => {
    const system = testSystem();
    const shop = new WebService(system.layer('apps'), 'shop', service);
    shop.use(new Postgres(system.layer('data'), 'postgres'));
    const stock = new WebService(system.layer('apps'), 'stock', { ...service, port: 9090, servicePort: 80 });
    new SmokeTest(system.layer('delivery'), 'smoke-test').check(shop, stock);
    const found = finished(system);
    const { ingress, egress } = found.one('NetworkPolicy', 'smoke-test').spec;
    expect(ingress).toBeUndefined();
    expect(egress.map(({ ports, to }: any) => [ports[0].port, to[0].podSelector.matchLabels])).toEqual([
      [8080, shop.podLabels],
      [9090, stock.podLabels],
    ]);
    for (const [name, port] of [['shop', 8080] as const, ['stock', 9090] as const]) {
      const rules = found.one('NetworkPolicy', name).spec.ingress;
      expect(rules).toContainEqual({
        from: [
          {
            podSelector: {
              matchLabels: { 'app.kubernetes.io/instance': 'shop-test', 'app.kubernetes.io/name': 'smoke-test' },
            },
          },
        ],
        ports: [{ port, protocol: 'TCP' }],
      });
    }
    const pod = found.all('Job')[0].spec.template.spec;
    expect(pod.initContainers).toBeUndefined();
    expect(pod.containers[0].env).toBeUndefined();
  });

  test('a service of another namespace is asked there', () => {
    const system = testSystem({ namespaces: { data: 'shop-data' } });
    const data = system.addNamespace('data');
    const stock = new WebService(data.layer('apps'), 'stock', service);
    new SmokeTest(system.layer('delivery'), 'smoke-test').check(stock);
    const found = finished(system);
    const [job] = found.all('Job');
    expect(job.metadata.namespace).toBe('shop');
    expect(job.spec.template.spec.containers[0].command.at(-1)).toContain('check stock http://stock.shop-data:8080 ');
    const [rule] = found.one('NetworkPolicy', 'stock').spec.ingress;
    expect(rule.from[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'shop' });
  });

  test('Argo CD runs it after each sync, others know it by its component, and it goes by itself', () => {
    const { metadata, spec } = jobOf();
    expect(metadata.annotations).toEqual({
      'argocd.argoproj.io/hook': 'PostSync',
      'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
    });
    expect(metadata.labels['app.kubernetes.io/component']).toBe('smoke-test');
    expect(spec.template.metadata.labels['app.kubernetes.io/component']).toBe('smoke-test');
    expect(spec.ttlSecondsAfterFinished).toBe(86400);
  });

  test('its own deadline comes before that of the Job, which also counts the start and the last questions', () => {
    const settings = { deadlineSeconds: 60, checks: [{ service: 'shop', path: '/slow', timeoutSeconds: 90 }] };
    const { spec } = jobOf({ settings });
    expect(scriptOf({ settings })).toContain('\ndeadline=$(($(date +%s) + 60))\n');
    expect(spec.activeDeadlineSeconds).toBe(60 + 5 + 5 + 90 + 120);
  });

  test('a wrong answer fails the Job at once, and a pod that was taken away does not', () => {
    const { podFailurePolicy, backoffLimit, template } = jobOf().spec;
    const [container] = template.spec.containers;
    expect(podFailurePolicy.rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName: container.name, operator: 'In', values: [1] } },
    ]);
    expect([backoffLimit, template.spec.restartPolicy]).toEqual([3, 'Never']);
  });

  test('each release of a service is another Job, and another replica is none', () => {
    const name = (shop: Partial<WebServiceSettings> = {}) => jobOf({ shop }).metadata.name;
    expect(name()).toMatch(/^smoke-test-[0-9a-f]{10}$/);
    expect(name({ replicas: 5 })).toBe(name());
    expect(name({ image: { ...service.image, tag: '2' } })).not.toBe(name());
  });

  test('of versions beside each other, the one that gets the requests counts', () => {
    const tested = (release: WebServiceSettings['release']) =>
      jobOf({ shop: { release } }).spec.template.metadata.annotations['tested.cdk8s-webstack/shop'];
    const colours = { strategy: 'blue-green', blue: { tag: '1' }, green: { tag: '2' } } as const;
    expect(tested({ ...colours, active: 'blue' })).toBe('acme/shop:1');
    expect(tested({ ...colours, active: 'green' })).toBe('acme/shop:2');
  });

  test('of what does not run nothing is asked: where all stand by, there is nothing', () => {
    const settings = { checks: [{ service: 'shop', path: '/api' }] };
    const names = worldOf({ settings, shop: { replicas: 0 } }).found.objects.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.startsWith('smoke-test'))).toEqual([]);

    const system = testSystem();
    const shop = new WebService(system.layer('apps'), 'shop', { ...service, replicas: 0 });
    const stock = new WebService(system.layer('apps'), 'stock', service);
    const smokeTest = new SmokeTest(system.layer('delivery'), 'smoke-test', settings);
    smokeTest.check(shop, stock);
    const { activeDeadlineSeconds, template } = finished(system).all('Job')[0].spec;
    // The time for all three questions: another number of replicas is not another time.
    expect(activeDeadlineSeconds).toBe(600 + 5 + 3 * 5 + 120);
    const script = template.spec.containers[0].command.at(-1);
    expect(questionsOf(script).map((line) => line.split(' ')[1])).toEqual(['stock']);
  });

  test('switched off there is nothing', () => {
    const { smokeTest, found } = worldOf({ settings: { enabled: false } });
    expect(smokeTest.job).toBeUndefined();
    expect(found.objects.filter(({ metadata }) => metadata.name.startsWith('smoke-test'))).toEqual([]);
    expect(JSON.stringify(found.one('NetworkPolicy', 'shop'))).not.toContain('smoke-test');
  });

  test('switched off all of its settings count as read', () => {
    const tracked = trackReads({ ...all, enabled: false });
    worldOf({ settings: tracked.settings });
    expect(tracked.unread()).toEqual([]);
  });

  test('its Job is counted in the quota, and one that fails is told of', () => {
    const bound = (enabled: boolean) => {
      const { found } = worldOf({ settings: { enabled }, system: { quota: { headroom: 1 } } });
      const rules = found.all('PrometheusRule').flatMap(({ spec }) => spec.groups.flatMap((group: any) => group.rules));
      const { pods, 'requests.memory': memory } = found.one('ResourceQuota', 'quota').spec.hard;
      return [Number(pods), memory, rules.filter(({ alert }: any) => alert === 'JobFailed').length];
    };
    const [without, withTest] = [bound(false), bound(true)];
    expect([withTest[0]! as number, withTest[2]]).toEqual([(without[0] as number) + 1, 1]);
    expect(without[2]).toBe(0);
    expect(withTest[1]).not.toBe(without[1]);
  });

  test.each<[string, SmokeTestSettings, string]>([
    [
      'a service that nobody knows',
      { checks: [{ service: 'shpo', path: '/' }] },
      'checks[0].service: expected one of shop, got "shpo"; name one that the system checks',
    ],
    [
      'a path without a slash',
      { checks: [{ service: 'shop', path: 'api' }] },
      'checks[0].path: expected a path that begins with a slash, got "api"; add it',
    ],
    [
      'a status that is no answer',
      { checks: [{ service: 'shop', path: '/', status: 100 }] },
      'checks[0].status: expected an integer from 200 to 599, got 100; name the status of an answer',
    ],
    [
      'no time',
      { checks: [{ service: 'shop', path: '/', timeoutSeconds: 0 }] },
      'checks[0].timeoutSeconds: expected an integer from 1 to 300, got 0; say how long it may take',
    ],
    [
      'several lines',
      { checks: [{ service: 'shop', path: '/', contains: 'a\nb' }] },
      'checks[0].contains: expected a text of one line that is not empty, got "a\\nb"; shorten it',
    ],
    [
      'the text of an error',
      { checks: [{ service: 'shop', path: '/', status: 404, contains: 'lost' }] },
      'checks[0].contains: expected none with status 404, whose text is not read; remove one of the two',
    ],
    [
      'an image that may change',
      { image: { repository: 'busybox', tag: 'latest' } },
      'image.tag: expected a tag other than "latest" or a digest, got "busybox:latest"',
    ],
    ['an image that nobody knows', { image: { repository: 'acme/tools', tag: '1' } }, 'image: as whom "acme/tools:1"'],
  ])('%s is refused', (_, settings, message) => {
    expect(() => worldOf({ settings })).toThrow(message);
  });

  test('nobody to ask, and somebody named twice, are refused', () => {
    const system = testSystem();
    const smokeTest = new SmokeTest(system.layer('delivery'), 'smoke-test');
    expect(() => finished(system)).toThrow('check: expected a service to ask, got none; name one');
    const shop = new WebService(system.layer('apps'), 'shop', service);
    smokeTest.check(shop);
    expect(() => smokeTest.check(shop)).toThrow('check: "shop" is named twice; keep one of them');
  });
});
