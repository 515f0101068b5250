import { canonicalBytes, formatCpu, mebibytes, parseCpu } from '../../src/platform/quantity';
import { applicationProfile, imageProfile } from '../../src/workload/image-profiles';
import { isPlainMap } from '../../src/settings/merge';
import { type ValuePath, keyOf } from '../../src/outputs/chart/template';
import type { Probe, Schema } from './probe';
import { type Values, valueAt, withValue } from '../../src/outputs/chart/values';

/** Values to be seen in what comes out, by the type of a setting. */
const SEEN: Readonly<Record<string, readonly unknown[]>> = {
  integer: [7, 1, 2, 77, 777, 77777777],
  number: [7, 1.5, 77, 777],
  string: ['77Mi', '7Ti', '77s', '7m', '700d', 'probe', '77777m'],
};

/**
 * Fills in every default: the settings then say all that is in the objects, and give the same ones. What the schema says
 * outright is tried first; else a value that cannot be overlooked is set, and what stood in its place is the default.
 */
export class Resolver {
  private readonly known = new Map<string, unknown[]>();

  public constructor(private readonly probe: Probe) {}

  public resolve(values: Values): Values {
    const wanted = this.text(values);
    if (wanted === undefined) throw new Error(`${this.probe.system}: its own settings are refused`);
    return this.fill(values, this.probe.root, [], wanted);
  }

  private text(values: Values): string | undefined {
    const objects = this.probe.build(values);
    return objects && JSON.stringify(objects);
  }

  private fill(values: Values, schema: Schema, path: ValuePath, wanted: string): Values {
    let filled = values;
    for (const [key, own] of Object.entries(schema.properties ?? {})) {
      const inside = [...path, key];
      const below = this.probe.resolve(own);
      const found = valueAt(filled, inside);
      // It follows another setting, and says the same again in each place.
      if (found === undefined && /Default: what /.test(below.description ?? '')) continue;
      if (found !== undefined) {
        filled = this.fillWithin(filled, below, inside, wanted);
        if (below.items && Array.isArray(found)) {
          for (const index of found.keys())
            filled = this.fill(filled, this.probe.resolve(below.items), [...inside, `${index}`], wanted);
        }
        const plain = canonical(found);
        if (plain !== found && this.text(withValue(filled, inside, plain)) === wanted)
          filled = withValue(filled, inside, plain);
        continue;
      }
      const isSame = (value: unknown) => this.text(withValue(filled, inside, value)) === wanted;
      const value =
        [...hints(filled, inside), ...this.candidates(inside, below)].find(isSame) ??
        this.replaced(filled, inside, below, wanted);
      if (value === undefined) continue;
      this.remember(inside, value);
      filled = withValue(filled, inside, value);
      if (!isPlainMap(value)) continue;
      filled = this.fillWithin(filled, below, inside, wanted);
      const isEmpty = Object.keys(valueAt(filled, inside) as object).length === 0;
      // A map of any entries may well have none; one of named ones then says nothing, nor one in an item of a list.
      if (isEmpty && (below.properties || path.some((part) => /^[0-9]+$/.test(part))))
        filled = withValue(filled, inside, undefined);
    }
    return filled;
  }

  /** The same within a value, where it is a map: of what has names, or entry by entry. */
  private fillWithin(values: Values, schema: Schema, path: ValuePath, wanted: string): Values {
    const found = valueAt(values, path);
    if (!isPlainMap(found)) return values;
    if (schema.properties) return this.fill(values, schema, path, wanted);
    if (typeof schema.additionalProperties !== 'object') return values;
    const entry = this.probe.resolve(schema.additionalProperties);
    return Object.keys(found).reduce((sum, key) => this.fillWithin(sum, entry, [...path, key], wanted), values);
  }

  private remember(path: ValuePath, value: unknown): void {
    const key = keyOf(path);
    const values = this.known.get(key) ?? [];
    if (!values.includes(value)) this.known.set(key, [value, ...values]);
  }

  /** What it was in other environments, what the schema says, and what its description says. */
  private candidates(
    path: ValuePath,
    { default: own, enum: choices = [], type, properties, description = '' }: Schema,
  ): unknown[] {
    const said = [
      ...(description.split('Default')[1] ?? '').matchAll(/[0-9]+(\.[0-9]+)?([GMT]i|m\b|s\b|h\b|d\b)?/g),
    ].map(([word]) => (type === 'string' ? word : Number(word)));
    const isNumber = type === 'integer' || type === 'number';
    const fitting = isNumber ? said.filter((word) => Number.isFinite(word)) : type === 'string' ? said : [];
    const known = this.known.get(keyOf(path)) ?? [];
    return [
      ...known,
      ...(own === undefined ? [] : [own]),
      ...(properties ? [{}] : []),
      ...choices,
      ...fitting.slice(0, 3),
    ];
  }

  /** What stood where a value that was set is seen now. */
  private replaced(values: Values, path: ValuePath, { type = '', enum: choices }: Schema, wanted: string): unknown {
    if (choices) return undefined;
    for (const seen of SEEN[type] ?? []) {
      const objects = this.text(withValue(values, path, seen));
      if (objects === undefined || objects === wanted) continue;
      const found =
        type === 'string' ? textsBehind(objects, wanted, String(seen)) : numbersBehind(objects, wanted, String(seen));
      const value = found.find((one) => this.text(withValue(values, path, one)) === wanted);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/** What shows nowhere as it is. */
function hints(values: Values, path: ValuePath): unknown[] {
  if (path.slice(-2).join('.') === 'figures.dataSize') return [dataSizeOf(valueAt(values, path.slice(0, -3)) as never)];
  if (path.join('.') === 'tls.renewBeforeDays') {
    const days = valueAt(values, ['tls', 'durationDays']);
    return typeof days === 'number' ? [Math.max(1, Math.floor(days / 3))] : [];
  }
  if (path.join('.') === 'quota.namespaces')
    return [
      Object.fromEntries(Object.keys((values['namespaces'] as object | undefined) ?? {}).map((key) => [key, {}])),
    ];
  const key = path.at(-1)! as 'user' | 'group' | 'writablePaths';
  if (!['user', 'group', 'writablePaths'].includes(key)) return [];
  const image = valueAt(values, path.slice(0, -1)) as
    { repository?: string; tag?: string; profile?: 'fastapi' } | undefined;
  if (image?.repository === undefined) return [];
  const known = image.profile ? applicationProfile(image.profile) : imageProfile(image.repository, image.tag);
  return known ? [known[key]] : [];
}

/** Data of a server: what its memory may hold, or its volume. */
function dataSizeOf({ resources, maxMemoryPercent, storage }: Values & { resources: any; storage?: any }): unknown {
  if (maxMemoryPercent === undefined) return storage?.size;
  return `${mebibytes(resources.limits.memory, (maxMemoryPercent as number) / 100)}Mi`;
}

/** An amount as objects have it: `1` for `1000m`, `1Gi` for `1024Mi`. */
function canonical(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (/^[0-9]+m$/.test(value)) return formatCpu(parseCpu(value));
  return /^[0-9]+[KMGT]i$/.test(value) ? canonicalBytes(value) : value;
}

/** Texts of `before` in whose place `seen` stands in `after`, at the first few places where these differ. */
function textsBehind(after: string, before: string, seen: string): string[] {
  const found = new Set<string>();
  let [a, b] = [0, 0];
  while (found.size < 4) {
    while (a < after.length && after[a] === before[b]) [a, b] = [a + 1, b + 1];
    if (a >= after.length) break;
    // They may begin alike.
    const start = after.lastIndexOf(seen, a);
    if (start < 0 || a - start > seen.length) break;
    const follows = after.slice(start + seen.length, start + seen.length + 24);
    const origin = b - (a - start);
    const end = before.indexOf(follows, origin);
    if (end < 0 || end - origin > 200) break;
    found.add(before.slice(origin, end));
    [a, b] = [start + seen.length, end];
  }
  return [...found, ...textsInPlace(after, before, seen)];
}

/** The same by what stands around: before it something else may differ, such as a digest of it. */
function textsInPlace(after: string, before: string, seen: string): string[] {
  const places = [...after.matchAll(new RegExp(seen.replace(/[^A-Za-z0-9]/g, '\\$&'), 'g'))].slice(0, 6);
  return places.flatMap(({ index }) => {
    const head = after.slice(Math.max(0, index - 40), index);
    const start = before.indexOf(head) + head.length;
    const end = before.indexOf(after.slice(index + seen.length, index + seen.length + 8), start);
    return start < head.length || end < start || end - start > 200 ? [] : [before.slice(start, end)];
  });
}

const numbersBehind = (after: string, before: string, seen: string): number[] =>
  textsBehind(after, before, seen)
    .map(Number)
    .filter((value) => Number.isFinite(value));
