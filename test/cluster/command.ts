import { dirname } from 'node:path';
import { closest } from 'fastest-levenshtein';

import { newCommand, parsing } from '../../src/cli/command-line';
import { secrets } from '../../src/cli/secrets/command';
import { EXIT } from '../../src/cli/synth';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { install } from '../../tools/real/install';
import { folderOf, toolSet } from '../../tools/real/sets';
import { sleep, stopAll } from '../runtime/support/process';
import { openRunFolder } from '../runtime/support/run-folder';
import { environments } from '../support/dist';
import { type LiveEnvironment, startLive } from './live';
import { MetricsApi } from './metrics-api';
import { isReady } from './pods';

const INTERRUPTED = 130;

const AFTER_HELP = `
Starts a Kubernetes control plane on this machine, with six nodes in three zones, applies an environment of dist/ and prints
its pods as they become ready. Nodes and pods only seem to run; the control plane is a real one. Ctrl-C ends it, and nothing
is left. Installs what it needs first (docs/guides/real-parts.md).

Exit codes: 0 ended after all was ready, 1 could not be done, 2 wrong usage, 130 interrupted before all was ready.
`;

const TERMINAL = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
};

/** `npm run cluster -- SYSTEM/ENVIRONMENT` */
async function cluster(args: readonly string[]): Promise<number> {
  const environment = parseEnvironment(args);
  if (typeof environment === 'number') return environment;
  const problems = await install(['cluster', 'kwok', 'crds', 'injector', 'argo-rollouts'].map(toolSet));
  if (problems.length > 0) return fail(problems.join('\n'));
  const interrupted = interruption();
  openRunFolder();
  try {
    const ready = await Promise.race([bringUp(environment), interrupted]);
    if (ready === INTERRUPTED) return INTERRUPTED;
    await interrupted;
    return ready ? EXIT.done : EXIT.failed;
  } catch (error) {
    // Ctrl-C ends what it started, too, and that may be heard of first.
    const ended = await Promise.race([interrupted, sleep(200)]);
    return ended ?? fail((error as Error).message);
  } finally {
    // What still asks them is no longer of interest.
    process.on('unhandledRejection', () => {});
    await stopAll('SIGKILL');
  }
}

function parseEnvironment(args: readonly string[]): string | number {
  const command = newCommand('cluster', AFTER_HELP, TERMINAL).argument(
    '<system/environment>',
    environments().join(', '),
  );
  return parsing(() => {
    command.parse([...args], { from: 'user' });
    const [asked = ''] = command.args;
    const known = environments();
    if (known.includes(asked)) return asked;
    const near = known.length > 0 ? `; did you mean "${closest(asked, known)}"?` : '; run npm run synth first';
    return command.error(`error: dist/ has no "${asked}"; it has ${known.join(', ') || 'nothing'}${near}`);
  });
}

function fail(text: string): number {
  console.error(text);
  return EXIT.failed;
}

const interruption = () =>
  new Promise<typeof INTERRUPTED>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done(INTERRUPTED));
  });

/** Whether all became ready. */
async function bringUp(environment: string): Promise<boolean> {
  const began = Date.now();
  const live = await startLive(environment);
  await MetricsApi.start(live.cluster);
  console.log(`control plane with six nodes in three zones: ${since(began)}`);
  await tellPods(live, began);
  live.apply();
  await writeSecrets(live);
  const late = await live.settled(120).then(
    () => undefined,
    (error: Error) => error.message,
  );
  console.log(late ?? `all ${(await live.pods()).length} pods are ready or done: ${since(began)}`);
  tellHow(live);
  return late === undefined;
}

const since = (began: number) => `${((Date.now() - began) / 1000).toFixed(1)} s`;

/** A line for each pod when it becomes ready, or when it has done its work. */
async function tellPods(live: LiveEnvironment, began: number): Promise<void> {
  const nodes = await live.cluster.api.list('/api/v1/nodes');
  const zones = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels['topology.kubernetes.io/zone']]));
  const told = new Set<string>();
  await live.watchPods((pod) => {
    const { uid, name } = pod.metadata;
    const isDone = pod.status?.phase === 'Succeeded';
    if (told.has(uid) || !(isDone || isReady(pod))) return;
    told.add(uid);
    const { nodeName } = pod.spec;
    console.log(
      `${isDone ? 'done ' : 'ready'}  ${name.padEnd(36)}  ${nodeName}  ${zones.get(nodeName)}  ${since(began)}`,
    );
  });
}

/** The values that pods would read, as `npm run secrets` makes them; those of a store are not made here. */
async function writeSecrets({ cluster: { kubeconfig }, name }: LiveEnvironment): Promise<void> {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const around = { ...TERMINAL, out: () => {}, env, input: async () => '' };
  const code = await secrets([...name.split('/'), '--apply'], { systems: SYSTEMS, validators }, around);
  console.log(code === EXIT.done ? 'Secrets: strong random values' : 'Secrets: not all of them, as said above');
}

function tellHow({ cluster: { kubeconfig }, namespaces }: LiveEnvironment): void {
  const bin = `${folderOf(toolSet('cluster'))}/bin`;
  console.log(`
export KUBECONFIG=${kubeconfig}
export PATH=${bin}:$PATH        # for its kubectl
kubectl get pods -n ${namespaces[0]}

Ctrl-C ends it. ${dirname(kubeconfig)} goes with it.`);
}

cluster(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(error.message);
    process.exit(EXIT.failed);
  },
);
