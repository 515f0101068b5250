import { readFileSync } from 'node:fs';

import { summarize } from '../../src/outputs/summary';
import { parseBytes, parseCpu } from '../../src/platform/quantity';
import { objectsOf } from '../support/dist';
import { Finished } from '../support/system';

/** CONTRACT.md, "todo-app": read from the YAML, not from the constructs. */
const dist = Object.fromEntries(
  ['dev', 'staging', 'production'].map((name) => [name, new Finished(objectsOf(`todo-app/${name}`))]),
) as Record<'dev' | 'staging' | 'production', Finished>;

const { dev, staging, production } = dist;
const every = Object.entries(dist);
const podOf = (objects: Finished, name: string) => objects.one('Deployment', name).spec.template.spec;
const containerOf = (objects: Finished, name: string) =>
  podOf(objects, name).containers.find((candidate: any) => candidate.name === name);
const issuerOf = (objects: Finished) =>
  objects.one('Ingress', 'edge').metadata.annotations['cert-manager.io/cluster-issuer'] ?? null;

describe.each([
  ['dev', 'todo-web-dev', 'todo-app.local', null, 2, {}],
  ['staging', 'todo-web-staging', 'staging.todo-app.com', 'letsencrypt-staging', 3, { 'todo-backend': [3, 6] }],
  [
    'production',
    'todo-web',
    'todo-app.com',
    'letsencrypt-production',
    5,
    { 'todo-backend': [5, 10], 'todo-frontend': [5, 10] },
  ],
] as const)('%s', (environment, namespace, host, issuer, replicas, scales) => {
  const objects = dist[environment];

  test('one namespace, under Pod Security restricted, denied by default', () => {
    expect(objects.all('Namespace')).toHaveLength(1);
    expect(objects.one('Namespace', namespace).metadata.labels['pod-security.kubernetes.io/enforce']).toBe(
      'restricted',
    );
    expect(objects.one('NetworkPolicy', 'default-deny').spec.podSelector).toEqual({});
  });

  test('host, issuer and certificate; /api to the backend, / to the frontend', () => {
    const { spec } = objects.one('Ingress', 'edge');
    expect([spec.ingressClassName, issuerOf(objects)]).toEqual(['nginx', issuer]);
    expect(spec.tls ?? null).toEqual(issuer && [{ hosts: [host], secretName: 'edge-tls' }]);
    expect(spec.rules.map((rule: any) => rule.host)).toEqual([host]);
    expect(spec.rules[0].http.paths.map(({ path, backend }: any) => [path, backend.service.name])).toEqual([
      ['/api', 'todo-backend'],
      ['/', 'todo-frontend'],
    ]);
  });

  test.each(['todo-backend', 'todo-frontend'])('replicas of %s, or its autoscaler', (name) => {
    const { spec } = objects.one('Deployment', name);
    const scale = (scales as Record<string, readonly number[]>)[name];
    const scalers = objects.all('HorizontalPodAutoscaler').filter(({ metadata }) => metadata.name === name);
    expect(scalers.map((scaler) => [scaler.spec.minReplicas, scaler.spec.maxReplicas])).toEqual(scale ? [scale] : []);
    expect(spec.replicas).toBe(scale ? undefined : replicas);
  });
});

describe.each(every)('%s', (_, objects) => {
  test.each([
    ['todo-backend', 8000, 10001],
    ['todo-frontend', 3000, 1001],
  ])('%s listens on %i as UID %i, behind a ClusterIP', (name, port, user) => {
    const container = containerOf(objects, name);
    expect(container.ports.map(({ containerPort }: any) => containerPort)).toEqual([port]);
    expect(container.securityContext).toMatchObject({ runAsUser: user, runAsNonRoot: true });
    const { type, ports } = objects.one('Service', name).spec;
    expect([type, ports[0].port, ports[0].targetPort]).toEqual(['ClusterIP', port, container.ports[0].name]);
  });

  test('rolling update: one more, none less', () => {
    for (const name of ['todo-backend', 'todo-frontend']) {
      expect(objects.one('Deployment', name).spec.strategy).toEqual({
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
      });
    }
  });

  test.each([
    ['todo-backend', 30],
    ['todo-frontend', 45],
  ])('%s may take %i s to start, then both other probes look at it', (name, seconds) => {
    const { startupProbe, readinessProbe, livenessProbe } = containerOf(objects, name);
    const { initialDelaySeconds = 0, periodSeconds, failureThreshold } = startupProbe;
    expect(initialDelaySeconds + periodSeconds * failureThreshold).toBe(seconds);
    for (const probe of [startupProbe, readinessProbe, livenessProbe]) expect(probe.httpGet.path).toMatch(/health/);
  });

  test('parameters are in ConfigMaps, whose change rolls the pods', () => {
    for (const name of ['todo-backend', 'todo-frontend']) {
      expect(containerOf(objects, name).envFrom).toEqual([{ configMapRef: { name: `${name}-config` } }]);
      expect(Object.keys(objects.one('ConfigMap', `${name}-config`).data)).toContain('LOG_LEVEL');
      const { annotations } = objects.one('Deployment', name).spec.template.metadata;
      expect(annotations['checksum/config']).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(objects.one('ConfigMap', 'todo-frontend-config').data.TODO_BACKEND_URL).toBe('http://todo-backend:8000');
  });

  test('three keys of todo-secrets, as references of the backend alone', () => {
    const references = (name: string) =>
      (containerOf(objects, name).env ?? []).map((variable: any) => [
        variable.name,
        variable.valueFrom.secretKeyRef.name,
        variable.valueFrom.secretKeyRef.key,
      ]);
    expect(references('todo-backend').sort()).toEqual([
      ['BETTER_AUTH_SECRET', 'todo-secrets', 'better-auth-secret'],
      ['DATABASE_URL', 'todo-secrets', 'database-url'],
      ['OPENAI_API_KEY', 'todo-secrets', 'openai-api-key'],
    ]);
    expect(references('todo-frontend')).toEqual([]);
    expect(objects.all('Secret')).toEqual([]);
  });

  test('the backend gets out to its database and to the API of OpenAI, and the frontend to the backend alone', () => {
    const { annotations } = objects.one('NetworkPolicy', 'todo-backend').metadata;
    expect(annotations['cdk8s-webstack/egress']).toContain('openai (api.openai.com) on TCP 443');
    const ways = (name: string) =>
      objects
        .one('NetworkPolicy', name)
        .spec.egress.map(({ ports, to }: any) => [
          ports.map(({ port }: any) => port),
          to.map(({ ipBlock, podSelector }: any) => ipBlock?.cidr ?? podSelector.matchLabels['app.kubernetes.io/name']),
        ]);
    const database = objects === dev ? ['192.168.0.0/16', '172.16.0.0/12'] : ['10.40.8.0/28'];
    expect(ways('todo-backend')).toEqual([
      [[5432], database],
      [[443], ['0.0.0.0/0']],
    ]);
    const [, toOpenai] = objects.one('NetworkPolicy', 'todo-backend').spec.egress;
    expect(toOpenai.to[0].ipBlock.except).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']),
    );
    expect(ways('todo-frontend')).toEqual([[[8000], ['todo-backend']]]);
  });

  test('bounds for CPU and memory', () => {
    for (const name of ['todo-backend', 'todo-frontend']) {
      const { requests, limits } = containerOf(objects, name).resources;
      expect([limits.cpu, limits.memory]).toEqual(['500m', '512Mi']);
      expect(parseCpu(requests.cpu)).toBeGreaterThan(0);
      expect(parseBytes(requests.memory)).toBeGreaterThan(0);
    }
  });
});

test('who waits: the backend for its database where there surely is one, and nobody for OpenAI', () => {
  const waits = (objects: Finished) =>
    ['todo-backend', 'todo-frontend'].map((name) =>
      (podOf(objects, name).initContainers ?? []).map((container: any) => container.name),
    );
  expect(waits(dev)).toEqual([[], []]);
  expect(waits(staging)).toEqual([['wait-for-database'], []]);
  expect(waits(production)).toEqual([['wait-for-database'], []]);
});

describe('dev', () => {
  test('images of the machine itself: no registry, asked for only where there is none of the name', () => {
    for (const name of ['todo-backend', 'todo-frontend']) {
      const { image, imagePullPolicy } = containerOf(dev, name);
      expect([image, imagePullPolicy]).toEqual([`${name}:dev`, 'IfNotPresent']);
    }
  });

  test('the quota, rollouts and headroom included, fits into Minikube with 4 CPU and 8 GiB', () => {
    const { hard } = dev.one('ResourceQuota', 'quota').spec;
    // What Minikube's own pods and the ingress controller ask for.
    expect(parseCpu(hard['requests.cpu'])).toBeLessThan(4000 - 1000);
    expect(parseBytes(hard['requests.memory'])).toBeLessThan(6 * 2 ** 30);
    expect(parseBytes(hard['limits.memory'])).toBeLessThan(8 * 2 ** 30);
    expect(summarize('todo-app', 'dev', dev.objects)).toMatchObject({ pods: 4, storage: '0' });
  });
});

describe('production', () => {
  test('autoscaling at 70 % of CPU, of the application alone', () => {
    for (const name of ['todo-backend', 'todo-frontend']) {
      const { metrics } = production.one('HorizontalPodAutoscaler', name).spec;
      const cpu = metrics.find(({ containerResource }: any) => containerResource.name === 'cpu').containerResource;
      expect([cpu.container, cpu.target]).toEqual([name, { type: 'Utilization', averageUtilization: 70 }]);
    }
  });

  test('pods keep to hosts of their own where they can, and a drain takes one at a time', () => {
    for (const name of ['todo-backend', 'todo-frontend']) {
      const [{ podAffinityTerm }] = podOf(production, name).affinity.podAntiAffinity
        .preferredDuringSchedulingIgnoredDuringExecution;
      expect([podAffinityTerm.topologyKey, podAffinityTerm.labelSelector.matchLabels]).toEqual([
        'kubernetes.io/hostname',
        production.one('Deployment', name).spec.selector.matchLabels,
      ]);
      expect(production.one('PodDisruptionBudget', name).spec.minAvailable).toBe(4);
    }
  });

  test('security headers, HSTS where there is a certificate', () => {
    const headers = (objects: Finished) => objects.one('ConfigMap', 'edge-headers').data;
    expect(Object.keys(headers(production))).toEqual([
      'Content-Security-Policy',
      'Referrer-Policy',
      'Strict-Transport-Security',
      'X-Content-Type-Options',
      'X-Frame-Options',
    ]);
    expect(headers(dev)).not.toHaveProperty('Strict-Transport-Security');
  });
});

describe('images', () => {
  test.each([
    ['backend', 10001, 2, '"fastapi", "run"', 8000],
    ['frontend', 1001, 3, '"node", "server.js"', 3000],
  ])('%s: built in stages, for the user and port of the manifests', (name, user, stages, command, port) => {
    const dockerfile = readFileSync(`examples/todo-app/${name}/Dockerfile`, 'utf8');
    const said = (word: string) => [...dockerfile.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest]) => rest);
    expect(said('FROM')).toHaveLength(stages);
    expect([said('USER'), said('EXPOSE')]).toEqual([[`${user}:${user}`], [`${port}`]]);
    expect(dockerfile).toContain(`[${command}`);
    expect(containerOf(dev, `todo-${name}`).securityContext.runAsUser).toBe(user);
  });

  test("Next.js' standalone output is what is copied", () => {
    expect(readFileSync('examples/todo-app/frontend/next.config.ts', 'utf8')).toContain("output: 'standalone'");
    expect(readFileSync('examples/todo-app/frontend/Dockerfile', 'utf8')).toContain('/app/.next/standalone ./');
  });
});

test.each(every)('%s: dashboards', (_, objects) => {
  const dashboards = objects.all('ConfigMap').filter(({ metadata }) => metadata.labels.grafana_dashboard === '1');
  expect(dashboards.map(({ metadata }) => metadata.name)).toEqual(['dashboard-overview', 'dashboard-web-services']);
});

test('rules of what all workloads share, but in dev', () => {
  const groupsOf = (objects: Finished) =>
    objects.all('PrometheusRule').flatMap(({ spec }) => spec.groups.map((group: any) => group.name));
  for (const objects of [staging, production]) expect(groupsOf(objects)).toContain('quota');
  expect(groupsOf(dev)).toEqual([]);
});
