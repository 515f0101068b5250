import type { KubeObject } from './api';
import type { Cluster } from './control-plane';

/** Who asks: a ServiceAccount, or a person of whom nothing is known but a group. */
export interface Who {
  readonly title: string;
  readonly user: string;
  readonly groups: readonly string[];
  /** As a RoleBinding names it. */
  readonly subject: { readonly kind: string; readonly name: string; readonly namespace?: string };
}

/** Something to do with objects, or with a path that is none of an object. */
export interface Deed {
  readonly verb: string;
  readonly group?: string;
  /** With the subresource: `pods/exec`. */
  readonly resource?: string;
  /** None for what is done across namespaces. */
  readonly namespace?: string;
  /** None for what is done to any of them. */
  readonly name?: string;
  readonly path?: string;
}

const AUTHENTICATED = 'system:authenticated';

export const account = (namespace: string, name: string): Who => ({
  title: `ServiceAccount ${namespace}/${name}`,
  user: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED],
  subject: { kind: 'ServiceAccount', name, namespace },
});

export const member = (group: string): Who => ({
  title: `Group ${group}`,
  user: `somebody in ${group}`,
  groups: [group, AUTHENTICATED],
  subject: { kind: 'Group', name: group },
});

/** Every ServiceAccount, those that namespaces have by themselves included, and every group that is bound to something. */
export function everybody(objects: readonly KubeObject[]): Who[] {
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  const groups = subjectsOf(objects)
    .filter(({ kind }) => kind === 'Group')
    .map(({ name }) => name);
  const accounts = [
    ...of('Namespace').map(({ metadata }) => account(metadata.name, 'default')),
    ...of('ServiceAccount').map(({ metadata }) => account(metadata.namespace, metadata.name)),
  ];
  // The account that a namespace has by itself may be declared, too.
  return [...new Map(accounts.map((who) => [who.user, who])).values(), ...[...new Set(groups)].map(member)];
}

const bindingsIn = (objects: readonly KubeObject[]) =>
  objects.filter(({ kind }) => /^(Cluster)?RoleBinding$/.test(kind));
const subjectsOf = (objects: readonly KubeObject[]): any[] =>
  bindingsIn(objects).flatMap(({ subjects }) => subjects ?? []);

/** A binding to a User, or to a role that stands elsewhere, would be out of sight of what is computed here. */
export function beyond(objects: readonly KubeObject[]): string[] {
  const users = subjectsOf(objects).filter(({ kind }) => !['Group', 'ServiceAccount'].includes(kind));
  const open = bindingsIn(objects).filter((binding) => !roleOf(objects, binding));
  return [
    ...users.map(({ kind, name }) => `${kind} ${name} is bound, and nobody asks for it`),
    ...open.map(({ metadata, roleRef }) => `${metadata.name}: ${roleRef.kind} ${roleRef.name} is not in the folder`),
  ];
}

/* What may be done, as declared. */

const roleOf = (objects: readonly KubeObject[], { roleRef, metadata }: KubeObject) =>
  objects.find(
    (object) =>
      object.kind === roleRef.kind &&
      object.metadata.name === roleRef.name &&
      (object.kind === 'ClusterRole' || object.metadata.namespace === metadata.namespace),
  );

interface Grant {
  /** None for everywhere. */
  readonly namespace?: string;
  readonly rule: KubeObject;
}

/** The rules that bindings give to somebody. */
export const grantsTo = (who: Who, objects: readonly KubeObject[]): Grant[] =>
  bindingsIn(objects)
    .filter(({ subjects, metadata }) => subjects?.some((subject: any) => isFor(who, subject, metadata.namespace)))
    .flatMap((binding) =>
      (roleOf(objects, binding)?.rules ?? []).map((rule: any) => ({ namespace: binding.metadata.namespace, rule })),
    );

const isFor = ({ subject, groups }: Who, { kind, name, namespace }: any, bound?: string) =>
  kind === 'Group'
    ? groups.includes(name)
    : kind === subject.kind && name === subject.name && (namespace ?? bound) === subject.namespace;

/** As RBAC decides it. */
export function allows({ namespace, rule }: Grant, deed: Deed): boolean {
  const has = (list: readonly string[] = [], ...wanted: string[]) => ['*', ...wanted].some((one) => list.includes(one));
  if (!has(rule.verbs, deed.verb)) return false;
  if (deed.path) return namespace === undefined && has(rule.nonResourceURLs, deed.path);
  const [, part] = deed.resource!.split('/');
  return (
    (namespace === undefined || namespace === deed.namespace) &&
    has(rule.apiGroups, deed.group!) &&
    has(rule.resources, deed.resource!, ...(part ? [`*/${part}`] : [])) &&
    (!rule.resourceNames || rule.resourceNames.includes(deed.name))
  );
}

/* What the server knows, and what it says. */

/** What is asked of RBAC, and is no object of the API. */
const SPECIAL = [
  ['rbac.authorization.k8s.io', 'escalate', 'roles', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'bind', 'roles', 'clusterroles'],
  ['', 'impersonate', 'users', 'groups', 'serviceaccounts'],
  ['authentication.k8s.io', 'impersonate', 'uids', 'userextras/scopes'],
  ['certificates.k8s.io', 'approve', 'signers'],
  ['certificates.k8s.io', 'sign', 'signers'],
  ['certificates.k8s.io', 'attest', 'signers'],
  ['*', '*', '*'],
] as const;

const PATHS = [
  ...['/', '/api', '/apis', '/openapi/v2', '/openapi/v3', '/version', '/healthz', '/livez', '/readyz', '/metrics'],
  ...['/logs', '/debug/pprof/profile', '/configz', '/statusz', '/flagz', '/metrics/slis', '*'],
  ...['/.well-known/openid-configuration', '/openid/v1/jwks'],
];

/** Of a namespace, or of all of them at once. */
export const EVERYWHERE = undefined;

/** All that the server knows to be done: with what is in a namespace in each of these, and with what is in none. */
export async function everyDeed({ api }: Cluster, namespaces: readonly (string | undefined)[]): Promise<Deed[]> {
  const versions = ['/api/v1', ...(await api.get('/apis')).groups.flatMap(pathsOf)];
  const lists = await Promise.all(versions.map((path) => api.get(path)));
  const places = (namespaced: boolean) => (namespaced ? namespaces : [EVERYWHERE]);
  const known = lists.flatMap(({ groupVersion, resources }) =>
    resources.flatMap(({ name, namespaced, verbs }: any) =>
      places(namespaced).flatMap((namespace) =>
        verbs.map((verb: string) => ({ group: groupVersion.split('/').at(-2) ?? '', resource: name, verb, namespace })),
      ),
    ),
  );
  return [
    // Several versions know the same.
    ...new Map(known.map((deed) => [textOf(deed), deed])).values(),
    ...SPECIAL.flatMap(([group, verb, ...resources]) =>
      resources.flatMap((resource) => places(true).map((namespace) => ({ group, resource, verb, namespace }))),
    ),
    ...PATHS.flatMap((path) => ['get', 'post'].map((verb) => ({ path, verb }))),
  ];
}

const pathsOf = ({ versions }: any): string[] => versions.map(({ groupVersion }: any) => `/apis/${groupVersion}`);

/** Those of the deeds that the server's own authorizer allows. */
export async function allowedTo(cluster: Cluster, who: Who, deeds: readonly Deed[]): Promise<Set<Deed>> {
  const allowed = new Set<Deed>();
  const rest = deeds.values();
  const ask = async () => {
    for (const deed of rest) if (await mayDo(cluster, who, deed)) allowed.add(deed);
  };
  await Promise.all(Array.from({ length: 32 }, ask));
  return allowed;
}

async function mayDo({ api }: Cluster, { user, groups }: Who, deed: Deed): Promise<boolean> {
  const { path, verb, group, namespace, name } = deed;
  const [resource, subresource] = deed.resource?.split('/') ?? [];
  const what = path
    ? { nonResourceAttributes: { path, verb } }
    : { resourceAttributes: { verb, group, resource, subresource, namespace, name } };
  const { status } = await api.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, ...what },
  });
  if (status.evaluationError) throw new Error(`${user}, ${textOf(deed)}: ${status.evaluationError}`);
  return status.allowed;
}

export const textOf = ({ verb, path, group, resource, namespace, name }: Deed): string => {
  const what = path ?? [group, resource, name].filter((part) => part).join(' ');
  return `${verb} ${what}${path ? '' : namespace ? ` in ${namespace}` : ' everywhere'}`;
};

export interface Rights {
  readonly who: Who;
  /** What was asked. */
  readonly deeds: readonly Deed[];
  /** What the server allows of it. */
  readonly allowed: ReadonlySet<Deed>;
}

/** Where the server does not say what the objects declare, or what it says to everybody everywhere. */
export function rightsProblems(
  { who, deeds, allowed }: Rights,
  everyone: ReadonlySet<string>,
  objects: readonly KubeObject[],
): string[] {
  const grants = grantsTo(who, objects);
  return deeds.flatMap((deed) => {
    const expected =
      everyone.has(textOf({ ...deed, namespace: EVERYWHERE })) || grants.some((grant) => allows(grant, deed));
    if (expected === allowed.has(deed)) return [];
    return [`${who.title} ${expected ? 'may not' : 'may'} ${textOf(deed)}`];
  });
}

/* The rules themselves, as the server resolves them for who asks: also for names and kinds that nobody thought of. */

/** One line for each verb of each resource and name that somebody with this token has in a namespace. */
export async function rulesOf(cluster: Cluster, token: string, namespace: string): Promise<string[]> {
  const { status } = await cluster.apiFor(token).create('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  });
  if (status.incomplete) throw new Error(`the rules of ${namespace} are incomplete: ${status.evaluationError}`);
  return [...status.resourceRules, ...status.nonResourceRules].flatMap(linesOf);
}

/** The same lines for what is declared. */
export const declaredRules = (who: Who, objects: readonly KubeObject[], namespace: string): string[] =>
  grantsTo(who, objects)
    .filter((grant) => grant.namespace === undefined || grant.namespace === namespace)
    .flatMap(({ rule }) => linesOf(rule));

function linesOf({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: any): string[] {
  const names = resourceNames.length > 0 ? resourceNames : [''];
  const each = <T>(list: readonly T[], line: (item: T) => string[]) => list.flatMap(line);
  return each(verbs as string[], (verb) => [
    ...nonResourceURLs.map((path: string) => `${verb} ${path}`),
    ...each(apiGroups as string[], (group) =>
      each(resources as string[], (resource) =>
        names.map((name: string) => textOf({ verb, group, resource, name, namespace: 'it' })),
      ),
    ),
  ]);
}

/** Where the rules in a namespace are not those that are declared and those of everybody. */
export function rulesProblems(
  who: Who,
  namespace: string,
  seen: readonly string[],
  everyone: readonly string[],
  objects: readonly KubeObject[],
): string[] {
  const expected = new Set([...everyone, ...declaredRules(who, objects, namespace)]);
  const found = new Set(seen);
  const text = (line: string) => line.replace(/ in it$/, ` in ${namespace}`);
  return [
    ...[...found].filter((line) => !expected.has(line)).map((line) => `${who.title} has the rule ${text(line)}`),
    ...[...expected].filter((line) => !found.has(line)).map((line) => `${who.title} has not the rule ${text(line)}`),
  ];
}
