import { ApiObject, type Chart, Lazy } from 'cdk8s';

import { KubeResourceQuota } from '../../imports/k8s';
import { type Demand, peakDemand } from './demand';
import { type Bytes, type Cpu, formatBytes, formatCpu, parseBytes, parseCpu } from './quantity';
import { ValidationError } from './validation-error';

/** The most that a namespace may hold, amount by amount. */
export interface QuotaAmounts {
  /**
   * CPU that all pods together may request.
   * @default - the computed peak times `headroom`
   */
  readonly requestsCpu?: Cpu;

  /**
   * CPU that all pods together may use at most.
   * @default - the computed peak times `headroom`
   */
  readonly limitsCpu?: Cpu;

  /**
   * Memory that all pods together may request.
   * @default - the computed peak times `headroom`
   */
  readonly requestsMemory?: Bytes;

  /**
   * Memory that all pods together may use at most.
   * @default - the computed peak times `headroom`
   */
  readonly limitsMemory?: Bytes;

  /**
   * Local disk that all pods together may request.
   * @default - the computed peak times `headroom`
   */
  readonly requestsEphemeralStorage?: Bytes;

  /**
   * Local disk that all pods together may use at most.
   * @default - the computed peak times `headroom`
   */
  readonly limitsEphemeralStorage?: Bytes;

  /**
   * Size of all volumes together.
   * @default - the computed peak times `headroom`
   */
  readonly requestsStorage?: Bytes;

  /**
   * Volumes.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 1000001
   * @default - the computed peak times `headroom`
   */
  readonly persistentVolumeClaims?: number;

  /**
   * Pods, those that shut down with them.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1000001
   * @default - the computed peak times `headroom`
   */
  readonly pods?: number;
}

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

  /**
   * Amounts said outright. One that is less than the computed peak is refused.
   * @default - all are computed
   */
  readonly amounts?: QuotaAmounts;

  /**
   * The same for the namespaces beside the system's own, by what the system calls them.
   * @default - all are computed
   */
  readonly namespaces?: { [name: string]: QuotaAmounts };
}

/** What bounds one namespace. */
export interface QuotaProps {
  /** How much more than the computed peak it may hold, as a factor. */
  readonly headroom: number;
  /** Amounts said outright. */
  readonly amounts: QuotaAmounts;
  /** Path of the amounts in the settings. */
  readonly field: string;
}

/** A quota of the most that can be there at one time, and some more: what is found in `namespace` when it is rendered. */
export function renderQuota(namespace: Chart, props: QuotaProps): void {
  const quota = new KubeResourceQuota(namespace, 'quota', {
    metadata: { name: 'quota' },
    spec: { hard: Lazy.any({ produce: () => hardQuota(peakAround(quota), props) }) },
  });
  // Settings are refused before anything is rendered, and few say amounts: the peak is not computed twice for the others.
  const validate = () => tooLittle(quota, peakAround(quota), props);
  if (Object.keys(props.amounts).length > 0) quota.node.addValidation({ validate });
}

/** What is needed at most in the chart of a quota. */
const peakAround = (quota: ApiObject) => peakDemand(othersThan(quota));

/** Other objects of the same chart: those around are of another namespace. */
const othersThan = (quota: ApiObject): object[] =>
  quota.chart.node
    .findAll()
    .filter((object): object is ApiObject => ApiObject.isApiObject(object) && object !== quota)
    .filter(({ chart }) => chart === quota.chart)
    .map((object) => object.toJson());

interface Amount {
  readonly key: string;
  readonly name: keyof QuotaAmounts;
  readonly of: keyof Demand;
  readonly parse: (value: string | number) => number;
  readonly format: (value: number) => string;
  /** To what a computed amount is rounded up. */
  readonly step: number;
}

const CPU = { parse: parseCpu, format: formatCpu, step: 10 };
const BYTES = { parse: parseBytes, format: formatBytes, step: 2 ** 20 };
const COUNT = { parse: Number, format: String, step: 1 };

/** Amounts as they are in a quota, in the order of their names there. */
const AMOUNTS: readonly Amount[] = [
  { key: 'limits.cpu', name: 'limitsCpu', of: 'cpuLimits', ...CPU },
  { key: 'limits.ephemeral-storage', name: 'limitsEphemeralStorage', of: 'ephemeralLimits', ...BYTES },
  { key: 'limits.memory', name: 'limitsMemory', of: 'memoryLimits', ...BYTES },
  { key: 'persistentvolumeclaims', name: 'persistentVolumeClaims', of: 'claims', ...COUNT },
  { key: 'pods', name: 'pods', of: 'pods', ...COUNT },
  { key: 'requests.cpu', name: 'requestsCpu', of: 'cpuRequests', ...CPU },
  { key: 'requests.ephemeral-storage', name: 'requestsEphemeralStorage', of: 'ephemeralRequests', ...BYTES },
  { key: 'requests.memory', name: 'requestsMemory', of: 'memoryRequests', ...BYTES },
  { key: 'requests.storage', name: 'requestsStorage', of: 'storage', ...BYTES },
];

function hardQuota(peak: Demand, { headroom, amounts }: QuotaProps): Record<string, string> {
  const hard = AMOUNTS.map(({ key, name, of, parse, format, step }): [string, string] => {
    const given = amounts[name];
    return [key, format(given === undefined ? Math.ceil((peak[of] * headroom) / step) * step : parse(given))];
  });
  return { ...Object.fromEntries(hard), 'services.loadbalancers': '0', 'services.nodeports': '0' };
}

function tooLittle(quota: ApiObject, peak: Demand, { amounts, field }: QuotaProps): string[] {
  return AMOUNTS.flatMap(({ name, of, parse, format }) => {
    const given = amounts[name];
    if (given === undefined || parse(given) >= peak[of]) return [];
    const found = `expected at least the peak of ${format(peak[of])}, got ${given}; raise it, or leave it out`;
    return [new ValidationError(quota, `${field}.${name}`, found).message];
  });
}
