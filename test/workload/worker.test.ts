import { Kafka } from '../../src/messaging/kafka';
import { Redis } from '../../src/data/redis';
import { Secrets } from '../../src/platform/secrets';
import type { SystemProps } from '../../src/platform/system-settings';
import { ApplicationTask } from '../../src/workload/application-task';
import type { AutoscalingSettings } from '../../src/workload/autoscaling';
import { Worker } from '../../src/workload/worker';
import type { WorkerSettings } from '../../src/workload/worker-settings';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { brokenLink } from '../support/links';
import { AWS, finished, testSystem } from '../support/system';

const minimal: WorkerSettings = {
  image: { repository: 'acme/mail', tag: '1.2.3', profile: 'fastapi' },
  health: { readiness: { command: ['reaches-queue'] }, liveness: { command: ['is-alive', '--within', '60'] } },
};

const queue = { external: { name: 'queue_length', averageValue: '50', labels: { queue: 'mail' } } };

/** Of what autoscalers measure: test/workload/autoscaling.test.ts. */
const all: Complete<Omit<WorkerSettings, 'autoscaling' | 'verticalAutoscaling'>> & {
  autoscaling: Complete<Omit<AutoscalingSettings, 'resources' | 'metrics'>>;
  verticalAutoscaling: WorkerSettings['verticalAutoscaling'];
} = {
  image: {
    repository: 'acme/mail',
    tag: '1.2.3',
    digest: `sha256:${'a'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['registry'],
    profile: 'fastapi',
    user: 20000,
    group: 20001,
    writablePaths: [{ path: '/var/cache', reason: 'attachments', sizeLimit: '100Mi', inMemory: true }],
  },
  command: ['send', '--forever'],
  replicas: 3,
  logLevel: 'warn',
  environment: { BATCH: 10 },
  secrets: { API_KEY: { secret: 'keys', key: 'api', length: 40, provided: false } },
  identity: 'arn:aws:iam::111122223333:role/mail',
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
  verticalAutoscaling: { min: { cpu: '50m', memory: '64Mi' }, max: { cpu: '150m', memory: '200Mi' } },
  disruptionBudget: { minAvailable: 1 },
  spread: { hosts: 'required', zones: 'required' },
  spot: true,
  safeToEvict: false,
  health: {
    startup: { command: ['has-begun'], periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 30 },
    readiness: { command: ['reaches-queue'], periodSeconds: 4, timeoutSeconds: 5, failureThreshold: 6 },
    liveness: { command: ['is-alive'], periodSeconds: 7, timeoutSeconds: 8, failureThreshold: 9 },
  },
  metrics: { port: 9100, path: '/figures' },
  alerts: { enabled: true, cpuPercent: 80, memoryPercent: 85, restarts: 5, deployments: true },
  rollout: { maxSurge: 2, maxUnavailable: 1, minReadySeconds: 10, progressDeadlineSeconds: 300 },
  shutdown: { graceSeconds: 20 },
};

const PROPS: Partial<SystemProps> = { cloud: AWS, pods: { nodeAutoscaling: true } };

function build(settings: Partial<WorkerSettings> = {}, props: Partial<SystemProps> = {}) {
  const system = testSystem(props);
  const worker = new Worker(system.layer('apps'), 'mail', { ...minimal, ...settings });
  return { system, worker };
}
const make = (settings: Partial<WorkerSettings> = {}, props: Partial<SystemProps> = {}) =>
  finished(build(settings, props).system);
const podOf = (found: ReturnType<typeof finished>) => found.one('Deployment', 'mail').spec.template;

describe('Worker', () => {
  test('minimal: pods, and nothing by which somebody could call them', () => {
    const found = make();
    expect(found.all('Service')).toEqual([]);
    const [container] = podOf(found).spec.containers;
    expect(container).not.toHaveProperty('ports');
    expect(container).not.toHaveProperty('lifecycle');
    expect(found.one('NetworkPolicy', 'mail').spec).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'shop-test', 'app.kubernetes.io/name': 'mail' } },
      policyTypes: ['Ingress', 'Egress'],
    });
    expect(found.one('Deployment', 'mail').spec.replicas).toBe(1);
    expect(found.one('Deployment', 'mail').metadata.labels['app.kubernetes.io/component']).toBe('worker');
    expect(found.one('PodDisruptionBudget', 'mail').spec).toMatchObject({ maxUnavailable: 1 });
    expect(found.all('HorizontalPodAutoscaler')).toEqual([]);
    expect(everywhereProblems(found.objects, { secrets: [] })).toEqual([]);
  });

  test('with everything set', () => {
    const { system } = build(all, PROPS);
    const secrets = Secrets.of(system).all;
    const { objects } = finished(system);
    expect(objects.filter(({ metadata }) => metadata.name.startsWith('mail'))).toMatchSnapshot();
    expect(everywhereProblems(objects, { secrets })).toEqual([]);
    expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
  });

  test('each setting has an effect', () => {
    // The profile only fills in what is left open; how a secret's value comes about is the secrets command's.
    expect(leavesWithoutEffect(all, (settings) => make(settings as WorkerSettings, PROPS).objects)).toEqual([
      'image.profile',
      'secrets.API_KEY.length',
      'secrets.API_KEY.provided',
    ]);
  });

  test('is asked by commands, each of its own kind', () => {
    const [{ startupProbe, readinessProbe, livenessProbe }] = podOf(make()).spec.containers;
    const alive = { exec: { command: ['is-alive', '--within', '60'] } };
    expect(startupProbe).toEqual({ ...alive, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 12 });
    expect(livenessProbe).toEqual({ ...alive, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 });
    const ready = { exec: { command: ['reaches-queue'] } };
    expect(readinessProbe).toEqual({ ...ready, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 });
  });

  test('has its grace to finish, and no drain before it, for nobody sends it anything', () => {
    const seconds = (settings: Partial<WorkerSettings>) => podOf(make(settings)).spec.terminationGracePeriodSeconds;
    expect(seconds({})).toBe(30);
    expect(seconds({ shutdown: { graceSeconds: 300 } })).toBe(300);
  });

  test('is scaled by what waits in the queue alone', () => {
    const found = make({ replicas: 2, autoscaling: { maxReplicas: 6, resources: [], metrics: [queue] } });
    expect(found.one('Deployment', 'mail').spec).not.toHaveProperty('replicas');
    const { minReplicas, maxReplicas, metrics } = found.one('HorizontalPodAutoscaler', 'mail').spec;
    expect([minReplicas, maxReplicas]).toEqual([2, 6]);
    const metric = { name: 'queue_length', selector: { matchLabels: { queue: 'mail' } } };
    expect(metrics).toEqual([
      { type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: '50' } } },
    ]);
  });

  test('stands by without pods, without an autoscaler that would make some, and without an alert that it is down', () => {
    const found = make({
      replicas: 0,
      alerts: { enabled: true },
      autoscaling: { maxReplicas: 6 },
      verticalAutoscaling: {},
    });
    expect(found.one('Deployment', 'mail').spec.replicas).toBe(0);
    expect([...found.all('HorizontalPodAutoscaler'), ...found.all('VerticalPodAutoscaler')]).toEqual([]);
    expect(JSON.stringify(found.objects)).not.toContain('WorkerDown');
    expect(everywhereProblems(found.objects)).toEqual([]);
  });

  test('a changed parameter rolls the pods', () => {
    const checksum = (settings: Partial<WorkerSettings>) =>
      podOf(make(settings)).metadata.annotations['checksum/config'];
    expect(checksum({ environment: { A: 1 } })).not.toBe(checksum({ environment: { A: 2 } }));
    expect(checksum({ environment: { A: 1 } })).toBe(checksum({ environment: { A: 1 }, replicas: 5 }));
  });

  test('tells its metrics to Prometheus and to nobody else', () => {
    const found = make({ metrics: { port: 9100 } });
    const [container] = podOf(found).spec.containers;
    expect(container.ports).toEqual([{ name: 'metrics', containerPort: 9100, protocol: 'TCP' }]);
    expect(found.one('ConfigMap', 'mail-config').data).toMatchObject({ METRICS_PORT: '9100' });
    expect(podOf(found).metadata.annotations).toMatchObject({
      'prometheus.io/path': '/metrics',
      'prometheus.io/port': '9100',
    });
    const { ingress } = found.one('NetworkPolicy', 'mail').spec;
    expect(ingress).toHaveLength(1);
    expect(ingress[0].from[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'monitoring' });
    expect(found.all('Service')).toEqual([]);
    const operated = make({ metrics: { port: 9100 } }, { prometheus: { scraping: 'prometheus-operator' } });
    expect(operated.one('PodMonitor', 'mail').spec.podMetricsEndpoints).toEqual([
      { port: 'metrics', path: '/metrics' },
    ]);
  });

  test('lends its container to a task, which reaches what it uses', () => {
    const { system, worker } = build();
    worker.use(new Redis(system.layer('data'), 'queue'));
    new ApplicationTask(worker, 'mail-requeue', { command: ['requeue'], schedule: '0 3 * * *' });
    const found = finished(system);
    expect(found.one('NetworkPolicy', 'mail-requeue').spec.egress).toEqual(
      found.one('NetworkPolicy', 'mail').spec.egress,
    );
  });
});

describe('what a worker uses', () => {
  const egress = (name: string, port: number) => [
    {
      ports: [{ port, protocol: 'TCP' }],
      to: [{ podSelector: { matchLabels: expect.objectContaining({ 'app.kubernetes.io/name': name }) } }],
    },
  ];
  const asksFor = (policy: any, port: number) =>
    policy.spec.ingress.filter(
      ({ ports, from }: any) => ports[0].port === port && JSON.stringify(from).includes('"mail"'),
    );

  test('Redis as a queue: its address and password, a wait, and policies at both ends', () => {
    const { system, worker } = build();
    worker.use(new Redis(system.layer('data'), 'queue'));
    const secrets = Secrets.of(system).all;
    const found = finished(system);
    const { containers, initContainers } = podOf(found).spec;
    expect(containers[0].env).toEqual([
      {
        name: 'REDIS_PASSWORD',
        valueFrom: { secretKeyRef: { name: 'queue-credentials', key: 'password' } },
      },
      { name: 'REDIS_URL', value: 'redis://:$(REDIS_PASSWORD)@queue:6379/0' },
    ]);
    expect(initContainers.map(({ name }: any) => name)).toEqual(['wait-for-queue']);
    expect(found.one('NetworkPolicy', 'mail').spec.egress).toEqual(egress('queue', 6379));
    expect(asksFor(found.one('NetworkPolicy', 'queue'), 6379)).toHaveLength(1);
    expect(everywhereProblems(found.objects, { secrets })).toEqual([]);
  });

  test('Kafka: the same', () => {
    const { system, worker } = build();
    const kafka = new Kafka(system.layer('messaging'), 'kafka', {
      mode: 'kraft',
      clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
      brokers: 1,
    });
    worker.use(kafka);
    const found = finished(system);
    expect(found.one('ConfigMap', 'mail-config').data).toMatchObject(kafka.endpoint.environment!);
    expect(found.one('NetworkPolicy', 'mail').spec.egress).toEqual(egress('kafka', 9092));
    expect(asksFor(found.one('NetworkPolicy', 'kafka'), 9092)).toHaveLength(1);
    expect(everywhereProblems(found.objects)).toEqual([]);
  });
});

describe('alerts of a worker', () => {
  const rulesOf = (found: ReturnType<typeof finished>): any[] =>
    found
      .all('PrometheusRule')
      .filter(({ metadata }) => metadata.name === 'shop-test')
      .flatMap(({ spec }) => spec.groups)
      .flatMap(({ rules }) => rules);
  const rules = rulesOf(make({ alerts: { enabled: true } }));

  test('nobody is told who does not ask for it, nor where the system wants no rules', () => {
    expect(rulesOf(make())).toEqual([]);
    expect(rulesOf(make({ alerts: { restarts: 1 } }))).toEqual([]);
    expect(rulesOf(make({ alerts: { enabled: true } }, { alertRules: 'none' }))).toEqual([]);
  });

  test('each leads to a runbook that is there', () => {
    expect(rules.map(({ alert, labels }) => `${labels.severity} ${alert} ${labels.worker}`)).toEqual([
      'critical WorkerDown mail',
      'warning WorkerUnknown mail',
      'warning WorkerRolloutStuck mail',
      'warning WorkerCpuHigh mail',
      'warning WorkerMemoryHigh mail',
      'warning WorkerRestarts mail',
      'info WorkerDeployed mail',
    ]);
    const links = rules.map(({ annotations }) => annotations.runbook_url);
    expect(links.map(brokenLink).filter(Boolean)).toEqual([]);
    expect(new Set(links).size).toBe(links.length);
  });

  test('none asks for a Service, which a worker has not', () =>
    expect(JSON.stringify(rules)).not.toContain('endpointslice'));
});

describe('refuses', () => {
  const health = minimal.health;
  test.each<[string, Partial<WorkerSettings>, string]>([
    [
      'two questions that are one',
      { health: { ...health, readiness: { ...health.liveness, periodSeconds: 3 } } },
      'health.readiness.command: expected another command than that of liveness, got ["is-alive","--within","60"] twice; ' +
        'let this one ask whether it can take messages, and liveness whether it hangs',
    ],
    [
      'a question that asks nothing',
      { health: { ...health, startup: { command: [] } } },
      'health.startup.command: expected a command, got none; name its program',
    ],
    [
      'an autoscaler that could never scale',
      { replicas: 4, autoscaling: { maxReplicas: 3 } },
      'autoscaling.maxReplicas: expected at least the replicas (4), got 3; raise it or lower replicas',
    ],
    [
      'a budget that no drain could meet',
      { autoscaling: { maxReplicas: 3 }, disruptionBudget: { minAvailable: 3 } },
      'disruptionBudget.minAvailable: expected less than autoscaling.maxReplicas (3), got 3; ',
    ],
    [
      'a rollout that replaces nothing',
      { rollout: { maxSurge: 0 } },
      'rollout: maxSurge and maxUnavailable are both 0, so that no pod could ever be replaced',
    ],
    [
      'both autoscalers on one figure',
      { autoscaling: { maxReplicas: 3 }, verticalAutoscaling: { mode: 'automatic' } },
      'verticalAutoscaling.mode: automatic would change the request of cpu and memory, ',
    ],
    [
      'an image that may change',
      { image: { ...minimal.image, tag: 'latest' } },
      'image.tag: expected a tag other than "latest" or a digest, got "acme/mail:latest"; ',
    ],
  ])('%s', (_, settings, message) => expect(() => build(settings)).toThrow(`[shop-test/apps/mail] ${message}`));

  test('a name that Kubernetes would cut, where alerts look for it', () => {
    const name = 'a'.repeat(40);
    const system = testSystem();
    const make = () => new Worker(system.layer('apps'), name, { ...minimal, alerts: { enabled: true } });
    expect(make).toThrow(`alerts: expected a name of at most 39 characters, got "${name}"; `);
  });
});
