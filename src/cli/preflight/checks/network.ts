import type { ClusterReader, Resource } from '../../cluster/reader';
import { type Check, each, failed, ok, warning } from '../finding';
import { byName, namedNamespace, namespacesOf, ofKind, unique, type Wanted } from '../wanted';

const DAEMONS: Resource = { group: 'apps', version: 'v1', resource: 'daemonsets' };

/** Network plug-ins that enforce policies, by the name of their daemon set. */
const ENFORCING: Readonly<Record<string, string>> = {
  anetd: 'GKE Dataplane V2',
  'antrea-agent': 'Antrea',
  'azure-npm': 'Azure network policy manager',
  'calico-node': 'Calico',
  canal: 'Canal (Calico)',
  cilium: 'Cilium',
  'kube-ovn-cni': 'Kube-OVN',
  'kube-router': 'kube-router',
  'ovnkube-node': 'OVN-Kubernetes',
  'rke2-canal': 'Canal (Calico)',
  'weave-net': 'Weave Net',
};

/** The same, by a group of the API that only they serve, for those that do not run in kube-system. */
const GROUPS: Readonly<Record<string, string>> = {
  'cilium.io': 'Cilium',
  'crd.antrea.io': 'Antrea',
  'k8s.ovn.org': 'OVN-Kubernetes',
  'projectcalico.org': 'Calico',
};

const plugin: Check = {
  id: 'network.plugin',
  about: 'network plug-in',
  run: async (wanted, cluster) => {
    if (ofKind(wanted, 'NetworkPolicy').length === 0) return [];
    const title = 'network plug-in';
    const groups: string[] = ((await cluster.discover('/apis'))?.groups ?? []).map(({ name }: any) => name);
    const group = Object.keys(GROUPS).find((name) => groups.includes(name));
    if (group) return [ok(title, `${GROUPS[group]} enforces network policies`)];
    const daemons = (await cluster.list({ ...DAEMONS, namespace: 'kube-system' })) ?? [];
    const found = daemons.map(({ metadata }) => ENFORCING[metadata.name]).find(Boolean);
    if (found) return [ok(title, `${found} enforces network policies`)];
    if (daemons.some(enforcesOnAws)) return [ok(title, 'the VPC plug-in of AWS enforces network policies')];
    const { gitVersion } = await cluster.version();
    if (/\+k3s/.test(gitVersion)) return [ok(title, 'k3s enforces network policies, unless it is told not to')];
    const names = daemons.map(({ metadata }) => metadata.name).join(', ') || 'none';
    const what = `none is known that enforces network policies (daemon sets in kube-system: ${names})`;
    const fix =
      'where none does, everybody reaches everything: install Calico or Cilium, or see what your cloud offers';
    return [warning(title, what, fix)];
  },
};

const enforcesOnAws = ({ metadata, spec }: any) =>
  metadata.name === 'aws-node' &&
  spec.template.spec.containers.some(({ args = [] }: any) => args.includes('--enable-network-policy=true'));

/** Pods in a namespace that is not ours, to which our policies open a way. */
interface Peer {
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly ports: readonly unknown[];
  readonly to: boolean;
}

/** A way that leads to nobody: the other side is not installed, or is not where or called as our policies say. */
const peers: Check = {
  id: 'network.peers',
  about: 'pods of others that ours talk with',
  run: (wanted, cluster) => each(byName(peersOf(wanted), title), title, (peer) => judgePeer(peer, cluster)),
};

const title = ({ namespace, labels, to }: Peer) =>
  `${to ? 'to' : 'from'} ${namespace}: ${Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(',')}`;

function peersOf(wanted: Wanted): Peer[] {
  const own = namespacesOf(wanted);
  const ways = ofKind(wanted, 'NetworkPolicy').flatMap(({ spec }) => [
    ...(spec.egress ?? []).map(({ to, ports }: any) => ({ others: to, ports, to: true })),
    ...(spec.ingress ?? []).map(({ from, ports }: any) => ({ others: from, ports, to: false })),
  ]);
  return ways.flatMap(({ others = [], ports = [], to }) =>
    others.flatMap(({ namespaceSelector, podSelector }: any): Peer[] => {
      const namespace = namedNamespace(namespaceSelector);
      const labels = podSelector?.matchLabels;
      if (!namespace || !labels || own.includes(namespace)) return [];
      return [{ namespace, labels, ports: unique(ports.map(({ port }: any) => port)), to }];
    }),
  );
}

async function judgePeer(peer: Peer, cluster: ClusterReader) {
  const { namespace, labels, ports, to } = peer;
  const pods = (await cluster.list({ group: '', version: 'v1', resource: 'pods', namespace }, labels)) ?? [];
  if (pods.length > 0) return ok(title(peer), `${pods.length} ${pods.length === 1 ? 'pod' : 'pods'}`);
  const what = to ? `nobody is there; port ${ports.join(', ')} leads nowhere` : 'nobody is there who could come in';
  const fix = 'install it, or say in the settings in which namespace and under which labels it runs';
  // Without names, and without Dapr's control plane, nothing starts. What only looks on or collects can come later.
  const vital = to && (ports.includes(53) || labels['app']?.startsWith('dapr-'));
  return (vital ? failed : warning)(title(peer), what, fix);
}

/** Whether policies are enforced, and whether they lead anywhere. */
export const NETWORK: readonly Check[] = [plugin, peers];
