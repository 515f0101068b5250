import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { run, scratchFolder } from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';
import { type Graph, pairName } from './network-declared';
import { numberOf, type Party, type World } from './network-world';

/** nca leaves out what a pod says to itself; its twin is another pod of the same workload. */
const TWIN = '--twin';

/**
 * What network-config-analyzer finds. It computes ranges of ports and addresses instead of answering questions, so that a
 * port which nobody asked about is seen as well: `tcp/other`. To it a range of addresses never means a pod, whatever the
 * pod's address is; here cyclonus is the stricter one. Ingress objects are not given to it: it would put a controller of
 * its own into the world.
 */
export function askNca(world: World): Graph {
  const folder = scratchFolder('nca');
  const write = (name: string, objects: readonly object[]) => {
    writeFileSync(join(folder, name), objects.map((object) => stringify(object)).join('---\n'));
    return join(folder, name);
  };
  const pods = world.parties
    .filter(({ namespace }) => namespace !== undefined)
    .flatMap((party) => asPods(party, world));
  const output = run(toolPath('nca', 'bin/nca'), [
    `--ns_list=${write('namespaces.yaml', namespacesOf(world))}`,
    `--pod_list=${write('pods.yaml', pods)}`,
    `--connectivity=${write('policies.yaml', world.policies)}`,
    '--output_format=txt_no_fw_rules',
    '--output_endpoints=pods',
  ]);
  const counted = /cluster has (\d+) unique endpoints/.exec(output)?.[1];
  if (Number(counted) !== pods.length)
    throw new Error(`nca counts ${counted} pods, ${pods.length} were given:\n${output}`);
  return graphOf(world, output);
}

const namespacesOf = ({ parties }: World) =>
  [...new Set(parties.flatMap(({ namespace }) => namespace ?? []))].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
  }));

const asPods = ({ name, namespace, labels, ports }: Party, { own }: World) =>
  ['', ...(own.includes(namespace!) ? [TWIN] : [])].map((suffix) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name.replace(/^.*\//, '')}${suffix}`, namespace, labels },
    spec: { containers: [{ name: 'main', ports }] },
  }));

interface Rule {
  readonly from: string;
  readonly to: string;
  readonly connections: string;
}

function graphOf({ parties, pairs, ports }: World, output: string): Graph {
  const graph = new Map(pairs.map(([from, to]) => [pairName(from, to), new Set<string>()]));
  const partiesOf = finder(parties);
  const rules = rulesOf(output);
  const meanings = new Map(rules.map(({ connections }) => [connections, [] as string[]]));
  for (const connections of meanings.keys()) meanings.set(connections, openPorts(connections, ports));
  for (const { from, to, connections } of rules) {
    const open = meanings.get(connections)!;
    for (const one of partiesOf(from)) {
      for (const other of partiesOf(to)) {
        const found = graph.get(pairName(one, other));
        for (const port of found ? open : []) found!.add(port);
      }
    }
  }
  return graph;
}

const rulesOf = (output: string): Rule[] =>
  output.split('\n').flatMap((line) => {
    const [, from, to, connections] = /^(\S+) => (\S+) : (.*)$/.exec(line) ?? [];
    return connections === undefined ? [] : [{ from: from!, to: to!, connections }];
  });

/** The parties for which nca's name of an end stands: a pod, an address, or a range of addresses. */
function finder(parties: readonly Party[]): (end: string) => readonly Party[] {
  const pods = new Map(parties.map((party) => [party.name, [party]]));
  const places = parties.filter(({ namespace }) => namespace === undefined);
  return (end) => {
    const [, first, last = first] = /^([\d.]+)(?:-([\d.]+))?$/.exec(end) ?? [];
    if (first) {
      const [low, high] = [numberOf(first), numberOf(last!)];
      return places.filter(({ ip }) => numberOf(ip) >= low && numberOf(ip) <= high);
    }
    const pod = pods.get(end.replace(TWIN, ''));
    if (!pod) throw new Error(`nca names ${end}, which nobody gave to it`);
    return pod;
  };
}

/** `All connections`, or sets such as `{protocols:TCP, UDP,dst_ports:53,8000-8010}`. */
function openPorts(connections: string, asked: readonly string[]): string[] {
  if (connections === 'All connections') return withOthers([['tcp', 'udp', 'sctp'], [[1, 65535]]], asked);
  const sets = connections.match(/\{[^{}]*\}/g) ?? [];
  if (sets.length === 0 || sets.join() !== connections) throw new Error(`nca: cannot read "${connections}"`);
  return sets.flatMap((set) => withOthers(cubeOf(set), asked));
}

type Cube = readonly [protocols: readonly string[], ranges: readonly (readonly [number, number])[]];

function cubeOf(set: string): Cube {
  const [whole, protocols = 'TCP, UDP, SCTP', ports = '1-65535'] =
    /^\{(?:protocols:([A-Z, ]+?))?,?(?:dst_ports:([\d,-]+))?\}$/.exec(set) ?? [];
  if (!whole) throw new Error(`nca: cannot read "${set}"`);
  const ranges = ports.split(',').map((range) => {
    const [low, high = low] = range.split('-').map(Number);
    return [low!, high!] as const;
  });
  return [protocols.toLowerCase().split(/, ?/), ranges];
}

function withOthers([protocols, ranges]: Cube, asked: readonly string[]): string[] {
  const covered = ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0);
  return protocols.flatMap((protocol) => {
    const open = asked.filter((port) => {
      const number = Number(port.split('/')[1]);
      return port.startsWith(`${protocol}/`) && ranges.some(([low, high]) => number >= low && number <= high);
    });
    return open.length < covered ? [...open, `${protocol}/other`] : open;
  });
}
