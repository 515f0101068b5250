import type { KubeObject } from './api';

/** How much of the requests the new version gets before the first and the second pause. */
export const WEIGHTS = [20, 50];

const NAME = 'backend';
const HOST = 'shop.example.com';

interface SampleOptions {
  /**
   * 0 to leave them to an autoscaler.
   * @default 3
   */
  readonly replicas?: number;
  /** More of its `spec`. */
  readonly spec?: object;
  /**
   * Whether the Services that the controller points at pods have a selector of their own.
   * @default false
   */
  readonly selected?: boolean;
}

const labels = { 'app.kubernetes.io/name': NAME };

function rollout(namespace: string, strategy: object, { replicas = 3, spec }: SampleOptions): KubeObject {
  const container = {
    name: NAME,
    image: `example.invalid/${NAME}:1`,
    ports: [{ name: 'http', containerPort: 8080 }],
    resources: { requests: { cpu: '100m', memory: '64Mi' } },
  };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: NAME, namespace, labels },
    spec: {
      // An autoscaler's figure is its own.
      ...(replicas > 0 && { replicas }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
      strategy,
      ...spec,
    },
  };
}

const service = (namespace: string, name: string, selector?: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels },
  spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
});

/** The new version behind a Service of its own, until somebody promotes it. */
export function blueGreen(namespace: string, options: SampleOptions = {}): KubeObject[] {
  const services = [NAME, `${NAME}-preview`];
  const [activeService, previewService] = services;
  const strategy = { blueGreen: { activeService, previewService, autoPromotionEnabled: false } };
  return [
    ...services.map((name) => service(namespace, name, options.selected ? labels : undefined)),
    rollout(namespace, strategy, options),
  ];
}

interface CanaryOptions extends SampleOptions {
  /** More of its strategy. */
  readonly canary?: object;
  /**
   * Port of the path that leads to it.
   * @default the port of the Service
   */
  readonly port?: object;
}

/** Some of the requests to the new version, by ingress-nginx, with a pause at each weight. */
export function canary(namespace: string, options: CanaryOptions = {}): KubeObject[] {
  const services = [NAME, `${NAME}-canary`];
  const [stableService, canaryService] = services;
  const steps = WEIGHTS.flatMap((setWeight) => [{ setWeight }, { pause: {} }]);
  const strategy = {
    canary: {
      stableService,
      canaryService,
      trafficRouting: { nginx: { stableIngress: 'edge' } },
      steps,
      ...options.canary,
    },
  };
  return [
    ...services.map((name) => service(namespace, name, options.selected ? labels : undefined)),
    service(namespace, 'frontend', { 'app.kubernetes.io/name': 'frontend' }),
    ingress(namespace, options.port),
    rollout(namespace, strategy, options),
  ];
}

function ingress(namespace: string, own: object = { name: 'http' }): KubeObject {
  const path = (prefix: string, name: string, port: object = { name: 'http' }) => ({
    path: prefix,
    pathType: 'Prefix',
    backend: { service: { name, port } },
  });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'edge',
      namespace,
      labels,
      annotations: { 'nginx.ingress.kubernetes.io/limit-rpm': '100' },
    },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: [HOST], secretName: 'edge-tls' }],
      rules: [{ host: HOST, http: { paths: [path('/api', NAME, own), path('/', 'frontend')] } }],
    },
  };
}

export function autoscaler(namespace: string): KubeObject {
  const target = { type: 'Utilization', averageUtilization: 70 };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: NAME, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: NAME },
      minReplicas: 2,
      maxReplicas: 5,
      metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: NAME, target } }],
    },
  };
}

interface AnalysisOptions {
  /** Where Prometheus is. */
  readonly address: string;
  /** More of each metric. */
  readonly metric?: object;
}

/** What is asked of Prometheus about the new version, each second; the first answer too bad ends the release. */
function analysisTemplate(namespace: string, { address, metric }: AnalysisOptions): KubeObject {
  const rate = (labels: string) => `sum(rate(http_requests_total{service="{{args.service}}"${labels}}[5s]))`;
  const buckets = 'sum by (le) (rate(http_request_duration_seconds_bucket{service="{{args.service}}"}[5s]))';
  const metricOf = (name: string, query: string, limit: number) => ({
    name,
    interval: '1s',
    // Without requests there is no answer, or a share of none.
    successCondition: `len(result) == 0 || isNaN(result[0]) || result[0] < ${limit}`,
    provider: { prometheus: { address, query } },
    ...metric,
  });
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: 'requests', namespace },
    spec: {
      args: [{ name: 'service' }],
      metrics: [
        metricOf('error-ratio', `${rate(',status=~"5.."')} / ${rate('')}`, 0.05),
        metricOf('latency', `histogram_quantile(0.95, ${buckets})`, 0.5),
      ],
    },
  };
}

/** A canary that goes on by itself as long as the analysis has nothing against it. */
export function analysed(namespace: string, options: AnalysisOptions): KubeObject[] {
  const args = [{ name: 'service', value: `${NAME}-canary` }];
  const analysis = { templates: [{ templateName: 'requests' }], startingStep: 1, args };
  const steps = WEIGHTS.flatMap((setWeight) => [{ setWeight }, { pause: { duration: '5s' } }]);
  return [analysisTemplate(namespace, options), ...canary(namespace, { canary: { analysis, steps } })];
}
