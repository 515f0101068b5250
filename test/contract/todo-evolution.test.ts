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
      'redis',
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
});
