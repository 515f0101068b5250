import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse, parseAllDocuments, stringify } from 'yaml';

import { EXIT, synth } from '../../src/cli/synth';
import { type ArgoCdSettings, resolveArgoCd } from '../../src/delivery/argocd-settings';
import { argoCdFiles, type DeliveredEnvironment } from '../../src/outputs/argocd';
import { resolveDelivery } from '../../src/platform/delivery-settings';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { readFiles, temporaryFolder, writeFiles } from './folders';

const all: Complete<ArgoCdSettings> = {
  repository: 'https://example.com/shop.git',
  revision: 'main',
  path: 'deploy/dist',
  namespace: 'gitops',
  server: 'https://api.example.com:6443',
  stages: [{ environments: ['dev'] }, { environments: ['test', 'staging'] }, { environments: ['production'] }],
  retries: 4,
  windows: [
    {
      kind: 'deny',
      schedule: '0 17 * * 5',
      duration: '60h',
      timeZone: 'Europe/Berlin',
      environments: ['production'],
      manualSync: false,
    },
  ],
};

const object = (apiVersion: string, kind: string, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name: kind === 'Namespace' ? 'shop-dev' : 'x', namespace },
});

const environment = (name: string, delivery = resolveDelivery()): DeliveredEnvironment => ({
  system: 'shop',
  environment: name,
  delivery,
  manifests: [
    { ...object('v1', 'Namespace'), metadata: { name: `shop-${name}` } },
    object('v1', 'Service', `shop-${name}`),
    object('apps/v1', 'Deployment', `shop-${name}`),
    object('scheduling.k8s.io/v1', 'PriorityClass'),
  ],
});

const ENVIRONMENTS = ['dev', 'production', 'staging', 'standby'].map((name) => environment(name));

const filesFor = (settings: ArgoCdSettings = all, environments = ENVIRONMENTS) =>
  Object.fromEntries(argoCdFiles(resolveArgoCd(settings), environments).map(({ path, text }) => [path, text]));

const objectsIn = (text: string): any[] => parseAllDocuments(text).map((document) => document.toJS());

const one = (path: string, name: string, settings?: ArgoCdSettings, environments?: DeliveredEnvironment[]) =>
  objectsIn(filesFor(settings, environments)[path]!).find(({ kind, metadata }) => `${kind} ${metadata.name}` === name);

const TOP = 'argocd/shop.yaml';
const BELOW = 'argocd/shop/applications.yaml';

test('every setting reaches the files', () => {
  const make = (settings: ArgoCdSettings) => filesFor(settings, [...ENVIRONMENTS, environment('test')]);
  expect(leavesWithoutEffect(all, make)).toEqual([]);
});

test('how an environment is kept reaches its Application', () => {
  const kept = { automated: true, selfHeal: true, prune: true };
  const make = (delivery: typeof kept) => filesFor(all, [environment('dev', delivery)]);
  expect(leavesWithoutEffect(kept, make)).toEqual([]);
  const policy = (delivery: Partial<typeof kept>) =>
    one(BELOW, 'Application shop-dev', all, [environment('dev', resolveDelivery(delivery))]).spec.syncPolicy.automated;
  expect(policy({})).toEqual({ selfHeal: true, prune: true });
  expect(policy({ selfHeal: false })).toEqual({ selfHeal: false, prune: true });
  expect(policy({ prune: false })).toEqual({ selfHeal: true, prune: false });
  expect(policy({ automated: false })).toBeUndefined();
});

test('what nobody says is as the settings say that it is', () => {
  const { repository } = all;
  expect(resolveArgoCd({ repository })).toEqual({
    repository,
    revision: 'HEAD',
    path: 'dist',
    namespace: 'argocd',
    server: 'https://kubernetes.default.svc',
    stages: [['dev'], ['test', 'staging'], ['production']],
    retries: 3,
    windows: [],
  });
});

test('a system may put its kinds into its namespaces, and nothing else', () => {
  const { spec } = one(TOP, 'AppProject shop');
  expect(spec.sourceRepos).toEqual([all.repository]);
  expect(spec.destinations).toEqual(
    ['shop-dev', 'shop-production', 'shop-staging', 'shop-standby'].map((namespace) => ({
      server: all.server,
      namespace,
    })),
  );
  expect(spec.clusterResourceWhitelist).toEqual([
    { group: '', kind: 'Namespace' },
    { group: 'scheduling.k8s.io', kind: 'PriorityClass' },
  ]);
  expect(spec.namespaceResourceWhitelist).toEqual([
    { group: '', kind: 'Service' },
    { group: 'apps', kind: 'Deployment' },
  ]);
  expect(JSON.stringify(spec)).not.toContain('*"');
});

test('who makes Applications makes nothing else, and only beside Argo CD', () => {
  const { spec } = one(TOP, 'AppProject shop-stages');
  expect(spec.destinations).toEqual([{ server: 'https://kubernetes.default.svc', namespace: 'gitops' }]);
  expect(spec.clusterResourceWhitelist).toEqual([]);
  expect(spec.namespaceResourceWhitelist).toEqual([{ group: 'argoproj.io', kind: 'Application' }]);
});

test('stages are waves, each environment at the commit in which its Application stands', () => {
  const applications = objectsIn(filesFor()[BELOW]!);
  expect(
    applications.map(({ metadata }) => [metadata.name, metadata.annotations['argocd.argoproj.io/sync-wave']]),
  ).toEqual([
    ['shop-dev', '1'],
    ['shop-staging', '2'],
    ['shop-production', '3'],
  ]);
  const { source, project } = one(TOP, 'Application shop').spec;
  const [commit] = Object.keys(source.kustomize.commonAnnotations);
  expect(source).toMatchObject({ path: 'deploy/dist/argocd/shop', targetRevision: 'main' });
  expect(project).toBe('shop-stages');
  const [{ source: from, targets }] = parse(filesFor()['argocd/shop/Kustomization']!).replacements;
  expect(applications.map(({ metadata }) => metadata.name)).toContain(from.name);
  expect(from.fieldPath).toBe(`metadata.annotations.${commit}`);
  expect(targets).toEqual([{ select: { kind: 'Application' }, fieldPaths: ['spec.source.targetRevision'] }]);
});

test('an environment in no stage follows the branch by itself', () => {
  const { spec, metadata } = one(TOP, 'Application shop-standby');
  expect(spec.source).toEqual({
    repoURL: all.repository,
    targetRevision: 'main',
    path: 'deploy/dist/shop/standby',
    directory: { include: '*.k8s.yaml' },
  });
  expect(spec.destination).toEqual({ server: all.server, namespace: 'shop-standby' });
  expect(metadata.annotations).toBeUndefined();
  expect(filesFor()[BELOW]).not.toContain('standby');
  expect(Object.keys(filesFor({ ...all, stages: [] }))).not.toContain(BELOW);
});

test('no Application takes its objects with it, and none makes a namespace', () => {
  const applications = [TOP, BELOW]
    .flatMap((path) => objectsIn(filesFor()[path]!))
    .filter(({ kind }) => kind === 'Application');
  expect(applications.filter(({ metadata }) => metadata.finalizers)).toEqual([]);
  for (const { spec } of applications) expect(spec.syncPolicy.syncOptions).toContain('CreateNamespace=false');
});

test('a window is that of the environments that it names', () => {
  expect(one(TOP, 'AppProject shop').spec.syncWindows).toEqual([
    {
      kind: 'deny',
      schedule: '0 17 * * 5',
      duration: '60h',
      timeZone: 'Europe/Berlin',
      manualSync: false,
      applications: ['shop-production'],
    },
  ]);
  expect(one(TOP, 'AppProject shop', all, [environment('dev')]).spec.syncWindows).toBeUndefined();
});

test('at the top of the repository there is no folder before', () => {
  expect(one(TOP, 'Application shop-standby', { ...all, path: '.' }).spec.source.path).toBe('shop/standby');
});

describe('synth', () => {
  const system = 'contacts';
  const registry = { systems: { [system]: SYSTEMS[system]! }, validators: { [system]: validators[system]! } };
  const overlays = Object.entries(readFiles('overlays')).filter(([path]) => /^(contacts|schemas)\//.test(path));

  /** Runs it on this argocd.yaml; what it says, and the names of the files that it made. */
  function run(settings: object | undefined, args: string[] = [], out = join(temporaryFolder(), 'dist'), dev = '') {
    const root = temporaryFolder(Object.fromEntries(overlays));
    writeFiles(root, { 'contacts/dev.yaml': readFileSync('overlays/contacts/dev.yaml', 'utf8') + dev });
    if (settings) writeFiles(root, { 'argocd.yaml': stringify(settings) });
    let text = '';
    const say = (said: string) => void (text += said);
    const code = synth(['--quiet', '--overlays', root, '--out', out, ...args], registry, { out: say, error: say });
    mkdirSync(out, { recursive: true });
    const names = Object.keys(readFiles(out)).filter((path) => path.startsWith('argocd/'));
    return { code, text: text.replaceAll(`${root}/`, ''), names, out };
  }

  const repository = 'https://example.com/contacts.git';

  test('a full run writes the files, one of a part leaves them, and without settings there are none', () => {
    const { code, names, out } = run({ repository });
    expect(code).toBe(EXIT.done);
    expect(names).toEqual([
      'argocd/contacts.yaml',
      'argocd/contacts/Kustomization',
      'argocd/contacts/applications.yaml',
      'argocd/patches/argocd-cm.yaml',
    ]);
    expect(run(undefined, ['--only', `${system}/dev`], out).names).toEqual(names);
    expect(run(undefined, [], out)).toMatchObject({ code: EXIT.done, names: [] });
  });

  test('an overlay says how its environment is kept', () => {
    const { code, out } = run({ repository }, [], undefined, '\ndelivery: { automated: false }\n');
    expect(code).toBe(EXIT.done);
    const applications = objectsIn(readFiles(out)['argocd/contacts/applications.yaml']!);
    expect(applications.map(({ spec }) => spec.syncPolicy.automated)).toEqual([
      undefined,
      { selfHeal: true, prune: true },
      { selfHeal: true, prune: true },
    ]);
    const refused = run({ repository }, [], undefined, '\ndelivery: { automated: yes, heal: true }\n');
    expect(refused.code).toBe(EXIT.refused);
    expect(refused.text).toContain('delivery.automated: expected true or false, got "yes"');
    expect(refused.text).toContain('delivery.heal: unknown key');
  });

  test.each([
    ['no repository', {}, 'argocd.yaml:1:1 repository: is missing; expected the address of a git repository'],
    ['no address', { repository: 'shop' }, 'repository: expected the address of a git repository such as'],
    ['a folder with slashes around it', { path: '/dist/' }, 'path: expected a folder such as dist or deploy/dist'],
    ['a folder above', { path: '../dist' }, 'path: expected a folder'],
    ['an insecure API server', { server: 'http://cluster' }, 'server: expected the address of an API server'],
    ['half a retry', { retries: 0.5 }, 'retries: expected an integer ≥ 0, got 0.5'],
    ['a name that nobody knows', { stage: [] }, 'stage: unknown key; did you mean "stages"?'],
    ['an empty stage', { stages: [{ environments: [] }] }, 'with at least 1 item'],
    [
      'an environment that no system has',
      { stages: [{ environments: ['qa'] }] },
      'stages[0].environments[0]: no system has an environment "qa"; known are dev, production, test',
    ],
    [
      'an environment in two stages',
      { stages: [{ environments: ['dev'] }, { environments: ['dev'] }] },
      'stages[1].environments: "dev" is in a stage already; name it once',
    ],
    [
      'a window at no time',
      { windows: [{ kind: 'deny', schedule: '0 25 * * *', duration: '1h', environments: ['dev'] }] },
      'windows[0].schedule: expected as its hour numbers from 0 to 23',
    ],
    [
      'a window nowhere',
      {
        windows: [
          { kind: 'deny', schedule: '0 5 * * *', duration: '1h', environments: ['dev'], timeZone: 'Mars/Base' },
        ],
      },
      'windows[0].timeZone: no time zone is called "Mars/Base"',
    ],
    [
      'a window of nobody',
      { windows: [{ kind: 'allow', schedule: '0 5 * * *', duration: '1h', environments: ['qa'] }] },
      'windows[0].environments[0]: no system has an environment "qa"',
    ],
  ])('refuses %s', (_, wrong, message) => {
    const settings = Object.keys(wrong).length === 0 ? { revision: 'main' } : { repository, ...wrong };
    const { code, text, names } = run(settings);
    expect(text).toContain(message);
    expect({ code, names }).toEqual({ code: EXIT.refused, names: [] });
  });
});
