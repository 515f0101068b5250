import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { minors, schemaErrors } from './kubernetes-schema';

const newest = minors.at(-1)!;

const container = {
  name: 'backend',
  image: 'example.invalid/backend:1.0',
  ports: [{ name: 'http', containerPort: 8080 }],
  resources: { limits: { cpu: 1, memory: '256Mi', 'example.com/device': '1' } },
  readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
  livenessProbe: { httpGet: { path: '/live', port: 8080 } },
};

function deployment({ spec = {}, pod = {}, first = {} }: { spec?: object; pod?: object; first?: object } = {}) {
  const labels = { 'app.kubernetes.io/name': 'backend' };
  const template = { metadata: { labels }, spec: { containers: [{ ...container, ...first }], ...pod } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'backend', namespace: 'shop', labels },
    spec: { replicas: 2, selector: { matchLabels: labels }, template, ...spec },
  };
}

const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };

function statefulSet(...volumeClaimTemplates: object[]) {
  const { metadata, spec } = deployment();
  const content = { ...spec, serviceName: 'backend', volumeClaimTemplates };
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: content };
}

test('there are schemas from Kubernetes 1.30 on, in order and without a gap', () => {
  expect(minors.slice(0, 5)).toEqual(['1.30', '1.31', '1.32', '1.33', '1.34']);
  expect(minors).toEqual(minors.map((_, index) => `1.${30 + index}`));
});

describe.each(minors)('Kubernetes %s', (minor) => {
  test('takes a good Deployment', () => {
    expect(schemaErrors(deployment(), minor)).toEqual([]);
  });

  test('takes claims with and without their kind in a StatefulSet', () => {
    const named = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim };
    expect(schemaErrors(statefulSet(claim, named), minor)).toEqual([]);
  });

  test('refuses an unknown nested field', () => {
    expect(schemaErrors(deployment({ first: { imagee: 'x' } }), minor)).toEqual([
      '/spec/template/spec/containers/0/imagee: unknown field',
    ]);
  });

  test('refuses a wrong type', () => {
    expect(schemaErrors(deployment({ spec: { replicas: '2' } }), minor)).toEqual([
      '/spec/replicas: must be integer, got "2"',
    ]);
  });

  test('refuses an object without a required field', () => {
    expect(schemaErrors(deployment({ spec: { selector: undefined } }), minor)).toEqual([
      '/spec/selector: required field is missing',
    ]);
  });

  test('refuses a kind it does not know', () => {
    expect(schemaErrors({ ...deployment(), apiVersion: 'apps/v1beta1' }, minor)).toEqual([
      `/kind: no schema of apps/v1beta1/Deployment in Kubernetes ${minor}`,
    ]);
    expect(schemaErrors(undefined, minor)).toHaveLength(1);
  });
});

test('every problem is told, with the pointer of the field', () => {
  const broken = deployment({ pod: { nodeSelector: { 'a/b': 1 } }, first: { 'x/y': 1, ports: [{}] } });
  expect(schemaErrors(broken, newest).sort()).toEqual([
    '/spec/template/spec/containers/0/ports/0/containerPort: required field is missing',
    '/spec/template/spec/containers/0/x~1y: unknown field',
    '/spec/template/spec/nodeSelector/a~1b: must be string, got 1',
  ]);
});

test('a claim that calls itself something else is refused', () => {
  expect(schemaErrors(statefulSet({ kind: 'Pod', ...claim }), newest)).toEqual([
    '/spec/volumeClaimTemplates/0/kind: PersistentVolumeClaim expected, got "Pod"',
  ]);
});

test('a field that came with 1.31 is refused by 1.30', () => {
  const modern = deployment({ pod: { securityContext: { supplementalGroupsPolicy: 'Strict' } } });
  expect(schemaErrors(modern, '1.30')).toEqual([
    '/spec/template/spec/securityContext/supplementalGroupsPolicy: unknown field',
  ]);
  expect(schemaErrors(modern, newest)).toEqual([]);
});

test('what the server fills in has no place in a manifest', () => {
  const served = { ...deployment(), status: {}, metadata: { name: 'backend', uid: '1' } };
  expect(schemaErrors(served, newest).sort()).toEqual(['/metadata/uid: unknown field', '/status: unknown field']);
});

test('a minor without schemas is a mistake in the test', () => {
  expect(() => schemaErrors(deployment(), '1.29')).toThrow('no schemas of Kubernetes 1.29');
});

const custom = (apiVersion: string, kind: string, spec: object, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name: 'orders', namespace: 'shop' },
  spec,
  ...more,
});

const kyverno = 'policies.kyverno.io/v1';
const fluentBit = 'fluentbit.fluent.io/v1alpha2';
const gatewayApi = 'gateway.networking.k8s.io/v1';
const envoyGateway = 'gateway.envoyproxy.io/v1alpha1';
const route = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'orders' };
const httpRoute = (...filters: object[]) => ({
  parentRefs: [{ name: 'edge' }],
  hostnames: ['shop.example.com'],
  rules: [{ matches: [{ path: { value: '/api' } }], filters, backendRefs: [{ name: 'orders', port: 80 }] }],
});
const mtls = { enabled: true, controlPlaneTrustDomain: 'cluster.local' };
const argo = 'argoproj.io/v1alpha1';
const canary = (...steps: object[]) => ({ canary: { steps } });
const errorRatio = {
  name: 'error-ratio',
  interval: '1m',
  successCondition: 'result[0] < 0.05',
  provider: { prometheus: { address: 'http://prometheus:9090', query: 'errors / requests' } },
};

const orders = { pubsubname: 'pubsub', topic: 'orders' };

/** Per custom kind: one that is good, and the same one broken, with what is said of it. */
const customResources: [kind: string, good: object, broken: object, errors: string[]][] = [
  [
    'Certificate',
    custom('cert-manager.io/v1', 'Certificate', {
      secretName: 'tls',
      issuerRef: { name: 'ca' },
      usages: ['server auth'],
    }),
    custom('cert-manager.io/v1', 'Certificate', { issuerRef: { name: 'ca' }, usages: ['server'] }),
    [
      '/spec/secretName: required field is missing',
      expect.stringMatching(/^\/spec\/usages\/0: .* expected, got "server"$/),
    ],
  ],
  [
    'Component',
    custom(
      'dapr.io/v1alpha1',
      'Component',
      {
        type: 'pubsub.redis',
        version: 'v1',
        metadata: [
          { name: 'maxLen', value: 10 },
          { name: 'host', value: 'a:1' },
        ],
      },
      { auth: { secretStore: 'kubernetes' }, scopes: ['orders'] },
    ),
    custom(
      'dapr.io/v1alpha1',
      'Component',
      { type: 'pubsub.redis', version: 'v1', metadata: [] },
      { auth: {}, scope: [] },
    ),
    ['/auth/secretStore: required field is missing', '/scope: unknown field'],
  ],
  [
    'Configuration',
    custom('dapr.io/v1alpha1', 'Configuration', { mtls: { ...mtls, sentryAddress: 'dapr-sentry:443' } }),
    custom('dapr.io/v1alpha1', 'Configuration', { mtls }),
    ['/spec/mtls/sentryAddress: required field is missing'],
  ],
  [
    'Issuer',
    custom('cert-manager.io/v1', 'Issuer', { ca: { secretName: 'ca' } }),
    custom('cert-manager.io/v1', 'Issuer', { ca: {} }),
    ['/spec/ca/secretName: required field is missing'],
  ],
  [
    'PrometheusRule',
    custom('monitoring.coreos.com/v1', 'PrometheusRule', {
      groups: [{ name: 'web', rules: [{ alert: 'Down', expr: 'up == 0', for: '5m' }] }],
    }),
    custom('monitoring.coreos.com/v1', 'PrometheusRule', { groups: [{ name: '', rules: [{ alert: 'Down' }] }] }),
    [expect.stringMatching(/^\/spec\/groups\/0\/name: /), '/spec/groups/0/rules/0/expr: required field is missing'],
  ],
  [
    'Resiliency',
    custom('dapr.io/v1alpha1', 'Resiliency', {
      policies: {
        retries: { often: { policy: 'constant', duration: '1s', maxRetries: 3 } },
        timeouts: { short: '2s' },
      },
      targets: { apps: { orders: { retry: 'often', timeout: 'short' } } },
    }),
    custom('dapr.io/v1alpha1', 'Resiliency', { policies: { retries: { often: { maxRetries: '3' } } } }),
    ['/spec/policies/retries/often/maxRetries: must be integer, got "3"', '/spec/targets: required field is missing'],
  ],
  [
    'Subscription',
    custom('dapr.io/v2alpha1', 'Subscription', { ...orders, routes: { default: '/orders' } }, { scopes: ['orders'] }),
    custom('dapr.io/v2alpha1', 'Subscription', orders),
    ['/spec/routes: required field is missing'],
  ],
  [
    'Rollout',
    custom(argo, 'Rollout', {
      ...deployment().spec,
      strategy: canary({ setWeight: 20 }, { pause: { duration: '1h' } }),
    }),
    custom(argo, 'Rollout', {
      ...deployment({ pod: { contaners: [] } }).spec,
      strategy: canary({ setWeight: '20%' }, { pause: { for: '1h' } }),
    }),
    [
      '/spec/strategy/canary/steps/0/setWeight: must be integer, got "20%"',
      '/spec/strategy/canary/steps/1/pause/for: unknown field',
      '/spec/template/spec/contaners: unknown field',
    ],
  ],
  [
    'AnalysisTemplate',
    custom(argo, 'AnalysisTemplate', { metrics: [errorRatio] }),
    custom(argo, 'AnalysisTemplate', { metrics: [{ ...errorRatio, failureLimt: 1, provider: undefined }] }),
    ['/spec/metrics/0/failureLimt: unknown field', '/spec/metrics/0/provider: required field is missing'],
  ],
  [
    'BackendTrafficPolicy',
    custom(envoyGateway, 'BackendTrafficPolicy', {
      targetRefs: [route],
      connection: { bufferLimit: '32Ki' },
      healthCheck: { passive: { consecutive5XxErrors: 3 } },
      retry: { numRetries: 2, retryOn: { httpStatusCodes: [503], triggers: ['connect-failure'] } },
    }),
    custom(envoyGateway, 'BackendTrafficPolicy', {
      targetRefs: [route],
      connection: { bufferLimit: '32 KiB' },
      retry: { retryOn: { httpStatusCodes: [600] } },
    }),
    [
      expect.stringMatching(/^\/spec\/connection\/bufferLimit: must match pattern .*, got "32 KiB"$/),
      expect.stringMatching(/^\/spec\/connection\/bufferLimit: must match pattern .*, got "32 KiB"$/),
      '/spec/retry/retryOn/httpStatusCodes/0: must be < 600, got 600',
    ],
  ],
  [
    'ClientTrafficPolicy',
    custom(envoyGateway, 'ClientTrafficPolicy', {
      targetRefs: [{ ...route, kind: 'Gateway' }],
      http3: {},
      tls: { minVersion: '1.2' },
    }),
    custom(envoyGateway, 'ClientTrafficPolicy', {
      targetRefs: [{ ...route, kind: 'Gateway' }],
      http3: { enabled: true },
      timeout: { http: { requestReceivedTimeout: '1 minute' } },
    }),
    [
      '/spec/http3/enabled: unknown field',
      expect.stringMatching(/^\/spec\/timeout\/http\/requestReceivedTimeout: must match pattern .*, got "1 minute"$/),
    ],
  ],
  [
    'SecurityPolicy',
    custom(envoyGateway, 'SecurityPolicy', {
      targetRefs: [route],
      cors: { allowOrigins: ['https://shop.example.com'], allowMethods: ['GET'], maxAge: '1h' },
    }),
    custom(envoyGateway, 'SecurityPolicy', { targetRefs: [route], authorization: { defaultAction: 'Refuse' } }),
    ['/spec/authorization/defaultAction: Allow or Deny expected, got "Refuse"'],
  ],
  [
    'BackendConfig',
    custom('cloud.google.com/v1', 'BackendConfig', { timeoutSec: 30, healthCheck: { type: 'HTTP', port: 8080 } }),
    custom('cloud.google.com/v1', 'BackendConfig', { healthCheck: { type: 'TCP' } }),
    ['/spec/healthCheck/type: HTTP or HTTPS or HTTP2 expected, got "TCP"'],
  ],
  [
    'FrontendConfig',
    custom('networking.gke.io/v1beta1', 'FrontendConfig', { redirectToHttps: { enabled: true } }),
    custom('networking.gke.io/v1beta1', 'FrontendConfig', { redirectToHttps: {} }),
    ['/spec/redirectToHttps/enabled: required field is missing'],
  ],
  [
    'CiliumNetworkPolicy',
    custom('cilium.io/v2', 'CiliumNetworkPolicy', {
      endpointSelector: {},
      egress: [
        { toFQDNs: [{ matchName: 'api.example.com' }], toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] },
      ],
    }),
    custom('cilium.io/v2', 'CiliumNetworkPolicy', {
      endpointSelector: {},
      egress: [{ toFQDNs: [{ name: 'api.example.com' }], toPorts: [{ ports: [{ port: '443', protocol: 'HTTP' }] }] }],
    }),
    [
      '/spec/egress/0/toFQDNs/0/matchName: required field is missing',
      '/spec/egress/0/toFQDNs/0/matchPattern: required field is missing',
      '/spec/egress/0/toFQDNs/0/name: unknown field',
      expect.stringMatching(/^\/spec\/egress\/0\/toFQDNs\/0: must match exactly one schema in oneOf/),
      expect.stringMatching(/^\/spec\/egress\/0\/toPorts\/0\/ports\/0\/protocol: TCP or .* expected, got "HTTP"$/),
    ],
  ],
  [
    'NetworkPolicy',
    custom('projectcalico.org/v3', 'NetworkPolicy', {
      types: ['Egress'],
      egress: [{ action: 'Allow', protocol: 'TCP', destination: { selector: "a == 'b'", ports: [443] } }],
    }),
    custom('projectcalico.org/v3', 'NetworkPolicy', { egress: [{ action: 'Permit' }] }),
    ['/spec/egress/0/action: Allow or Deny or Log or Pass expected, got "Permit"'],
  ],
  [
    'NetworkSet',
    custom('projectcalico.org/v3', 'NetworkSet', { allowedEgressDomains: ['api.example.com'] }),
    custom('projectcalico.org/v3', 'NetworkSet', { domains: ['api.example.com'] }),
    ['/spec/domains: unknown field'],
  ],
  [
    'ManagedCertificate',
    custom('networking.gke.io/v1', 'ManagedCertificate', { domains: ['shop.example.com'] }),
    custom('networking.gke.io/v1', 'ManagedCertificate', { domains: ['shop.example.com'], issuer: 'x' }),
    ['/spec/issuer: unknown field'],
  ],
  [
    'AzureApplicationGatewayRewrite',
    custom('appgw.ingress.azure.io/v1beta1', 'AzureApplicationGatewayRewrite', {
      rewriteRules: [{ name: 'headers', ruleSequence: 100 }],
    }),
    custom('appgw.ingress.azure.io/v1beta1', 'AzureApplicationGatewayRewrite', { rewriteRules: [{ name: 'headers' }] }),
    ['/spec/rewriteRules/0/ruleSequence: required field is missing'],
  ],
  [
    'AlertmanagerConfig',
    custom('monitoring.coreos.com/v1alpha1', 'AlertmanagerConfig', {
      route: { receiver: 'team', matchers: [{ name: 'severity', value: 'critical', matchType: '=~' }] },
      receivers: [{ name: 'team' }],
    }),
    custom('monitoring.coreos.com/v1alpha1', 'AlertmanagerConfig', {
      route: { receiver: 'team', matchers: [{ name: 'severity', value: 'critical', matchType: '==' }] },
      receivers: [{ slackConfigs: [] }],
    }),
    [
      '/spec/receivers/0/name: required field is missing',
      '/spec/route/matchers/0/matchType: != or = or =~ or !~ expected, got "=="',
    ],
  ],
  [
    'FluentBitConfig',
    custom(fluentBit, 'FluentBitConfig', { filterSelector: { matchLabels: { app: 'shop' } } }),
    custom(fluentBit, 'FluentBitConfig', { inputSelector: { matchLabels: { app: 'shop' } } }),
    ['/spec/inputSelector: unknown field'],
  ],
  [
    'Filter',
    custom(fluentBit, 'Filter', { match: 'kube.*', filters: [{ grep: { exclude: 'path ^/health' } }] }),
    custom(fluentBit, 'Filter', { match: 'kube.*', filters: [{ grep: { exclud: 'path ^/health' } }] }),
    ['/spec/filters/0/grep/exclud: unknown field'],
  ],
  [
    'Output',
    custom(fluentBit, 'Output', { match: 'kube.*', loki: { host: 'loki', lineFormat: 'json' } }),
    custom(fluentBit, 'Output', { match: 'kube.*', loki: { lineFormat: 'text' } }),
    ['/spec/loki/host: required field is missing', '/spec/loki/lineFormat: json or key_value expected, got "text"'],
  ],
  [
    'Parser',
    custom(fluentBit, 'Parser', { json: { timeKey: 'time' } }),
    custom(fluentBit, 'Parser', { json: { timeField: 'time' } }),
    ['/spec/json/timeField: unknown field'],
  ],
  [
    'ExternalSecret',
    custom('external-secrets.io/v1', 'ExternalSecret', {
      secretStoreRef: { name: 'vault' },
      data: [{ secretKey: 'password', remoteRef: { key: 'shop/orders', property: 'password' } }],
    }),
    custom('external-secrets.io/v1', 'ExternalSecret', {
      secretStoreRef: { name: 'vault', kind: 'Vault' },
      data: [{ secretKey: 'password', remoteRef: { property: 'password' } }],
    }),
    [
      '/spec/data/0/remoteRef/key: required field is missing',
      '/spec/secretStoreRef/kind: SecretStore or ClusterSecretStore expected, got "Vault"',
    ],
  ],
  [
    'SecretStore',
    custom('external-secrets.io/v1', 'SecretStore', {
      provider: { vault: { server: 'https://vault.example.com', auth: { kubernetes: { role: 'shop' } } } },
    }),
    custom('external-secrets.io/v1', 'SecretStore', { provider: {} }),
    [expect.stringMatching(/^\/spec\/provider: must NOT have fewer than 1 properties, got \{\}$/)],
  ],
  [
    'ValidatingPolicy',
    custom(kyverno, 'ValidatingPolicy', { validations: [{ expression: 'true', message: 'never' }] }),
    custom(kyverno, 'ValidatingPolicy', { validations: [{ message: 'never' }] }),
    ['/spec/validations/0/expression: required field is missing'],
  ],
  [
    'NamespacedValidatingPolicy',
    custom(kyverno, 'NamespacedValidatingPolicy', { validations: [{ expression: 'true' }], failurePolicy: 'Fail' }),
    custom(kyverno, 'NamespacedValidatingPolicy', { validations: [{ expression: 'true' }], failurePolicy: 'Never' }),
    ['/spec/failurePolicy: Ignore or Fail expected, got "Never"'],
  ],
  [
    'NamespacedImageValidatingPolicy',
    custom(kyverno, 'NamespacedImageValidatingPolicy', {
      attestors: [{ name: 'key', cosign: { key: { data: 'x' } } }],
      validations: [{ expression: 'true' }],
    }),
    custom(kyverno, 'NamespacedImageValidatingPolicy', {
      attestors: [{ cosign: { key: { data: 'x' } } }],
      validations: [{ expression: 'true' }],
    }),
    ['/spec/attestors/0/name: required field is missing'],
  ],
  [
    'PodMonitor',
    custom('monitoring.coreos.com/v1', 'PodMonitor', { selector: {}, podMetricsEndpoints: [{ port: 'metrics' }] }),
    custom('monitoring.coreos.com/v1', 'PodMonitor', { podMetricsEndpoints: [{ portName: 'metrics' }] }),
    ['/spec/podMetricsEndpoints/0/portName: unknown field', '/spec/selector: required field is missing'],
  ],
  [
    'VerticalPodAutoscaler',
    custom('autoscaling.k8s.io/v1', 'VerticalPodAutoscaler', {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'backend' },
      updatePolicy: { updateMode: 'Off' },
    }),
    custom('autoscaling.k8s.io/v1', 'VerticalPodAutoscaler', { updatePolicy: { updateMode: 'Never' } }),
    [
      '/spec/targetRef: required field is missing',
      expect.stringMatching(/^\/spec\/updatePolicy\/updateMode: .* expected, got "Never"$/),
    ],
  ],
  [
    'Gateway',
    custom(gatewayApi, 'Gateway', {
      gatewayClassName: 'envoy',
      addresses: [{ value: '192.0.2.1' }],
      listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
    }),
    custom(gatewayApi, 'Gateway', {
      gatewayClassName: 'envoy',
      listeners: [{ name: 'http', port: 80_000, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Any' } } }],
    }),
    [
      '/spec/listeners/0/allowedRoutes/namespaces/from: All or Selector or Same expected, got "Any"',
      '/spec/listeners/0/port: must be <= 65535, got 80000',
    ],
  ],
  [
    'HTTPRoute',
    custom(
      gatewayApi,
      'HTTPRoute',
      httpRoute({ type: 'CORS', cors: { allowOrigins: ['https://shop.example.com'], allowMethods: ['GET'] } }),
    ),
    custom(gatewayApi, 'HTTPRoute', httpRoute({ type: 'URLRewrite', urlRewriting: {} })),
    ['/spec/rules/0/filters/0/urlRewriting: unknown field'],
  ],
  [
    'ReferenceGrant',
    custom('gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'edge' }],
      to: [{ group: '', kind: 'Service' }],
    }),
    custom('gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
      to: [],
    }),
    ['/spec/from/0/namespace: required field is missing', '/spec/to: must NOT have fewer than 1 items, got []'],
  ],
];

describe.each(customResources)('%s', (_kind, good, broken, errors) => {
  test('is taken with every minor if it is good', () => {
    expect(minors.flatMap((minor) => schemaErrors(good, minor))).toEqual([]);
  });

  test('is refused if it is broken', () => {
    expect(schemaErrors(broken, newest).sort()).toEqual(errors);
  });

  test('has strict metadata and no status', () => {
    expect(schemaErrors({ ...good, metadata: { nam: 'orders' }, status: {} }, newest).sort()).toEqual([
      '/metadata/nam: unknown field',
      '/status: unknown field',
    ]);
  });
});

test('there are examples of all custom resources', () => {
  const { kinds } = JSON.parse(readFileSync(join(__dirname, '../schemas/custom-resources.json'), 'utf8'));
  expect(customResources.map(([kind]) => kind).sort()).toEqual(
    Object.keys(kinds)
      .map((kind) => kind.replace(/.*\//, ''))
      .sort(),
  );
});

test('defaults are not written into the object', () => {
  const sparse = custom(gatewayApi, 'HTTPRoute', httpRoute());
  const before = structuredClone(sparse);
  schemaErrors(sparse, newest);
  expect(sparse).toEqual(before);
});

test('of Subscription there is the second version only', () => {
  const old = custom('dapr.io/v1alpha1', 'Subscription', { ...orders, route: '/orders' });
  expect(schemaErrors(old, newest)).toEqual([
    `/kind: no schema of dapr.io/v1alpha1/Subscription in Kubernetes ${newest}`,
  ]);
});
