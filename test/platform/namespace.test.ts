import { Edge } from '../../src/edge/edge';
import { Postgres } from '../../src/data/postgres';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { type Finished, finished, testSystem } from '../support/system';

const settings: WebServiceSettings = {
  image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' },
  port: 8080,
};

const twoNamespaces = () => {
  const system = testSystem({
    namespaces: { data: 'shop-data' },
    access: { viewers: ['readers'] },
    costLabels: { team: 'shop' },
  });
  return { system, data: system.addNamespace('data') };
};

const inNamespace = ({ objects }: Finished, name: string) =>
  objects.filter(({ metadata }) => metadata.namespace === name).map(({ kind, metadata }) => `${kind}/${metadata.name}`);

/** A front that asks an API in the other namespace, which has a database. */
const shop = () => {
  const { system, data } = twoNamespaces();
  const database = new Postgres(data.layer('data'), 'postgres');
  const api = new WebService(data.layer('apps'), 'api', { ...settings, alerts: { enabled: true } });
  api.use(database);
  const front = new WebService(system.layer('apps'), 'front', settings);
  front.use(api);
  return { system, data, api, front, database };
};

describe('Namespace', () => {
  test('each is bounded, and has roles and labels of the system', () => {
    const found = finished(twoNamespaces().system);
    const bounds = inNamespace(found, 'shop');
    expect(inNamespace(found, 'shop-data')).toEqual(bounds);
    expect(bounds).toEqual(
      expect.arrayContaining([
        'NetworkPolicy/default-deny',
        'NetworkPolicy/allow-dns',
        'LimitRange/container-defaults',
        'ResourceQuota/quota',
        'Role/viewer',
      ]),
    );
    for (const name of ['shop', 'shop-data']) {
      expect(found.one('Namespace', name).metadata.labels).toMatchObject({
        'pod-security.kubernetes.io/enforce': 'restricted',
        'app.kubernetes.io/part-of': 'shop',
        team: 'shop',
      });
    }
  });

  test('a relation across opens both sides, and names are written whole', () => {
    const found = finished(shop().system);
    const inside = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
    const policy = (name: string) => found.one('NetworkPolicy', name).spec;
    expect(policy('front').egress).toEqual([
      {
        ports: [{ port: 8080, protocol: 'TCP' }],
        to: [expect.objectContaining({ namespaceSelector: inside('shop-data') })],
      },
    ]);
    expect(policy('api').ingress).toEqual([
      {
        ports: [{ port: 8080, protocol: 'TCP' }],
        from: [expect.objectContaining({ namespaceSelector: inside('shop') })],
      },
    ]);
    // Beside one another they need no words for where they are.
    expect(policy('api').egress[0].to[0].namespaceSelector).toBeUndefined();
    expect(found.one('ConfigMap', 'front-config').data['API_URL']).toBe('http://api.shop-data:8080');
  });

  test('a quota holds what is in its own namespace', () => {
    const found = finished(shop().system);
    const [own, other] = ['shop', 'shop-data'].map(
      (name) => found.all('ResourceQuota').find(({ metadata }) => metadata.namespace === name).spec.hard,
    );
    expect(own.persistentvolumeclaims).toBe('0');
    expect(other.persistentvolumeclaims).toBe('2');
    expect(Number(own.pods)).toBeLessThan(Number(other.pods));
  });

  test('alerts are of the namespace in which something runs', () => {
    const [rules] = finished(shop().system)
      .all('PrometheusRule')
      .filter(
        ({ metadata, spec }) => metadata.namespace === 'shop-data' && JSON.stringify(spec).includes('ServiceDown'),
      );
    expect(rules.metadata).toMatchObject({ namespace: 'shop-data', name: 'shop-test-data' });
    for (const { labels, expr } of rules.spec.groups.flatMap((group: any) => group.rules)) {
      expect(labels.namespace).toBe('shop-data');
      expect(expr).not.toContain('namespace="shop"');
    }
  });

  test('an edge sends requests only to what is beside it', () => {
    const { system, api } = shop();
    const edge = new Edge(system.layer('edge'), 'edge', { type: 'ingress-nginx', host: 'shop.example.com' });
    expect(() => edge.route('/', api)).toThrow(
      'expected a service of namespace "shop", got api of "shop-data"; no kind of edge sends requests there',
    );
  });

  test('a Secret of one namespace is not read from another', () => {
    const { system, front, database } = shop();
    front.use(database);
    expect(() => finished(system)).toThrow(
      'Deployment shop/front: reads postgres-credentials/password of a Secret, which is in namespace "shop-data"',
    );
  });

  test('a Secret has one name in all of them', () => {
    const { system } = shop();
    new Postgres(system.layer('data'), 'postgres');
    expect(() => finished(system)).toThrow('Secret postgres-credentials: is declared in two namespaces');
  });

  test('a namespace is named in the settings, by a name of its own, before what runs', () => {
    expect(() => testSystem().addNamespace('data')).toThrow('namespaces.data: is missing');
    expect(() => testSystem({ namespaces: { data: 'shop' } }).addNamespace('data')).toThrow(
      'expected a namespace of its own, got "shop"',
    );
    expect(() => testSystem({ namespaces: { data: 'default' } }).addNamespace('data')).toThrow(
      "which is the cluster's",
    );
    const late = testSystem({ namespaces: { data: 'shop-data' } });
    new WebService(late.layer('apps'), 'front', settings);
    expect(() => late.addNamespace('data')).toThrow('"data" comes after what runs in the system; add it before');
  });
});
