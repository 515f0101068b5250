import type { Seconds } from '../platform/names';

/** How a pod goes. */
export interface ShutdownSettings {
  /**
   * How long a pod still answers after it was told to go, until every load balancer has noticed.
   * @default 10
   */
  readonly drainSeconds?: Seconds;

  /**
   * How long it then has to finish what it began, before it is killed.
   * @default 30
   */
  readonly graceSeconds?: Seconds;
}
