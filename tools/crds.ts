import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { capital, goModule, type Kind, mapChildren, type Model, type Schema } from './openapi';

/** A module whose custom resources this library writes. */
export interface Source {
  /** Go module with its version, or what the definitions in `folder` were written from. */
  readonly module: string;
  /** Folder here of definitions written by hand, where no Go module has the project's own. */
  readonly folder?: string;
  /** What comes before the name of everything made from it, so that no two modules clash. */
  readonly prefix: string;
  /** File that gets its types. */
  readonly file: string;
  /** Version to take from each CustomResourceDefinition, by file. */
  readonly crds: Record<string, string>;
  /** Kind to take where a file defines several. */
  readonly kind?: string;
  /** What repeats a type of Kubernetes, such as `Rollout.spec.template`, and the name of that type. */
  readonly kubernetes?: Record<string, string>;
}

export const sources: Source[] = [
  {
    module: 'github.com/argoproj/argo-rollouts@v1.10.1',
    prefix: '',
    file: 'imports/argo-rollouts.ts',
    crds: {
      'manifests/crds/analysis-template-crd.yaml': 'v1alpha1',
      'manifests/crds/rollout-crd.yaml': 'v1alpha1',
    },
    kubernetes: {
      'AnalysisTemplate.spec.metrics.provider.job.metadata': 'ObjectMeta',
      'AnalysisTemplate.spec.metrics.provider.job.spec': 'JobSpec',
      'Rollout.spec.selector': 'LabelSelector',
      'Rollout.spec.strategy.canary.steps.experiment.templates.selector': 'LabelSelector',
      'Rollout.spec.template': 'PodTemplateSpec',
    },
  },
  {
    module: 'github.com/cert-manager/cert-manager@v1.21.2',
    prefix: 'CertManager',
    file: 'imports/cert-manager.ts',
    crds: {
      'deploy/crds/cert-manager.io_certificates.yaml': 'v1',
      'deploy/crds/cert-manager.io_issuers.yaml': 'v1',
    },
  },
  {
    module: 'github.com/cilium/cilium@v1.20.2',
    prefix: '',
    file: 'imports/cilium.ts',
    crds: { 'pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml': 'v2' },
  },
  {
    module: 'github.com/dapr/dapr@v1.16.0',
    prefix: 'Dapr',
    file: 'imports/dapr.ts',
    crds: {
      'charts/dapr/crds/components.yaml': 'v1alpha1',
      'charts/dapr/crds/configuration.yaml': 'v1alpha1',
      'charts/dapr/crds/resiliency.yaml': 'v1alpha1',
      'charts/dapr/crds/subscription.yaml': 'v2alpha1',
    },
  },
  {
    module: 'github.com/envoyproxy/gateway@v1.5.0',
    prefix: 'EnvoyGateway',
    file: 'imports/envoy-gateway.ts',
    crds: {
      'charts/gateway-helm/crds/generated/gateway.envoyproxy.io_backendtrafficpolicies.yaml': 'v1alpha1',
      'charts/gateway-helm/crds/generated/gateway.envoyproxy.io_clienttrafficpolicies.yaml': 'v1alpha1',
      'charts/gateway-helm/crds/generated/gateway.envoyproxy.io_securitypolicies.yaml': 'v1alpha1',
    },
  },
  {
    module: 'github.com/external-secrets/external-secrets@v1.3.2',
    prefix: 'ExternalSecrets',
    file: 'imports/external-secrets.ts',
    crds: {
      'config/crds/bases/external-secrets.io_externalsecrets.yaml': 'v1',
      'config/crds/bases/external-secrets.io_secretstores.yaml': 'v1',
    },
  },
  {
    module: 'github.com/fluent/fluent-operator/v3@v3.3.0',
    prefix: 'FluentBit',
    file: 'imports/fluent-bit.ts',
    crds: {
      'config/crd/bases/fluentbit.fluent.io_filters.yaml': 'v1alpha2',
      'config/crd/bases/fluentbit.fluent.io_fluentbitconfigs.yaml': 'v1alpha2',
      'config/crd/bases/fluentbit.fluent.io_outputs.yaml': 'v1alpha2',
      'config/crd/bases/fluentbit.fluent.io_parsers.yaml': 'v1alpha2',
    },
  },
  {
    module: 'github.com/kyverno/kyverno@v1.19.1',
    prefix: 'Kyverno',
    file: 'imports/kyverno.ts',
    crds: {
      'config/crds/policies.kyverno.io/policies.kyverno.io_namespacedimagevalidatingpolicies.yaml': 'v1',
      'config/crds/policies.kyverno.io/policies.kyverno.io_namespacedvalidatingpolicies.yaml': 'v1',
      'config/crds/policies.kyverno.io/policies.kyverno.io_validatingpolicies.yaml': 'v1',
    },
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    prefix: 'Monitoring',
    file: 'imports/prometheus.ts',
    crds: {
      'example/prometheus-operator-crd/monitoring.coreos.com_alertmanagerconfigs.yaml': 'v1alpha1',
      'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml': 'v1',
      'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml': 'v1',
    },
  },
  {
    module: 'tools/documented-crds, written from the documentation of Calico Enterprise',
    folder: 'tools/documented-crds',
    prefix: 'Calico',
    file: 'imports/calico.ts',
    crds: { 'projectcalico.org_networkpolicies.yaml': 'v3', 'projectcalico.org_networksets.yaml': 'v3' },
  },
  {
    module: 'tools/documented-crds, written from the documentation of GKE Ingress',
    folder: 'tools/documented-crds',
    prefix: 'Gke',
    file: 'imports/gke.ts',
    crds: {
      'cloud.google.com_backendconfigs.yaml': 'v1',
      'networking.gke.io_frontendconfigs.yaml': 'v1beta1',
      'networking.gke.io_managedcertificates.yaml': 'v1',
    },
  },
  {
    module: 'tools/documented-crds, written from the documentation of the Application Gateway Ingress Controller',
    folder: 'tools/documented-crds',
    prefix: '',
    file: 'imports/application-gateway.ts',
    crds: { 'appgw.ingress.azure.io_azureapplicationgatewayrewrites.yaml': 'v1beta1' },
  },
  {
    module: 'k8s.io/autoscaler/vertical-pod-autoscaler@v1.8.1',
    prefix: '',
    file: 'imports/vertical-pod-autoscaler.ts',
    crds: { 'deploy/vpa-v1-crd-gen.yaml': 'v1' },
    kind: 'VerticalPodAutoscaler',
  },
  {
    module: 'sigs.k8s.io/gateway-api@v1.4.0',
    prefix: 'GatewayApi',
    file: 'imports/gateway-api.ts',
    crds: {
      'config/crd/standard/gateway.networking.k8s.io_gateways.yaml': 'v1',
      // The standard channel has no CORS filter.
      'config/crd/experimental/gateway.networking.k8s.io_httproutes.yaml': 'v1',
      'config/crd/standard/gateway.networking.k8s.io_referencegrants.yaml': 'v1beta1',
    },
  },
];

/** JSON Schema as a CustomResourceDefinition writes it. */
interface CrdSchema extends Omit<Schema, 'properties' | 'items' | 'additionalProperties'> {
  readonly properties?: Record<string, CrdSchema>;
  readonly items?: CrdSchema;
  readonly additionalProperties?: CrdSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string };
    readonly versions: {
      readonly name: string;
      readonly served: boolean;
      readonly schema: { readonly openAPIV3Schema: CrdSchema };
    }[];
  };
}

/** What is kept of a schema as it is. */
const keywords = [
  'type',
  'default',
  'enum',
  'required',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'multipleOf',
  'nullable',
];

/**
 * The custom resources of a module. Their schemas keep enums, patterns, limits and defaults, since a server acts on those
 * of a CustomResourceDefinition. `ObjectMeta` is referred to only: it is defined by the model of Kubernetes.
 */
export function customResourceModel({
  module,
  prefix,
  crds,
  kind,
  folder = goModule(module),
  kubernetes = {},
}: Source): Model {
  const parts = Object.entries(crds).map(([file, version]) =>
    kindModel(referring(definitionIn(join(folder, file), kind), version, kubernetes), version, prefix),
  );
  return {
    kinds: parts.map(({ kind }) => kind),
    definitions: unique(parts.flatMap(({ definitions }) => definitions)),
  };
}

/** The definition in a file; that of a kind, where there are several. */
function definitionIn(file: string, kind?: string): Crd {
  const all: Crd[] = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
  const [found, ...more] = all.filter((crd) => crd && (kind === undefined || crd.spec.names.kind === kind));
  if (!found || more.length > 0)
    throw new Error(`${file}: expected one definition, found ${more.length + (found ? 1 : 0)}`);
  return found;
}

/** With references in place of what repeats types of Kubernetes. */
function referring(crd: Crd, version: string, kubernetes: Record<string, string>): Crd {
  const { kind } = crd.spec.names;
  const paths = Object.entries(kubernetes).filter(([path]) => path.startsWith(`${kind}.`));
  const versions = crd.spec.versions.map((one) => {
    if (one.name !== version) return one;
    const openAPIV3Schema = paths.reduce(
      (schema, [path, type]) => referAt(schema, path.split('.').slice(1), type),
      one.schema.openAPIV3Schema,
    );
    return { ...one, schema: { openAPIV3Schema } };
  });
  return { ...crd, spec: { ...crd.spec, versions } };
}

function referAt(schema: CrdSchema, [first, ...rest]: string[], type: string): CrdSchema {
  if (first === undefined) return { $ref: type };
  if (schema.items) return { ...schema, items: referAt(schema.items, [first, ...rest], type) };
  const child = schema.properties?.[first];
  if (!child) throw new Error(`there is no ${first} that could be a ${type}`);
  return { ...schema, properties: { ...schema.properties, [first]: referAt(child, rest, type) } };
}

/** The definitions by name, sorted. Those of one name have to be equal. */
function unique(definitions: (readonly [string, Schema])[]): Map<string, Schema> {
  const found = new Map<string, Schema>();
  for (const [name, schema] of definitions.sort(([a], [b]) => (a < b ? -1 : Number(a > b)))) {
    if (!isDeepStrictEqual(found.get(name) ?? schema, schema)) throw new Error(`two shapes would be called ${name}`);
    found.set(name, schema);
  }
  return found;
}

interface KindModel {
  readonly kind: Kind;
  readonly definitions: (readonly [string, Schema])[];
}

function kindModel({ spec }: Crd, version: string, prefix: string): KindModel {
  const { kind } = spec.names;
  const apiVersion = `${spec.group}/${version}`;
  const served = spec.versions.find(({ name, served }) => name === version && served);
  if (!served) throw new Error(`${apiVersion}/${kind} is not served`);
  const definition = `${prefix}${kind}`;
  const tree = objectTree(served.schema.openAPIV3Schema);
  return {
    kind: { apiVersion, kind, namespaced: spec.scope === 'Namespaced', definition },
    definitions: define(tree.root, namesOf(tree.paths, definition)),
  };
}

interface ObjectTree {
  readonly root: Schema;
  /** The properties that lead to each object that is to have an interface. */
  readonly paths: Map<Schema, string[]>;
}

function objectTree(schema: CrdSchema): ObjectTree {
  const { status: _, ...properties } = schema.properties!;
  const paths = new Map<Schema, string[]>();
  const content = { ...schema, properties: { ...properties, metadata: { $ref: 'ObjectMeta' } } };
  return { root: trim(content, [], paths), paths };
}

/** Keeps what a validator can check, in its own words, and notes the path of each object. */
function trim(schema: CrdSchema, path: string[], paths: Map<Schema, string[]>): Schema {
  if (schema.$ref) return { $ref: schema.$ref };
  const { type, properties = {}, items, additionalProperties } = schema;
  if (schema['x-kubernetes-preserve-unknown-fields']) return type ? { type } : {};
  const children = Object.entries(properties).map(([name, child]) => [name, trim(child, [...path, name], paths)]);
  const trimmed: Schema = {
    ...pick(schema, keywords),
    ...(type === 'object' && !additionalProperties && { properties: Object.fromEntries(children) }),
    ...(items && { items: trim(items, path, paths) }),
    ...(additionalProperties && { additionalProperties: trim(additionalProperties, path, paths) }),
    ...limits(schema),
    ...conditions(schema),
  };
  if (isInterface(trimmed)) paths.set(trimmed, path);
  return trimmed;
}

/** In a CustomResourceDefinition it is a flag of the limit that makes it exclusive, in JSON Schema a keyword. */
function limits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: CrdSchema): object {
  return {
    ...(minimum !== undefined && { [exclusiveMinimum ? 'exclusiveMinimum' : 'minimum']: minimum }),
    ...(maximum !== undefined && { [exclusiveMaximum ? 'exclusiveMaximum' : 'maximum']: maximum }),
  };
}

function conditions(schema: CrdSchema): object {
  const { allOf, ...others } = withoutFormats(pick(schema, ['allOf', 'anyOf', 'oneOf', 'not']));
  const all = merge(allOf ?? []);
  // The alternatives of an integer or a string say nothing new.
  return schema['x-kubernetes-int-or-string']
    ? { type: 'string', format: 'int-or-string', ...all }
    : { ...all, ...others };
}

/** What a type demands and then its field again is there twice. */
function merge(rules: object[]): object {
  const different = rules.filter((rule, index) => index === rules.findIndex((other) => isDeepStrictEqual(rule, other)));
  return different.length > 1 ? { allOf: different } : { ...different[0] };
}

/** A validator without plugins knows no formats. */
function withoutFormats(rules: object): any {
  return JSON.parse(JSON.stringify(rules, (key, value) => (key === 'format' ? undefined : value)));
}

function pick(schema: any, names: string[]): object {
  return Object.fromEntries(names.filter((name) => name in schema).map((name) => [name, schema[name]]));
}

/** jsii has no name for a property with a capital first: an object with one stays part of what it is in. */
function isInterface({ properties = {} }: Schema): boolean {
  const names = Object.keys(properties);
  return names.length > 0 && names.every((name) => /^[a-z][A-Za-z0-9]*$/.test(name));
}

/**
 * A name for each object: the shortest end of its path that leads to objects of the same shape wherever it occurs, so
 * that `rules.filters` and `rules.backendRefs.filters` share one interface if they can.
 */
function namesOf(paths: Map<Schema, string[]>, kind: string): Map<Schema, string> {
  const shapes = new Map([['Metadata', new Set(['ObjectMeta'])]]);
  for (const [schema, path] of paths) {
    for (const end of ends(path)) shapes.set(end, (shapes.get(end) ?? new Set()).add(shapeOf(schema)));
  }
  const nameOf = (path: string[]) => ends(path).find((end) => shapes.get(end)!.size === 1) ?? pascal(path);
  return new Map([...paths].map(([schema, path]) => [schema, `${kind}${nameOf(path)}`]));
}

const ends = (path: string[]) => path.map((_, index) => pascal(path.slice(path.length - 1 - index)));
const pascal = (path: string[]) => path.map(capital).join('');

function shapeOf({ default: _, ...shape }: Schema): string {
  return JSON.stringify(shape);
}

/** Every object with a name, without those inside, which are referred to. */
function define(root: Schema, names: Map<Schema, string>): (readonly [string, Schema])[] {
  const definitions: (readonly [string, Schema])[] = [];
  const refer = (schema: Schema): Schema => {
    const name = names.get(schema);
    const { default: preset, ...content } = mapChildren(schema, refer);
    if (name !== undefined) definitions.push([name, content]);
    return { ...(name === undefined ? content : { $ref: name }), ...(preset !== undefined && { default: preset }) };
  };
  refer(root);
  return definitions;
}
