import {
  EVERYTHING,
  IS_CONTROLLED,
  IS_SOLVER,
  LABELLED,
  list,
  POD_VARIABLES,
  PODS,
  SERVICES,
  type Subject,
} from './subject';
import type { PolicyRuleName, ResolvedPolicies } from './settings';

/** One thing that is asked. */
export interface Check {
  /** CEL: the names of what is not as it must be. */
  readonly offenders: string;
  /** What must be, and what to change. The offenders come after it. */
  readonly message: string;
}

/** A rule, written once for all engines. */
export interface Rule {
  readonly name: PolicyRuleName;
  readonly about: readonly Subject[];
  readonly variables: Readonly<Record<string, string>>;
  readonly checks: readonly Check[];
}

const aboutPods = (name: PolicyRuleName, ...checks: Check[]): Rule => ({
  name,
  about: PODS,
  variables: POD_VARIABLES,
  checks,
});

/** Containers for which something does not hold. */
const containers = (which: 'all' | 'containers' | 'lasting', holds: string): string =>
  `variables.${which}.filter(c, !(${holds})).map(c, c.name)`;

/** The pod itself, where something does not hold. */
const object = (holds: string): string => `(${holds}) ? [] : [dyn(object).kind]`;

const imageTags = aboutPods('image-tags', {
  offenders: "variables.images.filter(i, !i.contains('@') && (!i.matches(':[^:/]+$') || i.endsWith(':latest')))",
  message: 'images need a tag other than latest, or a digest',
});

/** Where an image is looked for, in full, as container runtimes take it. */
const FULL_IMAGE =
  "i.matches('^([^/]*[.:][^/]*|localhost)/') ? i : i.contains('/') ? 'docker.io/' + i : 'docker.io/library/' + i";

/** A host is followed by a path; what has a path already may be the image itself. */
const beginnings = (registry: string): string[] =>
  (registry.includes('/') ? ['/', ':', '@'] : ['/']).map((end) => `${registry}${end}`);

const imageRegistries = ({ registries }: ResolvedPolicies): Rule =>
  aboutPods('image-registries', {
    offenders:
      `variables.images.map(i, ${FULL_IMAGE}).filter(i, ` +
      `!${list(registries.flatMap(beginnings))}.exists(r, i.startsWith(r)))`,
    message: 'images must come from a registry of policies.allowedRegistries',
  });

const onBoth = (field: string, otherwise: string): string =>
  `c.?securityContext.?${field}.orValue(variables.pod.?securityContext.?${field}.orValue(${otherwise}))`;

const NO_CAPABILITIES = "c.?securityContext.?capabilities.?drop.orValue([]).exists(d, d == 'ALL')";
const ADDED = "c.?securityContext.?capabilities.?add.orValue([]).all(a, a == 'NET_BIND_SERVICE')";

const restrictedSecurity = aboutPods(
  'restricted-security',
  {
    // What `kubectl debug` adds holds nothing of the application, and ends with the pod.
    offenders: containers('containers', 'c.?securityContext.?readOnlyRootFilesystem.orValue(false)'),
    message: 'containers need securityContext.readOnlyRootFilesystem: true, and volumes where they write',
  },
  {
    offenders: containers('all', `${onBoth('runAsNonRoot', 'false')} && ${onBoth('runAsUser', '1')} != 0`),
    message: 'containers need runAsNonRoot: true, and a user other than 0',
  },
  {
    offenders: containers(
      'all',
      '!c.?securityContext.?allowPrivilegeEscalation.orValue(true) && !c.?securityContext.?privileged.orValue(false)',
    ),
    message: 'containers need allowPrivilegeEscalation: false, and not privileged',
  },
  {
    offenders: containers('all', `${NO_CAPABILITIES} && ${ADDED}`),
    message: 'containers need capabilities.drop: [ALL], and may add NET_BIND_SERVICE only',
  },
  {
    offenders: containers('all', `${onBoth('seccompProfile.?type', "''")} in ['RuntimeDefault', 'Localhost']`),
    message: 'containers need seccompProfile.type: RuntimeDefault or Localhost',
  },
  {
    offenders:
      "['hostNetwork', 'hostPID', 'hostIPC'].filter(h, h in variables.pod && variables.pod[h]) + " +
      "variables.volumes.filter(v, has(v.hostPath)).map(v, 'volume ' + v.name) + " +
      'variables.all.filter(c, c.?ports.orValue([]).exists(p, p.?hostPort.orValue(0) != 0)).map(c, c.name)',
    message: 'network, processes, folders and ports of a node are not for pods; remove them',
  },
);

const serviceAccounts = aboutPods(
  'service-accounts',
  {
    offenders: object(`!(variables.pod.?serviceAccountName.orValue('default') in ['', 'default']) || (${IS_SOLVER})`),
    message: 'pods need a ServiceAccount of their own; name one in serviceAccountName',
  },
  {
    offenders: object('!variables.pod.?automountServiceAccountToken.orValue(true)'),
    message:
      'pods need automountServiceAccountToken: false; where they call the API, let them ask for a token by a projected volume',
  },
);

const probes = aboutPods('probes', {
  offenders:
    "variables.pod.?restartPolicy.orValue('Always') != 'Always' ? [] : " +
    containers('lasting', 'has(c.readinessProbe) && has(c.livenessProbe)'),
  message: 'containers that run for long need a readinessProbe and a livenessProbe',
});

const AMOUNTS = ['requests', 'limits'].flatMap((kind) =>
  ['cpu', 'memory'].map((what) => `c.?resources.?${kind}.?${what}.hasValue()`),
);

const resources = aboutPods('resources', {
  offenders: containers('containers', AMOUNTS.join(' && ')),
  message: 'containers need requests and limits of cpu and memory',
});

const LABELS = 'dyn(object).metadata.?labels.orValue({})';
const POD_LABELS =
  `dyn(object).kind == 'CronJob' ? dyn(object).spec.jobTemplate.spec.template.metadata.?labels.orValue({}) : ` +
  `dyn(object).kind in ['DaemonSet', 'Deployment', 'Job', 'Rollout', 'StatefulSet'] ? ` +
  `dyn(object).spec.?template.?metadata.?labels.orValue({}) : ${LABELS}`;

const requiredLabels = (policies: ResolvedPolicies): Rule => {
  const missing = (labels: string) =>
    `${IS_CONTROLLED} ? [] : ${list(policies.requiredLabels)}.filter(l, ${labels}[?l].orValue('') == '')`;
  return {
    name: 'required-labels',
    about: LABELLED,
    variables: { podLabels: POD_LABELS },
    checks: [
      { offenders: missing(LABELS), message: 'labels are missing; add them to metadata.labels' },
      {
        offenders: missing('variables.podLabels'),
        message: 'labels of the pods are missing; add them to the template',
      },
    ],
  };
};

const serviceTypes: Rule = {
  name: 'service-types',
  about: SERVICES,
  variables: {},
  checks: [
    {
      offenders: "[dyn(object).spec.?type.orValue('ClusterIP')].filter(t, t in ['LoadBalancer', 'NodePort'])",
      message: 'Services must not open ports on nodes or load balancers; take type: ClusterIP, and a route of the edge',
    },
    {
      offenders: 'dyn(object).spec.?externalIPs.orValue([])',
      message: 'Services must not claim addresses; remove externalIPs',
    },
  ],
};

const defaultNamespace: Rule = {
  name: 'default-namespace',
  about: EVERYTHING,
  variables: {},
  checks: [{ offenders: '[dyn(object).kind]', message: 'nothing of a system belongs into the namespace default' }],
};

/** The rules that are asked, in the order of their names. */
export function rulesOf(policies: ResolvedPolicies): Rule[] {
  const rules: Readonly<Record<PolicyRuleName, Rule>> = {
    'default-namespace': defaultNamespace,
    'image-registries': imageRegistries(policies),
    'image-tags': imageTags,
    probes,
    'required-labels': requiredLabels(policies),
    resources,
    'restricted-security': restrictedSecurity,
    'service-accounts': serviceAccounts,
    'service-types': serviceTypes,
  };
  return policies.rules.map((name) => rules[name]);
}
