import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';

import { KubeDeployment, KubeService } from '../../imports/k8s';
import type { Endpoint, IAuthenticator, IConnectable, ListeningPort, Peer } from '../network/connectable';
import { Connections } from '../network/connections';
import type { SecretFile } from '../platform/secret-file';
import { Secrets } from '../platform/secrets';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { ConfigFiles } from '../workload/config-files';
import { renderDisruptionBudget } from '../workload/disruption';
import { checkTag, profileOf } from '../workload/image';
import { hardened, type Pod, renderPod } from '../workload/pod';
import { checkResources } from '../workload/resources';
import { Workload } from '../workload/workload';
import { AUTHORIZATION, collectorConfiguration, PORTS } from './collector-configuration';
import { type CollectorSettings, resolveCollector, type ResolvedCollector } from './collector-settings';
import { versionOf } from '../platform/image-reference';

const GRPC: ListeningPort = { name: 'otlp-grpc', port: PORTS.grpc };
const HTTP: ListeningPort = { name: 'otlp-http', port: PORTS.http };
const METRICS: ListeningPort = { name: 'metrics', port: PORTS.metrics };

const CONFIGURATION = '/etc/otelcol/config.yaml';
const AUTHORITY = '/etc/otelcol-backend/ca.crt';

/**
 * A collector of OpenTelemetry: takes the traces of a system's services, keeps some, and sends these on. Whoever uses it is
 * told where it is and who it is itself, and never waits for it.
 */
export class OpenTelemetryCollector extends Workload implements IConnectable, IAuthenticator {
  /** What those need to know who are no service of ours, such as a sidecar of Dapr: they speak OTLP over gRPC. */
  public readonly endpoint: Endpoint;

  /** The pods. */
  public readonly deployment: KubeDeployment;

  /** The name and address under which it answers. */
  public readonly service: KubeService;

  private readonly configFiles: ConfigFiles;

  public constructor(scope: Construct, id: string, settings: CollectorSettings) {
    const resolved = resolveCollector(settings);
    super(scope, id, { component: 'collector', version: versionOf(resolved.image) });
    checkTag(this, 'image', resolved.image);
    checkResources(this, 'resources', resolved.resources);
    this.checkBackend(resolved, settings);
    this.checkSampling(resolved);
    this.declareSecrets(resolved);

    this.endpoint = { peer: this.peer, ports: [GRPC], optional: true };
    Connections.of(this).allow(this.peer, { peer: backendOf(resolved), ports: [portOf(resolved)] });
    this.configFiles = new ConfigFiles(this, `${id}-files`);
    const authority = resolved.backend.tls?.authorityKey === undefined ? undefined : AUTHORITY;
    this.configFiles.add(CONFIGURATION, collectorConfiguration(resolved, this.resource, authority));
    const { template, annotations } = this.renderPod(resolved);
    this.deployment = new KubeDeployment(this, 'deployment', {
      metadata: { name: id, annotations },
      spec: {
        replicas: resolved.replicas,
        revisionHistoryLimit: 5,
        selector: { matchLabels: this.podLabels },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template,
      },
    });
    this.service = new KubeService(this, 'service', {
      metadata: { name: id },
      spec: {
        type: 'ClusterIP',
        selector: this.podLabels,
        ports: [GRPC, HTTP].map(({ name, port }) => ({ name, port, targetPort: name, protocol: 'TCP' })),
      },
    });
    renderDisruptionBudget(this, id, this.podLabels, { maxUnavailable: 1 });
  }

  /** What a service of ours needs to know: where traces go, and as what it sends them. */
  public endpointFor(client: string, clientNamespace: string): Endpoint {
    const { namespace } = Chart.of(this);
    const origin = { ...this.resource, 'k8s.namespace.name': clientNamespace };
    const attributes = Object.entries(origin).map(([key, value]) => `${key}=${value}`);
    return {
      ...this.endpoint,
      ports: [HTTP],
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${this.workloadName}.${namespace}:${HTTP.port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        // Metrics are scraped and logs are read from the output: sent here, they would be refused.
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_PROPAGATORS: 'tracecontext,baggage',
        OTEL_RESOURCE_ATTRIBUTES: attributes.join(','),
        OTEL_SERVICE_NAME: client,
        OTEL_TRACES_EXPORTER: 'otlp',
        // The collector chooses. What a caller has decided before holds.
        OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      },
    };
  }

  /** What every span of the system has in common, by OpenTelemetry's names. */
  private get resource(): Record<string, string> {
    const { systemName, environment } = System.containing(this);
    const { namespace } = Chart.of(this);
    return {
      'deployment.environment.name': environment,
      'k8s.namespace.name': namespace!,
      'service.namespace': systemName,
    };
  }

  private checkBackend({ backend }: ResolvedCollector, { backend: given }: CollectorSettings): void {
    const { cidrs, tls, authorizationKey } = backend;
    if (cidrs.length > 0 && (given.namespace !== undefined || given.podLabels !== undefined)) {
      const found = 'expected cidrs, or namespace and podLabels, got both';
      throw new ValidationError(this, 'backend.cidrs', `${found}; remove what it is not: outside, or in the cluster`);
    }
    const everything = cidrs.find((cidr) => cidr.endsWith('/0'));
    if (everything !== undefined) {
      const found = `expected the ranges of the backend, got ${everything}, which is every address`;
      throw new ValidationError(this, 'backend.cidrs', `${found}; name its ranges`);
    }
    if (authorizationKey === undefined || tls) return;
    const found = 'expected tls, got an authorization that everybody on the way could read';
    throw new ValidationError(this, 'backend.tls', `${found}; set tls: {}, or remove authorizationKey`);
  }

  /** The spans of a trace come to different pods, and none would see its end. */
  private checkSampling({ sampling, replicas }: ResolvedCollector): void {
    if (!sampling.atEnd || replicas === 1) return;
    const found = `expected 1 with sampling.keepErrors or keepSlowerThanMs, got ${replicas}`;
    const todo = 'the spans of a trace would come to several pods; keep one, or sample by percent alone';
    throw new ValidationError(this, 'replicas', `${found}; ${todo}`);
  }

  private declareSecrets({ backend: { secret, authorizationKey, tls } }: ResolvedCollector): void {
    const keys = [authorizationKey, tls?.authorityKey].flatMap((key) => (key === undefined ? [] : [key]));
    if (keys.length === 0) return;
    const provided = [...new Set(keys)].map((key) => [key, { provided: true }]);
    Secrets.of(this).declare({ name: secret, keys: Object.fromEntries(provided) });
  }

  private renderPod({ image, resources, backend, memory }: ResolvedCollector): Pod {
    const { secret, authorizationKey, tls } = backend;
    const profile = profileOf(this, 'image', image);
    const files: SecretFile[] =
      tls?.authorityKey === undefined ? [] : [{ path: AUTHORITY, secret, key: tls.authorityKey }];
    const probe = (periodSeconds: number, failureThreshold: number) => ({
      httpGet: { path: '/', port: 'health' },
      periodSeconds,
      timeoutSeconds: 3,
      failureThreshold,
    });
    const authorization = { secretKeyRef: { name: secret, key: authorizationKey ?? '' } };
    const container = hardened(
      { name: 'collector', image, profile, resources, files, configFiles: this.configFiles },
      {
        args: [`--config=${CONFIGURATION}`],
        env: [
          { name: 'GOMEMLIMIT', value: `${memory.hard}MiB` },
          ...(authorizationKey === undefined ? [] : [{ name: AUTHORIZATION, valueFrom: authorization }]),
        ],
        ports: [GRPC, HTTP, METRICS, { name: 'health', port: PORTS.health }].map(({ name, port }) => ({
          name,
          containerPort: port,
          protocol: 'TCP' as const,
        })),
        startupProbe: probe(2, 30),
        // waiver kube-score pod-probes-identical on Deployment/otel-collector: it has one path, which asks nobody else
        readinessProbe: probe(10, 3),
        livenessProbe: probe(20, 3),
      },
    );
    return renderPod(
      {
        workload: this,
        annotations: { ...this.configFiles.checksum, ...this.scrapedBy(METRICS, '/metrics') },
        profile,
        containers: [container],
        // What it still holds is sent on before it goes.
        graceSeconds: 30,
      },
      {},
    );
  }
}

function backendOf({ backend }: ResolvedCollector): Peer {
  const { cidrs, namespace, podLabels } = backend;
  return cidrs.length > 0 ? { name: 'traces', cidrs } : { name: 'traces', namespace, podLabels };
}

const portOf = ({ backend }: ResolvedCollector): ListeningPort => ({ name: 'otlp', port: backend.port });
