import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { OutputFile } from '../../outputs/plain';
import { Git, GitError } from './git';

/** What a commit has at a path. */
export interface Entry {
  /** From the top of the repository. */
  readonly path: string;
  /** Whether it is an ordinary file, and no link or repository of its own. */
  readonly isFile: boolean;
  readonly id: string;
}

/** Everything that a commit has below a folder; `''` is the top. */
export function entriesAt(git: Git, commit: string, folder: string): Entry[] {
  const place = folder === '' ? [] : ['--', `${folder}/`];
  return git
    .run(['ls-tree', '-r', '-z', '--full-tree', commit, ...place])
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const [about = '', path = ''] = split(line, '\t');
      const [mode = '', , id = ''] = about.split(' ');
      return { path, isFile: mode.startsWith('100'), id };
    });
}

const split = (text: string, at: string) => [text.slice(0, text.indexOf(at)), text.slice(text.indexOf(at) + 1)];

/** The texts of entries, by one question. */
export function textsOf(git: Git, entries: readonly Entry[]): OutputFile[] {
  const files = entries.filter(({ isFile }) => isFile);
  if (files.length === 0) return [];
  const answer = git.bytes(['cat-file', '--batch'], files.map(({ id }) => `${id}\n`).join(''));
  let at = 0;
  return files.map(({ path }) => {
    const begin = answer.indexOf('\n', at) + 1;
    const end = begin + Number(answer.toString('utf8', at, begin).split(' ')[2]);
    at = end + 1;
    return { path, text: answer.toString('utf8', begin, end) };
  });
}

/** The folder as it was where the base and what is checked out parted: what others did since is not ours to tell. */
export function filesSince(base: string, folder: string): OutputFile[] {
  const git = new Git(folder);
  const prefix = git.run(['rev-parse', '--show-prefix']).trim().replace(/\/$/, '');
  const from = git.answer(['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`]);
  if (from === undefined) throw new GitError(`${base}: no such commit or branch in this clone; fetch it first`);
  const parted = git.answer(['merge-base', from, 'HEAD']);
  if (parted === undefined) {
    throw new GitError(`${base} and HEAD have no commit in common; fetch the whole history (git fetch --unshallow)`);
  }
  const entries = entriesAt(git, parted, prefix);
  const below = prefix === '' ? 0 : prefix.length + 1;
  return textsOf(git, entries).map(({ path, text }) => ({ path: path.slice(below), text }));
}

/** The files below a folder, and what is neither a file nor a folder there. */
export function filesBelow(folder: string): { readonly files: OutputFile[]; readonly odd: string[] } {
  const files: OutputFile[] = [];
  const odd: string[] = [];
  const walk = (below: string) => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files.push({ path, text: readFileSync(join(folder, path), 'utf8') });
      else odd.push(path);
    }
  };
  walk('');
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, odd };
}
