/** @tools cluster crds injector argo-rollouts */
import type { PoliciesSettings } from '../../src/platform/policies/settings';
import { RULE_NAMES } from '../../src/platform/policies/settings';
import { WebService } from '../../src/workload/web-service';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { pluralOf } from '../support/api-server';
import { environments, objectsOf } from '../support/dist';
import { ALL_RULES, isPolicy, withPolicies } from '../support/policies';
import { CASES, innocents, PERMITTED, podOf } from '../support/policy-cases';
import { finished, testSystem } from '../support/system';
import type { KubeObject } from './api';
import { ArgoRollouts } from './argo-rollouts';
import { Cluster } from './control-plane';
import { declaredWorkloads, isOf } from './declared';
import { applyObjects, asList } from './furniture';
import { addInjector } from './injector';
import { refusals } from './inventory';
import { makerOf } from './pods';

const STRICTLY = ['apply', '--server-side', '--validate=strict', '-f', '-'];

let cluster: Cluster;

/** A small system with a workload called shop: what it makes, and the policies of it that the API server enforces. */
function shop(name: string, policies: PoliciesSettings): KubeObject[] {
  const system = testSystem({ system: name, namespace: name, policies }, `${name}-test`);
  const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
  new WebService(system.layer('apps'), 'shop', { image, port: 8080 });
  return finished(system).objects;
}

const ofServer = ({ apiVersion }: KubeObject) => apiVersion.startsWith('admissionregistration.k8s.io/');

const labelsOf = (name: string) => ({
  'app.kubernetes.io/instance': `${name}-test`,
  'app.kubernetes.io/part-of': name,
  environment: 'test',
});

const innocent = (kind: string, namespace = 'shop'): KubeObject =>
  structuredClone(innocents({ namespace, labels: labelsOf(namespace) })[kind]);

/** What the API server says to an object; nothing where it takes it. */
async function judged(object: KubeObject): Promise<string> {
  const { apiVersion, kind, metadata } = object;
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const path = `${group}/namespaces/${metadata.namespace}/${pluralOf(kind)}?dryRun=All`;
  return cluster.api.create(path, object).then(
    () => '',
    (error: Error) => error.message,
  );
}

const changed = (kind: string, change: (object: KubeObject) => void, namespace?: string): KubeObject => {
  const object = innocent(kind, namespace);
  change(object);
  return object;
};

const refusedBy = (rule: string, system = 'shop') =>
  `ValidatingAdmissionPolicy '${system}-test-${rule}' with binding '${system}-test-${rule}' denied request: `;

/** The API server reads policies a moment after they were made. */
const inForce = (namespace: string, rules: readonly string[]) =>
  eventually(async () => {
    const first = rules.map((rule) => CASES.find((one) => one.rule === rule)!);
    const answers = await Promise.all(first.map((one) => judged(changed(one.kinds[0]!, one.change, namespace))));
    return first.every((one, index) => answers[index]!.includes(refusedBy(one.rule, namespace)));
  });

/** Its namespace has no bounds of its own, which would refuse first, or fill in what is missing. */
function makeNamespace(name: string): void {
  applyObjects(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const namespace of [name, 'default']) {
    applyObjects(cluster, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'shop', namespace } });
  }
}

beforeAll(async () => {
  cluster = await Cluster.start({ controllers: true });
  cluster.applyCrdsFor([...environments().flatMap((name) => withPolicies(name)), ...shop('shop', ALL_RULES)]);
  await ArgoRollouts.start(cluster);
  await addInjector(cluster);
}, 400_000);

afterAll(async () => cluster.stop());

describe('the API server', () => {
  beforeAll(async () => {
    makeNamespace('shop');
    // What was there before the rules.
    const old = changed('Deployment', (object) => (podOf(object).containers[0].image = 'shop:latest'));
    applyObjects(cluster, { ...old, metadata: { ...old.metadata, name: 'old' } });
    applyObjects(cluster, innocent('Pod'));
    const items = shop('shop', ALL_RULES).filter(ofServer);
    expect(cluster.kubectlSaying(STRICTLY, { input: asList(items) }).stderr).toBe('');
    await inForce('shop', RULE_NAMES);
  }, 120_000);

  proof('refuses what each rule is about, of every kind, and says what to change', async () => {
    const refused = CASES.flatMap((one) => one.kinds.map((kind) => ({ ...one, kind })));
    const wrong: string[] = [];
    for (const { rule, what, kind, change, message } of refused) {
      const answer = await judged(changed(kind, change));
      if (!answer.includes(refusedBy(rule)) || !answer.includes(message))
        wrong.push(`${rule}, ${what}, ${kind}: ${answer}`);
    }
    expect(wrong).toEqual([]);
    return `${RULE_NAMES.length} rules, ${CASES.length} mistakes, ${refused.length} objects refused`;
  });

  proof('takes what is as it must be, of every kind', async () => {
    const objects = PERMITTED.flatMap(({ what, kinds, change }) =>
      kinds.map(
        (kind) =>
          [
            what,
            kind,
            changed(kind, (object) => {
              change(object);
              object.metadata.name = 'another';
            }),
          ] as const,
      ),
    );
    for (const [what, kind, object] of objects) expect([what, kind, await judged(object)]).toEqual([what, kind, '']);
    return `${objects.length} objects taken`;
  });

  proof('finds nothing to complain about in the policies themselves', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    const checked = async () => (await cluster.api.list(path)).filter(({ status }) => status?.typeChecking);
    await eventually(async () => (await checked()).length >= RULE_NAMES.length);
    const warnings = (await checked()).flatMap(({ status }) => status.typeChecking.expressionWarnings ?? []);
    expect(warnings).toEqual([]);
    return `${(await checked()).length} policies type-checked`;
  });

  proof('lets go on what was there before, and judges it with its next change', async () => {
    const old = ['-n', 'shop', 'deployment/old'];
    cluster.kubectl(['scale', ...old, '--replicas=3']);
    cluster.kubectl(['annotate', ...old, 'seen=yes']);
    cluster.kubectl(['patch', ...old, '-p', '{"spec":{"replicas":2,"minReadySeconds":3}}']);
    expect(() => cluster.kubectl(['set', 'image', ...old, 'shop=other:latest'])).toThrow(refusedBy('image-tags'));
    cluster.kubectl(['set', 'image', ...old, 'shop=other:2']);
    return 'scaled, annotated and patched; the next image was refused, and one with a tag taken';
  });

  proof('judges what kubectl debug adds to a pod', async () => {
    const debug = (image: string, profile: string, name: string) =>
      cluster.kubectl(['debug', '-n', 'shop', 'shop', `--image=${image}`, `--profile=${profile}`, `-c=${name}`]);
    expect(() => debug('busybox:1.37.0', 'netadmin', 'a')).toThrow(refusedBy('restricted-security'));
    expect(() => debug('ghcr.io/acme/tools:1', 'restricted', 'b')).toThrow(refusedBy('image-registries'));
    expect(() => debug('busybox', 'restricted', 'c')).toThrow(refusedBy('image-tags'));
    debug('busybox:1.37.0', 'restricted', 'd');
    const { spec } = await cluster.api.get('/api/v1/namespaces/shop/pods/shop');
    expect(spec.ephemeralContainers.map(({ name }: KubeObject) => name)).toEqual(['d']);
    return '3 containers refused, one of profile "restricted" taken';
  });

  proof("takes cert-manager's solvers, and nothing else that runs as nobody", async () => {
    expect(await judged(solver(true))).toBe('');
    expect(await judged(solver(false))).toContain('denied request: ');
    return 'the pod as cert-manager 1.21 makes it; without its owner it is refused';
  });

  proof('leaves alone who is no part of the system', async () => {
    const foreign = { 'app.kubernetes.io/instance': 'other-test' };
    const root = (object: KubeObject) => (podOf(object).containers[0].image = 'shop:latest');
    const object = changed('Deployment', root);
    expect(await judged({ ...object, metadata: { name: 'x', namespace: 'default', labels: foreign } })).toBe('');
    expect(await judged({ ...object, metadata: { name: 'x', namespace: 'kube-system' } })).toBe('');
    return 'in default and kube-system';
  });
});

describe('settings', () => {
  beforeAll(async () => {
    for (const name of ['lenient', 'excepting']) makeNamespace(name);
    const reason = 'its vendor has no probes';
    const exceptions: PoliciesSettings['exceptions'] = [{ workload: 'shop', rules: ['probes'], reason }];
    applyObjects(cluster, ...shop('lenient', { ...ALL_RULES, action: 'warn' }).filter(ofServer));
    applyObjects(cluster, ...shop('excepting', { ...ALL_RULES, exceptions }).filter(ofServer));
    await inForce('excepting', ['image-tags']);
  }, 120_000);

  const withoutProbes = (object: KubeObject) => delete podOf(object).containers[0].livenessProbe;

  proof('to warn is to tell, and to take', async () => {
    const input = JSON.stringify(changed('Deployment', withoutProbes, 'lenient'));
    let heard = '';
    await eventually(() => {
      heard = cluster.kubectlSaying(['apply', '--dry-run=server', '-f', '-'], { input }).stderr;
      return heard.includes('Warning: ');
    });
    expect(heard).toContain("Warning: Validation failed for ValidatingAdmissionPolicy 'lenient-test-probes'");
    return heard.split('\n')[0]!.slice(0, 160);
  });

  proof('an exception is for one workload and one rule', async () => {
    expect(await judged(changed('Deployment', withoutProbes, 'excepting'))).toBe('');
    const other = changed('Deployment', withoutProbes, 'excepting');
    other.metadata.labels['app.kubernetes.io/name'] = 'other';
    expect(await judged(other)).toContain(refusedBy('probes', 'excepting'));
    const latest = changed('Deployment', (object) => (podOf(object).containers[0].image = 'a:latest'), 'excepting');
    expect(await judged(latest)).toContain(refusedBy('image-tags', 'excepting'));
    return 'the excepted one is taken, without probes; another is refused, and the excepted one for its tag';
  });
});

describe.each(environments())('%s', (environment) => {
  proof(
    `${environment}: under all rules everything is taken, and every pod that comes of it`,
    async () => {
      const all = withPolicies(environment);
      const namespaces = all.filter(({ kind }) => kind === 'Namespace');
      const names = namespaces.map(({ metadata }) => metadata.name);
      applyObjects(cluster, ...namespaces);
      const heard = cluster.kubectlSaying(STRICTLY, { input: asList(all.filter(isPolicy)) }).stderr;
      expect(heard).toBe('');
      await eventually(async () => {
        const object = changed('Service', ({ spec }) => (spec.type = 'NodePort'));
        object.metadata.namespace = names[0];
        return (await judged(object)).includes('Services must not open ports on nodes');
      });
      const dist = objectsOf(environment).filter((object) => !isPolicy(object));
      expect(cluster.kubectlSaying(STRICTLY, { input: asList(dist) }).stderr).toBe('');
      const makers = declaredWorkloads(dist).filter(({ replicas }) => replicas > 0);
      const jobs = dist.filter(({ kind }) => kind === 'Job').map(({ metadata }) => metadata.name);
      let pods: KubeObject[] = [];
      let late: string[] = [];
      await eventually(async () => {
        pods = (await Promise.all(names.map((name) => cluster.api.list(`/api/v1/namespaces/${name}/pods`)))).flat();
        late = [
          ...makers.filter((one) => !pods.some((pod) => isOf(one, pod))).map(({ name }) => name),
          ...jobs.filter((name) => !pods.some((pod) => makerOf(pod) === name)),
        ];
        return late.length === 0;
      }, 90).catch(async () => {
        throw new Error(`no pods of ${late.join(', ')}: ${(await refusals(cluster.api, names)).join('; ')}`);
      });
      expect(await refusals(cluster.api, names)).toEqual([]);
      const sidecars = pods.filter(({ spec }) => spec.containers.some(({ name }: KubeObject) => name === 'daprd'));
      expect(sidecars.length > 0).toBe(
        makers.some(({ spec }) => spec.template.metadata.annotations?.['dapr.io/enabled'] === 'true'),
      );
      const policies = all.filter(isPolicy);
      return `${dist.length} objects under ${policies.length} policies; ${pods.length} pods, ${sidecars.length} with sidecars`;
    },
    180,
  );
});

/** The pod with which cert-manager answers a challenge over HTTP, as far as rules look at it. */
const solver = (owned: boolean): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    generateName: 'cm-acme-http-solver-',
    namespace: 'shop',
    labels: { 'acme.cert-manager.io/http01-solver': 'true', 'acme.cert-manager.io/http-domain': '1' },
    ...(owned && {
      ownerReferences: [
        {
          apiVersion: 'acme.cert-manager.io/v1',
          kind: 'Challenge',
          name: 'shop',
          uid: '5a0f4b0c-6d53-4f10-9a54-0c6f3c5c8a11',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    }),
  },
  spec: {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'OnFailure',
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'acmesolver',
        image: 'quay.io/jetstack/cert-manager-acmesolver:v1.21.2',
        resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
      },
    ],
  },
});
