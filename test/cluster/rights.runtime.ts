/** @tools cluster crds injector */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments, filesOf, objectsOf } from '../support/dist';
import type { ApiError, KubeObject } from './api';
import { Cluster } from './control-plane';
import { addInjector } from './injector';
import { APPLY } from './live';
import {
  account,
  allowedTo,
  allows,
  beyond,
  type Deed,
  everybody,
  everyDeed,
  EVERYWHERE,
  grantsTo,
  member,
  rightsProblems,
  rulesOf,
  rulesProblems,
  textOf,
  type Who,
} from './rights';
import { podsFrom, tokenProblems, tokensIn } from './tokens';

/** All environments are on one cluster: nobody of one may have rights in another. */
const objects = environments().flatMap(objectsOf);
const smallest = environments().sort((a, b) => objectsOf(a).length - objectsOf(b).length)[0]!;
const ELSEWHERE = 'kube-system';
const ofKind = (environment: string, kind: string) => objectsOf(environment).filter((object) => object.kind === kind);
const namespacesOf = (environment: string): string[] =>
  ofKind(environment, 'Namespace').map(({ metadata }) => metadata.name);
const isAccount = ({ subject }: Who) => subject.kind === 'ServiceAccount';
const groupsOf = (environment: string) => everybody(objectsOf(environment)).filter((who) => !isAccount(who));

/** Bound to nothing: what they may do, everybody may. */
const STRANGERS = [account(ELSEWHERE, 'stranger'), member('strangers')] as const;
const strangerLike = (who: Who) => STRANGERS[isAccount(who) ? 0 : 1];

let cluster: Cluster;
const everyone = new Map<Who, { deeds: Set<string>; rules: string[] }>();
const tokens = new Map<string, string>();

/** One as its pods would get it, or as the person has it. */
async function tokenOf(who: Who): Promise<string> {
  if (!isAccount(who)) return cluster.tokenOf(who.user);
  const { namespace, name } = who.subject;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const token = tokens.get(path) ?? (await cluster.api.create(path, request)).status.token;
  tokens.set(path, token);
  return token;
}

/** Controllers would make it for each namespace. */
const makeAccount = ({ subject: { namespace, name } }: Who) =>
  cluster.api.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  });

/** Controllers would count; until somebody has, no pod is admitted. */
const beginQuota = ({ metadata: { namespace, name }, spec: { hard } }: KubeObject) =>
  cluster.api.patch(`/api/v1/namespaces/${namespace}/resourcequotas/${name}/status`, {
    status: { hard, used: Object.fromEntries(Object.keys(hard).map((key) => [key, '0'])) },
  });

async function askFor(who: Who, deeds: readonly Deed[]): Promise<{ problems: string[]; allowed: number }> {
  const allowed = await allowedTo(cluster, who, deeds);
  const problems = rightsProblems({ who, deeds, allowed }, everyone.get(strangerLike(who))!.deeds, objects);
  return { problems, allowed: allowed.size };
}

/** Of all environments' namespaces, and another. */
async function reviewOf(who: Who): Promise<string[]> {
  const token = await tokenOf(who);
  const namespaces = [...environments().flatMap(namespacesOf), ELSEWHERE];
  const problems: string[] = [];
  // One after the other by one connection: to begin one costs more than the answers.
  for (const namespace of namespaces) {
    const seen = await rulesOf(cluster, token, namespace);
    problems.push(...rulesProblems(who, namespace, seen, everyone.get(strangerLike(who))!.rules, objects));
  }
  return problems;
}

beforeAll(async () => {
  const people = [...everybody(objects), ...STRANGERS].filter((who) => !isAccount(who));
  cluster = await Cluster.start({
    users: Object.fromEntries(people.map(({ user, subject }) => [user, [subject.name]])),
  });
  cluster.applyCrdsFor(objects);
  await addInjector(cluster);
  await makeAccount(STRANGERS[0]);
  // Before anything of ours is there: what we would give to everybody must not pass for Kubernetes' own.
  const deeds = await everyDeed(cluster, [EVERYWHERE]);
  for (const who of STRANGERS) {
    const allowed = await allowedTo(cluster, who, deeds);
    everyone.set(who, {
      deeds: new Set([...allowed].map(textOf)),
      rules: await rulesOf(cluster, await tokenOf(who), ELSEWHERE),
    });
  }
  cluster.kubectl([
    ...APPLY,
    ...environments()
      .flatMap(filesOf)
      .flatMap((file) => ['-f', file]),
  ]);
  const declared = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata);
  const defaults = everybody(objects).filter(
    ({ subject: { name, namespace } }) =>
      name === 'default' && !declared.some((one) => one.name === name && one.namespace === namespace),
  );
  await Promise.all([
    ...defaults.map(makeAccount),
    ...objects.filter(({ kind }) => kind === 'ResourceQuota').map(beginQuota),
  ]);
}, 180_000);

afterAll(() => cluster.stop());

test('what is bound, is bound to somebody who is asked for', () => {
  expect(beyond(objects)).toEqual([]);
});

proof(
  'every account and group has the declared rules, in all namespaces, and those of everybody',
  async () => {
    const all = everybody(objects);
    const began = Date.now();
    // The authorizer learns of what was applied a moment later.
    await eventually(async () => (await reviewOf(all.at(-1)!)).length === 0).catch(() => {});
    for (const who of all) expect(await reviewOf(who)).toEqual([]);
    const rules = STRANGERS.map((who) => everyone.get(who)!.rules.length).join(' and ');
    const places = environments().flatMap(namespacesOf).length + 1;
    return `${all.length} of them in ${places} namespaces, ${rules} rules of everybody, ${Date.now() - began} ms`;
  },
  300,
);

/* By environment. */

/** What applications run as. */
const RELEASED = ['Deployment', 'Rollout'];

const groupOf = ({ apiVersion }: KubeObject) => apiVersion.split('/')[0];
const resourceOf = ({ kind }: KubeObject) => `${kind.toLowerCase()}s`;
const pathOf = (object: KubeObject, namespace: string) =>
  `/apis/${object.apiVersion}/namespaces/${namespace}/${resourceOf(object)}`;

/** What nobody gets of us, tried. */
const FORBIDDEN: readonly (Deed & { readonly call: (namespace: string) => readonly [path: string, body?: object] })[] =
  [
    { verb: 'list', group: '', resource: 'secrets', call: (ns) => [`/api/v1/namespaces/${ns}/secrets`] },
    {
      verb: 'create',
      group: '',
      resource: 'pods/exec',
      call: (ns) => [`/api/v1/namespaces/${ns}/pods/any/exec?command=id`, {}],
    },
    {
      verb: 'create',
      group: '',
      resource: 'pods',
      call: (ns) => [`/api/v1/namespaces/${ns}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'any' } }],
    },
    {
      verb: 'create',
      group: '',
      resource: 'serviceaccounts/token',
      call: (ns) => [
        `/api/v1/namespaces/${ns}/serviceaccounts/default/token`,
        { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      ],
    },
    ...['role', 'rolebinding'].map((kind) => ({
      verb: 'create',
      group: 'rbac.authorization.k8s.io',
      resource: `${kind}s`,
      call: (ns: string): [string, object] => [`${rbac(ns)}/${kind}s`, { metadata: { name: 'any' } }],
    })),
  ];

const rbac = (namespace: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;

/** Who was not refused, by real requests with its own token. */
async function triedProblems(who: Who, namespace: string): Promise<string[]> {
  const api = cluster.apiFor(await tokenOf(who));
  const tries = FORBIDDEN.map(async ({ call, ...deed }) => {
    const [path, body] = call(namespace);
    const answer = body ? api.create(path, body) : api.get(path);
    const status = await answer.then(
      () => 200,
      (error: unknown) => (error as ApiError).status,
    );
    return status === 403 ? [] : [`${who.title} was not refused: ${textOf({ ...deed, namespace })}: ${status}`];
  });
  return (await Promise.all(tries)).flat();
}

describe.each(environments())('%s', (environment) => {
  const namespaces = namespacesOf(environment);
  const workloads = podsFrom(objectsOf(environment));
  const released = objectsOf(environment).find(({ kind }) => RELEASED.includes(kind));

  proof(
    `${environment}: the API server allows each account and group exactly what is declared and what everybody may`,
    async () => {
      // Who has no right of its own is asked about its own namespace: a right everywhere would be one there, too.
      const few = await everyDeed(cluster, namespaces);
      const many = await everyDeed(cluster, [...namespaces, ELSEWHERE, EVERYWHERE]);
      let [asked, allowed] = [0, 0];
      for (const who of everybody(objectsOf(environment))) {
        const deeds = grantsTo(who, objects).length === 0 ? few : many;
        const answer = await askFor(who, deeds);
        expect(answer.problems).toEqual([]);
        asked += deeds.length;
        allowed += answer.allowed;
      }
      return `${asked} questions, ${allowed} allowed`;
    },
    300,
  );

  proof(
    `${environment}: with their own tokens all look at pods, and none gets at Secrets, pods or rights`,
    async () => {
      const groups = groupsOf(environment);
      for (const who of groups) {
        for (const namespace of namespaces) {
          expect(await triedProblems(who, namespace)).toEqual([]);
          const api = cluster.apiFor(await tokenOf(who));
          expect((await api.list(pathOf(released, namespace))).length).toBeGreaterThan(0);
        }
      }
      return `${groups.length * namespaces.length * FORBIDDEN.length} requests refused to ${groups.length} groups`;
    },
  );

  proof(`${environment}: who may change a ${released.kind} does, and who may not is refused`, async () => {
    const { namespace, name } = released.metadata;
    const deed = { verb: 'patch', group: groupOf(released), resource: resourceOf(released), namespace };
    const path = `${pathOf(released, namespace)}/${name}?dryRun=All`;
    const answers = await Promise.all(
      groupsOf(environment).map(async (who) => {
        const change = cluster.apiFor(await tokenOf(who)).patch(path, { metadata: { annotations: { tried: 'yes' } } });
        const done = await change.then(
          ({ metadata }) => metadata.annotations.tried === 'yes',
          (error: unknown) => (error as ApiError).status !== 403,
        );
        return { done, declared: grantsTo(who, objects).some((grant) => allows(grant, deed)) };
      }),
    );
    expect(answers.filter(({ done, declared }) => done !== declared)).toEqual([]);
    const done = answers.filter((one) => one.done).length;
    expect([done, answers.length - done]).toEqual([1, 1]);
    return `${done} of ${answers.length} groups`;
  });

  proof(`${environment}: no pod gets a token for the API server`, async () => {
    const admitted = await Promise.all(workloads.map(tryPod));
    expect(admitted.flatMap((pod, index) => tokenProblems(pod, workloads[index]!))).toEqual([]);
    const others = admitted.flatMap(tokensIn).map(({ audience }) => audience);
    return `${admitted.length} pods, ${others.length} tokens for others: ${[...new Set(others)].join(', ') || 'none'}`;
  });
});

/** As the API server would store it, sidecar and all. */
const tryPod = (pod: KubeObject): Promise<KubeObject> =>
  cluster.api.create(`/api/v1/namespaces/${pod.metadata.namespace}/pods?dryRun=All`, pod);

/* Broken on purpose. */

describe('what is wrong', () => {
  const [namespace] = namespacesOf(smallest) as [string];
  const [group] = groupsOf(smallest) as [Who];
  const [
    {
      metadata: { name: accountName },
    },
  ] = ofKind(smallest, 'ServiceAccount') as [KubeObject];
  const workload = account(namespace, accountName);
  const cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    await eventually(async () => (await reviewOf(group)).length + (await reviewOf(workload)).length === 0);
  });

  async function add(path: string, object: KubeObject): Promise<void> {
    await cluster.api.create(path, { apiVersion: 'rbac.authorization.k8s.io/v1', ...object });
    cleanUps.push(() => cluster.api.delete(`${path}/${object.metadata.name}`));
  }

  /** Gives somebody more than is declared. */
  async function give(subject: object, rule: object): Promise<void> {
    const metadata = { name: 'more' };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'more' };
    await add(`${rbac(namespace)}/roles`, { metadata, rules: [rule] });
    await add(`${rbac(namespace)}/rolebindings`, { metadata, roleRef, subjects: [subject] });
  }

  const groupSubject = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name });

  /** The authorizer learns of it a moment later. */
  const seenBy = async (who: Who): Promise<string[]> => {
    await eventually(async () => (await reviewOf(who)).length > 0);
    return reviewOf(who);
  };

  proof('a verb too many and one too few in a Role are seen', async () => {
    const bound = ofKind(smallest, 'RoleBinding').find(({ subjects }) => subjects[0].name === group.subject.name);
    const role = ofKind(smallest, 'Role').find(({ metadata }) => metadata.name === bound.roleRef.name);
    const path = `${rbac(namespace)}/roles/${role.metadata.name}`;
    const [first, ...rest] = role.rules;
    const verbs = [...first.verbs.filter((verb: string) => verb !== 'watch'), 'deletecollection'];
    cleanUps.push(() => cluster.api.patch(path, { rules: role.rules }));
    await cluster.api.patch(path, { rules: [{ ...first, verbs }, ...rest] });

    const review = await seenBy(group);
    const { problems } = await askFor(group, await everyDeed(cluster, [namespace]));
    const expected = (may: string, verb: string, where: string) =>
      first.resources.map((resource: string) => `${group.title} ${may} ${verb} ${resource} in ${where}`);
    expect(problems.sort()).toEqual(
      [...expected('may', 'deletecollection', namespace), ...expected('may not', 'watch', namespace)].sort(),
    );
    expect(review.sort()).toEqual(
      [
        ...expected('has the rule', 'deletecollection', namespace),
        ...expected('has not the rule', 'watch', namespace),
      ].sort(),
    );
    return `${problems.length} answers and ${review.length} rules`;
  });

  proof('a binding of a ServiceAccount to cluster-admin is seen', async () => {
    await add('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'more' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [workload.subject],
    });
    const review = await seenBy(workload);
    expect(review).toContain(`${workload.title} has the rule * * * in ${ELSEWHERE}`);
    const deeds = await everyDeed(cluster, [namespace]);
    const { problems } = await askFor(workload, deeds);
    expect(problems.length).toBeGreaterThan(deeds.length * 0.9);
    expect(problems).toContain(`${workload.title} may list secrets in ${namespace}`);
    return `${problems.length} of ${deeds.length} answers`;
  });

  proof('a right to one Secret by name is seen', async () => {
    const rule = { apiGroups: [''], resources: ['secrets'], resourceNames: ['credentials'], verbs: ['get'] };
    await give(groupSubject(group.subject.name), rule);
    expect(await seenBy(group)).toEqual([`${group.title} has the rule get secrets credentials in ${namespace}`]);
    return 'by the review of rules';
  });

  proof('a right for all accounts there are is seen', async () => {
    await give(groupSubject('system:serviceaccounts'), { apiGroups: [''], resources: ['pods'], verbs: ['list'] });
    expect(await seenBy(workload)).toEqual([`${workload.title} has the rule list pods in ${namespace}`]);
    const { problems } = await askFor(workload, await everyDeed(cluster, [namespace]));
    expect(problems).toEqual([`${workload.title} may list pods in ${namespace}`]);
    return 'by review and by answer';
  });

  proof('who gets at Secrets is seen', async () => {
    await give(groupSubject(group.subject.name), { apiGroups: [''], resources: ['secrets'], verbs: ['list'] });
    await seenBy(group);
    expect(await triedProblems(group, namespace)).toEqual([
      `${group.title} was not refused: list secrets in ${namespace}: 200`,
    ]);
    return 'got through';
  });

  proof('a template that leaves the token to its account, whose token is mounted, is seen', async () => {
    const pod = podsFrom(objectsOf(smallest)).find(({ spec }) => spec.serviceAccountName === accountName)!;
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${accountName}`;
    cleanUps.push(() => cluster.api.patch(path, { automountServiceAccountToken: false }));
    await cluster.api.patch(path, { automountServiceAccountToken: true });
    const { automountServiceAccountToken: _, ...spec } = pod.spec;
    let problems: string[] = [];
    await eventually(async () => {
      problems = tokenProblems(await tryPod({ ...pod, spec }), pod);
      return problems.length > 0;
    });
    expect(problems).toEqual([`${pod.metadata.name} gets a token for the API server in volume kube`]);
    return 'a projected volume';
  });
});
