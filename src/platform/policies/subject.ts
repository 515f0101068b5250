/**
 * What rules are about, in the language of the API server (CEL), which Kyverno speaks too. `dyn` keeps the server from
 * comparing an expression with every kind that it is about: none has all the fields of the others.
 */

/** A thing that can be matched: resources of a group. */
export interface Subject {
  readonly apiGroups: string[];
  readonly apiVersions: string[];
  readonly resources: string[];
  readonly operations: string[];
  readonly scope: string;
}

const CHANGES = ['CREATE', 'UPDATE'];

const subject = (group: string, resources: string[], version = 'v1', operations = CHANGES): Subject => ({
  apiGroups: [group],
  apiVersions: [version],
  resources,
  operations,
  // A namespace selector lets through whatever lives in no namespace.
  scope: 'Namespaced',
});

/** Pods, what is added to them while they run, and what makes them: so that a mistake is refused where it was made. */
export const PODS: readonly Subject[] = [
  subject('', ['pods']),
  subject('', ['pods/ephemeralcontainers'], 'v1', ['UPDATE']),
  subject('apps', ['daemonsets', 'deployments', 'statefulsets']),
  // Not ReplicaSets: those of earlier releases have to be scaled down, whatever they hold.
  subject('argoproj.io', ['rollouts'], 'v1alpha1'),
  subject('batch', ['cronjobs', 'jobs']),
];

export const SERVICES: readonly Subject[] = [subject('', ['services'])];

export const LABELLED: readonly Subject[] = [...PODS, ...SERVICES, subject('networking.k8s.io', ['ingresses'])];

export const EVERYTHING: readonly Subject[] = [subject('*', ['*'], '*')];

/** The spec of the pod that an object is, or makes; of anything else its own. */
const podOf = (object: string) =>
  `(${object}.kind == 'CronJob' ? ${object}.spec.jobTemplate.spec.template.spec : ` +
  `${object}.spec.?template.?spec.orValue(${object}.spec))`;

const labelsOf = (object: string) => `${object}.metadata.?labels.orValue({})`;

/**
 * Whether there is something new to judge. What runs since before a rule goes on, is scaled, and loses its finalizers;
 * it is judged with its next change.
 */
export const CHANGED =
  'dyn(oldObject) == null || !has(dyn(oldObject).spec)' +
  ` || ${podOf('dyn(object)')} != ${podOf('dyn(oldObject)')}` +
  ` || ${labelsOf('dyn(object)')} != ${labelsOf('dyn(oldObject)')}`;

/** Whether an object is of none of these workloads. */
export const isNotOf = (workloads: readonly string[]): string =>
  `!(${labelsOf('dyn(object)')}[?'app.kubernetes.io/name'].orValue('') in ${list(workloads)})`;

/** A list of texts. */
export const list = (values: readonly string[]): string => `[${values.map((value) => `'${value}'`).join(', ')}]`;

/** What the rules about pods have in common, by name. */
export const POD_VARIABLES: Readonly<Record<string, string>> = {
  pod: podOf('dyn(object)'),
  // Of their own accord, pods end with `containers`; init containers are there for the same work.
  lasting: 'variables.pod.?containers.orValue([])',
  containers: 'variables.lasting + variables.pod.?initContainers.orValue([])',
  // Those that `kubectl debug` adds can have neither probes nor resources.
  all: 'variables.containers + variables.pod.?ephemeralContainers.orValue([])',
  volumes: 'variables.pod.?volumes.orValue([])',
  images:
    "variables.all.map(c, c.?image.orValue('')) + " +
    "variables.volumes.filter(v, has(v.image)).map(v, v.image.?reference.orValue(''))",
};

/** Whether a controller made the object: then what it has is its controller's, or was judged there. */
export const IS_CONTROLLED =
  'dyn(object).metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false))';

/** A pod with which cert-manager answers for a host: it names no ServiceAccount, and gets no token. */
export const IS_SOLVER =
  "dyn(object).kind == 'Pod' && dyn(object).metadata.?ownerReferences.orValue([])" +
  ".exists(o, o.kind == 'Challenge' && o.apiVersion.startsWith('acme.cert-manager.io/'))";
