import type { Construct } from 'constructs';

import { AzureApplicationGatewayRewrite } from '../../imports/application-gateway';
import { ValidationError } from '../platform/validation-error';
import type { ApplicationGatewaySettings } from './cloud-settings';
import { pathTo, renderIngress } from './ingress';
import { type EdgeRenderer, refuse, refuseBoth, refuseCanary, type Route } from './renderer';
import type { ResolvedEdge } from './settings';

const PREFIX = 'appgw.ingress.kubernetes.io';
const KIND = 'an Application Gateway';
const LONGEST_DRAIN = 3600;

/**
 * The edge as rules of an Application Gateway, which exists outside. Its controller reads from the pods how it asks whether
 * they are well: as their readiness probes say.
 */
export class ApplicationGateway implements EdgeRenderer {
  private readonly routes: Route[] = [];

  public constructor(
    private readonly scope: Construct,
    private readonly name: string,
    private readonly edge: ResolvedEdge,
  ) {
    const { applicationGateway, certificateIssuer } = edge;
    if (!applicationGateway) {
      const found = 'expected the settings of the gateway, got none';
      throw new ValidationError(scope, 'applicationGateway', `${found}; give applicationGateway.subnetCidrs`);
    }
    refuse(scope, edge, KIND, {
      bodyLimit: 'remove it, and limit bodies by the policy in applicationGateway.wafPolicy, or in the application',
      cors: 'remove it, and let the application answer for CORS',
      rateLimit: 'remove it, and limit rates by a custom rule of the policy in applicationGateway.wafPolicy',
    });
    refuseBoth(scope, edge, 'applicationGateway.certificate', applicationGateway.certificate);
    const hasHeaders = Object.keys(edge.securityHeaders).length > 0;
    if (hasHeaders) this.renderHeaders();
    renderIngress(scope, 'ingress', {
      name,
      annotations: this.annotations(applicationGateway, hasHeaders),
      className: edge.className,
      host: edge.host,
      tlsSecret: certificateIssuer ? `${name}-tls` : undefined,
      paths: () => this.routes.map(pathTo),
    });
  }

  public addRoute(route: Route): void {
    refuseCanary(this.scope, route, KIND);
    this.routes.push(route);
  }

  private annotations({ certificate, wafPolicy }: ApplicationGatewaySettings, hasHeaders: boolean) {
    const { scheme, certificateIssuer, secure, timeoutSeconds } = this.edge;
    return {
      ...(certificate ? { [`${PREFIX}/appgw-ssl-certificate`]: certificate } : {}),
      [`${PREFIX}/connection-draining`]: 'true',
      [`${PREFIX}/connection-draining-timeout`]: `${Math.min(timeoutSeconds, LONGEST_DRAIN)}`,
      [`${PREFIX}/request-timeout`]: `${timeoutSeconds}`,
      ...(hasHeaders ? { [`${PREFIX}/rewrite-rule-set-custom-resource`]: `${this.name}-headers` } : {}),
      [`${PREFIX}/ssl-redirect`]: `${secure}`,
      [`${PREFIX}/use-private-ip`]: `${scheme === 'internal'}`,
      ...(wafPolicy ? { [`${PREFIX}/waf-policy-for-path`]: wafPolicy } : {}),
      ...(certificateIssuer ? { 'cert-manager.io/cluster-issuer': certificateIssuer } : {}),
    };
  }

  private renderHeaders(): void {
    const responseHeaderConfigurations = Object.entries(this.edge.securityHeaders)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([headerName, headerValue]) => ({ actionType: 'set', headerName, headerValue }));
    new AzureApplicationGatewayRewrite(this.scope, 'headers', {
      metadata: { name: `${this.name}-headers` },
      spec: { rewriteRules: [{ name: 'headers', ruleSequence: 100, actions: { responseHeaderConfigurations } }] },
    });
  }
}
