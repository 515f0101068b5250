import { createHash } from 'node:crypto';

import { sortedByKey } from './sorted';

/** SHA-256 of a value, in hexadecimal digits: what a Helm template computes with `toJson | sha256sum`. */
export const digestOf = (value: unknown) =>
  createHash('sha256')
    .update(canonical(value).replace(/[<>&\u2028\u2029]/g, escaped))
    .digest('hex');

/** A value as text, whatever the order of its keys. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value));

/** Go writes keys in order, and these characters by their numbers. */
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return sortedByKey(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sorted(item)])));
}
