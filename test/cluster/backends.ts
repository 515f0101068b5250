import { eventually } from '../runtime/support/process';
import type { KubeObject } from './api';
import { hashOf } from './argo-rollouts';
import type { Cluster } from './control-plane';
import type { Mirror } from './mirror';

/** Which pods a Service has behind it: what a proxy knows of it, at every change. */
export class Backends {
  public static async watch(cluster: Cluster, namespace: string, service: string): Promise<Backends> {
    const backends = new Backends(service);
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    backends.mirror = await cluster.mirror(path, () => backends.look());
    backends.look();
    return backends;
  }

  private mirror?: Mirror;
  private history: string[][] = [];
  /** The single versions that it had behind it, in turn. */
  public readonly turns: string[] = [];

  private constructor(private readonly service: string) {}

  /** Versions of the pods that requests go to now. */
  public get versions(): string[] {
    return this.history.at(-1)!;
  }

  /** What no client should have met, since the last call. */
  public problems(): string[] {
    const seen = this.history.splice(0, this.history.length - 1).concat([this.versions]);
    return [
      ...(seen.some(({ length }) => length === 0) ? [`${this.service} had no pods`] : []),
      ...(seen.some(({ length }) => length > 1) ? [`${this.service} had pods of several versions at once`] : []),
    ];
  }

  public async until(...versions: string[]): Promise<void> {
    await eventually(() => `${this.versions}` === `${versions.sort()}`, 60).catch(() => {
      throw new Error(`${this.service}: has ${this.versions}, expected ${versions}`);
    });
  }

  private look(): void {
    if (!this.mirror) return;
    const slices = this.mirror.all.filter(
      ({ metadata }) => metadata.labels['kubernetes.io/service-name'] === this.service,
    );
    const ready = slices
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }: KubeObject) => conditions.ready);
    const versions = [...new Set<string>(ready.map(({ targetRef }: KubeObject) => hashOf(targetRef.name)))].sort();
    if (this.history.length === 0 || `${versions}` !== `${this.versions}`) this.history.push(versions);
    if (versions.length === 1 && versions[0] !== this.turns.at(-1)) this.turns.push(versions[0]!);
  }
}
