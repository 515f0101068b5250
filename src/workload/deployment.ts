import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { KubeDeployment } from '../../imports/k8s';
import type { Pod } from './pod';
import type { RolloutSettings } from './rollout';

/** What makes pods that are replaced one after the other. */
export interface DeploymentParts {
  readonly name: string;
  /** Pods; nothing where an autoscaler counts them. */
  readonly replicas?: number;
  readonly podLabels: { [label: string]: string };
  readonly rollout: Required<RolloutSettings>;
  /** Asked again when everything is declared. */
  readonly pod: () => Pod;
}

/** The pods of a service, or of one version of it, which Kubernetes replaces by itself. */
export function renderDeployment(scope: Construct, parts: DeploymentParts): KubeDeployment {
  const { name, replicas, podLabels, rollout, pod } = parts;
  return new KubeDeployment(scope, 'deployment', {
    metadata: { name, annotations: pod().annotations },
    spec: {
      minReadySeconds: rollout.minReadySeconds,
      progressDeadlineSeconds: rollout.progressDeadlineSeconds,
      replicas,
      revisionHistoryLimit: 5,
      selector: { matchLabels: podLabels },
      strategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: rollout.maxSurge, maxUnavailable: rollout.maxUnavailable },
      },
      template: Lazy.any({ produce: () => pod().template }),
    },
  });
}
