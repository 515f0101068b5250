import { sameAmount } from '../../src/cli/preflight/amount';
import { eventually } from '../runtime/support/process';
import type { KubeObject } from './api';
import type { Cluster } from './control-plane';

/** `Kind name`. */
export const titleOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;

const identity = ({ apiVersion, kind, metadata }: KubeObject) =>
  [apiVersion.split('/').slice(0, -1), kind, metadata.namespace, metadata.name].join(' ');

/** The objects of a folder, as the API server has them. */
export function liveObjects(cluster: Cluster, folder: string): KubeObject[] {
  return JSON.parse(cluster.kubectl(['get', '-f', folder, '--show-managed-fields', '-o', 'json'])).items;
}

/** Only there is a number a quantity: elsewhere "1" and "1.0" are two texts. */
const QUANTITIES =
  /\.(requests|limits|hard|default|defaultRequest|min|max)\.[^.]+$|\.(sizeLimit|averageValue|divisor)$/;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Paths at which the second is not what the first says. What the first does not say may be anything. */
function differentPaths(said: any, found: any, path = ''): string[] {
  if (!isObject(said)) {
    const same = QUANTITIES.test(path) ? sameAmount(said, found) : said === found;
    return same ? [] : [`${path}: ${JSON.stringify(said)} became ${JSON.stringify(found)}`];
  }
  if (!isObject(found)) return [`${path}: is gone`];
  if (Array.isArray(said) && (found as unknown[]).length !== said.length) return [`${path}: another length`];
  return Object.entries(said).flatMap(([key, value]) =>
    differentPaths(value, (found as Record<string, unknown>)[key], `${path}.${key}`),
  );
}

/** Fields that files set and the API server has otherwise; objects that it does not have. */
export function unlikeFiles(files: readonly KubeObject[], live: readonly KubeObject[]): string[] {
  const found = new Map(live.map((object) => [identity(object), object]));
  return files.flatMap((file) => {
    const object = found.get(identity(file));
    if (!object) return [`${titleOf(file)} is not there`];
    return differentPaths(file, object).map((difference) => `${titleOf(file)} ${difference}`);
  });
}

const isNothing = (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0);

/** Where two values differ in either direction: the paths alone. To say an empty list is to say none: the server drops it. */
export function changedPaths(before: unknown, after: unknown, path = ''): string[] {
  if (isNothing(before) && isNothing(after)) return [];
  if (!isObject(before) || !isObject(after) || Array.isArray(before) !== Array.isArray(after)) {
    return before === after ? [] : [path];
  }
  const [was, is] = [byName(before), byName(after)];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((key) =>
    changedPaths(was[key], is[key], path === '' ? key : `${path}.${key}`),
  );
}

/** Things with names are known by them: one more at the front changes no other. */
function byName(value: object): Record<string, unknown> {
  if (!Array.isArray(value)) return value as Record<string, unknown>;
  const names: unknown[] = value.map((one) => one?.name ?? one?.mountPath);
  const named = names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
  return Object.fromEntries(value.map((one, index) => [named ? names[index] : index, one]));
}

/**
 * Each object, whole but for its version and what controllers write, by its title: the second apply of a claim, or of an
 * admission policy, writes one that is the same in every field, those of who manages it included, but for the time at which
 * they did, and the third writes none. Seen with 1.35.4.
 */
function contents(objects: readonly KubeObject[]): Map<string, string> {
  return new Map(
    objects.map(({ status: _, metadata: { resourceVersion: __, managedFields = [], ...metadata }, ...object }) => [
      [titleOf({ ...object, metadata }), metadata.namespace].filter(Boolean).join(' in '),
      JSON.stringify({
        ...object,
        metadata,
        managedFields: managedFields
          .filter(({ subresource }: KubeObject) => !subresource)
          .map(({ time: _time, ...managed }: KubeObject) => managed),
      }),
    ]),
  );
}

/** The contents of a folder once no controller changes them any more. */
export async function quietContents(cluster: Cluster, folder: string): Promise<Map<string, string>> {
  const read = () => contents(liveObjects(cluster, folder));
  let last = read();
  await eventually(() => {
    const before = last;
    last = read();
    return changedContents(before, last).length === 0;
  });
  return last;
}

export const changedContents = (before: Map<string, string>, after: Map<string, string>): string[] =>
  [...after].filter(([title, text]) => before.get(title) !== text).map(([title]) => `${title} was changed`);
