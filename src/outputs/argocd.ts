import type { ResolvedArgoCd } from '../delivery/argocd-settings';
import type { DeliverySettings } from '../platform/delivery-settings';
import { applicationHealth } from './argocd-health';
import { KUSTOMIZATION } from './kustomization';
import { HEADER, type OutputFile } from './plain';
import { toYaml } from './yaml';

/** An environment as Argo CD sees it: where it is, what is in it, and how it is kept so. */
export interface DeliveredEnvironment {
  readonly system: string;
  readonly environment: string;
  readonly manifests: readonly any[];
  readonly delivery: Required<DeliverySettings>;
}

const FOLDER = 'argocd';

/** Argo CD's own cluster, in which its Applications are. */
const OWN_CLUSTER = 'https://kubernetes.default.svc';

/** The annotation in which the commit of a stage's Applications comes to them. */
const COMMIT = 'cdk8s-webstack/commit';

const API = { apiVersion: 'argoproj.io/v1alpha1' };

/**
 * What Argo CD is to know: for each system who may put what where, and its environments. The files at the top are applied by
 * hand; Argo CD reads what is below, at the commit that it is about to roll out.
 */
export function argoCdFiles(settings: ResolvedArgoCd, environments: readonly DeliveredEnvironment[]): OutputFile[] {
  const systems = [...new Set(environments.map(({ system }) => system))];
  const staged = settings.stages.flat();
  const files = systems.flatMap((system) => {
    const all = environments.filter((one) => one.system === system);
    const inStages = all.filter(({ environment }) => staged.includes(environment));
    const others = all.filter(({ environment }) => !staged.includes(environment));
    const stages = inStages.length > 0 ? [stagesProject(system, settings), stagesApplication(system, settings)] : [];
    const applications = others.map((one) => application(one, settings, settings.revision));
    const top = [systemProject(system, all, settings), ...stages, ...applications];
    return [fileOf(`${FOLDER}/${system}.yaml`, top), ...stageFiles(system, inStages, settings)];
  });
  return [...files, fileOf(`${FOLDER}/patches/argocd-cm.yaml`, [applicationHealth()])];
}

const fileOf = (path: string, objects: readonly object[]): OutputFile => ({
  path,
  text: HEADER + objects.map(toYaml).join('---\n'),
});

/** Where a folder of `dist/` is in the repository. */
const inRepository = ({ path }: ResolvedArgoCd, folder: string) => (path === '.' ? folder : `${path}/${folder}`);

const nameOf = ({ system, environment }: DeliveredEnvironment) => `${system}-${environment}`;

/** Labels of what belongs to a system. */
const labelsOf = (system: string) => ({
  'app.kubernetes.io/managed-by': 'cdk8s-webstack',
  'app.kubernetes.io/part-of': system,
});

/** The rights of a system: its namespaces, from this repository alone, and just the kinds that it has. */
function systemProject(system: string, all: readonly DeliveredEnvironment[], settings: ResolvedArgoCd): object {
  const manifests = all.flatMap((environment) => environment.manifests);
  const namespaces = distinct(manifests.flatMap(({ metadata }) => metadata.namespace ?? []));
  const cluster = manifests.filter(({ metadata }) => metadata.namespace === undefined);
  const windows = settings.windows.flatMap(({ environments, ...window }) => {
    const applications = all.filter(({ environment }) => environments.includes(environment)).map(nameOf);
    return applications.length > 0 ? [{ ...window, applications }] : [];
  });
  return {
    ...API,
    kind: 'AppProject',
    metadata: { name: system, namespace: settings.namespace, labels: labelsOf(system) },
    spec: {
      description: `The environments of ${system}`,
      sourceRepos: [settings.repository],
      destinations: namespaces.map((namespace) => ({ server: settings.server, namespace })),
      clusterResourceWhitelist: kindsOf(cluster),
      namespaceResourceWhitelist: kindsOf(manifests.filter((manifest) => !cluster.includes(manifest))),
      ...(windows.length > 0 ? { syncWindows: windows } : {}),
    },
  };
}

/** Whoever may make Applications may use every project, so this is one of its own: nothing else is made by it. */
const stagesProject = (system: string, { repository, namespace }: ResolvedArgoCd) => ({
  ...API,
  kind: 'AppProject',
  metadata: { name: `${system}-stages`, namespace, labels: labelsOf(system) },
  spec: {
    description: `The Applications of ${system}`,
    sourceRepos: [repository],
    destinations: [{ server: OWN_CLUSTER, namespace }],
    clusterResourceWhitelist: [],
    namespaceResourceWhitelist: [{ group: 'argoproj.io', kind: 'Application' }],
  },
});

/** Makes the Applications of the stages, one stage after the other, each for the commit that it was told of itself. */
const stagesApplication = (system: string, settings: ResolvedArgoCd) => ({
  ...API,
  kind: 'Application',
  metadata: { name: system, namespace: settings.namespace, labels: labelsOf(system) },
  spec: {
    project: `${system}-stages`,
    source: {
      repoURL: settings.repository,
      targetRevision: settings.revision,
      path: inRepository(settings, `${FOLDER}/${system}`),
      kustomize: { commonAnnotations: { [COMMIT]: '${ARGOCD_APP_REVISION}' }, commonAnnotationsEnvsubst: true },
    },
    destination: { server: OWN_CLUSTER, namespace: settings.namespace },
    // Without an end: it fails as long as a stage does, and only by trying again it sees the commit that mends that.
    // Often, for it applies Applications and no more.
    syncPolicy: { automated: { prune: true, selfHeal: true }, ...syncing(-1, '15s') },
  },
});

/** An environment. */
function application(one: DeliveredEnvironment, settings: ResolvedArgoCd, revision: string, wave?: number): object {
  const { system, environment, manifests, delivery } = one;
  const { automated, ...how } = delivery;
  const namespace = manifests.find(({ kind }) => kind === 'Namespace')?.metadata.name;
  return {
    ...API,
    kind: 'Application',
    metadata: {
      name: nameOf(one),
      namespace: settings.namespace,
      labels: { ...labelsOf(system), environment },
      ...(wave === undefined ? {} : { annotations: { 'argocd.argoproj.io/sync-wave': `${wave}` } }),
    },
    spec: {
      project: system,
      source: {
        repoURL: settings.repository,
        targetRevision: revision,
        path: inRepository(settings, `${system}/${environment}`),
        // Not by kustomize, whose file is there, too.
        directory: { include: '*.k8s.yaml' },
      },
      destination: { server: settings.server, namespace },
      syncPolicy: { ...(automated ? { automated: how } : {}), ...syncing(settings.retries) },
    },
  };
}

/** How it is applied, and tried again; by then somebody may have mended it. */
const syncing = (limit: number, maxDuration = '3m') => ({
  retry: { limit, refresh: true, backoff: { duration: '10s', factor: 2, maxDuration } },
  syncOptions: ['CreateNamespace=false', 'FailOnSharedResource=true', 'PruneLast=true', 'ServerSideApply=true'],
});

/**
 * The Applications of the stages. They are not to follow a branch each by itself, so their revision is filled in when they are
 * made: with the commit in which they stand.
 */
function stageFiles(system: string, all: readonly DeliveredEnvironment[], settings: ResolvedArgoCd): OutputFile[] {
  if (all.length === 0) return [];
  const applications = settings.stages.flatMap((names, index) =>
    all
      .filter(({ environment }) => names.includes(environment))
      .map((one) => application(one, settings, settings.revision, index + 1)),
  );
  const kustomization = {
    ...KUSTOMIZATION,
    resources: ['applications.yaml'],
    replacements: [
      {
        source: { kind: 'Application', name: nameOf(all[0]!), fieldPath: `metadata.annotations.${COMMIT}` },
        targets: [{ select: { kind: 'Application' }, fieldPaths: ['spec.source.targetRevision'] }],
      },
    ],
  };
  const folder = `${FOLDER}/${system}`;
  return [fileOf(`${folder}/applications.yaml`, applications), fileOf(`${folder}/Kustomization`, [kustomization])];
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

function kindsOf(manifests: readonly any[]): object[] {
  const names = manifests.map(
    ({ apiVersion, kind }) => `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}`,
  );
  return distinct(names).map((name) => ({ group: name.split('/')[0], kind: name.split('/')[1] }));
}
