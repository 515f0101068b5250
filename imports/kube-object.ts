import { ApiObject, type ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';

/** What every generated class hands to {@link KubeObject}. */
export interface KubeObjectProps {
  /** API version, `group/version`, or `v1` for the core group. */
  readonly apiVersion: string;

  /** Kind of the object. */
  readonly kind: string;

  /** Whether the kind lives in a namespace. */
  readonly namespaced: boolean;

  /** The object without its API version and kind: `metadata`, `spec`, `data` and the like. */
  readonly content: any;
}

/**
 * One Kubernetes object, rendered exactly as given: no field is known here, so none can be lost.
 *
 * Two things come from the construct tree. The namespace is that of the nearest ancestor with a
 * `namespace`, and only for kinds that live in one. Labels are those of every ancestor with `labels`,
 * the nearest one last; the object's own labels win.
 */
export abstract class KubeObject extends ApiObject {
  private readonly overrides: any[] = [];
  private readonly namespaced: boolean;
  private rendered: any;

  protected constructor(scope: Construct, id: string, props: KubeObjectProps) {
    super(scope, id, {
      ...props.content,
      apiVersion: props.apiVersion,
      kind: props.kind,
      metadata: inherit(scope, props.content.metadata, props.namespaced),
    });
    this.namespaced = props.namespaced;
  }

  /**
   * The object as plain data, overrides applied last. Once the tree is locked nothing can change it any more, and it is
   * rendered only once: what sums up other objects (a quota, a summary) would otherwise render them all again.
   */
  public toJson(): any {
    if (!this.node.locked) return this.render();
    this.rendered ??= this.render();
    return this.rendered;
  }

  /** Remembers an override for `toJson`; generated classes expose it with their own type. */
  protected merge(patch: any): void {
    this.overrides.push(patch);
  }

  private render(): any {
    const json = super.toJson();
    // cdk8s stamps the chart's namespace on every object, cluster-scoped ones too.
    if (!this.namespaced) delete json.metadata.namespace;
    return this.overrides.reduce(mergeInto, json);
  }
}

function inherit(scope: Construct, metadata: ApiObjectMetadata | undefined, namespaced: boolean) {
  // From the root down.
  const ancestors = scope.node.scopes as { labels?: Record<string, string>; namespace?: string }[];
  return {
    ...metadata,
    namespace: namespaced
      ? (metadata?.namespace ??
        ancestors
          .map((ancestor) => ancestor.namespace)
          .filter((name) => name !== undefined)
          .pop())
      : undefined,
    labels: Object.assign({}, ...ancestors.map((ancestor) => ancestor.labels), metadata?.labels),
  };
}

/**
 * The merge that `kubectl` users know: maps merge, `null` removes, a list of named things (containers, volumes,
 * environment variables) merges by name, any other list is replaced. Keys that come new follow those that were there.
 */
function mergeInto(target: any, patch: any): any {
  if (Array.isArray(patch)) return Array.isArray(target) && isNamed(patch) ? mergeNamed(target, patch) : patch;
  if (!isMap(patch)) return patch;
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (value !== undefined) merged[key] = mergeInto(merged[key], value);
  }
  return merged;
}

function mergeNamed(target: any[], patch: any[]): any[] {
  const known = target.map((item) => {
    const change = patch.find((candidate) => candidate.name === item.name);
    return change === undefined ? item : mergeInto(item, change);
  });
  const added = patch.filter((candidate) => !target.some((item) => item.name === candidate.name));
  return [...known, ...added];
}

const isMap = (value: any) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isNamed = (list: any[]) => list.length > 0 && list.every((item) => isMap(item) && typeof item.name === 'string');
