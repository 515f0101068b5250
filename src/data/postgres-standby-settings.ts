import type { ObjectStoreSettings } from '../backup/object-store-settings';
import { type Duration, parseDuration } from '../platform/duration';

/** A server that another one stands by for, and when it takes over. */
export interface StandbySettings {
  /**
   * Where the backups of the other server are: the `target` that it names, `prefix` included, which must be said here. What
   * `credentials` or `identity` may do there is to read, and nothing else.
   */
  readonly source: ObjectStoreSettings;

  /**
   * Longest that the standby may be behind what the other server has sent, before somebody is told. At least 3m, for the other
   * server tells how far it is once a minute.
   * @default 10m
   */
  readonly maxLag?: Duration;

  /**
   * Whether the standby takes over: once the other server has stopped, and is known to have, it replays the rest of what that
   * one sent and is then a server by itself. This cannot be undone.
   * @default false
   */
  readonly promoted?: boolean;
}

/** A standby with nothing left open. */
export interface ResolvedStandby {
  readonly source: ObjectStoreSettings;
  /** In seconds. */
  readonly maxLag: number;
  readonly promoted: boolean;
}

/** Fills in defaults. */
export function resolveStandby({ source, maxLag = '10m', promoted = false }: StandbySettings): ResolvedStandby {
  return { source, maxLag: parseDuration(maxLag), promoted };
}
