import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { folderIn, runSaying, scratchFolder } from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';
import type { Cluster } from './control-plane';

const NAMESPACE = 'argo-rollouts';
const ACCOUNT = 'argo-rollouts';

/** Kinds that the controller watches, whether anything uses them or not. */
const KINDS = ['Rollout', 'AnalysisTemplate', 'ClusterAnalysisTemplate', 'AnalysisRun', 'Experiment'];

/**
 * No such port exists. The controller would listen on every address, which nothing here may; so it says that it cannot, and
 * goes on without its metrics.
 */
const NO_PORT = '70000';

/** Argo Rollouts' own controller, with the rights that its project gives it, and the kubectl plugin. */
export class ArgoRollouts {
  public static async start(cluster: Cluster): Promise<ArgoRollouts> {
    cluster.applyCrdsFor(KINDS.map((kind) => ({ apiVersion: 'argoproj.io/v1alpha1', kind })));
    await cluster.api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await cluster.api.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: ACCOUNT } });
    for (const file of ['argo-rollouts-clusterrole', 'argo-rollouts-aggregate-roles']) {
      cluster.kubectl(['apply', '-f', toolPath('argo-rollouts', `role/${file}.yaml`)]);
    }
    await cluster.api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: ACCOUNT },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'argo-rollouts' },
      subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }],
    });
    const rollouts = new ArgoRollouts(cluster);
    await rollouts.run();
    return rollouts;
  }

  private readonly folder = scratchFolder('argo-rollouts');

  private constructor(private readonly cluster: Cluster) {}

  public plugin(args: readonly string[], user?: string): string {
    return kubectlArgoRollouts(this.cluster, args, user);
  }

  private async run(): Promise<void> {
    await this.cluster.run(
      'argo-rollouts',
      toolPath('argo-rollouts', 'bin/rollouts-controller'),
      [
        `--kubeconfig=${await this.kubeconfig()}`,
        '--leader-elect=false',
        `--metricsPort=${NO_PORT}`,
        `--healthzPort=${NO_PORT}`,
      ],
      { env: { HOME: folderIn(this.folder, 'home') }, cwd: this.folder, line: /Started controller/i, seconds: 60 },
    );
  }

  /** The controller is its ServiceAccount, as it is in a pod. */
  private async kubeconfig(): Promise<string> {
    const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${ACCOUNT}/token`;
    const { status } = await this.cluster.api.create(path, { spec: { expirationSeconds: 3600 } });
    const file = join(this.folder, 'kubeconfig');
    writeFileSync(file, stringify(this.cluster.kubeconfigFor(ACCOUNT, status.token)), { mode: 0o600 });
    return file;
  }
}

/** What `kubectl argo rollouts` prints, for the administrator or one of the users of the cluster. */
export function kubectlArgoRollouts(cluster: Cluster, args: readonly string[], user?: string): string {
  const kubeconfig = user ? cluster.as(user) : cluster.kubeconfig;
  const env = { KUBECONFIG: kubeconfig, HOME: dirname(kubeconfig) };
  return runSaying(toolPath('argo-rollouts', 'bin/kubectl-argo-rollouts'), args, { env }).stdout;
}

/** The hash of the template that a pod of a Rollout was made from: its ReplicaSet is called after it. */
export const hashOf = (podName: string): string => podName.split('-').at(-2)!;
