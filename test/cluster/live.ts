import { DIST, filesIn, objectsIn } from '../support/dist';
import { eventually } from '../runtime/support/process';
import type { KubeObject } from './api';
import { ArgoRollouts } from './argo-rollouts';
import { Cluster, type ClusterOptions } from './control-plane';
import { addInjector, type InjectorOptions } from './injector';
import { addMachines, type MachinesOptions } from './machines';
import { joined, type Kept, type OnChange } from './mirror';
import { isReady, makerOf } from './pods';
import { provisionVolumes, storageClass } from './volumes';
import { answerWaits } from './waits';

export interface LiveOptions extends ClusterOptions {
  readonly machines?: MachinesOptions;
  readonly injector?: InjectorOptions;
  /**
   * Folder of the manifests.
   * @default that of the environment in `dist/`
   */
  readonly folder?: string;
}

export const APPLY = ['apply', '--server-side', '--validate=strict'];

const KINDS_WITH_PODS = ['Deployment', 'Rollout', 'StatefulSet'];

/** A cluster as production has it for an environment: all controllers, also of Rollouts, nodes in zones, Dapr's injector, and its CRDs. */
export async function startLive(environment: string, options: LiveOptions = {}): Promise<LiveEnvironment> {
  const [live] = await startLiveTogether([environment], options);
  return live!;
}

/** One such cluster for several environments, which share no namespace: a control plane takes as long as all of them. */
export async function startLiveTogether(
  environments: readonly string[],
  options: LiveOptions = {},
): Promise<LiveEnvironment[]> {
  const cluster = await Cluster.start({ controllers: true, scheduler: true, autoscalerPeriod: 1, ...options });
  const lives = environments.map((environment) => new LiveEnvironment(cluster, environment, options.folder));
  cluster.applyCrdsFor(lives.flatMap(({ objects }) => objects));
  if (lives.some((live) => live.ofKind('Rollout').length > 0)) await ArgoRollouts.start(cluster);
  await addInjector(cluster, options.injector);
  await addMachines(cluster, options.machines);
  await cluster.api.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('standard', true));
  await provisionVolumes(cluster);
  await answerWaits(cluster);
  return lives;
}

/** An environment of `dist/` on a cluster. */
export class LiveEnvironment {
  private podMirror?: Kept;

  public constructor(
    public readonly cluster: Cluster,
    /** `system/environment`. */
    public readonly name: string,
    public readonly folder = `${DIST}/${name}`,
    public readonly objects: readonly KubeObject[] = objectsIn(folder),
  ) {}

  public get namespaces(): string[] {
    return this.ofKind('Namespace').map(({ metadata }) => metadata.name);
  }

  public ofKind(kind: string): KubeObject[] {
    return this.objects.filter((object) => object.kind === kind);
  }

  /** Deployments, Rollouts and StatefulSets. */
  public get workloads(): KubeObject[] {
    return this.objects.filter(({ kind }) => KINDS_WITH_PODS.includes(kind));
  }

  /** Applies the files, or those of another folder, in their order; what kubectl prints, warnings included. */
  public apply(folder = this.folder): string {
    const args = filesIn(folder).flatMap((file) => ['-f', file]);
    return this.cluster.kubectl([...APPLY, ...args]);
  }

  /** Pods of its namespaces, and every change to them from now on. */
  public async watchPods(onChange: OnChange = () => {}): Promise<Kept> {
    // Where many environments share a cluster, each hears of its own pods only.
    const paths = this.namespaces.map((name) => `/api/v1/namespaces/${name}/pods`);
    return joined(await Promise.all(paths.map((path) => this.cluster.mirror(path, onChange))));
  }

  /** Pods of its namespaces now. */
  public async pods(): Promise<KubeObject[]> {
    this.podMirror ??= await this.watchPods();
    return this.podMirror.all;
  }

  /** Waits until every workload has all the pods that it wants, ready and as last applied, and every Job is done. */
  public async settled(seconds = 90): Promise<void> {
    let late: string[] = [];
    const isSettled = async () => {
      late = await this.unsettled();
      return late.length === 0;
    };
    await eventually(isSettled, seconds).catch(() => {
      throw new Error(`${this.name}: not settled after ${seconds} s: ${late.join('; ')}`);
    });
  }

  /** What is not yet as wanted: one line for each. */
  public async unsettled(): Promise<string[]> {
    const { api } = this.cluster;
    const late: string[] = [];
    for (const namespace of this.namespaces) {
      const apps = `/apis/apps/v1/namespaces/${namespace}`;
      const workloads = [...(await api.list(`${apps}/deployments`)), ...(await api.list(`${apps}/statefulsets`))];
      if (this.ofKind('Rollout').length > 0) {
        workloads.push(...(await api.list(`/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`)));
      }
      late.push(
        ...workloads.filter((one) => !isSettled(one)).map(({ metadata }) => `${metadata.name} has not rolled out`),
      );
      const autoscalers = await api.list(`/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`);
      const low = autoscalers.filter(({ spec }) =>
        workloads.some(
          (one) => one.metadata.name === spec.scaleTargetRef.name && (one.spec.replicas ?? 1) < spec.minReplicas,
        ),
      );
      late.push(...low.map(({ metadata }) => `${metadata.name} is below its minimum`));
      const jobs = await api.list(`/apis/batch/v1/namespaces/${namespace}/jobs`);
      const undone = jobs.filter(
        ({ status }) => !status?.conditions?.some(({ type }: KubeObject) => type === 'Complete'),
      );
      late.push(...undone.map(({ metadata }) => `Job ${metadata.name} is not done`));
    }
    return late;
  }

  /** Ready pods of each workload and Job, by its name. */
  public async readyPods(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const pod of (await this.pods()).filter(isReady)) counts[makerOf(pod)] = (counts[makerOf(pod)] ?? 0) + 1;
    return counts;
  }
}

/** Whether a Deployment, Rollout or StatefulSet has all pods that it wants, available and as last applied. */
export function isSettled({ metadata, spec, status = {} }: KubeObject): boolean {
  const { replicas = 1 } = spec;
  const { observedGeneration, updatedReplicas = 0, availableReplicas = 0 } = status;
  // In the middle of a canary it has all pods that this step wants.
  if ('phase' in status && status.phase !== 'Healthy') return false;
  return (
    `${observedGeneration}` === `${metadata.generation}` &&
    updatedReplicas === replicas &&
    availableReplicas === replicas &&
    (status.replicas ?? 0) === replicas
  );
}
