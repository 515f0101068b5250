import { ApiObject, Chart, Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import { KubeRole, KubeRoleBinding, type PolicyRule } from '../../imports/k8s';

/**
 * A group, as the cluster's identity provider names it.
 * @pattern ^\S(.*\S)?$
 * @title the name of a group
 */
export type GroupName = string;

/** Groups of people and pipelines, as the cluster's identity provider names them. */
export interface AccessSettings {
  /**
   * Groups that may look at everything but Secrets.
   * @default []
   */
  readonly viewers?: GroupName[];

  /**
   * Groups that may also apply, restart and delete what the system runs. What bounds the system (its namespace, quota,
   * limits, policies and these roles) stays with the cluster's administrators.
   * @default []
   */
  readonly deployers?: GroupName[];
}

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'patch', 'update'];

/** What a system runs and a deployer replaces. */
const RELEASED: { apiGroups: string[]; resources: string[] }[] = [
  { apiGroups: [''], resources: ['configmaps', 'serviceaccounts', 'services'] },
  { apiGroups: ['apps'], resources: ['deployments', 'deployments/scale', 'statefulsets', 'statefulsets/scale'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] },
  { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'] },
];

/** What is released in the way of Argo Rollouts; nobody gets rights on it where nothing is. `status` is what a promotion changes. */
const ROLLOUTS = [{ apiGroups: ['argoproj.io'], resources: ['analysistemplates', 'rollouts', 'rollouts/status'] }];
const OBSERVED_ROLLOUTS: PolicyRule[] = [
  { apiGroups: ['argoproj.io'], resources: ['analysisruns', 'experiments'], verbs: READ },
];

/** Nobody gets rights on these where there are none, either. */
const VERTICAL = [{ apiGroups: ['autoscaling.k8s.io'], resources: ['verticalpodautoscalers'] }];

/** What is only looked at: what bounds the system, and what Kubernetes makes of it. */
const OBSERVED: PolicyRule[] = [
  {
    apiGroups: [''],
    resources: ['endpoints', 'events', 'limitranges', 'persistentvolumeclaims', 'pods', 'pods/log', 'resourcequotas'],
    verbs: READ,
  },
  { apiGroups: ['apps'], resources: ['controllerrevisions', 'replicasets'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings', 'roles'], verbs: READ },
];

/** Roles of people and pipelines in the namespace of a system. Workloads get none: they do not call the API. */
export class Access extends Construct {
  public constructor(scope: Construct, id: string, settings: AccessSettings = {}) {
    super(scope, id);
    this.renderRole('viewer', settings.viewers ?? [], READ);
    this.renderRole('deployer', settings.deployers ?? [], [...READ, ...WRITE]);
  }

  /** Asked when everything is declared: only then it is known what is released in which way. */
  private rules(verbs: string[]): PolicyRule[] {
    const has = (kind: string) =>
      Chart.of(this)
        .node.findAll()
        .some((one) => ApiObject.isApiObject(one) && one.kind === kind && one.chart === Chart.of(this));
    const hasRollouts = has('Rollout');
    const released = [...RELEASED, ...(hasRollouts ? ROLLOUTS : []), ...(has('VerticalPodAutoscaler') ? VERTICAL : [])];
    return [...released.map((rule) => ({ ...rule, verbs })), ...OBSERVED, ...(hasRollouts ? OBSERVED_ROLLOUTS : [])];
  }

  private renderRole(name: string, groups: string[], verbs: string[]): void {
    if (groups.length === 0) return;
    const apiGroup = 'rbac.authorization.k8s.io';
    new KubeRole(this, name, { metadata: { name }, rules: Lazy.any({ produce: () => this.rules(verbs) }) });
    new KubeRoleBinding(this, `${name}-binding`, {
      metadata: { name },
      roleRef: { apiGroup, kind: 'Role', name },
      subjects: groups.map((group) => ({ apiGroup, kind: 'Group', name: group })),
    });
  }
}
