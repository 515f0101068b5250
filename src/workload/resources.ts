import type { Construct } from 'constructs';

import { type Bytes, canonicalBytes, type Cpu, formatCpu, parseBytes, parseCpu } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';

/** Amounts of what a container uses. */
export interface ResourceAmounts {
  /**
   * CPU.
   * @default - as the construct says
   */
  readonly cpu?: Cpu;

  /**
   * Memory.
   * @default - as the construct says
   */
  readonly memory?: Bytes;

  /**
   * Local disk: logs, the writable layer and scratch folders.
   * @default - as the construct says
   */
  readonly ephemeralStorage?: Bytes;
}

/** What a container is promised, and what it may use at most. */
export interface ResourcesSettings {
  /**
   * What the scheduler sets aside.
   * @default - as the construct says
   */
  readonly requests?: ResourceAmounts;

  /**
   * What the container may not exceed.
   * @default - as the construct says
   */
  readonly limits?: ResourceAmounts;
}

type Amounts = Required<ResourceAmounts>;

/** Resources with nothing left open. */
export interface ResolvedResources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** Amounts as `cpu / memory`, the way the tables of this field are written. */
export function resources(requests: [string, string], limits: [string, string]): ResolvedResources {
  const amounts = ([cpu, memory]: [string, string], ephemeralStorage: string): Amounts => ({
    cpu: formatCpu(parseCpu(cpu)),
    memory: canonicalBytes(memory),
    ephemeralStorage,
  });
  return { requests: amounts(requests, '64Mi'), limits: amounts(limits, '512Mi') };
}

/** Fills in what the settings leave open. */
export function resolveResources(
  settings: ResourcesSettings | undefined,
  fallback: ResolvedResources,
): ResolvedResources {
  // In the form in which the API server gives them back, so that GitOps sees no difference.
  const fill = (amounts: ResourceAmounts | undefined, open: Amounts): Amounts => ({
    cpu: formatCpu(parseCpu(amounts?.cpu ?? open.cpu)),
    memory: canonicalBytes(amounts?.memory ?? open.memory),
    ephemeralStorage: canonicalBytes(amounts?.ephemeralStorage ?? open.ephemeralStorage),
  });
  return {
    requests: fill(settings?.requests, fallback.requests),
    limits: fill(settings?.limits, fallback.limits),
  };
}

/** Refuses a request above its limit, which the API server would refuse. */
export function checkResources(scope: Construct, field: string, { requests, limits }: ResolvedResources): void {
  const compare = (name: keyof Amounts, parse: (value: string) => number) => {
    if (parse(requests[name]) <= parse(limits[name])) return;
    const found = `expected at most the limit of ${limits[name]}, got ${requests[name]}`;
    throw new ValidationError(scope, `${field}.requests.${name}`, `${found}; lower the request or raise the limit`);
  };
  compare('cpu', parseCpu);
  compare('memory', parseBytes);
  compare('ephemeralStorage', parseBytes);
}

/** The fields of a container. */
export function renderResources({ requests, limits }: ResolvedResources) {
  const render = ({ cpu, memory, ephemeralStorage }: Amounts): Record<string, string> => ({
    cpu,
    memory,
    'ephemeral-storage': ephemeralStorage,
  });
  return { requests: render(requests), limits: render(limits) };
}
