import { Edge } from '../../src/edge/edge';
import type { EdgeSettings } from '../../src/edge/settings';
import { WebService } from '../../src/workload/web-service';
import { schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const service = { image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const }, port: 8080 };
const minimal: EdgeSettings = { host: 'shop.example.com' };

/** What edges of every kind have in common; those of a cloud alone: test/edge/cloud-edges.test.ts. */
const all: Complete<Omit<EdgeSettings, 'alb' | 'applicationGateway' | 'gce' | 'scheme' | 'waf'>> = {
  type: 'gateway-api',
  policies: 'envoy-gateway',
  host: 'shop.example.com',
  className: 'public',
  certificateIssuer: 'letsencrypt',
  rateLimit: { requestsPerMinute: 100, burstFactor: 3 },
  cors: {
    origins: ['https://shop.example.com'],
    methods: ['GET'],
    headers: ['Authorization'],
    credentials: false,
    maxAgeSeconds: 60,
  },
  securityHeaders: { 'X-Frame-Options': 'DENY' },
  bodyLimit: '2Mi',
  timeoutSeconds: 30,
  controller: { namespace: 'gateways', podLabels: { app: 'proxy' } },
};

/** What Envoy Gateway cannot say is refused, and so not among what it renders. */
const withoutBurst = { ...all, rateLimit: { requestsPerMinute: 100 } };

function shop(settings: EdgeSettings, canary?: number) {
  const system = testSystem();
  const api = new WebService(system.layer('apps'), 'api', service);
  const web = new WebService(system.layer('apps'), 'web', { ...service, port: 3000, servicePort: 80 });
  const next = new WebService(system.layer('apps'), 'next', service);
  const edge = new Edge(system.layer('edge'), 'edge', settings);
  edge.route('/api', api, { canary: canary === undefined ? undefined : { service: next, weight: canary } });
  edge.route('/', web);
  return { system, edge, web };
}
const render = (settings: EdgeSettings, canary?: number) => finished(shop(settings, canary).system);
const annotation = (settings: EdgeSettings, name: string) =>
  render(settings).one('Ingress', 'edge').metadata.annotations[`nginx.ingress.kubernetes.io/${name}`];

describe.each(['ingress-nginx', 'gateway-api'] as const)('Edge, %s', (type) => {
  test('minimal and with everything set', () => {
    for (const settings of [
      { ...minimal, type },
      { ...(type === 'gateway-api' ? withoutBurst : all), type },
    ]) {
      const objects = render(settings).objects.filter(
        ({ metadata }) => metadata.labels['app.kubernetes.io/name'] === 'edge',
      );
      expect(objects).toMatchSnapshot();
      expect(objects.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
    }
  });

  test('each setting has an effect', () => {
    const { type: _type, ...rest } = type === 'gateway-api' ? withoutBurst : all;
    const without = leavesWithoutEffect(rest, (settings: any) => render({ ...settings, type }).objects);
    // Whose policies they are is a matter of the Gateway API alone.
    expect(without).toEqual(type === 'gateway-api' ? [] : ['policies']);
  });

  test('the proxies reach what is routed, and nothing else', () => {
    const objects = render({ ...(type === 'gateway-api' ? withoutBurst : all), type });
    const from = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'gateways' } },
      podSelector: { matchLabels: { app: 'proxy' } },
    };
    for (const [name, port] of [
      ['api', 8080],
      ['web', 3000],
    ]) {
      expect(objects.one('NetworkPolicy', String(name)).spec.ingress).toEqual([
        { ports: [{ port, protocol: 'TCP' }], from: [from] },
      ]);
    }
    expect(objects.one('NetworkPolicy', 'next').spec).not.toHaveProperty('ingress');
    expect(objects.one('NetworkPolicy', 'edge-acme-solver').spec.ingress).toEqual([
      { ports: [{ port: 8089, protocol: 'TCP' }], from: [from] },
    ]);
  });

  test('a canary gets its share, and the proxies reach it', () => {
    const objects = render({ ...minimal, type }, 20);
    expect(objects.one('NetworkPolicy', 'next').spec.ingress).toHaveLength(1);
    const text = JSON.stringify(objects.objects);
    expect(text.includes(type === 'gateway-api' ? '"weight":80' : 'canary-weight":"20"')).toBe(true);
  });
});

describe('Edge', () => {
  test('with an issuer there is TLS, a redirect and HSTS; without one none of them', () => {
    const plain = render(minimal).one('Ingress', 'edge');
    expect(plain.spec).not.toHaveProperty('tls');
    expect(annotation(minimal, 'ssl-redirect')).toBe('false');
    expect(render(minimal).one('ConfigMap', 'edge-headers').data).not.toHaveProperty('Strict-Transport-Security');
    const secure = { ...minimal, certificateIssuer: 'letsencrypt' };
    expect(render(secure).one('Ingress', 'edge').spec.tls).toEqual([
      { hosts: ['shop.example.com'], secretName: 'edge-tls' },
    ]);
    expect(annotation(secure, 'force-ssl-redirect')).toBe('true');
    expect(render(secure).one('ConfigMap', 'edge-headers').data).toHaveProperty('Strict-Transport-Security');
    expect(
      render(minimal)
        .all('NetworkPolicy')
        .map(({ metadata }) => metadata.name),
    ).not.toContain('edge-acme-solver');
  });

  test('no snippets, which the controller refuses', () => {
    expect(JSON.stringify(render({ ...all, type: 'ingress-nginx' }).objects)).not.toContain('snippet');
  });

  test('plain Gateway API refuses what it cannot say, and names the alternative', () => {
    expect(() =>
      render({ ...minimal, type: 'gateway-api', policies: 'none', rateLimit: { requestsPerMinute: 1 } }),
    ).toThrow(
      'rateLimit: cannot be expressed in plain Gateway API; set policies: envoy-gateway, or type: ingress-nginx, or remove it',
    );
    expect(render({ ...minimal, type: 'gateway-api', policies: 'none' }).all('BackendTrafficPolicy')).toEqual([]);
  });

  test('a burst, which Envoy Gateway does not know, is refused', () => {
    expect(() => render(all)).toThrow(
      'rateLimit.burstFactor: cannot be expressed by Envoy Gateway; remove it, or set type: ingress-nginx',
    );
  });

  test('a path routed twice, or none, is refused', () => {
    const { edge, web } = shop(minimal);
    expect(() => edge.route('/', web)).toThrow('route: "/" is routed twice; give a share to another service by canary');
    expect(() => edge.route('x', web)).toThrow('route: expected a path that begins with a slash, got "x"');
  });
});

describe('a web application firewall', () => {
  test('is ModSecurity with the core rules in ingress-nginx, without a snippet', () => {
    expect(annotation({ ...minimal, waf: true }, 'enable-modsecurity')).toBe('true');
    expect(annotation({ ...minimal, waf: true }, 'enable-owasp-core-rules')).toBe('true');
    expect(annotation(minimal, 'enable-modsecurity')).toBeUndefined();
    const { annotations } = render({ ...minimal, waf: true }).one('Ingress', 'edge').metadata;
    expect(Object.keys(annotations).filter((name) => name.endsWith('-snippet'))).toEqual([]);
  });

  test('is refused where the Gateway API has none', () => {
    expect(() => render({ ...minimal, type: 'gateway-api', waf: true })).toThrow(
      '[shop-test/edge/edge] waf: cannot be expressed by the Gateway API; ' +
        "put a cloud's firewall before its load balancer and remove it, or set another type",
    );
  });
});
