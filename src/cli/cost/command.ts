import { loadSettings } from '../../settings/load';
import { BuildError, buildSystem, finish, type Registry } from '../build';
import { explainFailure, newCommand, parsing, PROCESS } from '../command-line';
import { EXIT, type Terminal } from '../synth';
import { type Bill, billOf } from './bill';
import type { Prices } from './prices';
import { readPrices } from './read-prices';
import { formatBills } from './report';

const AFTER_HELP = `
Says what environments cost in a month, by what their pods request and the prices of a file (docs/guides/cost.md).
Asks no cluster and no cloud.

Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 prices, settings or manifests refused.
`;

interface Options {
  readonly only?: string;
  readonly prices: string;
  readonly overlays: string;
  readonly json?: true;
}

/** The cost command. Gives the exit code. */
export function cost(args: string[], registry: Registry, terminal: Terminal = PROCESS): number {
  const options = parseOptions(args, terminal);
  if (typeof options === 'number') return options;
  try {
    const prices = readPrices(options.prices);
    const bills = billsOf(options, registry, prices);
    const text = options.json
      ? JSON.stringify({ currency: prices.currency, bills }, null, 2)
      : formatBills(bills, prices);
    terminal.out(`${text}\n`);
    return EXIT.done;
  } catch (error) {
    const { text, code } = explainFailure(error);
    terminal.error(text);
    return code;
  }
}

function billsOf({ overlays, only }: Options, { systems, validators }: Registry, prices: Prices): Bill[] {
  return loadSettings({ root: overlays, validators, only }).map((settings) => {
    const { system, environment } = settings;
    const SystemOf = systems[system];
    if (!SystemOf) throw new BuildError([`${system}: has settings, and no system is built from them`]);
    const built = buildSystem(SystemOf, settings);
    const objects = finish(built).map(({ manifest }) => manifest);
    return billOf({ system, environment, objects, spotNodes: built._cloud.spotNodes }, prices);
  });
}

function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = newCommand('cost', AFTER_HELP, terminal)
    .argument('[system[/environment]]', 'such as todo-app or todo-app/production (default: all)')
    .requiredOption('--prices <file>', 'YAML with currency, cpuHour, memoryGiBHour, storageGiBMonth')
    .option('--json', 'print the bills as JSON')
    .option('--overlays <dir>', 'where the settings are', 'overlays');
  return parsing(() => {
    command.parse(args, { from: 'user' });
    return { only: command.args[0], ...command.opts<Omit<Options, 'only'>>() };
  });
}
