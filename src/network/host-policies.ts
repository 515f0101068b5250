import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { CalicoNetworkPolicy, type CalicoNetworkPolicyEgress, CalicoNetworkSet } from '../../imports/calico';
import { CiliumNetworkPolicy, type CiliumNetworkPolicyEgress } from '../../imports/cilium';
import type { ListeningPort, Peer } from './connectable';

/** A relation to a peer that has DNS names. */
export interface HostRelation {
  readonly to: Peer;
  readonly ports: ListeningPort[];
}

/**
 * Without a rule about DNS itself Cilium does not look into answers, and learns no address of any name. Where the plain
 * policy opens DNS as well, this one stays in force: Cilium reads the two as one rule that lets every name pass.
 */
const LEARN_ADDRESSES: CiliumNetworkPolicyEgress = {
  toEndpoints: [{ matchLabels: { 'io.kubernetes.pod.namespace': 'kube-system', 'k8s-app': 'kube-dns' } }],
  toPorts: [
    {
      ports: (['UDP', 'TCP'] as const).map((protocol) => ({ port: '53', protocol })),
      rules: { dns: [{ matchPattern: '*' }] },
    },
  ],
};

/** What the pods of `client` may dial by name, for Cilium. It adds to their plain policy. */
export function renderCiliumPolicy(
  scope: Construct,
  client: Peer,
  relations: () => readonly HostRelation[],
): CiliumNetworkPolicy {
  const egress = ({ to, ports }: HostRelation): CiliumNetworkPolicyEgress => ({
    toFQDNs: to.hosts?.map((matchName) => ({ matchName })),
    toPorts: [{ ports: ports.map(({ port, protocol = 'TCP' }) => ({ port: `${port}`, protocol })) }],
  });
  return new CiliumNetworkPolicy(scope, 'cilium-network-policy', {
    metadata: { name: client.name },
    spec: {
      endpointSelector: { matchLabels: client.podLabels },
      egress: Lazy.any({ produce: () => [LEARN_ADDRESSES, ...relations().map(egress)] }),
    },
  });
}

/** By which Calico finds the names of a peer. No pod has it. */
const HOSTS_OF = 'cdk8s-webstack/hosts-of';

/**
 * The names of a peer, for Calico. They are not in the rules themselves: an API server that does not know the field drops
 * it, and a rule without it would open every address, whereas a set without it opens none.
 */
export const renderCalicoHosts = (scope: Construct, { name, hosts }: Peer): CalicoNetworkSet =>
  new CalicoNetworkSet(scope, `hosts-of-${name}`, {
    metadata: { name, labels: { [HOSTS_OF]: name } },
    spec: { allowedEgressDomains: hosts },
  });

/** What the pods of `client` may dial by name, for Calico. It adds to their plain policy. */
export function renderCalicoPolicy(
  scope: Construct,
  client: Peer,
  relations: () => readonly HostRelation[],
): CalicoNetworkPolicy {
  const egress = ({ to, ports }: HostRelation): CalicoNetworkPolicyEgress[] =>
    (['TCP', 'UDP'] as const).flatMap((protocol) => {
      const numbers = ports.filter((one) => (one.protocol ?? 'TCP') === protocol).map(({ port }) => port);
      const destination = { selector: `${HOSTS_OF} == '${to.name}'`, ports: numbers };
      return numbers.length > 0 ? [{ action: 'Allow', protocol, destination }] : [];
    });
  return new CalicoNetworkPolicy(scope, 'calico-network-policy', {
    // Some releases put the tier before a name that does not begin with it, and GitOps would see a difference for ever.
    metadata: { name: `default.${client.name}` },
    spec: {
      tier: 'default',
      selector: Object.entries(client.podLabels ?? {})
        .map(([label, value]) => `${label} == '${value}'`)
        .join(' && '),
      types: ['Egress'],
      egress: Lazy.any({ produce: () => relations().flatMap(egress) }),
    },
  });
}
