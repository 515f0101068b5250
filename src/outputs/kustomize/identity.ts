import { isMap } from '../fields';

/** What tells an environment from the others, and is in many fields: its Namespace says each of them. */
export interface Identity {
  readonly namespace: string;
  readonly instance: string;
  readonly environment: string;
}

type Part = keyof Identity;

/** Where the Namespace says it. */
const SOURCES: Record<Part, string> = {
  instance: 'metadata.labels.[app.kubernetes.io/instance]',
  environment: 'metadata.labels.environment',
  namespace: 'metadata.name',
};

export const identityOf = ({ metadata: { name, labels = {} } }: any): Identity => ({
  namespace: name,
  instance: labels['app.kubernetes.io/instance'],
  environment: labels['environment'],
});

/** A field of an object that says a part of the identity, as the keys that lead there. */
interface Leaf {
  readonly part: Part;
  readonly keys: readonly (string | number)[];
}

/** An object in one environment. */
export interface Version {
  readonly object: any;
  readonly identity: Identity;
}

/** Fields that say the identity of one version, and in no other version something else. */
export function identityLeaves({ object, identity }: Version, versions: readonly Version[]): Leaf[] {
  const found: Leaf[] = [];
  visit(object, [], (value, keys) => {
    const part = (Object.keys(SOURCES) as Part[]).find((one) => identity[one] === value);
    if (part === undefined || `${keys}` === 'metadata,namespace') return;
    const values = versions.map((version) => [lookup(version.object, keys), version.identity[part]]);
    if (values.every(([said, own]) => said === undefined || said === own)) found.push({ part, keys });
  });
  return found;
}

/** A copy of an object in which these fields say another identity. */
export function withIdentity(object: any, leaves: readonly Leaf[], identity: Identity): any {
  const copy = copyOf(object);
  for (const { part, keys } of leaves) {
    lookup(copy, keys.slice(0, -1))[keys.at(-1)!] = identity[part];
  }
  return copy;
}

/** `structuredClone` takes several times as long. */
function copyOf(value: any): any {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isMap(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyOf(value[key]);
  return copy;
}

/** An object of the base, with its fields. */
export interface Identified {
  readonly object: any;
  readonly leaves: readonly Leaf[];
}

/**
 * Copies the parts from the Namespace of an overlay to everything of the base, in the words of kustomize's `replacements`.
 * @param others objects of an overlay that the base has not: what goes by kind alone must fit these, too
 */
export function replacements(base: readonly Identified[], others: readonly Version[]): object[] {
  return (Object.keys(SOURCES) as Part[])
    .map((part) => ({ source: { kind: 'Namespace', fieldPath: SOURCES[part] }, targets: targets(part, base, others) }))
    .filter(({ targets: { length } }) => length > 0);
}

function targets(part: Part, base: readonly Identified[], others: readonly Version[]): object[] {
  const paths = base.map(({ object, leaves }) => ({
    object,
    paths: pathsOf(
      object,
      leaves.filter((leaf) => leaf.part === part),
    ),
  }));
  const everywhere = common(paths.map((one) => one.paths)).filter((path) => fitsAll(path, part, others));
  const kinds = [...new Set(base.map(({ object }) => object.kind as string))];
  return [
    ...(everywhere.length > 0 ? [{ select: {}, fieldPaths: everywhere.map(fieldPath) }] : []),
    ...kinds.flatMap((kind) => {
      const same = paths.filter(({ object }) => object.kind === kind);
      return targetsOfKind(
        kind,
        part,
        same,
        everywhere,
        others.filter(({ object }) => object.kind === kind),
      );
    }),
  ];
}

interface WithPaths {
  readonly object: any;
  readonly paths: readonly string[];
}

function targetsOfKind(
  kind: string,
  part: Part,
  objects: readonly WithPaths[],
  done: readonly string[],
  others: readonly Version[],
): object[] {
  const inAll = common(objects.map(({ paths }) => paths)).filter(
    (path) => !done.includes(path) && fitsAll(path, part, others),
  );
  const ofKind = inAll.length > 0 ? [{ select: { kind }, fieldPaths: inAll.map(fieldPath) }] : [];
  // By name one by one: before 5.8, which no kubectl has yet, names were no patterns here.
  const ofSome = objects.flatMap(({ object, paths }) => {
    const rest = paths.filter((path) => !done.includes(path) && !inAll.includes(path));
    const select = { kind, name: object.metadata.name };
    return rest.length > 0 ? [{ select, fieldPaths: rest.map(fieldPath) }] : [];
  });
  return [...ofKind, ...ofSome];
}

const SEPARATOR = '\n';

/** Paths with `*` for items of lists, or with their indexes where another item says something else. */
function pathsOf(object: any, leaves: readonly Leaf[]): string[] {
  const own = new Set(leaves.map(({ keys }) => keys.join(SEPARATOR)));
  const paths = leaves.map(({ keys }) => {
    const wild = keys.map((key) => (typeof key === 'number' ? '*' : key));
    const all = matches(object, wild).every((found) => own.has(found.join(SEPARATOR)));
    return (all ? wild : keys).join(SEPARATOR);
  });
  return [...new Set(paths)];
}

/** Whether a path leads somewhere in all of these, and only to what is so already: kustomize fails where it leads nowhere. */
const fitsAll = (path: string, part: Part, versions: readonly Version[]): boolean =>
  versions.every(({ object, identity }) => {
    const found = matches(object, path.split(SEPARATOR));
    return found.length > 0 && found.every((keys) => lookup(object, keys) === identity[part]);
  });

/** The fields to which a path with `*` leads. */
function matches(value: any, path: readonly (string | number)[], before: readonly (string | number)[] = []) {
  const [first, ...rest] = path;
  if (first === undefined) return [before];
  if (typeof value !== 'object' || value === null) return [];
  const keys = first === '*' && Array.isArray(value) ? [...value.keys()] : first in value ? [first] : [];
  const found: (readonly (string | number)[])[] = keys.flatMap((key) => matches(value[key], rest, [...before, key]));
  return found;
}

const common = ([first = [], ...lists]: readonly (readonly string[])[]) =>
  first.filter((path) => lists.every((list) => list.includes(path)));

const fieldPath = (path: string): string =>
  path
    .split(SEPARATOR)
    .map((key) => (key.includes('.') ? `[${key}]` : key))
    .join('.');

const lookup = (value: any, keys: readonly (string | number)[]): any =>
  keys.reduce((found, key) => (typeof found === 'object' && found !== null ? found[key] : undefined), value);

function visit(
  value: unknown,
  keys: readonly (string | number)[],
  onText: (value: string, keys: readonly (string | number)[]) => void,
): void {
  if (typeof value === 'string') onText(value, keys);
  else if (Array.isArray(value)) value.forEach((item, index) => visit(item, [...keys, index], onText));
  else if (isMap(value)) for (const [key, item] of Object.entries(value)) visit(item, [...keys, key], onText);
}
