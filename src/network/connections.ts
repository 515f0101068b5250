import { Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import {
  KubeNetworkPolicy,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
} from '../../imports/k8s';
import { Namespace } from '../platform/namespace';
import { System } from '../platform/system';
import type { Endpoint, ListeningPort, Peer } from './connectable';
import { renderCalicoHosts, renderCalicoPolicy, renderCiliumPolicy } from './host-policies';

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

/** For auditors: what a policy opens that it cannot say exactly. */
const EGRESS_REMARKS = 'cdk8s-webstack/egress';

/**
 * Who may talk to whom in a system. Relations are declared once; the policies at both ends follow from them when the
 * system is synthesized.
 */
export class Connections extends Construct {
  /** The relations of the system around `scope`. */
  public static of(scope: IConstruct): Connections {
    const system = System.containing(scope);
    return (system.node.tryFindChild(ID) as Connections | undefined) ?? new Connections(system, ID);
  }

  /** The relations of a finished system, to which nothing can be added. */
  public static allIn(system: System): Connection[] {
    return (system.node.tryFindChild(ID) as Connections | undefined)?.all ?? [];
  }

  private readonly declared: Connection[] = [];
  private readonly policies = new Map<Peer, KubeNetworkPolicy>();
  private readonly hostClients = new Set<Peer>();
  private readonly hostSets = new Set<string>();
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
    const followers = sidecarOnly ? [] : this.followers.filter(({ leader }) => leader === from);
    for (const client of [from, ...followers.map(({ peer }) => peer)]) this.openEgress(client, to);
  }

  /**
   * Lets `peer` dial whatever `leader` dials, by relations that are declared before or after; but not what only a sidecar of
   * `leader` dials.
   */
  public follow(peer: Peer, leader: Peer): void {
    this.followers.push({ peer, leader });
    for (const { to } of this.all.filter(({ from }) => from === peer)) this.openEgress(peer, to);
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
            this.rules('to', peer, (ports, { from }): NetworkPolicyIngressRule => ({
              ports,
              from: peersOf(from, peer.namespace),
            })),
        }),
        egress: Lazy.any({
          produce: () =>
            this.rules('from', peer, (ports, { to }): NetworkPolicyEgressRule => ({
              ports,
              to: peersOf(to, peer.namespace),
            })),
        }),
      },
    });
    this.policies.set(peer, policy);
    return policy;
  }

  /** What a plain policy cannot say of a relation, or must say beside it. */
  private openEgress(client: Peer, service: Peer): void {
    if (service.remark !== undefined) this.annotate(client);
    if (service.hosts) this.openHosts(client, service);
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
    const namespace = Namespace.around(policy);
    const set = `${namespace.namespaceName} ${service.name}`;
    if (networkPolicies === 'calico-enterprise' && !this.hostSets.has(set)) {
      this.hostSets.add(set);
      renderCalicoHosts(namespace, service);
    }
    if (this.hostClients.has(client)) return;
    this.hostClients.add(client);
    const render = networkPolicies === 'cilium' ? renderCiliumPolicy : renderCalicoPolicy;
    render(policy.node.scope!, client, () => this.egressOf(client).filter(({ to }) => to.hosts));
  }

  private egressOf(client: Peer): Connection[] {
    return distinct(this.all.filter(({ from }) => from === client));
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
    const own = this.all.filter((connection) => connection[end] === peer && canSay(connection));
    const rules = distinct(own).map((connection) =>
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

/** Relations, without those that a policy cannot tell from one before. */
const distinct = (connections: Connection[]): Connection[] => [
  ...new Map(connections.map((one) => [JSON.stringify([one.from, one.to, one.ports]), one])).values(),
];

/** A peer as a policy in `namespace` names it: without its own namespace where that is the same. */
export function peersOf(peer: Peer, namespace: string | undefined): NetworkPolicyPeer[] {
  if (peer.cidrs) return peer.cidrs.map((cidr) => ({ ipBlock: { cidr, except: peer.exceptCidrs } }));
  const podSelector = { matchLabels: peer.podLabels };
  if (!peer.namespace || peer.namespace === namespace) return [{ podSelector }];
  return [{ podSelector, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': peer.namespace } } }];
}
