/** @tools cluster kwok crds argo-rollouts */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import type { KubeObject } from './api';
import { ArgoRollouts } from './argo-rollouts';
import { Backends } from './backends';
import { Cluster } from './control-plane';
import { addMachines } from './machines';
import { MetricsApi } from './metrics-api';
import { Release, SERVER_SIDE } from './release';
import { autoscaler, blueGreen, canary, WEIGHTS } from './rollout-samples';
import { BROKEN_TAG } from './stages';

const PROMOTER = 'promoter';

let cluster: Cluster;
let argo: ArgoRollouts;

beforeAll(async () => {
  const users = { [PROMOTER]: [] };
  cluster = await Cluster.start({ controllers: true, scheduler: true, autoscalerPeriod: 1, users });
  argo = await ArgoRollouts.start(cluster);
  await addMachines(cluster);
}, 180_000);

afterAll(() => cluster?.stop());

const plugin = (release: Release, command: readonly string[], user?: string) =>
  argo.plugin([...command, release.name, `--namespace=${release.namespace}`], user);

/** What the Services of a strategy have behind them, in this order. */
const watch = (release: Release, ...services: string[]): Promise<Backends[]> =>
  Promise.all(services.map((service) => Backends.watch(cluster, release.namespace, service)));

/** Deploys a version and waits until the release pauses; the hash of its template. */
async function paused(release: Release, tag: string): Promise<string> {
  await release.deploy(tag);
  return (await release.until('Paused')).status.currentPodHash;
}

proof(
  'blue-green: the new version is behind the preview until it is promoted, then all at once behind the Service; back as fast; aborted, it never gets there',
  async () => {
    const release = await Release.start(cluster, blueGreen('blue-green'));
    const { activeService, previewService } = release.declared.spec.strategy.blueGreen;
    const [active, preview] = (await watch(release, activeService, previewService)) as [Backends, Backends];
    const { stableRS: first } = (await release.rollout()).status;
    await active.until(first);

    const second = await paused(release, '2');
    await preview.until(second);
    expect(active.versions).toEqual([first]);
    expect(await release.pods()).toEqual({ [first]: 3, [second]: 3 });

    const promoted = Date.now();
    plugin(release, ['promote']);
    await active.until(second);
    const seconds = (Date.now() - promoted) / 1000;
    await release.until('Healthy');

    // The old pods are still there, so there is nothing to pause for.
    await release.deploy('1');
    await active.until(first);
    await release.until('Healthy');

    const third = await paused(release, '3');
    await preview.until(third);
    // It is switched before the first of its pods is ready.
    expect(preview.problems()).toEqual([`${previewService} had no pods`]);
    plugin(release, ['abort']);
    await release.until('Degraded');
    expect([...active.versions, ...active.problems(), ...preview.problems()]).toEqual([first]);
    // When the pods of an aborted version are gone, the preview leads nowhere.
    await preview.until();
    expect(active.problems()).toEqual([]);
    return `switched ${seconds.toFixed(1)} s after the promotion, at no time none or mixed`;
  },
  150,
);

proof(
  `canary: ingress-nginx is told ${WEIGHTS.join(' and ')} %, each Service has one version, and an abort takes the weight to 0`,
  async () => {
    const release = await Release.start(cluster, canary('canary'));
    const { stableService, canaryService } = release.declared.spec.strategy.canary;
    const weights = await release.weights();
    const [stable, next] = (await watch(release, stableService, canaryService)) as [Backends, Backends];
    const { stableRS: first } = (await release.rollout()).status;
    await next.until(first);

    const second = await paused(release, '2');
    await next.until(second);
    expect(await release.pods()).toEqual({ [first]: 3, [second]: 1 });
    for (const _ of WEIGHTS) {
      expect([weights.at(-1), ...stable.versions]).toEqual([WEIGHTS[weights.length - 2], first]);
      const before = weights.length;
      plugin(release, ['promote']);
      await eventually(() => weights.length > before);
      await release.until(weights.at(-1) === WEIGHTS.at(-1) ? 'Paused' : 'Healthy');
    }
    await eventually(() => weights.at(-1) === 0);
    expect(weights).toEqual([0, ...WEIGHTS, 100, 0]);
    await stable.until(second);

    await paused(release, '3');
    plugin(release, ['abort']);
    await release.until('Degraded');
    await eventually(() => weights.at(-1) === 0);
    expect(weights.slice(5)).toEqual([WEIGHTS[0], 0]);
    expect([...stable.versions, ...stable.problems(), ...next.problems()]).toEqual([second]);
    return weights.join(' → ');
  },
  120,
);

proof(
  'a canary is a copy of the whole Ingress, with paths of others: two of them would meet in one Ingress',
  async () => {
    const release = await Release.start(cluster, canary('copied'));
    const ingresses = await cluster.api.list('/apis/networking.k8s.io/v1/namespaces/copied/ingresses');
    const pathsOf = ({ spec }: KubeObject) =>
      spec.rules[0].http.paths.map(({ path, backend }: KubeObject) => `${path} ${backend.service.name}`);
    const copy = ingresses.find(({ metadata }) => metadata.name === `${release.name}-edge-canary`);
    expect(pathsOf(copy)).toEqual(['/api backend-canary', '/ frontend']);
    expect(Object.keys(copy.metadata.annotations).sort()).toEqual([
      'nginx.ingress.kubernetes.io/canary',
      'nginx.ingress.kubernetes.io/canary-weight',
    ]);
    return pathsOf(copy).join(', ');
  },
);

proof('an ALB is told the weights by an annotation of the Ingress, which the files do not have', async () => {
  const trafficRouting = { alb: { ingress: 'edge', servicePort: 80 } };
  const release = await Release.start(
    cluster,
    canary('alb', { canary: { trafficRouting }, port: { name: 'use-annotation' } }),
  );
  const { stableService } = release.declared.spec.strategy.canary;
  const weights = async (): Promise<string[]> => {
    const { metadata } = await cluster.api.get('/apis/networking.k8s.io/v1/namespaces/alb/ingresses/edge');
    const action = JSON.parse(metadata.annotations[`alb.ingress.kubernetes.io/actions.${stableService}`]);
    return action.ForwardConfig.TargetGroups.map(
      ({ ServiceName, Weight }: KubeObject) => `${ServiceName} ${Weight ?? 0}`,
    );
  };
  await paused(release, '2');
  const before = await weights();
  expect(before).toEqual([`backend-canary ${WEIGHTS[0]}`, `backend ${100 - WEIGHTS[0]!}`]);
  release.apply(release.version('2'), [...SERVER_SIDE, '--force-conflicts']);
  expect(await weights()).toEqual(before);
  return before.join(', ');
});

/** The files, applied again in the middle of a canary: what the Services had behind them, and their selectors. */
async function applyAgain(namespace: string, selected: boolean, args: readonly string[]) {
  const release = await Release.start(cluster, canary(namespace, { selected }), args);
  const { stableService, canaryService } = release.declared.spec.strategy.canary;
  const selectors = async () =>
    Promise.all([stableService, canaryService].map(async (name) => (await release.service(name)).spec.selector));
  await paused(release, '2');
  const services = (await watch(release, stableService, canaryService)) as [Backends, Backends];
  await eventually(() => services.every(({ versions }) => versions.length === 1));
  services.forEach((service) => service.problems());
  const before = { selectors: await selectors(), generation: (await release.rollout()).metadata.generation };
  const again = async (how: readonly string[]) => {
    release.apply(release.version('2'), how);
    return { selectors: await selectors(), generation: (await release.rollout()).metadata.generation };
  };
  return { before, again, services };
}

proof(
  'the files applied again in the middle of a canary change nothing: server-side, forced, client-side, since their Services leave the selector to the controller',
  async () => {
    const server = await applyAgain('again-server', false, SERVER_SIDE);
    expect(await server.again(SERVER_SIDE)).toEqual(server.before);
    expect(await server.again([...SERVER_SIDE, '--force-conflicts'])).toEqual(server.before);
    const client = await applyAgain('again-client', false, []);
    expect(await client.again([])).toEqual(client.before);
    expect([...server.services, ...client.services].flatMap((service) => service.problems())).toEqual([]);
    return Object.keys(server.before.selectors[0]).join();
  },
  120,
);

proof(
  'with selectors in the files they are kept only client-side: server-side is refused, and forced it sends requests to both versions, which is seen',
  async () => {
    const client = await applyAgain('selected-client', true, []);
    expect(await client.again([])).toEqual(client.before);
    expect(client.services.flatMap((service) => service.problems())).toEqual([]);

    const server = await applyAgain('selected-server', true, ['--server-side', '--force-conflicts']);
    await expect(server.again(SERVER_SIDE)).rejects.toThrow(/conflict with "rollouts-controller".*: \.spec\.selector/);
    const forced = await server.again([...SERVER_SIDE, '--force-conflicts']);
    const [stable] = server.services;
    await eventually(() => stable.versions.length === 2);
    expect(forced.selectors.flatMap((selector) => Object.keys(selector))).not.toContain('rollouts-pod-template-hash');
    expect(stable.problems()).toEqual([expect.stringContaining('had pods of several versions at once')]);
    return 'refused; forced, mixed';
  },
  120,
);

proof(
  'an autoscaler scales a Rollout, and its figure stays when the files are applied again and in a canary',
  async () => {
    const metrics = await MetricsApi.start(cluster);
    const objects = [...canary('scaled', { replicas: 0 }), autoscaler('scaled')];
    const { minReplicas, maxReplicas } = objects.at(-1)!.spec;
    let cpu = 0;
    metrics.usage = () => ({ backend: { cpu } });
    const release = await Release.start(cluster, objects);
    const scaledTo = (replicas: number) => eventually(async () => (await release.rollout()).spec.replicas === replicas);
    await scaledTo(minReplicas);
    cpu = 5;
    await scaledTo(maxReplicas);
    await release.until('Healthy');
    release.apply();
    expect((await release.rollout()).spec.replicas).toBe(maxReplicas);
    const second = await paused(release, '2');
    expect((await release.pods())[second]).toBe(Math.ceil((maxReplicas * WEIGHTS[0]!) / 100));
    return `${minReplicas} → ${maxReplicas}, and in the canary ${JSON.stringify(Object.values(await release.pods()))}`;
  },
  120,
);

proof(
  'an image that cannot be pulled gets no request, and after its deadline the release is aborted by itself',
  async () => {
    const spec = { progressDeadlineSeconds: 6, progressDeadlineAbort: true };
    const [green, weighted] = await Promise.all([
      Release.start(cluster, blueGreen('late-blue-green', { spec })),
      Release.start(cluster, canary('late-canary', { spec })),
    ]);
    const weights = await weighted.weights();
    const releases = [green, weighted];
    const stable = (await Promise.all(releases.map((release) => watch(release, release.name)))).flat();
    const before = stable.map(({ versions }) => versions);
    await Promise.all(releases.map((release) => release.deploy(BROKEN_TAG)));
    const ends = await Promise.all(releases.map((release) => release.until('Degraded')));
    expect(ends.map(({ status }) => status.abort)).toEqual([true, true]);
    expect(stable.map(({ versions }) => versions)).toEqual(before);
    expect([...stable.flatMap((service) => service.problems()), ...weights]).toEqual([0]);
    return ends[0].status.message;
  },
  90,
);

const rbac = (kind: string, content: object) =>
  ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name: PROMOTER }, ...content }) as const;

proof(
  'who may get rollouts and patch rollouts/status promotes and aborts, and deploys nothing',
  async () => {
    const release = await Release.start(cluster, canary('promoted'));
    const { namespace } = release;
    const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const rules = [
      { apiGroups: ['argoproj.io'], resources: ['rollouts'], verbs: ['get'] },
      { apiGroups: ['argoproj.io'], resources: ['rollouts/status'], verbs: ['patch'] },
    ];
    const apiGroup = 'rbac.authorization.k8s.io';
    await paused(release, '2');
    expect(() => plugin(release, ['promote'], PROMOTER)).toThrow(/cannot get resource "rollouts"/);
    await cluster.api.create(`${roles}/roles`, rbac('Role', { rules }));
    const subjects = [{ apiGroup, kind: 'User', name: PROMOTER }];
    const roleRef = { apiGroup, kind: 'Role', name: PROMOTER };
    await cluster.api.create(`${roles}/rolebindings`, rbac('RoleBinding', { roleRef, subjects }));
    const weights = await release.weights();
    await eventually(() => plugin(release, ['promote'], PROMOTER).includes('promoted'));
    await eventually(() => weights.at(-1) === WEIGHTS[1]);
    plugin(release, ['abort'], PROMOTER);
    await release.until('Degraded');
    const deploy = ['set', 'image', release.name, 'backend=example.invalid/backend:3', `--namespace=${namespace}`];
    expect(() => argo.plugin(deploy, PROMOTER)).toThrow(/cannot update resource "rollouts"/);
    expect(() => plugin(release, ['restart'], PROMOTER)).toThrow(/cannot patch resource "rollouts"/);
    return 'promoted, aborted; set image and restart refused';
  },
  90,
);
