import type { ClusterReader, Resource } from '../../cluster/reader';
import { type Check, type Finding, ok, warning } from '../finding';
import { folderOf, hasObject, namespaceLabels, namespacesOf, podMakers, selects, unique, type Wanted } from '../wanted';
import { liveNamespace } from './namespace';
import { resourceOf } from './server';

const ADMISSION = { group: 'admissionregistration.k8s.io', version: 'v1' };
const POLICIES: Resource = { ...ADMISSION, resource: 'validatingadmissionpolicies' };
const BINDINGS: Resource = { ...ADMISSION, resource: 'validatingadmissionpolicybindings' };

const undecided = (wanted: Wanted) =>
  `cannot be decided by reading: run kubectl apply --dry-run=server -f ${folderOf(wanted)}`;

/** Something of ours as a policy sees it when it is made. */
interface Candidate {
  readonly kind: string;
  readonly group: string;
  readonly resource: string;
  readonly labels: Record<string, string>;
  readonly namespace?: string;
  readonly namespaceLabels: Record<string, string>;
}

/** Everything that is made: our objects, and the pods that come of them. */
async function candidates(wanted: Wanted, cluster: ClusterReader): Promise<Candidate[]> {
  const labels = new Map<string, Record<string, string>>();
  for (const name of namespacesOf(wanted))
    labels.set(name, namespaceLabels(wanted, name, await liveNamespace(cluster, name)));
  const pods = podMakers(wanted).map(({ namespace, template }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, labels: template.metadata?.labels },
  }));
  const found = [...wanted.objects, ...pods].map(async ({ apiVersion, kind, metadata }): Promise<Candidate> => {
    const served = await resourceOf(cluster, apiVersion, kind);
    const resource = served?.name ?? `${kind.toLowerCase()}s`;
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    const own = labels.get(kind === 'Namespace' ? metadata.name : metadata.namespace) ?? {};
    const namespace = served?.namespaced === false ? undefined : metadata.namespace;
    return { kind, group, resource, labels: metadata.labels ?? {}, namespace, namespaceLabels: own };
  });
  return Promise.all(found);
}

const admission: Check = {
  id: 'policies.admission',
  about: 'admission policies of the cluster',
  run: async (wanted, cluster) => {
    const [policies, bindings] = await Promise.all([cluster.list(POLICIES), cluster.list(BINDINGS)]);
    const all = await candidates(wanted, cluster);
    const denying = (bindings ?? []).filter(
      ({ spec, metadata }) =>
        spec.validationActions?.includes('Deny') &&
        !hasObject(wanted, 'ValidatingAdmissionPolicyBinding', metadata.name),
    );
    const matching = denying.flatMap((binding): Finding[] => {
      const policy = (policies ?? []).find(({ metadata }) => metadata.name === binding.spec.policyName);
      if (!policy || hasObject(wanted, 'ValidatingAdmissionPolicy', policy.metadata.name)) return [];
      const kinds = unique(
        all
          .filter((one) => isMatched(policy.spec.matchConstraints, one) && isMatched(binding.spec.matchResources, one))
          .map(({ kind }) => kind),
      );
      if (kinds.length === 0) return [];
      const what = `may refuse ${kinds.join(', ')} (bound by ${binding.metadata.name})`;
      return [warning(`ValidatingAdmissionPolicy ${policy.metadata.name}`, what, undecided(wanted))];
    });
    if (matching.length > 0) return matching;
    const count = policies?.length ?? 0;
    return [ok('ValidatingAdmissionPolicies', `${count} are there, none that denies is about what we make`)];
  },
};

/** Whether an admission match selects something. The version is left out: policies match equivalent ones as well. */
function isMatched(match: any, one: Candidate): boolean {
  const { namespaceSelector, objectSelector, resourceRules, excludeResourceRules = [] } = match ?? {};
  const inRule = ({ apiGroups = [], resources = [], operations = ['*'] }: any) =>
    (apiGroups.includes('*') || apiGroups.includes(one.group)) &&
    (resources.includes('*') || resources.includes('*/*') || resources.includes(one.resource)) &&
    ['*', 'CREATE', 'UPDATE'].some((operation) => operations.includes(operation));
  const clusterScoped = one.namespace === undefined && one.kind !== 'Namespace';
  return (
    (clusterScoped || selects(namespaceSelector, one.namespaceLabels)) &&
    selects(objectSelector, one.labels) &&
    (resourceRules === undefined || resourceRules.some(inRule)) &&
    !excludeResourceRules.some(inRule)
  );
}

const kyverno: Check = {
  id: 'policies.kyverno',
  about: 'policies of Kyverno',
  run: async (wanted, cluster) => {
    const groups: any[] = (await cluster.discover('/apis'))?.groups ?? [];
    const old = groups.some(({ name }) => name === 'kyverno.io');
    const current = groups.find(({ name }) => name === 'policies.kyverno.io')?.preferredVersion?.version;
    if (!old && !current) return [];
    const all = await candidates(wanted, cluster);
    const found = [
      ...(old ? await oldPolicies(wanted, all, cluster) : []),
      ...(current ? await currentPolicies(wanted, all, current, cluster) : []),
    ];
    return found.length > 0 ? found : [ok('policies of Kyverno', 'none that enforces is about what we make')];
  },
};

async function oldPolicies(wanted: Wanted, all: Candidate[], cluster: ClusterReader): Promise<Finding[]> {
  const group = { group: 'kyverno.io', version: 'v1' };
  const [everywhere = [], ...inNamespaces] = await Promise.all([
    cluster.list({ ...group, resource: 'clusterpolicies' }),
    ...namespacesOf(wanted).map((namespace) => cluster.list({ ...group, resource: 'policies', namespace })),
  ]);
  return [...everywhere, ...inNamespaces.flatMap((policies) => policies ?? [])].flatMap(({ kind, metadata, spec }) => {
    const title = `${kind ?? (metadata.namespace ? 'Policy' : 'ClusterPolicy')} ${metadata.name}`;
    if (hasObject(wanted, 'ClusterPolicy', metadata.name)) return [];
    const rules: any[] = (spec.rules ?? []).filter((rule: any) => refuses(rule, spec));
    const kinds = unique(
      all
        .filter(({ namespace }) => metadata.namespace === undefined || metadata.namespace === namespace)
        .filter((one) => rules.some((rule) => inRule(rule, one)))
        .map((one) => one.kind),
    );
    return kinds.length > 0 ? [warning(title, `may refuse ${kinds.join(', ')}`, undecided(wanted))] : [];
  });
}

const refuses = ({ validate, verifyImages }: any, { validationFailureAction = 'Audit' }: any) =>
  [...(validate ? [validate] : []), ...(verifyImages ?? [])].some(
    ({ failureAction = validationFailureAction }) => String(failureAction).toLowerCase() === 'enforce',
  );

/** Kinds and namespaces can be compared; whatever else a rule asks for may be so. */
function inRule({ match = {} }: any, one: Candidate): boolean {
  const filters: any[] = [...(match.any ?? []), ...(match.all ?? []), ...(match.resources ? [match] : [])];
  return filters.some(({ resources: { kinds = ['*'], namespaces = ['*'], namespaceSelector } = {} as any }) => {
    const named = kinds.some((kind: string) => isLike(kind.split('/').pop() ?? '', one.kind));
    const here = one.namespace === undefined || namespaces.some((pattern: string) => isLike(pattern, one.namespace!));
    return named && here && selects(namespaceSelector, one.namespaceLabels);
  });
}

/** Kyverno's wildcards: `*` for any characters, `?` for one. */
function isLike(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
}

async function currentPolicies(wanted: Wanted, all: Candidate[], version: string, cluster: ClusterReader) {
  const found = await Promise.all(
    ['validatingpolicies', 'imagevalidatingpolicies'].map(async (resource) => {
      const policies = (await cluster.list({ group: 'policies.kyverno.io', version, resource })) ?? [];
      return policies.flatMap(({ metadata, spec }): Finding[] => {
        const own = hasObject(wanted, 'ValidatingPolicy', metadata.name);
        if (own || !(spec.validationActions ?? ['Deny']).includes('Deny')) return [];
        const kinds = unique(all.filter((one) => isMatched(spec.matchConstraints, one)).map(({ kind }) => kind));
        if (kinds.length === 0) return [];
        return [warning(`${resource} ${metadata.name}`, `may refuse ${kinds.join(', ')}`, undecided(wanted))];
      });
    }),
  );
  return found.flat();
}

const gatekeeper: Check = {
  id: 'policies.gatekeeper',
  about: 'constraints of Gatekeeper',
  run: async (wanted, cluster) => {
    const groups: any[] = (await cluster.discover('/apis'))?.groups ?? [];
    if (!groups.some(({ name }) => name === 'constraints.gatekeeper.sh')) return [];
    return [warning('constraints of Gatekeeper', 'are in use and may refuse ours', undecided(wanted))];
  },
};

/** What the cluster itself may refuse. */
export const POLICY: readonly Check[] = [admission, kyverno, gatekeeper];
