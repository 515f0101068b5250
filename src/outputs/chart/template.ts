/** Where a value stands in the values of a chart. In a {@link Range}, `$key` and `$value` begin those of the current entry. */
export type ValuePath = readonly string[];

/** A path as a text, by which paths are told from one another. */
export const keyOf = (path: ValuePath): string => path.join('\0');

/** First parts of a path that leads into the entry of a range. */
export const KEY = '$key';
export const VALUE = '$value';

/** In a key, what stands for the namespace. */
export const NAMESPACE = '{namespace}';

/** How a value is written where it is placed; see `conversions.ts`. */
export interface Placed {
  readonly path: ValuePath;
  readonly as: string;
}

/** Product of values, times a fraction, rounded, plus a number, no less than another, and other values added. */
export interface Computed {
  readonly factors: readonly Placed[];
  readonly times: number;
  readonly over: number;
  readonly plus: number;
  readonly round: 'floor' | 'ceil';
  readonly atLeast?: number;
  readonly added?: readonly Placed[];
}

/** A number, and more for each condition that holds: how many come before, where some may be missing. */
export interface Tally {
  readonly plus: number;
  readonly terms: readonly { readonly when: Condition; readonly amount: number }[];
}

/** Text in which values are placed. */
export interface Joined {
  readonly parts: readonly (string | Placed | Computed | Tally)[];
}

/** The digest of another part of the same object, or of another one. */
export interface Digest {
  /** Kind and name of the object, and the keys that lead to the part. */
  readonly of: readonly string[];
  readonly length: number;
  readonly prefix: string;
}

/** Whether a value is so. */
export type Test =
  | { readonly path: ValuePath; readonly is: 'set' | 'true' | 'filled' }
  | { readonly path: ValuePath; readonly is: 'equal' | 'above'; readonly to: string | number | boolean }
  | { readonly path: ValuePath; readonly is: 'moreThan'; readonly than: ValuePath };

/** Any of all of some tests, each as it is or not. */
export type Condition = readonly (readonly { readonly test: Test; readonly not: boolean }[])[];

/** Something that is there where its condition holds. */
export interface Optional<T> {
  readonly when?: Condition;
  readonly node: T;
}

/** Nodes of a template, by what they make. */
export type Node =
  | { readonly literal: unknown }
  | { readonly placed: Placed }
  | { readonly computed: Computed }
  | { readonly joined: Joined; readonly numeric?: boolean }
  | { readonly digest: Digest }
  | { readonly map: readonly (Optional<Node> & { readonly key: string })[]; readonly ranges?: readonly Range[] }
  | { readonly list: readonly (Optional<Node> | Range)[] }
  | { readonly lines: readonly Optional<Node>[] }
  | { readonly choice: readonly Optional<Node>[] };

/** Entries of a map or list of values, where a condition holds. */
export interface Source {
  readonly over: ValuePath;
  readonly when?: Condition;
}

/** An entry for each of a map or list of values. */
export interface Range extends Source {
  /** Further lists of words. What several of all of them say is there once, in the place of the first. */
  readonly others?: readonly Source[];
  readonly key?: Node;
  readonly node: Node;
}

/** When there is anything in what a range goes through. */
export const filledOf = ({ others = [], ...first }: Range): Condition =>
  [first, ...others].flatMap(({ over, when = [[]] }) =>
    when.map((all) => [...all, { test: { path: over, is: 'filled' as const }, not: false }]),
  );

/** The template of one object: what it is called where nothing is filled in, and its layer. */
export interface ObjectTemplate extends Optional<Node> {
  readonly name: string;
  readonly layer: string;
}
