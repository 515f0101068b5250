import { Chart, Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import {
  KubeNetworkPolicy,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
} from '../../imports/k8s';
import type { Endpoint, ListeningPort, Peer } from './connectable';

/** One declared relation: `from` dials `to` on `ports`. */
export interface Connection {
  readonly from: Peer;
  readonly to: Peer;
  readonly ports: ListeningPort[];
}

const ID = 'connections';

/**
 * Who may talk to whom in a system. Relations are declared once; the policies at both ends follow from them when the
 * system is synthesized.
 */
export class Connections extends Construct {
  /** The relations of the system around `scope`. */
  public static of(scope: IConstruct): Connections {
    const chart = Chart.of(scope);
    return (chart.node.tryFindChild(ID) as Connections | undefined) ?? new Connections(chart, ID);
  }

  private readonly declared: Connection[] = [];

  /** The relations, in the order in which they were declared. */
  public get all(): Connection[] {
    return [...this.declared];
  }

  /** Declares that `from` dials `endpoint`. */
  public allow(from: Peer, endpoint: Endpoint): void {
    this.declared.push({ from, to: endpoint.peer, ports: endpoint.ports });
  }

  /** Makes the policy of the pods of `peer`: exactly the declared relations, both ways. */
  public policyFor(scope: Construct, peer: Peer): KubeNetworkPolicy {
    return new KubeNetworkPolicy(scope, 'network-policy', {
      metadata: { name: peer.name },
      spec: {
        podSelector: { matchLabels: peer.podLabels },
        policyTypes: ['Ingress', 'Egress'],
        ingress: Lazy.any({
          produce: () =>
            rules(this.declared.filter((connection) => connection.to === peer)).map(
              ({ ports, connection }): NetworkPolicyIngressRule => ({ ports, from: peersOf(connection.from) }),
            ),
        }),
        egress: Lazy.any({
          produce: () =>
            rules(this.declared.filter((connection) => connection.from === peer)).map(({ ports, connection }) => ({
              ports,
              to: peersOf(connection.to),
            })),
        }),
      },
    });
  }
}

/** One rule per declared relation, and none twice. */
function rules(connections: Connection[]): { connection: Connection; ports: NetworkPolicyPort[] }[] {
  const unique = new Map(connections.map((connection) => [JSON.stringify(connection), connection]));
  return [...unique.values()].map((connection) => ({
    connection,
    ports: connection.ports.map(({ port, protocol }) => ({ port, protocol: protocol ?? 'TCP' })),
  }));
}

function peersOf(peer: Peer): NetworkPolicyPeer[] {
  if (peer.cidrs) return peer.cidrs.map((cidr) => ({ ipBlock: { cidr } }));
  const podSelector = { matchLabels: peer.podLabels };
  if (!peer.namespace) return [{ podSelector }];
  return [{ podSelector, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': peer.namespace } } }];
}
