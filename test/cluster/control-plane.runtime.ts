/** @tools cluster crds */
import { DIST, environments, objectsOf } from '../support/dist';
import { Cluster } from './control-plane';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start({ users: { olive: ['visitors'] } });
  cluster.applyCrds('cert-manager', 'dapr', 'gateway', 'gateway-api', 'external-secrets', 'prometheus-operator');
  cluster.applyCrdsFor(PRODUCTIONS.flatMap(objectsOf));
}, 120_000);

const PRODUCTIONS = environments().filter((environment) => environment.endsWith('/production'));

const APPLY = ['apply', '--server-side', '--validate=strict', '-f'];

/**
 * Every object of the folder, whole but for its version: the second apply of a claim writes one that is the same in every field,
 * those of who manages it included, and the third writes none. Seen with 1.35.4.
 */
function contents(folder: string): string[] {
  const list = JSON.parse(cluster.kubectl(['get', '-f', folder, '--show-managed-fields', '-o', 'json']));
  return list.items.map(({ metadata: { resourceVersion: _, ...metadata }, ...object }: any) =>
    JSON.stringify({ ...object, metadata }),
  );
}

describe.each(PRODUCTIONS)('%s', (environment) => {
  proof(`an API server takes ${environment} strictly, and the second time changes nothing`, async () => {
    const folder = `${DIST}/${environment}`;
    const began = Date.now();
    cluster.kubectl([...APPLY, folder]);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    // Controllers write, too: the phase of a claim, the observed generation of a Deployment.
    let first = contents(folder);
    await eventually(() => {
      const before = first;
      first = contents(folder);
      return first.join() === before.join();
    });
    expect(first.length).toBe(objectsOf(environment).length);

    cluster.kubectl([...APPLY, folder]);
    expect(contents(folder)).toEqual(first);
    return `${first.length} objects in ${seconds} s`;
  });
});

proof('the API server refuses a field that it does not know, and a user without rights', async () => {
  const input = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: odd, namespace: default }\nfield: 1\n';
  expect(() => cluster.kubectl([...APPLY, '-'], { input })).toThrow('field not declared in schema');
  expect(() => cluster.kubectl(['get', 'secrets', '-A'], { user: 'olive' })).toThrow('is forbidden');
  return 'both refused';
});

proof(
  'the control plane makes the pods of a Deployment, restricted namespaces refuse root, the scheduler finds no node',
  async () => {
    const whole = await Cluster.start({ controllers: true, scheduler: true });
    whole.kubectl(['create', 'namespace', 'shop']);
    whole.kubectl(['create', 'deployment', 'web', '--image=web:1', '--replicas=2', '-n', 'shop']);
    const began = Date.now();
    const phase = '-o=jsonpath={.items[*].status.conditions[?(@.type=="PodScheduled")].reason}';
    await eventually(() => whole.kubectl(['get', 'pods', '-n', 'shop', phase]) === 'Unschedulable Unschedulable');

    whole.kubectl(['label', 'namespace', 'shop', 'pod-security.kubernetes.io/enforce=restricted']);
    const pod = ['run', 'root', '--image=web:1', '-n', 'shop'];
    expect(() => whole.kubectl(pod)).toThrow('violates PodSecurity "restricted:latest"');
    return `two pods, found unschedulable after ${Date.now() - began} ms`;
  },
);
