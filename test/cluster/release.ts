import { eventually } from '../runtime/support/process';
import type { KubeObject } from './api';
import { hashOf } from './argo-rollouts';
import type { Cluster } from './control-plane';
import { isReady } from './pods';

export const SERVER_SIDE = ['--server-side'];

/** A Rollout with its objects on a cluster, wherever these come from. */
export class Release {
  public static async start(
    cluster: Cluster,
    objects: readonly KubeObject[],
    args: readonly string[] = SERVER_SIDE,
  ): Promise<Release> {
    const release = new Release(cluster, objects);
    await cluster.api.create('/api/v1/namespaces', { metadata: { name: release.namespace } });
    release.apply(objects, args);
    await release.until('Healthy');
    return release;
  }

  private constructor(
    public readonly cluster: Cluster,
    public readonly objects: readonly KubeObject[],
  ) {}

  public get declared(): KubeObject {
    return this.objects.find(({ kind }) => kind === 'Rollout')!;
  }

  public get namespace(): string {
    return this.declared.metadata.namespace;
  }

  public get name(): string {
    return this.declared.metadata.name;
  }

  /** Applies the objects, as they are or changed; what kubectl prints. */
  public apply(objects = this.objects, args: readonly string[] = SERVER_SIDE): string {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    return this.cluster.kubectl(['apply', '--validate=strict', ...args, '-f', '-'], { input });
  }

  /** The objects with another version of the image. */
  public version(tag: string): KubeObject[] {
    return this.objects.map((object) => {
      if (object.kind !== 'Rollout') return object;
      const copy = structuredClone(object);
      const [container] = copy.spec.template.spec.containers;
      container.image = container.image.replace(/:[^:]*$/, `:${tag}`);
      return copy;
    });
  }

  /** Changes the image alone, by a patch: neither Services nor routing are touched. */
  public async deploy(tag: string): Promise<void> {
    const { template } = this.version(tag).find(({ kind }) => kind === 'Rollout')!.spec;
    await this.cluster.api.patch(this.path, { spec: { template } });
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
    for (const { metadata } of pods.filter(isReady)) {
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

  public async service(name: string): Promise<KubeObject> {
    return this.cluster.api.get(`/api/v1/namespaces/${this.namespace}/services/${name}`);
  }

  private get path(): string {
    return `/apis/argoproj.io/v1alpha1/namespaces/${this.namespace}/rollouts/${this.name}`;
  }
}
