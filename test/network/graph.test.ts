import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import type { Peer } from '../../src/network/connectable';
import { Connections } from '../../src/network/connections';
import { SYSTEMS } from '../../src/systems';
import { environments } from '../support/dist';
import { settingsOf } from '../support/overlays';

const pods = (labels: object = {}) => JSON.stringify(Object.entries(labels).sort());
const range = (cidr: string, except: string[] = []) => [cidr, ...except].join('-');
const portsOf = (ports: any[]) => ports.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join();

const hostsOf = (hosts: readonly string[]) => `names ${hosts.join()}`;

/** Every opening in the plain policies of the finished objects, as `end | own pods | other end | ports`. */
function opened(objects: any[]): string[] {
  return objects
    .filter(({ apiVersion }) => apiVersion === 'networking.k8s.io/v1')
    .filter(({ kind, spec }) => kind === 'NetworkPolicy' && spec.podSelector.matchLabels)
    .flatMap(({ spec, metadata }) =>
      [
        ...(spec.ingress ?? []).map((rule: any) => ['ingress', rule.from, rule.ports] as const),
        ...(spec.egress ?? []).map((rule: any) => ['egress', rule.to, rule.ports] as const),
      ].map(([end, others, ports]) => {
        const [{ ipBlock, namespaceSelector, podSelector }] = others;
        const inside = () => {
          const namespace = namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ?? metadata.namespace;
          return `${namespace} ${pods(podSelector.matchLabels)}`;
        };
        const other = ipBlock ? others.map((one: any) => range(one.ipBlock.cidr, one.ipBlock.except)).join() : inside();
        return `${end} | ${pods(spec.podSelector.matchLabels)} | ${other} | ${portsOf(ports)}`;
      }),
    );
}

/** The same of what policies that know names open by them. */
function openedByName(objects: any[]): string[] {
  const cilium = objects
    .filter(({ kind }) => kind === 'CiliumNetworkPolicy')
    .flatMap(({ spec: { endpointSelector, egress } }) =>
      egress
        .filter(({ toFQDNs }: any) => toFQDNs)
        .map(({ toFQDNs, toPorts: [{ ports }] }: any) => [
          endpointSelector.matchLabels,
          toFQDNs.map(({ matchName }: any) => matchName),
          ports,
        ]),
    );
  const sets = objects.filter(({ kind }) => kind === 'NetworkSet');
  const calico = objects
    .filter(({ apiVersion, kind }) => kind === 'NetworkPolicy' && apiVersion === 'projectcalico.org/v3')
    .flatMap(({ spec: { selector, egress } }) =>
      egress.map(({ protocol, destination }: any) => [
        labelsIn(selector),
        sets.find(({ metadata: { labels } }) => holds(labels, labelsIn(destination.selector))).spec
          .allowedEgressDomains,
        destination.ports.map((port: number) => ({ port, protocol })),
      ]),
    );
  return [...cilium, ...calico].map(
    ([labels, hosts, ports]) => `egress | ${pods(labels)} | ${hostsOf(hosts)} | ${portsOf(ports)}`,
  );
}

const labelsIn = (selector: string): Record<string, string> =>
  Object.fromEntries([...selector.matchAll(/(\S+) == '([^']*)'/g)].map(([, label = '', value = '']) => [label, value]));

const holds = (labels: Record<string, string>, wanted: Record<string, string>) =>
  Object.entries(wanted).every(([label, value]) => labels[label] === value);

test.each(environments())('%s: policies at both ends of every declared relation, and no other', (path) => {
  const [name = '', environment = ''] = path.split('/');
  const system = new SYSTEMS[name]!(new App(), environment, settingsOf(name, environment));
  const objects = finish(system).map(({ manifest }) => manifest);
  const solver = 'acme.cert-manager.io/http01-solver';
  const own = (labels: Record<string, string> = {}) => labels['app.kubernetes.io/instance'] === system.node.id;
  const end = ({ namespace = '', podLabels, cidrs, exceptCidrs }: Peer) =>
    cidrs ? cidrs.map((cidr) => range(cidr, exceptCidrs)).join() : `${namespace} ${pods(podLabels)}`;
  const byName = system.networkPolicies === 'kubernetes' ? [] : Connections.of(system).all.filter(({ to }) => to.hosts);
  const names = byName.map(({ from, to, ports }) => {
    return `egress | ${pods(from.podLabels)} | ${hostsOf(to.hosts!)} | ${portsOf(ports)}`;
  });
  expect([...new Set(openedByName(objects))].sort()).toEqual([...new Set(names)].sort());
  const sayable = Connections.of(system).all.filter(({ to }) => to.podLabels ?? to.cidrs);
  const declared = sayable.flatMap(({ from, to, ports }) => [
    ...(own(to.podLabels) ? [`ingress | ${pods(to.podLabels)} | ${end(from)} | ${portsOf(ports)}`] : []),
    ...(own(from.podLabels) ? [`egress | ${pods(from.podLabels)} | ${end(to)} | ${portsOf(ports)}`] : []),
  ]);
  const found = opened(objects).filter((opening) => !opening.includes(solver));
  expect(found.length).toBeGreaterThan(2);
  expect([...new Set(found)].sort()).toEqual([...new Set(declared)].sort());
});
