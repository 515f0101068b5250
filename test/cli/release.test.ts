import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { changeOverlay } from '../../src/cli/release/overlay';
import { type Action, planRelease, type Service } from '../../src/cli/release/plan';
import { release } from '../../src/cli/release/command';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'));
  cpSync('overlays', join(folder, 'overlays'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const overlay = (environment = 'test') => join(folder, 'overlays', 'contacts', `${environment}.yaml`);
const written = (file: string) => readFileSync(join(folder, 'dist', 'contacts', 'test', file), 'utf8');

async function run(action: string, target: string, service: string, ...more: string[]) {
  const said = { out: '', error: '' };
  const code = await release(
    [action, target, service, '--overlays', join(folder, 'overlays'), '--out', join(folder, 'dist'), ...more],
    { systems: SYSTEMS, validators },
    { out: (text) => (said.out += text), error: (text) => (said.error += text), env: {} },
  );
  return { code, ...said };
}

/** Settings of contacts in production that releases by hand. */
function releaseByHand(): void {
  const text = readFileSync(overlay('production'), 'utf8');
  const byHand = text
    .replace(/\n {4}controller: argo-rollouts/g, '')
    .replace(/\n {4}analysis: .*/g, '')
    .replace(/, pauseSeconds: 300/g, '');
  expect(byHand).not.toContain('argo');
  writeFileSync(overlay('production'), byHand);
}

describe('blue-green', () => {
  test('from one version to the next, back, and to the end', async () => {
    const before = readFileSync(overlay(), 'utf8');
    expect(await run('start', 'contacts/test', 'backend', '--tag', '1.1.0')).toMatchObject({
      code: 0,
      out: expect.stringContaining('green runs 1.1.0 beside blue, which keeps the requests'),
    });
    expect(written('50-apps.k8s.yaml')).toContain('image: contact-backend:1.1.0');

    expect((await run('promote', 'contacts/test', 'backend', '--offline')).code).toBe(0);
    expect((await run('status', 'contacts/test', 'backend')).out).toBe(
      'contact-backend: blue-green\n  green: 1.1.0, gets 100 % of the requests\n  blue: 1.0.0, gets none of the requests\n',
    );
    expect((await run('back', 'contacts/test', 'backend', '--offline')).code).toBe(0);
    expect((await run('finish', 'contacts/test', 'backend')).code).toBe(0);
    // Comments, order and style are what they were.
    expect(readFileSync(overlay(), 'utf8')).toBe(before);
  });

  test('what the settings refuse leaves overlay and output as they were', async () => {
    const before = readFileSync(overlay(), 'utf8');
    const { code, error } = await run('start', 'contacts/test', 'backend', '--tag', 'latest');
    expect(code).toBe(3);
    expect(error).toContain('expected a tag other than "latest"');
    expect(readFileSync(overlay(), 'utf8')).toBe(before);
    expect(() => written('50-apps.k8s.yaml')).toThrow('ENOENT');
  });

  test('without a cluster to ask, requests are switched only where that is said', async () => {
    await run('start', 'contacts/test', 'backend', '--tag', '1.1.0');
    const before = readFileSync(overlay(), 'utf8');
    expect(await run('promote', 'contacts/test', 'backend')).toMatchObject({
      code: 1,
      error: expect.stringContaining('there is no kubeconfig'),
    });
    expect(readFileSync(overlay(), 'utf8')).toBe(before);
  });
});

test('a canary takes its shares, then all pods, and ends', async () => {
  releaseByHand();
  const shares: string[] = [];
  const step = async (action: string, ...more: string[]) => {
    expect((await run(action, 'contacts/production', 'backend', ...more)).code).toBe(0);
    shares.push((await run('status', 'contacts/production', 'backend')).out.split('\n').slice(1, 3).join(';'));
  };
  await step('start', '--tag', '1.1.0');
  for (const action of ['promote', 'promote', 'promote', 'promote', 'finish']) await step(action, '--offline');
  expect(shares).toEqual([
    '  stable: 1.0.0, gets 100 % of the requests;  canary: 1.1.0, gets 0 % of the requests',
    '  stable: 1.0.0, gets 90 % of the requests;  canary: 1.1.0, gets 10 % of the requests',
    '  stable: 1.0.0, gets 70 % of the requests;  canary: 1.1.0, gets 30 % of the requests',
    '  stable: 1.0.0, gets 40 % of the requests;  canary: 1.1.0, gets 60 % of the requests',
    '  stable: 1.1.0, gets 40 % of the requests;  canary: 1.1.0, gets 60 % of the requests',
    '  stable: 1.1.0, gets 100 % of the requests;  canary: does not run',
  ]);
});

describe('plans', () => {
  const colours: Service = { image: { repository: 'shop', tag: '1' }, release: { strategy: 'blue-green' } };
  const shares: Service = { image: { repository: 'shop', tag: '1' }, release: { strategy: 'canary' } };
  const running: Service = { ...shares, release: { strategy: 'canary', candidate: { tag: '2' }, step: 1 } };
  const taken: Service = { ...running, image: { repository: 'shop', tag: '2' } };

  test.each<[string, Exclude<Action, 'status'>, Service, RegExp]>([
    ['rolling', 'promote', { image: colours.image }, /releases are rolling: set image\.tag/],
    [
      'Argo Rollouts',
      'promote',
      { ...shares, release: { strategy: 'canary', controller: 'argo-rollouts' } },
      /kubectl argo rollouts/,
    ],
    ['a colour that does not run', 'promote', colours, /green does not run; begin with: start/],
    ['nothing to end', 'finish', colours, /green does not run/],
    ['no candidate', 'promote', shares, /there is no candidate/],
    ['no version', 'start', shares, /which version\?/],
    ['an end before all pods have it', 'finish', running, /1 still has the other requests/],
    ['back from what all pods have', 'back', taken, /start the old version anew/],
    ['more than everything', 'promote', taken, /end with: finish/],
  ])('refused: %s', (_, action, service, message) => {
    expect(() => planRelease(action, service)).toThrow(message);
  });

  test('requests go to a version only once its pods are ready', () => {
    const blue: Service = { ...colours, release: { strategy: 'blue-green', active: 'green', blue: { tag: '2' } } };
    expect(planRelease('promote', blue)).toMatchObject({
      mustBeReady: 'blue',
      changes: [{ path: ['release', 'active'], value: 'blue' }],
    });
    expect(planRelease('promote', running).mustBeReady).toBe('canary');
    // The pods that took the new version get all requests back.
    expect(planRelease('finish', taken).mustBeReady).toBe('stable');
    expect(planRelease('back', running).mustBeReady).toBeUndefined();
  });
});

describe('overlays', () => {
  const change = (text: string, value: unknown, base?: unknown) => {
    writeFileSync(overlay(), text);
    return changeOverlay(overlay(), 'web', [{ path: ['release', 'step'], value }], () => base).after;
  };

  test('what is written stays in its style, with its comments', () => {
    const text = `# A\nweb:\n  # B\n  release: { strategy: canary } # C\n  tags: [a, "b ]"]\nother: [1, 2]\n`;
    expect(change(text, 2)).toBe(text.replace('canary }', 'canary, step: 2 }'));
  });

  test('a service and a part of it that were not there are added', () => {
    expect(change('a: 1\n', 2)).toBe('a: 1\nweb:\n  release:\n    step: 2\n');
  });

  test('what the base has is removed by null, what it does not have is left out', () => {
    const text = 'web:\n  release: { strategy: canary, step: 2 }\n';
    expect(change(text, undefined)).toBe('web:\n  release: { strategy: canary }\n');
    expect(change(text, undefined, 1)).toBe('web:\n  release: { strategy: canary, step: null }\n');
  });
});

test.each([
  [['promote', 'contacts', 'backend'], 'expected SYSTEM/ENVIRONMENT, got "contacts"'],
  [['promote', 'contacts/test', 'backend', '--tag', '1'], 'promote starts none'],
  [['jump', 'contacts/test', 'backend'], 'Allowed choices are status, start, promote, back, finish'],
])('wrong usage: %j', async ([action, target, service, ...more], message) => {
  const { code, error } = await run(action!, target!, service!, ...more);
  expect(code).toBe(2);
  expect(error).toContain(message);
});

test('a service that is not there is told with those that are', async () => {
  expect(await run('status', 'contacts/test', 'backnd')).toMatchObject({
    code: 3,
    error: 'contacts/test has no service "backnd"; it has backend, frontend\n',
  });
});
