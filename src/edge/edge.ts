import { Construct } from 'constructs';

import { KubeNetworkPolicy } from '../../imports/k8s';
import type { Peer } from '../network/connectable';
import { Connections, peersOf } from '../network/connections';
import { Namespace } from '../platform/namespace';
import { ValidationError } from '../platform/validation-error';
import type { WebService } from '../workload/web-service';
import { Alb } from './alb';
import { ApplicationGateway } from './application-gateway';
import { checkEdge } from './checks';
import { GatewayApi } from './gateway-api';
import { Gce } from './gce';
import { IngressNginx } from './ingress-nginx';
import type { CanaryOptions, EdgeRenderer } from './renderer';
import { type EdgeSettings, resolveEdge, type ResolvedEdge } from './settings';

const RENDERERS = {
  alb: Alb,
  'application-gateway': ApplicationGateway,
  'gateway-api': GatewayApi,
  gce: Gce,
  'ingress-nginx': IngressNginx,
};

/** How a route is treated. */
export interface RouteOptions {
  /**
   * A share of the requests for another service.
   * @default - all requests go to the one service
   */
  readonly canary?: CanaryOptions;
}

/** What stands between the world and the services: one host, and a service per path. */
export class Edge extends Construct {
  /** Labels of all objects of the edge, beside those of the system. */
  public readonly labels: { [label: string]: string };

  private readonly edge: ResolvedEdge;
  private readonly renderer: EdgeRenderer;
  private readonly paths = new Set<string>();
  private readonly proxies: Peer;
  private readonly namespaceName: string;

  public constructor(scope: Construct, id: string, settings: EdgeSettings) {
    super(scope, id);
    checkEdge(this, settings);
    this.edge = resolveEdge(settings);
    this.labels = { 'app.kubernetes.io/component': 'edge', 'app.kubernetes.io/name': id };
    this.namespaceName = Namespace.around(this).namespaceName;
    this.proxies = { name: this.edge.type, ...this.edge.proxies };
    const Renderer = RENDERERS[this.edge.type];
    this.renderer = new Renderer(this, id, this.edge);
    // A load balancer of Google's would give the pods that answer for a host another address than the host has.
    if (this.edge.certificateIssuer && this.edge.type !== 'gce') this.renderSolverPolicy(id);
  }

  /** Sends the requests under a path to a service. The longest path that fits wins, whatever the order. */
  public route(path: string, service: WebService, options: RouteOptions = {}): void {
    if (!path.startsWith('/')) {
      throw new ValidationError(this, 'route', `expected a path that begins with a slash, got "${path}"`);
    }
    if (this.paths.has(path)) {
      throw new ValidationError(this, 'route', `"${path}" is routed twice; give a share to another service by canary`);
    }
    this.paths.add(path);
    const { namespaceName: other } = Namespace.around(service);
    if (other !== this.namespaceName) {
      const found = `expected a service of namespace "${this.namespaceName}", got ${service.workloadName} of "${other}"`;
      throw new ValidationError(
        this,
        'route',
        `${found}; no kind of edge sends requests there: place the edge beside it`,
      );
    }
    const candidate = service._onRouted(() => this.renderer.trafficRouting?.(service));
    if (candidate && options.canary) {
      const found = `"${path}" has a canary, and ${service.workloadName} releases by canary itself`;
      throw new ValidationError(this, 'route', `${found}; keep one of them`);
    }
    const canary = candidate ?? (options.canary && { ...options.canary, managed: false });
    for (const target of [service, ...(canary ? [canary.service] : [])]) {
      Connections.of(this).allow(this.proxies, target.endpoint);
    }
    this.renderer.addRoute({ path, service, canary });
  }

  /** The pods with which cert-manager answers the certificate authority run in our namespace, and only the edge asks them. */
  private renderSolverPolicy(name: string): void {
    new KubeNetworkPolicy(this, 'acme-solver', {
      metadata: { name: `${name}-acme-solver` },
      spec: {
        // waiver kube-score networkpolicy-targets-pod on NetworkPolicy/*-acme-solver: cert-manager makes these pods as it needs them
        podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [{ port: 8089, protocol: 'TCP' }], from: peersOf(this.proxies, this.namespaceName) }],
      },
    });
  }
}
