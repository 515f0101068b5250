/** @tools actionlint zizmor linters gitleaks semgrep cosign */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

import { proof } from './support/proof';
import { scratchFolder } from './support/process';
import { toolPath } from './support/tools';

const WORKFLOWS = ['.github/workflows/manifests.yaml', '.github/workflows/publish.yaml'];

/** Runs a program, and gives what it printed and how it ended. */
function run(program: string, args: readonly string[], { cwd = '.', env = {} }: { cwd?: string; env?: object } = {}) {
  const folders = ['gitleaks', 'semgrep', 'cosign'].map((tool) => dirname(toolPath(tool, `bin/${tool}`)));
  const path = [...folders, process.env['PATH']].join(delimiter);
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, PATH: path, ...env },
    maxBuffer: 2 ** 28,
  });
  return { status, said: `${stdout}${stderr}` };
}

const script = (name: string, ...args: string[]) => run(resolve('tools/ci', name), args);

const lint = (...files: string[]) =>
  run(toolPath('actionlint', 'bin/actionlint'), [
    '-shellcheck',
    toolPath('linters', 'bin/shellcheck'),
    '-pyflakes=',
    ...files,
  ]);
const audit = (...files: string[]) =>
  run(toolPath('zizmor', 'bin/zizmor'), ['--offline', '--no-progress', '--persona', 'auditor', ...files]);

/** A workflow with something else in it. */
function broken(from: string, to: string): string {
  const text = readFileSync(WORKFLOWS[0]!, 'utf8');
  expect(text).toContain(from);
  const file = join(scratchFolder('workflows'), 'broken.yaml');
  writeFileSync(file, text.replaceAll(from, to));
  return file;
}

proof('actionlint and shellcheck find nothing in the workflows and scripts', async () => {
  expect(lint(...WORKFLOWS)).toEqual({ status: 0, said: '' });
  const scripts = execFileSync('ls', ['tools/ci'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name.endsWith('.sh'));
  const said = run(
    toolPath('linters', 'bin/shellcheck'),
    scripts.map((name) => join('tools/ci', name)),
  );
  expect(said).toEqual({ status: 0, said: '' });
  expect(lint(broken('needs: manifests', 'needs: nothing')).said).toContain('which does not exist');
  return `2 workflows, ${scripts.length} scripts`;
});

proof('zizmor finds nothing in the workflows but what is meant', async () => {
  const { said } = audit(...WORKFLOWS);
  const found = [...said.matchAll(/^(?:error|warning|help|info)\[([\w-]+)\]/gm)].map(([, rule]) => rule);
  expect(found.filter((rule) => rule !== 'undocumented-permissions')).toEqual([]);
  expect(audit(broken('persist-credentials: false', 'persist-credentials: true')).said).toContain('artipacked');
  expect(audit(broken('  pull_request:\n', '  pull_request_target:\n')).said).toContain('dangerous-triggers');
  return 'credentials that stay and dangerous triggers are found where they are planted';
});

proof(
  'gitleaks and Semgrep find nothing here, and what is planted',
  async () => {
    const folder = scratchFolder('workflows');
    cpSync('.gitleaks.toml', join(folder, '.gitleaks.toml'));
    // Made here, so that this file does not hold it.
    writeFileSync(join(folder, 'key.ts'), `const token = 'ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}';\n`);
    const leaks = (path: string) => run('gitleaks', ['dir', '--no-banner', '--redact', path], { cwd: folder });
    expect(leaks('.').status).toBe(1);
    for (const path of ['src', 'tools', 'overlays', '.github'])
      expect(leaks(resolve(path)).said).toContain('no leaks found');
    expect(script('scan.sh', 'code')).toEqual({ status: 0, said: '' });
    writeFileSync(
      join(folder, 'shell.ts'),
      'import { execSync } from "node:child_process";\nexecSync(`ls ${process.argv[2]}`);\n',
    );
    const rules = [
      'scan',
      '--metrics',
      'off',
      '--error',
      '--quiet',
      '--config',
      resolve('tools/ci/semgrep.yaml'),
      folder,
    ];
    expect(run('semgrep', rules)).toMatchObject({ status: 1, said: expect.stringContaining('shell-of-a-string') });
    return 'a token and a shell of a string';
  },
  300,
);

proof(
  'a release is packed to the same archive twice, and its signature holds for it alone',
  async () => {
    const [one, two] = [join(scratchFolder('workflows'), 'one'), join(scratchFolder('workflows'), 'two')];
    for (const folder of [one, two]) expect(script('release.sh', folder, 'v1.2.3').status).toBe(0);
    const archive = 'manifests-v1.2.3.tar.gz';
    expect(readFileSync(join(one, archive))).toEqual(readFileSync(join(two, archive)));
    const { components } = JSON.parse(readFileSync(join(one, 'sbom.cdx.json'), 'utf8'));
    const names = components.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['cdk8s', 'constructs', 'yaml', 'fastest-levenshtein']));
    const env = { COSIGN_PASSWORD: 'of-this-run', COSIGN_KEY: join(one, 'cosign.key') };
    expect(run('cosign', ['generate-key-pair'], { cwd: one, env }).status).toBe(0);
    expect(run(resolve('tools/ci/sign.sh'), [join(one, 'SHA256SUMS')], { env }).status).toBe(0);
    const holds = () =>
      run(
        'cosign',
        [
          'verify-blob',
          '--key',
          'cosign.pub',
          '--insecure-ignore-tlog=true',
          '--bundle',
          'SHA256SUMS.sigstore.json',
          'SHA256SUMS',
        ],
        { cwd: one },
      ).status;
    expect(holds()).toBe(0);
    writeFileSync(join(one, 'SHA256SUMS'), 'other');
    expect(holds()).not.toBe(0);
    return `${components.length} packages in the SBOM`;
  },
  120,
);

proof(
  'a script publishes to a repository that others push to',
  async () => {
    const folder = scratchFolder('workflows');
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
    const author = ['-c', 'user.name=other', '-c', 'user.email=other@example.com'];
    git('init', '--quiet', '--bare', '--initial-branch=main', 'bare');
    git('clone', '--quiet', 'bare', 'clone');
    git('-C', 'clone', ...author, 'commit', '--quiet', '--allow-empty', '--message', 'of others');
    git('-C', 'clone', 'push', '--quiet', 'origin', 'HEAD:main');
    // A clone of this commit: what is under way in this working tree is no concern of the proof.
    const source = join(folder, 'source');
    execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${resolve('.')}`, source]);
    execFileSync('ln', ['-s', resolve('node_modules'), join(source, 'node_modules')]);
    const publish = () =>
      run(join(source, 'tools/ci/publish.sh'), [], {
        env: { GITOPS_REPOSITORY: join(folder, 'bare'), GITOPS_PATH: 'clusters/one' },
      });
    expect(publish()).toMatchObject({ status: 0, said: expect.stringContaining('pushed to main') });
    expect(publish()).toMatchObject({ status: 0, said: expect.stringContaining('nothing to publish') });
    git('-C', 'clone', 'pull', '--quiet', 'origin', 'main');
    rmSync(join(folder, 'clone/clusters/one/todo-app'), { recursive: true });
    git('-C', 'clone', ...author, 'commit', '--quiet', '--all', '--message', 'by hand');
    git('-C', 'clone', 'push', '--quiet', 'origin', 'HEAD:main');
    // It refuses once, as when somebody was faster.
    writeFileSync(join(folder, 'bare/hooks/pre-receive'), '#!/bin/sh\nrm "$0"\nexit 1\n', { mode: 0o755 });
    const { status, said } = publish();
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('push refused, attempt 1 of 3') });
    const subject = git('-C', 'bare', 'log', '-1', '--format=%s', 'main');
    expect(subject).toBe('publish todo-app/dev, todo-app/production, todo-app/staging');
    return subject;
  },
  180,
);
