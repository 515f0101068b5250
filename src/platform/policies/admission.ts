import type { Construct } from 'constructs';

import {
  KubeValidatingAdmissionPolicy,
  KubeValidatingAdmissionPolicyBinding,
  type LabelSelector,
} from '../../../imports/k8s';
import type { Rule } from './rules';
import type { PolicyAction, ResolvedPolicies } from './settings';
import { conditionsOf, reasonsOf, validationsOf, variablesOf } from './spec';

/** Who is refused need not be warned; who is warned leaves a note beside it. */
export const ACTIONS: Readonly<Record<PolicyAction, ('Audit' | 'Deny' | 'Warn')[]>> = {
  audit: ['Audit'],
  deny: ['Deny'],
  warn: ['Audit', 'Warn'],
};

/** Where a rule holds. */
export interface Reach {
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

/** A rule as the API server itself enforces it: what it asks, and where. */
export function renderAdmissionPolicy(
  scope: Construct,
  name: string,
  rule: Rule,
  policies: ResolvedPolicies,
  reach: Reach,
): void {
  new KubeValidatingAdmissionPolicy(scope, `${rule.name}-policy`, {
    metadata: { name, annotations: reasonsOf(rule, policies) },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [...rule.about] },
      matchConditions: conditionsOf(rule, policies),
      variables: variablesOf(rule),
      validations: validationsOf(rule),
    },
  });
  new KubeValidatingAdmissionPolicyBinding(scope, `${rule.name}-binding`, {
    metadata: { name },
    spec: { policyName: name, validationActions: ACTIONS[policies.action], matchResources: { ...reach } },
  });
}
