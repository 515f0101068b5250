import type { Construct } from 'constructs';

import type { RolloutTrafficRouting } from '../../imports/argo-rollouts';
import { KubeConfigMap } from '../../imports/k8s';
import { parseBytes } from '../platform/quantity';
import { System } from '../platform/system';
import { pathTo, renderIngress } from './ingress';
import type { EdgeRenderer, Route } from './renderer';
import type { ResolvedEdge } from './settings';

const PREFIX = 'nginx.ingress.kubernetes.io';

/**
 * The edge as an Ingress for ingress-nginx, without snippets, which its controller refuses by default. Headers stand in a
 * ConfigMap that the controller reads; it sends only those that its own `global-allowed-response-headers` names.
 */
export class IngressNginx implements EdgeRenderer {
  private readonly routes: Route[] = [];
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
      [`${PREFIX}/custom-headers`]: `${System.containing(scope).namespace}/${headers.name}`,
    };
    this.renderIngress('ingress', name, this.annotations, this.routes);
  }

  public addRoute(route: Route): void {
    this.routes.push(route);
    // A controller makes the second Ingress itself.
    if (!route.canary || route.canary.managed) return;
    // A share goes through an Ingress of its own, whose weight the controller applies to the first one.
    const { service, weight } = route.canary;
    const name = `${this.name}-canary-${service.workloadName}`;
    const annotations = { [`${PREFIX}/canary`]: 'true', [`${PREFIX}/canary-weight`]: `${weight}` };
    this.renderIngress(name, name, { ...this.annotations, ...annotations }, [{ path: route.path, service }]);
  }

  public trafficRouting(): RolloutTrafficRouting {
    return { nginx: { stableIngress: this.name } };
  }

  private renderIngress(id: string, name: string, annotations: Record<string, string>, routes: Route[]): void {
    const { host, className, certificateIssuer } = this.edge;
    renderIngress(this.scope, id, {
      name,
      annotations,
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
  certificateIssuer
    ? { 'cert-manager.io/cluster-issuer': certificateIssuer, [`${PREFIX}/force-ssl-redirect`]: 'true' }
    : { [`${PREFIX}/ssl-redirect`]: 'false' };

const rateAnnotations = ({ rateLimit }: ResolvedEdge): Record<string, string> =>
  rateLimit
    ? {
        ...(rateLimit.burstFactor ? { [`${PREFIX}/limit-burst-multiplier`]: `${rateLimit.burstFactor}` } : {}),
        [`${PREFIX}/limit-rpm`]: `${rateLimit.requestsPerMinute}`,
      }
    : {};

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
