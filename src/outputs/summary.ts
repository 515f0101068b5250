import { type Demand, steadyDemand, steadySidecarDemand } from '../platform/demand';
import { formatBytes, formatCpu } from '../platform/quantity';

interface Amounts {
  readonly cpu: string;
  readonly memory: string;
}

/** What an environment consists of, and what it asks of a cluster while nothing happens. */
export interface EnvironmentSummary {
  readonly system: string;
  readonly environment: string;
  readonly namespaces: readonly string[];
  /** Objects by kind. */
  readonly objects: Readonly<Record<string, number>>;
  readonly pods: number;
  readonly requests: Amounts;
  readonly limits: Amounts;
  readonly storage: string;
  /** What of the requests and limits the injected sidecars ask for. */
  readonly sidecars: { readonly requests: Amounts; readonly limits: Amounts };
}

/** Counts the finished objects of one environment. Jobs come and go and are not part of the totals. */
export function summarize(system: string, environment: string, manifests: readonly any[]): EnvironmentSummary {
  const counts = new Map<string, number>();
  for (const { kind } of manifests) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const demand: Demand = steadyDemand([...manifests]);
  return {
    system,
    environment,
    namespaces: manifests.flatMap(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : [])),
    objects: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    pods: demand.pods,
    ...amounts(demand),
    storage: formatBytes(demand.storage),
    sidecars: amounts(steadySidecarDemand([...manifests])),
  };
}

const amounts = (demand: Demand) => ({
  requests: { cpu: formatCpu(demand.cpuRequests), memory: formatBytes(demand.memoryRequests) },
  limits: { cpu: formatCpu(demand.cpuLimits), memory: formatBytes(demand.memoryLimits) },
});

/** The summaries as text: one block per environment. */
export function formatSummaries(summaries: readonly EnvironmentSummary[]): string {
  return summaries.map(formatSummary).join('\n');
}

function formatSummary(summary: EnvironmentSummary): string {
  const { system, environment, namespaces, objects, pods, requests, limits, storage, sidecars } = summary;
  const count = Object.values(objects).reduce((a, b) => a + b, 0);
  const kinds = Object.entries(objects).map(([kind, number]) => `${number} ${kind}`);
  return [
    `${system}/${environment} → namespace ${namespaces.join(', ')}: ${count} objects, ${pods} pods`,
    `  requests ${requests.cpu} CPU, ${requests.memory} · limits ${limits.cpu} CPU, ${limits.memory} · storage ${storage}`,
    `  of these sidecars: requests ${sidecars.requests.cpu} CPU, ${sidecars.requests.memory} · limits ${sidecars.limits.cpu} CPU, ${sidecars.limits.memory}`,
    `  ${kinds.join(', ')}`,
  ].join('\n');
}
