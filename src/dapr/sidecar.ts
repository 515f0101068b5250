import { Construct } from 'constructs';

import { DaprConfiguration, type DaprConfigurationSpec } from '../../imports/dapr';
import { Lazy } from 'cdk8s';
import type { Endpoint, ListeningPort, Peer } from '../network/connectable';
import { Connections } from '../network/connections';
import { Secrets } from '../platform/secrets';
import { Namespace } from '../platform/namespace';
import { checkResources } from '../workload/resources';
import type { WebService } from '../workload/web-service';
import { addSidecarPanels } from './panels';
import type { ResolvedDapr, ResolvedSidecar } from './settings';

/** Port on which a sidecar takes calls of other sidecars. */
export const INTERNAL: ListeningPort = { name: 'dapr-internal', port: 50002 };

const METRICS: ListeningPort = { name: 'dapr-metrics', port: 9090 };

/** What a sidecar dials in the control plane, by the label and the port of its pods. */
const CONTROL_PLANE = [
  ['dapr-sentry', 50001],
  ['dapr-operator', 6500],
  ['dapr-placement-server', 50005],
  ['dapr-scheduler-server', 50006],
] as const;

const TOKEN_SECRET = 'dapr-api-token';

/** What makes a sidecar. */
export interface SidecarProps {
  readonly application: WebService;
  readonly dapr: ResolvedDapr;
  readonly sidecar: ResolvedSidecar;
  /** Names of the applications that may call this one, asked when everything is declared. */
  readonly callers: () => string[];
  /** The system's own collector of traces, where it has one. */
  readonly collector?: Endpoint;
}

/** The sidecar of one application: annotations that the injector reads, its configuration, and whom it may reach. */
export class Sidecar extends Construct {
  /** Configuration of the sidecar: certificates, tracing, and who may call the application. */
  public readonly configuration: DaprConfiguration;

  public constructor(scope: Construct, id: string, props: SidecarProps) {
    super(scope, id);
    const { application } = props;
    checkResources(this, `sidecars.${id}.resources`, props.sidecar.resources);
    Secrets.of(this).declare({ name: TOKEN_SECRET, keys: { token: { length: 48 } } });
    this.configuration = new DaprConfiguration(this, 'configuration', {
      metadata: { name: id },
      spec: Lazy.any({ produce: () => this.renderConfiguration(props) }),
    });
    application.annotatePods(annotations(props, this.configuration.name));
    this.declareConnections(application.peer, props);
    // For those who look for annotations, Dapr's operator makes a Service that has them.
    application._scrape(METRICS, '/');
    addSidecarPanels(this, id, Namespace.around(this).namespaceName);
  }

  private renderConfiguration({ dapr, callers, collector }: SidecarProps): DaprConfigurationSpec {
    const { namespace, trustDomain } = dapr.controlPlane;
    return {
      // All three are required; whether certificates are used at all is decided in the control plane's own configuration.
      mtls: {
        enabled: true,
        controlPlaneTrustDomain: trustDomain,
        sentryAddress: `dapr-sentry.${namespace}.svc.cluster.local:443`,
        workloadCertTTL: '24h',
        allowedClockSkew: '15m',
      },
      tracing: {
        samplingRate: `${dapr.tracing.samplingRate}`,
        otel: {
          endpointAddress: collector ? `${collector.peer.name}:${collector.ports[0]?.port}` : dapr.tracing.collector,
          isSecure: false,
          protocol: 'grpc',
        },
      },
      // Otherwise there would be a series per path.
      metrics: { enabled: true, http: { increasedCardinality: false } },
      accessControl: {
        defaultAction: 'deny',
        trustDomain: 'public',
        policies: callers().map((appId) => ({
          appId,
          defaultAction: 'allow',
          trustDomain: 'public',
          namespace: Namespace.around(this).namespaceName,
        })),
      },
    };
  }

  private declareConnections(peer: Peer, { dapr: { controlPlane, tracing }, collector }: SidecarProps): void {
    const connections = Connections.of(this);
    for (const [app, port] of CONTROL_PLANE) {
      const { namespace } = controlPlane;
      const server = { name: app, namespace, podLabels: { app } };
      connections.allow(peer, { peer: server, ports: [{ name: app, port }], sidecarOnly: true });
    }
    connections.allow(peer, { ...(collector ?? elsewhere(tracing)), sidecarOnly: true });
  }
}

/** A collector that is not ours, where the settings say. */
function elsewhere({ collector, collectorNamespace, collectorLabels }: ResolvedDapr['tracing']): Endpoint {
  const port = Number(collector.split(':')[1]);
  const peer = { name: 'collector', namespace: collectorNamespace, podLabels: collectorLabels };
  return { peer, ports: [{ name: 'otlp', port }] };
}

/** The injector adds the sidecar to pods with these. Without capabilities it is only if its own settings say so. */
function annotations({ application, dapr, sidecar }: SidecarProps, configuration: string): Record<string, string> {
  const { requests, limits } = sidecar.resources;
  return {
    'dapr.io/api-token-secret': TOKEN_SECRET,
    'dapr.io/app-id': application.workloadName,
    'dapr.io/app-port': `${application.endpoint.ports[0]?.port}`,
    'dapr.io/app-protocol': 'http',
    'dapr.io/config': configuration,
    // Without it the sidecar looks for a token of the API server, which our pods do not have.
    'dapr.io/disable-builtin-k8s-secret-store': 'true',
    'dapr.io/enable-metrics': 'true',
    'dapr.io/enabled': 'true',
    'dapr.io/env': `GOMEMLIMIT=${sidecar.memoryTarget}`,
    'dapr.io/graceful-shutdown-seconds': `${dapr.shutdownSeconds}`,
    'dapr.io/log-as-json': 'true',
    'dapr.io/log-level': dapr.logLevel,
    'dapr.io/metrics-port': `${METRICS.port}`,
    'dapr.io/sidecar-cpu-limit': limits.cpu,
    'dapr.io/sidecar-cpu-request': requests.cpu,
    'dapr.io/sidecar-memory-limit': limits.memory,
    'dapr.io/sidecar-memory-request': requests.memory,
    'dapr.io/sidecar-seccomp-profile-type': 'RuntimeDefault',
  };
}
