/** @tools cluster kwok crds injector */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';

import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { toolPath } from '../runtime/support/tools';
import { scratchFolder } from '../runtime/support/process';
import { environments, objectsOf } from '../support/dist';
import { changeAt, nextTag, overlaysWith, type Runner, runnersOf, synthesizedFrom } from './changes';
import { allRunning } from './declared';
import { type LiveEnvironment, startLive } from './live';
import { watchReached } from './reached';

/** Services of an environment that release in a way. */
const releasing = (environment: string, strategy: string): Runner[] =>
  runnersOf(environment).filter(({ settings }) => settings['release']?.strategy === strategy);
const [turning] = environments().filter((environment) => releasing(environment, 'blue-green').length > 0);
const [sharing] = environments().filter((environment) => releasing(environment, 'canary').length > 0);

/** Name of the workload that runs from an image. */
const workloadOf = (environment: string, { image }: Runner): string =>
  objectsOf(environment)
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Rollout')
    .find(({ spec }) => spec.template.spec.containers[0].image === image)!.metadata.labels['app.kubernetes.io/name'];

/** The command, as README says, for overlays and an output of their own. */
function releases(live: LiveEnvironment, overlays: string, out: string) {
  const path = `${dirname(toolPath('cluster', 'bin/kubectl'))}:${process.env['PATH']}`;
  return (action: string, service: string, ...more: string[]) => {
    const args = [
      'tools/run.sh',
      'src/cli/release.ts',
      action,
      live.name,
      service,
      '--overlays',
      overlays,
      '--out',
      out,
    ];
    const { status, stdout, stderr } = spawnSync('sh', [...args, ...more], {
      encoding: 'utf8',
      env: { ...process.env, PATH: path, KUBECONFIG: live.cluster.kubeconfig },
    });
    return { status, stdout, stderr };
  };
}

const seconds = (from: number) => `${((Date.now() - from) / 1000).toFixed(1)} s`;

describe('blue-green', () => {
  let live: LiveEnvironment;
  const [runner] = releasing(turning!, 'blue-green');
  const service = workloadOf(turning!, runner!);
  const [blue, green] = [`${service}-blue`, `${service}-green`];
  const settings = runner!.path.join('.');
  const overlays = overlaysWith(turning!, {});
  const out = scratchFolder('dist');

  beforeAll(async () => {
    live = await startLive(turning!);
  }, 180_000);
  afterAll(async () => live?.cluster.stop());

  const apply = (folder: string, ...more: string[]) => live.cluster.kubectl(['apply', '-f', folder, ...more]);
  const isReady = (deployment: string) =>
    live.cluster.kubectl(['-n', live.namespaces[0]!, 'rollout', 'status', `deployment/${deployment}`, '--timeout=60s']);

  proof(
    `${turning}: from rolling to two colours as the guide says, a client always reaches pods`,
    async () => {
      const rolling = releasing(turning!, 'blue-green').reduce(
        (change, { path }) => ({ ...change, ...changeAt(path, { release: null }) }),
        {},
      );
      apply(synthesizedFrom(overlaysWith(turning!, rolling), turning!));
      isReady(service);
      const reached = await watchReached(live, service);
      await eventually(() => reached.now().length === 1, 30);
      // First what has a version, until it is ready; then everything; then what nothing declares any more.
      apply(live.folder, '-l', 'version');
      isReady(blue);
      apply(live.folder);
      await eventually(() => reached.now().join() === blue, 30);
      live.cluster.kubectl(['-n', live.namespaces[0]!, 'delete', `deployment/${service}`]);
      await allRunning(live);
      expect(reached.turns).toEqual([service, blue]);
      // While the Service changes over it may reach both at once, for both are the same version; never none.
      expect(reached.problems.filter((problem) => problem.endsWith('nothing'))).toEqual([]);
      return `${service}, then ${blue}`;
    },
    180,
  );

  proof(
    `${turning}: the command switches to the new version and back; at no time a client reaches both, or none`,
    async () => {
      const release = releases(live, overlays, out);
      const [reached, preview] = [await watchReached(live, service), await watchReached(live, `${service}-preview`)];
      const done = (...call: Parameters<typeof release>) =>
        expect(release(...call)).toMatchObject({ status: 0, stderr: '' });

      done('start', settings, '--tag', nextTag(runner!), '--apply');
      isReady(green);
      await eventually(() => preview.now().join() === green, 30);
      expect(reached.now()).toEqual([blue]);

      const began = Date.now();
      done('promote', settings, '--apply');
      await eventually(() => reached.now().join() === green, 30);
      const switched = seconds(began);
      expect(preview.now()).toEqual([blue]);

      done('back', settings, '--apply');
      await eventually(() => reached.now().join() === blue, 30);
      done('finish', settings, '--apply');
      await eventually(() => preview.now().length === 0, 60);
      expect(reached.turns).toEqual([blue, green, blue]);
      expect(reached.problems).toEqual([]);
      return `${service}: ${reached.turns.join(' → ')}; command and switch in ${switched}`;
    },
    240,
  );

  proof(
    `${turning}: requests are not switched to pods that are not ready`,
    async () => {
      const release = releases(live, overlays, out);
      release('start', settings, '--tag', nextTag(runner!), '--apply');
      isReady(green);
      live.cluster.kubectl(['-n', live.namespaces[0]!, 'scale', `deployment/${green}`, '--replicas=0']);
      await eventually(
        () => release('promote', settings).stderr.includes(`Deployment ${green} has 0 of 0 pods ready`),
        30,
      );
      const { status, stderr } = release('promote', settings, '--apply');
      expect(status).toBe(3);
      return stderr.trim();
    },
    120,
  );

  proof(
    `${turning}: a Service that forgets the colour is seen`,
    async () => {
      const reached = await watchReached(live, service);
      const [namespace] = live.namespaces;
      live.cluster.kubectl(['-n', namespace!, 'scale', `deployment/${green}`, '--replicas=2']);
      isReady(green);
      const forget = '[{"op":"remove","path":"/spec/selector/version"}]';
      live.cluster.kubectl(['-n', namespace!, 'patch', 'service', service, '--type=json', '-p', forget]);
      await eventually(() => reached.problems.length > 0, 30);
      expect(reached.problems).toContain(`${service} reached ${blue} and ${green}`);
      return reached.problems[0]!;
    },
    120,
  );
});

describe('canary, by hand', () => {
  let live: LiveEnvironment;
  const canaries = releasing(sharing!, 'canary');
  const runner = canaries.find(({ settings }) => settings['release'].analysis) ?? canaries[0]!;
  const byHand = canaries.reduce(
    (change, { path, settings }) => ({
      ...change,
      ...changeAt(path, {
        release: {
          ...settings['release'],
          controller: null,
          analysis: null,
          steps: settings['release'].steps.map(({ weight }: { weight: number }) => ({ weight })),
        },
      }),
    }),
    {},
  );
  const service = workloadOf(sharing!, runner);
  const overlays = overlaysWith(sharing!, byHand);
  const folder = synthesizedFrom(overlays, sharing!);

  beforeAll(async () => {
    live = await startLive(sharing!, { folder });
    live.apply();
    await allRunning(live);
  }, 180_000);
  afterAll(async () => live?.cluster.stop());

  proof(
    `${sharing}: each step has its share at the edge, and each Service reaches its own version only`,
    async () => {
      const [namespace] = live.namespaces;
      const release = releases(live, overlays, scratchFolder('dist'));
      const [stable, canary] = [await watchReached(live, service), await watchReached(live, `${service}-canary`)];
      const settings = runner.path.join('.');
      const share = async () => {
        const ingress = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/edge-canary-${service}-canary`;
        const { metadata } = await live.cluster.api.get(ingress);
        return Number(metadata.annotations['nginx.ingress.kubernetes.io/canary-weight']);
      };
      const shares = [await share()];
      const step = async (action: string, ...more: string[]) => {
        // An autoscaler may still be bringing pods, and until they are ready the command refuses.
        await eventually(() => {
          const { status, stderr } = release(action, settings, '--apply', '--server-side', ...more);
          if (status !== 0) expect(stderr).toContain('pods ready');
          return status === 0;
        }, 60);
        await allReady();
        shares.push(await share());
      };
      const allReady = async () => {
        for (const version of ['stable', 'canary']) {
          const deployment = `deployment/${service}-${version}`;
          live.cluster.kubectl(['-n', namespace!, 'rollout', 'status', deployment, '--timeout=90s']);
        }
      };
      await step('start', '--tag', nextTag(runner));
      const steps: { weight: number }[] = runner.settings['release'].steps;
      for (const _ of steps) await step('promote');
      await step('promote');
      const images = await live.cluster.api.list(`/apis/apps/v1/namespaces/${namespace}/deployments`);
      const running = images
        .filter(({ metadata }) => metadata.name.startsWith(`${service}-`))
        .map(({ spec }) => spec.template.spec.containers[0].image);
      expect(new Set(running).size).toBe(1);
      await step('finish');
      await eventually(() => canary.now().length === 0, 60);
      const weights = steps.map(({ weight }) => weight);
      expect(shares).toEqual([0, 0, ...weights, weights.at(-1), 0]);
      expect(stable.turns).toEqual([`${service}-stable`]);
      expect(stable.problems).toEqual([]);
      expect(canary.turns).toEqual([`${service}-canary`]);
      return `${service}: ${shares.join(' → ')} %`;
    },
    300,
  );
});
