import { Chart, Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import {
  KubeNetworkPolicy,
  type NetworkPolicyEgressRule,
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

  /**
   * Whether only a sidecar of `from` dials.
   * @default false
   */
  readonly sidecarOnly?: boolean;
}

/** A peer that dials what another one dials. */
interface Follower {
  readonly peer: Peer;
  readonly leader: Peer;
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
  private readonly followers: Follower[] = [];

  /** The relations, in the order in which they were declared; then those of followers. */
  public get all(): Connection[] {
    const followed = this.followers.flatMap(({ peer, leader }) =>
      this.dialedBy(leader)
        .filter(({ sidecarOnly }) => !sidecarOnly)
        .map((connection) => ({ ...connection, from: peer })),
    );
    return [...this.declared, ...followed];
  }

  /** What was declared of whom a peer dials, by itself or by a sidecar. */
  public dialedBy(peer: Peer): Connection[] {
    return this.declared.filter(({ from }) => from === peer);
  }

  /** Declares that `from` dials `endpoint`. */
  public allow(from: Peer, endpoint: Endpoint): void {
    const { peer: to, ports, sidecarOnly } = endpoint;
    this.declared.push({ from, to, ports, sidecarOnly });
  }

  /**
   * Lets `peer` dial whatever `leader` dials, by relations that are declared before or after; but not what only a sidecar of
   * `leader` dials.
   */
  public follow(peer: Peer, leader: Peer): void {
    this.followers.push({ peer, leader });
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
            this.rules('to', peer, (ports, { from }): NetworkPolicyIngressRule => ({ ports, from: peersOf(from) })),
        }),
        egress: Lazy.any({
          produce: () =>
            this.rules('from', peer, (ports, { to }): NetworkPolicyEgressRule => ({ ports, to: peersOf(to) })),
        }),
      },
    });
  }

  /**
   * One rule per relation of a peer, and none twice. Nothing where there is none: the policy types already say so, and the
   * API server drops an empty list, which every later apply would bring back.
   */
  private rules<Rule>(
    end: 'from' | 'to',
    peer: Peer,
    rule: (ports: NetworkPolicyPort[], connection: Connection) => Rule,
  ): Rule[] | undefined {
    const own = this.all.filter((connection) => connection[end] === peer);
    const unique = new Map(own.map((connection) => [keyOf(connection), connection]));
    const rules = [...unique.values()].map((connection) =>
      rule(
        connection.ports.map(({ port, protocol }) => ({ port, protocol: protocol ?? 'TCP' })),
        connection,
      ),
    );
    return rules.length > 0 ? rules : undefined;
  }
}

/** Equal for relations that a policy cannot tell apart. */
const keyOf = ({ from, to, ports }: Connection) => JSON.stringify([from, to, ports]);

/** A peer as a policy names it. */
export function peersOf(peer: Peer): NetworkPolicyPeer[] {
  if (peer.cidrs) return peer.cidrs.map((cidr) => ({ ipBlock: { cidr, except: peer.exceptCidrs } }));
  const podSelector = { matchLabels: peer.podLabels };
  if (!peer.namespace) return [{ podSelector }];
  return [{ podSelector, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': peer.namespace } } }];
}
