import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import { Edge } from '../../src/edge/edge';
import { type Connection, Connections } from '../../src/network/connections';
import type { System } from '../../src/platform/system';
import { SYSTEMS } from '../../src/systems';
import { settingsOf } from '../support/overlays';
import { partiesOf, SOLVER_LABELS, type World } from './network-world';

/** Ports by pair: `from → to` with `tcp/5432`. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** What an environment declares, and the namespaces of peers that say none: all of its own. */
export interface Declaration {
  readonly relations: readonly Connection[];
  readonly homes: readonly string[];
}

/** Built from the settings: nothing here comes from `dist/`. */
export function declarationOf(path: string): Declaration {
  const [name = '', environment = ''] = path.split('/');
  const system = new SYSTEMS[name]!(new App(), environment, settingsOf(name, environment));
  finish(system); // some relations are declared as late as this
  // Which addresses answer to a name no analyzer knows: what only names say is compared in test/network/graph.test.ts.
  const computable = Connections.of(system).all.filter(({ to }) => to.podLabels ?? to.cidrs);
  return {
    homes: system.namespaces.map(({ namespaceName }) => namespaceName),
    relations: [...computable, ...names(), ...solvers(system)],
  };
}

/** Names resolve for every pod of ours, whoever put it there. */
function names(): Connection[] {
  const ports = (['TCP', 'UDP'] as const).map((protocol) => ({ name: 'dns', port: 53, protocol }));
  const everybody = { name: 'everybody', podLabels: {} };
  const server = { name: 'kube-dns', namespace: 'kube-system', podLabels: { 'k8s-app': 'kube-dns' } };
  const cache = { name: 'node-local DNS', cidrs: ['169.254.20.10/32'] };
  return [server, cache].map((to) => ({ from: everybody, to, ports }));
}

/** Where a certificate is ordered over HTTP, the edge brings the authority's question to cert-manager's pod. */
function solvers(system: System): Connection[] {
  const edges = system.node.findAll().filter((construct) => construct instanceof Edge);
  return edges
    .filter((edge) => edge['edge'].certificateIssuer && edge['edge'].type !== 'gce')
    .map((edge) => ({
      from: edge['proxies'],
      to: { name: 'acme-solver', podLabels: SOLVER_LABELS, namespace: edge['namespaceName'] },
      ports: [{ name: 'http', port: 8089 }],
    }));
}

export const pairName = (from: { name: string }, to: { name: string }): string => `${from.name} → ${to.name}`;

/** The declared relations between the parties of a world. */
export function declaredGraph({ relations, homes }: Declaration, { pairs, parties }: World): Graph {
  const graph = new Map(pairs.map(([from, to]) => [pairName(from, to), new Set<string>()]));
  for (const relation of relations) {
    const ports = relation.ports.map(({ port, protocol = 'TCP' }) => `${protocol.toLowerCase()}/${port}`);
    for (const from of partiesOf(relation.from, parties, homes)) {
      for (const to of partiesOf(relation.to, parties, homes)) {
        for (const port of ports) graph.get(pairName(from, to))?.add(port);
      }
    }
  }
  return graph;
}

/** Relations of which an end is nobody: nothing would be asked about them. */
export const withoutParty = ({ relations, homes }: Declaration, { parties }: World): string[] =>
  relations
    .flatMap(({ from, to }) => [from, to])
    .filter((peer) => partiesOf(peer, parties, homes).length === 0)
    .map(({ name }) => `${name} is declared as an end of a relation and selects nobody`);

/** What an analyzer sees otherwise than declared, in words. */
export function differences(declared: Graph, found: Graph, who: string): string[] {
  return [...declared].flatMap(([pair, wanted]) => {
    const open = found.get(pair) ?? new Set<string>();
    return [
      ...[...open].filter((port) => !wanted.has(port)).map((port) => `open and not declared: ${pair} ${port} (${who})`),
      ...[...wanted].filter((port) => !open.has(port)).map((port) => `declared and closed: ${pair} ${port} (${who})`),
    ];
  });
}
