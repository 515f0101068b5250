import { createHash } from 'node:crypto';

import type { V1Secret } from '@kubernetes/client-node';

import type { SecretDeclaration } from '../../platform/secrets';
import { journalName, readJournal } from './journal';
import { fillSecret } from './values';

/** A shorter value might be guessed from its fingerprint. */
const SHORTEST = 16;

/** Every declared key with what can be told without its value, one line each. */
export function describeSecrets(
  secrets: readonly SecretDeclaration[],
  existing: ReadonlyMap<string, V1Secret>,
  now: number,
): string[] {
  const rows = secrets.flatMap((secret) => rowsOf(secret, existing.get(secret.name), now));
  const table = [['SECRET/KEY', 'STATE', 'LENGTH', 'AGE', 'FINGERPRINT'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const begun = secrets.flatMap(({ name }) => {
    const journal = readJournal(name, existing.get(journalName(name)));
    if (!journal) return [];
    return [`a rotation of ${name}/${journal.key} began at ${journal.startedAt} and did not end: run it again`];
  });
  return [...lines, ...begun];
}

function rowsOf(secret: SecretDeclaration, found: V1Secret | undefined, now: number): string[][] {
  const filled = new Map(fillSecret(secret, found?.data).keys.map(({ key, state }) => [key, state]));
  return Object.entries(secret.keys).map(([key, { provided, optional }]) => {
    const path = `${secret.name}/${key}`;
    const data = found?.data?.[key];
    if (data === undefined) {
      const state = optional ? 'not given' : 'missing';
      return [path, provided ? `${state}, to be given with --set` : state, '-', '-', '-'];
    }
    const value = Buffer.from(data, 'base64');
    const state = filled.get(key) === 'recomputed' ? 'not what its template gives' : 'there';
    const fingerprint = createHash('sha256').update(value).digest('hex').slice(0, 8);
    return [path, state, `${value.length}`, ageOf(found!, key, now), value.length < SHORTEST ? '-' : fingerprint];
  });
}

/** The last time at which whoever wrote the key wrote anything; a key is that old or older. */
function ageOf({ metadata }: V1Secret, key: string, now: number): string {
  const times = (metadata?.managedFields ?? [])
    .filter(({ fieldsV1 }) => Object.hasOwn((fieldsV1 as any)?.['f:data'] ?? {}, `f:${key}`))
    .flatMap(({ time }) => (time ? [time.getTime()] : []));
  const written = times.length > 0 ? Math.max(...times) : metadata?.creationTimestamp?.getTime();
  if (written === undefined) return '-';
  const minutes = Math.max(0, Math.floor((now - written) / 60_000));
  if (minutes < 120) return `${minutes}m`;
  return minutes < 2 * 24 * 60 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / (24 * 60))}d`;
}
