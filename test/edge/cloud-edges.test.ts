import { Edge } from '../../src/edge/edge';
import type { AlbSettings, ApplicationGatewaySettings, GceSettings } from '../../src/edge/cloud-settings';
import type { EdgeSettings } from '../../src/edge/settings';
import type { CloudSettings } from '../../src/platform/clouds';
import { WebService } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { AWS, finished, testSystem } from '../support/system';

const UUID = '11111111-2222-3333-4444-555555555555';
const GCP: CloudSettings = { provider: 'gcp', gcp: { project: 'my-project' } };
const AZURE: CloudSettings = { provider: 'azure', azure: { tenantId: UUID } };

const alb: Complete<AlbSettings> = {
  subnetCidrs: ['10.0.1.0/24', '10.0.2.0/24'],
  subnets: ['subnet-a', 'subnet-b'],
  certificateArns: [`arn:aws:acm:eu-central-1:111122223333:certificate/${UUID}`],
  sslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06',
  webAclArn: `arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/shop/${UUID}`,
};
const gce: Complete<Omit<GceSettings, 'proxySubnetCidrs'>> = {
  managedCertificate: true,
  addressName: 'shop',
  sslPolicy: 'modern',
  securityPolicy: 'shop',
};
const internalGce: GceSettings = { addressName: 'shop', proxySubnetCidrs: ['10.9.0.0/23'] };
const applicationGateway: Complete<ApplicationGatewaySettings> = {
  subnetCidrs: ['10.0.1.0/24'],
  certificate: 'shop',
  wafPolicy: `/subscriptions/${UUID}/resourceGroups/shop/providers/Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies/shop`,
};

const HEADERS = { 'X-Frame-Options': 'DENY', 'Strict-Transport-Security': 'max-age=60; includeSubDomains' };
const host = 'shop.example.com';
const common = { host, securityHeaders: HEADERS, timeoutSeconds: 30 };

/** Every edge that only one cloud has: that cloud, the least, and everything set. */
const EDGES: Record<string, readonly [CloudSettings, EdgeSettings, EdgeSettings]> = {
  alb: [
    AWS,
    { type: 'alb', host, alb: { subnetCidrs: ['10.0.1.0/24'] } },
    { ...common, type: 'alb', className: 'public', scheme: 'internal', alb },
  ],
  gce: [GCP, { type: 'gce', host }, { ...common, type: 'gce', gce }],
  'gce, internal': [
    GCP,
    { type: 'gce', host, scheme: 'internal', gce: { proxySubnetCidrs: ['10.9.0.0/23'] } },
    { ...common, type: 'gce', scheme: 'internal', certificateIssuer: 'letsencrypt', gce: internalGce },
  ],
  'application-gateway': [
    AZURE,
    { type: 'application-gateway', host, applicationGateway: { subnetCidrs: ['10.0.1.0/24'] } },
    { ...common, type: 'application-gateway', className: 'public', scheme: 'internal', applicationGateway },
  ],
};

function render(cloud: CloudSettings, settings: EdgeSettings, canary?: number) {
  const system = testSystem({ cloud });
  const service = (name: string, port: number, path: string) =>
    new WebService(system.layer('apps'), name, {
      image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' },
      port,
      servicePort: 80,
      health: { readiness: { path } },
    });
  const api = service('api', 8080, '/ready');
  const web = service('web', 3000, '/api/ready');
  const next = service('next', 8080, '/ready');
  const edge = new Edge(system.layer('edge'), 'edge', settings);
  edge.route('/api', api, { canary: canary === undefined ? undefined : { service: next, weight: canary } });
  edge.route('/docs', api);
  edge.route('/', web);
  return finished(system);
}
const annotationsOf = (cloud: CloudSettings, settings: EdgeSettings, canary?: number) =>
  render(cloud, settings, canary).one('Ingress', 'edge').metadata.annotations;

describe.each(Object.entries(EDGES))('Edge, %s', (name, [cloud, least, everything]) => {
  test('with the least and with everything set', () => {
    for (const settings of [least, everything]) {
      const { objects } = render(cloud, settings);
      expect(objects.filter(({ metadata }) => metadata.labels['app.kubernetes.io/name'] === 'edge')).toMatchSnapshot();
      expect(
        objects.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.annotations),
      ).toMatchSnapshot();
      expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
      expect(everywhereProblems(objects)).toEqual([]);
    }
  });

  test('each setting has an effect', () => {
    const { type, scheme, ...rest } = everything;
    const without = leavesWithoutEffect(rest, (settings: any) => render(cloud, { ...settings, type, scheme }).objects);
    expect(without).toEqual([]);
    const other = scheme === 'internal' ? 'internet-facing' : 'internal';
    if (type === 'gce') return;
    expect(render(cloud, { ...everything, scheme: other }).objects).not.toEqual(render(cloud, everything).objects);
  });

  test('only the load balancer reaches what is routed', () => {
    const objects = render(cloud, everything);
    const ranges: Record<string, string[]> = {
      alb: ['10.0.1.0/24', '10.0.2.0/24'],
      gce: ['130.211.0.0/22', '35.191.0.0/16'],
      'gce, internal': ['10.9.0.0/23', '130.211.0.0/22', '35.191.0.0/16'],
      'application-gateway': ['10.0.1.0/24'],
    };
    const from = ranges[name]!.map((cidr) => ({ ipBlock: { cidr } }));
    expect(objects.one('NetworkPolicy', 'api').spec.ingress).toEqual([
      { ports: [{ port: 8080, protocol: 'TCP' }], from },
    ]);
    expect(objects.one('NetworkPolicy', 'next').spec).not.toHaveProperty('ingress');
  });
});

describe('an Application Load Balancer', () => {
  const secure: EdgeSettings = { type: 'alb', host, alb };

  test('redirects with a certificate, and sends its headers where it listens', () => {
    expect(annotationsOf(AWS, secure)).toMatchObject({
      'alb.ingress.kubernetes.io/listen-ports': '[{"HTTP":80},{"HTTPS":443}]',
      'alb.ingress.kubernetes.io/ssl-redirect': '443',
      'alb.ingress.kubernetes.io/listener-attributes.HTTPS-443': expect.stringContaining(
        'routing.http.response.strict_transport_security.header_value=max-age=31536000; includeSubDomains,',
      ),
    });
    const plain = annotationsOf(AWS, EDGES.alb![1]);
    expect(plain).not.toHaveProperty(['alb.ingress.kubernetes.io/ssl-redirect']);
    expect(plain['alb.ingress.kubernetes.io/listener-attributes.HTTP-80']).not.toContain('strict_transport');
  });

  test('gives a canary its share by weights, and asks both whether they are ready', () => {
    const objects = render(AWS, secure, 20);
    const ingress = objects.one('Ingress', 'edge');
    const [first] = ingress.spec.rules[0].http.paths;
    expect(first.backend.service).toEqual({ name: 'canary-0', port: { name: 'use-annotation' } });
    expect(JSON.parse(ingress.metadata.annotations['alb.ingress.kubernetes.io/actions.canary-0'])).toEqual({
      type: 'forward',
      forwardConfig: {
        targetGroups: [
          { serviceName: 'api', servicePort: 80, weight: 80 },
          { serviceName: 'next', servicePort: 80, weight: 20 },
        ],
      },
    });
    for (const [name, path] of [
      ['api', '/ready'],
      ['next', '/ready'],
      ['web', '/api/ready'],
    ]) {
      expect(objects.one('Service', name!).metadata.annotations['alb.ingress.kubernetes.io/healthcheck-path']).toBe(
        path,
      );
    }
    expect(objects.one('NetworkPolicy', 'next').spec.ingress).toHaveLength(1);
  });
});

describe('a load balancer of Google Cloud', () => {
  test('has a configuration per service, which asks its pods as their readiness says', () => {
    const objects = render(GCP, { type: 'gce', host });
    expect(objects.all('BackendConfig').map(({ metadata }) => metadata.name)).toEqual(['edge-api', 'edge-web']);
    expect(objects.one('BackendConfig', 'edge-web').spec.healthCheck).toEqual({
      type: 'HTTP',
      port: 3000,
      requestPath: '/api/ready',
    });
    expect(objects.one('Service', 'web').metadata.annotations).toEqual({
      'cloud.google.com/backend-config': '{"default":"edge-web"}',
      'cloud.google.com/neg': '{"ingress":true}',
    });
  });

  test('redirects with a certificate, whoever issues it; an internal one does not listen for plain HTTP', () => {
    const issuer: EdgeSettings = { type: 'gce', host, certificateIssuer: 'letsencrypt' };
    for (const settings of [issuer, { type: 'gce', host, gce: { managedCertificate: true } } as const]) {
      expect(render(GCP, settings).one('FrontendConfig', 'edge').spec.redirectToHttps.enabled).toBe(true);
    }
    expect(render(GCP, issuer).one('Ingress', 'edge').spec.tls).toEqual([{ hosts: [host], secretName: 'edge-tls' }]);
    expect(render(GCP, { type: 'gce', host }).all('FrontendConfig')).toEqual([]);
    const [, , internal] = EDGES['gce, internal']!;
    expect(annotationsOf(GCP, internal)).toMatchObject({ 'kubernetes.io/ingress.allow-http': 'false' });
    expect(render(GCP, internal).all('FrontendConfig')).toEqual([]);
  });
});

test('cert-manager answers for the host through an Application Gateway; of Google it must ask DNS', () => {
  const issuer = { host, certificateIssuer: 'letsencrypt' };
  const solver = render(AZURE, { ...EDGES['application-gateway']![1], ...issuer }).one(
    'NetworkPolicy',
    'edge-acme-solver',
  );
  expect(solver.spec.ingress[0].from).toEqual([{ ipBlock: { cidr: '10.0.1.0/24' } }]);
  expect(
    render(GCP, { type: 'gce', ...issuer })
      .all('NetworkPolicy')
      .map(({ metadata }) => metadata.name),
  ).not.toContain('edge-acme-solver');
});

test.each([
  [AWS, 'internal', { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal' }],
  [AWS, 'internet-facing', { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internet-facing' }],
  [GCP, 'internal', { 'networking.gke.io/load-balancer-type': 'Internal' }],
  [GCP, 'internet-facing', { 'cloud.google.com/l4-rbs': 'enabled' }],
  [AZURE, 'internal', { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' }],
  [AZURE, 'internet-facing', { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'false' }],
] as const)('the proxies of a Gateway on %j, %s', (cloud, scheme, annotations) => {
  const objects = render(cloud, { type: 'gateway-api', host, scheme });
  const gateway = objects.one('Gateway', 'edge');
  expect(gateway.spec.infrastructure.annotations).toMatchObject(annotations);
  expect(schemaErrors(gateway, '1.30')).toEqual([]);
  expect(render(cloud, { type: 'gateway-api', host }).one('Gateway', 'edge').spec).not.toHaveProperty('infrastructure');
});

describe('is refused, with what does instead', () => {
  const [, leastAlb, wholeAlb] = EDGES.alb!;
  const [, leastGateway] = EDGES['application-gateway']!;
  const leastGce: EdgeSettings = { type: 'gce', host };
  const internal: EdgeSettings = EDGES['gce, internal']![1];
  const rateLimit = { requestsPerMinute: 100 };
  const cors = { origins: ['https://shop.example.com'] };

  test.each<[string, CloudSettings | undefined, EdgeSettings, string]>([
    [
      'alb on no cloud',
      undefined,
      leastAlb,
      'type: alb exists on the cloud aws only, and this one is generic; set cloud.provider: aws, or type: gateway-api',
    ],
    [
      'gce on AWS',
      AWS,
      leastGce,
      'type: gce exists on the cloud gcp only, and this one is aws; set cloud.provider: gcp',
    ],
    ['application-gateway on GCP', GCP, leastGateway, 'type: application-gateway exists on the cloud azure only'],
    [
      'alb without its settings',
      AWS,
      { type: 'alb', host },
      'alb: expected the settings of the load balancer, got none; give alb.subnetCidrs',
    ],
    [
      'application-gateway without its settings',
      AZURE,
      { type: 'application-gateway', host },
      'give applicationGateway.subnetCidrs',
    ],
    [
      'settings of another edge',
      AWS,
      { ...leastAlb, gce: {} },
      'gce: is set, and the edge is of type alb; set type: gce, or remove it',
    ],
    [
      'settings of no edge in use',
      undefined,
      { host, alb },
      'alb: is set, and the edge is of type ingress-nginx; set type: alb',
    ],
    [
      'proxies',
      AWS,
      { ...leastAlb, controller: {} },
      'controller: has no meaning for alb, whose load balancer is outside',
    ],
    [
      'a scheme of ingress-nginx',
      AWS,
      { host, scheme: 'internal' },
      "scheme: cannot be said for ingress-nginx, whose load balancer comes with its controller; annotate the controller's Service",
    ],
    [
      'a scheme on no cloud',
      undefined,
      { type: 'gateway-api', host, scheme: 'internal' },
      'scheme: how a load balancer is asked for is not known',
    ],
    [
      'a rate limit on alb',
      AWS,
      { ...leastAlb, rateLimit },
      'rateLimit: cannot be expressed by an Application Load Balancer; remove it, and limit rates by a rate-based rule of the web ACL in alb.webAclArn',
    ],
    [
      'a rate limit on gce',
      GCP,
      { ...leastGce, rateLimit },
      'rateLimit: cannot be expressed by an Application Load Balancer of Google Cloud; remove it, and limit rates by a throttle rule',
    ],
    [
      'a rate limit on application-gateway',
      AZURE,
      { ...leastGateway, rateLimit },
      'rateLimit: cannot be expressed by an Application Gateway; remove it, and limit rates by a custom rule of the policy in applicationGateway.wafPolicy',
    ],
    [
      'CORS on alb',
      AWS,
      { ...leastAlb, cors },
      'cors: cannot be expressed by an Application Load Balancer; remove it, and let the application answer',
    ],
    ['CORS on gce', GCP, { ...leastGce, cors }, 'let the application answer for CORS'],
    ['CORS on application-gateway', AZURE, { ...leastGateway, cors }, 'let the application answer for CORS'],
    [
      'a body limit on alb',
      AWS,
      { ...leastAlb, bodyLimit: '1Mi' },
      'bodyLimit: cannot be expressed by an Application Load Balancer; remove it, and limit bodies by a size rule',
    ],
    ['a body limit on gce', GCP, { ...leastGce, bodyLimit: '1Mi' }, 'limit bodies in the application'],
    [
      'a body limit on application-gateway',
      AZURE,
      { ...leastGateway, bodyLimit: '1Mi' },
      'limit bodies by the policy in applicationGateway.wafPolicy',
    ],
    [
      'cert-manager on alb',
      AWS,
      { ...leastAlb, certificateIssuer: 'x' },
      'certificateIssuer: cannot be expressed by an Application Load Balancer; remove it, and name certificates of ACM',
    ],
    [
      'two certificates on gce',
      GCP,
      { ...leastGce, certificateIssuer: 'x', gce: { managedCertificate: true } },
      'gce.managedCertificate: is set beside certificateIssuer',
    ],
    [
      'two certificates on application-gateway',
      AZURE,
      { ...leastGateway, certificateIssuer: 'x', applicationGateway },
      'applicationGateway.certificate: is set beside certificateIssuer',
    ],
    [
      'another header on alb',
      AWS,
      { ...leastAlb, securityHeaders: { 'Referrer-Policy': 'no-referrer' } },
      'securityHeaders.Referrer-Policy: cannot be sent by an Application Load Balancer, which knows content-security-policy, strict',
    ],
    [
      'a comma on alb',
      AWS,
      { ...leastAlb, securityHeaders: { 'X-Frame-Options': 'a, b' } },
      'expected a value without commas for an Application Load Balancer, got "a, b"; remove it, and let the application send it',
    ],
    [
      'a long answer on alb',
      AWS,
      { ...leastAlb, timeoutSeconds: 5000 },
      'timeoutSeconds: expected at most 4000 for an Application Load Balancer, got 5000; lower it',
    ],
    [
      'a class of gce',
      GCP,
      { ...leastGce, className: 'x' },
      'className: cannot be chosen for gce, which is gce or gce-internal by the scheme, got "x"; remove it, and set scheme',
    ],
    [
      'proxies of a public gce',
      GCP,
      { ...leastGce, gce: internalGce },
      'gce.proxySubnetCidrs: is set, and the load balancer is internet-facing',
    ],
    [
      'an internal gce from nowhere',
      GCP,
      { ...leastGce, scheme: 'internal' },
      'gce.proxySubnetCidrs: expected the address ranges of the proxy-only subnet',
    ],
    [
      'a managed certificate on an internal gce',
      GCP,
      { ...internal, gce: { ...internalGce, managedCertificate: true } },
      'gce.managedCertificate: cannot be expressed by an internal load balancer; remove it, or set certificateIssuer',
    ],
    [
      'Cloud Armor on an internal gce',
      GCP,
      { ...internal, gce: { ...internalGce, securityPolicy: 'x' } },
      'gce.securityPolicy: cannot be expressed by an internal load balancer; remove it, or set scheme: internet-facing',
    ],
    [
      'a host too long for Google',
      GCP,
      { ...leastGce, host: `${'a'.repeat(60)}.example.com`, gce: { managedCertificate: true } },
      'host: expected at most 63 characters',
    ],
  ])('%s', (_, cloud, settings, message) => {
    expect(() => render(cloud ?? {}, settings)).toThrow(message);
  });

  test.each([
    ['gce', GCP, leastGce],
    ['application-gateway', AZURE, leastGateway],
  ] as const)('a canary on %s', (_, cloud, settings) => {
    expect(() => render(cloud, settings, 20)).toThrow(
      /route: a share of the requests under "\/api" cannot be expressed by .*; set type: gateway-api/,
    );
  });

  test('nothing of what an edge can do', () => {
    expect(() => render(AWS, wholeAlb, 20)).not.toThrow();
  });
});

describe('a web application firewall that must be there', () => {
  const needed = [
    ['alb', AWS, { type: 'alb', host, alb }, 'webAclArn'],
    ['gce', GCP, { type: 'gce', host, gce }, 'securityPolicy'],
    ['applicationGateway', AZURE, { type: 'application-gateway', host, applicationGateway }, 'wafPolicy'],
  ] as const;

  test.each(needed)('%s names its policy', (field, cloud, settings, name) => {
    expect(render(cloud, { ...settings, waf: true }).objects).toEqual(render(cloud, settings).objects);
    const { [name]: _, ...rest } = (settings as any)[field];
    const without = { ...settings, [field]: rest, waf: true } as EdgeSettings;
    expect(() => render(cloud, without)).toThrow(
      `waf: is on, and no policy is named; give ${field}.${name}, or remove it`,
    );
    expect(() => render(cloud, { ...without, waf: false })).not.toThrow();
  });

  test('an internal load balancer of Google Cloud has none', () => {
    const settings: EdgeSettings = { type: 'gce', host, scheme: 'internal', gce: internalGce, waf: true };
    expect(() => render(GCP, settings)).toThrow(
      'waf: cannot be expressed by an internal load balancer of Google Cloud',
    );
  });
});
