import type { IConstruct } from 'constructs';

import { ValidationError } from './validation-error';

/** Names of labels that select pods, or tell what something is, without a domain. */
const OURS = ['environment', 'version'];

/** Domains whose labels we, the cluster or its controllers set. */
const TAKEN = ['argoproj.io', 'azure.workload.identity', 'cdk8s.io', 'dapr.io', 'k8s.io', 'kubernetes.io'];

/** Refuses names that have a meaning already. */
export function checkCostLabels(scope: IConstruct, labels: { readonly [label: string]: string } = {}): void {
  for (const name of Object.keys(labels)) {
    const domain = name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
    const taken = TAKEN.some((other) => domain === other || domain.endsWith(`.${other}`));
    if (!OURS.includes(name) && !name.endsWith('pod-template-hash') && !taken) continue;
    const found = 'is a label that has a meaning of its own here or in the cluster';
    throw new ValidationError(scope, `costLabels.${name}`, `${found}; choose another name, such as cost-center`);
  }
}
