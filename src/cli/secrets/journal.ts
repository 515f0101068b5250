import type { V1Secret } from '@kubernetes/client-node';

import type { Namespace } from '../../platform/namespace';
import { ClusterError } from '../cluster/error';
import { secretManifest } from './manifest';

/** Values by key, as base64. */
export type Values = Readonly<Record<string, string>>;

/**
 * What a rotation needs to go on after it was killed: it is kept in a Secret of its own from before the first step until
 * after the last. Without it a password that a server has already and no Secret yet would be lost.
 */
export interface Journal {
  /** Key that the rotation was asked for. */
  readonly key: string;
  /** When it began. Pods that were restarted for it carry this. */
  readonly startedAt: string;
  /** The keys that are no templates, as they were and as they shall be. */
  readonly before: Values;
  readonly after: Values;
}

const ENTRY = 'rotation';

/** Name of the Secret in which the journal of a Secret's rotation is kept. */
export const journalName = (secret: string) => `${secret}-rotation`;

/** The manifest of a journal. */
export function journalManifest(namespace: Namespace, secret: string, journal: Journal): V1Secret {
  const value = Buffer.from(JSON.stringify(journal));
  const keys = [{ key: ENTRY, state: 'added' as const, value }];
  return secretManifest(namespace, { name: journalName(secret), keys, missing: [] });
}

/** Reads a journal back. */
export function readJournal(secret: string, found: V1Secret | undefined): Journal | undefined {
  if (!found) return undefined;
  try {
    return JSON.parse(Buffer.from(found.data?.[ENTRY] ?? '', 'base64').toString());
  } catch {
    const what = `secret ${journalName(secret)}: expected the journal of a rotation, found something else`;
    throw new ClusterError(`${what}; delete it if nobody needs it, and run again`);
  }
}
