import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The kinds this library writes, as `group/version/Kind`. */
const kinds = [
  'v1/ConfigMap',
  'v1/LimitRange',
  'v1/Namespace',
  'v1/PersistentVolumeClaim',
  'v1/ResourceQuota',
  'v1/Secret',
  'v1/Service',
  'v1/ServiceAccount',
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding',
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'autoscaling/v2/HorizontalPodAutoscaler',
  'batch/v1/CronJob',
  'batch/v1/Job',
  'networking.k8s.io/v1/Ingress',
  'networking.k8s.io/v1/NetworkPolicy',
  'policy/v1/PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1/ClusterRole',
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding',
  'rbac.authorization.k8s.io/v1/Role',
  'rbac.authorization.k8s.io/v1/RoleBinding',
  'scheduling.k8s.io/v1/PriorityClass',
  'storage.k8s.io/v1/StorageClass',
];

/** What only the API server or the controllers write, by definition. */
const serverPopulated: Record<string, string[]> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': [
    'creationTimestamp',
    'deletionGracePeriodSeconds',
    'deletionTimestamp',
    'generation',
    'managedFields',
    'resourceVersion',
    'selfLink',
    'uid',
  ],
};

/** The structure of a value: all that is kept of a JSON Schema. What only a validator looks at may be there besides. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: (string | number)[];
  readonly default?: unknown;
  readonly properties?: Record<string, Schema>;
  readonly required?: string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

/** An object that can be applied to a cluster. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Name of its definition in the model. */
  readonly definition: string;
}

/** The kinds and every object type they are made of. */
export interface Model {
  readonly kinds: Kind[];
  /** Sorted by name. A `$ref` is the bare name of another definition; each definition has properties. */
  readonly definitions: Map<string, Schema>;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Definition extends Schema {
  readonly 'x-kubernetes-group-version-kind'?: GroupVersionKind[];
}

interface OpenApi {
  readonly definitions: Record<string, Definition>;
  readonly paths: Record<string, { readonly get?: { readonly 'x-kubernetes-group-version-kind'?: GroupVersionKind } }>;
}

/** The structure of our kinds in a version of Kubernetes, such as `v1.35.4`, without what a server fills in. */
export function kubernetesModel(version: string): Model {
  const openApi = readOpenApi(version);
  const roots = kinds.map((kind) => ({ ...parseKind(kind), definition: definitionOf(openApi, kind) }));
  const definitions = reachable(
    openApi,
    roots.map((root) => root.definition),
  );
  const names = shortNames([...definitions.keys()]);
  const named = [...definitions].map(([name, schema]) => [names(name), mapRefs(schema, names)] as const);
  return {
    kinds: roots.map((root, index) => ({
      ...root,
      namespaced: isNamespaced(openApi, kinds[index]!),
      definition: names(root.definition),
    })),
    definitions: new Map(named.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function readOpenApi(version: string): OpenApi {
  const file = join(goModule(`k8s.io/kubernetes@${version}`), 'api/openapi-spec/swagger.json');
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Folder of a Go module in Go's own cache: verified against its checksum, and downloaded once. */
export function goModule(module: string): string {
  // Outside the repository, so that no go.mod has a say.
  const result = spawnSync('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), encoding: 'utf8' });
  if (result.error) {
    throw new Error(`cannot run go (${result.error.message}): install Go and put it on the PATH to get ${module}`);
  }
  const { Dir, Error: reason } = JSON.parse(result.stdout || '{}') as { Dir?: string; Error?: string };
  if (!Dir) throw new Error(`go mod download ${module} failed: ${reason ?? result.stderr.trim()}`);
  return Dir;
}

function parseKind(text: string) {
  const slash = text.lastIndexOf('/');
  return { apiVersion: text.slice(0, slash), kind: text.slice(slash + 1) };
}

function definitionOf({ definitions }: OpenApi, kind: string): string {
  const found = Object.keys(definitions).find((name) => kindsOf(definitions[name]!).includes(kind));
  if (!found) throw new Error(`the OpenAPI has no ${kind}`);
  return found;
}

function isNamespaced({ paths }: OpenApi, kind: string): boolean {
  return Object.entries(paths).some(([path, { get }]) => {
    const served = get?.['x-kubernetes-group-version-kind'];
    return path.includes('/namespaces/{namespace}/') && served !== undefined && formatKind(served) === kind;
  });
}

function kindsOf(definition: Definition): string[] {
  return (definition['x-kubernetes-group-version-kind'] ?? []).map(formatKind);
}

const formatKind = ({ group, version, kind }: GroupVersionKind) => [group, version, kind].filter(Boolean).join('/');

/** The trimmed definitions that the roots lead to, by full name. */
function reachable(openApi: OpenApi, roots: string[]): Map<string, Schema> {
  const found = new Map<string, Schema>();
  const pending = [...roots];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name)) continue;
    const schema = trimDefinition(openApi, name);
    found.set(name, schema);
    pending.push(...refsIn(schema));
  }
  return found;
}

function trimDefinition(openApi: OpenApi, name: string): Schema {
  const definition = openApi.definitions[name]!;
  const dropped = kindsOf(definition).length > 0 ? ['status'] : (serverPopulated[name] ?? []);
  const properties = Object.entries(definition.properties ?? {}).filter(([property]) => !dropped.includes(property));
  return trim(openApi, { ...definition, properties: Object.fromEntries(properties) });
}

/** Keeps the structure only. References to what is no object with properties (a time, a quantity) are resolved. */
function trim(openApi: OpenApi, schema: Schema): Schema {
  if (schema.$ref) {
    const name = schema.$ref.slice('#/definitions/'.length);
    const target = openApi.definitions[name]!;
    if (target.properties) return { $ref: name };
    return { type: target.type, format: name.endsWith('.Quantity') ? 'quantity' : target.format };
  }
  const { type = 'object', format, required, properties, items, additionalProperties } = schema;
  return {
    type,
    ...(format && { format }),
    ...(properties && { properties: mapValues(properties, (property) => trim(openApi, property)) }),
    ...(required && { required }),
    ...(items && { items: trim(openApi, items) }),
    ...(additionalProperties && { additionalProperties: trim(openApi, additionalProperties) }),
  };
}

/** Everything a schema refers to. */
export function refsIn({ $ref, properties = {}, items, additionalProperties }: Schema): string[] {
  const children = [...Object.values(properties), items, additionalProperties].filter((child) => child !== undefined);
  return [...($ref ? [$ref] : []), ...children.flatMap(refsIn)];
}

/** The schema with every reference renamed. */
function mapRefs(schema: Schema, rename: (name: string) => string): Schema {
  return mapChildren(schema.$ref ? { $ref: rename(schema.$ref) } : schema, (child) => mapRefs(child, rename));
}

/** The schema with each schema directly below it changed. */
export function mapChildren<T extends Schema>(schema: T, change: (schema: Schema) => Schema): T {
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(properties && { properties: mapValues(properties, change) }),
    ...(items && { items: change(items) }),
    ...(additionalProperties && { additionalProperties: change(additionalProperties) }),
  };
}

function mapValues<T, U>(map: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

/** The last part of each name (`PodSpec`), with its group and then its version before it where two are alike. */
function shortNames(names: string[]): (name: string) => string {
  const candidates = names.map((full) => {
    const [name = '', version = '', group = ''] = full.split('.').reverse();
    return [name, capital(group) + name, capital(group) + capital(version) + name];
  });
  const isUnique = (name: string, level: number) => candidates.filter((other) => other[level] === name).length === 1;
  const short = new Map(names.map((full, index) => [full, candidates[index]!.find(isUnique) ?? full]));
  return (full) => short.get(full)!;
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
