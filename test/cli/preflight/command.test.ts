import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { CHECKS } from '../../../src/cli/preflight/checks';
import { PREFLIGHT_EXIT } from '../../../src/cli/preflight/command';
import { validators } from '../../../src/settings/validators';
import { SYSTEMS } from '../../../src/systems';
import { refusal } from '../../support/api-server';
import type * as bundled from '../../support/bundled-client';
import { documentedRules, furnish } from './cluster';
import { Bench } from './run';

jest.mock('@kubernetes/client-node', () =>
  jest.requireActual<typeof bundled>('../../support/bundled-client').bundledClient(),
);

const PRODUCTION = 'todo-evolution/production';
let bench: Bench;

// It is bundled when it is first asked for.
beforeAll(() => import('@kubernetes/client-node'), 60_000);

beforeEach(async () => {
  bench = new Bench();
  await bench.open();
  furnish(bench.server);
});

afterEach(() => bench.close());

describe('a cluster that has everything', () => {
  test('is told so, and is asked nothing but to look', async () => {
    const { code, results } = await bench.results();
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(code).toBe(PREFLIGHT_EXIT.done);
    expect(results.length).toBeGreaterThan(30);
    expect(new Set(bench.server.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  test('is asked each question once', async () => {
    await bench.results();
    const asked = bench.server.requests.map(({ path, query }) => `${path}?${JSON.stringify(query)}`);
    expect(asked.filter((one, index) => asked.indexOf(one) !== index)).toEqual([]);
  });

  test('is shown in groups, and with --quiet in one line', async () => {
    const { out } = await bench.run([PRODUCTION]);
    expect(out).toMatch(/^todo-evolution\/production on context "stand-in" \(v1\.35\.4\)\n\nServer\n {2}ok {7}version/);
    expect(out).toMatch(/\nNodes\n[\s\S]*\nStorage\n[\s\S]*\nDapr\n/);
    const quiet = await bench.run([PRODUCTION, '--quiet']);
    expect(quiet.out).toMatch(/^todo-evolution\/production on context "stand-in" \(v1\.35\.4\): \d+ ok\n$/);
  });

  test('is answered with the rights of the guide', async () => {
    bench.server.rules = documentedRules();
    expect((await bench.results()).results.filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('a cluster that lacks something', () => {
  test('gives its own exit code, with what to do about it', async () => {
    bench.server.remove('IngressClass');
    const { code, out } = await bench.run([PRODUCTION, '--quiet']);
    expect(code).toBe(PREFLIGHT_EXIT.unmet);
    expect(out).toContain('  failed   IngressClass nginx  is not there; there are none\n');
    expect(out).toContain(
      '           → install ingress-nginx (Helm chart "ingress-nginx" of its project), or name another',
    );
    expect(out).toMatch(/: \d+ ok, 1 failed\n$/);
  });

  test('gives 0 where there are warnings only', async () => {
    bench.server.remove('DaemonSet');
    const { code, results } = await bench.results();
    expect(code).toBe(PREFLIGHT_EXIT.done);
    expect(results.filter(({ status }) => status !== 'ok').map(({ status }) => status)).toEqual(['warning']);
  });

  test('every finding but an ok one says what to do', async () => {
    for (const kind of ['Node', 'StorageClass', 'IngressClass', 'MutatingWebhookConfiguration', 'Secret', 'Pod']) {
      bench.server.remove(kind);
    }
    const { results } = await bench.results();
    for (const { status, fix, found } of results) {
      expect(found).not.toBe('');
      expect(fix === undefined).toBe(status === 'ok');
    }
    expect(results.filter(({ status }) => status === 'failed').length).toBeGreaterThan(15);
  });
});

describe('a cluster that does not let one look', () => {
  test('makes everything unknown that takes a right, and names the right', async () => {
    bench.server.rules = [];
    const { code, results } = await bench.results();
    expect(code).toBe(PREFLIGHT_EXIT.done);
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    const unknown = results.filter(({ status }) => status === 'unknown');
    for (const { found, fix } of unknown) {
      expect(found).toMatch(/^not checked: no right to (get|list) [a-z0-9.-]+( in namespace "[a-z-]+")?$/);
      expect(fix).toMatch(/^ask for the right to /);
    }
    expect(new Set(unknown.map(({ check }) => check))).toEqual(
      new Set(
        [
          'namespace.state namespace.pod-security namespace.quota namespace.limits nodes.spread nodes.room',
          'storage.classes storage.volumes network.plugin network.peers edge.ingress-class edge.response-headers',
          'certificates.issuers metrics.api dapr.injector secrets.present policies.admission live.immutable',
        ]
          .join(' ')
          .split(' '),
      ),
    );
  });

  test.each(
    documentedRules().flatMap(({ apiGroups, resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => [verb, resource, apiGroups[0]!] as const)),
    ),
  )('and without %s on %s.%s has something unknown, unless nothing here takes that', async (verb, resource, group) => {
    const all = documentedRules();
    bench.server.rules = all.flatMap((rule) =>
      rule.resources.flatMap((one) =>
        rule.verbs
          .filter((each) => !(one === resource && each === verb && rule.apiGroups.includes(group)))
          .map((each) => ({ apiGroups: rule.apiGroups, resources: [one], verbs: [each] })),
      ),
    );
    const { results } = await bench.results();
    const unknown = results.filter(({ status }) => status === 'unknown');
    const asked = bench.server.requests.some(({ path }) => path.includes(`/${resource}`));
    expect(unknown.length > 0).toBe(asked);
    for (const { found } of unknown) expect(found).toContain(`no right to ${verb} ${resource}`);
  });

  test('says so of Secrets as a state of its own', async () => {
    bench.server.rules = documentedRules().filter(({ resources }) => !resources.includes('secrets'));
    const { out } = await bench.run([PRODUCTION, '--quiet']);
    expect(out).toContain('not checked: no right to get secrets in namespace "todo-app"');
    expect(out).toMatch(/: \d+ ok, \d+ unknown\n$/);
  });
});

describe('answers that make no sense', () => {
  test('of a server that fails are unknown, and the others are told', async () => {
    bench.server.answers = ({ path }) =>
      path.includes('/nodes') ? refusal(503, 'ServiceUnavailable', 'etcd is away') : undefined;
    const { code, results } = await bench.results();
    expect(code).toBe(PREFLIGHT_EXIT.done);
    expect(results.filter(({ status }) => status === 'unknown').map(({ found }) => found)[0]).toBe(
      'answer 503, etcd is away to: list nodes',
    );
    expect(results.filter(({ status }) => status === 'ok').length).toBeGreaterThan(20);
  });

  test('of a proxy are unknown, and not repeated', async () => {
    bench.server.answers = ({ path }) =>
      path.includes('/nodes') ? { code: 200, body: '<html>Log in</html>' } : undefined;
    const { results } = await bench.results();
    const unknown = results.filter(({ status }) => status === 'unknown');
    expect(unknown[0]?.found).toBe('an answer that is no JSON to: list nodes');
  });

  test('of objects in a form that nobody expects are unknown', async () => {
    bench.server.one('MutatingWebhookConfiguration', 'dapr-sidecar-injector').webhooks = [null];
    const { results } = await bench.results();
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([
      expect.objectContaining({ check: 'dapr.injector', status: 'unknown', fix: 'look at it with kubectl' }),
    ]);
  });

  test('that come in pages are read to the end', async () => {
    bench.server.page = 1;
    expect((await bench.results()).results.filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('time', () => {
  test('is bounded for all together, and what came in time is told', async () => {
    bench.server.silent = ({ path }) => path.includes('/nodes');
    const { code, results } = await bench.results(PRODUCTION, undefined, ['--timeout', '1']);
    expect(code).toBe(PREFLIGHT_EXIT.failed);
    const unknown = results.filter(({ status }) => status === 'unknown');
    expect(unknown.length).toBeGreaterThan(0);
    for (const { found, fix } of unknown) {
      expect([found, fix]).toEqual(['no answer within 1 s', 'give a longer --timeout']);
    }
  });
});

describe('the cluster cannot be asked', () => {
  test('where nothing listens', async () => {
    const { code, out, error } = await bench.run([PRODUCTION], undefined, {
      KUBECONFIG: bench.kubeconfig('http://127.0.0.1:1'),
    });
    expect({ code, out }).toEqual({ code: PREFLIGHT_EXIT.failed, out: '' });
    expect(error).toContain('context "stand-in": cannot ask: http://127.0.0.1:1 is not reachable (ECONNREFUSED)');
  });

  test('where nothing answers', async () => {
    bench.server.silent = () => true;
    const { code, error } = await bench.run([PRODUCTION, '--timeout', '1']);
    expect(code).toBe(PREFLIGHT_EXIT.failed);
    expect(error).toContain('does not answer; is the cluster reachable from here?');
  });

  test('where the credentials are refused', async () => {
    bench.server.answers = () => refusal(401, 'Unauthorized', 'Unauthorized');
    const { code, error } = await bench.run([PRODUCTION]);
    expect(code).toBe(PREFLIGHT_EXIT.failed);
    expect(error).toContain('does not accept the credentials; log in again or give another --context');
  });

  test('where nobody is known who asks', async () => {
    bench.server.answers = ({ path }) =>
      path === '/version' ? undefined : refusal(403, 'Forbidden', 'forbidden: User "system:anonymous" cannot get path');
    const { code, error } = await bench.run([PRODUCTION]);
    expect(code).toBe(PREFLIGHT_EXIT.failed);
    expect(error).toContain('User "system:anonymous" cannot get path; mend that');
  });

  test('where something that is no API server answers', async () => {
    bench.server.answers = () => ({ code: 200, body: '{}' });
    const { code, error } = await bench.run([PRODUCTION]);
    expect(code).toBe(PREFLIGHT_EXIT.failed);
    expect(error).toContain('does not answer as an API server does; mend the kubeconfig');
  });

  test('without a kubeconfig, or with one that is not there', async () => {
    const none = await bench.run([PRODUCTION], undefined, {});
    expect(none).toEqual({
      code: PREFLIGHT_EXIT.failed,
      out: '',
      error: 'there is no kubeconfig; give --kubeconfig, set KUBECONFIG or make ~/.kube/config\n',
    });
    const missing = await bench.run([PRODUCTION, '--kubeconfig', join(bench.folder, 'missing')]);
    expect(missing.error).toContain('missing: is not there; set KUBECONFIG to a file that is');
    const other = await bench.run([PRODUCTION, '--context', 'other']);
    expect(other.error).toContain('has no context "other"; known are stand-in');
  });

  test('but by --kubeconfig', async () => {
    const args = [PRODUCTION, '--kubeconfig', bench.kubeconfig(), '--quiet'];
    expect((await bench.run(args, undefined, {})).code).toBe(PREFLIGHT_EXIT.done);
  });
});

describe('usage', () => {
  test.each([
    [[], "missing required argument 'system/environment'"],
    [['todo-evolution'], 'expected SYSTEM/ENVIRONMENT, got "todo-evolution"'],
    [['todo-evolution/'], 'expected SYSTEM/ENVIRONMENT, got "todo-evolution/"'],
    [['a/b/c'], 'expected SYSTEM/ENVIRONMENT, got "a/b/c"'],
    [['todo-evolution', 'production'], 'too many arguments'],
    [[PRODUCTION, '--quite'], 'Did you mean --quiet?'],
    [[PRODUCTION, '--timeout', '0'], 'Expected whole seconds from 1 to 3600.'],
  ])('%j is wrong', async (args, message) => {
    const { code, out, error } = await bench.run(args);
    expect({ code, out }).toEqual({ code: PREFLIGHT_EXIT.usage, out: '' });
    expect(error).toContain(message);
    expect(error).toContain('Usage: npm run preflight -- ');
    expect(bench.server.requests).toEqual([]);
  });

  test('--help is not', async () => {
    const { code, out, error } = await bench.run(['--help']);
    expect({ code, error }).toEqual({ code: PREFLIGHT_EXIT.done, error: '' });
    expect(out).toContain('Exit codes: 0 nothing failed, 1 could not ask everything, 2 wrong usage, 3 settings');
  });

  test('what does not exist, or is not built, is refused before a cluster is asked', async () => {
    const environment = await bench.run(['todo-evolution/live']);
    expect(environment.code).toBe(PREFLIGHT_EXIT.refused);
    expect(environment.error).toContain('no environment called "live"');
    const system = await bench.run([PRODUCTION], { systems: {}, validators });
    expect(system.code).toBe(PREFLIGHT_EXIT.refused);
    expect(system.error).toContain('no system is built from them');
    expect(bench.server.requests).toEqual([]);
  });

  test('every check has an id and says what it is about, each once', () => {
    const ids = CHECKS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(CHECKS.map(({ about }) => about)).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z]+\.[a-z-]+$/);
    expect(Object.keys(SYSTEMS)).toContain('todo-evolution');
  });
});

test('the program ends with the exit code, and finds the client where it is installed', () => {
  const env = { ...process.env, KUBECONFIG: bench.kubeconfig('http://127.0.0.1:1') };
  const args = ['tools/run.sh', 'src/cli/preflight.ts', PRODUCTION];
  const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8', env });
  expect({ status, stdout }).toEqual({ status: PREFLIGHT_EXIT.failed, stdout: '' });
  expect(stderr).toContain('http://127.0.0.1:1 is not reachable');
});
