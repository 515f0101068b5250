import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { isLayerFile } from '../../outputs/plain';
import { toYaml } from '../../outputs/yaml';
import { ClusterError } from '../cluster/error';
import { type ClusterReader, openReader, Unanswered } from '../cluster/reader';
import {
  environmentOf,
  explainFailure,
  newCommand,
  parsing,
  PROCESS,
  type Surroundings,
  withCluster,
} from '../command-line';
import { EXIT, type Terminal } from '../synth';
import { titleOf, whatIsMissing, whatLeft } from './left';

const AFTER_HELP = `
Lists what a cluster still has of an environment and dist/ has not any more, and with --apply deletes it: objects with its
labels, in its namespaces or in none, that are nobody's children. Claims, volumes, Secrets, ExternalSecrets, namespaces and
storage classes always stay. Everything in dist/ must have been applied before.

Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 refused, and nothing was deleted.
`;

interface Options {
  readonly target: string;
  readonly apply?: true;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly out: string;
}

/** What must be put right first; nothing was deleted. */
class PruneError extends Error {}

/** The prune command. Gives the exit code. */
export async function prune(args: string[], around: Surroundings = PROCESS): Promise<number> {
  const options = parseOptions(args, around);
  if (typeof options === 'number') return options;
  try {
    const { context, kubeconfig, target, out, apply } = options;
    const objects = objectsIn(join(out, target));
    const cluster = await openReader({ env: around.env, context, kubeconfig, timeoutSeconds: 60 });
    await cluster.version();
    await refuseUnapplied(objects, cluster, options);
    const left = await whatLeft(objects, cluster);
    for (const what of new Set(left.unknown)) around.error(`warning: ${what}\n`);
    around.out(`${target}, context "${cluster.context}": ${left.objects.length} objects left ${out}/\n`);
    for (const object of left.objects) around.out(`  ${titleOf(object)}\n`);
    if (left.objects.length === 0) return EXIT.done;
    if (apply) remove(left.objects, options, around);
    else around.out('nothing was deleted; --apply does that\n');
    return EXIT.done;
  } catch (error) {
    const { text, code } = explain(error);
    around.error(text);
    return code;
  }
}

function explain(error: unknown) {
  if (error instanceof PruneError) return { text: `${error.message}\n`, code: EXIT.refused };
  if (error instanceof ClusterError || error instanceof Unanswered) {
    return { text: `${error.message}\n`, code: EXIT.failed };
  }
  return explainFailure(error);
}

function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = withCluster(newCommand('prune', AFTER_HELP, terminal))
    .argument('<system/environment>', 'such as todo-evolution/production')
    .option('--apply', 'delete what is listed, by kubectl')
    .option('--out <dir>', 'where the manifests are', 'dist');
  return parsing(() => {
    command.parse(args, { from: 'user' });
    const [target = ''] = command.args;
    environmentOf(command, target, 'todo-evolution/production');
    return { target, ...command.opts<Pick<Options, 'out'>>() };
  });
}

/** Without a folder everything would be gone from it. */
function objectsIn(folder: string): any[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((path) => isLayerFile({ path })) : [];
  const objects = files
    .sort()
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document) => document.toJS()))
    .filter(Boolean);
  if (!objects.some(({ kind }) => kind === 'Namespace')) {
    const todo = 'run npm run synth, or docs/guides/operations.md says how to remove an environment';
    throw new PruneError(`${folder}: expected the manifests of an environment, got no Namespace; ${todo}`);
  }
  return objects;
}

async function refuseUnapplied(objects: readonly any[], cluster: ClusterReader, { out, target }: Options) {
  const missing = await whatIsMissing(objects, cluster);
  if (missing.length === 0) return;
  const names = missing.slice(0, 3).map(titleOf).join(', ');
  const where = `context "${cluster.context}" has not ${missing.length} of ${objects.length} objects, such as ${names}`;
  throw new PruneError(`${where}; apply ${out}/${target} first: what takes their place must be there`);
}

function remove(objects: readonly any[], { context, kubeconfig }: Options, around: Surroundings): void {
  const args = [
    ...(context === undefined ? [] : ['--context', context]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...['delete', '--ignore-not-found', '--timeout=120s', '-f', '-'],
  ];
  const identities = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) =>
    toYaml({ apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }),
  );
  try {
    around.out(
      execFileSync('kubectl', args, {
        input: identities.join('---\n'),
        encoding: 'utf8',
        env: around.env,
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    );
  } catch (error) {
    const { stdout = '', stderr, message } = error as { stdout?: string; stderr?: string; message: string };
    around.out(stdout);
    throw new ClusterError(`not everything was deleted: ${(stderr || message).trim()}; mend that and run again`);
  }
}
