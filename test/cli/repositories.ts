import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { publish } from '../../src/cli/publish/command';
import { synth } from '../../src/cli/synth';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const temporary = () => {
  const folder = mkdtempSync(join(tmpdir(), 'webstack-git-'));
  folders.push(folder);
  return folder;
};

/** A repository of git in a temporary folder, which knows nothing of this machine's settings. */
export class Repository {
  public constructor(public readonly folder = temporary()) {
    this.git('init', '--quiet', '--initial-branch=main');
    for (const [key, value] of [
      ['user.name', 'Tester'],
      ['user.email', 'tester@example.com'],
      ['commit.gpgsign', 'false'],
      ['core.hooksPath', '.hooks'],
    ]) {
      this.git('config', key!, value!);
    }
  }

  public git(...args: string[]): string {
    return execFileSync('git', ['-C', this.folder, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  public path = (...parts: string[]) => join(this.folder, ...parts);

  public write(path: string, text: string, mode?: number): this {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text, { mode });
    return this;
  }

  public commit(message = 'change'): this {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '--message', message);
    return this;
  }

  /** The paths that the last commit changed, each with what became of it: `A path`. */
  public lastChange = () =>
    this.git('show', '--format=', '--name-status', '--no-renames', 'HEAD').replace(/\t/g, ' ').split('\n');

  public status = () => this.git('status', '--porcelain');

  public commits = () => Number(this.git('rev-list', '--count', '--all'));
}

/** A repository with the settings of two systems, and what synth makes of them. */
export class Source extends Repository {
  public constructor() {
    super();
    for (const folder of ['schemas', 'todo-app', 'contacts']) {
      cpSync(join('overlays', folder), this.path('overlays', folder), { recursive: true });
    }
    // Four environments are enough, and take less time.
    for (const name of ['test', 'production']) rmSync(this.path(`overlays/contacts/${name}.yaml`));
    this.synth().commit('feat: a first version');
  }

  /** Those systems that have settings here. */
  private get registry() {
    const here = <T>(all: Readonly<Record<string, T>>) =>
      Object.fromEntries(Object.entries(all).filter(([system]) => existsSync(this.path('overlays', system))));
    return { systems: here(SYSTEMS), validators: here(validators) };
  }

  public synth(): this {
    const said: string[] = [];
    const terminal = { out: () => undefined, error: (text: string) => void said.push(text) };
    const args = ['--overlays', this.path('overlays'), '--out', this.path('dist'), '--quiet', '--replace'];
    if (synth(args, this.registry, terminal) !== 0) throw new Error(said.join(''));
    return this;
  }

  public publish(target: Repository | string, ...more: string[]) {
    const said = { out: '', error: '' };
    const repo = typeof target === 'string' ? target : target.folder;
    const places = ['--repo', repo, '--dist', this.path('dist'), '--overlays', this.path('overlays')];
    const code = publish([...places, ...more], this.registry, {
      out: (text) => void (said.out += text),
      error: (text) => void (said.error += text),
    });
    return { code, ...said };
  }
}
