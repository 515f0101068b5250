import type { V1Secret } from '@kubernetes/client-node';
import { Command, CommanderError, Option } from 'commander';

import { toYaml } from '../../outputs/yaml';
import { Secrets } from '../../platform/secrets';
import type { System } from '../../platform/system';
import { ValidationError } from '../../platform/validation-error';
import { loadSettings } from '../../settings/load';
import { SettingsError } from '../../settings/problems';
import { BuildError, buildSystem } from '../build';
import { EXIT, type Registry, type Terminal } from '../synth';
import { changesOf, valueFinder, unchangeable } from './changes';
import { type Cluster, connect } from './cluster';
import { ClusterError } from './cluster-error';
import { secretManifest } from './manifest';
import { declarationProblems, type FilledSecret, fillSecret } from './values';

const AFTER_HELP = `
Makes strong random values for the Secrets that the pods of an environment read, and prints them as YAML. What the
cluster of the kubeconfig has already is kept.

Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 settings or manifests refused.
`;

/** Where the command prints, and what it is told by its surroundings. */
export interface Surroundings extends Terminal {
  readonly env: NodeJS.ProcessEnv;
}

const PROCESS: Surroundings = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  env: process.env,
};

interface Options {
  readonly system: string;
  readonly environment: string;
  readonly apply?: true;
  readonly offline?: true;
  readonly context?: string;
  readonly overlays: string;
}

/** The secrets command. Gives the exit code. */
export async function secrets(args: string[], registry: Registry, around: Surroundings = PROCESS): Promise<number> {
  const options = parseOptions(args, around);
  if (typeof options === 'number') return options;
  try {
    const system = build(options, registry);
    const cluster = options.offline ? undefined : await connect(around.env, system.namespace!, options.context);
    if (options.apply) await apply(system, cluster, around);
    else await print(system, cluster, options, around);
    return EXIT.done;
  } catch (error) {
    return report(error, options, around);
  }
}

function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = new Command('npm run secrets --')
    .argument('<system>', 'folder in overlays/, such as todo-evolution')
    .argument('<environment>', 'one of its environments, such as production')
    .option('--apply', 'write to the cluster instead of printing; shows no value')
    .addOption(new Option('--offline', 'ask no cluster: every value is new').conflicts(['apply', 'context']))
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--overlays <dir>', 'where the settings are', 'overlays')
    .helpOption('--help', 'print this')
    .addHelpText('after', AFTER_HELP)
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
    .showHelpAfterError()
    .exitOverride();
  try {
    command.parse(args, { from: 'user' });
    const [system = '', environment = ''] = command.args;
    if (`${system}${environment}`.includes('/')) {
      command.error(`error: expected SYSTEM ENVIRONMENT, got "${args.join(' ')}"; put a space where the slash is`);
    }
    return { system, environment, ...command.opts<Pick<Options, 'overlays'>>() };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

function build({ system, environment, overlays }: Options, { systems, validators }: Registry): System {
  const [settings] = loadSettings({ root: overlays, validators, only: `${system}/${environment}` });
  const SystemOf = systems[system];
  if (!SystemOf || !settings) throw new BuildError([`${system}: has settings, and no system is built from them`]);
  const built = buildSystem(SystemOf, settings);
  const problems = declarationProblems(Secrets.of(built).all);
  if (problems.length > 0) throw new BuildError(problems);
  return built;
}

async function print(system: System, cluster: Cluster | undefined, options: Options, around: Surroundings) {
  const existing = cluster ? await read(system, cluster) : undefined;
  const filled = fill(system, existing);
  refuse(unchangeable(filled, existing));
  around.error(`${origin(system, cluster, existing !== undefined, options)}\n${states(filled)}`);
  around.out(filled.map((secret) => toYaml(secretManifest(system, secret))).join('---\n'));
}

/** Says where the values of a printed Secret come from. */
function origin({ namespace }: System, cluster: Cluster | undefined, found: boolean, { offline }: Options): string {
  if (cluster && found) return `compared with context "${cluster.context}", namespace "${namespace}"`;
  if (cluster) return `context "${cluster.context}" has no namespace "${namespace}" yet; all values are new`;
  const why = offline ? '--offline' : 'no kubeconfig: KUBECONFIG is not set and ~/.kube/config is not there';
  return `${why}; all values are new. Do not apply them over Secrets that are in use`;
}

async function apply(system: System, cluster: Cluster | undefined, around: Surroundings) {
  if (!cluster) throw new ClusterError('there is no kubeconfig; set KUBECONFIG or make ~/.kube/config');
  const existing = await read(system, cluster);
  if (!existing) {
    const folder = `dist/${system.systemName}/${system.environment}`;
    const how = `make it with: kubectl apply -f ${folder}/00-platform.k8s.yaml`;
    throw new ClusterError(`context "${cluster.context}": there is no namespace "${system.namespace}"; ${how}`);
  }
  const filled = fill(system, existing);
  refuse(unchangeable(filled, existing));
  const writes = changesOf(system, filled, existing);
  await cluster.write(writes, valueFinder(filled, existing));
  const made = writes.filter(({ exists }) => !exists).length;
  const changed = writes.length - made;
  const counts = `${made} made, ${changed} changed, ${filled.length - writes.length} as before`;
  around.out(`${states(filled)}context "${cluster.context}", namespace "${system.namespace}": ${counts}\n`);
}

const read = (system: System, cluster: Cluster) => cluster.readSecrets(Secrets.of(system).all.map(({ name }) => name));

const fill = (system: System, existing?: ReadonlyMap<string, V1Secret>): FilledSecret[] =>
  Secrets.of(system).all.map((secret) => fillSecret(secret, existing?.get(secret.name)?.data));

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ClusterError(problems.join('\n'));
}

/** One line per key, and never a value. */
const states = (filled: readonly FilledSecret[]) =>
  filled
    .flatMap(({ name, keys }) => keys.map(({ key, state, value }) => ({ path: `${name}/${key}`, state, value })))
    .map(({ path, state, value }) => `${path}: ${state}${value.length === 0 ? ', and empty' : ''}\n`)
    .join('');

function report(error: unknown, { apply }: Options, terminal: Terminal): number {
  if (error instanceof SettingsError || error instanceof BuildError || error instanceof ValidationError) {
    terminal.error(`${error.message}\n`);
    return EXIT.refused;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof ClusterError) {
    const offline = error.unread && !apply;
    terminal.error(`${message}\n${offline ? 'to print new values without asking a cluster, give --offline\n' : ''}`);
  } else if (code !== undefined) terminal.error(`${message}; mend that and run again\n`);
  else throw error;
  return EXIT.failed;
}
