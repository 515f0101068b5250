import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import type { Endpoint, IConnectable } from '../../src/network/connectable';
import { Connections } from '../../src/network/connections';
import { WebService } from '../../src/workload/web-service';
import { finished, testSystem } from '../support/system';

const service = { image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const }, port: 8080 };
const selector = (name: string) => ({
  podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'shop-test', 'app.kubernetes.io/name': name } },
});

function shop() {
  const system = testSystem();
  const database = new Postgres(system.layer('data'), 'db');
  const cache = new Redis(system.layer('data'), 'cache');
  const api = new WebService(system.layer('apps'), 'api', service);
  const web = new WebService(system.layer('apps'), 'web', { ...service, port: 3000 });
  return { system, database, cache, api, web };
}

describe('use', () => {
  test('opens exactly the declared port at both ends', () => {
    const { system, database, api } = shop();
    api.use(database);
    const objects = finished(system);
    expect(objects.one('NetworkPolicy', 'api').spec.egress).toEqual([
      { ports: [{ port: 5432, protocol: 'TCP' }], to: [selector('db')] },
    ]);
    expect(objects.one('NetworkPolicy', 'db').spec.ingress).toContainEqual({
      ports: [{ port: 5432, protocol: 'TCP' }],
      from: [selector('api')],
    });
    // No rule and no empty list: the API server would drop it, and every later apply bring it back.
    expect(Object.keys(objects.one('NetworkPolicy', 'web').spec)).toEqual(['podSelector', 'policyTypes']);
    expect(JSON.stringify(objects.one('NetworkPolicy', 'db').spec)).not.toContain('"web"');
  });

  test('gives the address as parameters and the credentials as references', () => {
    const { system, database, cache, api } = shop();
    api.use(database);
    api.use(cache);
    const objects = finished(system);
    expect(objects.one('ConfigMap', 'api-config').data).toMatchObject({
      DATABASE_HOST: 'db',
      DATABASE_PORT: '5432',
      REDIS_HOST: 'cache',
    });
    const { env } = objects.one('Deployment', 'api').spec.template.spec.containers[0];
    expect(env.map(({ name }: any) => name)).toEqual([
      'DATABASE_USER',
      'DATABASE_PASSWORD',
      'REDIS_PASSWORD',
      'DATABASE_URL',
      'REDIS_URL',
    ]);
    expect(env[1].valueFrom.secretKeyRef).toEqual({ name: 'db-credentials', key: 'password' });
    expect(env[3].value).toBe('postgresql://$(DATABASE_USER):$(DATABASE_PASSWORD)@db:5432/app');
  });

  test('waits with the tools of the server, as the server image runs', () => {
    const { system, database, api } = shop();
    api.use(database);
    const [wait] = finished(system).one('Deployment', 'api').spec.template.spec.initContainers;
    expect(wait).toMatchObject({ name: 'wait-for-db', image: 'postgres:16.13-alpine' });
    expect(wait.securityContext).toMatchObject({ runAsUser: 70, runAsGroup: 70 });
    expect(wait.command[2]).toMatch(/^until pg_isready -q -h db /);
  });

  test('a service is reached by the address of its Service', () => {
    const { system, api, web } = shop();
    web.use(api);
    const objects = finished(system);
    expect(objects.one('ConfigMap', 'web-config').data.API_URL).toBe('http://api:8080');
    expect(objects.one('Deployment', 'web').spec.template.spec).not.toHaveProperty('initContainers');
  });

  test('the same relation declared twice is refused', () => {
    const { database, api } = shop();
    api.use(database);
    expect(() => api.use(database)).toThrow('environment.DATABASE_HOST: is set twice');
  });

  test('anything that says how it is reached can be used, without a change elsewhere', () => {
    const { system, api } = shop();
    class Search implements IConnectable {
      public readonly endpoint: Endpoint = {
        peer: { name: 'search', cidrs: ['10.1.0.0/24', '10.2.0.0/24'] },
        ports: [{ name: 'https', port: 9243 }],
        environment: { SEARCH_URL: 'https://search.example.com:9243' },
      };
    }
    api.use(new Search());
    expect(finished(system).one('NetworkPolicy', 'api').spec.egress).toEqual([
      {
        ports: [{ port: 9243, protocol: 'TCP' }],
        to: [{ ipBlock: { cidr: '10.1.0.0/24' } }, { ipBlock: { cidr: '10.2.0.0/24' } }],
      },
    ]);
  });
});

test('who follows another dials what that one dials, declared before or after, and not what only its sidecar dials', () => {
  const { system, database, cache, api, web } = shop();
  const connections = Connections.of(system);
  const dialed = () => connections.all.filter(({ from }) => from === web.peer).map(({ to }) => to.name);
  api.use(database);
  connections.follow(web.peer, api.peer);
  expect(dialed()).toEqual(['db']);
  api.use(cache);
  connections.allow(api.peer, {
    peer: { name: 'operator', podLabels: { app: 'operator' } },
    ports: [],
    sidecarOnly: true,
  });
  expect(dialed()).toEqual(['db', 'cache']);
  expect(connections.dialedBy(api.peer).map(({ to }) => to.name)).toEqual(['db', 'cache', 'operator']);
});

test('only what has metrics is reachable by Prometheus, and from its namespace alone', () => {
  const { system } = shop();
  const objects = finished(system);
  expect(objects.one('NetworkPolicy', 'db').spec.ingress).toEqual([
    {
      ports: [{ port: 9187, protocol: 'TCP' }],
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
          podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } },
        },
      ],
    },
  ]);
  expect(objects.one('NetworkPolicy', 'api').spec).not.toHaveProperty('ingress');
});
