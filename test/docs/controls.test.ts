import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, basename } from 'node:path';

import { answersTo, CONTROLS, isClaimed } from '../../tools/controls';
import { HOLDS } from '../../tools/controls-checks';
import { controlsPage } from '../../tools/controls-page';
import { environments, objectsOf } from '../support/dist';

const all = new Map(environments().map((name) => [name, objectsOf(name)]));

test('each control is answered by objects, or says whose it is', () => {
  expect(CONTROLS.length).toBeGreaterThan(60);
  for (const { id, objects, whose, shownBy = [] } of CONTROLS) {
    expect([id, objects !== undefined || whose !== undefined]).toEqual([id, true]);
    expect([id, objects === undefined || shownBy.length > 0]).toEqual([id, true]);
  }
  const ids = CONTROLS.map(({ standard, id }) => `${standard} ${id}`);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every item of CIS that a manifest answers is asserted', () => {
  const open = CONTROLS.filter(({ standard, objects, problems }) => standard === 'CIS' && objects && !problems);
  expect(open.map(({ id }) => id)).toEqual([]);
});

test('what shows a control is there', () => {
  const paths = [...new Set(CONTROLS.flatMap(({ shownBy = [] }) => shownBy))];
  const isThere = (path: string) =>
    existsSync(path) || readdirSync(dirname(path)).some((name) => name.startsWith(`${basename(path)}.`));
  expect(paths.filter((path) => !isThere(path))).toEqual([]);
});

describe.each([...all])('%s', (environment, objects) => {
  const claimed = CONTROLS.filter((control) => isClaimed(control, environment));

  test('has every object that answers a control', () => {
    const missing = claimed.flatMap((control) =>
      answersTo(control, objects)
        .filter(([, found]) => found.length === 0)
        .map(([wanted]) => `${control.standard} ${control.id}: ${wanted}`),
    );
    expect(missing).toEqual([]);
  });

  test.each(
    claimed.filter(({ problems }) => problems).map((control) => [`${control.standard} ${control.id}`, control]),
  )('%s holds', (_, control) => expect(control.problems!(objects)).toEqual([]));
});

/** One object that breaks each assertion: an assertion that finds nothing wrong with it asserts nothing. */
describe('what breaks an item is found', () => {
  const pod = (more: object = {}, container: object = {}) => [
    {
      kind: 'Deployment',
      metadata: { name: 'bad', namespace: 'bad' },
      spec: { template: { spec: { containers: [{ name: 'bad', ...container }], ...more } } },
    },
  ];
  const secured = (securityContext: object) => pod({}, { securityContext });
  const role = (rule: object) => [
    {
      kind: 'Role',
      metadata: { name: 'bad' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], ...rule }],
    },
  ];
  const binding = (roleRef: object, subjects: object[] = []) => [
    { kind: 'ClusterRoleBinding', metadata: { name: 'bad' }, roleRef, subjects },
  ];
  const namespace = [{ kind: 'Namespace', metadata: { name: 'default' } }];
  const broken: Record<keyof typeof HOLDS, [problems: (objects: any[]) => string[], objects: any[]]> = {
    noClusterAdmin: [HOLDS.noClusterAdmin, binding({ name: 'cluster-admin' })],
    noMasters: [HOLDS.noMasters, binding({ name: 'x' }, [{ name: 'system:masters' }])],
    noSecretsInRoles: [HOLDS.noSecretsInRoles, role({ resources: ['secrets'] })],
    noWildcards: [HOLDS.noWildcards, role({ verbs: ['*'] })],
    noPodCreation: [HOLDS.noPodCreation, role({ verbs: ['create'] })],
    noEscalation: [HOLDS.noEscalation, role({ verbs: ['escalate'] })],
    without: [HOLDS.without('nodes/proxy'), role({ resources: ['nodes/proxy'] })],
    ownAccounts: [HOLDS.ownAccounts, pod()],
    noTokens: [HOLDS.noTokens, pod()],
    restrictedNamespaces: [HOLDS.restrictedNamespaces, namespace],
    deniedByDefault: [HOLDS.deniedByDefault, namespace],
    boundedNamespaces: [HOLDS.boundedNamespaces, namespace],
    notInDefault: [HOLDS.notInDefault, namespace],
    notPrivileged: [HOLDS.notPrivileged, secured({ privileged: true })],
    notOfNode: [HOLDS.notOfNode('hostPID'), pod({ hostPID: true })],
    noPrivilegeEscalation: [HOLDS.noPrivilegeEscalation, secured({})],
    notRoot: [HOLDS.notRoot, secured({ runAsNonRoot: true, runAsUser: 0 })],
    allDropped: [HOLDS.allDropped, secured({ capabilities: { drop: ['NET_RAW'] } })],
    noneAdded: [HOLDS.noneAdded, secured({ capabilities: { add: ['NET_ADMIN'] } })],
    noHostProcess: [HOLDS.noHostProcess, secured({ windowsOptions: { hostProcess: true } })],
    noHostPath: [HOLDS.noHostPath, pod({ volumes: [{ name: 'x', hostPath: { path: '/' } }] })],
    noHostPort: [HOLDS.noHostPort, pod({}, { ports: [{ containerPort: 1, hostPort: 1 }] })],
    seccomp: [HOLDS.seccomp, secured({ seccompProfile: { type: 'Unconfined' } })],
    securityContexts: [HOLDS.securityContexts, pod()],
    readOnlyRoots: [HOLDS.readOnlyRoots, secured({})],
    namedSecrets: [HOLDS.namedSecrets, pod({}, { envFrom: [{ secretRef: { name: 'x' } }] })],
    encryptedEdge: [HOLDS.encryptedEdge, [{ kind: 'Ingress', metadata: { name: 'bad' }, spec: {} }]],
  };

  test.each(Object.entries(broken))('%s', (_, [problems, objects]) => expect(problems(objects)).toHaveLength(1));
});

/** Without what only the formatter decides: how wide the columns are. */
const plain = (page: string) =>
  page
    .replaceAll(/ *\| */g, '|')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll(/\n+/g, '\n');

test('the page is what the table and dist/ make of it', () => {
  expect(plain(readFileSync('docs/controls.md', 'utf8')).trim()).toBe(plain(controlsPage(CONTROLS, all)).trim());
});
