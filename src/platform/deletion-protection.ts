import { ApiObject, Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import { KubeValidatingAdmissionPolicy, KubeValidatingAdmissionPolicyBinding } from '../../imports/k8s';
import type { ReclaimPolicy } from './cloud';
import { nearestChild } from './nearest';
import { ValidationError } from './validation-error';

/** Who sets this to "true" on an object says that its data may go. It stands in docs/guides/protection.md, too. */
const ALLOW_DELETION = 'cdk8s-webstack/allow-deletion';

/** Argo CD leaves what is not in git any more, and what belongs to an Application that is deleted. */
export const SYNC_OPTIONS: Readonly<Record<string, string>> = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
};

const ID = 'deletion-protection';

/** What decides. A map without the key, and an object without the map, are both errors in CEL unless they are asked for. */
const VARIABLES = [
  {
    name: 'isAllowed',
    expression: `has(oldObject.metadata.annotations) && '${ALLOW_DELETION}' in oldObject.metadata.annotations && oldObject.metadata.annotations['${ALLOW_DELETION}'] == 'true'`,
  },
  // Its namespace was allowed to go, and goes with all that is in it.
  {
    name: 'isInDyingNamespace',
    expression: "request.resource.resource != 'namespaces' && has(namespaceObject.metadata.deletionTimestamp)",
  },
  // A claim that is made for one pod goes with it.
  {
    name: 'isOfOnePod',
    expression:
      "has(oldObject.metadata.ownerReferences) && oldObject.metadata.ownerReferences.exists(owner, owner.kind == 'Pod')",
  },
  // A StatefulSet whose pods and claims stay is made again, so that its volumes can grow.
  {
    name: 'leavesPods',
    expression:
      "request.resource.resource == 'statefulsets' && has(request.options.propagationPolicy) && request.options.propagationPolicy == 'Orphan'",
  },
];

/** What the protection of a system has to know of it. */
export interface DeletionProtectionProps {
  /** Whether the data is protected. */
  readonly enabled: boolean;
  /** Prefix of names in the cluster, which has one list of policies for all systems and environments. */
  readonly prefix: string;
  /**
   * What happens to volumes of the system's own class.
   * @default - it has none
   */
  readonly reclaimPolicy?: ReclaimPolicy;
}

/**
 * Protects what holds data: the API server refuses to delete a system's namespaces, its StatefulSets and its claims until
 * each says that it may go, and Argo CD does not try.
 */
export class DeletionProtection extends Construct {
  /** Marks an object that holds data, so that Argo CD leaves it, where the system around it is protected. */
  public static protect(object: ApiObject): void {
    const protection = nearestChild(object, ID) as DeletionProtection | undefined;
    if (protection?.enabled) mark(object);
  }

  private readonly enabled: boolean;

  public constructor(scope: Construct, { enabled, prefix, reclaimPolicy }: DeletionProtectionProps) {
    super(scope, ID);
    this.enabled = enabled;
    if (!enabled) return;
    if (reclaimPolicy === 'Delete') {
      const found = 'is on, and cloud.*.reclaimPolicy is Delete, which destroys a volume with its claim';
      throw new ValidationError(scope, 'deletionProtection', `${found}; set reclaimPolicy: Retain, or remove it`);
    }
    this.renderPolicy(`${prefix}-${ID}`);
    // The system's own namespace is there before this; others come later, and ask.
    for (const object of scope.node.findAll()) {
      if (ApiObject.isApiObject(object) && object.kind === 'Namespace') mark(object);
    }
  }

  private renderPolicy(name: string): void {
    const policy = new KubeValidatingAdmissionPolicy(this, 'policy', {
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['DELETE'],
              resources: ['namespaces', 'persistentvolumeclaims'],
            },
            { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['DELETE'], resources: ['statefulsets'] },
          ],
        },
        variables: VARIABLES,
        validations: [
          {
            expression: VARIABLES.map(({ name: variable }) => `variables.${variable}`).join(' || '),
            message: `is protected from deletion; annotate it with ${ALLOW_DELETION}=true first`,
            messageExpression: `request.kind.kind + ' ' + oldObject.metadata.name + ' is protected from deletion; annotate it with ${ALLOW_DELETION}=true first'`,
            reason: 'Forbidden',
          },
        ],
      },
    });
    const binding = new KubeValidatingAdmissionPolicyBinding(this, 'binding', {
      metadata: { name },
      spec: {
        policyName: policy.name,
        // By name: whoever may label a namespace could take it out of any other selection.
        matchResources: {
          namespaceSelector: {
            matchExpressions: [
              {
                key: 'kubernetes.io/metadata.name',
                operator: 'In',
                values: Lazy.any({ produce: () => this.namespaces() }) as string[],
              },
            ],
          },
        },
        validationActions: ['Deny'],
      },
    });
    // Were they pruned first, nothing would protect the rest.
    [policy, binding].forEach(mark);
  }

  /** Names of the system's namespaces, as they are when everything is declared. */
  private namespaces(): string[] {
    return this.node
      .scope!.node.findAll()
      .filter((object): object is ApiObject => ApiObject.isApiObject(object) && object.kind === 'Namespace')
      .map(({ name }) => name)
      .sort();
  }
}

const mark = (object: ApiObject): void =>
  Object.entries(SYNC_OPTIONS).forEach(([key, value]) => object.metadata.addAnnotation(key, value));
