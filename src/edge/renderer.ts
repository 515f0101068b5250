import type { Construct } from 'constructs';

import type { RolloutTrafficRouting } from '../../imports/argo-rollouts';
import { ValidationError } from '../platform/validation-error';
import type { Candidate, RouteTarget, WebService } from '../workload/web-service';
import type { ResolvedEdge } from './settings';

/** A share of a route's requests for another service. */
export interface CanaryOptions {
  /** The service that gets the share. */
  readonly service: WebService;

  /** The share, in percent. */
  readonly weight: number;
}

/** A path and the service that answers under it. */
export interface Route {
  readonly path: string;
  readonly service: RouteTarget;
  readonly canary?: Candidate;
}

/** Turns routes into the objects of one kind of edge. Told of each route as it is declared. */
export interface EdgeRenderer {
  addRoute(route: Route): void;
  /** What a controller must know to change the share of a canary; not where an edge refuses canaries. */
  trafficRouting?(service: RouteTarget): RolloutTrafficRouting;
}

/** The features that not every kind of edge can express. */
export type Feature = 'bodyLimit' | 'certificateIssuer' | 'cors' | 'rateLimit';

/** For a kind of edge, what it cannot express, and what does instead. */
export type Instead = { readonly [Name in Feature]?: string };

/** Refuses what a kind of edge cannot express: to leave it out in silence would open what was to be closed. */
export function refuse(scope: Construct, edge: ResolvedEdge, kind: string, instead: Instead): void {
  for (const [feature, alternative] of Object.entries(instead)) {
    if (!edge[feature as Feature]) continue;
    throw new ValidationError(scope, feature, `cannot be expressed by ${kind}; ${alternative}`);
  }
}

/** Refuses a share for another service, where a kind of edge has no weights. */
export function refuseCanary(scope: Construct, { path, canary }: Route, kind: string): void {
  if (!canary) return;
  const found = `a share of the requests under "${path}" cannot be expressed by ${kind}`;
  const todo = 'set type: gateway-api or ingress-nginx, or another release.strategy';
  throw new ValidationError(scope, 'route', `${found}; ${todo}`);
}

/** Refuses two certificates for one host. */
export function refuseBoth(scope: Construct, edge: ResolvedEdge, field: string, other: unknown): void {
  if (!edge.certificateIssuer || !other) return;
  throw new ValidationError(
    scope,
    field,
    'is set beside certificateIssuer, and the host has one certificate; keep one',
  );
}
