import type { Construct } from 'constructs';

import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { type EdgeSettings, type EdgeType, KINDS } from './settings';

/** The settings that belong to one kind of edge only. */
const OWNERS: readonly (readonly ['alb' | 'applicationGateway' | 'gce', EdgeType])[] = [
  ['alb', 'alb'],
  ['applicationGateway', 'application-gateway'],
  ['gce', 'gce'],
];

/** Refuses a kind of edge that the cloud does not have, and settings that the kind does not read. */
export function checkEdge(scope: Construct, settings: EdgeSettings): void {
  const { type = 'ingress-nginx' } = settings;
  const { provider, loadBalancer } = System.containing(scope)._cloud;
  const { cloud } = KINDS[type];
  const refuse = (field: string, problem: string) => {
    throw new ValidationError(scope, field, problem);
  };
  if (cloud && cloud !== provider) {
    const found = `${type} exists on the cloud ${cloud} only, and this one is ${provider}`;
    refuse('type', `${found}; set cloud.provider: ${cloud}, or type: gateway-api or ingress-nginx`);
  }
  for (const [field, owner] of OWNERS) {
    if (!settings[field] || type === owner) continue;
    refuse(field, `is set, and the edge is of type ${type}; set type: ${owner}, or remove it`);
  }
  if (cloud && settings.controller) {
    const found = `has no meaning for ${type}, whose load balancer is outside the cluster`;
    refuse('controller', `${found}; remove it, and give the address ranges of its subnets`);
  }
  if (type === 'ingress-nginx' && settings.scheme) {
    const found = 'cannot be said for ingress-nginx, whose load balancer comes with its controller';
    const todo = 'or name the class of one that has such a one in className, or set type: gateway-api, or remove it';
    refuse('scheme', `${found}; annotate the controller's Service, ${todo}`);
  }
  if (type === 'gateway-api' && settings.scheme && !loadBalancer) {
    const found = `how a load balancer is asked for is not known for cloud.provider: ${provider}`;
    refuse('scheme', `${found}; set cloud.provider to aws, gcp or azure, or remove it`);
  }
  if (settings.waf) checkFirewall(type, settings, (problem) => refuse('waf', problem));
}

/** Refuses a firewall that nothing would be. */
function checkFirewall(type: EdgeType, settings: EdgeSettings, refuse: (problem: string) => void): void {
  const { alb, gce, applicationGateway, scheme } = settings;
  if (type === 'gateway-api') {
    const todo = "put a cloud's firewall before its load balancer and remove it, or set another type";
    refuse(`cannot be expressed by the Gateway API; ${todo}`);
  }
  if (type === 'gce' && scheme === 'internal') {
    refuse(
      'cannot be expressed by an internal load balancer of Google Cloud; remove it, or set scheme: internet-facing',
    );
  }
  const missing = {
    alb: !alb?.webAclArn && 'alb.webAclArn',
    gce: !gce?.securityPolicy && 'gce.securityPolicy',
    'application-gateway': !applicationGateway?.wafPolicy && 'applicationGateway.wafPolicy',
    'gateway-api': undefined,
    'ingress-nginx': undefined,
  }[type];
  if (missing) refuse(`is on, and no policy is named; give ${missing}, or remove it`);
}
