import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import { Connections } from '../../src/network/connections';
import { SYSTEMS } from '../../src/systems';
import { environments } from '../support/dist';
import { settingsOf } from '../support/overlays';

const pods = (labels: object = {}) => JSON.stringify(Object.entries(labels).sort());
const portsOf = (ports: any[]) => ports.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join();

/** Every opening in the policies of the finished objects, as `end | own pods | other end | ports`. */
function opened(objects: any[]): string[] {
  return objects
    .filter(({ kind, spec }) => kind === 'NetworkPolicy' && spec.podSelector.matchLabels)
    .flatMap(({ spec }) =>
      [
        ...(spec.ingress ?? []).map((rule: any) => ['ingress', rule.from, rule.ports] as const),
        ...(spec.egress ?? []).map((rule: any) => ['egress', rule.to, rule.ports] as const),
      ].map(([end, [other], ports]) => {
        const namespace = other.namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ?? '';
        return `${end} | ${pods(spec.podSelector.matchLabels)} | ${namespace} ${pods(other.podSelector.matchLabels)} | ${portsOf(ports)}`;
      }),
    );
}

test.each(environments())('%s: policies at both ends of every declared relation, and no other', (path) => {
  const [name = '', environment = ''] = path.split('/');
  const system = new SYSTEMS[name]!(new App(), environment, settingsOf(name, environment));
  const objects = finish(system).map(({ manifest }) => manifest);
  const solver = 'acme.cert-manager.io/http01-solver';
  const own = (labels: Record<string, string> = {}) => labels['app.kubernetes.io/instance'] === system.node.id;
  const declared = Connections.of(system).all.flatMap(({ from, to, ports }) => [
    ...(own(to.podLabels)
      ? [`ingress | ${pods(to.podLabels)} | ${from.namespace ?? ''} ${pods(from.podLabels)} | ${portsOf(ports)}`]
      : []),
    ...(own(from.podLabels)
      ? [`egress | ${pods(from.podLabels)} | ${to.namespace ?? ''} ${pods(to.podLabels)} | ${portsOf(ports)}`]
      : []),
  ]);
  const found = opened(objects).filter((opening) => !opening.includes(solver));
  expect(found.length).toBeGreaterThan(20);
  expect([...new Set(found)].sort()).toEqual([...new Set(declared)].sort());
});
