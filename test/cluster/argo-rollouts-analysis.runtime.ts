/** @tools cluster kwok crds argo-rollouts prometheus */
import { PrometheusServer } from '../runtime/support/prometheus';
import { eventually, freePort } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import type { KubeObject } from './api';
import { ArgoRollouts } from './argo-rollouts';
import { Backends } from './backends';
import { Cluster } from './control-plane';
import { addMachines } from './machines';
import { Release } from './release';
import { analysed, WEIGHTS } from './rollout-samples';
import { type Load, Traffic } from './traffic';

let cluster: Cluster;
let traffic: Traffic;
let prometheus: PrometheusServer;

beforeAll(async () => {
  cluster = await Cluster.start({ controllers: true, scheduler: true });
  await ArgoRollouts.start(cluster);
  await addMachines(cluster);
  traffic = await Traffic.start();
  prometheus = await PrometheusServer.start([traffic.port]);
}, 180_000);

afterAll(() => cluster?.stop());

const FINE: Load = { requests: 100, errors: 0.01, latency: 0.05 };

interface Outcome {
  readonly rollout: KubeObject;
  readonly weights: readonly number[];
  /** What the analysis said at its end, and each of its metrics. */
  readonly run: KubeObject;
}

/** Starts a release with this behaviour of the new version; how it ended. */
async function release(objects: readonly KubeObject[], load: Load, end: 'Healthy' | 'Degraded'): Promise<Outcome> {
  const started = await Release.start(cluster, objects);
  const { namespace } = started;
  const { stableService, canaryService } = started.declared.spec.strategy.canary;
  traffic.loads[stableService] = FINE;
  traffic.loads[canaryService] = load;
  await eventually(() => isKnown(canaryService, load));
  const weights = await started.weights();
  const stable = await Backends.watch(cluster, namespace, stableService);
  const [before] = stable.versions;
  await started.deploy('2');
  await eventually(() => weights.length > 1);
  const rollout = await started.until(end);
  await eventually(() => weights.at(-1) === 0);
  const { stableRS, currentPodHash } = rollout.status;
  expect(stableRS).toBe(end === 'Healthy' ? currentPodHash : before);
  await stable.until(stableRS);
  expect(stable.problems()).toEqual([]);
  let run: KubeObject;
  await eventually(async () => {
    [run] = await cluster.api.list(`/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysisruns`);
    return run.status.phase !== 'Running';
  });
  return { rollout, weights, run };
}

/** Whether Prometheus has seen enough to answer what is so now, and not what was before. */
async function isKnown(service: string, { errors, latency }: Load): Promise<boolean> {
  const rate = (name: string, labels = '') => `sum(rate(${name}{service="${service}"${labels}}[5s]))`;
  const share = await prometheus.query(
    `${rate('http_requests_total', ',status="500"')} / ${rate('http_requests_total')}`,
  );
  const seconds = 'http_request_duration_seconds';
  const mean = await prometheus.query(`${rate(`${seconds}_sum`)} / ${rate(`${seconds}_count`)}`);
  return Math.abs((share ?? 1) - errors) < 1e-6 && Math.abs((mean ?? 0) - latency) < 1e-6;
}

proof(
  'a new version with few errors goes on by itself to all requests',
  async () => {
    const { weights, run } = await release(analysed('fine', { address: prometheus.url }), FINE, 'Healthy');
    expect(weights).toEqual([0, ...WEIGHTS, 100, 0]);
    expect(run.status.phase).toBe('Successful');
    const measured = run.status.metricResults.map(({ name, successful }: KubeObject) => `${name} ${successful} times`);
    return `${weights.join(' → ')}; ${measured.join(', ')}`;
  },
  90,
);

const bad: [what: string, metric: string, load: Load][] = [
  ['too many errors', 'error-ratio', { ...FINE, errors: 0.2 }],
  ['too slow answers', 'latency', { ...FINE, latency: 0.9 }],
];

for (const [what, metric, load] of bad) {
  proof(
    `a new version with ${what} is taken back by itself, and gets no more requests`,
    async () => {
      const objects = analysed(`bad-${metric}`, { address: prometheus.url });
      const { rollout, weights, run } = await release(objects, load, 'Degraded');
      expect(weights).toEqual([0, WEIGHTS[0], 0]);
      const failed = run.status.metricResults.filter(({ phase }: KubeObject) => phase === 'Failed');
      expect(failed.map(({ name }: KubeObject) => name)).toEqual([metric]);
      expect(rollout.status).toMatchObject({ abort: true, message: expect.stringContaining(`Metric "${metric}"`) });
      return `${weights.join(' → ')}; ${metric} was ${failed[0].measurements[0].value}`;
    },
    90,
  );
}

proof(
  'without Prometheus a release is taken back if no error is allowed; else a short one is over before the fifth, and nobody has judged it',
  async () => {
    const address = `http://127.0.0.1:${await freePort()}`;
    const metric = { consecutiveErrorLimit: 0 };
    const strict = await release(analysed('strict', { address, metric }), FINE, 'Degraded');
    expect(strict.weights).toEqual([0, WEIGHTS[0], 0]);
    expect(strict.run.status.phase).toBe('Error');
    const lax = await release(analysed('lax', { address }), FINE, 'Healthy');
    expect(lax.weights).toEqual([0, ...WEIGHTS, 100, 0]);
    const [{ error, successful }] = lax.run.status.metricResults;
    expect([error > 0, successful]).toEqual([true, undefined]);
    return `strict ${strict.weights.join(' → ')}, else ${lax.weights.join(' → ')} with ${error} errors and no measurement`;
  },
  120,
);
