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

/** Every opening in the policies of the finished objects, as `end | own pods | other end | ports`. */
function opened(objects: any[]): string[] {
  return objects
    .filter(({ kind, spec }) => kind === 'NetworkPolicy' && spec.podSelector.matchLabels)
    .flatMap(({ spec }) =>
      [
        ...(spec.ingress ?? []).map((rule: any) => ['ingress', rule.from, rule.ports] as const),
        ...(spec.egress ?? []).map((rule: any) => ['egress', rule.to, rule.ports] as const),
      ].map(([end, others, ports]) => {
        const [{ ipBlock, namespaceSelector, podSelector }] = others;
        const inside = () => {
          const namespace = namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ?? '';
          return `${namespace} ${pods(podSelector.matchLabels)}`;
        };
        const other = ipBlock ? others.map((one: any) => range(one.ipBlock.cidr, one.ipBlock.except)).join() : inside();
        return `${end} | ${pods(spec.podSelector.matchLabels)} | ${other} | ${portsOf(ports)}`;
      }),
    );
}

test.each(environments())('%s: policies at both ends of every declared relation, and no other', (path) => {
  const [name = '', environment = ''] = path.split('/');
  const system = new SYSTEMS[name]!(new App(), environment, settingsOf(name, environment));
  const objects = finish(system).map(({ manifest }) => manifest);
  const solver = 'acme.cert-manager.io/http01-solver';
  const own = (labels: Record<string, string> = {}) => labels['app.kubernetes.io/instance'] === system.node.id;
  const end = ({ namespace = '', podLabels, cidrs, exceptCidrs }: Peer) =>
    cidrs ? cidrs.map((cidr) => range(cidr, exceptCidrs)).join() : `${namespace} ${pods(podLabels)}`;
  const declared = Connections.of(system).all.flatMap(({ from, to, ports }) => [
    ...(own(to.podLabels) ? [`ingress | ${pods(to.podLabels)} | ${end(from)} | ${portsOf(ports)}`] : []),
    ...(own(from.podLabels) ? [`egress | ${pods(from.podLabels)} | ${end(to)} | ${portsOf(ports)}`] : []),
  ]);
  const found = opened(objects).filter((opening) => !opening.includes(solver));
  expect(found.length).toBeGreaterThan(2);
  expect([...new Set(found)].sort()).toEqual([...new Set(declared)].sort());
});
