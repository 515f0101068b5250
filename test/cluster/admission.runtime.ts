/** @tools cluster kwok crds injector argo-rollouts */
import { join } from 'node:path';

import { furniture } from '../cli/preflight/cluster';
import { eventually, scratchFolder } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { changedContents, liveObjects, quietContents, titleOf, unlikeFiles } from './applied';
import type { Cluster } from './control-plane';
import { declaredWorkloads, isOf } from './declared';
import { applyFurniture, applyObjects } from './furniture';
import { addInjector, removeInjector } from './injector';
import { inventory, refusals } from './inventory';
import { APPLY, LiveEnvironment, startLiveTogether } from './live';
import { addPolicies, innocent, MUTATIONS, POLICIES } from './platform-policies';
import { isReady } from './pods';
import { but, preflight } from './preflight';
import { copyWithout, removeAsDocumented, removeData, removeWhatLeft } from './removal';

/** What kubectl may warn of, with the reason why we live with it. One that is not printed any more must go. */
const KNOWN_WARNINGS: readonly { readonly warning: RegExp; readonly reason: string }[] = [];

const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';

/** One cluster for all of them, one environment at a time: each removes itself at the end. */
let cluster: Cluster;
const warnings: string[] = [];

beforeAll(async () => {
  cluster = (await startLiveTogether(environments()))[0]!.cluster;
  const needed = environments().flatMap(neededBy);
  cluster.applyCrdsFor(needed);
  applyFurniture(cluster, needed.filter(isThere));
  addPolicies(cluster);
  await policiesAreInForce();
}, 400_000);

afterAll(async () => cluster.stop());

/** Nodes, a class and the injector are there for real. Secrets come after their namespace. */
const isThere = (object: KubeObject) =>
  !['Node', 'StorageClass', 'Secret', 'APIService'].includes(object.kind) &&
  titleOf(object) !== 'MutatingWebhookConfiguration dapr-sidecar-injector';
const neededBy = (environment: string): KubeObject[] => furniture(environment);
const secretsOf = (environment: string) => neededBy(environment).filter(({ kind }) => kind === 'Secret');

/** A namespace that says its environment and has nothing else that would refuse. */
const MUTANTS = 'mutants';

/** What the API server says to an object in the namespace of mutants; nothing where it takes it. */
async function judged(object: KubeObject): Promise<string> {
  const path = `/api/v1/namespaces/${MUTANTS}/${object.kind.toLowerCase()}s?dryRun=All`;
  return cluster.api.create(path, object).then(
    () => '',
    (error: Error) => error.message,
  );
}

const mutated = (name: string): KubeObject => {
  const object = innocent(POLICIES.find((policy) => policy.name === name)!);
  MUTATIONS[name]!(object);
  return object;
};

const refusedBy = (name: string) => `ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request`;

/** The API server reads policies a moment after they were made. */
async function policiesAreInForce(): Promise<void> {
  const name = { metadata: { name: MUTANTS, labels: { environment: 'production' } } };
  await cluster.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', ...name });
  await eventually(async () => {
    const answers = await Promise.all(POLICIES.map(async (policy) => judged(mutated(policy.name))));
    return POLICIES.every((policy, index) => answers[index]!.includes(refusedBy(policy.name)));
  });
}

proof('each policy of the platform refuses what it is about, and that alone', async () => {
  for (const policy of POLICIES) {
    expect([policy.name, await judged(innocent(policy))]).toEqual([policy.name, '']);
    expect(await judged(mutated(policy.name))).toContain(refusedBy(policy.name));
  }
  return `${POLICIES.length} policies`;
});

/** As External Secrets says it, once it has made them. */
async function syncSecrets({ cluster: { api }, objects }: LiveEnvironment): Promise<void> {
  for (const { apiVersion, kind, metadata } of objects.filter((one) => one.kind === 'ExternalSecret')) {
    const path = `/apis/${apiVersion}/namespaces/${metadata.namespace}/${kind.toLowerCase()}s/${metadata.name}/status`;
    await api.patch(path, { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  }
}

const told = (stderr: string): string[] => stderr.split('\n').filter((line) => line.startsWith('Warning:'));
const unknownWarnings = (lines: readonly string[]) =>
  lines.filter((line) => !KNOWN_WARNINGS.some(({ warning }) => warning.test(line)));

const hasSidecar = ({ metadata }: KubeObject) => metadata.annotations?.['dapr.io/enabled'] === 'true';

/** Claims of their own, and those that StatefulSets make for their pods. */
const declaredClaims = (objects: readonly KubeObject[]): number =>
  objects.filter(({ kind }) => kind === 'PersistentVolumeClaim').length +
  objects
    .filter(({ kind }) => kind === 'StatefulSet')
    .reduce((sum, { spec }) => sum + (spec.volumeClaimTemplates ?? []).length * spec.replicas, 0);

describe.each(environments())('%s', (name) => {
  const declared = declaredWorkloads(objectsOf(name));
  const withSidecars = declared.some(({ spec }) => hasSidecar(spec.template));
  const withClaims = declaredClaims(objectsOf(name)) > 0;
  let live: LiveEnvironment;
  const title = (text: string) => `${name}: ${text}`;
  const applied = (): string[] => {
    const { stderr } = cluster.kubectlSaying([...APPLY, '-f', live.folder]);
    warnings.push(...told(stderr));
    return told(stderr);
  };

  beforeAll(() => {
    live = new LiveEnvironment(cluster, name);
  });

  proof(
    title('everything is applied strictly in the order of the files, without a warning'),
    async () => {
      const began = Date.now();
      applyObjects(cluster, ...live.ofKind('Namespace'));
      applyObjects(cluster, ...secretsOf(name));
      const heard = applied();
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      expect(unknownWarnings(heard)).toEqual([]);
      await live.settled();
      return `${live.objects.length} objects in ${seconds} s, ${heard.length} warnings`;
    },
    150,
  );

  proof(title('preflight passes with everything there that it asks for'), async () => {
    const apis = neededBy(name).filter(({ kind }) => kind === 'APIService');
    applyObjects(cluster, ...apis);
    await syncSecrets(live);
    const { code, results } = await preflight(name, cluster.kubeconfig);
    // Nobody serves them: whoever asks for all kinds, as who removes a namespace does, would wait for them.
    for (const { metadata } of apis) await cluster.api.delete(`${API_SERVICES}/${metadata.name}`);
    expect(problemsOf(results)).toEqual([]);
    expect(code).toBe(0);
    return `${results.length} findings`;
  });

  proof(title('applied again, nothing changes'), async () => {
    const first = await quietContents(cluster, live.folder);
    expect(first.size).toBe(live.objects.length);
    expect(unknownWarnings(applied())).toEqual([]);
    expect(changedContents(first, await quietContents(cluster, live.folder))).toEqual([]);
    return `${first.size} objects are the same`;
  });

  proof(title('every object is as its file says, in each field that the file sets'), async () => {
    const found = liveObjects(cluster, live.folder);
    expect(unlikeFiles(live.objects, found)).toEqual([]);
    return `${leaves(live.objects)} fields of ${found.length} objects`;
  });

  proof(
    title(
      `under "restricted" and the policies of the platform every pod is admitted${withSidecars ? ', with its sidecar' : ''}`,
    ),
    async () => {
      for (const { metadata } of live.ofKind('Namespace')) {
        const { metadata: found } = await cluster.api.get(`/api/v1/namespaces/${metadata.name}`);
        expect(found.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
      }
      expect(await refusals(cluster.api, live.namespaces)).toEqual([]);
      const pods = await live.pods();
      expect(withoutSidecar(pods)).toEqual([]);
      const ready = pods.filter(isReady);
      for (const one of declared)
        expect([one.name, ready.filter((pod) => isOf(one, pod)).length]).toEqual([one.name, one.replicas]);
      const sidecars = withSidecars ? `, ${pods.filter(hasSidecar).length} with sidecars` : '';
      return `${pods.length} pods${sidecars}`;
    },
  );

  if (withSidecars)
    proof(
      title('a sidecar that keeps capabilities is refused, in the words of Pod Security'),
      async () => {
        await removeInjector(cluster);
        await addInjector(cluster, { sidecarDropALLCapabilities: false });
        const pod = (await live.pods()).find(hasSidecar)!;
        const [namespace, workload] = [pod.metadata.namespace, pod.metadata.labels['app.kubernetes.io/name']];
        await cluster.api.delete(`/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`);
        let heard: string[] = [];
        await eventually(async () => (heard = await refusals(cluster.api, live.namespaces)).length > 0);
        expect(heard[0]).toContain(workload);
        expect(heard[0]).toContain('violates PodSecurity "restricted:v1.30": unrestricted capabilities');
        expect(heard[0]).toContain('container "daprd" must set securityContext.capabilities.drop=["ALL"]');
        await removeInjector(cluster);
        await addInjector(cluster);
        // It is asked again after a pause that grows with each refusal; a new ReplicaSet does not wait.
        cluster.kubectl(['rollout', 'restart', `deployment/${workload}`, '-n', namespace]);
        await live.settled();
        return heard[0]!.split('\n')[0]!.slice(0, 200);
      },
      150,
    );

  proof(title('an object that left dist/ is removed as the guide says, and nothing else'), async () => {
    const left = live.objects.find(({ kind, metadata }) => kind === 'PodDisruptionBudget' && metadata.name)!;
    const out = scratchFolder('left');
    const folder = copyWithout(live.folder, left, join(out, name));
    cluster.kubectl([...APPLY, '-f', folder]);
    const before = await inventory(cluster.api, live.namespaces);
    const gone = removeWhatLeft(cluster, name, out);
    const after = await inventory(cluster.api, live.namespaces);
    expect(before.filter((one) => !after.includes(one))).toEqual([`${left.metadata.namespace} ${titleOf(left)}`]);
    return `${gone} of ${before.length}: ${titleOf(left)}`;
  });

  proof(
    title(
      withClaims
        ? 'removed as the guide says, it leaves its namespace, claims and Secrets, and then its data'
        : 'removed as the guide says, it leaves its namespace and Secrets, and then these',
    ),
    async () => {
      const claims = await claimsOf(live);
      expect(claims.length).toBe(declaredClaims(live.objects));
      const before = await inventory(cluster.api, live.namespaces);
      // Without the label it is not ours: the check must see that it stays.
      const [namespace] = live.namespaces;
      const stray = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stray', namespace } };
      applyObjects(cluster, stray);
      removeAsDocumented(cluster, name);
      let late: string[] = [];
      await eventually(async () => (late = await leftovers(live)).length <= 1).catch(() => {
        throw new Error(`left: ${late.join(', ')}`);
      });
      expect(late).toEqual([`${namespace} ConfigMap stray`]);
      expect(await claimsOf(live)).toEqual(claims);
      const lists = live.namespaces.map((one) => cluster.api.list(`/api/v1/namespaces/${one}/secrets`));
      const secrets = (await Promise.all(lists)).flat();
      const placed = ({ metadata }: KubeObject) => `${metadata.namespace} ${metadata.name}`;
      const ours = secretsOf(name).filter(({ metadata }) => live.namespaces.includes(metadata.namespace));
      expect(secrets.map(placed).sort()).toEqual(ours.map(placed).sort());
      removeData(cluster, name);
      for (const one of live.namespaces) {
        await expect(cluster.api.get(`/api/v1/namespaces/${one}`)).rejects.toThrow('404');
      }
      return `${before.length} objects; ${claims.length} claims and ${secrets.length} Secrets stayed until they were meant`;
    },
    120,
  );
});

proof('every warning that we live with is still printed', async () => {
  const unused = KNOWN_WARNINGS.filter(({ warning }) => !warnings.some((line) => warning.test(line)));
  expect(unused.map(({ warning, reason }) => `${warning}: ${reason}`)).toEqual([]);
  return `${KNOWN_WARNINGS.length} of them, ${warnings.length} lines in all`;
});

/** That policies of the cluster are about what we make is no problem: whether they refuse it is seen. */
const problemsOf = (results: Parameters<typeof but>[0]) =>
  but(results, 'ok')
    .filter(({ check, status }) => check !== 'policies.admission' || status !== 'warning')
    .map(({ status, check, subject }) => `${status} ${check} ${subject}`);

const withoutSidecar = (pods: readonly KubeObject[]): string[] =>
  pods
    .filter(hasSidecar)
    .filter(({ spec }) => !spec.containers.some(({ name }: KubeObject) => name === 'daprd'))
    .map(titleOf);

const leaves = (value: unknown): number =>
  typeof value === 'object' && value !== null ? Object.values(value).reduce((sum, one) => sum + leaves(one), 0) : 1;

const claimsOf = async (live: LiveEnvironment): Promise<string[]> => {
  const lists = live.namespaces.map(async (one) =>
    live.cluster.api.list(`/api/v1/namespaces/${one}/persistentvolumeclaims`),
  );
  return (await Promise.all(lists)).flat().map(({ metadata }) => `${metadata.name} ${metadata.uid}`);
};

/** What is in its namespaces and neither data, nor made by Kubernetes in every namespace. */
async function leftovers(live: LiveEnvironment): Promise<string[]> {
  const found = await inventory(live.cluster.api, live.namespaces);
  return found.filter(
    (one) => !/ (PersistentVolumeClaim|Secret|Event|ServiceAccount default|ConfigMap kube-root-ca.crt)( |$)/.test(one),
  );
}
