import { Option } from 'commander';

import { changesBetween } from '../../outputs/changes';
import { changesAsMarkdown, changesAsText } from '../../outputs/changes-report';
import { explainFailure, newCommand, parsing, PROCESS } from '../command-line';
import { filesBelow, filesSince } from '../git/files';
import { GitError } from '../git/git';
import { EXIT, type Terminal } from '../synth';

const AFTER_HELP = `
Says what becomes of each environment: objects that are added, changed field by field, and removed, and the pods that are
replaced. Reads what synth wrote, and runs no synth itself (docs/guides/ci.md).

Exit codes: 0 done, whether something differs or not; 1 could not be done; 2 wrong usage.
`;

interface Options {
  readonly base?: string;
  readonly before?: string;
  readonly after: string;
  readonly format: 'text' | 'markdown';
  readonly rest?: string;
}

/** The diff command. Gives the exit code. */
export function diff(args: string[], terminal: Terminal = PROCESS): number {
  const options = parseOptions(args, terminal);
  if (typeof options === 'number') return options;
  const { base = 'HEAD', before, after, format, rest } = options;
  try {
    const changes = changesBetween(
      before === undefined ? filesSince(base, after) : filesBelow(before).files,
      filesBelow(after).files,
    );
    const wayToRest = rest ?? `npm run diff -- --base ${base}`;
    const text = format === 'text' ? changesAsText(changes) : changesAsMarkdown(changes, { rest: wayToRest });
    terminal.out(`${text.trimEnd()}\n`);
    return EXIT.done;
  } catch (error) {
    const { text, code } =
      error instanceof GitError ? { text: `${error.message}\n`, code: EXIT.failed } : explainFailure(error);
    terminal.error(text);
    return code;
  }
}

function parseOptions(args: string[], terminal: Terminal): Options | number {
  const command = newCommand('diff', AFTER_HELP, terminal)
    .addOption(
      new Option(
        '--base <ref>',
        'commit or branch to compare with, as of when this one left it (default: HEAD)',
      ).conflicts('before'),
    )
    .option('--before <dir>', 'folder to compare with, instead of a commit')
    .option('--after <dir>', 'folder that is compared', 'dist')
    .addOption(
      new Option('--format <format>', 'for a terminal, or for a comment').choices(['text', 'markdown']).default('text'),
    )
    .option('--rest <text>', 'said where a comment is cut: where all of it can be read');
  return parsing(() => {
    command.parse(args, { from: 'user' });
    return command.opts<Options>();
  });
}
