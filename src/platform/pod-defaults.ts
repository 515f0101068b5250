import { Construct, type IConstruct } from 'constructs';

import { type AppArmorProfile, KubePriorityClass } from '../../imports/k8s';
import { nearestChild } from './nearest';
import { ValidationError } from './validation-error';

/** What confines the processes of a container beside its user: nothing, or the profile that comes with the runtime. */
export type AppArmor = 'none' | 'runtime-default';

/** Whether pods of a class put others out that matter less, or wait for room. */
export type PreemptionPolicy = 'Never' | 'PreemptLowerPriority';

/**
 * How much a pod matters; one without any has 0.
 * @asType integer
 * @minimum 1
 * @maximum 1000000000
 */
export type PriorityValue = number;

/** Which pods come first where nodes have no room for all. */
export interface PrioritySettings {
  /**
   * How much servers with volumes matter.
   * @default 3000
   */
  readonly data?: PriorityValue;

  /**
   * How much applications matter: less than data.
   * @default 2000
   */
  readonly apps?: PriorityValue;

  /**
   * How much matters what ends by itself, such as tasks and backups: less than applications.
   * @default 1000
   */
  readonly tasks?: PriorityValue;

  /**
   * Whether they put out pods that matter less, those of other systems included.
   * @default PreemptLowerPriority
   */
  readonly preemptionPolicy?: PreemptionPolicy;
}

/** What holds for all pods of a system. */
export interface PodsSettings {
  /**
   * What confines processes beside their user. Nodes without AppArmor refuse pods that ask for it.
   * @default none
   */
  readonly appArmor?: AppArmor;

  /**
   * Which pods come first where nodes have no room for all.
   * @default - all are alike
   */
  readonly priority?: PrioritySettings;

  /**
   * Whether the Cluster Autoscaler removes nodes that are hardly used. Pods say then whether they may be moved for that:
   * applications may, for they have nothing but scratch folders on a node; a server that is alone with its volume and a task
   * may not.
   * @default false
   */
  readonly nodeAutoscaling?: boolean;
}

/** What a pod is for. */
export type PodPurpose = 'data' | 'apps' | 'tasks';

/** The classes of a system, those that matter most first. */
const PURPOSES: readonly (readonly [purpose: PodPurpose, description: string])[] = [
  ['data', 'servers with volumes'],
  ['apps', 'applications'],
  ['tasks', 'what ends by itself'],
];

/** Settings of pods with nothing left open. */
export interface ResolvedPodDefaults {
  readonly appArmor: AppArmor;
  readonly priority?: Required<PrioritySettings>;
  readonly nodeAutoscaling: boolean;
}

/** Fills in defaults. */
export function resolvePodDefaults({ appArmor, priority, nodeAutoscaling }: PodsSettings = {}): ResolvedPodDefaults {
  return {
    appArmor: appArmor ?? 'none',
    priority: priority && {
      data: priority.data ?? 3000,
      apps: priority.apps ?? 2000,
      tasks: priority.tasks ?? 1000,
      preemptionPolicy: priority.preemptionPolicy ?? 'PreemptLowerPriority',
    },
    nodeAutoscaling: nodeAutoscaling ?? false,
  };
}

const ID = 'pod-defaults';

/** What the pods of a system have in common: their priority classes, their confinement, whether they may be moved. */
export class PodDefaults extends Construct {
  /** Those of the system around `scope`. */
  public static of(scope: IConstruct): PodDefaults {
    return nearestChild(scope, ID) as PodDefaults;
  }

  /** For the security context of a pod; its containers have it from there, injected ones included. */
  public readonly appArmorProfile?: AppArmorProfile;

  private readonly resolved: ResolvedPodDefaults;

  public constructor(
    scope: Construct,
    private readonly prefix: string,
    settings?: PodsSettings,
  ) {
    super(scope, ID);
    this.resolved = resolvePodDefaults(settings);
    if (this.resolved.appArmor === 'runtime-default') this.appArmorProfile = { type: 'RuntimeDefault' };
    if (this.resolved.priority) this.renderClasses(this.resolved.priority);
  }

  /** Name of the class of pods for a purpose; nothing where all pods are alike. */
  public priorityClassOf(purpose: PodPurpose): string | undefined {
    return this.resolved.priority && `${this.prefix}-${purpose}`;
  }

  /** Tells the Cluster Autoscaler whether it may move a pod, where there is one. */
  public evictionOf(isSafe: boolean): { [annotation: string]: string } {
    return this.resolved.nodeAutoscaling ? { 'cluster-autoscaler.kubernetes.io/safe-to-evict': `${isSafe}` } : {};
  }

  private renderClasses({ preemptionPolicy, ...values }: Required<PrioritySettings>): void {
    PURPOSES.forEach(([purpose, description], index) => {
      const [above] = PURPOSES[index - 1] ?? [];
      if (above && values[purpose] >= values[above]) {
        const found = `expected less than pods.priority.${above} (${values[above]}), got ${values[purpose]}`;
        throw new ValidationError(this.node.scope!, `pods.priority.${purpose}`, `${found}; lower it`);
      }
      new KubePriorityClass(this, purpose, {
        // The cluster has one list of classes for all systems and environments.
        metadata: { name: `${this.prefix}-${purpose}` },
        description: `${this.prefix}: ${description}`,
        preemptionPolicy,
        value: values[purpose],
      });
    });
  }
}
