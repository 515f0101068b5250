import { eventually } from '../runtime/support/process';
import type { KubeObject } from './api';
import type { Step } from './autoscaling';
import type { LiveEnvironment } from './live';
import type { MetricsApi } from './metrics-api';
import type { Mirror } from './mirror';
import { isReady } from './pods';

export interface TrialOptions {
  readonly name: string;
  /** The autoscaler to copy; its Deployment comes along. A Rollout would need Services and an Ingress, too. */
  readonly hpa: KubeObject;
  /** Replicas to begin with. */
  readonly replicas: number;
  /** Changes the copied autoscaler. */
  readonly change?: (spec: KubeObject) => void;
}

/** A copy of an autoscaled workload in a namespace of its own: what it does changes nothing in the environment. */
export class Trial {
  public static async start(live: LiveEnvironment, metrics: MetricsApi, options: TrialOptions): Promise<Trial> {
    const { name, hpa, replicas, change = () => {} } = options;
    const namespace = `trial-${name}`;
    const { api } = live.cluster;
    await api.create('/api/v1/namespaces', { metadata: { name: namespace } });
    const steps = await watchSteps(live, namespace, hpa);
    const pods = await live.cluster.mirror(`/api/v1/namespaces/${namespace}/pods`);
    const deployment = copyOf(targetOf(live, hpa));
    deployment.spec.replicas = replicas;
    await api.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, deployment);
    await eventually(() => pods.all.filter(isReady).length === replicas, 60);
    const copy = copyOf(hpa);
    change(copy.spec);
    const made = await api.create(`/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`, copy);
    return new Trial(namespace, made, pods, steps, metrics);
  }

  private constructor(
    public readonly namespace: string,
    public readonly autoscaler: KubeObject,
    private readonly pods: Mirror,
    /** What the Deployment was scaled to, from the beginning. */
    public readonly steps: readonly Step[],
    private readonly metrics: MetricsApi,
  ) {}

  /** Replicas that the autoscaler has last asked for. */
  public get replicas(): number {
    return this.steps.at(-1)!.replicas;
  }

  public get readyPods(): KubeObject[] {
    return this.pods.all.filter(isReady);
  }

  /** Waits until the autoscaler has looked so many times again, at each of its metrics, and has done what followed. */
  public async looked(times: number): Promise<void> {
    const before = this.metrics.asked(this.namespace);
    const questions = (times + 1) * this.autoscaler.spec.metrics.length;
    await eventually(() => this.metrics.asked(this.namespace) >= before + questions, 120);
  }
}

/** Notes what the workload of an autoscaler is scaled to, from now on. */
export async function watchSteps({ cluster }: LiveEnvironment, namespace: string, hpa: KubeObject): Promise<Step[]> {
  const steps: Step[] = [];
  const { apiVersion, kind } = hpa.spec.scaleTargetRef;
  await cluster.mirror(`/apis/${apiVersion}/namespaces/${namespace}/${kind.toLowerCase()}s`, ({ metadata, spec }) => {
    if (metadata.name !== hpa.spec.scaleTargetRef.name || steps.at(-1)?.replicas === spec.replicas) return;
    steps.push({ at: Date.now(), replicas: spec.replicas });
  });
  return steps;
}

/** What an autoscaler scales. */
export const targetOf = (live: LiveEnvironment, { spec: { scaleTargetRef: target } }: KubeObject): KubeObject =>
  live.workloads.find(({ kind, metadata }) => kind === target.kind && metadata.name === target.name)!;

/** Without what it shares with the environment: accounts, and servers that it waits for. */
function copyOf({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject {
  const copy = structuredClone({ apiVersion, kind, metadata: { name: metadata.name }, spec });
  const pod = copy.spec.template?.spec;
  if (pod) {
    delete pod.initContainers;
    delete pod.serviceAccountName;
  }
  return copy;
}
