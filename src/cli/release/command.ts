import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { Argument, Option } from 'commander';

import { toYaml } from '../../outputs/yaml';
import { resolveRelease } from '../../workload/release';
import { WebService } from '../../workload/web-service';
import { readSettingsFile } from '../../settings/read';
import { buildSystem, finish, type Registry } from '../build';
import { ClusterError } from '../cluster/error';
import { openReader } from '../cluster/reader';
import { environmentOf, explainFailure, newCommand, parsing, PROCESS, type Surroundings } from '../command-line';
import { loadSettings } from '../../settings/load';
import { Namespace } from '../../platform/namespace';
import type { System } from '../../platform/system';
import { EXIT, synth, type Terminal } from '../synth';
import { changeOverlay, replaceFile } from './overlay';
import { type Action, ACTIONS, nameOf, planRelease, ReleaseError, type Service } from './plan';
import { checkReady } from './ready';
import { imageReference, mirrored } from '../../platform/image-reference';

const AFTER_HELP = `
Takes the steps of a release that no controller takes: writes them into the overlay of the environment, synthesizes it
into dist/, and with --apply brings what that changes into the cluster. Before requests go to a version, its pods must be
ready in the cluster. SERVICE is its name in the overlay, such as backend. Nobody watches the error rate.

  status    what runs, and who gets the requests
  start     let a new version run beside the old one, without requests
  promote   give it the requests (blue-green), or its next share of them (canary)
  back      give them back to the old version
  finish    let the version go that gets none any more

Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 refused, and the overlay is as it was.
`;

interface Options {
  readonly action: Action;
  readonly system: string;
  readonly environment: string;
  readonly service: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly apply?: true;
  readonly serverSide?: true;
  readonly offline?: true;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly overlays: string;
  readonly out: string;
}

/** An environment as its settings are at this moment. */
interface State {
  readonly settings: any;
  readonly system: System;
  readonly service: Service;
  readonly web: WebService;
  readonly manifests: readonly any[];
}

/** The release command. Gives the exit code. */
export async function release(args: string[], registry: Registry, around: Surroundings = PROCESS): Promise<number> {
  const options = parseOptions(args, around);
  if (typeof options === 'number') return options;
  try {
    const state = load(options, registry);
    if (options.action === 'status') around.out(`${statusOf(state)}\n`);
    else await take(options.action, options, state, registry, around);
    return EXIT.done;
  } catch (error) {
    const known = error instanceof ReleaseError || error instanceof ClusterError;
    const { text, code } = known ? { text: `${error.message}\n`, code: codeOf(error) } : explainFailure(error);
    around.error(text);
    return code;
  }
}

const codeOf = (error: Error) => (error instanceof ReleaseError ? EXIT.refused : EXIT.failed);

function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = newCommand('release', AFTER_HELP, terminal)
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('<system/environment>', 'such as contacts/test')
    .argument('<service>', 'the service in the overlay, such as backend')
    .option('--tag <tag>', 'with start: tag of the new version')
    .option('--digest <digest>', 'with start: digest of the new version')
    .option('--apply', 'also apply what it changes, by kubectl')
    .option('--server-side', 'with --apply: as `kubectl apply --server-side` does, where all was applied in that way')
    .addOption(
      new Option('--offline', 'ask no cluster whether pods are ready').conflicts(['apply', 'context', 'kubeconfig']),
    )
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--kubeconfig <file>', 'kubeconfig (default: KUBECONFIG, or ~/.kube/config)')
    .option('--overlays <dir>', 'where the settings are', 'overlays')
    .option('--out <dir>', 'where the manifests are written', 'dist');
  return parsing(() => {
    command.parse(args, { from: 'user' });
    const [action, target = '', service] = command.args as [Action, string, string];
    const { system, environment } = environmentOf(command, target, 'contacts/test');
    const options = command.opts<Pick<Options, 'out' | 'overlays' | 'tag' | 'digest'>>();
    if (action !== 'start' && (options.tag ?? options.digest)) {
      command.error(`error: --tag and --digest name the version that starts, and ${action} starts none`);
    }
    return { action, system, environment, service, ...options };
  });
}

function load({ system, environment, overlays, service: key }: Options, registry: Registry): State {
  const [found] = loadSettings({
    root: overlays,
    validators: registry.validators,
    only: `${system}/${environment}`,
  });
  const SystemOf = registry.systems[system];
  if (!found || !SystemOf) throw new ReleaseError(`${system}/${environment}: no system is built from its settings`);
  const built = buildSystem(SystemOf, found);
  const services = built.node.findAll().filter((construct): construct is WebService => construct instanceof WebService);
  const keyOf = (web: WebService) =>
    Object.keys(found.settings).find((name) => found.settings[name]?.image === web._imageSettings);
  const web = services.find((one) => keyOf(one) === key);
  if (!web) {
    const known = services.map((one) => keyOf(one) ?? one.workloadName).sort();
    throw new ReleaseError(`${system}/${environment} has no service "${key}"; it has ${known.join(', ')}`);
  }
  const manifests = finish(built).map(({ manifest }) => manifest);
  return { settings: found.settings, system: built, service: found.settings[key], web, manifests };
}

function statusOf({ service, web, settings }: State): string {
  const replicas = settings.replicas ?? 1;
  const { strategy, controller, versions, weight, steps } = resolveRelease(service.release, service.image, replicas);
  const [first, second] = versions;
  const name = ({ image, label }: typeof first) => `${label ? `${label}: ` : ''}${nameOf(image)}`;
  const lines = [`${web.workloadName}: ${strategy}${controller === 'none' ? '' : `, by ${controller}`}`];
  lines.push(`  ${name(first)}, gets ${strategy === 'canary' && second ? 100 - weight : 100} % of the requests`);
  if (second) {
    const share = strategy === 'canary' ? `gets ${weight} % of the requests` : 'gets none of the requests';
    lines.push(second.replicas === 0 ? `  ${second.label}: does not run` : `  ${name(second)}, ${share}`);
  }
  if (strategy === 'canary') lines.push(`  steps: ${steps.map((step) => `${step.weight} %`).join(', ')}`);
  return lines.join('\n');
}

async function take(
  action: Exclude<Action, 'status'>,
  options: Options,
  state: State,
  registry: Registry,
  around: Surroundings,
): Promise<void> {
  const { system, environment, overlays, service, tag, digest } = options;
  const plan = planRelease(action, state.service, tag || digest ? { tag, digest } : undefined);
  if (plan.mustBeReady && !options.offline) {
    around.out(`${await askReady(plan.mustBeReady, options, state, around)}\n`);
  }
  const file = join(overlays, system, `${environment}.yaml`);
  const basePath = join(overlays, system, 'base.yaml');
  const base = readSettingsFile(basePath, basePath).data as any;
  const ofBase = (path: readonly string[]) => path.reduce((value, key) => value?.[key], base?.[service]);
  const { before, after } = changeOverlay(file, service, plan.changes, ofBase);
  replaceFile(file, after);
  try {
    const now = load(options, registry);
    const code = synth(
      ['--quiet', '--only', `${system}/${environment}`, '--overlays', overlays, '--out', options.out],
      registry,
      around,
    );
    if (code !== EXIT.done) throw new ReleaseError(`${file} is as it was`);
    around.out(`${plan.summary}\n${file} and ${options.out}/${system}/${environment} say so\n`);
    const changed = changedObjects(state.manifests, now.manifests);
    if (options.apply) apply(changed, options, around);
    else around.out(`now: kubectl apply -f ${options.out}/${system}/${environment}\n`);
  } catch (error) {
    if (!(error instanceof ApplyError)) replaceFile(file, before);
    throw error;
  }
}

async function askReady(label: string, options: Options, { web, service, system }: State, around: Surroundings) {
  const { versions } = resolveRelease(service.release, service.image, 1);
  const version = versions.find((one) => one.label === label);
  const { context, kubeconfig } = options;
  const cluster = await openReader({ env: around.env, context, kubeconfig, timeoutSeconds: 30 });
  return checkReady(cluster, {
    name: `${web.workloadName}-${label}`,
    namespace: Namespace.around(web).namespaceName,
    image: version ? mirrored(imageReference(version.image), system.imageRegistry) : '',
  });
}

/** Objects that are new or other than before, in the order in which they are applied. */
function changedObjects(before: readonly any[], after: readonly any[]): any[] {
  const old = new Set(before.map((object) => JSON.stringify(object)));
  return after.filter((object) => !old.has(JSON.stringify(object)));
}

/** The settings say what the cluster does not yet: they are right, and are kept. */
class ApplyError extends ReleaseError {}

function apply(
  objects: readonly any[],
  { context, kubeconfig, out, system, environment, serverSide }: Options,
  around: Surroundings,
) {
  const args = [
    ...(context === undefined ? [] : ['--context', context]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    'apply',
    // The autoscaler counts pods until a version is to have none.
    ...(serverSide ? ['--server-side', '--force-conflicts'] : []),
    ...['-f', '-'],
  ];
  try {
    around.out(
      execFileSync('kubectl', args, {
        input: objects.map((object) => toYaml(object)).join('---\n'),
        encoding: 'utf8',
        env: around.env,
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    );
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const todo = `mend that, then: kubectl apply -f ${out}/${system}/${environment}`;
    throw new ApplyError(`the settings are changed, and the cluster is not: ${(stderr || message).trim()}; ${todo}`);
  }
}
