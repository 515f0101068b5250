import type { MatchCondition, Validation, Variable } from '../../../imports/k8s';
import type { Rule } from './rules';
import type { ResolvedPolicies } from './settings';
import { CHANGED, isNotOf } from './subject';

/** What both engines take in the same form. */

/** Names after what is wrong: who reads a refusal sees what to change. */
export const validationsOf = ({ checks }: Rule): Validation[] =>
  checks.map(({ offenders, message }) => ({
    expression: `(${offenders}).size() == 0`,
    message,
    messageExpression: `'${message}: ' + (${offenders}).join(', ')`,
  }));

/** None is no list: the API server drops an empty one, and who compares would see a difference for ever. */
export function variablesOf({ variables }: Rule): Variable[] | undefined {
  const all = Object.entries(variables).map(([name, expression]) => ({ name, expression }));
  return all.length > 0 ? all : undefined;
}

/** A rule is asked of what is new, and not of workloads that are excepted. */
export function conditionsOf(rule: Rule, policies: ResolvedPolicies): MatchCondition[] {
  const workloads = exceptionsTo(rule, policies).map(({ workload }) => workload);
  return [
    { name: 'changed', expression: CHANGED },
    ...(workloads.length > 0 ? [{ name: 'not-excepted', expression: isNotOf(workloads) }] : []),
  ];
}

/** Why workloads are excepted, on the policy itself. */
export function reasonsOf(rule: Rule, policies: ResolvedPolicies): { [annotation: string]: string } | undefined {
  const entries = exceptionsTo(rule, policies).map(({ workload, reason }) => [
    `cdk8s-webstack/except-${workload}`,
    reason,
  ]);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

const exceptionsTo = (rule: Rule, { exceptions }: ResolvedPolicies) =>
  exceptions
    .filter(({ rules }) => rules.includes(rule.name))
    .sort(({ workload: a }, { workload: b }) => (a < b ? -1 : Number(a > b)));
