import type { Construct } from 'constructs';

import { GkeBackendConfig, GkeFrontendConfig, GkeManagedCertificate } from '../../imports/gke';
import { ValidationError } from '../platform/validation-error';
import type { RouteTarget } from '../workload/web-service';
import { pathTo, renderIngress } from './ingress';
import { type EdgeRenderer, refuse, refuseBoth, refuseCanary, type Route } from './renderer';
import type { ResolvedEdge } from './settings';

const KIND = 'an Application Load Balancer of Google Cloud';
const LONGEST_DRAIN = 3600;

/**
 * The edge as an Application Load Balancer of Google Cloud that asks the pods themselves (network endpoint groups). How it
 * treats requests is said by objects of GKE: one for the front, and one per service.
 */
export class Gce implements EdgeRenderer {
  private readonly routes: Route[] = [];
  private readonly configured = new Set<RouteTarget>();
  private readonly internal: boolean;

  public constructor(
    private readonly scope: Construct,
    private readonly name: string,
    private readonly edge: ResolvedEdge,
  ) {
    this.internal = edge.scheme === 'internal';
    refuse(scope, edge, KIND, {
      bodyLimit: 'remove it, and limit bodies in the application',
      cors: 'remove it, and let the application answer for CORS',
      rateLimit: 'remove it, and limit rates by a throttle rule of the policy in gce.securityPolicy (Cloud Armor)',
    });
    refuseBoth(scope, edge, 'gce.managedCertificate', edge.gce.managedCertificate);
    this.checkScheme();
    this.checkClass();
    if (edge.gce.managedCertificate) this.renderCertificate();
    if (this.hasFrontendConfig()) this.renderFrontendConfig();
    renderIngress(scope, 'ingress', {
      name,
      annotations: this.annotations(),
      host: edge.host,
      tlsSecret: edge.certificateIssuer ? `${name}-tls` : undefined,
      paths: () => this.routes.map(pathTo),
    });
  }

  public addRoute(route: Route): void {
    refuseCanary(this.scope, route, KIND);
    this.routes.push(route);
    if (this.configured.has(route.service)) return;
    this.configured.add(route.service);
    this.renderBackendConfig(route.service);
  }

  /** What Google's internal load balancers do not have is refused; where they ask from must be known. */
  private checkScheme(): void {
    const { managedCertificate, sslPolicy, securityPolicy, proxySubnetCidrs } = this.edge.gce;
    if (!this.internal) {
      if (!proxySubnetCidrs) return;
      const found = 'is set, and the load balancer is internet-facing, which asks from addresses of Google';
      throw new ValidationError(this.scope, 'gce.proxySubnetCidrs', `${found}; set scheme: internal, or remove it`);
    }
    for (const [field, value] of Object.entries({ managedCertificate, sslPolicy, securityPolicy })) {
      if (!value) continue;
      const instead = field === 'managedCertificate' ? 'certificateIssuer' : 'scheme: internet-facing';
      const found = `cannot be expressed by an internal load balancer`;
      throw new ValidationError(this.scope, `gce.${field}`, `${found}; remove it, or set ${instead}`);
    }
    if (proxySubnetCidrs) return;
    const expected = 'expected the address ranges of the proxy-only subnet with scheme: internal, got none';
    throw new ValidationError(this.scope, 'gce.proxySubnetCidrs', `${expected}; give those of the region`);
  }

  /** GKE's controller reads the annotation of old, and knows two classes. */
  private checkClass(): void {
    if (this.edge.className === 'gce') return;
    const found = `cannot be chosen for gce, which is gce or gce-internal by the scheme, got "${this.edge.className}"`;
    throw new ValidationError(this.scope, 'className', `${found}; remove it, and set scheme`);
  }

  private hasFrontendConfig(): boolean {
    return !this.internal && (this.edge.secure || this.edge.gce.sslPolicy !== undefined);
  }

  private annotations(): Record<string, string> {
    const { gce, certificateIssuer, secure } = this.edge;
    const address = this.internal ? 'regional-static-ip-name' : 'global-static-ip-name';
    return {
      ...(certificateIssuer ? { 'cert-manager.io/cluster-issuer': certificateIssuer } : {}),
      // An internal load balancer cannot redirect: with a certificate, it does not listen for plain HTTP.
      ...(this.internal && secure ? { 'kubernetes.io/ingress.allow-http': 'false' } : {}),
      'kubernetes.io/ingress.class': this.internal ? 'gce-internal' : 'gce',
      ...(gce.addressName ? { [`kubernetes.io/ingress.${address}`]: gce.addressName } : {}),
      ...(gce.managedCertificate ? { 'networking.gke.io/managed-certificates': this.name } : {}),
      ...(this.hasFrontendConfig() ? { 'networking.gke.io/v1beta1.FrontendConfig': this.name } : {}),
    };
  }

  private renderCertificate(): void {
    const { host } = this.edge;
    if (host.length > 63) {
      const found = `expected at most 63 characters for a certificate of Google's, got "${host}"`;
      throw new ValidationError(
        this.scope,
        'host',
        `${found}; set certificateIssuer instead of gce.managedCertificate`,
      );
    }
    new GkeManagedCertificate(this.scope, 'certificate', { metadata: { name: this.name }, spec: { domains: [host] } });
  }

  private renderFrontendConfig(): void {
    const { gce, secure } = this.edge;
    new GkeFrontendConfig(this.scope, 'frontend-config', {
      metadata: { name: this.name },
      spec: {
        redirectToHttps: secure ? { enabled: true, responseCodeName: 'MOVED_PERMANENTLY_DEFAULT' } : undefined,
        sslPolicy: gce.sslPolicy,
      },
    });
  }

  private renderBackendConfig(service: RouteTarget): void {
    const { gce, timeoutSeconds, securityHeaders } = this.edge;
    const name = `${this.name}-${service.workloadName}`;
    const headers = Object.entries(securityHeaders)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([header, value]) => `${header}: ${value}`);
    new GkeBackendConfig(this.scope, name, {
      metadata: { name },
      spec: {
        connectionDraining: { drainingTimeoutSec: Math.min(timeoutSeconds, LONGEST_DRAIN) },
        customResponseHeaders: headers.length > 0 ? { headers } : undefined,
        healthCheck: { type: 'HTTP', port: service.endpoint.ports[0]?.port, requestPath: service.readinessPath },
        securityPolicy: gce.securityPolicy ? { name: gce.securityPolicy } : undefined,
        timeoutSec: timeoutSeconds,
      },
    });
    service.service.metadata.addAnnotation('cloud.google.com/backend-config', JSON.stringify({ default: name }));
    service.service.metadata.addAnnotation('cloud.google.com/neg', JSON.stringify({ ingress: true }));
  }
}
