/** An object of Kubernetes, as `dist/` has it. */
type KubeObject = any;
type Problems = (objects: readonly KubeObject[]) => string[];

/** What has to hold for an item of a standard. Each gives what breaks it, in one line for each; nothing is good. */

const titleOf = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.name}`;

const templateOf = ({ kind, spec }: KubeObject): KubeObject =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template;

const podsOf = (objects: readonly KubeObject[]) =>
  objects
    .filter((object) => templateOf(object)?.spec?.containers)
    .map((object) => ({ title: titleOf(object), pod: templateOf(object).spec }));

/** Pods for which something does not hold. */
const pods =
  (holds: (pod: KubeObject) => boolean): Problems =>
  (objects) =>
    podsOf(objects)
      .filter(({ pod }) => !holds(pod))
      .map(({ title }) => title);

/** Containers for which something does not hold, init containers included. */
const containers =
  (holds: (container: KubeObject, pod: KubeObject) => boolean): Problems =>
  (objects) =>
    podsOf(objects).flatMap(({ title, pod }) =>
      [...(pod.initContainers ?? []), ...pod.containers]
        .filter((container) => !holds(container, pod))
        .map(({ name }) => `${title}, container ${name}`),
    );

/** What a container says, or else its pod. */
const said = (field: string, container: KubeObject, pod: KubeObject) =>
  container.securityContext?.[field] ?? pod.securityContext?.[field];

interface Rule {
  readonly apiGroups?: string[];
  readonly resources?: string[];
  readonly verbs?: string[];
}

/** Rules of Roles for which something does not hold. */
const rules =
  (holds: (rule: Required<Rule>) => boolean): Problems =>
  (objects) =>
    objects
      .filter(({ kind }) => ['Role', 'ClusterRole'].includes(kind))
      .flatMap((role) =>
        (role.rules ?? [])
          .filter(({ apiGroups = [], resources = [], verbs = [] }: Rule) => !holds({ apiGroups, resources, verbs }))
          .map((rule: Rule) => `${titleOf(role)}: ${JSON.stringify(rule)}`),
      );

const bindings = (objects: readonly KubeObject[]) =>
  objects.filter(({ kind }) => ['RoleBinding', 'ClusterRoleBinding'].includes(kind));

const without = (...forbidden: string[]) =>
  rules(({ resources }) => !resources.some((one) => one === '*' || forbidden.includes(one)));

const namespaced = (objects: readonly KubeObject[], holds: (name: string, labels: KubeObject) => boolean) =>
  objects
    .filter(({ kind, metadata }) => kind === 'Namespace' && !holds(metadata.name, metadata.labels ?? {}))
    .map(titleOf);

const hasIn = (objects: readonly KubeObject[], kind: string, namespace: string) =>
  objects.some((object) => object.kind === kind && object.metadata.namespace === namespace);

/** A policy that lets nothing in or out, for every pod. */
const deniesAll = ({ kind, spec }: KubeObject) =>
  kind === 'NetworkPolicy' &&
  Object.keys(spec.podSelector).length === 0 &&
  spec.policyTypes.includes('Ingress') &&
  spec.policyTypes.includes('Egress') &&
  !spec.ingress?.length &&
  !spec.egress?.length;

const isEncrypted = ({ kind, metadata, spec }: KubeObject): boolean => {
  if (kind === 'Gateway') return spec.listeners.some(({ protocol }: KubeObject) => protocol === 'HTTPS');
  // A load balancer of a cloud has its certificate there.
  const byCloud = Object.keys(metadata.annotations ?? {}).some((name) => /certificate|ssl-redirect/.test(name));
  return (spec.tls ?? []).length > 0 || byCloud;
};

export const HOLDS = {
  noClusterAdmin: (objects: readonly KubeObject[]) =>
    bindings(objects)
      .filter(({ roleRef }) => roleRef.name === 'cluster-admin')
      .map(titleOf),
  noMasters: (objects: readonly KubeObject[]) =>
    bindings(objects)
      .filter(({ subjects = [] }) => subjects.some(({ name }: KubeObject) => name === 'system:masters'))
      .map(titleOf),
  noSecretsInRoles: without('secrets'),
  noWildcards: rules((rule) => ![...rule.apiGroups, ...rule.resources, ...rule.verbs].includes('*')),
  noPodCreation: rules(({ resources, verbs }) => !(resources.includes('pods') && verbs.includes('create'))),
  noEscalation: rules(({ verbs }) => !verbs.some((verb) => ['bind', 'escalate', 'impersonate', '*'].includes(verb))),
  without,
  ownAccounts: pods(({ serviceAccountName = 'default' }) => serviceAccountName !== 'default'),
  noTokens: pods(({ automountServiceAccountToken }) => automountServiceAccountToken === false),
  restrictedNamespaces: (objects: readonly KubeObject[]) =>
    namespaced(objects, (_, labels) => labels['pod-security.kubernetes.io/enforce'] === 'restricted'),
  deniedByDefault: (objects: readonly KubeObject[]) =>
    namespaced(objects, (name) => objects.some((one) => one.metadata.namespace === name && deniesAll(one))),
  boundedNamespaces: (objects: readonly KubeObject[]) =>
    namespaced(objects, (name) => ['ResourceQuota', 'LimitRange'].every((kind) => hasIn(objects, kind, name))),
  notInDefault: (objects: readonly KubeObject[]) =>
    objects
      .filter(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace) === 'default')
      .map(titleOf),
  notPrivileged: containers(({ securityContext }) => securityContext?.privileged !== true),
  notOfNode: (field: 'hostIPC' | 'hostNetwork' | 'hostPID') => pods((pod) => pod[field] !== true),
  noPrivilegeEscalation: containers(({ securityContext }) => securityContext?.allowPrivilegeEscalation === false),
  notRoot: containers(
    (one, pod) => said('runAsNonRoot', one, pod) === true && (said('runAsUser', one, pod) ?? 1) !== 0,
  ),
  allDropped: containers(({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') === true),
  noneAdded: containers(({ securityContext }) => (securityContext?.capabilities?.add ?? []).length === 0),
  noHostProcess: containers((one, pod) => said('windowsOptions', one, pod)?.hostProcess !== true),
  noHostPath: pods(({ volumes = [] }) => volumes.every((volume: KubeObject) => volume.hostPath === undefined)),
  noHostPort: containers(({ ports = [] }) => ports.every((port: KubeObject) => port.hostPort === undefined)),
  seccomp: containers((one, pod) => said('seccompProfile', one, pod)?.type === 'RuntimeDefault'),
  securityContexts: containers((one, pod) => one.securityContext !== undefined && pod.securityContext !== undefined),
  readOnlyRoots: containers(({ securityContext }) => securityContext?.readOnlyRootFilesystem === true),
  namedSecrets: containers(({ envFrom = [] }) => envFrom.every((source: KubeObject) => source.secretRef === undefined)),
  encryptedEdge: (objects: readonly KubeObject[]) =>
    objects.filter(({ kind }) => ['Gateway', 'Ingress'].includes(kind)).some(isEncrypted)
      ? []
      : ['neither an Ingress nor a Gateway has a certificate'],
};
