import { ApiObject, type Chart, Lazy } from 'cdk8s';

import { KubeResourceQuota } from '../../imports/k8s';
import { peakDemand } from './demand';
import { formatBytes, formatCpu } from './quantity';

/** Bound on everything that runs in the namespace of a system. */
export interface QuotaSettings {
  /**
   * How much more than the computed peak the namespace may hold, as a factor. The peak is the sum of all pods at their
   * autoscalers' maximum in the middle of a rollout, and all Jobs.
   * @default 1.2
   * @minimum 1
   * @maximum 10
   */
  readonly headroom?: number;
}

/** A quota of the most that can be there at one time, and some more: what is found in `namespace` when it is rendered. */
export function renderQuota(namespace: Chart, headroom: number): void {
  const quota = new KubeResourceQuota(namespace, 'quota', {
    metadata: { name: 'quota' },
    spec: { hard: Lazy.any({ produce: () => hardQuota(othersThan(quota), headroom) }) },
  });
}

/** Other objects of the same chart: those around are of another namespace. */
const othersThan = (quota: ApiObject): object[] =>
  quota.chart.node
    .findAll()
    .filter((object): object is ApiObject => ApiObject.isApiObject(object) && object !== quota)
    .filter(({ chart }) => chart === quota.chart)
    .map((object) => object.toJson());

function hardQuota(objects: object[], headroom: number): Record<string, string> {
  const peak = peakDemand(objects);
  const cpu = (millicores: number) => formatCpu(Math.ceil((millicores * headroom) / 10) * 10);
  const bytes = (amount: number) => formatBytes(Math.ceil((amount * headroom) / 2 ** 20) * 2 ** 20);
  return {
    'limits.cpu': cpu(peak.cpuLimits),
    'limits.ephemeral-storage': bytes(peak.ephemeralLimits),
    'limits.memory': bytes(peak.memoryLimits),
    persistentvolumeclaims: `${Math.ceil(peak.claims * headroom)}`,
    pods: `${Math.ceil(peak.pods * headroom)}`,
    'requests.cpu': cpu(peak.cpuRequests),
    'requests.ephemeral-storage': bytes(peak.ephemeralRequests),
    'requests.memory': bytes(peak.memoryRequests),
    'requests.storage': bytes(peak.storage),
    'services.loadbalancers': '0',
    'services.nodeports': '0',
  };
}
