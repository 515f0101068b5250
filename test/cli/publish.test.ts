import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';

import { isOurText } from '../../src/outputs/write';
import { Repository, Source } from './repositories';

/** Made once: to synthesize takes most of a test's time. */
let source: Source;
beforeAll(() => (source = new Source()));

/** Another target for each test. */
const newTarget = () => new Repository().write('README.md', 'of others\n').commit();

const OVERLAY = 'overlays/todo-app/dev.yaml';
const APPS = 'todo-app/dev/50-apps.k8s.yaml';

/** Does something with other settings, and puts them back. */
function withCpu(milli: number, action: () => void): void {
  const before = readFileSync(source.path(OVERLAY), 'utf8');
  const head = source.git('rev-parse', 'HEAD');
  try {
    source
      .write(OVERLAY, before.replace('cpu: 100m', `cpu: ${milli}m`))
      .synth()
      .commit('feat: more CPU');
    expect(source.lastChange()).toContain(`M dist/${APPS}`);
    action();
  } finally {
    source.git('reset', '--quiet', '--hard', head);
  }
}

describe('a publication', () => {
  test('commits every file of dist/, and nothing else', () => {
    const target = newTarget();
    const { code, out } = source.publish(target);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('on main of') });
    const files = source
      .git('ls-files', 'dist')
      .split('\n')
      .map((path) => path.replace(/^dist\//, 'A '));
    expect(target.lastChange()).toEqual(files);
    expect(target.status()).toBe('');
    expect(readFileSync(target.path(APPS))).toEqual(readFileSync(source.path('dist', APPS)));
  });

  test('goes into a repository without a commit, and below a prefix', () => {
    const target = new Repository();
    expect(source.publish(target, '--path', './clusters/one/').code).toBe(0);
    expect(target.lastChange()).toContain(`A clusters/one/${APPS}`);
    expect(
      target
        .git('ls-files')
        .split('\n')
        .every((path) => path.startsWith('clusters/one/')),
    ).toBe(true);
  });

  test('says what changed, and from which commit it came', () => {
    const target = newTarget();
    source.publish(target);
    withCpu(114, () => {
      expect(source.publish(target).code).toBe(0);
      const message = target.git('log', '-1', '--format=%B');
      expect(message).toBe(
        [
          'publish todo-app/dev',
          '',
          'todo-app/dev: 0 added, 2 changed, 0 removed',
          '  changed Deployment todo-web-dev/todo-backend (its pods are replaced)',
          '  changed ResourceQuota todo-web-dev/quota',
          '',
          'other files: 3 written or removed',
          '',
          'From: feat: more CPU',
          '',
          `Source-Commit: ${source.git('rev-parse', 'HEAD')}`,
        ].join('\n'),
      );
      expect(target.git('log', '-1', '--format=%(trailers:key=Source-Commit,valueonly)')).toBe(
        source.git('rev-parse', 'HEAD'),
      );
    });
  });

  test('counts systems where there are many environments, and takes a first line of yours', () => {
    const target = newTarget();
    source.publish(target);
    expect(target.git('log', '-1', '--format=%s')).toBe('publish 4 environments of 2 systems');
    expect(target.git('log', '-1', '--format=%b')).toMatch(/ {2}… and \d+ more objects\n/);
    withCpu(115, () => source.publish(target, '--message', '# the fifth'));
    expect(target.git('log', '-1', '--format=%s')).toBe('# the fifth');
  });

  test('commits nothing where nothing changed', () => {
    const target = newTarget();
    source.publish(target);
    const before = target.git('rev-parse', 'HEAD');
    expect(source.publish(target)).toMatchObject({ code: 0, out: expect.stringContaining('nothing to publish') });
    expect(target.git('rev-parse', 'HEAD')).toBe(before);
  });

  test('only looks, with --dry-run', () => {
    const target = newTarget();
    const { code, out } = source.publish(target, '--dry-run');
    expect({ code, commits: target.commits(), status: target.status() }).toEqual({ code: 0, commits: 1, status: '' });
    expect(out).toContain(`  write  ${APPS}\n`);
  });

  test('removes what we made there and no longer make, a whole system, too', () => {
    const target = newTarget();
    source.publish(target);
    const head = source.git('rev-parse', 'HEAD');
    try {
      rmSync(source.path('overlays/contacts'), { recursive: true });
      source.synth().commit('feat!: no contacts');
      expect(source.publish(target).code).toBe(0);
    } finally {
      source.git('reset', '--quiet', '--hard', head);
    }
    expect(target.lastChange().every((line) => line.startsWith('D contacts/'))).toBe(true);
    expect(existsSync(target.path('contacts'))).toBe(false);
    expect(target.status()).toBe('');
  });

  test('leaves what another publication made below its own prefix', () => {
    const target = newTarget();
    source.publish(target, '--path', 'teams/one');
    expect(source.publish(target).code).toBe(0);
    expect(target.lastChange().every((line) => line.startsWith('A '))).toBe(true);
    expect(existsSync(target.path('teams/one', APPS))).toBe(true);
  });

  test('pushes, also what an earlier one committed', () => {
    const bare = new Repository();
    bare.git('config', '--bool', 'core.bare', 'true');
    const target = newTarget();
    target.git('remote', 'add', 'origin', bare.path('.git'));
    expect(source.publish(target).code).toBe(0);
    expect(source.publish(target, '--push')).toMatchObject({
      code: 0,
      out: expect.stringContaining('pushed to origin main'),
    });
    expect(bare.git('rev-parse', 'main')).toBe(target.git('rev-parse', 'HEAD'));
  });

  test('that cannot be pushed stays as a commit, and says what to do', () => {
    const target = newTarget();
    target.git('remote', 'add', 'origin', target.path('nowhere'));
    const { code, error } = source.publish(target, '--push');
    expect({ code, commits: target.commits() }).toEqual({ code: 1, commits: 2 });
    expect(error).toContain('git pull --rebase, then this again');
  });
});

describe('what is of others there', () => {
  test('is neither committed nor lost, be it staged, changed, untracked or in our folders', () => {
    const target = newTarget();
    target.write('other.txt', 'one\n').write('todo-app/dev/patch.yaml', 'kind: Patch\n').commit();
    source.publish(target);
    target.write('staged.txt', 'staged\n').git('add', 'staged.txt');
    target.write('README.md', 'staged\n').git('add', 'README.md');
    target
      .write('README.md', 'changed after that\n')
      .write('other.txt', 'two\n')
      .write('todo-app/dev/new.yaml', 'a: 1\n');
    const copy = `${readFileSync(target.path(APPS), 'utf8')}# kept by somebody\n`;
    target.write('todo-app/dev/copy.bak', copy);
    const before = target.status();
    withCpu(116, () => expect(source.publish(target).code).toBe(0));
    expect(target.lastChange()).toEqual([
      'M todo-app/dev.yaml',
      'M todo-app/dev/00-platform.k8s.yaml',
      `M ${APPS}`,
      'M todo-app/kustomize/overlays/dev/patches/deployment-todo-backend.yaml',
      'M todo-app/kustomize/overlays/dev/patches/resourcequota-quota.yaml',
    ]);
    expect(target.status()).toBe(before);
    expect(target.git('show', ':README.md')).toBe('staged');
    expect(readFileSync(target.path('README.md'), 'utf8')).toBe('changed after that\n');
  });

  test('is not overwritten: a file, an untracked one, a folder, a link in place of ours', () => {
    const cases: [made: (target: Repository) => unknown, path: string][] = [
      [(target) => target.write(APPS, 'kind: Mine\n').commit(), APPS],
      [(target) => target.write(APPS, 'kind: Mine\n'), APPS],
      [(target) => target.write(`${APPS}/inside`, ''), APPS],
      [(target) => target.write('todo-app', 'a file\n').commit(), 'todo-app'],
      [(target) => symlinkSync('/nowhere', target.path('todo-app')), 'todo-app'],
    ];
    for (const [make, path] of cases) {
      const target = newTarget();
      make(target);
      const before = [target.status(), target.git('rev-parse', 'HEAD')];
      const { code, error } = source.publish(target);
      expect({ code, error }).toEqual({ code: 3, error: expect.stringContaining(`we did not make ${path},`) });
      expect([target.status(), target.git('rev-parse', 'HEAD')]).toEqual(before);
    }
  });

  test('is not overwritten where it is a change of our file that nobody committed', () => {
    const target = newTarget();
    source.publish(target);
    const text = `${readFileSync(target.path(APPS), 'utf8')}# by hand\n`;
    target.write(APPS, text);
    expect(source.publish(target)).toMatchObject({
      code: 3,
      error: expect.stringContaining(`${APPS} was changed there`),
    });
    target.git('add', APPS);
    expect(source.publish(target).code).toBe(3);
    expect(readFileSync(target.path(APPS), 'utf8')).toBe(text);
  });

  test('a change of our file that was committed there is taken back by the next publication', () => {
    const target = newTarget();
    source.publish(target);
    target.write(APPS, `${readFileSync(target.path(APPS), 'utf8')}# by hand\n`).commit();
    expect(source.publish(target).code).toBe(0);
    expect(target.lastChange()).toEqual([`M ${APPS}`]);
  });

  test('what a killed run has written is committed by the next one', () => {
    const target = newTarget();
    cpSync(source.path('dist', 'todo-app'), target.path('todo-app'), { recursive: true });
    target.git('add', APPS);
    expect(source.publish(target).code).toBe(0);
    expect(target.status()).toBe('');
  });

  test('a hook that refuses leaves everything as it was', () => {
    const target = newTarget();
    source.publish(target);
    target.write('.hooks/pre-commit', '#!/bin/sh\necho no such commits here >&2\nexit 1\n', 0o755);
    target.write('staged.txt', 'staged\n').git('add', 'staged.txt');
    const before = [target.status(), target.git('rev-parse', 'HEAD')];
    withCpu(117, () =>
      expect(source.publish(target)).toMatchObject({ code: 1, error: expect.stringContaining('no such commits here') }),
    );
    expect(source.publish(new Repository(target.folder), '--path', 'young').code).toBe(1);
    expect([target.status(), target.git('rev-parse', 'HEAD')]).toEqual(before);
    expect(existsSync(target.path('young'))).toBe(false);
  });
});

describe('a repository is refused', () => {
  const refused = (target: Repository | string, ...more: string[]) => {
    const { code, error } = source.publish(target, ...more);
    expect(code).toBe(3);
    return error;
  };

  test('that is none, is bare, or is the one that the manifests come from', () => {
    const target = newTarget();
    expect(refused(target.path('nowhere'))).toContain('is not there');
    expect(refused(target.path('.git'))).toMatch(/has no working tree|is not a git repository/);
    mkdirSync(target.path('folder'));
    expect(refused(target.path('folder'))).toContain('give that, and the folder as --path');
    expect(refused(source)).toContain('is the repository that the manifests come from');
    rmSync(target.path('.git'), { recursive: true });
    expect(refused(target)).toContain('is not a git repository');
  });

  test('in the middle of a merge, a rebase or a cherry-pick, or on no branch', () => {
    const target = newTarget();
    target.git('switch', '--quiet', '--create', 'other');
    target.write('README.md', 'other\n').commit();
    target.git('switch', '--quiet', 'main');
    target.write('README.md', 'main\n').commit();
    for (const [command, what] of [
      [['merge', 'other'], 'a merge'],
      [['rebase', 'other'], 'a rebase'],
      [['cherry-pick', 'other'], 'a cherry-pick'],
    ] as const) {
      expect(() => target.git(...command)).toThrow();
      expect(refused(target)).toContain(`${what} is under way`);
      target.git(command[0], '--abort');
    }
    target.git('switch', '--quiet', '--detach');
    expect(refused(target)).toContain('is on no branch');
  });

  test('with a prefix that leads out of it', () => {
    for (const path of ['../elsewhere', '/tmp', 'a/../../b', '.git', 'a/.git/b']) {
      expect(refused(newTarget(), '--path', path)).toContain('expected a folder inside of the repository');
    }
  });
});

describe('dist/ is refused', () => {
  const refused = (...more: string[]) => {
    const target = newTarget();
    const { code, error } = source.publish(target, ...more);
    expect({ code, commits: target.commits() }).toEqual({ code: 3, commits: 1 });
    return error;
  };
  afterEach(() => {
    source.git('reset', '--quiet', '--hard');
    source.git('clean', '--quiet', '-fd');
  });

  test('when it is not there, is empty, is half-written or holds what synth did not make', () => {
    const temporary = 'dist/todo-app/dev.yaml.webstack-1.tmp';
    source.write(temporary, 'half');
    expect(refused()).toContain('a synth is under way or was killed');
    rmSync(source.path(temporary));
    source.write('dist/todo-app/notes.txt', 'mine\n');
    expect(refused()).toContain('synth did not make todo-app/notes.txt');
    rmSync(source.path('dist'), { recursive: true });
    expect(refused()).toContain('is not there; run: npm run synth');
    mkdirSync(source.path('dist'));
    expect(refused()).toContain('is empty');
  });

  test('when it is not what synth makes of the settings', () => {
    const text = readFileSync(source.path('dist', APPS), 'utf8');
    source.write(`dist/${APPS}`, text.replace(/replicas: \d+/, 'replicas: 99'));
    expect(refused('--allow-dirty')).toContain(`is not what synth makes (${APPS})`);
    source.write(OVERLAY, 'replcas: 1\n');
    expect(refused('--allow-dirty')).toContain('unknown key');
  });

  test('when no commit has it; with --allow-dirty the message says so', () => {
    const overlay = readFileSync(source.path(OVERLAY), 'utf8');
    source.write(OVERLAY, overlay.replace('cpu: 100m', 'cpu: 118m')).synth();
    expect(refused()).toContain('commit them, or give --allow-dirty');
    const target = newTarget();
    expect(source.publish(target, '--allow-dirty').code).toBe(0);
    expect(target.git('log', '-1', '--format=%(trailers:key=Source-Commit,valueonly)')).toMatch(/^[0-9a-f]{40}-dirty$/);
  });
});

test('wrong usage is answered with the usage', () => {
  expect(source.publish('x', '--nonsense')).toMatchObject({
    code: 2,
    error: expect.stringContaining('Usage: npm run publish'),
  });
});

test('a file is ours by what it begins with, in the comments of its own language', () => {
  for (const text of [
    '<!-- Made by cdk8s-webstack -->\n',
    '{{- /* Made by cdk8s-webstack. */ -}}',
    '{\n  "$comment": "Made by cdk8s-webstack"}',
  ]) {
    expect(isOurText(text)).toBe(true);
    expect(isOurText(`# mine\n${text}`)).toBe(false);
  }
  expect(isOurText('')).toBe(false);
});
