import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import type { RolloutTrafficRouting } from '../../imports/argo-rollouts';
import { EnvoyGatewayBackendTrafficPolicy, EnvoyGatewaySecurityPolicy } from '../../imports/envoy-gateway';
import { GatewayApiGateway, GatewayApiHTTPRoute, type GatewayApiHTTPRouteFilters } from '../../imports/gateway-api';
import { parseBytes } from '../platform/quantity';
import { Namespace } from '../platform/namespace';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import type { EdgeRenderer, Route } from './renderer';
import type { ResolvedEdge } from './settings';

/**
 * The edge as a Gateway with its routes. What the Gateway API itself cannot say (a rate limit, a body limit, CORS in its
 * standard channel) is said by policies of Envoy Gateway; without these it is refused.
 */
export class GatewayApi implements EdgeRenderer {
  private readonly routes: Route[] = [];

  public constructor(
    private readonly scope: Construct,
    private readonly name: string,
    private readonly edge: ResolvedEdge,
  ) {
    if (edge.policies === 'none') this.refuseWhatNeedsPolicies();
    if (edge.rateLimit?.burstFactor !== undefined) {
      const found = 'cannot be expressed by Envoy Gateway';
      throw new ValidationError(scope, 'rateLimit.burstFactor', `${found}; remove it, or set type: ingress-nginx`);
    }
    this.renderGateway();
    this.renderRoute();
    if (edge.certificateIssuer) this.renderRedirect();
    if (edge.policies === 'envoy-gateway') this.renderPolicies();
  }

  public addRoute(route: Route): void {
    this.routes.push(route);
  }

  public trafficRouting(): RolloutTrafficRouting {
    const { namespaceName: namespace } = Namespace.around(this.scope);
    return { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: this.name, namespace } } };
  }

  private refuseWhatNeedsPolicies(): void {
    const { rateLimit, cors, bodyLimit } = this.edge;
    const wanted = [rateLimit && 'rateLimit', cors && 'cors', bodyLimit && 'bodyLimit'].filter(Boolean)[0];
    if (!wanted) return;
    const found = 'cannot be expressed in plain Gateway API';
    throw new ValidationError(
      this.scope,
      wanted,
      `${found}; set policies: envoy-gateway, or type: ingress-nginx, or remove it`,
    );
  }

  private renderGateway(): void {
    const { host, className, certificateIssuer, scheme } = this.edge;
    const { loadBalancer } = System.containing(this.scope)._cloud;
    const same = { namespaces: { from: 'Same' as const } };
    new GatewayApiGateway(this.scope, 'gateway', {
      metadata: {
        name: this.name,
        annotations: certificateIssuer ? { 'cert-manager.io/cluster-issuer': certificateIssuer } : undefined,
      },
      spec: {
        gatewayClassName: className,
        // For the Service of the proxies, which the implementation makes.
        infrastructure: scheme && loadBalancer ? { annotations: loadBalancer(scheme) } : undefined,
        listeners: [
          { name: 'http', hostname: host, port: 80, protocol: 'HTTP', allowedRoutes: same },
          ...(certificateIssuer
            ? [
                {
                  name: 'https',
                  hostname: host,
                  port: 443,
                  protocol: 'HTTPS',
                  allowedRoutes: same,
                  tls: { mode: 'Terminate' as const, certificateRefs: [{ name: `${this.name}-tls` }] },
                },
              ]
            : []),
        ],
      },
    });
  }

  private renderRoute(): void {
    const { host, certificateIssuer, timeoutSeconds, securityHeaders } = this.edge;
    const set = Object.entries(securityHeaders)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name, value }));
    const filters: GatewayApiHTTPRouteFilters[] | undefined =
      set.length > 0 ? [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { set } }] : undefined;
    const rules = () =>
      this.routes.map(({ path, service, canary }) => ({
        matches: [{ path: { type: 'PathPrefix', value: path } }],
        filters,
        timeouts: { request: `${timeoutSeconds}s` },
        backendRefs: canary
          ? [backend(service, 100 - canary.weight), backend(canary.service, canary.weight)]
          : [backend(service)],
      }));
    new GatewayApiHTTPRoute(this.scope, 'route', {
      metadata: { name: this.name },
      spec: {
        hostnames: [host],
        parentRefs: [{ name: this.name, sectionName: certificateIssuer ? 'https' : 'http' }],
        rules: Lazy.any({ produce: rules }),
      },
    });
  }

  private renderRedirect(): void {
    new GatewayApiHTTPRoute(this.scope, 'redirect', {
      metadata: { name: `${this.name}-redirect` },
      spec: {
        hostnames: [this.edge.host],
        parentRefs: [{ name: this.name, sectionName: 'http' }],
        rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }] }],
      },
    });
  }

  private renderPolicies(): void {
    const { rateLimit, cors, bodyLimit } = this.edge;
    const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: this.name }];
    new EnvoyGatewayBackendTrafficPolicy(this.scope, 'traffic-policy', {
      metadata: { name: this.name },
      spec: {
        targetRefs,
        requestBuffer: bodyLimit ? { limit: `${parseBytes(bodyLimit)}` } : undefined,
        rateLimit: rateLimit && {
          type: 'Local',
          local: {
            rules: [
              {
                clientSelectors: [{ sourceCIDR: { type: 'Distinct', value: '0.0.0.0/0' } }],
                limit: { requests: rateLimit.requestsPerMinute, unit: 'Minute' },
              },
            ],
          },
        },
      },
    });
    if (!cors) return;
    new EnvoyGatewaySecurityPolicy(this.scope, 'security-policy', {
      metadata: { name: this.name },
      spec: {
        targetRefs,
        cors: {
          allowOrigins: cors.origins,
          allowMethods: cors.methods,
          allowHeaders: cors.headers,
          allowCredentials: cors.credentials,
          maxAge: `${cors.maxAgeSeconds}s`,
        },
      },
    });
  }
}

const backend = ({ workloadName, servicePort }: Route['service'], weight?: number) => ({
  name: workloadName,
  port: servicePort,
  weight,
});
