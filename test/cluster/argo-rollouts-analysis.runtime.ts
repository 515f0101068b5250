/** @tools cluster kwok crds argo-rollouts prometheus */
import type { AnalysisSettings, ReleaseSettings } from '../../src/workload/release';
import { PrometheusServer } from '../runtime/support/prometheus';
import { eventually, freePort } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import type { KubeObject } from './api';
import { ArgoRollouts, hashOf } from './argo-rollouts';
import { Backends } from './backends';
import { Cluster } from './control-plane';
import { addMachines } from './machines';
import { Release, type Render } from './release';
import { BLUE_GREEN, shop, WEIGHTS } from './shop';
import { type Load, Traffic } from './traffic';

let cluster: Cluster;
let traffic: Traffic;
let prometheus: PrometheusServer;

beforeAll(async () => {
  cluster = await Cluster.start({ controllers: true, scheduler: true });
  await ArgoRollouts.start(cluster);
  await addMachines(cluster);
  traffic = await Traffic.start(cluster);
  prometheus = await PrometheusServer.start(traffic.scrapeConfig);
}, 180_000);

afterAll(() => cluster?.stop());

const FINE: Load = { requests: 100, errors: 0.01, latency: 0.05 };

/** Bears nothing. Prometheus takes up to seven seconds to scrape a new pod, of which it hears every five. */
const analysis = (more: Partial<AnalysisSettings> = {}): AnalysisSettings => ({
  prometheus: prometheus.url,
  latencySeconds: 0.5,
  intervalSeconds: 10,
  failureLimit: 0,
  ...more,
});

const canary = (judged: AnalysisSettings, pauseSeconds = 11): ReleaseSettings => ({
  strategy: 'canary',
  controller: 'argo-rollouts',
  steps: WEIGHTS.map((weight) => ({ weight, pauseSeconds })),
  analysis: judged,
});

const ENDS = ['Successful', 'Failed', 'Error', 'Inconclusive'];

interface Outcome {
  readonly rollout: KubeObject;
  readonly weights: readonly number[];
  /** Whose pods the Service that gets the requests had behind it, in turn. */
  readonly turns: readonly string[];
  /** What the analysis said at its end, and each of its metrics. */
  readonly run: KubeObject;
}

/** Releases a version whose requests go so, or that does not answer Prometheus; how it ended. */
async function release(render: Render, load: Load | undefined, end: 'Healthy' | 'Degraded'): Promise<Outcome> {
  const started = await Release.start(cluster, render);
  const { namespace, name } = started;
  const { stableRS: before } = (await started.rollout()).status;
  traffic.loads[namespace] = (pod) => (hashOf(pod) === before ? FINE : load);
  const weights = await started.weights();
  const stable = await Backends.watch(cluster, namespace, name);
  await stable.until(before);
  started.deploy('2');
  let run: KubeObject;
  const runs = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysisruns`;
  await eventually(async () => {
    [run] = await cluster.api.list(runs);
    return ENDS.includes(run?.status?.phase);
  }, 60);
  const rollout = await started.until(end);
  await eventually(() => (weights.at(-1) ?? 0) === 0);
  const { stableRS, currentPodHash } = rollout.status;
  expect(stableRS).toBe(end === 'Healthy' ? currentPodHash : before);
  await stable.until(stableRS);
  const turns = stable.turns.map((version) => (version === before ? 'old' : 'new'));
  expect(stable.problems()).toEqual([]);
  return { rollout, weights, turns, run };
}

const resultOf = ({ run }: Outcome, metric: string): KubeObject =>
  run.status.metricResults.find(({ name }: KubeObject) => name === metric);

const failedIn = ({ run }: Outcome): string[] =>
  run.status.metricResults
    .filter(({ phase }: KubeObject) => phase === 'Failed' || phase === 'Error')
    .map(({ name }: KubeObject) => name);

proof(
  'a new version with few errors goes on by itself to all requests',
  async () => {
    const { weights, run } = await release(shop('fine', canary(analysis())), FINE, 'Healthy');
    expect(weights).toEqual([0, ...WEIGHTS, 100, 0]);
    const measured = run.status.metricResults.map(({ name, successful }: KubeObject) => `${name} ${successful} times`);
    expect(measured).toHaveLength(3);
    expect(run.status.metricResults.every(({ successful, failed = 0 }: KubeObject) => successful >= 2 && !failed)).toBe(
      true,
    );
    return `${weights.join(' → ')}; ${measured.join(', ')}`;
  },
  90,
);

const bad: [what: string, metric: string, load: Load | undefined][] = [
  ['too many errors', 'error-percent', { ...FINE, errors: 0.2 }],
  ['too slow answers', 'latency-p95-seconds', { ...FINE, latency: 0.9 }],
  ['pods that do not answer Prometheus', 'scraped', undefined],
];

for (const [what, metric, load] of bad) {
  proof(
    `a new version with ${what} is taken back by itself, and gets no more requests`,
    async () => {
      const outcome = await release(shop(`bad-${metric}`, canary(analysis())), load, 'Degraded');
      const { rollout, weights } = outcome;
      expect(weights).toEqual([0, WEIGHTS[0], 0]);
      expect(failedIn(outcome)).toEqual([metric]);
      expect(rollout.status).toMatchObject({ abort: true, message: expect.stringContaining(`Metric "${metric}"`) });
      return `${weights.join(' → ')}; ${metric} was ${resultOf(outcome, metric).measurements[0].value}`;
    },
    90,
  );
}

proof(
  'blue-green: a version that turns out bad after the switch is switched back by itself, to pods that are still there',
  async () => {
    const settings = { ...BLUE_GREEN, autoPromote: true, keepSeconds: 60, analysis: analysis() };
    const outcome = await release(shop('turned-back', settings), { ...FINE, errors: 0.2 }, 'Degraded');
    expect(outcome.turns).toEqual(['old', 'new', 'old']);
    expect(failedIn(outcome)).toEqual(['error-percent']);
    return outcome.turns.join(' → ');
  },
  90,
);

/** What Argo Rollouts does where the files do not say how many errors of Prometheus are borne. */
const withoutErrorLimit =
  (render: Render): Render =>
  (tag) => {
    const objects = structuredClone(render(tag));
    const { metrics } = objects.find(({ kind }) => kind === 'AnalysisTemplate').spec;
    for (const metric of metrics) delete metric.consecutiveErrorLimit;
    return objects;
  };

proof(
  'without Prometheus nothing goes on unjudged: the release is taken back; with the limit of Argo Rollouts itself it would go on to all requests',
  async () => {
    const address = `http://127.0.0.1:${await freePort()}`;
    const judged = analysis({ prometheus: address, failureLimit: 1 });
    const outcome = await release(shop('away', canary(judged, 12)), FINE, 'Degraded');
    expect(Math.max(...outcome.weights)).toBeLessThan(100);
    expect(outcome.run.status.phase).toBe('Error');
    const lax = await release(withoutErrorLimit(shop('lax', canary(judged, 12))), FINE, 'Healthy');
    expect(lax.weights).toEqual([0, ...WEIGHTS, 100, 0]);
    const { error, successful } = resultOf(lax, 'scraped');
    expect([error > 0, successful]).toEqual([true, undefined]);
    const { message } = outcome.rollout.status;
    return `${outcome.weights.join(' → ')}: ${message}; else ${lax.weights.join(' → ')} with ${error} errors and no measurement`;
  },
  150,
);
