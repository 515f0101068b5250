import { type Demand, steadyDemand } from '../../../platform/demand';
import { formatCpu } from '../../../platform/quantity';
import type { ClusterReader, Resource } from '../../cluster/reader';
import { amount, formatAmount } from '../amount';
import { type Check, condition, each, failed, type Finding, ok, warning } from '../finding';
import { hasObject, type PodMaker, podMakers, selects, unique } from '../wanted';

const NODES: Resource = { group: '', version: 'v1', resource: 'nodes' };

/** Share of what nodes have from which on it is tight. */
const TIGHT = 0.8;

/** Nodes on which a pod of ours may be put. */
async function nodesFor({ template }: Pick<PodMaker, 'template'>, cluster: ClusterReader): Promise<any[]> {
  const { nodeSelector, tolerations = [], affinity } = template.spec;
  const terms: any[] | undefined =
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return ((await cluster.list(NODES)) ?? []).filter(
    (node) =>
      !node.spec?.unschedulable &&
      condition(node, 'Ready').status === 'True' &&
      (node.spec?.taints ?? []).every((taint: any) => isTolerated(taint, tolerations)) &&
      selects({ matchLabels: nodeSelector }, node.metadata.labels) &&
      (!terms || terms.some(({ matchExpressions }) => selects({ matchExpressions }, node.metadata.labels))),
  );
}

const isTolerated = (taint: any, tolerations: readonly any[]) =>
  taint.effect === 'PreferNoSchedule' ||
  tolerations.some(
    ({ key, operator = 'Equal', value, effect }) =>
      (effect === undefined || effect === taint.effect) &&
      (key === undefined || key === taint.key) &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  );

/** Pods that may not be together need as many places; pods that must be spread need places that have a name. */
const spread: Check = {
  id: 'nodes.spread',
  about: 'places for pods that must be apart',
  run: (wanted, cluster) =>
    each(
      podMakers(wanted),
      ({ name }) => name,
      async (maker) => {
        const nodes = await nodesFor(maker, cluster);
        const { affinity, topologySpreadConstraints = [] } = maker.template.spec;
        const apart: any[] = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
        const hard: any[] = topologySpreadConstraints.filter((one: any) => one.whenUnsatisfiable === 'DoNotSchedule');
        return [
          ...apart.map(({ topologyKey }) => judgeApart(maker, topologyKey, nodes)),
          ...hard.map((constraint) => judgeSpread(maker, constraint, nodes)),
        ];
      },
    ),
};

const places = (nodes: readonly any[], key: string) =>
  unique(nodes.flatMap(({ metadata }) => metadata.labels?.[key] ?? [])).length;

function judgeApart({ name, pods, mostPods }: PodMaker, key: string, nodes: readonly any[]): Finding {
  const count = places(nodes, key);
  const found = `${mostPods} pods must be apart by ${key}, of which the nodes that may run them have ${count}`;
  const fix = 'add nodes, lower the replicas, or set spread.hosts: preferred';
  if (count < pods) return failed(name, found, fix);
  return count < mostPods ? warning(name, `${found}: not enough at the autoscaler's maximum`, fix) : ok(name, found);
}

function judgeSpread({ name, pods }: PodMaker, constraint: any, nodes: readonly any[]): Finding {
  const { topologyKey, maxSkew, minDomains = 1 } = constraint;
  const count = places(nodes, topologyKey);
  const found = `must be spread by ${topologyKey}, of which the nodes that may run it have ${count}`;
  // A node without the label takes no pod; too few places count as if one more were empty.
  if (count === 0) return failed(name, found, `label the nodes with ${topologyKey}, or drop the constraint`);
  if (count < minDomains && pods > count * maxSkew) {
    return failed(
      name,
      `${found}; at least ${minDomains} are asked for`,
      'add nodes in other places, or lower minDomains',
    );
  }
  if (count === 1 && pods > 1) {
    return warning(name, `${found}: nothing is spread`, `add nodes that differ in ${topologyKey}`);
  }
  return ok(name, found);
}

const room: Check = {
  id: 'nodes.room',
  about: 'room on the nodes',
  run: async (wanted, cluster) => {
    const makers = podMakers(wanted);
    const demand = steadyDemand([...wanted.objects]);
    if (demand.pods === 0) return [];
    const nodes = unique((await Promise.all(makers.map((maker) => nodesFor(maker, cluster)))).flat());
    return [
      ...judgeRoom('CPU', nodes, demand.cpuRequests, cpuOf, formatCpu),
      ...judgeRoom('memory', nodes, demand.memoryRequests, memoryOf, formatAmount),
      ...(await judgeLargest(makers, cluster)),
    ];
  },
};

const cpuOf = ({ status }: any) => Math.floor((amount(status?.allocatable?.cpu) ?? 0) * 1000);
const memoryOf = ({ status }: any) => Math.floor(amount(status?.allocatable?.memory) ?? 0);

function judgeRoom(
  what: string,
  nodes: readonly any[],
  needed: number,
  of: (node: any) => number,
  format: (amount: number) => string,
): Finding[] {
  const there = nodes.map(of).reduce((a, b) => a + b, 0);
  const found = `ours request ${format(needed)}; ${nodes.length} nodes have ${format(there)}, for others, too`;
  const fix = 'add nodes, or lower replicas or resources in the settings';
  if (needed > there) return [failed(what, found, fix)];
  return [needed > there * TIGHT ? warning(what, `${found}: it is tight`, fix) : ok(what, found)];
}

/** That there is enough in all does not say that there is a node for the largest pod. */
async function judgeLargest(makers: readonly PodMaker[], cluster: ClusterReader): Promise<Finding[]> {
  const judged = await Promise.all(
    makers.map(async (maker) => {
      const one: Demand = steadyDemand([{ kind: 'Deployment', metadata: {}, spec: { template: maker.template } }]);
      const nodes = await nodesFor(maker, cluster);
      const fits = nodes.some((node) => cpuOf(node) >= one.cpuRequests && memoryOf(node) >= one.memoryRequests);
      if (fits) return [];
      const found = `no node that may run it has ${formatCpu(one.cpuRequests)} of CPU and ${formatAmount(one.memoryRequests)}`;
      return [failed(maker.name, found, 'add a larger node, lower its resources, or mend the taints and selectors')];
    }),
  );
  return judged.flat();
}

const priorities: Check = {
  id: 'nodes.priority-classes',
  about: 'priority classes',
  run: (wanted, cluster) => {
    const names = unique(podMakers(wanted).flatMap(({ template }) => template.spec.priorityClassName ?? []));
    const others = names.filter((name) => !hasObject(wanted, 'PriorityClass', name));
    return each(
      others,
      (name) => `PriorityClass ${name}`,
      async (name) => {
        const found = await cluster.get(
          { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' },
          name,
        );
        const title = `PriorityClass ${name}`;
        return found
          ? ok(title, 'is there')
          : failed(title, 'is not there; its pods are refused', 'make it, or name another');
      },
    );
  },
};

/** Where pods run. */
export const PLACES: readonly Check[] = [spread, room, priorities];
