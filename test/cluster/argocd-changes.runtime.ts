/** @tools cluster kwok crds injector redis kustomize argocd */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { objectsIn } from '../support/dist';
import type { KubeObject } from './api';
import { said, Site } from './argocd-site';
import { BROKEN_TAG } from './stages';

const SYSTEM = 'todo-app';
const STAGES = ['dev', 'staging', 'production'];
const NAMESPACE = 'todo-web-dev';
const WAVE = 'argocd.argoproj.io/sync-wave';

const application = (environment: string) => `${SYSTEM}-${environment}`;

let site: Site;

/** When each object was written last, in milliseconds, by its kind and name. */
const written = new Map<string, number>();
/** When Argo CD was told to bring a commit to an environment, and when it was there: by both. */
const told = new Map<string, number>();
const well = new Map<string, number>();

const KINDS = [
  'api/v1/configmaps',
  'api/v1/services',
  'apis/apps/v1/deployments',
  'apis/networking.k8s.io/v1/ingresses',
  'apis/networking.k8s.io/v1/networkpolicies',
  'apis/policy/v1/poddisruptionbudgets',
];

/** Only what was applied counts: a change of what is declared, and not of a status. */
async function watchWrites(): Promise<void> {
  for (const resource of KINDS) {
    const [group, name] = [resource.slice(0, resource.lastIndexOf('/')), resource.slice(resource.lastIndexOf('/') + 1)];
    const seen = new Map<string, string>();
    await site.cluster.mirror(`/${group}/namespaces/${NAMESPACE}/${name}`, ({ metadata, spec }) => {
      const declared = JSON.stringify([metadata.labels, spec]);
      if (seen.get(metadata.name) === declared) return;
      seen.set(metadata.name, declared);
      written.set(`${name} ${metadata.name}`, Date.now());
    });
  }
  await site.cluster.mirror(
    '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications',
    ({ metadata, spec, status }) => {
      const key = `${metadata.name} ${spec.source.targetRevision}`;
      if (!told.has(key)) told.set(key, Date.now());
      const isWell = status?.sync?.revision === spec.source.targetRevision && status.sync.status === 'Synced';
      if (
        isWell &&
        status.health?.status === 'Healthy' &&
        status.operationState?.phase !== 'Running' &&
        !well.has(key)
      ) {
        well.set(key, Date.now());
      }
    },
  );
}

/** A commit comes to all stages; nothing goes on before it is everywhere. */
async function delivered(commit: string): Promise<void> {
  await site.argo.refresh(SYSTEM);
  for (const stage of STAGES) await site.until(application(stage), commit, 360);
}

/** The same of one that mends what the first stage is still tried with: nobody waits for the last try, as the guide says. */
async function mended(commit: string): Promise<void> {
  await site.argo.refresh(SYSTEM);
  await eventually(() => stagesTold(commit).includes('dev'), 120);
  await site.argo.terminate(application('dev'));
  await delivered(commit);
}

/** The stages that Argo CD was ever told to bring a commit to. */
const stagesTold = (commit: string) => STAGES.filter((stage) => told.has(`${application(stage)} ${commit}`));

/** Changes every object of the first stage, and none of the others, which need a rollout each. */
const label = (team: string) => site.edit(`${SYSTEM}/dev`, (overlay) => (overlay.costLabels = { team }));

const dev = (): string => site.folder(`${SYSTEM}/dev`);

const deployment = (name: string) => site.cluster.api.get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`);

beforeAll(async () => {
  site = await Site.start(
    [SYSTEM],
    STAGES.map((stage) => `${SYSTEM}/${stage}`),
  );
  // Pods that go one after the other are proven elsewhere, and would be most of the time here.
  site.edit(`${SYSTEM}/base`, (base) => {
    for (const name of ['frontend', 'backend']) base[name].rollout = { maxSurge: 10, minReadySeconds: 0 };
  });
  const first = site.synth('first');
  site.install();
  await watchWrites();
  await delivered(first);
}, 400_000);

afterAll(() => site?.cluster.stop());

proof(
  'a commit comes to dev, then to staging, then to production, and in each wave after wave',
  async () => {
    const before = new Map(written);
    site.edit(`${SYSTEM}/base`, (base) => (base.costLabels.team = 'others'));
    const commit = site.synth('another team');
    await delivered(commit);
    const times = STAGES.map((stage) => [`${application(stage)} ${commit}`] as const).map(([key]) => [
      told.get(key),
      well.get(key),
    ]);
    times.slice(1).forEach(([begin], index) => expect(begin).toBeGreaterThanOrEqual(times[index]![1]!));

    const plural = (kind: string) => `${kind.toLowerCase()}s`.replace(/ys$/, 'ies').replace(/sss$/, 'sses');
    const waves = new Map<number, number[]>();
    for (const { kind, metadata } of objectsIn(dev())) {
      const key = `${plural(kind)} ${metadata.name}`;
      const at = written.get(key);
      if (at === undefined || at === before.get(key)) continue;
      const wave = Number(metadata.annotations[WAVE]);
      waves.set(wave, [...(waves.get(wave) ?? []), at]);
    }
    const sorted = [...waves].sort(([a], [b]) => a - b);
    expect(sorted.map(([wave]) => wave)).toEqual([0, 10, 50, 51, 70, 90]);
    sorted.slice(1).forEach(([, at], index) => expect(Math.min(...at)).toBeGreaterThan(Math.max(...sorted[index]![1])));
    const seconds = (from?: number, to?: number) => ((to! - from!) / 1000).toFixed(0);
    return `waves ${sorted.map(([wave]) => wave).join(', ')}; ${times.map(([begin, end]) => seconds(begin, end)).join(' s, ')} s`;
  },
  300,
);

proof(
  'what somebody changes or deletes by hand is set back',
  async () => {
    const began = Date.now();
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/todo-backend`;
    const declared = (await deployment('todo-backend')).spec.replicas;
    await site.cluster.api.patch(path, { spec: { replicas: declared + 3 } });
    await site.cluster.api.delete(`/api/v1/namespaces/${NAMESPACE}/services/todo-frontend`);
    await eventually(async () => (await deployment('todo-backend')).spec.replicas === declared, 60);
    await eventually(
      async () => Boolean(await site.cluster.api.get(`/api/v1/namespaces/${NAMESPACE}/services/todo-frontend`)),
      60,
    );
    return `${((Date.now() - began) / 1000).toFixed(0)} s`;
  },
  150,
);

proof(
  'what is no longer in git is deleted, but for what holds data',
  async () => {
    const { api } = site.cluster;
    const extra = join(dev(), '99-extra.k8s.yaml');
    const meta = (name: string, annotations?: object) => ({ name, namespace: NAMESPACE, annotations });
    // Marked as the claims and namespaces of dist/ are; that they are so is a test of its own.
    const claim = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta('kept', { 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false' }),
    };
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('passing') };
    writeFileSync(extra, [claim, config].map((one) => stringify(one)).join('---\n'));
    await delivered(site.repository.commit('two more'));
    rmSync(extra);
    const commit = site.repository.commit('they go');
    await site.argo.refresh(SYSTEM);
    const get = (name: string) => api.get(`/api/v1/namespaces/${NAMESPACE}/configmaps/${name}`);
    await eventually(
      () =>
        get('passing').then(
          () => false,
          () => true,
        ),
      90,
    );
    expect((await get('kept')).metadata.name).toBe('kept');
    await eventually(() => site.argo.application(application('dev')).status.sync.revision === commit);
    expect((await get('kept')).metadata.deletionTimestamp).toBeUndefined();
    await api.delete(`/api/v1/namespaces/${NAMESPACE}/configmaps/kept`);
    await delivered(commit);
    return 'one deleted, one kept';
  },
  300,
);

proof(
  'a version that does not start holds its wave: nothing of later waves and later stages is touched, until a commit mends it',
  async () => {
    const before = new Map(written);
    const tag = (to: string) => site.edit(`${SYSTEM}/dev`, (overlay) => (overlay.backend.image.tag = to));
    label('yet-others');
    site.edit(`${SYSTEM}/dev`, (overlay) => (overlay.backend.rollout = { progressDeadlineSeconds: 20 }));
    tag(BROKEN_TAG);
    const broken = site.synth('a version that does not start');
    await site.argo.refresh(SYSTEM);
    const failed = () => site.argo.application(application('dev')).status.operationState;
    await eventually(() => failed().retryCount >= 1 || failed().phase === 'Failed', 120).catch(() => {
      throw new Error(said(site.argo.application(application('dev'))));
    });
    const touched = [...written].filter(([key, at]) => before.get(key) !== at).map(([key]) => key);
    expect(touched).toContain('deployments todo-backend');
    expect(touched).not.toContain('deployments todo-frontend');
    expect(touched.filter((key) => /^(ingresses|poddisruptionbudgets)/.test(key))).toEqual([]);
    expect(stagesTold(broken)).toEqual(['dev']);

    const began = Date.now();
    tag('dev');
    const commit = site.synth('mended');
    await mended(commit);
    expect(stagesTold(broken)).toEqual(['dev']);
    return `mended ${((well.get(`${application('dev')} ${commit}`)! - began) / 1000).toFixed(0)} s after the commit`;
  },
  700,
);

proof(
  'a smoke test that fails after the sync fails the sync, and keeps the commit from the next stage',
  async () => {
    const file = join(dev(), '91-smoke.k8s.yaml');
    mkdirSync(dev(), { recursive: true });
    const pod = parseAllDocuments(readFileSync(join(dev(), '50-apps.k8s.yaml'), 'utf8'))
      .map((document) => document.toJS())
      .find(({ kind }: KubeObject) => kind === 'Deployment');
    writeFileSync(file, stringify(smokeTest(pod, BROKEN_TAG)));
    // A hook alone is no difference: it runs with what is.
    label('smoke-a');
    const failing = site.synth('a smoke test');
    await site.argo.refresh(SYSTEM);
    const state = () => site.argo.application(application('dev')).status.operationState;
    await eventually(
      () =>
        state().syncResult?.resources?.some(
          ({ name, hookPhase }: KubeObject) => name === 'smoke' && hookPhase === 'Failed',
        ),
      120,
    ).catch(() => {
      throw new Error(said(site.argo.application(application('dev'))));
    });
    expect(stagesTold(failing)).toEqual(['dev']);
    writeFileSync(file, stringify(smokeTest(pod, 'dev')));
    label('smoke-b');
    await mended(site.synth('the smoke test is right'));
    expect(state().syncResult.resources.find(({ name }: KubeObject) => name === 'smoke').hookPhase).toBe('Succeeded');
    return state().message;
  },
  600,
);

/** A Job that Argo CD runs after the sync, as hardened as the pods around it. It fails where its image cannot be had. */
function smokeTest({ spec: { template } }: KubeObject, tag: string): object {
  const [container] = template.spec.containers;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'smoke',
      namespace: NAMESPACE,
      annotations: {
        'argocd.argoproj.io/hook': 'PostSync',
        'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
      },
    },
    spec: {
      activeDeadlineSeconds: tag === BROKEN_TAG ? 5 : 60,
      backoffLimit: 0,
      template: {
        metadata: { labels: { 'app.kubernetes.io/name': 'smoke' } },
        spec: {
          securityContext: template.spec.securityContext,
          automountServiceAccountToken: false,
          restartPolicy: 'Never',
          containers: [
            {
              name: 'smoke',
              image: `todo-backend:${tag}`,
              command: ['true'],
              resources: container.resources,
              securityContext: container.securityContext,
            },
          ],
        },
      },
    },
  };
}
