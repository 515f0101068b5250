import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

const FOLDER = '.github/workflows';
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

const workflows = readdirSync(FOLDER).map((name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  return { name, text, content: parse(text) };
});
const jobs = workflows.flatMap(({ name, content }) =>
  Object.entries<any>(content.jobs).map(([id, job]) => ({ id: `${name} ${id}`, job, steps: job.steps as any[] })),
);
const commands = jobs.flatMap(({ id, steps }) => steps.flatMap(({ run }) => (run ? [{ id, run: run as string }] : [])));

const shellScripts = readdirSync('tools/ci')
  .filter((name) => name.endsWith('.sh'))
  .map((name) => `tools/ci/${name}`);

describe.each(workflows)('$name', ({ text, content }) => {
  test('pins every action to a commit, and says of which version that is', () => {
    const used = text.split('\n').filter((line) => line.includes('uses:'));
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((line) => !/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  test('grants nothing to all jobs, and never runs with the rights of the base for somebody else', () => {
    expect(content.permissions).toEqual({});
    expect(Object.keys(content.on)).not.toContain('pull_request_target');
    expect(Object.keys(content.on)).not.toContain('workflow_run');
    expect(content.concurrency).toMatchObject({ group: expect.any(String), 'cancel-in-progress': expect.any(Boolean) });
  });
});

test.each(jobs)('$id: says what it may do and how long, and keeps no token in the clone', ({ job, steps }) => {
  expect(Object.keys(job.permissions)).toContain('contents');
  expect(job['timeout-minutes']).toBeLessThanOrEqual(45);
  for (const step of steps.filter(({ uses = '' }) => uses.startsWith('actions/checkout@'))) {
    expect(step.with).toMatchObject({ 'persist-credentials': false });
  }
});

test('a job that may write runs neither packages nor code of a pull request', () => {
  const writing = jobs.filter(({ job }) => Object.values(job.permissions).includes('write'));
  expect(writing.map(({ id }) => id)).toEqual(['manifests.yaml comment', 'publish.yaml release']);
  for (const { job, steps } of writing) {
    expect(steps.filter(({ run = '' }) => /\bnp[mx]\b/.test(run))).toEqual([]);
    const refs = steps.filter(({ uses = '' }) => uses.startsWith('actions/checkout@')).map((step) => step.with.ref);
    const ofPullRequests = String(job.if).includes('pull_request');
    expect(refs).toEqual([ofPullRequests ? '${{ github.event.pull_request.base.sha }}' : undefined]);
  }
});

test('no command has an expression in it, which a title or a branch could end', () => {
  expect(commands.filter(({ run }) => run.includes('${{'))).toEqual([]);
});

test('a secret is for one step, which runs a script of ours', () => {
  const text = workflows.map((workflow) => workflow.text).join('\n');
  const holders = jobs.flatMap(({ steps }) => steps.filter((step) => JSON.stringify(step).includes('secrets.')));
  expect(holders.map(({ run }) => run)).toEqual(['tools/ci/publish.sh']);
  expect(text.match(/secrets\./g)).toHaveLength(1);
});

test('every script and npm command that a workflow calls is there', () => {
  const called = commands.flatMap(({ run }) => [...run.matchAll(/\btools\/\S+\.sh/g)].map(([path]) => path));
  expect(new Set(called).size).toBeGreaterThan(5);
  expect(called.filter((path) => !shellScripts.includes(path))).toEqual([]);
  const named = commands.flatMap(({ run }) =>
    [...run.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name!),
  );
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test.each(shellScripts)('%s: can be run, is a shell script, and answers wrong usage with its usage', (script) => {
  accessSync(script, constants.X_OK);
  expect(readFileSync(script, 'utf8')).toMatch(/^#!\/bin\/sh\n# [A-Z].*: tools\/ci\/[\w-]+\.sh/);
  for (const shell of ['sh', 'bash']) execFileSync(shell, ['-n', script]);
});

test('a script that lacks an argument or a variable changes nothing and says what it wants', () => {
  const env = { PATH: process.env['PATH'] };
  for (const [script, said] of [
    ['comment.sh', 'usage: tools/ci/comment.sh FILE NUMBER'],
    ['publish.sh', 'GITOPS_REPOSITORY: is not set'],
    ['release.sh', 'usage: tools/ci/release.sh DIR VERSION'],
    ['scan.sh', 'tools/ci/scan.sh secrets|code|dependencies|manifests|images'],
    ['sign.sh', 'usage: tools/ci/sign.sh FILE'],
  ]) {
    let stderr = '';
    try {
      execFileSync(join('tools/ci', script!), { env, stdio: 'pipe' });
    } catch (error) {
      stderr = String((error as { stderr: Buffer }).stderr);
    }
    expect(stderr).toContain(said);
  }
});

test('the guide names every workflow, script, variable and secret', () => {
  const guide = readFileSync('docs/guides/ci.md', 'utf8');
  const text = workflows.map((workflow) => workflow.text).join('\n');
  const settings = [...text.matchAll(/\b(?:vars|secrets)\.(\w+)/g)].map(([, name]) => name!);
  for (const name of [...settings, ...shellScripts, ...workflows.map((workflow) => workflow.name)]) {
    expect(guide).toContain(name);
  }
  for (const path of guide.match(/\btools\/[\w/.-]+\w/g) ?? []) expect(existsSync(path) ? '' : path).toBe('');
});
