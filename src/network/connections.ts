import { Chart, Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import {
  KubeNetworkPolicy,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
} from '../../imports/k8s';
import { System } from '../platform/system';
import type { Endpoint, ListeningPort, Peer } from './connectable';
import { renderCalicoHosts, renderCalicoPolicy, renderCiliumPolicy } from './host-policies';

/** One declared relation: `from` dials `to` on `ports`. */
export interface Connection {
  readonly from: Peer;
  readonly to: Peer;
  readonly ports: ListeningPort[];
}

const ID = 'connections';

/** For auditors: what a policy opens that it cannot say exactly. */
const EGRESS_REMARKS = 'cdk8s-webstack/egress';

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
  private readonly policies = new Map<Peer, KubeNetworkPolicy>();
  private readonly hostClients = new Set<Peer>();
  private readonly hostSets = new Set<Peer>();

  /** The relations, in the order in which they were declared. */
  public get all(): Connection[] {
    return [...this.declared];
  }

  /** Declares that `from` dials `endpoint`. */
  public allow(from: Peer, endpoint: Endpoint): void {
    this.declared.push({ from, to: endpoint.peer, ports: endpoint.ports });
    if (endpoint.peer.remark !== undefined) this.annotate(from);
    if (endpoint.peer.hosts) this.openHosts(from, endpoint.peer);
  }

  /** Makes the policy of the pods of `peer`: exactly the declared relations, both ways. */
  public policyFor(scope: Construct, peer: Peer): KubeNetworkPolicy {
    const policy = new KubeNetworkPolicy(scope, 'network-policy', {
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
    this.policies.set(peer, policy);
    return policy;
  }

  private annotate(client: Peer): void {
    const remarks = this.egressOf(client).flatMap(({ to }) => to.remark ?? []);
    this.policies.get(client)?.metadata.addAnnotation(EGRESS_REMARKS, [...new Set(remarks)].join('\n'));
  }

  /** Names are for policies that know them; what the plain one can say stays in it. */
  private openHosts(client: Peer, service: Peer): void {
    const policy = this.policies.get(client);
    const { networkPolicies } = System.containing(this);
    if (!policy || networkPolicies === 'kubernetes') return;
    if (networkPolicies === 'calico-enterprise' && !this.hostSets.has(service)) {
      this.hostSets.add(service);
      renderCalicoHosts(this, service);
    }
    if (this.hostClients.has(client)) return;
    this.hostClients.add(client);
    const render = networkPolicies === 'cilium' ? renderCiliumPolicy : renderCalicoPolicy;
    render(policy.node.scope!, client, () => this.egressOf(client).filter(({ to }) => to.hosts));
  }

  private egressOf(client: Peer): Connection[] {
    const own = this.declared.filter(({ from }) => from === client);
    return [...new Map(own.map((connection) => [JSON.stringify(connection), connection])).values()];
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
    const own = this.declared.filter((connection) => connection[end] === peer && canSay(connection));
    const unique = new Map(own.map((connection) => [JSON.stringify(connection), connection]));
    const rules = [...unique.values()].map((connection) =>
      rule(
        connection.ports.map(({ port, protocol }) => ({ port, protocol: protocol ?? 'TCP' })),
        connection,
      ),
    );
    return rules.length > 0 ? rules : undefined;
  }
}

/** Whether a plain policy has words for both ends. One without would be read as everybody. */
const canSay = ({ from, to }: Connection) => [from, to].every(({ podLabels, cidrs }) => podLabels ?? cidrs);

/** A peer as a policy names it. */
export function peersOf(peer: Peer): NetworkPolicyPeer[] {
  if (peer.cidrs) return peer.cidrs.map((cidr) => ({ ipBlock: { cidr, except: peer.exceptCidrs } }));
  const podSelector = { matchLabels: peer.podLabels };
  if (!peer.namespace) return [{ podSelector }];
  return [{ podSelector, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': peer.namespace } } }];
}
