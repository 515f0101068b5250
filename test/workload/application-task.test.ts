import { Dapr } from '../../src/dapr/dapr';
import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import { ApplicationTask, type ApplicationTaskSettings } from '../../src/workload/application-task';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { schemaErrors } from '../support/kubernetes-schema';
import { AWS, finished, testSystem } from '../support/system';

const application: WebServiceSettings = {
  image: { repository: 'acme/api', tag: '1.2.3', profile: 'fastapi' },
  port: 8080,
  environment: { REGION: 'north' },
  secrets: { API_KEY: {} },
  health: { startup: { path: '/up' } },
};

const minimal: ApplicationTaskSettings = { command: ['tidy'] };

const all: Complete<ApplicationTaskSettings> = {
  command: ['tidy', '--days', '30'],
  trigger: 'manual',
  schedule: '17 3 * * *',
  timeZone: 'Europe/Berlin',
  lock: 'advisory',
  retries: 1,
  deadlineSeconds: 60,
  history: 5,
  spot: true,
  resources: {
    requests: { cpu: '10m', memory: '20Mi', ephemeralStorage: '30Mi' },
    limits: { cpu: '20m', memory: '40Mi', ephemeralStorage: '60Mi' },
  },
};

function shop(settings: ApplicationTaskSettings, given: Partial<WebServiceSettings> = {}, props = {}) {
  const system = testSystem(props);
  const postgres = new Postgres(system.layer('data'), 'postgres');
  const api = new WebService(system.layer('apps'), 'api', { ...application, ...given });
  const task = new ApplicationTask(api, 'api-tidy', settings);
  return { system, postgres, api, task };
}

/** What the task itself adds. */
const make = (settings: ApplicationTaskSettings, given: Partial<WebServiceSettings> = {}, props = {}) =>
  finished(shop(settings, given, props).system).objects.filter(
    ({ metadata }) => metadata.labels['app.kubernetes.io/name'] === 'api-tidy',
  );
const makeOnAws = (settings: ApplicationTaskSettings) => make(settings, {}, { cloud: AWS });
const runs = (settings: ApplicationTaskSettings, given: Partial<WebServiceSettings> = {}) =>
  make(settings, given).find(({ kind }) => kind === 'Job' || kind === 'CronJob');

describe('ApplicationTask', () => {
  test('minimal', () => expect(make(minimal)).toMatchSnapshot());

  test('with everything set', () => {
    const objects = makeOnAws(all);
    expect(objects).toMatchSnapshot();
    expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('each setting has an effect', () => {
    // Another time and another zone that are none are refused.
    const { schedule: _, timeZone: __, ...rest } = all;
    expect(leavesWithoutEffect(rest, makeOnAws)).toEqual([]);
    const { schedule, timeZone } = runs({ ...all, spot: false }).spec;
    expect({ schedule, timeZone }).toEqual({ schedule: '17 3 * * *', timeZone: 'Europe/Berlin' });
  });

  test('has the container of the application, with another command and no port', () => {
    const { system, postgres, api } = shop(minimal);
    api.use(postgres);
    const objects = finished(system);
    const [own] = objects.one('Deployment', 'api').spec.template.spec.containers;
    const [job] = objects.all('Job');
    const [container] = job.spec.template.spec.containers;
    const { ports: _, startupProbe: __, readinessProbe: ___, livenessProbe: ____, lifecycle: _____, ...same } = own;
    const volumeMounts = [{ name: 'api-tidy-tmp', mountPath: '/tmp' }];
    expect(container).toEqual({ ...same, name: 'api-tidy', command: ['tidy'], volumeMounts });
    expect(container.env.map(({ name }: any) => name)).toContain('DATABASE_URL');
    expect(job.spec.template.spec.initContainers.map(({ name }: any) => name)).toEqual(['wait-for-postgres']);
    expect(everywhereProblems(objects.objects)).toEqual([]);
  });

  test('is selected by nothing that is meant for the application', () => {
    const { system } = shop(minimal, { replicas: 3 });
    const objects = finished(system);
    const { labels } = objects.all('Job')[0].spec.template.metadata;
    const selectors = [
      objects.one('Service', 'api').spec.selector,
      objects.one('PodDisruptionBudget', 'api').spec.selector.matchLabels,
      objects.one('Deployment', 'api').spec.selector.matchLabels,
      objects.one('NetworkPolicy', 'api').spec.podSelector.matchLabels,
    ];
    for (const selector of selectors) expect(labels).not.toMatchObject(selector);
    expect(labels).toMatchObject(objects.one('NetworkPolicy', 'api-tidy').spec.podSelector.matchLabels);
  });

  test('reaches what the application reaches, declared before or after it, and is reached by nobody', () => {
    const system = testSystem();
    const [postgres, redis] = [
      new Postgres(system.layer('data'), 'postgres'),
      new Redis(system.layer('data'), 'redis'),
    ];
    const api = new WebService(system.layer('apps'), 'api', application);
    const web = new WebService(system.layer('apps'), 'web', application);
    web.use(api);
    api.use(postgres);
    new ApplicationTask(api, 'api-tidy', minimal);
    api.use(redis);
    const objects = finished(system);
    const policy = objects.one('NetworkPolicy', 'api-tidy').spec;
    expect(policy.egress).toEqual(objects.one('NetworkPolicy', 'api').spec.egress);
    expect(policy.egress.map(({ ports: [{ port }] }: any) => port)).toEqual([5432, 6379]);
    expect(policy).not.toHaveProperty('ingress');
    for (const server of ['postgres', 'redis']) {
      const { ingress } = objects.one('NetworkPolicy', server).spec;
      expect(JSON.stringify(ingress)).toContain('"app.kubernetes.io/name":"api-tidy"');
    }
  });

  test.each(['before', 'after'])('acts as the identity of the application, given %s it', (when) => {
    const identity = 'arn:aws:iam::111122223333:role/shop';
    const { system, api } = shop(minimal, when === 'before' ? { identity } : {}, { cloud: AWS });
    if (when === 'after') api.assumeIdentity(identity);
    const objects = finished(system);
    const annotations = { 'eks.amazonaws.com/role-arn': identity };
    expect(objects.one('ServiceAccount', 'api-tidy').metadata.annotations).toMatchObject(annotations);
    expect(objects.one('NetworkPolicy', 'api-tidy').spec.egress).toHaveLength(1);
  });

  describe('of a release', () => {
    test('runs again for another image, command or parameter, and for nothing else', () => {
      const name = (settings: ApplicationTaskSettings, given: Partial<WebServiceSettings> = {}) =>
        runs(settings, given).metadata.name;
      const before = name(minimal);
      expect(before).toMatch(/^api-tidy-[0-9a-f]{10}$/);
      expect(name(minimal, { image: { ...application.image, tag: '1.2.4' } })).not.toBe(before);
      expect(name(minimal, { environment: { REGION: 'south' } })).not.toBe(before);
      expect(name({ command: ['tidy', '--all'] })).not.toBe(before);
      expect(name({ ...minimal, retries: 9 }, { replicas: 9 })).toBe(before);
    });

    test('stays as the record that it ran', () => {
      expect(runs(minimal).spec).not.toHaveProperty('ttlSecondsAfterFinished');
    });
  });

  test('a schedule is kept, and does not begin while the last run goes on', () => {
    const { kind, metadata, spec } = runs({ ...minimal, schedule: '17 3 * * *' });
    expect([kind, metadata.name]).toEqual(['CronJob', 'api-tidy']);
    expect(spec).toMatchObject({
      schedule: '17 3 * * *',
      suspend: false,
      concurrencyPolicy: 'Forbid',
      timeZone: 'Etc/UTC',
    });
  });

  test('by hand alone: a CronJob that never runs by itself, whatever its schedule', () => {
    expect(runs({ ...minimal, trigger: 'manual' }).spec).toMatchObject({ suspend: true, schedule: '0 0 31 2 *' });
    const paused: ApplicationTaskSettings = { ...minimal, trigger: 'manual', schedule: '17 3 * * *' };
    expect(runs(paused).spec).toMatchObject({ suspend: true, schedule: '17 3 * * *' });
  });

  test('relations that are declared after a CronJob count, too', () => {
    const { system, postgres, api } = shop({ ...minimal, trigger: 'manual' });
    api.use(postgres);
    const { spec } = finished(system).one('CronJob', 'api-tidy').spec.jobTemplate.spec.template;
    expect(spec.initContainers.map(({ name }: any) => name)).toEqual(['wait-for-postgres']);
  });

  describe('of an application with a sidecar', () => {
    function withSidecar() {
      const { system, postgres, api } = shop(minimal);
      const redis = new Redis(system.layer('data'), 'redis');
      const dapr = new Dapr(system.layer('dapr'), 'dapr');
      return { system, postgres, api, redis, state: dapr.stateStore('state', redis) };
    }

    test('has none, and neither reaches nor waits for what only the sidecar dials', () => {
      const { system, api, postgres, state } = withSidecar();
      api.use(state);
      api.use(postgres);
      const objects = finished(system);
      const { metadata, spec } = objects.all('Job')[0].spec.template;
      expect(JSON.stringify(metadata.annotations)).not.toContain('dapr.io');
      expect(spec.initContainers.map(({ name }: any) => name)).toEqual(['wait-for-postgres']);
      const { egress } = objects.one('NetworkPolicy', 'api-tidy').spec;
      expect(egress.map(({ ports: [{ port }] }: any) => port)).toEqual([5432]);
      expect(JSON.stringify(objects.one('NetworkPolicy', 'redis').spec)).not.toContain('api-tidy');
    });

    test.each(['before', 'after'])('reaches what the application uses itself %s its sidecar does', (when) => {
      const { system, api, redis, state } = withSidecar();
      if (when === 'before') api.use(redis);
      api.use(state);
      if (when === 'after') api.use(redis);
      const objects = finished(system);
      const { spec } = objects.all('Job')[0].spec.template;
      expect(spec.initContainers.map(({ name }: any) => name)).toEqual(['wait-for-redis']);
      expect(objects.one('NetworkPolicy', 'api-tidy').spec.egress).toHaveLength(1);
      const { ingress } = objects.one('NetworkPolicy', 'redis').spec;
      expect(ingress.filter((rule: any) => JSON.stringify(rule).includes('"api"'))).toHaveLength(1);
    });

    test('is refused where the application uses everything through it', () => {
      const { system, api, state } = withSidecar();
      api.use(state);
      expect(() => finished(system)).toThrow(
        '[shop-test/apps/api/api-tidy] command: api uses everything through its sidecar, which a task does not have; ' +
          'let api use what the command needs itself',
      );
    });
  });

  describe('refuses', () => {
    test.each<[string, ApplicationTaskSettings, string]>([
      ['no command', { command: [] }, 'command: expected a command, got none'],
      ['no schedule', { ...minimal, trigger: 'schedule' }, 'schedule: is missing, and trigger is schedule'],
      [
        'a schedule for a release',
        { ...minimal, trigger: 'release', schedule: '* * * * *' },
        'trigger: expected schedule or manual, for there is a schedule, got release',
      ],
      ['a schedule that is none', { ...minimal, schedule: '* * * * 7' }, 'schedule: expected as its day of the week'],
      ['a zone that is none', { ...minimal, timeZone: 'Europe/Bonn' }, 'timeZone: expected a time zone such as'],
      [
        'a request above its limit',
        { ...minimal, resources: { requests: { memory: '2Gi' } } },
        'resources.requests.memory: expected at most the limit of 512Mi, got 2Gi',
      ],
    ])('%s', (_, settings, message) => {
      expect(() => make(settings)).toThrow(`[shop-test/apps/api/api-tidy] ${message}`);
    });

    test('a name to which its Jobs can add nothing', () => {
      const { api } = shop(minimal);
      expect(new ApplicationTask(api, 'a'.repeat(52), minimal).workloadName).toHaveLength(52);
      expect(() => new ApplicationTask(api, 'a'.repeat(53), minimal)).toThrow('id: expected at most 52 characters');
    });
  });
});
