/** @tools cluster kwok crds argo-rollouts */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { AWS } from '../support/system';
import type { KubeObject } from './api';
import { ArgoRollouts } from './argo-rollouts';
import { Backends } from './backends';
import { Cluster } from './control-plane';
import { addMachines } from './machines';
import { MetricsApi } from './metrics-api';
import { Release, type Render, SERVER_SIDE } from './release';
import { BLUE_GREEN, CANARY, DEPLOYERS, shop, VIEWERS, WEIGHTS } from './shop';
import { BROKEN_TAG } from './stages';

const [DEPLOYER, VIEWER, STRANGER] = ['deployer', 'viewer', 'stranger'] as const;

let cluster: Cluster;
let argo: ArgoRollouts;

beforeAll(async () => {
  const users = { [DEPLOYER]: [DEPLOYERS], [VIEWER]: [VIEWERS], [STRANGER]: [] };
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
  release.deploy(tag);
  return (await release.until('Paused')).status.currentPodHash;
}

proof(
  'blue-green: the new version is behind the preview until it is promoted, then all at once behind the Service; back as fast; aborted, it never gets there; the budget counts both',
  async () => {
    const release = await Release.start(cluster, shop('blue-green', BLUE_GREEN));
    const { activeService, previewService } = release.declared.spec.strategy.blueGreen;
    const [active, preview] = (await watch(release, activeService, previewService)) as [Backends, Backends];
    const { stableRS: first } = (await release.rollout()).status;
    await active.until(first);

    const second = await paused(release, '2');
    await preview.until(second);
    expect(active.versions).toEqual([first]);
    expect(await release.pods()).toEqual({ [first]: 3, [second]: 3 });
    await eventually(async () => (await release.budget()).currentHealthy === 6);

    const promoted = Date.now();
    plugin(release, ['promote']);
    await active.until(second);
    const seconds = (Date.now() - promoted) / 1000;
    await release.until('Healthy');

    // The old pods are still there, so there is nothing to pause for.
    release.deploy('1');
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
    const release = await Release.start(cluster, shop('canary', CANARY));
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

proof('a canary is a copy of the Ingress of its service alone; what the others answer stays in theirs', async () => {
  const release = await Release.start(cluster, shop('copied', CANARY));
  const ingresses = await cluster.api.list('/apis/networking.k8s.io/v1/namespaces/copied/ingresses');
  const pathsOf = ({ metadata, spec }: KubeObject) =>
    spec.rules[0].http.paths.map(
      ({ path, backend }: KubeObject) => `${metadata.name}: ${path} ${backend.service.name}`,
    );
  const paths = ingresses.flatMap(pathsOf).sort();
  expect(paths).toEqual(['edge-shop: /api shop', 'edge: / front', 'shop-edge-shop-canary: /api shop-canary']);
  const copy = ingresses.find(({ metadata }) => metadata.name === `${release.name}-edge-shop-canary`);
  expect(Object.keys(copy.metadata.annotations).sort()).toEqual([
    'nginx.ingress.kubernetes.io/canary',
    'nginx.ingress.kubernetes.io/canary-weight',
  ]);
  return paths.join('; ');
});

proof('an ALB is told the weights by an annotation of the Ingress, which the files do not have', async () => {
  const options = {
    system: { cloud: AWS },
    edge: { type: 'alb' as const, alb: { subnetCidrs: ['10.0.0.0/20'] } },
  };
  const release = await Release.start(cluster, shop('alb', CANARY, options));
  const weights = async (): Promise<string[]> => {
    const { metadata } = await cluster.api.get('/apis/networking.k8s.io/v1/namespaces/alb/ingresses/edge');
    const action = JSON.parse(metadata.annotations['alb.ingress.kubernetes.io/actions.shop']);
    return action.ForwardConfig.TargetGroups.map(
      ({ ServiceName, Weight }: KubeObject) => `${ServiceName} ${Weight ?? 0}`,
    );
  };
  await paused(release, '2');
  const before = await weights();
  expect(before).toEqual([`shop-canary ${WEIGHTS[0]}`, `shop ${100 - WEIGHTS[0]!}`]);
  release.deploy('2', [...SERVER_SIDE, '--force-conflicts']);
  expect(await weights()).toEqual(before);
  return before.join(', ');
});

/** The files, applied again in the middle of a canary: what the Services had behind them, and their selectors. */
async function applyAgain(render: Render, args: readonly string[]) {
  const release = await Release.start(cluster, render, args);
  const { stableService, canaryService } = release.declared.spec.strategy.canary;
  const seen = async () => {
    const services = await Promise.all([stableService, canaryService].map((name) => release.service(name)));
    const { metadata } = await release.rollout();
    return { selectors: services.map(({ spec }) => spec.selector), generation: metadata.generation };
  };
  await paused(release, '2');
  const services = (await watch(release, stableService, canaryService)) as [Backends, Backends];
  await eventually(() => services.every(({ versions }) => versions.length === 1));
  services.forEach((service) => service.problems());
  const before = await seen();
  const again = (how: readonly string[]) => {
    release.deploy('2', how);
    return seen();
  };
  return { before, again, services };
}

proof(
  'the files applied again in the middle of a canary change nothing: server-side, forced, client-side, since their Services leave the selector to the controller',
  async () => {
    const server = await applyAgain(shop('again-server', CANARY), SERVER_SIDE);
    expect(await server.again(SERVER_SIDE)).toEqual(server.before);
    expect(await server.again([...SERVER_SIDE, '--force-conflicts'])).toEqual(server.before);
    const client = await applyAgain(shop('again-client', CANARY), []);
    expect(await client.again([])).toEqual(client.before);
    expect([...server.services, ...client.services].flatMap((service) => service.problems())).toEqual([]);
    return Object.keys(server.before.selectors[0]).join();
  },
  120,
);

/** What would be rendered if these Services had a selector like all others. */
const selected =
  (render: Render): Render =>
  (tag) => {
    const objects = render(tag);
    const { matchLabels } = objects.find(({ kind }) => kind === 'Rollout').spec.selector;
    return objects.map((object) =>
      object.kind === 'Service' ? { ...object, spec: { selector: matchLabels, ...object.spec } } : object,
    );
  };

proof(
  'with selectors in the files they are kept only client-side: server-side is refused, and forced it sends requests to both versions, which is seen',
  async () => {
    const client = await applyAgain(selected(shop('selected-client', CANARY)), []);
    expect(await client.again([])).toEqual(client.before);
    expect(client.services.flatMap((service) => service.problems())).toEqual([]);

    const forced = [...SERVER_SIDE, '--force-conflicts'];
    const server = await applyAgain(selected(shop('selected-server', CANARY)), forced);
    expect(() => server.again(SERVER_SIDE)).toThrow(/conflict with "rollouts-controller".*: \.spec\.selector/);
    const { selectors } = await server.again(forced);
    const [stable] = server.services;
    await eventually(() => stable.versions.length === 2);
    expect(selectors.flatMap((selector) => Object.keys(selector))).not.toContain('rollouts-pod-template-hash');
    expect(stable.problems()).toEqual([expect.stringContaining('had pods of several versions at once')]);
    return 'refused; forced, mixed';
  },
  120,
);

proof(
  'an autoscaler scales a Rollout, and its figure stays when the files are applied again and in a canary',
  async () => {
    const metrics = await MetricsApi.start(cluster);
    const service = { replicas: 2, autoscaling: { maxReplicas: 4 } };
    let cpu = 0;
    metrics.usage = () => ({ shop: { cpu } });
    const release = await Release.start(cluster, shop('scaled', CANARY, { service }));
    const scaledTo = (replicas: number) => eventually(async () => (await release.rollout()).spec.replicas === replicas);
    await scaledTo(2);
    cpu = 5;
    await scaledTo(4);
    await release.until('Healthy');
    release.deploy('1');
    expect((await release.rollout()).spec.replicas).toBe(4);
    const second = await paused(release, '2');
    expect((await release.pods())[second]).toBe(Math.ceil((4 * WEIGHTS[0]!) / 100));
    return `2 → 4, and in the canary ${JSON.stringify(Object.values(await release.pods()))}`;
  },
  120,
);

proof(
  'an image that cannot be pulled gets no request, and after its deadline the release is aborted by itself',
  async () => {
    const service = { rollout: { minReadySeconds: 1, progressDeadlineSeconds: 6 } };
    const [green, weighted] = await Promise.all([
      Release.start(cluster, shop('late-blue-green', BLUE_GREEN, { service })),
      Release.start(cluster, shop('late-canary', CANARY, { service })),
    ]);
    const weights = await weighted.weights();
    const releases = [green, weighted];
    const stable = (await Promise.all(releases.map((release) => watch(release, release.name)))).flat();
    const before = stable.map(({ versions }) => versions);
    releases.forEach((release) => release.deploy(BROKEN_TAG));
    const ends = await Promise.all(releases.map((release) => release.until('Degraded')));
    expect(ends.map(({ status }) => status.abort)).toEqual([true, true]);
    expect(stable.map(({ versions }) => versions)).toEqual(before);
    expect([...stable.flatMap((service) => service.problems()), ...weights]).toEqual([0]);
    return ends[0].status.message;
  },
  90,
);

proof(
  'the rendered roles: a deployer looks at a release, promotes, aborts, retries and undoes it; a viewer only looks, and a stranger does nothing',
  async () => {
    const release = await Release.start(cluster, shop('rights', CANARY));
    const weights = await release.weights();
    const { stableRS: first } = (await release.rollout()).status;
    await paused(release, '2');
    const look = (user: string) => plugin(release, ['get', 'rollout'], user);
    expect(look(DEPLOYER)).toMatch(new RegExp(`SetWeight: +${WEIGHTS[0]}\\n`));
    expect(look(VIEWER)).toMatch(/Paused[^]*ReplicaSet[^]*Pod/);
    expect(() => plugin(release, ['promote'], STRANGER)).toThrow(/cannot get resource "rollouts"/);

    plugin(release, ['promote'], DEPLOYER);
    await eventually(() => weights.at(-1) === WEIGHTS[1]);
    plugin(release, ['abort'], DEPLOYER);
    await release.until('Degraded');
    plugin(release, ['retry', 'rollout'], DEPLOYER);
    await eventually(() => weights.at(-1) === WEIGHTS[0]);
    plugin(release, ['abort'], DEPLOYER);
    await release.until('Degraded');
    plugin(release, ['undo'], DEPLOYER);
    const { status } = await release.until('Healthy');
    expect(status.currentPodHash).toBe(first);

    for (const command of [['promote'], ['abort'], ['retry', 'rollout']]) {
      expect(() => plugin(release, command, VIEWER)).toThrow(/cannot patch resource "rollouts\/status"/);
    }
    expect(() => plugin(release, ['undo'], VIEWER)).toThrow(/cannot patch resource "rollouts"/);
    return `${weights.join(' → ')}; a viewer is refused each`;
  },
  120,
);
