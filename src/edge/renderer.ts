import type { WebService } from '../workload/web-service';

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
  readonly service: WebService;
  readonly canary?: CanaryOptions;
}

/** Turns routes into the objects of one kind of edge. Told of each route as it is declared. */
export interface EdgeRenderer {
  addRoute(route: Route): void;
}
