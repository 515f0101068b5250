import type { V1Secret } from '@kubernetes/client-node';

import type { Namespace } from '../../platform/namespace';
import type { Write } from './cluster';
import { encoded, OPAQUE, secretManifest } from './manifest';
import type { FilledSecret } from './values';

type Existing = ReadonlyMap<string, V1Secret>;

const changedKeys = ({ keys }: FilledSecret) => keys.filter(({ state }) => state !== 'kept');

/** What must be written: Secrets that are not there, and in the others the keys that change. */
export function changesOf(namespace: Namespace, filled: readonly FilledSecret[], existing: Existing): Write[] {
  return filled.flatMap((secret): Write[] => {
    const { name } = secret;
    const found = existing.get(name);
    if (!found) return [{ name, exists: false, body: secretManifest(namespace, secret) }];
    const keys = changedKeys(secret);
    if (keys.length === 0) return [];
    const { resourceVersion } = found.metadata ?? {};
    return [{ name, exists: true, body: { metadata: { resourceVersion }, data: encoded(keys) } }];
  });
}

/** Secrets that exist and cannot become what is declared: a line for each. */
export function unchangeable(filled: readonly FilledSecret[], existing?: Existing): string[] {
  return filled.flatMap((secret) => {
    const found = existing?.get(secret.name);
    if (!found) return [];
    const where = `secret ${secret.name}`;
    if (found.type !== OPAQUE) {
      const how = 'a type cannot be changed: delete it and make it anew with this type and the same values';
      return [`${where}: expected type ${OPAQUE}, found ${found.type}; ${how}`];
    }
    const keys = changedKeys(secret).map(({ key, state }) => `${key} would be ${state}`);
    if (keys.length === 0) return [];
    if (found.immutable) {
      const how = 'delete it and make it anew without "immutable" and with the same values, then run again';
      return [`${where}: is immutable, and ${keys.join(', ')}; ${how}`];
    }
    const owner = found.metadata?.ownerReferences?.find(({ controller }) => controller);
    if (owner) {
      return [`${where}: is kept by ${owner.kind} ${owner.name}, and ${keys.join(', ')}; do that there`];
    }
    return [];
  });
}

/** Shorter values cannot be told from ordinary words. */
const SHORTEST = 6;

/** Tells whether a text repeats a value of the given Secrets, in any form in which a server may repeat it. */
export function valueFinder(filled: readonly FilledSecret[], existing: Existing): (text: string) => boolean {
  const given = filled.flatMap(({ keys }) => keys.map(({ value }) => value));
  const found = [...existing.values()].flatMap(({ data }) => Object.values(data ?? {}));
  const values = [...given, ...found.map((value) => Buffer.from(value, 'base64'))];
  const forms = values
    .filter(({ length }) => length >= SHORTEST)
    .flatMap((value) => [value.toString(), JSON.stringify(value.toString()).slice(1, -1), value.toString('base64')]);
  return (text) => forms.some((form) => text.includes(form));
}
