import { InvalidArgumentError } from 'commander';

import { openReader } from '../cluster/reader';
import type { Registry } from '../build';
import {
  environmentOf,
  explainFailure,
  newCommand,
  parsing,
  PROCESS,
  type Surroundings,
  withCluster,
} from '../command-line';
import { ClusterError } from '../cluster/error';
import { EXIT, type Terminal } from '../synth';
import { ask, wantedBy } from './ask';
import { formatReport } from './report';

/** What a script can rely on: those of synth, and one more for what the cluster lacks. */
export const PREFLIGHT_EXIT = { ...EXIT, unmet: 4 } as const;

const AFTER_HELP = `
Asks a cluster whether everything is there that the manifests of an environment count on. Changes nothing; needs the
right to look only (docs/guides/preflight.md). What it may not look at is told as unknown.

Exit codes: 0 nothing failed, 1 could not ask everything, 2 wrong usage, 3 settings or manifests refused, 4 something failed.
`;

interface Options {
  readonly system: string;
  readonly environment: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly json?: true;
  readonly overlays: string;
  readonly quiet?: true;
  readonly timeout: number;
}

/** The preflight command. Gives the exit code. */
export async function preflight(args: string[], registry: Registry, around: Surroundings = PROCESS): Promise<number> {
  const options = parseOptions(args, around);
  if (typeof options === 'number') return options;
  try {
    const wanted = wantedBy(options, registry);
    const { context, kubeconfig, timeout } = options;
    const cluster = await openReader({ env: around.env, context, kubeconfig, timeoutSeconds: timeout });
    const report = await ask(wanted, cluster);
    around.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : `${formatReport(report, !!options.quiet)}\n`);
    if (report.results.some(({ status }) => status === 'failed')) return PREFLIGHT_EXIT.unmet;
    return cluster.late ? PREFLIGHT_EXIT.failed : PREFLIGHT_EXIT.done;
  } catch (error) {
    const { text, code } =
      error instanceof ClusterError ? { text: `${error.message}\n`, code: EXIT.failed } : explainFailure(error);
    around.error(text);
    return code;
  }
}

function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = withCluster(newCommand('preflight', AFTER_HELP, terminal))
    .argument('<system/environment>', 'such as todo-evolution/production')
    .option('--json', 'print what was found as JSON')
    .option('--overlays <dir>', 'where the settings are', 'overlays')
    .option('--quiet', 'print nothing but problems')
    .option('--timeout <seconds>', 'how long to wait for all answers together', seconds, 30);
  return parsing(() => {
    command.parse(args, { from: 'user' });
    const [target = ''] = command.args;
    return {
      ...environmentOf(command, target, 'todo-evolution/production'),
      ...command.opts<Pick<Options, 'overlays' | 'timeout'>>(),
    };
  });
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 3600) return value;
  throw new InvalidArgumentError('Expected whole seconds from 1 to 3600.');
}
