import { HOLDS } from './controls-checks';

/** An object of Kubernetes, as `dist/` has it. */
type KubeObject = any;

/** Whose standard it is. */
export type Standard = 'CIS' | 'NIST' | 'SOC 2';

/** What a standard asks, in our own words, and what answers it. */
export interface Control {
  readonly standard: Standard;
  readonly id: string;
  readonly asks: string;
  /** Kinds of the objects that answer, or `Kind/name`. There is at least one of each wherever it is claimed. */
  readonly objects?: readonly string[];
  /** Where it is claimed, as `system/environment` with stars. @default everywhere */
  readonly claimed?: readonly string[];
  /** What has to hold over all objects of an environment: what breaks it. */
  readonly problems?: (objects: readonly KubeObject[]) => string[];
  /** Tests and proofs that show it, by their path. */
  readonly shownBy?: readonly string[];
  /** Who decides it, where no manifest does, or not alone. */
  readonly whose?: string;
}

const CLUSTER = 'the cluster: its administrators';
const PEOPLE = 'the organisation: people and their processes';

const EVERYWHERE = 'test/docs/controls';
const RIGHTS = 'test/cluster/rights';
const ADMISSION = 'test/cluster/admission';
const POLICIES = 'test/cluster/policies';
const NETWORK = 'test/cluster/network';

const DATABASE = ['todo-evolution/*', 'bootcamp/*', 'cloud-phoenix/*'];
const DRILLED = DATABASE.flatMap((one) => ['staging', 'production'].map((name) => one.replace('*', name)));
const WITH_TLS = ['*/production'];
const STORE = ['bootcamp/staging', 'bootcamp/production', 'cloud-phoenix/staging', 'cloud-phoenix/production'];
const ALERTED = ['todo-evolution/production', 'contacts/production', 'bootcamp/production', 'cloud-phoenix/production'];
const ENCRYPTED = ['bootcamp/*', 'cloud-phoenix/*'];

const PODS = ['ServiceAccount'];

const cis = (id: string, asks: string, rest: Partial<Control> = {}): Control => ({
  standard: 'CIS',
  id,
  asks,
  ...(rest.problems && { shownBy: [EVERYWHERE] }),
  ...rest,
});
const nist = (id: string, asks: string, rest: Partial<Control>): Control => ({ standard: 'NIST', id, asks, ...rest });
const soc = (id: string, asks: string, rest: Partial<Control>): Control => ({ standard: 'SOC 2', id, asks, ...rest });

/** Nobody gets rights but by Roles of the namespace. */
const byRoles = (problems: Control['problems'], shownBy = [EVERYWHERE, RIGHTS]) => ({
  objects: ['Role', 'RoleBinding'],
  problems,
  shownBy,
});

/** By Pod Security, which the Namespace asks for, and in each pod itself. */
const byPods = (problems: Control['problems']) => ({
  objects: ['Namespace'],
  problems,
  shownBy: [EVERYWHERE, ADMISSION, POLICIES],
});

/** Section 5 of the CIS Kubernetes Benchmark (1.8 to 1.10), which is about what is put into a cluster. */
const CIS: readonly Control[] = [
  cis('5.1.1', 'cluster-admin is bound only where it must be', byRoles(HOLDS.noClusterAdmin)),
  cis('5.1.2', 'few may read Secrets', byRoles(HOLDS.noSecretsInRoles)),
  cis('5.1.3', 'Roles name what they allow, without wildcards', byRoles(HOLDS.noWildcards)),
  cis('5.1.4', 'few may create pods', {
    ...byRoles(HOLDS.noPodCreation),
    whose: 'deployers make pods by way of the workloads that they may deploy',
  }),
  cis('5.1.5', 'nothing runs as the ServiceAccount default', { objects: PODS, problems: HOLDS.ownAccounts }),
  cis('5.1.6', 'tokens are mounted only where they are used', {
    objects: PODS,
    problems: HOLDS.noTokens,
    shownBy: [EVERYWHERE, RIGHTS],
  }),
  cis('5.1.7', 'nobody is in the group system:masters', byRoles(HOLDS.noMasters)),
  cis('5.1.8', 'few may bind, escalate or impersonate', byRoles(HOLDS.noEscalation)),
  cis('5.1.9', 'few may create persistent volumes', byRoles(HOLDS.without('persistentvolumes'))),
  cis('5.1.10', 'few may use the proxy of nodes', byRoles(HOLDS.without('nodes/proxy'))),
  cis('5.1.11', 'few may approve certificate requests', byRoles(HOLDS.without('certificatesigningrequests/approval'))),
  cis(
    '5.1.12',
    'few may change webhooks',
    byRoles(HOLDS.without('validatingwebhookconfigurations', 'mutatingwebhookconfigurations')),
  ),
  cis('5.1.13', 'few may make tokens of ServiceAccounts', byRoles(HOLDS.without('serviceaccounts/token'))),
  cis('5.2.1', 'something in the cluster enforces policies', {
    objects: ['Namespace'],
    problems: HOLDS.restrictedNamespaces,
    shownBy: [EVERYWHERE, ADMISSION],
  }),
  cis('5.2.2', 'no container is privileged', byPods(HOLDS.notPrivileged)),
  cis('5.2.3', "no pod sees the node's processes", byPods(HOLDS.notOfNode('hostPID'))),
  cis('5.2.4', "no pod shares the node's memory", byPods(HOLDS.notOfNode('hostIPC'))),
  cis('5.2.5', "no pod is in the node's network", byPods(HOLDS.notOfNode('hostNetwork'))),
  cis('5.2.6', 'no process gets more rights than it started with', byPods(HOLDS.noPrivilegeEscalation)),
  cis('5.2.7', 'no container runs as root', byPods(HOLDS.notRoot)),
  cis('5.2.8', 'no container may make raw packets', byPods(HOLDS.allDropped)),
  cis('5.2.9', 'no container gets capabilities added', byPods(HOLDS.noneAdded)),
  cis('5.2.10', 'every container drops all capabilities', byPods(HOLDS.allDropped)),
  cis('5.2.11', 'no Windows container is a process of its node', byPods(HOLDS.noHostProcess)),
  cis('5.2.12', 'no folder of a node is mounted', byPods(HOLDS.noHostPath)),
  cis('5.2.13', 'no port of a node is used', byPods(HOLDS.noHostPort)),
  cis('5.3.1', 'the network plug-in enforces network policies', {
    whose: `${CLUSTER}; preflight (\`network.plugin\`) asks for it`,
  }),
  cis('5.3.2', 'every namespace has network policies', {
    objects: ['NetworkPolicy/default-deny'],
    problems: HOLDS.deniedByDefault,
    shownBy: [EVERYWHERE, NETWORK],
  }),
  cis('5.4.1', 'Secrets are read from files rather than from the environment', {
    objects: ['ServiceAccount'],
    problems: HOLDS.namedSecrets,
    whose: 'the application: what reads files gets files, and the others single keys, never a whole Secret',
  }),
  cis('5.4.2', 'Secrets are kept outside of the cluster', {
    objects: ['SecretStore', 'ExternalSecret'],
    claimed: STORE,
    problems: () => [],
    shownBy: ['test/platform/external-secrets'],
    whose: 'elsewhere by the setting `secrets.source`',
  }),
  cis('5.5.1', 'images are admitted by where they come from', {
    whose: `the settings \`policies.allowedRegistries\` and \`policies.signedImages\` (Kyverno); ${CLUSTER}`,
  }),
  cis('5.7.1', 'namespaces are the bounds of administration', {
    objects: ['Namespace', 'ResourceQuota', 'LimitRange'],
    problems: HOLDS.boundedNamespaces,
    shownBy: [EVERYWHERE, 'test/cluster/quota'],
  }),
  cis('5.7.2', 'every pod has the seccomp profile of its runtime', byPods(HOLDS.seccomp)),
  cis('5.7.3', 'pods and containers have a security context', byPods(HOLDS.securityContexts)),
  cis('5.7.4', 'nothing is in the namespace default', {
    objects: ['Namespace'],
    problems: HOLDS.notInDefault,
    shownBy: [EVERYWHERE, POLICIES],
  }),
];

/** Controls of NIST SP 800-53, revision 5. */
const NIST: readonly Control[] = [
  nist('AC-2', 'accounts are managed', { whose: `${PEOPLE}; groups are named in the setting \`access\`` }),
  nist('AC-3', 'access is enforced', { objects: ['Role', 'RoleBinding'], shownBy: [RIGHTS] }),
  nist('AC-4', 'information flows where it may', { objects: ['NetworkPolicy'], shownBy: [NETWORK] }),
  nist('AC-6', 'least privilege', { objects: ['Namespace', 'Role', 'ServiceAccount'], shownBy: [RIGHTS, ADMISSION] }),
  nist('AU-2', 'events are logged', { whose: `${CLUSTER}, who keep audit logs; ${PEOPLE}` }),
  nist('CM-2', 'there is a baseline configuration', {
    objects: ['ConfigMap', 'Namespace'],
    shownBy: ['test/outputs', 'test/cluster/upgrade'],
  }),
  nist('CM-6', 'settings are as secure as can be', {
    objects: ['Namespace', 'LimitRange'],
    shownBy: [ADMISSION, POLICIES, 'test/cluster/scanners'],
  }),
  nist('CM-7', 'nothing works that is not needed', {
    objects: ['NetworkPolicy/default-deny', 'Namespace'],
    shownBy: [NETWORK, ADMISSION],
  }),
  nist('CP-4', 'contingency plans are tried', {
    objects: ['CronJob/postgres-restore-drill'],
    claimed: DRILLED,
    shownBy: ['test/runtime/backup'],
  }),
  nist('CP-9', 'there are backups', {
    objects: ['CronJob/postgres-backup'],
    claimed: DATABASE,
    shownBy: ['test/runtime/backup'],
  }),
  nist('CP-10', 'systems can be recovered', {
    objects: ['CronJob/postgres-restore'],
    claimed: DATABASE,
    shownBy: ['test/runtime/backup'],
  }),
  nist('IA-2', 'people are who they say they are', { whose: `${CLUSTER} and its identity provider` }),
  nist('IA-5', 'passwords and keys are managed', {
    objects: ['ExternalSecret'],
    claimed: STORE,
    shownBy: ['test/platform/external-secrets', 'test/runtime/rotation'],
    whose: 'elsewhere by `npm run secrets`, which makes and rotates them',
  }),
  nist('RA-5', 'vulnerabilities are looked for', { whose: `${PEOPLE}: scans of images in the pipeline` }),
  nist('SC-5', 'nothing takes all resources', {
    objects: ['ResourceQuota', 'LimitRange'],
    shownBy: ['test/cluster/quota'],
  }),
  nist('SC-7', 'the boundary is protected', {
    objects: ['NetworkPolicy/default-deny', 'Ingress'],
    shownBy: [NETWORK, 'test/edge'],
  }),
  nist('SC-8', 'what is sent is encrypted', {
    objects: ['Ingress'],
    claimed: WITH_TLS,
    problems: HOLDS.encryptedEdge,
    shownBy: [EVERYWHERE, 'test/edge'],
    whose: 'between the parts by the setting `tls`; from outside, production always',
  }),
  nist('SC-28', 'what is stored is encrypted', {
    objects: ['StorageClass'],
    claimed: ENCRYPTED,
    shownBy: ['test/platform/cloud'],
    whose: 'elsewhere the storage class of the cluster',
  }),
  nist('SI-4', 'the system is watched', {
    objects: ['PrometheusRule'],
    claimed: ALERTED,
    shownBy: ['test/runtime/web-alerts'],
  }),
  nist('SI-7', 'only software with integrity runs', { whose: 'the setting `policies.signedImages` (Kyverno)' }),
];

/** Criteria of SOC 2 (2017). */
const SOC: readonly Control[] = [
  soc('A1.1', 'capacity is planned and watched', { objects: ['ResourceQuota'], shownBy: ['test/cluster/quota'] }),
  soc('A1.2', 'data is backed up, and failures are borne', {
    objects: ['CronJob/postgres-backup', 'PodDisruptionBudget'],
    claimed: DATABASE,
    shownBy: ['test/runtime/backup', 'test/cluster/disruption'],
  }),
  soc('A1.3', 'recovery is tried', {
    objects: ['CronJob/postgres-restore-drill'],
    claimed: DRILLED,
    shownBy: ['test/runtime/backup'],
  }),
  soc('CC6.1', 'access is restricted by what somebody has to do', {
    objects: ['Role', 'RoleBinding', 'ServiceAccount'],
    shownBy: [RIGHTS],
  }),
  soc('CC6.2', 'users are registered before they get rights', { whose: PEOPLE }),
  soc('CC6.3', 'rights are changed with roles', { whose: `${PEOPLE}; groups are named in the setting \`access\`` }),
  soc('CC6.6', 'the boundary is protected against outsiders', {
    objects: ['NetworkPolicy/default-deny', 'Ingress'],
    shownBy: [NETWORK, 'test/edge'],
  }),
  soc('CC6.7', 'what is sent is protected', {
    objects: ['Ingress'],
    claimed: WITH_TLS,
    problems: HOLDS.encryptedEdge,
    shownBy: [EVERYWHERE],
  }),
  soc('CC6.8', 'foreign software is kept out', {
    objects: ['Namespace'],
    problems: HOLDS.readOnlyRoots,
    shownBy: [EVERYWHERE, POLICIES],
    whose: 'signatures by the setting `policies.signedImages` (Kyverno)',
  }),
  soc('CC7.1', 'changes of configuration are noticed', {
    objects: ['Namespace'],
    shownBy: ['test/outputs', 'test/cluster/admission'],
    whose: 'in the cluster itself GitOps, or a second `kubectl diff`',
  }),
  soc('CC7.2', 'anomalies are noticed', {
    objects: ['PrometheusRule'],
    claimed: ALERTED,
    shownBy: ['test/runtime/web-alerts'],
  }),
  soc('CC7.3', 'incidents are judged', { whose: PEOPLE }),
  soc('CC7.4', 'incidents are answered', { whose: `${PEOPLE}; alerts name runbooks` }),
  soc('CC7.5', 'systems recover from incidents', {
    objects: ['CronJob/postgres-restore'],
    claimed: DATABASE,
    shownBy: ['test/runtime/backup'],
  }),
  soc('CC8.1', 'changes are authorised and tested', { whose: `${PEOPLE}: reviews of \`dist/\`, and \`.ci/run\`` }),
];

export const CONTROLS: readonly Control[] = [...CIS, ...NIST, ...SOC];

/** Whether it is claimed of an environment. */
export const isClaimed = ({ objects, claimed = ['*'] }: Control, environment: string): boolean =>
  objects !== undefined &&
  claimed.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(environment));

/** The objects of an environment that answer it, for each kind that it names. */
export const answersTo = ({ objects = [] }: Control, found: readonly KubeObject[]): [string, KubeObject[]][] =>
  objects.map((wanted) => {
    const [kind, name] = wanted.split('/');
    return [wanted, found.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name))];
  });
