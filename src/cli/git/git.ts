import { spawnSync } from 'node:child_process';

/** What git could not do, in its own words. */
export class GitError extends Error {
  public constructor(message: string) {
    super(message);
    this.name = 'GitError';
  }
}

/** A hook of git runs us with these set, and then they name another repository than the one asked for. */
const PLACES = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
];

/** More than any output folder; without it a large one would end as an error. */
const MOST_BYTES = 2 ** 30;

/** A working tree, asked by the `git` of this machine. */
export class Git {
  public constructor(public readonly folder: string) {}

  /** Runs git and gives what it prints. Fails with what it says of its failure. */
  public run(args: readonly string[], input?: string): string {
    return this.bytes(args, input).toString('utf8');
  }

  /** The same, with output that is not text alone. */
  public bytes(args: readonly string[], input?: string): Buffer {
    const { status, stdout, stderr } = this.spawn(args, input);
    if (status === 0) return stdout;
    throw new GitError(`git ${args[0]} in ${this.folder}: ${stderr.toString('utf8').trim() || `ended with ${status}`}`);
  }

  /** What git prints, or undefined where it fails. */
  public answer(args: readonly string[]): string | undefined {
    const { status, stdout } = this.spawn(args);
    return status === 0 ? stdout.toString('utf8').trim() : undefined;
  }

  private spawn(args: readonly string[], input = '') {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !PLACES.includes(name)));
    const ended = spawnSync('git', ['-C', this.folder, '--literal-pathspecs', ...args], {
      env: { ...env, LC_ALL: 'C' },
      input,
      maxBuffer: MOST_BYTES,
    });
    const error: NodeJS.ErrnoException | undefined = ended.error;
    // It may end before it has read everything; then its status and its words say why.
    if (error && error.code !== 'EPIPE') throw new GitError(`git cannot be run: ${error.message}`);
    return ended;
  }
}
