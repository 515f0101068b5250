/** @tools cluster crds */
import { ExternalService } from '../../src/network/external-service';
import { WebService } from '../../src/workload/web-service';
import { proof } from '../runtime/support/proof';
import { finished, testSystem } from '../support/system';
import type { KubeObject } from './api';
import { titleOf, unlikeFiles } from './applied';
import { Cluster } from './control-plane';
import { applyObjects } from './furniture';

/** The policies of a service that dials two others by name. Those of Calico Enterprise nobody can have without a licence. */
function policies(): KubeObject[] {
  const system = testSystem({ networkPolicies: 'cilium' });
  const hosts = ['api.example.com', 'eu.api.example.com'];
  const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
  const backend = new WebService(system.layer('apps'), 'backend', { image, port: 8080 });
  backend.use(new ExternalService(system.layer('data'), 'api', { hosts }));
  backend.use(new ExternalService(system.layer('data'), 'mail', { hosts: ['mail.example.com'], ports: [587] }));
  backend.use(new ExternalService(system.layer('data'), 'maps', { anyPublicAddress: true, optional: true }));
  return finished(system).objects.filter(({ kind }) => /^Namespace$|NetworkPolicy$/.test(kind));
}

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
  cluster.applyCrdsFor(policies());
}, 120_000);

/** One kind after the other: `get` knows no list of different ones. */
const live = (objects: readonly KubeObject[]): KubeObject[] =>
  objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => {
    const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
    const where = namespace ? ['-n', namespace] : [];
    return JSON.parse(cluster.kubectl(['get', ...where, `${kind}.${group}`.replace(/\.$/, ''), name, '-o', 'json']));
  });

proof('policies that know names are applied as they are written, and again without a change', async () => {
  const objects = policies();
  expect(objects.map(titleOf)).toContain('CiliumNetworkPolicy backend');
  applyObjects(cluster, ...objects);
  const first = live(objects);
  expect(unlikeFiles(objects, first)).toEqual([]);
  applyObjects(cluster, ...objects);
  const versions = (found: readonly KubeObject[]) => found.map(({ metadata }) => metadata.resourceVersion);
  expect(versions(live(objects))).toEqual(versions(first));
  return `${objects.length} objects`;
});

proof('a policy whose name is none is refused', async () => {
  const objects = policies();
  const policy = objects.find(({ kind }) => kind === 'CiliumNetworkPolicy')!;
  policy.spec.egress[1].toFQDNs[0] = { matchName: 'https://api.example.com' };
  expect(() => applyObjects(cluster, policy)).toThrow(/toFQDNs\[0\]\.matchName: Invalid value: "https:/);
  return 'refused';
});
