import { randomInt } from 'node:crypto';

import type { SecretDeclaration, SecretKey } from '../../platform/secrets';

/** What became of a key: it is new, as the cluster has it, given by somebody, or what its template gives now. */
export type KeyState = 'added' | 'kept' | 'changed' | 'recomputed';

/** A key with its value. */
export interface FilledKey {
  readonly key: string;
  readonly state: KeyState;
  readonly value: Buffer;
}

/** A declared Secret with a value for every key, as far as there can be one. */
export interface FilledSecret {
  readonly name: string;
  readonly keys: readonly FilledKey[];
  /** Keys whose value only somebody else can give, and those that are made of such. */
  readonly missing: readonly string[];
}

/** Letters and digits only: values are put into URLs and configuration files as they are. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const DEFAULT_LENGTH = 32;
const PLACEHOLDER = /\{\{([^{}]*)\}\}/;

/** A value that nobody can guess: each character is one of 62, all equally likely. */
export const randomValue = (length: number = DEFAULT_LENGTH) =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** What is wrong with declared Secrets: nothing, or a line for each problem. */
export const declarationProblems = (secrets: readonly SecretDeclaration[]): string[] =>
  secrets.flatMap((secret) => [...keyProblems(secret), ...cycleProblems(secret)]);

/** Gives every key of a Secret its value. What exists (as base64) is kept; templates are computed from the result. */
export function fillSecret({ name, keys }: SecretDeclaration, existing: Record<string, string> = {}): FilledSecret {
  const found = new Map(Object.entries(existing).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  const values = new Map<string, Buffer | undefined>();
  const valueOf = (key: string): Buffer | undefined => {
    if (!values.has(key)) {
      const { template } = keys[key] ?? {};
      const made = () => firstValue(keys[key] ?? {});
      values.set(key, template === undefined ? (found.get(key) ?? made()) : expand(template, valueOf));
    }
    return values.get(key);
  };
  const filled = Object.keys(keys).map((key) => ({ key, value: valueOf(key) }));
  return {
    name,
    keys: filled.flatMap(({ key, value }) => (value ? [{ key, state: stateOf(found.get(key), value), value }] : [])),
    missing: filled.flatMap(({ key, value }) => (value ? [] : [key])),
  };
}

/** The value of a key that has none yet; nothing where only somebody else can give it. */
function firstValue({ length, initial, provided }: SecretKey): Buffer | undefined {
  if (provided) return undefined;
  return Buffer.from(initial ?? randomValue(length));
}

function stateOf(found: Buffer | undefined, value: Buffer): KeyState {
  if (!found) return 'added';
  return found.equals(value) ? 'kept' : 'recomputed';
}

/** Text and names take turns when a template is split at its placeholders. */
export function expand(template: string, valueOf: (key: string) => Buffer | undefined): Buffer | undefined {
  const parts = template.split(PLACEHOLDER).map((part, index) => (index % 2 ? valueOf(part) : Buffer.from(part)));
  return parts.every((part) => part !== undefined) ? Buffer.concat(parts) : undefined;
}

/** The keys that a template names. */
const namesIn = (template: string = '') => template.split(PLACEHOLDER).filter((_, index) => index % 2);

function keyProblems({ name, keys }: SecretDeclaration): string[] {
  const all = Object.keys(keys).join(', ');
  return Object.entries(keys).flatMap(([key, { length = DEFAULT_LENGTH, template }]) => {
    const where = `secret ${name}, key ${key}`;
    const given = (['length', 'template', 'initial', 'provided'] as const).filter(
      (way) => keys[key]?.[way] !== undefined,
    );
    if (given.length > 1) return [`${where}: has a ${given.join(' and a ')}; keep one of them`];
    if (!Number.isInteger(length) || length < 1) {
      return [`${where}: expected a length of 1 or more, got ${length}; give an integer`];
    }
    return namesIn(template)
      .filter((named) => !Object.hasOwn(keys, named))
      .map((named) => `${where}: its template names {{${named}}}, which the Secret has not; it has ${all}`);
  });
}

function cycleProblems({ name, keys }: SecretDeclaration): string[] {
  const done = new Set<string>();
  const problems: string[] = [];
  const follow = (key: string, path: readonly string[]): void => {
    if (path.includes(key)) {
      const cycle = [...path.slice(path.indexOf(key)), key].join(' → ');
      problems.push(`secret ${name}: templates need one another, ${cycle}; give one of these keys no template`);
    } else if (!done.has(key) && Object.hasOwn(keys, key)) {
      namesIn(keys[key]?.template).forEach((named) => follow(named, [...path, key]));
      done.add(key);
    }
  };
  Object.keys(keys).forEach((key) => follow(key, []));
  return problems;
}
