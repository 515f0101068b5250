/** @tools cluster kwok crds injector argo-rollouts */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

import { environments, objectsOf } from '../support/dist';
import { eventually, run, type Server, scratchFolder, startProcess } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { toolPath } from '../runtime/support/tools';

const COMMAND = ['tools/run.sh', 'test/cluster/command.ts'];
/** The smallest: what is proved here is the same for all. */
const ENVIRONMENT = environments().sort((a, b) => objectsOf(a).length - objectsOf(b).length)[0]!;

/** Where the command writes, and nobody else. */
let folder: string;

beforeAll(() => {
  folder = scratchFolder('command');
});

function start(line: RegExp): Promise<Server> {
  const { HOME = '', XDG_CACHE_HOME = '' } = process.env;
  const env = { HOME, XDG_CACHE_HOME, TMPDIR: folder };
  return startProcess('npm run cluster', 'sh', [...COMMAND, ENVIRONMENT], {
    cwd: process.cwd(),
    env,
    line,
    seconds: 180,
  });
}

/** What the command has left: folders, and processes that name them. */
const left = (): string[] => [...folders(), ...processes()];

const folders = (): string[] => readdirSync(folder);

function processes(): string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    const [command = '', ...args] = commandLineOf(id).split('\0');
    return args.some((arg) => arg.includes(folder)) ? [`${id} ${command}`] : [];
  });
}

/** Nothing where it has ended meanwhile. */
function commandLineOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

proof(
  `${ENVIRONMENT}: a command gives a cluster of one's own, and Ctrl-C ends all of it`,
  async () => {
    const command = await start(/^export KUBECONFIG=/m);
    const [, all, seconds] = /^all (\d+) pods are ready or done: ([\d.]+) s$/m.exec(command.output) ?? [];
    expect(command.output).toContain('Secrets: strong random values');
    const told = command.output.match(/^(ready|done ) {2}\S+ +zone-[abc]-[12] {2}zone-[abc] {2}[\d.]+ s$/gm) ?? [];
    expect(told.length).toBe(Number(all));
    expect(told.length).toBeGreaterThan(5);

    const [, KUBECONFIG = ''] = /^export KUBECONFIG=(.+)$/m.exec(command.output)!;
    const ask = (...args: string[]) => run(toolPath('cluster', 'bin/kubectl'), args, { env: { KUBECONFIG } });
    expect(ask('get', 'nodes', '-o', 'name').trim().split('\n')).toHaveLength(6);
    expect(ask('get', 'pods', '-A', '-o', 'name').trim().split('\n')).toHaveLength(told.length);
    expect(processes().map((line) => line.split('/').pop())).toEqual(
      expect.arrayContaining([
        'etcd',
        'kube-apiserver',
        'kube-controller-manager',
        'kube-scheduler',
        'kwok',
        'injector',
      ]),
    );

    process.kill(command.pid, 'SIGINT');
    expect(await command.ending(20)).toBe('code 0');
    expect(left()).toEqual([]);
    return `${told.length} pods after ${seconds} s`;
  },
  300,
);

proof(
  'killed hard, its processes end with it, and the next run removes its folder; SIGTERM in the middle leaves nothing',
  async () => {
    const first = await start(/^control plane/m);
    expect(processes().length).toBeGreaterThan(5);
    await first.kill();
    await eventually(() => processes().length === 0);
    const forgotten = folders();
    expect(forgotten).toHaveLength(1);

    const second = await start(/^injector: there/m);
    await eventually(() => processes().length > 0);
    expect(folders()).toHaveLength(1);
    expect(folders()).not.toEqual(forgotten);
    process.kill(second.pid, 'SIGTERM');
    expect(await second.ending(20)).toBe('code 130');
    expect(left()).toEqual([]);
    return 'nothing left, twice';
  },
  240,
);

proof(
  'where a server fails in the middle it says which, and nothing is left',
  async () => {
    const command = await start(/^injector: there/m);
    const api = () => processes().find((line) => line.endsWith('/kube-apiserver'));
    await eventually(() => api() !== undefined, 60);
    process.kill(Number.parseInt(api()!, 10), 'SIGKILL');
    expect(await command.ending(60)).toBe('code 1');
    expect(command.output).toContain('kube-apiserver: waited for readyz; it ended with SIGKILL');
    expect(left()).toEqual([]);
    return 'code 1';
  },
  180,
);

proof('an environment that is not there is answered with those that are', async () => {
  const wrong = `${ENVIRONMENT}x`;
  const { status, stderr } = spawnSync('sh', [...COMMAND, wrong], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain(
    `dist/ has no "${wrong}"; it has ${environments().join(', ')}; did you mean "${ENVIRONMENT}"?`,
  );
  expect(spawnSync('sh', COMMAND, { encoding: 'utf8' }).status).toBe(2);
  return 'code 2';
});
