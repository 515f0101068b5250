import { parseArgs } from 'node:util';

import { formatSummaries, summarize, type EnvironmentSummary } from '../outputs/summary';
import { environmentFiles } from '../outputs/environment';
import { type FinishedObject, isLayerFile, type OutputFile } from '../outputs/plain';
import { systemFiles } from '../outputs/system';
import type { DeliveredEnvironment } from '../outputs/argocd';
import { refusedChanges } from '../outputs/upgrade';
import { writeFiles } from '../outputs/write';
import { type EndOfLife, endsOfLife, lifecycleWarnings } from '../platform/lifecycle';
import { ValidationError } from '../platform/validation-error';
import { type EnvironmentSettings, loadSettings } from '../settings/load';
import { formatProblem, SettingsError } from '../settings/problems';
import { chartOf } from './charts';
import { deliveredFiles } from './deliver';
import { BuildError, buildSystem, finish, type Registry } from './build';
import type { Values } from '../outputs/chart/values';

/** What a script can rely on. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

const USAGE = `Usage: npm run synth -- [options]

Reads overlays/, builds every system in every environment and writes plain YAML.

  --only SYSTEM[/ENVIRONMENT]  limit the run; other folders of the output stay as they are, and with ENVIRONMENT
                               also what is made of all environments of the system (kustomize/, chart/)
  --out DIR                    where to write (default: dist, or what the cdk8s CLI asks for)
  --overlays DIR               where the settings are (default: overlays)
  --replace                    accept changes that cannot be applied in place
  --json                       print the summary as JSON
  --quiet                      print nothing but problems
  --help                       print this

Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 settings or manifests refused.
On any but 0 the output is as it was.
`;

/** Where a command prints. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

const PROCESS: Terminal = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
};

/** Past this many environments a run tells how far it is. */
const LONG_RUN = 20;

interface Rendered {
  readonly folder: string;
  readonly system: string;
  readonly environment: string;
  /** As its files say them. */
  readonly settings: Values;
  readonly objects: readonly FinishedObject[];
  readonly ends: readonly EndOfLife[];
  readonly files: OutputFile[];
  readonly delivered: DeliveredEnvironment;
  readonly summary: EnvironmentSummary;
}

/** The synth command. Gives the exit code. */
export function synth(args: string[], registry: Registry, terminal: Terminal = PROCESS): number {
  // It would make cdk8s keep the order in which keys were written: other bytes for the same input.
  delete process.env['CDK8S_DISABLE_SORT'];
  const options = parseOptions(args, terminal);
  if (typeof options === 'number') return options;
  try {
    const settings = loadSettings({ root: options.overlays, validators: registry.validators, only: options.only });
    const rendered = render(settings, registry, options.quiet ? () => undefined : terminal.error);
    const files = rendered.flatMap((environment) => environment.files);
    const delivered = rendered.map((environment) => environment.delivered);
    // What tells of all environments is made with all of them.
    const whole = options.only ? [] : deliveredFiles(options.overlays, delivered);
    const warning = (text: string) => terminal.error(`warning: ${text}\n`);
    const refused = refusedChanges(options.out, files.filter(isLayerFile));
    if (refused.length > 0 && !options.replace) throw new BuildError(refused);
    writeFiles(options.out, [...files, ...ofSystems(rendered, options, warning), ...whole], [options.only ?? '.']);
    if (!options.quiet) warn(rendered, terminal);
    const summaries = rendered.map(({ summary }) => summary);
    if (options.json) terminal.out(`${JSON.stringify(summaries, null, 2)}\n`);
    else if (!options.quiet) terminal.out(`${formatSummaries(summaries)}\n`);
    return EXIT.done;
  } catch (error) {
    return report(error, options.out, terminal);
  }
}

function parseOptions(args: string[], terminal: Terminal) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: 'string' },
        out: { type: 'string', default: process.env['CDK8S_OUTDIR'] ?? 'dist' },
        overlays: { type: 'string', default: 'overlays' },
        replace: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return values;
    terminal.out(USAGE);
    return EXIT.done;
  } catch (error) {
    terminal.error(`${(error as Error).message}\n\n${USAGE}`);
    return EXIT.usage;
  }
}

/** Renders everything before anything is written: what is refused leaves the output as it was. */
function render(all: EnvironmentSettings[], registry: Registry, progress: (text: string) => void): Rendered[] {
  const problems: string[] = [];
  const rendered = all.flatMap((settings, index) => {
    if (all.length > LONG_RUN && index % LONG_RUN === 0) progress(`synth: ${index} of ${all.length} environments\n`);
    const folder = `${settings.system}/${settings.environment}`;
    const SystemOf = registry.systems[settings.system];
    try {
      if (!SystemOf) throw new BuildError([`${settings.system}: has settings, and no system is built from them`]);
      const system = buildSystem(SystemOf, settings);
      const objects = finish(system);
      problems.push(...settings.unread().map(formatProblem));
      const given = JSON.parse(JSON.stringify(settings.settings)) as Values;
      const manifests = objects.map(({ manifest }) => manifest);
      return [
        {
          folder,
          system: settings.system,
          environment: settings.environment,
          settings: given,
          objects,
          ends: endsOfLife(manifests),
          files: environmentFiles(folder, objects),
          delivered: {
            system: settings.system,
            environment: settings.environment,
            manifests,
            delivery: system._delivery,
          },
          summary: summarize(settings.system, settings.environment, manifests),
        },
      ];
    } catch (error) {
      if (error instanceof BuildError) problems.push(...error.problems);
      else if (error instanceof ValidationError) problems.push(error.message);
      else throw error;
      return [];
    }
  });
  if (problems.length > 0) throw new BuildError([...new Set(problems)]);
  return rendered;
}

/** What is made of all environments of a system: not of one alone. */
function ofSystems(
  rendered: readonly Rendered[],
  { only, overlays }: { readonly only?: string; readonly overlays: string },
  warn: (text: string) => void,
): OutputFile[] {
  if (only?.includes('/')) return [];
  const systems = [...new Set(rendered.map(({ system }) => system))];
  return systems.flatMap((name) => {
    const environments = rendered.filter(({ system }) => system === name);
    return [...systemFiles(name, environments), ...chartOf(overlays, name, environments, warn)];
  });
}

/** Told to whoever runs it, and never written: what ends by a day would change the output from day to day. */
function warn(rendered: readonly Rendered[], terminal: Terminal): void {
  const users = new Map<string, string[]>();
  for (const { folder, ends } of rendered) {
    for (const warning of lifecycleWarnings(ends, new Date()))
      users.set(warning, [...(users.get(warning) ?? []), folder]);
  }
  for (const [warning, folders] of users) terminal.error(`warning: ${warning} (${folders.join(', ')})\n`);
}

function report(error: unknown, out: string, terminal: Terminal): number {
  if (error instanceof SettingsError || error instanceof BuildError) {
    const count = error.problems.length;
    terminal.error(`${error.message}\n\n${count} problem${count === 1 ? '' : 's'}; ${out}/ is as it was\n`);
    return EXIT.refused;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  terminal.error(`${message}; mend that and run again\n`);
  return EXIT.failed;
}
