import type { ClusterReader, Resource } from '../../cluster/reader';
import { type Check, condition, each, failed, type Finding, ok, warning } from '../finding';
import { byName, hasObject, ofKind, type Wanted } from '../wanted';

/** A Secret that is read, with the keys that must be in it, and those without which pods start all the same. */
interface ReadSecret {
  readonly name: string;
  readonly namespace: string;
  readonly keys: readonly string[];
  readonly optionalKeys: readonly string[];
}

const title = ({ name }: ReadSecret) => `Secret ${name}`;

const present: Check = {
  id: 'secrets.present',
  about: 'Secrets that pods read',
  run: (wanted, cluster) => each(required(wanted), title, (secret) => judgeSecret(wanted, secret, cluster)),
};

async function judgeSecret(wanted: Wanted, secret: ReadSecret, cluster: ClusterReader): Promise<Finding> {
  const { name, namespace, keys, optionalKeys } = secret;
  const found = await cluster.get({ group: '', version: 'v1', resource: 'secrets', namespace }, name);
  // Names of keys are looked at; values are never kept or shown.
  const there = Object.keys(found?.data ?? {});
  const missing = keys.filter((key) => !there.includes(key));
  const notGiven = optionalKeys.filter((key) => !there.includes(key));
  const declared = wanted.secrets.some((one) => one.name === name);
  const fix = declared
    ? `npm run secrets -- ${wanted.system} ${wanted.environment} --apply, once the namespace is there`
    : `make it in namespace "${namespace}" with ${keys.join(', ') || 'what pods expect in it'}`;
  const needed = keys.length > 0 || optionalKeys.length === 0;
  if (!found && needed) return failed(title(secret), 'is not there; pods that read it wait for it', fix);
  if (missing.length > 0)
    return failed(title(secret), `lacks ${missing.join(', ')}; pods that read it wait for it`, fix);
  if (notGiven.length > 0) {
    const set = `npm run secrets -- ${wanted.system} ${wanted.environment} --set ${name}/${notGiven[0]} < FILE`;
    return warning(
      title(secret),
      `lacks ${notGiven.join(', ')}; pods start without`,
      `where it is meant to be used: ${set}`,
    );
  }
  const count = keys.length + optionalKeys.length;
  return ok(title(secret), count > 0 ? `has ${count === 1 ? 'its key' : `its ${count} keys`}` : 'is there');
}

const certificatesOf = (spec: any): string[] => (spec.tls ?? []).flatMap(({ secretName }: any) => secretName ?? []);

/** What cert-manager makes for an Ingress, which other Ingresses of the namespace may use, too. */
const issuedCertificates = (wanted: Wanted): Set<string> =>
  new Set(
    ofKind(wanted, 'Ingress')
      .filter(({ metadata: { annotations = {} } }) =>
        Object.keys(annotations).some((key) => /^cert-manager\.io\/.*issuer$/.test(key)),
      )
      .flatMap(({ metadata, spec }) => certificatesOf(spec).map((name) => `${metadata.namespace}/${name}`)),
  );

/** Secrets that must be there before the pods: what others make from our manifests is not among them. */
function required(wanted: Wanted): ReadSecret[] {
  const found = new Map<string, Omit<ReadSecret, 'keys'> & { readonly keys: Set<string> }>();
  const optionalOf = (name: string) => {
    const { keys = {} } = wanted.secrets.find((secret) => secret.name === name) ?? {};
    return Object.keys(keys).filter((key) => keys[key]?.optional);
  };
  const add = (namespace: string, name: string, keys: readonly string[]) => {
    const known = found.get(`${namespace}/${name}`) ?? {
      name,
      namespace,
      keys: new Set(),
      optionalKeys: optionalOf(name),
    };
    keys.forEach((key) => known.keys.add(key));
    found.set(`${namespace}/${name}`, known);
  };
  const issued = issuedCertificates(wanted);
  for (const { spec, kind, metadata, ...rest } of wanted.objects) {
    walk({ spec, ...rest }, (name, keys) => add(metadata.namespace, name, keys));
    if (kind === 'Ingress')
      certificatesOf(spec)
        .filter((name) => !issued.has(`${metadata.namespace}/${name}`))
        .forEach((name) => add(metadata.namespace, name, ['tls.crt', 'tls.key']));
  }
  // Declared keys that nobody reads only serve to make others; a Secret that nobody names is read by an injected sidecar.
  const named = new Set(found.keys());
  for (const { namespace, name, keys } of wanted.secrets) {
    if (named.has(`${namespace}/${name}`)) continue;
    add(
      namespace,
      name,
      Object.keys(keys).filter((key) => !keys[key]?.optional),
    );
  }
  return [...found.values()]
    .filter(({ name, namespace }) => !isMade(wanted, name, namespace))
    .map(({ keys, ...secret }) => ({ ...secret, keys: [...keys].sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Tells of every Secret that something below a value reads; what may be missing is not told. */
function walk(value: any, tell: (name: string, keys: readonly string[]) => void): void {
  if (typeof value !== 'object' || value === null) return;
  const { secretKeyRef, secretRef, secret } = value;
  if (secretKeyRef?.name && !secretKeyRef.optional) tell(secretKeyRef.name, secretKeyRef.key ? [secretKeyRef.key] : []);
  if (secretRef?.name && !secretRef.optional) tell(secretRef.name, []);
  // As a volume, and as a part of a projected one.
  const mounted = secret?.secretName ?? secret?.name;
  if (typeof mounted === 'string' && !secret.optional) {
    tell(
      mounted,
      (secret.items ?? []).map(({ key }: any) => key),
    );
  }
  (value.imagePullSecrets ?? []).forEach(({ name }: any) => tell(name, ['.dockerconfigjson']));
  Object.values(value).forEach((below) => walk(below, tell));
}

const isMade = (wanted: Wanted, name: string, namespace: string) =>
  hasObject(wanted, 'Secret', name, namespace) ||
  ofKind(wanted, 'Certificate').some(
    ({ spec, metadata }) => spec.secretName === name && metadata.namespace === namespace,
  ) ||
  ofKind(wanted, 'ExternalSecret').some(
    ({ spec, metadata }) => (spec.target?.name ?? metadata.name) === name && metadata.namespace === namespace,
  ) ||
  // Several Ingresses share a certificate, which cert-manager is asked for by one of them.
  ofKind(wanted, 'Ingress').some(
    ({ spec, metadata }) =>
      metadata.namespace === namespace &&
      (spec.tls ?? []).some(({ secretName }: any) => secretName === name) &&
      Object.keys(metadata.annotations ?? {}).some((key) => /^cert-manager\.io\/.*issuer$/.test(key)),
  );

const external = (resource: string, namespace?: string): Resource => ({
  group: 'external-secrets.io',
  version: 'v1',
  resource,
  namespace,
});

const stores: Check = {
  id: 'secrets.stores',
  about: 'stores of external Secrets',
  run: (wanted, cluster) =>
    each(
      byName(storesOf(wanted), ({ kind, name }) => `${kind} ${name}`),
      ({ kind, name }) => `${kind} ${name}`,
      async ({ kind, name, namespace }) => {
        const subject = `${kind} ${name}`;
        const place = kind === 'SecretStore' ? external('secretstores', namespace) : external('clustersecretstores');
        const found = await cluster.get(place, name);
        if (!found)
          return failed(
            subject,
            'is not there',
            'make it with the credentials of your secret manager, or name another',
          );
        const ready = condition(found, 'Ready');
        if (ready.status === 'True') return ok(subject, 'is ready');
        return failed(
          subject,
          `is not ready: ${ready.message}`,
          `kubectl describe ${kind.toLowerCase()} ${name} says more`,
        );
      },
    ),
};

function storesOf(wanted: Wanted): { kind: string; name: string; namespace: string }[] {
  return ofKind(wanted, 'ExternalSecret').flatMap(({ spec, metadata }) => {
    const { name, kind = 'SecretStore' } = spec.secretStoreRef ?? {};
    const isOurs = hasObject(wanted, kind, name, kind === 'SecretStore' ? metadata.namespace : undefined);
    return name && !isOurs ? [{ kind, name, namespace: metadata.namespace }] : [];
  });
}

/** That of an environment which is there already; a new one has none yet. */
const synced: Check = {
  id: 'secrets.synced',
  about: 'external Secrets',
  run: (wanted, cluster) =>
    each(
      ofKind(wanted, 'ExternalSecret'),
      ({ metadata }) => `ExternalSecret ${metadata.name}`,
      async ({ metadata }) => {
        const subject = `ExternalSecret ${metadata.name}`;
        const found = await cluster.get(external('externalsecrets', metadata.namespace), metadata.name);
        if (!found) return ok(subject, 'is not there yet and will be made');
        const ready = condition(found, 'Ready');
        if (ready.status === 'True') return ok(subject, 'is synced');
        return warning(subject, `is not synced: ${ready.message}`, 'see whether its keys are in the store');
      },
    ),
};

/** Annotations by which a cloud gives a ServiceAccount an identity, and what in a cluster makes them work. */
const IDENTITIES: readonly (readonly [annotation: string, webhook: string, how: string])[] = [
  ['eks.amazonaws.com/role-arn', 'pod-identity-webhook', 'a cluster of EKS, or the amazon-eks-pod-identity-webhook'],
  [
    'azure.workload.identity/client-id',
    'azure-wi-webhook-mutating-webhook-configuration',
    'workload identity on AKS, or the Helm chart "workload-identity-webhook" of Azure Workload Identity',
  ],
];
const GOOGLE = 'iam.gke.io/gcp-service-account';

const identities: Check = {
  id: 'secrets.identities',
  about: 'cloud identities of ServiceAccounts',
  run: (wanted, cluster) => {
    const accounts = ofKind(wanted, 'ServiceAccount');
    const used = (annotation: string) =>
      accounts.filter(({ metadata }) => metadata.annotations?.[annotation] !== undefined);
    const annotations = [...IDENTITIES.map(([annotation]) => annotation), GOOGLE];
    return each(
      annotations.filter((annotation) => used(annotation).length > 0),
      (annotation) => annotation,
      (annotation) =>
        judgeIdentity(
          annotation,
          used(annotation)
            .map(({ metadata }) => metadata.name)
            .join(', '),
          cluster,
        ),
    );
  },
};

async function judgeIdentity(annotation: string, accounts: string, cluster: ClusterReader): Promise<Finding> {
  if (annotation === GOOGLE) {
    const nodes = (await cluster.list({ group: '', version: 'v1', resource: 'nodes' })) ?? [];
    const label = 'iam.gke.io/gke-metadata-server-enabled';
    if (nodes.some(({ metadata }) => metadata.labels?.[label] === 'true'))
      return ok(annotation, `works for ${accounts}`);
    const what = `no node gives out identities (label ${label}); used by ${accounts}`;
    return failed(annotation, what, 'switch Workload Identity on for the cluster and its node pools');
  }
  const [, webhook, how = ''] = IDENTITIES.find(([name]) => name === annotation) ?? [];
  const place = { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'mutatingwebhookconfigurations' };
  const all = (await cluster.list(place)) ?? [];
  if (all.some(({ metadata }) => metadata.name === webhook)) return ok(annotation, `works for ${accounts}`);
  return failed(annotation, `nothing acts on it (webhook ${webhook}); used by ${accounts}`, `take ${how}`);
}

/** Secrets, and where they come from. */
export const SECRETS: readonly Check[] = [present, stores, synced, identities];
