import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { changedPaths } from '../../outputs/changes';
import type { OutputFile } from '../../outputs/plain';
import { isOurText, isTemporary } from '../../outputs/write';
import { BuildError, type Registry } from '../build';
import { filesBelow } from '../git/files';
import { Git } from '../git/git';
import { EXIT, synth } from '../synth';
import { listed, Refusal } from './refusal';

/** What is published, and where it came from. */
export interface Source {
  readonly files: readonly OutputFile[];
  /** Top folder of the repository that holds it. */
  readonly top: string;
  readonly commit: string;
  /** First line of that commit's message. */
  readonly subject: string;
  /** Whether there is more here than that commit has. */
  readonly dirty: boolean;
}

interface SourceOptions {
  readonly dist: string;
  readonly overlays: string;
  readonly allowDirty: boolean;
}

/** Reads the output folder. Refuses what nobody could make again from a commit. */
export function readSource({ dist, overlays, allowDirty }: SourceOptions, registry: Registry): Source {
  if (!existsSync(dist)) throw new Refusal(`${dist}: is not there; run: npm run synth`);
  const { files, odd } = filesBelow(dist);
  const temporary = files.filter(({ path }) => isTemporary(path)).map(({ path }) => path);
  if (temporary.length > 0) {
    throw new Refusal(`${dist}: a synth is under way or was killed (${listed(temporary)}); run: npm run synth`);
  }
  const foreign = [...odd, ...files.filter(({ text }) => !isOurText(text)).map(({ path }) => path)];
  if (foreign.length > 0) throw new Refusal(`${dist}: synth did not make ${listed(foreign)}; move it elsewhere`);
  if (files.length === 0) throw new Refusal(`${dist}: is empty; run: npm run synth`);
  refuseOther(dist, changedPaths(files, synthesized(overlays, registry)));
  return { files, ...commitOf(dist, overlays, allowDirty) };
}

function refuseOther(dist: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  throw new Refusal(
    `${dist}: is not what synth makes (${listed(paths)}); run: npm run synth, read its diff and commit it`,
  );
}

/** What synth makes of the settings now. */
function synthesized(overlays: string, registry: Registry): OutputFile[] {
  const out = mkdtempSync(join(tmpdir(), 'webstack-publish-'));
  try {
    let said = '';
    const terminal = { out: () => undefined, error: (text: string) => void (said += text) };
    const code = synth(['--out', out, '--overlays', overlays, '--quiet'], registry, terminal);
    if (code !== EXIT.done) throw new BuildError([said.replaceAll(out, 'the output').trim()]);
    return filesBelow(out).files;
  } finally {
    rmSync(out, { recursive: true });
  }
}

function commitOf(dist: string, overlays: string, allowDirty: boolean) {
  const git = new Git(dist);
  const top = git.answer(['rev-parse', '--show-toplevel']);
  if (top === undefined) throw new Refusal(`${dist}: is in no git repository, so no commit says where it came from`);
  const commit = git.answer(['rev-parse', '--verify', '--quiet', 'HEAD']);
  if (commit === undefined) throw new Refusal(`${top}: has no commit yet; commit dist/ first`);
  const changed = [
    ...changesOf(new Git(top), ['--untracked-files=no']),
    // A file that is new belongs to it where it is a setting or a manifest.
    ...[dist, overlays].flatMap((folder) => changesOf(new Git(folder), ['--untracked-files=all', '--', '.'])),
  ];
  const dirty = changed.length > 0;
  if (dirty && !allowDirty) {
    throw new Refusal(
      `${top}: has changes that are in no commit (${listed([...new Set(changed)])}); commit them, or give --allow-dirty`,
    );
  }
  return { top, commit, subject: git.run(['log', '-1', '--format=%s', commit]).trim(), dirty };
}

const changesOf = (git: Git, options: readonly string[]): string[] =>
  git
    .run(['status', '--porcelain', '--no-renames', '-z', ...options])
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => line.slice(3));
