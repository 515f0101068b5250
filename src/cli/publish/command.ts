import { resolve } from 'node:path';

import type { Registry } from '../build';
import { explainFailure, newCommand, parsing, PROCESS } from '../command-line';
import { GitError } from '../git/git';
import { EXIT, type Terminal } from '../synth';
import { messageOf } from './message';
import { planFor } from './plan';
import { Refusal } from './refusal';
import { readSource } from './source';
import { Target } from './target';

const AFTER_HELP = `
Commits the manifests of dist/ into the working tree of another repository, from which Argo CD or Flux takes them: into
PREFIX, one folder per system, and nothing else. Files there that we did not make, and what others have staged or changed,
stay as they are. Nothing is committed where nothing changed (docs/guides/ci.md).

Exit codes: 0 done, or nothing to do; 1 could not be done; 2 wrong usage; 3 dist/ or the other repository is not fit for it.
On any but 0 the other repository is as it was, save that a commit that could not be pushed stays there.
`;

interface Options {
  readonly repo: string;
  readonly path: string;
  readonly message?: string;
  readonly push?: true;
  readonly dryRun?: true;
  readonly allowDirty?: true;
  readonly dist: string;
  readonly overlays: string;
}

/** The publish command. Gives the exit code. */
export function publish(args: string[], registry: Registry, terminal: Terminal = PROCESS): number {
  const options = parseOptions(args, terminal);
  if (typeof options === 'number') return options;
  try {
    publishTo(options, registry, terminal);
    return EXIT.done;
  } catch (error) {
    const { text, code } = explain(error);
    terminal.error(text);
    return code;
  }
}

function publishTo(options: Options, registry: Registry, terminal: Terminal): void {
  const target = Target.at(resolve(options.repo), options.path);
  const source = readSource({ ...options, allowDirty: !!options.allowDirty }, registry);
  target.refuseSource(source.top);
  const plan = planFor(target, source.files);
  if (plan.written.length + plan.removed.length === 0) {
    terminal.out(`nothing to publish: ${target.name} has what dist/ has\n`);
  } else {
    const message = messageOf(plan, source, options.message);
    if (options.dryRun) return terminal.out(`${message}\n${plan.listing}nothing is written: --dry-run\n`);
    const commit = target.commit(plan, message);
    terminal.out(`${message}\ncommitted as ${commit} on ${target.branch} of ${target.name}\n`);
  }
  if (options.push && !options.dryRun) terminal.out(`pushed to ${target.push()}\n`);
}

function explain(error: unknown) {
  if (error instanceof Refusal) return { text: `${error.message}\n`, code: EXIT.refused };
  if (error instanceof GitError) return { text: `${error.message}\n`, code: EXIT.failed };
  return explainFailure(error);
}

function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = newCommand('publish', AFTER_HELP, terminal)
    .requiredOption('--repo <dir>', 'top folder of the working tree that takes the manifests')
    .option('--path <prefix>', 'folder in it', '.')
    .option('--message <text>', 'first line of the commit (default: says what changed)')
    .option('--push', 'push the branch afterwards')
    .option('--dry-run', 'say what would be committed, and write nothing')
    .option('--allow-dirty', 'accept changes here that are in no commit; the message says so')
    .option('--dist <dir>', 'what is published', 'dist')
    .option('--overlays <dir>', 'where the settings are', 'overlays');
  return parsing(() => command.parse(args, { from: 'user' }).opts<Options>());
}
