import { existsSync, lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, normalize, resolve, sep } from 'node:path';

import type { OutputFile } from '../../outputs/plain';
import { isOurText, writeFiles } from '../../outputs/write';
import { entriesAt, type Entry } from '../git/files';
import { Git, GitError } from '../git/git';
import { listed, Refusal } from './refusal';

/** What git keeps while it is in the middle of something, and what that is. */
const UNDER_WAY = {
  MERGE_HEAD: 'a merge',
  'rebase-merge': 'a rebase',
  'rebase-apply': 'a rebase',
  CHERRY_PICK_HEAD: 'a cherry-pick',
  REVERT_HEAD: 'a revert',
  'sequencer/todo': 'a cherry-pick or revert',
};

/** What is to be there. Paths are those below the prefix. */
export interface Placement {
  /** All that belongs there. */
  readonly files: readonly OutputFile[];
  /** What is new, or not what it was. */
  readonly written: readonly string[];
  /** What we made and no longer belongs. */
  readonly removed: readonly string[];
}

/** A folder of the working tree of the repository that takes the manifests. */
export class Target {
  public readonly git: Git;

  private constructor(
    /** Top folder of the working tree. */
    public readonly name: string,
    /** From there to where the manifests go, with `/` at its end unless it is the top itself. */
    private readonly prefix: string,
    public readonly branch: string,
  ) {
    this.git = new Git(name);
  }

  /** Looks whether a repository can take a commit now. */
  public static at(repo: string, path: string): Target {
    if (!existsSync(repo)) throw new Refusal(`${repo}: is not there; clone the repository first`);
    const git = new Git(repo);
    const top = git.answer(['rev-parse', '--show-toplevel']);
    if (top === undefined) {
      const bare = git.answer(['rev-parse', '--is-bare-repository']) === 'true';
      throw new Refusal(bare ? `${repo}: has no working tree; give a clone of it` : `${repo}: is not a git repository`);
    }
    if (realpathSync(repo) !== realpathSync(top)) {
      throw new Refusal(`${repo}: is a folder inside of the repository ${top}; give that, and the folder as --path`);
    }
    for (const [file, what] of Object.entries(UNDER_WAY)) {
      const place = git.run(['rev-parse', '--git-path', file]).trim();
      if (existsSync(resolve(repo, place))) throw new Refusal(`${repo}: ${what} is under way; end or abort it first`);
    }
    const branch = git.answer(['symbolic-ref', '--quiet', '--short', 'HEAD']);
    if (branch === undefined) throw new Refusal(`${repo}: is on no branch (detached HEAD); run: git switch BRANCH`);
    return new Target(top, prefixOf(path), branch);
  }

  /** A repository must not be published into itself. */
  public refuseSource(top: string): void {
    if (realpathSync(this.name) === realpathSync(top)) {
      throw new Refusal(`${this.name}: is the repository that the manifests come from; give another`);
    }
  }

  /** A path from the top, as git knows it. */
  public pathOf = (path: string): string => `${this.prefix}${path}`;

  /** What the branch has below the prefix, by the path below it. */
  public entries(): Entry[] {
    if (!this.hasCommit()) return [];
    return entriesAt(this.git, 'HEAD', this.prefix.slice(0, -1)).map((entry) => ({
      ...entry,
      path: entry.path.slice(this.prefix.length),
    }));
  }

  /** What is in the working tree where our files have to be, whether git knows it or not, and is not ours. */
  public foreignInTree(files: readonly OutputFile[]): string[] {
    const places = files.map(({ path }) => this.pathOf(path));
    const noFolder = new Set<string>();
    for (const path of new Set(places.flatMap(parentsOf))) {
      if (parentsOf(path).some((above) => noFolder.has(above))) continue;
      if (!['nothing', 'folder'].includes(this.kindOf(path))) noFolder.add(path);
    }
    const reached = places.filter((path) => !parentsOf(path).some((above) => noFolder.has(above)));
    const noFile = reached.filter((path) => !['nothing', 'ours'].includes(this.kindOf(path)));
    return [...noFolder, ...noFile].map((path) => path.slice(path.startsWith(this.prefix) ? this.prefix.length : 0));
  }

  /** A path that we change must be there as it was committed, or as it is to be: a run that was killed leaves that. */
  public refuseUncommitted(paths: readonly string[], files: readonly OutputFile[]): void {
    const wanted = new Map(files.map(({ path, text }) => [this.pathOf(path), text]));
    const concerned = new Set(paths.map(this.pathOf));
    const changed = this.git
      .run(['status', '--porcelain', '--no-renames', '--untracked-files=all', '-z'])
      .split('\0')
      .map((line) => line.slice(3))
      .filter((path) => concerned.has(path) && this.textOf(path) !== wanted.get(path));
    if (changed.length === 0) return;
    throw new Refusal(
      `${this.name}: ${listed(changed)} was changed there and not committed; commit it, or take it back (git restore)`,
    );
  }

  /** Writes the files and commits them, and them alone. Gives the commit. */
  public commit({ files, written, removed }: Placement, message: string): string {
    const paths = [...written, ...removed].map(this.pathOf);
    try {
      writeFiles(join(this.name, this.prefix), files, []);
      this.onPaths(['rm', '--quiet', '--force', '--ignore-unmatch'], removed.map(this.pathOf));
      this.onPaths(['add', '--force'], written.map(this.pathOf));
      // Whatever else is staged stays staged, and out of this commit.
      this.onPaths(['commit', '--quiet', '--only', '--cleanup=whitespace', '--file=-'], paths, message);
    } catch (error) {
      this.takeBack(paths);
      throw error;
    }
    return this.git.run(['rev-parse', 'HEAD']).trim();
  }

  /** Pushes the branch to where it comes from, or to `origin`. Gives the name of the place. */
  public push(): string {
    const remote = this.git.answer(['config', `branch.${this.branch}.remote`]) ?? 'origin';
    const merge = this.git.answer(['config', `branch.${this.branch}.merge`]) ?? `refs/heads/${this.branch}`;
    try {
      this.git.run(['push', '--quiet', remote, `HEAD:${merge}`]);
    } catch (error) {
      const todo = `the commit stays in ${this.name}; run there: git pull --rebase, then this again`;
      throw new GitError(`${(error as Error).message}\n${todo}`);
    }
    return `${remote} ${merge.replace('refs/heads/', '')}`;
  }

  private hasCommit = () => this.git.answer(['rev-parse', '--verify', '--quiet', 'HEAD']) !== undefined;

  private textOf(path: string): string | undefined {
    const file = join(this.name, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  private kindOf(path: string): 'nothing' | 'folder' | 'ours' | 'foreign' {
    const found = lstatSync(join(this.name, path), { throwIfNoEntry: false });
    if (found === undefined) return 'nothing';
    if (found.isDirectory()) return 'folder';
    return found.isFile() && isOurText(this.textOf(path)!) ? 'ours' : 'foreign';
  }

  /** A command of git with paths, of which there may be more than an argument list takes. */
  private onPaths(args: readonly string[], paths: readonly string[], input?: string): void {
    if (paths.length === 0) return;
    const folder = mkdtempSync(join(tmpdir(), 'webstack-publish-'));
    try {
      const list = join(folder, 'paths');
      writeFileSync(list, paths.join('\0'));
      this.git.run([...args, `--pathspec-from-file=${list}`, '--pathspec-file-nul'], input);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** As it was: what the branch has is there again, and what is new is gone. */
  private takeBack(paths: readonly string[]): void {
    const known = this.hasCommit() ? new Set(entriesAt(this.git, 'HEAD', '').map(({ path }) => path)) : new Set();
    const young = paths.filter((path) => !known.has(path));
    this.onPaths(
      ['checkout', '--quiet', 'HEAD'],
      paths.filter((path) => known.has(path)),
    );
    this.onPaths(['rm', '--quiet', '--force', '--ignore-unmatch'], young);
    for (const path of young) rmSync(join(this.name, path), { force: true });
  }
}

export const parentsOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'));

function prefixOf(path: string): string {
  const plain = normalize(path).split(sep).join('/').replace(/\/$/, '');
  if (plain === '.' || plain === '') return '';
  if (!plain.startsWith('/') && plain.split('/').every((part) => part !== '..' && part !== '.git')) return `${plain}/`;
  throw new Refusal(`--path: expected a folder inside of the repository, got "${path}"`);
}
