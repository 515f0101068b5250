import type { Construct } from 'constructs';

import type { RolloutTrafficRouting } from '../../imports/argo-rollouts';
import type { HTTPIngressPath, KubeIngress } from '../../imports/k8s';
import { ValidationError } from '../platform/validation-error';
import type { Candidate, RouteTarget } from '../workload/web-service';
import type { AlbSettings } from './cloud-settings';
import { pathTo, renderIngress } from './ingress';
import { type EdgeRenderer, refuse, type Route } from './renderer';
import type { ResolvedEdge } from './settings';

const PREFIX = 'alb.ingress.kubernetes.io';
const KIND = 'an Application Load Balancer';

/** The headers that a listener can add to answers, with the attributes that hold their values. */
const HEADER_ATTRIBUTES: Record<string, string> = {
  'content-security-policy': 'content_security_policy',
  'strict-transport-security': 'strict_transport_security',
  'x-content-type-options': 'x_content_type_options',
  'x-frame-options': 'x_frame_options',
};

/** The most that AWS lets a connection be idle, in seconds. */
const LONGEST_TIMEOUT = 4000;
const LONGEST_DRAIN = 3600;

/**
 * The edge as an Application Load Balancer that asks the pods themselves. Its certificates are those of ACM; what filters
 * requests is a web ACL.
 */
export class Alb implements EdgeRenderer {
  private readonly routes: Route[] = [];
  private readonly ingress: KubeIngress;
  private readonly alb: AlbSettings;

  public constructor(
    private readonly scope: Construct,
    name: string,
    private readonly edge: ResolvedEdge,
  ) {
    if (!edge.alb) {
      throw new ValidationError(
        scope,
        'alb',
        'expected the settings of the load balancer, got none; give alb.subnetCidrs',
      );
    }
    this.alb = edge.alb;
    refuse(scope, edge, KIND, {
      bodyLimit: 'remove it, and limit bodies by a size rule of the web ACL in alb.webAclArn, or in the application',
      certificateIssuer: 'remove it, and name certificates of ACM in alb.certificateArns',
      cors: 'remove it, and let the application answer for CORS',
      rateLimit: 'remove it, and limit rates by a rate-based rule of the web ACL in alb.webAclArn',
    });
    if (edge.timeoutSeconds > LONGEST_TIMEOUT) {
      const found = `expected at most ${LONGEST_TIMEOUT} for ${KIND}, got ${edge.timeoutSeconds}`;
      throw new ValidationError(scope, 'timeoutSeconds', `${found}; lower it`);
    }
    this.ingress = renderIngress(scope, 'ingress', {
      name,
      annotations: { ...this.listenerAnnotations(), ...this.targetAnnotations() },
      className: edge.className,
      host: edge.host,
      paths: () => this.routes.map((route, index) => pathOf(route, index)),
    });
  }

  public addRoute(route: Route): void {
    const index = this.routes.push(route) - 1;
    for (const { service } of [route, ...(route.canary ? [route.canary] : [])]) {
      // Readiness is answered with any status below 400; by default only 200 would count.
      service.service.metadata.addAnnotation(`${PREFIX}/healthcheck-path`, service.readinessPath);
      service.service.metadata.addAnnotation(`${PREFIX}/success-codes`, '200-399');
    }
    // A controller writes the action itself.
    if (!route.canary || route.canary.managed) return;
    const action = `${PREFIX}/actions.${actionOf(route, index)}`;
    this.ingress.metadata.addAnnotation(action, weights(route.service, route.canary));
  }

  public trafficRouting({ workloadName, servicePort }: RouteTarget): RolloutTrafficRouting {
    return { alb: { ingress: this.ingress.name, rootService: workloadName, servicePort } };
  }

  private listenerAnnotations(): Record<string, string> {
    const { certificateArns, sslPolicy = 'ELBSecurityPolicy-TLS13-1-2-2021-06', subnets, webAclArn } = this.alb;
    const headers = this.headerAttributes();
    const listener = certificateArns ? 'HTTPS-443' : 'HTTP-80';
    return {
      [`${PREFIX}/scheme`]: `${this.edge.scheme}`,
      ...(subnets ? { [`${PREFIX}/subnets`]: subnets.join(',') } : {}),
      ...(certificateArns
        ? {
            [`${PREFIX}/certificate-arn`]: certificateArns.join(','),
            [`${PREFIX}/listen-ports`]: '[{"HTTP":80},{"HTTPS":443}]',
            [`${PREFIX}/ssl-policy`]: sslPolicy,
            [`${PREFIX}/ssl-redirect`]: '443',
          }
        : { [`${PREFIX}/listen-ports`]: '[{"HTTP":80}]' }),
      ...(headers ? { [`${PREFIX}/listener-attributes.${listener}`]: headers } : {}),
      ...(webAclArn ? { [`${PREFIX}/wafv2-acl-arn`]: webAclArn } : {}),
    };
  }

  private targetAnnotations(): Record<string, string> {
    const { timeoutSeconds } = this.edge;
    const drain = Math.min(timeoutSeconds, LONGEST_DRAIN);
    return {
      [`${PREFIX}/load-balancer-attributes`]: `idle_timeout.timeout_seconds=${timeoutSeconds},routing.http.drop_invalid_header_fields.enabled=true`,
      [`${PREFIX}/target-group-attributes`]: `deregistration_delay.timeout_seconds=${drain}`,
      [`${PREFIX}/target-type`]: 'ip',
    };
  }

  /** `attribute=value` for each header, as the controller splits it: at commas, of which a value may have none. */
  private headerAttributes(): string {
    const entries = Object.entries(this.edge.securityHeaders).sort(([a], [b]) => (a < b ? -1 : 1));
    const pairs = entries.map(([header, value]) => {
      const attribute = HEADER_ATTRIBUTES[header.toLowerCase()];
      const field = `securityHeaders.${header}`;
      if (!attribute) {
        const known = Object.keys(HEADER_ATTRIBUTES).join(', ');
        const found = `cannot be sent by ${KIND}, which knows ${known}`;
        throw new ValidationError(this.scope, field, `${found}; remove it, and let the application send it`);
      }
      if (value.includes(',')) {
        const found = `expected a value without commas for ${KIND}, got "${value}"`;
        throw new ValidationError(this.scope, field, `${found}; remove it, and let the application send it`);
      }
      return `routing.http.response.${attribute}.header_value=${value}`;
    });
    return pairs.join(',');
  }
}

/** A path with a canary leads to an action by its name, which holds the weights. */
const pathOf = (route: Route, index: number): HTTPIngressPath =>
  route.canary
    ? {
        path: route.path,
        pathType: 'Prefix',
        backend: { service: { name: actionOf(route, index), port: { name: 'use-annotation' } } },
      }
    : pathTo(route);

/** A controller looks for the action that is called as the service. */
const actionOf = ({ service, canary }: Route, index: number) =>
  canary?.managed ? service.workloadName : `canary-${index}`;

function weights(service: RouteTarget, canary: Candidate): string {
  const target = ({ workloadName, servicePort }: RouteTarget, weight: number) => ({
    serviceName: workloadName,
    servicePort,
    weight,
  });
  const targetGroups = [target(service, 100 - canary.weight), target(canary.service, canary.weight)];
  return JSON.stringify({ type: 'forward', forwardConfig: { targetGroups } });
}
