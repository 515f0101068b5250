import { run } from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';
import { type Graph, pairName } from './network-declared';
import type { Party, World } from './network-world';

/** What the policies of each end let through, and what gets through both. */
export interface Directions {
  readonly egress: Graph;
  readonly ingress: Graph;
  readonly both: Graph;
}

/**
 * Asks cyclonus about every pair and port of a world. It judges labels and addresses, as the API's text says; it knows
 * neither nodes nor Services, so a pod on its node's network, to which no policy applies, would be judged like any other.
 */
export function askCyclonus({ policies, parties, pairs, ports }: World): Directions {
  const index = new Map(parties.map((party, position) => [party, position]));
  const question = {
    policies,
    parties: parties.map(asParty),
    pairs: pairs.map((pair) => pair.map((party) => index.get(party)!)),
    ports: ports.map((port) => {
      const [protocol = '', number = ''] = port.split('/');
      return { port: Number(number), protocol: protocol.toUpperCase() };
    }),
  };
  const output = run(toolPath('cyclonus', 'bin/cyclonus'), [], { input: JSON.stringify(question) });
  const answers = output.trimEnd().split('\n');
  if (answers.length !== pairs.length) throw new Error(`cyclonus: ${answers.length} answers for ${pairs.length} pairs`);
  const egress = new Map<string, Set<string>>();
  const ingress = new Map<string, Set<string>>();
  const both = new Map<string, Set<string>>();
  answers.forEach((line, position) => {
    const pair = pairName(...pairs[position]!);
    const { egress: out, ingress: into }: { egress: number[]; ingress: number[] } = JSON.parse(line);
    const named = (indexes: readonly number[]) => new Set(indexes.map((one) => ports[one]!));
    egress.set(pair, named(out));
    ingress.set(pair, named(into));
    both.set(pair, named(out.filter((one) => into.includes(one))));
  });
  return { egress, ingress, both };
}

const asParty = ({ namespace = '', labels, ip, ports }: Party) => ({
  namespace,
  namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
  labels,
  ip,
  portNames: Object.fromEntries(ports.map(({ name = '', containerPort }) => [containerPort, name])),
});
