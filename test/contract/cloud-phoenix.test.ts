import { objectsOf } from '../support/dist';
import { Finished } from '../support/system';

/** CONTRACT.md, "cloud-phoenix": read from the YAML, not from the constructs. */
const ENVIRONMENTS = [
  ['dev', 'phoenix-apps-dev', 'phoenix-data-dev', 'dev.phoenix.example.com', [1, 1, 1]],
  ['staging', 'phoenix-apps-staging', 'phoenix-data-staging', 'staging.phoenix.example.com', [2, 2, 2]],
  ['production', 'phoenix-apps', 'phoenix-data', 'phoenix.example.com', [3, 2, 2]],
] as const;
const SERVICES = ['web-api', 'data-service', 'storage-service'];

const inside = (namespace: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': namespace } });
const named = (name: string) => expect.objectContaining({ 'app.kubernetes.io/name': name });

describe.each(ENVIRONMENTS)('%s', (environment, apps, data, host, replicas) => {
  const dist = new Finished(objectsOf(`cloud-phoenix/${environment}`));
  const of = (namespace: string, kind: string) =>
    dist.all(kind).filter(({ metadata }) => metadata.namespace === namespace);
  const namespaceOf = (kind: string, name: string) => dist.one(kind, name).metadata.namespace;

  test('an apps and a data namespace: what the world talks to, and what keeps data', () => {
    expect(dist.all('Namespace').map(({ metadata }) => metadata.name)).toEqual([apps, data]);
    expect(SERVICES.map((name) => namespaceOf('Deployment', name))).toEqual([apps, data, data]);
    expect(namespaceOf('StatefulSet', 'postgres')).toBe(data);
    expect(dist.one('Ingress', 'edge').metadata.namespace).toBe(apps);
  });

  test('quota, limits, default deny and Pod Security of each namespace', () => {
    for (const namespace of [apps, data]) {
      expect(of(namespace, 'ResourceQuota')).toHaveLength(1);
      expect(of(namespace, 'LimitRange')).toHaveLength(1);
      expect(of(namespace, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'default-deny')?.spec).toEqual({
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
      });
      const { labels } = dist.one('Namespace', namespace).metadata;
      expect(labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    }
  });

  test('policies between the namespaces: web-api and the smoke test to two services, and nobody else across', () => {
    const policy = (name: string) => dist.one('NetworkPolicy', name).spec;
    const { egress } = policy('web-api');
    const across = egress.filter(
      ({ to }: any) => to[0].namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] === data,
    );
    expect(
      across.map(({ ports, to }: any) => [ports[0].port, to[0].namespaceSelector, to[0].podSelector.matchLabels]),
    ).toEqual([
      [8001, inside(data), named('data-service')],
      [8002, inside(data), named('storage-service')],
    ]);
    for (const name of ['data-service', 'storage-service']) {
      const from = policy(name).ingress.flatMap((rule: any) => rule.from);
      expect(from.map(({ namespaceSelector, podSelector }: any) => [namespaceSelector, podSelector])).toEqual([
        [inside('monitoring'), expect.anything()],
        [inside(apps), { matchLabels: named('web-api') }],
        [inside(apps), { matchLabels: named('smoke-test') }],
      ]);
    }
    const entered = of(data, 'NetworkPolicy').flatMap(({ metadata, spec }) =>
      (spec.ingress ?? []).flatMap((rule: any) =>
        rule.from.flatMap(({ namespaceSelector }: any) =>
          namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] === apps ? [metadata.name] : [],
        ),
      ),
    );
    expect([...new Set(entered)]).toEqual(['data-service', 'storage-service']);
    expect(dist.one('ConfigMap', 'web-api-config').data).toMatchObject({
      DATA_SERVICE_URL: `http://data-service.${data}:8001`,
      STORAGE_SERVICE_URL: `http://storage-service.${data}:8002`,
    });
  });

  test('no credential of data in the apps namespace', () => {
    const secrets = JSON.stringify(of(apps, 'Deployment').map(({ spec }) => spec)).match(/"secret(KeyRef|Name)"/g);
    expect(secrets).toBeNull();
    expect(JSON.stringify(dist.one('Deployment', 'data-service').spec)).toContain('postgres-credentials');
  });

  test('replicas', () => {
    const least = SERVICES.map((name) => {
      const autoscaler = dist.all('HorizontalPodAutoscaler').find(({ metadata }) => metadata.name === name);
      return autoscaler?.spec.minReplicas ?? dist.one('Deployment', name).spec.replicas;
    });
    expect(least).toEqual(replicas);
  });

  test('private endpoints: the object store by addresses of our own network alone, on 443', () => {
    const egress: any[] = dist.one('NetworkPolicy', 'storage-service').spec.egress;
    const outside = egress.filter(({ to }) => to[0].ipBlock);
    const cidrs = outside.flatMap(({ to }) => to.map(({ ipBlock }: any) => ipBlock.cidr));
    expect(cidrs.length).toBeGreaterThan(0);
    for (const cidr of cidrs) expect(cidr).toMatch(/^10\./);
    expect(new Set(outside.flatMap(({ ports }) => ports.map(({ port }: any) => port)))).toEqual(new Set([443]));
  });

  test('TLS in transit to the database', () => {
    const env = dist.one('Deployment', 'data-service').spec.template.spec.containers[0].env as any[];
    const config = dist.one('ConfigMap', 'data-service-config').data;
    const value = (name: string) => env.find((one) => one.name === name)?.value ?? config[name];
    expect(value('DATABASE_SSLMODE')).toBe('verify-full');
    expect(dist.one('Certificate', 'postgres').metadata.namespace).toBe(data);
  });

  test('identities without keys: the storage service takes a role', () => {
    const account = dist.one('ServiceAccount', 'storage-service');
    expect(account.metadata.annotations['eks.amazonaws.com/role-arn']).toMatch(/role\/phoenix-storage$/);
    expect(account.automountServiceAccountToken).toBe(false);
  });

  test('the edge: one host, TLS, a body of 1 MiB, a rate, security headers', () => {
    const { metadata, spec } = dist.one('Ingress', 'edge');
    expect(spec.rules.map((rule: any) => rule.host)).toEqual([host]);
    expect(spec.tls).toEqual([{ hosts: [host], secretName: 'edge-tls' }]);
    expect(metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-body-size': '1048576',
      'nginx.ingress.kubernetes.io/limit-rpm': '300',
    });
    expect(Object.keys(dist.one('ConfigMap', 'edge-headers').data)).toEqual(
      expect.arrayContaining(['X-Content-Type-Options', 'X-Frame-Options']),
    );
  });

  test('cost and environment tags as labels, on everything', () => {
    for (const { metadata } of dist.objects) {
      expect(metadata.labels).toMatchObject({ 'cost-center': 'phoenix', project: 'cloud-phoenix', environment });
    }
  });

  test('metrics of every service are scraped', () => {
    for (const name of SERVICES) {
      const { annotations } = dist.one('Deployment', name).spec.template.metadata;
      expect(annotations).toMatchObject({ 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/metrics' });
    }
  });
});

describe('staging and production', () => {
  const dists = ['staging', 'production'].map((name) => new Finished(objectsOf(`cloud-phoenix/${name}`)));
  const [, production] = dists as [Finished, Finished];

  test('Secrets by the External Secrets Operator, in the namespace that reads them', () => {
    for (const dist of dists) {
      expect(dist.all('ExternalSecret').map(({ metadata }) => metadata.name)).toContain('postgres-credentials');
      const namespaces = dist.all('Namespace').map(({ metadata }) => metadata.name);
      expect(dist.all('SecretStore').map(({ metadata }) => metadata.namespace)).toEqual(namespaces);
      for (const { spec } of dist.all('SecretStore')) expect(spec.provider.aws.service).toBe('SecretsManager');
    }
  });

  test('backups are kept for 30 days', () => {
    for (const dist of dists) {
      const env = JSON.stringify(dist.one('CronJob', 'postgres-backup').spec);
      expect(env).toMatch(/RETENTION[A-Z_]*","value":"(2592000|30)"/);
    }
  });

  test('scale policies and stabilization windows; budgets of every service', () => {
    const { behavior } = production.one('HorizontalPodAutoscaler', 'web-api').spec;
    expect(behavior.scaleUp).toEqual({
      policies: [{ type: 'Percent', value: 100, periodSeconds: 60 }],
      stabilizationWindowSeconds: 60,
    });
    expect(behavior.scaleDown.stabilizationWindowSeconds).toBe(300);
    const budget = (name: string) => production.one('PodDisruptionBudget', name).spec;
    expect(SERVICES.map((name) => budget(name).minAvailable)).toEqual([2, 1, 1]);
  });

  test('volumes are encrypted, and outlive their claims', () => {
    for (const dist of dists) {
      const [storageClass] = dist.all('StorageClass');
      expect(storageClass).toMatchObject({ reclaimPolicy: 'Retain', parameters: { type: 'gp3', encrypted: 'true' } });
    }
  });
});
