import { podTemplateOf } from '../../src/platform/pod-template';
import type { KubeObject } from './api';
import { changedPaths, titleOf } from './applied';
import { makerOf } from './pods';

/** Why pods of a release restart: a change of their template, by its path. */
export interface Reason {
  /** `Kind name: path`. */
  readonly change: RegExp;
  readonly reason: string;
}

const KINDS = ['Deployment', 'Rollout', 'StatefulSet'];

/** What changed in the templates of pods that run for long: `Kind name: path`. */
export function templateChanges(before: readonly KubeObject[], after: readonly KubeObject[]): string[] {
  return before
    .filter(({ kind }) => KINDS.includes(kind))
    .flatMap((was) => {
      const is = after.find(
        (one) => titleOf(one) === titleOf(was) && one.metadata.namespace === was.metadata.namespace,
      );
      if (!is) return [];
      return changedPaths(podTemplateOf(was), podTemplateOf(is)).map((path) => `${titleOf(was)}: ${path}`);
    });
}

/** Changes that restart pods and for which nobody has said why. */
export const withoutReason = (changes: readonly string[], reasons: readonly Reason[]): string[] =>
  changes
    .filter((change) => !reasons.some((reason) => reason.change.test(change)))
    .map((change) => `${change} restarts its pods: no reason is recorded`);

/** Workloads of which a pod is another one now. Those of Jobs end anyway. */
export function restartedWorkloads(before: readonly KubeObject[], after: readonly KubeObject[]): string[] {
  // One that is on its way out is listed until it has ended.
  const kept = new Set(after.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.uid));
  const gone = before.filter(({ metadata }) => !kept.has(metadata.uid) && metadata.ownerReferences?.[0].kind !== 'Job');
  return [...new Set(gone.map(makerOf))].sort();
}

/** Pods that restarted although their template is the same, and those that should have. */
export function needlessRestarts(changes: readonly string[], restarted: readonly string[]): string[] {
  const changed = new Set(changes.map((change) => /^\S+ ([^:]+):/.exec(change)![1]!));
  return [
    ...restarted.filter((name) => !changed.has(name)).map((name) => `${name} restarted, and its template is the same`),
    ...[...changed].filter((name) => !restarted.includes(name)).map((name) => `${name} did not restart`),
  ];
}
