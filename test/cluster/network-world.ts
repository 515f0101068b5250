import { BlockList, isIPv4 } from 'node:net';

import type { Peer } from '../../src/network/connectable';
import type { Connection } from '../../src/network/connections';
import { podTemplateOf } from '../../src/platform/pod-template';
import type { KubeObject } from './api';

type Labels = Record<string, string>;

/** One end of a connection: a pod, or without a namespace an address outside the cluster. */
export interface Party {
  /** `namespace/name`, or the addresses for which it stands. */
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Labels;
  readonly ip: string;
  readonly ports: readonly { name?: string; containerPort: number; protocol?: string }[];
}

/** What the analyzers are given, and are asked. */
export interface World {
  readonly policies: readonly KubeObject[];
  /** Namespaces that the environment makes: of their pods it decides who reaches them and whom they reach. */
  readonly own: readonly string[];
  readonly parties: readonly Party[];
  /** Every pair with an end in one of our own namespaces; a pod with itself stands for two pods of one workload. */
  readonly pairs: readonly (readonly [Party, Party])[];
  /** Ports that are tried for each pair, as `tcp/5432`. */
  readonly ports: readonly string[];
}

/** Of Kubernetes itself: Calico has a kind of the same name, and of names neither analyzer knows anything. */
export const isPlainPolicy = ({ apiVersion, kind }: KubeObject): boolean =>
  kind === 'NetworkPolicy' && apiVersion === 'networking.k8s.io/v1';

export const SOLVER_LABELS = { 'acme.cert-manager.io/http01-solver': 'true' };

/** What nobody has declared and everybody has: 0.0.0.0 and the like are in the ranges between these. */
const ADDRESSES: Record<string, string> = {
  'internet 8.8.8.8': '8.8.8.8',
  'API server 10.96.0.1': '10.96.0.1',
  'node 172.18.0.2': '172.18.0.2',
  'metadata 169.254.169.254': '169.254.169.254',
  'pod identity 169.254.170.23': '169.254.170.23',
  'node-local DNS 169.254.20.10': '169.254.20.10',
  'private 192.168.1.1': '192.168.1.1',
};

/** Beside those that somebody speaks of: the ends of the range, and what a stranger would try. */
const PORTS = [1, 22, 80, 443, 2379, 6443, 8080, 10250, 65535];

const PROTOCOLS = ['tcp', 'udp', 'sctp'];

/**
 * The world around an environment: its own pods and those that its relations name, and of each the near misses: the same
 * labels in another namespace, a label less, none at all. `neighbour` is the namespace of another environment.
 */
export function worldOf(objects: readonly KubeObject[], relations: readonly Connection[], neighbour: string): World {
  const policies = objects.filter(isPlainPolicy);
  const own = objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
  const ours = [...ownPods(objects), ...own.flatMap(visitors)];
  const others = outsiders(relations, own);
  // From what is declared: a policy that forgot a label would not tell that it matters.
  const selecting = relations
    .flatMap(({ from, to }) => [from, to])
    .flatMap(({ namespace, podLabels = {} }) => (namespace && !own.includes(namespace) ? [] : Object.keys(podLabels)));
  const pods = [
    ...ours,
    ...others,
    ...alike(
      ours.flatMap((pod) => lessOneLabel(pod, selecting)),
      selecting,
    ),
    ...others.flatMap((pod) => lessOneLabel(pod, Object.keys(pod.labels))),
    ...others.map((pod) => moved(pod, 'default')),
    ...unique(others.map(({ namespace }) => namespace!)).map((namespace) => pod(namespace, 'stranger', {})),
    ...ours.flatMap((pod) => ['default', neighbour].map((namespace) => moved(pod, namespace))),
  ];
  const parties = [...distinct(pods), ...addresses(policies, relations)];
  const isOurs = ({ namespace }: Party) => namespace !== undefined && own.includes(namespace);
  const pairs = parties.flatMap((from) =>
    parties.filter((to) => isOurs(from) || isOurs(to)).map((to): [Party, Party] => [from, to]),
  );
  return { policies, own, parties, pairs, ports: portsOf(policies, relations, parties) };
}

/** The parties that a relation names by one of its ends. `homes` are the namespaces of a peer that says none. */
export function partiesOf(peer: Peer, parties: readonly Party[], homes: readonly string[]): Party[] {
  const namespaces = peer.namespace === undefined ? homes : [peer.namespace];
  if (peer.cidrs) {
    const [inside, outside] = [blockList(peer.cidrs), blockList(peer.exceptCidrs ?? [])];
    return parties.filter(({ namespace, ip }) => !namespace && inside.check(ip) && !outside.check(ip));
  }
  const wanted = Object.entries(peer.podLabels ?? {});
  return parties.filter(
    ({ namespace, labels }) =>
      namespace !== undefined &&
      namespaces.includes(namespace) &&
      wanted.every(([key, value]) => labels[key] === value),
  );
}

const pod = (namespace: string, name: string, labels: Labels, ports: Party['ports'] = []): Party => ({
  name: `${namespace}/${name}`,
  namespace,
  labels,
  ip: '',
  ports,
});

/** The pods of the workloads, Jobs and CronJobs, as they are before Dapr's injector adds ports that policies do not need. */
const ownPods = (objects: readonly KubeObject[]): Party[] =>
  objects.flatMap((object) => {
    const template = podTemplateOf(object);
    if (!template?.spec?.containers) return [];
    const { name, namespace } = object.metadata;
    const ports = template.spec.containers.flatMap((container: KubeObject) => container.ports ?? []);
    return [pod(namespace, name, template.metadata.labels, ports)];
  });

/** What others put into our namespace: cert-manager's solver, and somebody whom nothing selects. */
const visitors = (namespace: string): Party[] => [
  pod(namespace, 'acme-solver', { ...SOLVER_LABELS, 'acme.cert-manager.io/http-domain': '1' }, [
    { containerPort: 8089 },
  ]),
  pod(namespace, 'stranger', {}),
];

/** Pods in other namespaces that are declared to call or to answer. */
function outsiders(relations: readonly Connection[], own: readonly string[]): Party[] {
  const peers = relations.flatMap(({ from, to, ports }) => [
    { peer: from, ports: [] },
    { peer: to, ports: ports.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })) },
  ]);
  return peers
    .filter(({ peer }) => peer.namespace !== undefined && !own.includes(peer.namespace))
    .map(({ peer, ports }) => pod(peer.namespace!, peer.name, peer.podLabels ?? {}, ports));
}

/** One for all that have the same of these labels. */
function alike(pods: readonly Party[], keys: readonly string[]): Party[] {
  const key = ({ namespace, labels }: Party) =>
    JSON.stringify([
      namespace,
      Object.entries(labels)
        .filter(([label]) => keys.includes(label))
        .sort(),
    ]);
  return [...new Map(pods.map((party) => [key(party), party])).values()];
}

const lessOneLabel = (party: Party, keys: readonly string[]): Party[] =>
  Object.keys(party.labels)
    .filter((key) => keys.includes(key) && Object.keys(party.labels).length > 1)
    .map((key) => {
      const { [key]: _, ...labels } = party.labels;
      return { ...party, name: `${party.name}-without-${key.replace(/^.*\//, '')}`, labels };
    });

const moved = (party: Party, namespace: string): Party => ({
  ...party,
  name: `${namespace}/like-${party.name.replace('/', '-')}`,
  namespace,
});

/** Each with an address of its own, from the range that kubeadm's guides use: no environment declares it. */
function distinct(pods: readonly Party[]): Party[] {
  const byName = new Map(pods.map((party) => [party.name, party]));
  return [...byName.values()].map((party, index) => ({ ...party, ip: `10.244.${index >> 8}.${index & 255}` }));
}

/** Where something begins or ends, all addresses in between are alike: the first of each stretch stands for it. */
function addresses(policies: readonly KubeObject[], relations: readonly Connection[]): Party[] {
  const blocks = policies
    .flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])])
    .flatMap(({ from = [], to = [] }) => [...from, ...to])
    .flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : []));
  const declared = relations
    .flatMap(({ from, to }) => [from, to])
    .flatMap(({ cidrs = [], exceptCidrs = [] }) => [...cidrs, ...exceptCidrs]);
  const edges = [...blocks, ...declared].flatMap((cidr) => {
    const [first, last] = rangeOf(cidr);
    return [first, last + 1];
  });
  const starts = unique([0, ...edges])
    .filter((start) => start < 2 ** 32)
    .sort((a, b) => a - b);
  const stretches = starts.map((start, index) => {
    const end = (starts[index + 1] ?? 2 ** 32) - 1;
    return address(`${addressOf(start)}-${addressOf(end)}`, addressOf(start));
  });
  return [...Object.entries(ADDRESSES).map(([name, ip]) => address(name, ip)), ...stretches];
}

const address = (name: string, ip: string): Party => ({ name, labels: {}, ip, ports: [] });

/** Every port of which a policy, a relation or a container speaks, and some of which none does, on every protocol. */
function portsOf(
  policies: readonly KubeObject[],
  relations: readonly Connection[],
  parties: readonly Party[],
): string[] {
  const ruled = policies
    .flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])])
    .flatMap(({ ports = [] }) => ports.flatMap(({ port, endPort }: KubeObject) => [port, endPort]))
    .filter((port) => typeof port === 'number');
  const declared = relations.flatMap(({ ports }) => ports.map(({ port }) => port));
  const listening = parties.flatMap(({ ports }) => ports.map(({ containerPort }) => containerPort));
  const numbers = unique<number>([...PORTS, ...ruled, ...declared, ...listening]).sort((a, b) => a - b);
  return PROTOCOLS.flatMap((protocol) => numbers.map((port) => `${protocol}/${port}`));
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [net = '', bits = ''] = cidr.split('/');
    list.addSubnet(net, Number(bits), isIPv4(net) ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** First and last address. */
function rangeOf(cidr: string): [number, number] {
  const [net = '', bits = ''] = cidr.split('/');
  if (!isIPv4(net)) throw new Error(`${cidr}: teach this function ranges of IPv6`);
  const first = numberOf(net);
  return [first, first + 2 ** (32 - Number(bits)) - 1];
}

export const numberOf = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const addressOf = (value: number): string =>
  [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(value / unit) % 256).join('.');
