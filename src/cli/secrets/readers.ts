/** A workload that reads a Secret when its pods start. */
export interface Reader {
  readonly kind: string;
  readonly name: string;
}

/** How far the pods of a workload are. */
export interface Rollout {
  readonly done: boolean;
  /** What is waited for, or why waiting is of no use. */
  readonly state: string;
  readonly failed?: boolean;
}

/** Kinds whose pods are replaced when their template changes. */
export const RESTARTABLE = ['Deployment', 'StatefulSet'];

/** Kinds whose pods come and go by themselves: the next one reads the new value. */
const SHORT_LIVED = ['CronJob', 'Job'];

/** What an object reads: a key of a Secret, or all of its keys. */
interface Read {
  readonly secret: string;
  readonly key?: string;
}

/** The workloads whose pods, or the sidecars injected into them, read one of the keys. In the order of the manifests. */
export function readersOf(manifests: readonly any[], secret: string, keys: readonly string[]): Reader[] {
  const reads = (value: any) =>
    readsIn(value).some((read) => read.secret === secret && (read.key === undefined || keys.includes(read.key)));
  const components = manifests.filter(({ apiVersion, kind }) => kind === 'Component' && /^dapr\.io\//.test(apiVersion));
  const scopes = components.filter(reads).map(({ scopes: some }) => some as string[] | undefined);
  return manifests
    .filter(({ kind, spec }) => spec?.template?.spec?.containers && !SHORT_LIVED.includes(kind))
    .filter(({ spec: { template } }) => reads(template.spec) || reads(sidecarOf(template)) || inScope(template, scopes))
    .map(({ kind, metadata }) => ({ kind, name: metadata.name }));
}

/** A component without scopes is loaded by every sidecar. */
function inScope(template: any, scopes: readonly (readonly string[] | undefined)[]): boolean {
  const id = template.metadata?.annotations?.['dapr.io/app-id'];
  return id !== undefined && scopes.some((some) => some === undefined || some.length === 0 || some.includes(id));
}

/** The injector gives the tokens that these annotations name to the sidecar and to the application. */
function sidecarOf({ metadata }: any): unknown {
  const { annotations = {} } = metadata ?? {};
  return ['dapr.io/api-token-secret', 'dapr.io/app-token-secret']
    .filter((annotation) => annotations[annotation] !== undefined)
    .map((annotation) => ({ secretRef: { name: annotations[annotation] } }));
}

/** Everything below a value that is read from Secrets. */
function readsIn(value: any): Read[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(readsIn);
  if (value.secretKeyRef) return [{ secret: value.secretKeyRef.name, key: value.secretKeyRef.key }, ...below];
  if (value.secretRef) return [{ secret: value.secretRef.name }, ...below];
  const secret = value.secret?.secretName ?? value.secret?.name;
  if (typeof secret !== 'string') return below;
  const items: { key: string }[] | undefined = value.secret.items;
  return items ? items.map(({ key }) => ({ secret, key })) : [{ secret }];
}
