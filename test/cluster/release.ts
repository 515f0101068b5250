import { eventually } from '../runtime/support/process';
import type { KubeObject } from './api';
import { hashOf } from './argo-rollouts';
import type { Cluster } from './control-plane';
import { isReady } from './pods';

export const SERVER_SIDE = ['--server-side'];

/** All objects of a system, with this tag on its images. */
export type Render = (tag: string) => KubeObject[];

/** A system with a Rollout on a cluster. */
export class Release {
  public static async start(cluster: Cluster, render: Render, args: readonly string[] = SERVER_SIDE): Promise<Release> {
    const release = new Release(cluster, render, args);
    release.deploy('1');
    await release.until('Healthy');
    return release;
  }

  public readonly declared: KubeObject;

  private constructor(
    public readonly cluster: Cluster,
    private readonly render: Render,
    private readonly args: readonly string[],
  ) {
    this.declared = render('1').find(({ kind }) => kind === 'Rollout');
  }

  public get namespace(): string {
    return this.declared.metadata.namespace;
  }

  public get name(): string {
    return this.declared.metadata.name;
  }

  /** Applies everything with this tag, as a new release does; what kubectl prints. */
  public deploy(tag: string, args = this.args): string {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: this.render(tag) });
    return this.cluster.kubectl(['apply', '--validate=strict', ...args, '-f', '-'], { input });
  }

  public async rollout(): Promise<KubeObject> {
    return this.cluster.api.get(this.path);
  }

  /** Waits until the controller has seen the Rollout as it is and says that it is in this phase. */
  public async until(phase: 'Healthy' | 'Paused' | 'Degraded', seconds = 60): Promise<KubeObject> {
    let last: KubeObject;
    const isSo = async () => {
      last = await this.rollout();
      const { status = {}, metadata } = last;
      return status.phase === phase && status.observedGeneration === `${metadata.generation}`;
    };
    await eventually(isSo, seconds).catch(() => {
      throw new Error(`${this.name}: not ${phase} after ${seconds} s: ${JSON.stringify(last?.status, null, 1)}`);
    });
    return last;
  }

  /** Ready pods by the hash of the template that they were made from. */
  public async pods(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const pods = await this.cluster.api.list(`/api/v1/namespaces/${this.namespace}/pods`);
    const own = pods.filter(({ metadata }) => metadata.name.startsWith(`${this.name}-`));
    for (const { metadata } of own.filter(isReady)) {
      counts[hashOf(metadata.name)] = (counts[hashOf(metadata.name)] ?? 0) + 1;
    }
    return counts;
  }

  /** Each weight that ingress-nginx was told for the new version, from now on: the controller makes an Ingress for it. */
  public async weights(): Promise<number[]> {
    const weights: number[] = [];
    const path = `/apis/networking.k8s.io/v1/namespaces/${this.namespace}/ingresses`;
    await this.cluster.mirror(path, ({ metadata }) => {
      const text = metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'];
      if (text !== undefined && weights.at(-1) !== Number(text)) weights.push(Number(text));
    });
    return weights;
  }

  /** What the controller of budgets counts for that of the Rollout. */
  public async budget(): Promise<KubeObject> {
    const path = `/apis/policy/v1/namespaces/${this.namespace}/poddisruptionbudgets/${this.name}`;
    return (await this.cluster.api.get(path)).status;
  }

  public async service(name: string): Promise<KubeObject> {
    return this.cluster.api.get(`/api/v1/namespaces/${this.namespace}/services/${name}`);
  }

  private get path(): string {
    return `/apis/argoproj.io/v1alpha1/namespaces/${this.namespace}/rollouts/${this.name}`;
  }
}
