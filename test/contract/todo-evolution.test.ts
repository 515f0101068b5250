import { summarize } from '../../src/outputs/summary';
import { parseBytes, parseCpu } from '../../src/platform/quantity';
import { objectsOf } from '../support/dist';
import { Finished } from '../support/system';

/** CONTRACT.md, "todo-evolution", as far as its parts exist: read from the YAML, not from the constructs. */
const dist = Object.fromEntries(
  ['dev', 'staging', 'production'].map((name) => [name, new Finished(objectsOf(`todo-evolution/${name}`))]),
) as Record<'dev' | 'staging' | 'production', Finished>;

const { production } = dist;
const podOf = (objects: Finished, kind: string, name: string) => objects.one(kind, name).spec.template.spec;
const containerOf = (objects: Finished, kind: string, name: string, container = name) =>
  podOf(objects, kind, name).containers.find((candidate: any) => candidate.name === container);

describe.each([
  ['dev', 'todo-app-dev', 'debug', 1, 1, null, null],
  ['staging', 'todo-app-staging', 'info', 2, 1, [2, 8], [1, 5]],
  ['production', 'todo-app', 'warn', 3, 2, [3, 15], [2, 10]],
] as const)('%s', (environment, namespace, logLevel, frontends, backends, frontendScale, backendScale) => {
  const objects = dist[environment];

  test('namespace, under Pod Security restricted', () => {
    expect(objects.one('Namespace', namespace).metadata.labels['pod-security.kubernetes.io/enforce']).toBe(
      'restricted',
    );
    expect(objects.all('Namespace')).toHaveLength(1);
  });

  test.each([
    ['frontend', frontends, frontendScale],
    ['backend', backends, backendScale],
  ] as const)('replicas and autoscaling of %s', (name, replicas, scale) => {
    const { spec } = objects.one('Deployment', name);
    if (!scale) {
      expect(spec.replicas).toBe(replicas);
      expect(objects.all('HorizontalPodAutoscaler')).toEqual([]);
      return;
    }
    expect(spec).not.toHaveProperty('replicas');
    const scaler = objects.one('HorizontalPodAutoscaler', name).spec;
    expect([scaler.minReplicas, scaler.maxReplicas]).toEqual(scale);
    expect(scale[0]).toBe(replicas);
  });

  test('log level', () => {
    for (const name of ['frontend', 'backend']) {
      expect(objects.one('ConfigMap', `${name}-config`).data.LOG_LEVEL).toBe(logLevel);
    }
  });
});

describe('production', () => {
  test('a ConfigMap of 40 and more parameters, whose change rolls the pods that read it', () => {
    const { data } = production.one('ConfigMap', 'backend-config');
    expect(Object.keys(data).length).toBeGreaterThanOrEqual(40);
    for (const prefix of ['DATABASE_', 'REDIS_', 'FEATURE_', 'LOG_', 'OTEL_', 'CORS_']) {
      expect(Object.keys(data).some((key) => key.startsWith(prefix))).toBe(true);
    }
    const { annotations } = production.one('Deployment', 'backend').spec.template.metadata;
    expect(annotations['checksum/config']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('secrets: passwords, JWT secret and API key are references', () => {
    const { env } = containerOf(production, 'Deployment', 'backend');
    for (const name of ['DATABASE_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET', 'API_KEY']) {
      expect(env.find((variable: any) => variable.name === name).valueFrom.secretKeyRef.key).toBeTruthy();
    }
    expect(production.all('Secret')).toEqual([]);
  });

  test.each([
    ['frontend', 3000],
    ['backend', 8000],
  ])('%s listens on %i as UID 1000, preferably on hosts and in zones of its own', (name, port) => {
    const pod = podOf(production, 'Deployment', name);
    expect(containerOf(production, 'Deployment', name).ports[0].containerPort).toBe(port);
    expect(containerOf(production, 'Deployment', name).securityContext.runAsUser).toBe(1000);
    const preferred = pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(preferred[0].podAffinityTerm.topologyKey).toBe('kubernetes.io/hostname');
    expect(pod.topologySpreadConstraints[0]).toMatchObject({ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone' });
  });

  test('the backend waits for the database, then migrates under a lock', () => {
    const names = podOf(production, 'Deployment', 'backend').initContainers.map(({ name }: any) => name);
    expect(names.indexOf('wait-for-postgres')).toBeLessThan(names.indexOf('migrations'));
    const { command } = podOf(production, 'Deployment', 'backend').initContainers.at(-1);
    expect(command[2]).toContain('pg_try_advisory_lock');
    expect(command.slice(3)).toEqual(['alembic', 'upgrade', 'head']);
  });

  test.each([
    ['postgres', /^postgres:16\..*-alpine$/, '50Gi', 9187],
    ['redis', /^redis:7\..*-alpine$/, '10Gi', 9121],
  ])('%s: one pod, its image, its volume and its exporter', (name, image, size, metrics) => {
    const { spec } = production.one('StatefulSet', name);
    expect(spec.replicas).toBe(1);
    expect(containerOf(production, 'StatefulSet', name).image).toMatch(image);
    expect(spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe(size);
    expect(containerOf(production, 'StatefulSet', name, 'exporter').ports[0].containerPort).toBe(metrics);
  });

  test('redis has a password and an append-only file', () => {
    const configuration = production.one('ConfigMap', 'redis-config').data['redis.conf'];
    expect(configuration).toContain('appendonly yes');
    expect(configuration).toContain('include /run/secrets/redis/auth.conf');
  });

  test.each([
    ['Deployment', 'frontend', 'frontend', '100m', '256Mi', '500m', '512Mi'],
    ['Deployment', 'backend', 'backend', '200m', '512Mi', '1000m', '1Gi'],
    ['StatefulSet', 'postgres', 'postgres', '300m', '512Mi', '1000m', '2Gi'],
    ['StatefulSet', 'redis', 'redis', '100m', '256Mi', '500m', '1Gi'],
    ['StatefulSet', 'postgres', 'exporter', '10m', '32Mi', '100m', '64Mi'],
    ['StatefulSet', 'redis', 'exporter', '10m', '32Mi', '100m', '64Mi'],
  ])('%s %s, container %s: %s and %s promised, %s and %s at most', (kind, workload, container, ...figures) => {
    const { requests, limits } = containerOf(production, kind, workload, container).resources;
    expect([parseCpu(requests.cpu), parseBytes(requests.memory)]).toEqual([
      parseCpu(figures[0]),
      parseBytes(figures[1]),
    ]);
    expect([parseCpu(limits.cpu), parseBytes(limits.memory)]).toEqual([parseCpu(figures[2]), parseBytes(figures[3])]);
  });

  test('budgets: two frontends, one backend', () => {
    expect(production.one('PodDisruptionBudget', 'frontend').spec.minAvailable).toBe(2);
    expect(production.one('PodDisruptionBudget', 'backend').spec.minAvailable).toBe(1);
  });

  test('autoscaling: CPU 70 %, memory 80 %, up 100 % in 15 s, down 50 % in 5 min, of the application alone', () => {
    for (const name of ['frontend', 'backend']) {
      const { metrics, behavior } = production.one('HorizontalPodAutoscaler', name).spec;
      expect(
        metrics.map(({ type, containerResource: { container, name: resource, target } }: any) => [
          type,
          container,
          resource,
          target.averageUtilization,
        ]),
      ).toEqual([
        ['ContainerResource', name, 'cpu', 70],
        ['ContainerResource', name, 'memory', 80],
      ]);
      expect(behavior.scaleUp.policies).toEqual([{ type: 'Percent', value: 100, periodSeconds: 15 }]);
      expect(behavior.scaleDown.policies).toEqual([{ type: 'Percent', value: 50, periodSeconds: 300 }]);
      expect(behavior.scaleDown.stabilizationWindowSeconds).toBe(300);
    }
  });

  test('rights: an account per workload without any, roles for people and pipelines only', () => {
    expect(
      production
        .all('ServiceAccount')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual([
      'backend',
      'frontend',
      'kafka',
      'kafka-exporter',
      'kafka-topics',
      'postgres',
      'postgres-backup',
      'redis',
      'redis-backup',
      'smoke-test',
      'zookeeper',
      'zookeeper-exporter',
    ]);
    const subjects = production.all('RoleBinding').flatMap((binding) => binding.subjects);
    expect(subjects.every(({ kind }) => kind === 'Group')).toBe(true);
    expect(
      production
        .all('Role')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['deployer', 'viewer']);
  });

  test.each([
    ['kafka', 'confluentinc/cp-kafka:7.5.0', '50Gi'],
    ['zookeeper', 'confluentinc/cp-zookeeper:7.5.0', '10Gi'],
  ])('%s: three of %s with %s each, never two on a host or unevenly over zones', (name, image, size) => {
    const { spec } = production.one('StatefulSet', name);
    expect([spec.replicas, spec.template.spec.containers[0].image]).toEqual([3, image]);
    expect(spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe(size);
    const [term] = spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(term.topologyKey).toBe('kubernetes.io/hostname');
    expect(spec.template.spec.topologySpreadConstraints[0]).toMatchObject({
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
    });
    expect(production.one('PodDisruptionBudget', name).spec.minAvailable).toBe(2);
    expect(production.all('Deployment').map(({ metadata }) => metadata.name)).toContain(`${name}-exporter`);
  });

  test('four topics with dead letters: 3 partitions, 3 copies, 2 in sync, 7 days, snappy, and bytes that fit', () => {
    const script: string = production.all('Job')[0].spec.template.spec.containers[0].command[2];
    const lines = script.split('\n').filter((line) => line.startsWith('ensure task.'));
    const names = lines.map((line) => line.split(' ')[1]);
    for (const event of ['created', 'updated', 'deleted', 'completed']) {
      expect(names).toEqual(expect.arrayContaining([`task.${event}`, `task.${event}.dead-letter`]));
    }
    for (const line of lines) {
      expect(line).toMatch(/^ensure \S+ 3 3 .*compression.type=snappy,min.insync.replicas=2,.*retention.ms=604800000/);
    }
    const kept = lines.map((line) => 3 * 3 * Number(/retention.bytes=(\d+)/.exec(line)?.[1]));
    expect(kept.reduce((a, b) => a + b)).toBeLessThan(3 * parseBytes('50Gi'));
  });

  test('dapr: state store, pub/sub, binding, four subscriptions, resiliency, certificates and tracing', () => {
    expect(
      production
        .all('Component')
        .map(({ spec }) => spec.type)
        .sort(),
    ).toEqual(['bindings.kafka', 'pubsub.kafka', 'state.redis']);
    for (const component of production.all('Component')) expect(component.scopes).toEqual(['backend']);
    const subscriptions = production
      .all('Subscription')
      .map(({ spec, scopes }) => [spec.topic, spec.routes.default, scopes]);
    expect(subscriptions).toEqual(
      ['created', 'updated', 'deleted', 'completed'].map((event) => [
        `task.${event}`,
        `/events/task/${event}`,
        ['backend'],
      ]),
    );
    expect(production.all('Resiliency')).toHaveLength(1);
    const { mtls, tracing, accessControl } = production.one('Configuration', 'backend').spec;
    expect([mtls.enabled, tracing.otel.endpointAddress]).toEqual([true, 'otel-collector.observability:4317']);
    expect(accessControl.policies.map(({ appId }: any) => appId)).toEqual(['frontend']);
  });

  test('the frontend calls the backend through the sidecars, and not past them', () => {
    const { egress } = production.one('NetworkPolicy', 'frontend').spec;
    const ports = egress.flatMap((rule: any) => rule.ports.map(({ port }: any) => port));
    expect(ports).toContain(50002);
    expect(ports).not.toContain(8000);
    expect(production.one('ConfigMap', 'frontend-config').data.BACKEND_APP_ID).toBe('backend');
  });

  test('edge: host, certificate, 100 requests a minute, CORS, security headers, body limit, routes', () => {
    const { metadata, spec } = production.one('Ingress', 'edge');
    const annotation = (name: string) => metadata.annotations[`nginx.ingress.kubernetes.io/${name}`];
    expect(spec.ingressClassName).toBe('nginx');
    expect(spec.tls).toEqual([{ hosts: ['todo-evolution.com'], secretName: 'edge-tls' }]);
    expect(metadata.annotations['cert-manager.io/cluster-issuer']).toBe('letsencrypt-production');
    expect([annotation('limit-rpm'), annotation('enable-cors'), annotation('proxy-body-size')]).toEqual([
      '100',
      'true',
      '1048576',
    ]);
    expect(Object.keys(production.one('ConfigMap', 'edge-headers').data)).toEqual([
      'Content-Security-Policy',
      'Referrer-Policy',
      'Strict-Transport-Security',
      'X-Content-Type-Options',
      'X-Frame-Options',
    ]);
    const paths = spec.rules[0].http.paths.map(({ path, backend }: any) => [path, backend.service.name]);
    expect(paths).toEqual([
      ['/api', 'backend'],
      ['/', 'frontend'],
    ]);
  });

  test.each([
    ['StatefulSet', 'kafka', 'kafka', '250m', '768Mi', '750m', '1536Mi'],
    ['StatefulSet', 'zookeeper', 'zookeeper', '75m', '192Mi', '250m', '512Mi'],
    ['Deployment', 'kafka-exporter', 'exporter', '10m', '32Mi', '100m', '64Mi'],
    ['Deployment', 'zookeeper-exporter', 'exporter', '10m', '32Mi', '100m', '64Mi'],
  ])('%s %s, container %s: %s and %s promised, %s and %s at most', (kind, workload, container, ...figures) => {
    const { requests, limits } = containerOf(production, kind, workload, container).resources;
    const found = [requests.cpu, requests.memory, limits.cpu, limits.memory];
    expect(found.map((amount, index) => (index % 2 ? parseBytes(amount) : parseCpu(amount)))).toEqual(
      figures.map((amount, index) => (index % 2 ? parseBytes(amount) : parseCpu(amount))),
    );
  });

  test.each([
    ['frontend', '50m', '128Mi', '200m', '256Mi'],
    ['backend', '100m', '128Mi', '500m', '256Mi'],
  ])('sidecar of %s: %s and %s promised, %s and %s at most', (name, ...figures) => {
    const { annotations } = production.one('Deployment', name).spec.template.metadata;
    const sidecar = ['cpu-request', 'memory-request', 'cpu-limit', 'memory-limit'];
    expect(sidecar.map((figure) => annotations[`dapr.io/sidecar-${figure}`])).toEqual(figures);
  });

  test('backups: less than 15 minutes lost, back within an hour, a spool of 10Gi, restores that are tried', () => {
    const cronJob = (name: string) => production.one('CronJob', name);
    const sum = (name: string, objective: string) => cronJob(name).metadata.annotations[`cdk8s-webstack/${objective}`];
    expect(sum('postgres-backup', 'rpo')).toMatch(/ = 5m \d+s of 15m$/);
    expect(sum('postgres-restore', 'rto')).toMatch(/ = \d+m \d+s of 1h$/);
    expect(production.one('PersistentVolumeClaim', 'postgres-backup').spec.resources.requests.storage).toBe('10Gi');
    expect(podOf(production, 'StatefulSet', 'postgres').containers.map(({ name }: any) => name)).toContain(
      'wal-upload',
    );
    expect([cronJob('postgres-restore').spec.suspend, cronJob('postgres-restore-drill').spec.suspend]).toEqual([
      true,
      false,
    ]);
    const alerts = production
      .all('PrometheusRule')
      .flatMap(({ spec }) => spec.groups.flatMap(({ rules }: any) => rules));
    expect(alerts.map(({ alert }: any) => alert)).toEqual(
      expect.arrayContaining(['PostgresWalNotSent', 'PostgresBaseBackupOld', 'PostgresRestoreDrillFailed']),
    );
    // A volume alone is enough in dev.
    expect(dist.dev.all('CronJob').map(({ metadata }) => metadata.name)).toEqual([
      'postgres-backup',
      'postgres-restore',
    ]);
    expect(JSON.stringify(dist.dev.objects)).not.toContain('backup-credentials');
  });

  test('totals: requests 2.5 CPU and 6Gi, limits 10 CPU and 14Gi, each within a tenth; 250Gi', () => {
    const { requests, limits, storage } = summarize('todo-evolution', 'production', production.objects);
    const within = (found: number, wanted: number) => expect(Math.abs(found / wanted - 1)).toBeLessThanOrEqual(0.1);
    within(parseCpu(requests.cpu), 2500);
    within(parseBytes(requests.memory), 6 * 2 ** 30);
    within(parseCpu(limits.cpu), 10_000);
    within(parseBytes(limits.memory), 14 * 2 ** 30);
    expect(storage).toBe('250Gi');
  });
});

test.each([
  ['dev', 1, 1, 1, null],
  ['staging', 3, 3, 3, 'letsencrypt-staging'],
  ['production', 3, 3, 3, 'letsencrypt-production'],
] as const)(
  '%s: %i brokers, %i ZooKeepers, %i copies, issuer %s',
  (environment, brokers, zookeepers, copies, issuer) => {
    const objects = dist[environment];
    expect(objects.one('StatefulSet', 'kafka').spec.replicas).toBe(brokers);
    expect(objects.one('StatefulSet', 'zookeeper').spec.replicas).toBe(zookeepers);
    expect(objects.one('Ingress', 'edge').metadata.annotations['cert-manager.io/cluster-issuer'] ?? null).toBe(issuer);
    const script: string = objects.all('Job')[0].spec.template.spec.containers[0].command[2];
    expect(script).toContain(`ensure task.created 3 ${copies} `);
  },
);

describe('observed', () => {
  const groupsOf = (objects: Finished) => objects.all('PrometheusRule').flatMap(({ spec }) => spec.groups);

  test.each(['staging', 'production'] as const)('%s: rules for each server, and 99.9 % of both services', (name) => {
    const groups = groupsOf(dist[name]);
    const servers = ['postgres', 'postgres-backup', 'redis', 'redis-backup', 'kafka', 'zookeeper'];
    expect(groups.map((group: any) => group.name)).toEqual(expect.arrayContaining(servers));
    for (const service of ['frontend', 'backend']) {
      const { rules } = groups.find((group: any) => group.name === `${service}-objectives`);
      const burning = rules.filter(({ alert }: any) => alert === 'ServiceAvailabilityBudgetBurns');
      expect(burning.map(({ labels }: any) => labels.window)).toEqual(['1h', '6h', '1d', '3d']);
      for (const { annotations } of burning) expect(annotations.summary).toContain('99.9 %');
    }
  });

  test('in dev nobody is told', () => expect(groupsOf(dist.dev)).toEqual([]));

  test('a dashboard for each kind of what runs', () => {
    const dashboards = production.all('ConfigMap').filter(({ metadata }) => metadata.labels.grafana_dashboard === '1');
    expect(dashboards.map(({ metadata }) => metadata.name.replace('dashboard-', '')).sort()).toEqual([
      'dapr',
      'kafka',
      'overview',
      'postgresql',
      'redis',
      'web-services',
      'zookeeper',
    ]);
  });
});
