import { type ClusterReader, Unanswered } from '../cluster/reader';
import type { Wanted } from './wanted';

/**
 * How the cluster stands to something that the manifests count on. Unknown: it could not be asked, which is no failure.
 */
export type Status = 'ok' | 'warning' | 'failed' | 'unknown';

/** One answer of a check. */
export interface Finding {
  /** What was asked about, as `IngressClass nginx`. */
  readonly subject: string;
  readonly status: Status;
  readonly found: string;
  /** What to do about it, for everything that is not ok. */
  readonly fix?: string;
}

/** A question to a cluster. It finds nothing where the manifests do not count on what it asks for. */
export interface Check {
  /** `family.what`. */
  readonly id: string;
  /** What is asked about, where it could not be. */
  readonly about: string;
  readonly run: (wanted: Wanted, cluster: ClusterReader) => Promise<Finding[]>;
}

export const ok = (subject: string, found: string): Finding => ({ subject, status: 'ok', found });
export const warning = (subject: string, found: string, fix: string): Finding => ({
  subject,
  status: 'warning',
  found,
  fix,
});
export const failed = (subject: string, found: string, fix: string): Finding => ({
  subject,
  status: 'failed',
  found,
  fix,
});
export const unknown = (subject: string, found: string, fix: string): Finding => ({
  subject,
  status: 'unknown',
  found,
  fix,
});

/** Judges each of several things by itself: where one could not be asked about, the others still are. */
export async function each<T>(
  things: readonly T[],
  nameOf: (thing: T) => string,
  judge: (thing: T) => Promise<Finding | Finding[]>,
): Promise<Finding[]> {
  const found = await Promise.all(things.map((thing) => guarded(nameOf(thing), async () => judge(thing))));
  return found.flat();
}

/** What a question finds; unknown where the cluster gives no answer, or one that makes no sense. */
export async function guarded(subject: string, ask: () => Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    return [await ask()].flat();
  } catch (error) {
    if (error instanceof Unanswered) return [unknown(subject, error.found, error.fix)];
    // What others wrote into the cluster may have any form; that must not keep the other answers from being told.
    const what = (error as Error).message.split('\n')[0];
    return [unknown(subject, `the answer has a form that is not understood (${what})`, 'look at it with kubectl')];
  }
}

/** A condition of a status, as most controllers write them. */
export function condition(object: any, type: string): { readonly status: string; readonly message: string } {
  const found = (object.status?.conditions ?? []).find((one: any) => one.type === type);
  return { status: found?.status ?? 'Unknown', message: found?.message || found?.reason || 'no reason given' };
}
