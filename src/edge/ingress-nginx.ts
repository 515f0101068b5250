import type { Construct } from 'constructs';

import type { RolloutTrafficRouting } from '../../imports/argo-rollouts';
import { KubeConfigMap } from '../../imports/k8s';
import { parseBytes } from '../platform/quantity';
import { Namespace } from '../platform/namespace';
import { pathTo, renderIngress } from './ingress';
import type { RouteTarget } from '../workload/web-service';
import type { EdgeRenderer, Route } from './renderer';
import type { ResolvedEdge } from './settings';

const PREFIX = 'nginx.ingress.kubernetes.io';

/**
 * The edge as an Ingress for ingress-nginx, without snippets, which its controller refuses by default. Headers stand in a
 * ConfigMap that the controller reads; it sends only those that its own `global-allowed-response-headers` names.
 */
export class IngressNginx implements EdgeRenderer {
  /** Paths of each Ingress, by its name. */
  private readonly routes = new Map<string, Route[]>();
  private readonly annotations: Record<string, string>;

  public constructor(
    private readonly scope: Construct,
    private readonly name: string,
    private readonly edge: ResolvedEdge,
  ) {
    const headers = new KubeConfigMap(scope, 'headers', {
      metadata: { name: `${name}-headers` },
      data: edge.securityHeaders,
    });
    this.annotations = {
      ...proxyAnnotations(edge),
      ...tlsAnnotations(edge),
      ...rateAnnotations(edge),
      ...corsAnnotations(edge),
      ...firewallAnnotations(edge),
      [`${PREFIX}/custom-headers`]: `${Namespace.around(scope).namespaceName}/${headers.name}`,
    };
  }

  public addRoute(route: Route): void {
    const { service, canary } = route;
    this.add(canary?.managed ? this.stableIngressOf(service) : this.name, route);
    if (!canary || canary.managed) return;
    // A share goes through an Ingress of its own, whose weight ingress-nginx applies to the first one.
    this.add(
      `${this.name}-canary-${canary.service.workloadName}`,
      { path: route.path, service: canary.service },
      { [`${PREFIX}/canary`]: 'true', [`${PREFIX}/canary-weight`]: `${canary.weight}` },
    );
  }

  public trafficRouting(service: RouteTarget): RolloutTrafficRouting {
    return { nginx: { stableIngress: this.stableIngressOf(service) } };
  }

  /** Argo Rollouts copies an Ingress for the share, paths of others included: so each such service has one of its own. */
  private readonly stableIngressOf = ({ workloadName }: RouteTarget) => `${this.name}-${workloadName}`;

  private add(name: string, route: Route, annotations: Record<string, string> = {}): void {
    const routes = this.routes.get(name);
    if (routes) routes.push(route);
    else this.renderIngress(name, { ...this.annotations, ...annotations }, [route]);
  }

  private renderIngress(name: string, annotations: Record<string, string>, routes: Route[]): void {
    const { host, className, certificateIssuer } = this.edge;
    // The host has one certificate, and one Ingress asks for it; all others use it.
    const isFirst = this.routes.size === 0;
    this.routes.set(name, routes);
    renderIngress(this.scope, name === this.name ? 'ingress' : name, {
      name,
      annotations: { ...annotations, ...(isFirst ? issuerAnnotations(this.edge) : {}) },
      className,
      host,
      tlsSecret: certificateIssuer ? `${this.name}-tls` : undefined,
      paths: () => routes.map(pathTo),
    });
  }
}

const proxyAnnotations = ({ bodyLimit, timeoutSeconds }: ResolvedEdge): Record<string, string> => ({
  ...(bodyLimit ? { [`${PREFIX}/proxy-body-size`]: `${parseBytes(bodyLimit)}` } : {}),
  [`${PREFIX}/proxy-connect-timeout`]: '5',
  [`${PREFIX}/proxy-read-timeout`]: `${timeoutSeconds}`,
  [`${PREFIX}/proxy-send-timeout`]: `${timeoutSeconds}`,
});

const tlsAnnotations = ({ certificateIssuer }: ResolvedEdge): Record<string, string> =>
  certificateIssuer ? { [`${PREFIX}/force-ssl-redirect`]: 'true' } : { [`${PREFIX}/ssl-redirect`]: 'false' };

const issuerAnnotations = ({ certificateIssuer }: ResolvedEdge): Record<string, string> =>
  certificateIssuer ? { 'cert-manager.io/cluster-issuer': certificateIssuer } : {};

const rateAnnotations = ({ rateLimit }: ResolvedEdge): Record<string, string> =>
  rateLimit
    ? {
        ...(rateLimit.burstFactor ? { [`${PREFIX}/limit-burst-multiplier`]: `${rateLimit.burstFactor}` } : {}),
        [`${PREFIX}/limit-rpm`]: `${rateLimit.requestsPerMinute}`,
      }
    : {};

/** Without a snippet, which controllers refuse: whether it only logs or blocks is said in the controller's settings. */
const firewallAnnotations = ({ waf }: ResolvedEdge): Record<string, string> =>
  waf ? { [`${PREFIX}/enable-modsecurity`]: 'true', [`${PREFIX}/enable-owasp-core-rules`]: 'true' } : {};

const corsAnnotations = ({ cors }: ResolvedEdge): Record<string, string> =>
  cors
    ? {
        [`${PREFIX}/cors-allow-credentials`]: `${cors.credentials}`,
        [`${PREFIX}/cors-allow-headers`]: cors.headers.join(', '),
        [`${PREFIX}/cors-allow-methods`]: cors.methods.join(', '),
        [`${PREFIX}/cors-allow-origin`]: cors.origins.join(', '),
        [`${PREFIX}/cors-max-age`]: `${cors.maxAgeSeconds}`,
        [`${PREFIX}/enable-cors`]: 'true',
      }
    : {};
