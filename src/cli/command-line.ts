import { Command, CommanderError } from 'commander';

import { ValidationError } from '../platform/validation-error';
import { SettingsError } from '../settings/problems';
import { BuildError } from './build';
import { EXIT, type Terminal } from './synth';

/** Where a command prints, and what it is told by its surroundings. */
export interface Surroundings extends Terminal {
  readonly env: NodeJS.ProcessEnv;
}

/** Those of the process itself. */
export const PROCESS: Surroundings = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  env: process.env,
};

/** What a command prints of what went wrong, and the code with which it ends. */
export interface Failure {
  readonly text: string;
  readonly code: number;
}

/** A command of ours: called by npm, telling of itself on the terminal, and never ending the process. */
export const newCommand = (name: string, afterHelp: string, terminal: Terminal): Command =>
  new Command(`npm run ${name} --`)
    .helpOption('--help', 'print this')
    .addHelpText('after', afterHelp)
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
    .showHelpAfterError()
    .exitOverride();

/** Parses arguments by a function; where help was asked for, or they are wrong, gives the exit code. */
export function parsing<Options>(parse: () => Options): Options | number {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

/** The options by which a command finds its cluster. */
export const withCluster = (command: Command): Command =>
  command
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--kubeconfig <file>', 'kubeconfig (default: KUBECONFIG, or ~/.kube/config)');

/** The environment that an argument of a command names. Anything else is wrong usage. */
export function environmentOf(
  command: Command,
  target: string,
  example: string,
): { system: string; environment: string } {
  const [system = '', environment = '', ...more] = target.split('/');
  if (system === '' || environment === '' || more.length > 0) {
    command.error(`error: expected SYSTEM/ENVIRONMENT, got "${target}"; such as ${example}`);
  }
  return { system, environment };
}

/** What people can mend: settings, manifests, files, the network. Anything else is a mistake of ours, and thrown again. */
export function explainFailure(error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof SettingsError || error instanceof BuildError || error instanceof ValidationError) {
    return { text: `${message}\n`, code: EXIT.refused };
  }
  if (code === undefined) throw error;
  return { text: `${message}; mend that and run again\n`, code: EXIT.failed };
}
