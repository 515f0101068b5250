import { InvalidArgumentError, Option } from 'commander';

import { newCommand, parsing } from '../command-line';
import { EXIT, type Terminal } from '../synth';

/** What a script can rely on. `incomplete`: all was done, and values are missing that only somebody else can give. */
export const SECRETS_EXIT = { ...EXIT, incomplete: 4 } as const;

const AFTER_HELP = `
Makes strong random values for the Secrets that the pods of an environment read, and prints them as YAML. What the
cluster of the kubeconfig has already is kept.

Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 settings or manifests refused, 4 done, but values are missing
that only somebody else can give.
`;

/** A key of a Secret, as people write it. */
export interface KeyPath {
  readonly secret: string;
  readonly key: string;
}

/** What the command is asked for. */
export interface Options {
  readonly system: string;
  readonly environment: string;
  readonly apply?: true;
  readonly show?: true;
  readonly set?: KeyPath;
  readonly rotate?: KeyPath;
  readonly printStore?: true | string;
  readonly interrupt?: true;
  readonly dryRun?: true;
  readonly timeout: number;
  readonly storeCommand?: string;
  readonly offline?: true;
  readonly context?: string;
  readonly overlays: string;
}

const MODES = ['apply', 'show', 'set', 'rotate', 'printStore'];
const other = (mode: string) => MODES.filter((one) => one !== mode);
const mode = (name: string, flags: string, description: string) =>
  new Option(flags, description).conflicts(other(name));

/** Reads the arguments; where that is all there is to do, or they are wrong, gives the exit code. */
export function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = newCommand('secrets', AFTER_HELP, terminal)
    .argument('<system>', 'folder in overlays/, such as todo-evolution')
    .argument('<environment>', 'one of its environments, such as production')
    .addOption(mode('apply', '--apply', 'write to the cluster instead of printing; shows no value'))
    .addOption(mode('show', '--show', 'tell of every key its state, length, age and fingerprint; shows no value'))
    .addOption(mode('set', '--set <secret/key>', 'write the value that stdin gives').argParser(keyPath))
    .addOption(mode('rotate', '--rotate <secret/key>', 'replace a value while all goes on').argParser(keyPath))
    .addOption(mode('printStore', '--print-store [secret]', 'print what the store of external secrets must hold'))
    .option('--interrupt', 'with --rotate: accept what the plan says is interrupted')
    .option('--dry-run', 'with --rotate: print the plan and end')
    .option('--timeout <seconds>', 'with --rotate: how long a restart may take', seconds, 900)
    .option('--store-command <command>', 'with --rotate and external secrets: writes stdin into the store')
    .addOption(
      new Option('--offline', 'ask no cluster: every value is new').conflicts([...other('printStore'), 'context']),
    )
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--overlays <dir>', 'where the settings are', 'overlays');
  return parsing(() => {
    command.parse(args, { from: 'user' });
    const [system = '', environment = ''] = command.args;
    if (`${system}${environment}`.includes('/')) {
      command.error(`error: expected SYSTEM ENVIRONMENT, got "${args.join(' ')}"; put a space where the slash is`);
    }
    return { system, environment, ...command.opts<Pick<Options, 'overlays' | 'timeout'>>() };
  });
}

function keyPath(text: string): KeyPath {
  const [secret, key, ...more] = text.split('/');
  if (secret && key && more.length === 0) return { secret, key };
  throw new InvalidArgumentError('Expected SECRET/KEY, such as backend-secrets/api-key.');
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of seconds of at least 1.');
}
