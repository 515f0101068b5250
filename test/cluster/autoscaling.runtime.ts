/** @tools cluster kwok crds injector argo-rollouts */
import { parseCpu } from '../../src/platform/quantity';
import { type AutoscalingMetricSettings, renderMetric, resolveMetrics } from '../../src/workload/autoscaling-metrics';
import { loadSettings } from '../../src/settings/load';
import { validators } from '../../src/settings/validators';
import { environments, objectsOf } from '../support/dist';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import type { KubeObject } from './api';
import { declaredWorkloads } from './declared';
import {
  fieldProblems,
  hasteProblems,
  speedsAsked,
  type Step,
  stepProblems,
  tellSteps,
  wantedFor,
} from './autoscaling';
import { APPLY, type LiveEnvironment, startLiveTogether } from './live';
import { MetricsApi, type Share, type UsageOf } from './metrics-api';
import { targetOf, Trial, type TrialOptions, watchSteps } from './trial';

const autoscalersOf = (environment: string): KubeObject[] =>
  objectsOf(environment).filter(({ kind }) => kind === 'HorizontalPodAutoscaler');

const hasSidecars = (environment: string) =>
  declaredWorkloads(objectsOf(environment)).some(
    ({ spec }) => spec.template.metadata.annotations?.['dapr.io/enabled'] === 'true',
  );

/** Production environments go up and down; of all others the fields are compared. */
const SCALED = environments().filter((name) => name.endsWith('/production') && autoscalersOf(name).length > 0);
/** The one of them with sidecars, of which copies are tried. */
const ENVIRONMENT = SCALED.find(hasSidecars)!;
const AUTOSCALERS = autoscalersOf(ENVIRONMENT);

/** So often that policies, and not the time between two looks, decide when the next step is. */
const LOOK_SECONDS = 5;

const lives: Record<string, LiveEnvironment> = {};
let live: LiveEnvironment;
let metrics: MetricsApi;
/** Use of the pods of a namespace; where none is given, all is idle. */
const loads: Record<string, UsageOf> = {};

interface Scaled {
  readonly live: LiveEnvironment;
  readonly hpa: KubeObject;
  readonly steps: Step[];
  /** When an autoscaler was last told of high load. */
  lastHigh: number;
}
let scaled: Scaled[];

/** What an autoscaler measures of its container. */
const measuresOf = (hpa: KubeObject): KubeObject[] =>
  hpa.spec.metrics.flatMap(({ containerResource }: KubeObject) => containerResource ?? []);

const containerOf = (hpa: KubeObject): string => measuresOf(hpa)[0]!.container;

/** The share of the request that an autoscaler aims at. */
const aimOf = (hpa: KubeObject, resource: keyof Share): number =>
  measuresOf(hpa).find(({ name }) => name === resource)!.target.averageUtilization / 100;

const pathOf = ({ metadata: { namespace, name } }: KubeObject) =>
  `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`;

beforeAll(async () => {
  for (const one of await startLiveTogether(SCALED, { autoscalerPeriod: LOOK_SECONDS, machines: { perZone: 4 } })) {
    lives[one.name] = one;
  }
  live = lives[ENVIRONMENT]!;
  metrics = await MetricsApi.start(live.cluster);
  metrics.usage = (pod) => (loads[pod.metadata.namespace] ?? (() => ({})))(pod);
  for (const one of Object.values(lives)) one.apply();
  scaled = await Promise.all(
    Object.values(lives).flatMap((one) =>
      autoscalersOf(one.name).map(async (hpa) => {
        const steps = await watchSteps(one, hpa.metadata.namespace, hpa);
        return { live: one, hpa, steps, lastHigh: 0 };
      }),
    ),
  );
  const atMinimum = ({ hpa, steps }: Scaled) => steps.at(-1)?.replicas === hpa.spec.minReplicas;
  await eventually(() => scaled.every(atMinimum), 90);
  for (const one of Object.values(lives)) await one.settled();
}, 240_000);

afterAll(() => live?.cluster.stop());

/** The application's container of every autoscaled pod far above its target, or idle; its sidecar idle. */
function load(isHigh: boolean): void {
  for (const namespace of Object.values(lives).flatMap(({ namespaces }) => namespaces)) {
    loads[namespace] = (pod) => {
      const one = scaled.find(
        (each) => each.live.namespaces.includes(namespace) && isOf(targetOf(each.live, each.hpa), pod),
      );
      if (!one || !isHigh) return {};
      one.lastHigh = Date.now();
      return { [containerOf(one.hpa)]: { cpu: 5 } };
    };
  }
}

const isOf = ({ spec }: KubeObject, { metadata }: KubeObject): boolean =>
  Object.entries(spec.selector.matchLabels).every(([key, value]) => metadata.labels?.[key] === value);

/** All go up at one time, and each proof tells of one environment. */
let raised: Promise<{ began: number; up: ReadonlyMap<Scaled, Step[]> }> | undefined;

async function raise() {
  const began = Date.now();
  scaled.forEach((one) => one.steps.splice(0, one.steps.length - 1));
  load(true);
  await eventually(() => scaled.every(({ hpa, steps }) => steps.at(-1)!.replicas === hpa.spec.maxReplicas), 120);
  const up = new Map(scaled.map((one) => [one, [...one.steps]]));
  // Their pods fit into the quota and onto the nodes.
  for (const one of Object.values(lives)) await one.settled();
  load(false);
  return { began, up };
}

const scaledIn = (environment: string) => scaled.filter((one) => one.live.name === environment);

for (const environment of SCALED) {
  proof(
    `${environment}: under load all autoscalers go from minimum to maximum, no faster than their policies`,
    async () => {
      const { began, up } = await (raised ??= raise());
      const ours = scaledIn(environment);
      expect(ours).toHaveLength(autoscalersOf(environment).length);
      expect(ours.flatMap((one) => stepProblems(up.get(one)!, one.hpa))).toEqual([]);
      expect(ours.map((one) => up.get(one)![0]!.replicas === one.hpa.spec.minReplicas)).not.toContain(false);
      return ours.map((one) => `${one.hpa.metadata.name} ${tellSteps(up.get(one)!, began)}`).join(', ');
    },
    300,
  );
}

/** An autoscaled workload with a sidecar: whose pods have more containers than its template. */
async function withSidecar(): Promise<{ hpa: KubeObject; share: number }> {
  const pods = await live.pods();
  for (const hpa of AUTOSCALERS) {
    const deployment = targetOf(live, hpa);
    const pod = pods.find((one) => isOf(deployment, one));
    if (!pod || pod.spec.containers.length === deployment.spec.template.spec.containers.length) continue;
    const requests = pod.spec.containers.map(({ name, resources }: KubeObject) => [
      name,
      parseCpu(resources.requests.cpu),
    ]);
    const all = requests.reduce((sum: number, [, cpu]: [string, number]) => sum + cpu, 0);
    return { hpa, share: requests.find(([name]: [string]) => name === containerOf(hpa))[1] / all };
  }
  throw new Error(`${ENVIRONMENT}: no autoscaled workload has a sidecar`);
}

/** Starts a copy under a load that all its ready pods share: so many pods' worth of the target. */
async function under(pods: number, resource: keyof Share, options: TrialOptions): Promise<Trial> {
  const trial = await Trial.start(live, metrics, options);
  const container = containerOf(options.hpa);
  const work = pods * aimOf(options.hpa, resource);
  loads[trial.namespace] = () => ({ [container]: { [resource]: work / trial.readyPods.length } });
  await trial.looked(4);
  return trial;
}

/** What an autoscaler makes of a load, against what the use of the application's container asks for. */
const loadProblems = (wanted: number, trial: Trial): string[] =>
  trial.replicas === wanted ? [] : [`wants ${trial.replicas} replicas, and the load asks for ${wanted}`];

proof(
  'an idle sidecar does not dilute the load: the autoscaler follows the container, and one of whole pods is seen to lag',
  async () => {
    const { hpa, share } = await withSidecar();
    const { minReplicas: replicas } = hpa.spec;
    const times = 1.5;
    const ofPods = (spec: KubeObject) => {
      spec.metrics = spec.metrics.map(({ containerResource: { container: _, ...resource } }: KubeObject) => ({
        type: 'Resource',
        resource,
      }));
    };
    const begin = (name: string, resource: keyof Share, change?: TrialOptions['change']) =>
      under(times * replicas, resource, { name, hpa, replicas, change });
    const [cpu, memory, diluted] = await Promise.all([
      begin('cpu', 'cpu'),
      begin('memory', 'memory'),
      begin('whole-pods', 'cpu', ofPods),
    ]);
    const wanted = wantedFor(replicas, times);
    expect([...loadProblems(wanted, cpu), ...loadProblems(wanted, memory)]).toEqual([]);
    const fewer = wantedFor(replicas, times * share);
    expect(loadProblems(wanted, diluted)).toEqual([`wants ${fewer} replicas, and the load asks for ${wanted}`]);
    const server = await live.cluster.api.get(pathOf(diluted.autoscaler));
    expect(fieldProblems({ ...hpa, spec: diluted.autoscaler.spec }, server, speedsAsked({}))).toContain(
      `${hpa.metadata.name}: measures Resource, so that its sidecars count`,
    );
    return `at ${times} times the target ${hpa.metadata.name} goes from ${replicas} to ${cpu.replicas} by CPU, to ${memory.replicas} by memory; measured by whole pods to ${diluted.replicas}`;
  },
  150,
);

proof(
  'where the metrics of one pod are missing nothing is scaled down that they would have kept',
  async () => {
    const hpa = AUTOSCALERS[0]!;
    const replicas = 4;
    // Recommendations are followed at once; how fast is another proof.
    const change = (spec: KubeObject) => {
      spec.minReplicas = 1;
      spec.behavior.scaleDown.stabilizationWindowSeconds = 0;
    };
    const begin = (name: string) => under(replicas, 'cpu', { name, hpa, replicas, change });
    const [known, missing] = await Promise.all([begin('known'), begin('missing')]);
    expect([known.replicas, missing.replicas]).toEqual([replicas, replicas]);

    const use = { [containerOf(hpa)]: { cpu: 0.75 * aimOf(hpa, 'cpu') } };
    const [silent] = missing.readyPods;
    const lower = Date.now();
    loads[known.namespace] = () => use;
    loads[missing.namespace] = (pod) => (pod.metadata.uid === silent.metadata.uid ? undefined : use);
    await Promise.all([eventually(() => known.replicas === 3), missing.looked(4)]);
    expect(missing.replicas).toBe(replicas);
    // So that a fall without the declared look back is seen, too.
    const hasty = hasteProblems(known.steps, lower, hpa);
    expect(hasty).toEqual([expect.stringMatching(/: down to 3 [\d.]+ s after high load, and it looks back \d+ s$/)]);
    return `at 75 % of the target ${replicas} go to 3 when all are known, which is seen, and stay ${missing.replicas} when one is not`;
  },
  150,
);

proof(
  'a policy of 400 % is seen: the step is more than the declared one allows',
  async () => {
    const hpa = AUTOSCALERS.at(-1)!;
    const { minReplicas: replicas } = hpa.spec;
    const change = ({ behavior }: KubeObject) => (behavior.scaleUp.policies[0].value = 400);
    const trial = await Trial.start(live, metrics, { name: 'leap', hpa, replicas, change });
    loads[trial.namespace] = () => ({ [containerOf(hpa)]: { cpu: 5 } });
    await eventually(() => trial.replicas > replicas, 60);
    const most = Math.min(5 * replicas, hpa.spec.maxReplicas);
    expect(stepProblems(trial.steps.slice(0, 2), hpa)).toEqual([
      `${hpa.metadata.name}: ${replicas} → ${most} replicas, and its policies allow ${replicas} to ${2 * replicas}`,
    ]);
    delete loads[trial.namespace];
    const past = hpa.spec.maxReplicas + 1;
    const beyond = [
      { at: 0, replicas: past - 1 },
      { at: Date.now(), replicas: past },
    ];
    expect(stepProblems(beyond, hpa)).toContainEqual(expect.stringContaining(`→ ${past} replicas, outside of`));
    return `${replicas} → ${most} at once`;
  },
  120,
);

proof(
  'requests per second of each pod, or the length of a queue, decide where CPU and memory are not measured',
  async () => {
    const hpa = AUTOSCALERS[0]!;
    const replicas = 2;
    const change = (metric: AutoscalingMetricSettings) => (spec: KubeObject) => {
      spec.maxReplicas = 9;
      spec.metrics = resolveMetrics([metric]).map(renderMetric);
    };
    const averageValue = '100';
    const begin = (name: string, metric: AutoscalingMetricSettings) =>
      Trial.start(live, metrics, { name, hpa, replicas, change: change(metric) });
    // What the containers use is far above any target, and must not count.
    for (const name of ['requests', 'queue', 'unserved']) {
      loads[`trial-${name}`] = () => ({ [containerOf(hpa)]: { cpu: 5, memory: 5 } });
    }
    // All that come are shared by the pods that there are.
    metrics.figures.http_requests_per_second = (_, pods) => 300 / pods.length;
    metrics.outside.queue_length = 450;
    const [requests, queue, unserved] = await Promise.all([
      begin('requests', { pods: { name: 'http_requests_per_second', averageValue } }),
      begin('queue', { external: { name: 'queue_length', averageValue } }),
      begin('unserved', { pods: { name: 'nobody_counts', averageValue } }),
    ]);
    await eventually(() => requests.replicas >= 3 && queue.replicas >= 5, 60);
    await Promise.all([requests.looked(3), queue.looked(3)]);
    expect([requests.replicas, queue.replicas]).toEqual([3, 5]);
    await eventually(async () => {
      const { status } = await live.cluster.api.get(pathOf(unserved.autoscaler));
      return status?.conditions?.some(({ reason }: KubeObject) => reason === 'FailedGetPodsMetric');
    }, 60);
    expect(unserved.replicas).toBe(replicas);
    return `300 requests, 100 each: ${replicas} → ${requests.replicas}; a queue of 450, 100 each: ${replicas} → ${queue.replicas}; a figure that nobody serves: ${unserved.replicas}`;
  },
  150,
);

proof('a maximum below the minimum is refused by the server', async () => {
  const wrong = structuredClone(AUTOSCALERS[0]!);
  wrong.spec.maxReplicas = wrong.spec.minReplicas - 1;
  const input = JSON.stringify(wrong);
  expect(() => live.cluster.kubectl([...APPLY, '--dry-run=server', '-f', '-'], { input })).toThrow(
    /spec\.maxReplicas: Invalid value: \d+: must be greater than or equal to `minReplicas`/,
  );
  return `${wrong.spec.minReplicas} to ${wrong.spec.maxReplicas}`;
});

const kebab = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Where what the server makes of the autoscalers of an environment is not what its file and its settings say. */
async function environmentProblems(environment: string, change: (hpa: KubeObject) => void = () => {}) {
  const { api } = live.cluster;
  const [{ settings }] = loadSettings({ root: 'overlays', validators, only: environment }) as [KubeObject];
  const problems: string[] = [];
  for (const hpa of autoscalersOf(environment)) {
    const { namespace, name } = hpa.metadata;
    await api.create('/api/v1/namespaces', { metadata: { name: namespace } }).catch(() => undefined);
    const sent = structuredClone(hpa);
    change(sent);
    const input = JSON.stringify(sent);
    const args = [...APPLY, '--dry-run=server', '-o', 'json', '-f', '-'];
    const server = JSON.parse(live.cluster.kubectl(args, { input }));
    // A system may put its own name before that of the part: contact-backend is `backend`.
    const key = Object.keys(settings).find((one) => settings[one]?.autoscaling && name.endsWith(kebab(one)));
    if (!key) throw new Error(`${environment}: no part of the settings has the autoscaler ${name}`);
    problems.push(...fieldProblems(hpa, server, speedsAsked(settings[key].autoscaling)));
  }
  return problems;
}

proof(
  'everywhere the server has the autoscalers of the files, as fast as was asked, and a change is seen',
  async () => {
    const all = environments().filter((environment) => autoscalersOf(environment).length > 0);
    for (const environment of all) expect(await environmentProblems(environment)).toEqual([]);

    const [first] = AUTOSCALERS;
    const raised = await environmentProblems(ENVIRONMENT, ({ metadata, spec }) => {
      if (metadata.name === first.metadata.name) spec.maxReplicas += 1;
    });
    const { name } = first.metadata;
    const { maxReplicas } = first.spec;
    expect(raised).toEqual([`${name}: maxReplicas is ${maxReplicas + 1}, and the file says ${maxReplicas}`]);
    const slow = structuredClone(first);
    slow.spec.behavior.scaleUp.policies[0].periodSeconds = 60;
    expect(fieldProblems(slow, slow, speedsAsked({}))).toContain(
      `${name}: scaleUp is 100 % in 60 s after 0 s, asked for 100 % in 15 s after 0 s`,
    );
    return all.map((environment) => `${environment} ${autoscalersOf(environment).length}`).join(', ');
  },
);

/** Once the first step down was seen at the declared speed. */
const SHORTER = 20;

proof(
  `${SCALED.join(', ')}: without load they stay as long as they look back, then fall by half to their minimum; after the first step with periods ${SHORTER} times shorter`,
  async () => {
    const began = Math.max(...scaled.map(({ lastHigh }) => lastHigh));
    scaled.forEach(({ steps }) => steps.splice(0, steps.length - 1));
    const window = Math.max(...scaled.map(({ hpa }) => hpa.spec.behavior.scaleDown.stabilizationWindowSeconds));
    await eventually(() => scaled.every(({ steps }) => steps.length > 1), window + 60);
    expect(scaled.flatMap(({ hpa, steps }) => stepProblems(steps, hpa))).toEqual([]);
    expect(scaled.flatMap(({ hpa, steps, lastHigh }) => hasteProblems(steps, lastHigh, hpa))).toEqual([]);
    const declared = scaled.map(({ hpa, steps }) => `${hpa.metadata.name} ${tellSteps(steps, began)}`);

    const shorter = await Promise.all(scaled.map(({ hpa }) => shorten(hpa)));
    const untilThen = scaled.map(({ steps }) => steps.splice(0, steps.length - 1));
    const shortened = Date.now();
    const atMinimum = ({ hpa, steps }: Scaled) => steps.at(-1)!.replicas === hpa.spec.minReplicas;
    await eventually(() => scaled.every(atMinimum), 120);
    expect(scaled.flatMap(({ steps }, index) => stepProblems(steps, shorter[index]!))).toEqual([]);
    // The declared period would not have allowed it: a fall too fast is seen.
    for (const [index, { hpa, steps }] of scaled.entries()) {
      if (steps.length > 1) expect(stepProblems([...untilThen[index]!, ...steps], hpa)).toHaveLength(steps.length - 1);
    }
    const rest = scaled.map(({ hpa, steps }) => `${hpa.metadata.name} ${tellSteps(steps, shortened)}`);
    return `${declared.join(', ')}; ${SHORTER} times shorter: ${rest.join(', ')}`;
  },
  600,
);

/** Shorter periods of the policies downwards; shares and the rest stay. */
async function shorten(hpa: KubeObject): Promise<KubeObject> {
  const policies = hpa.spec.behavior.scaleDown.policies.map((policy: KubeObject) => ({
    ...policy,
    periodSeconds: policy.periodSeconds / SHORTER,
  }));
  const body = { spec: { behavior: { scaleDown: { policies } } } };
  return live.cluster.api.patch(pathOf(hpa), body);
}
