/** @tools cluster kwok crds injector argo-rollouts */
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { eventually, scratchFolder } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { toolPath } from '../runtime/support/tools';
import { ArgoRollouts } from './argo-rollouts';
import { overlaysWith, synthesizedFrom } from './changes';
import { commandsOf } from './guide';
import { type LiveEnvironment, startLiveTogether } from './live';
import { kindOf, watchServed } from './served';

const GUIDED = 'contacts/production';
const SERVICES = { frontend: 'contact-frontend', backend: 'contact-backend' };

/** The environment whose guide it is, applied server-side, and another one, applied client-side. */
const [SERVER, CLIENT] = [GUIDED, 'contacts/test'];

const [forward, back] = commandsOf('releases.md', 'From rolling to Argo Rollouts, and back', GUIDED) as [
  string,
  string,
];

let lives: LiveEnvironment[];

beforeAll(async () => {
  lives = await startLiveTogether([SERVER, CLIENT]);
  await ArgoRollouts.start(lives[0]!.cluster);
}, 180_000);

afterAll(() => lives?.[0]?.cluster.stop());

/** The files of an environment with both of its services released in this way. */
function folderOf(environment: string, release: object | null): string {
  // Only what the way reads may be set.
  const none = { active: null, blue: null, green: null, steps: null, analysis: null };
  const settings = { release: release && { ...none, ...release } };
  return synthesizedFrom(overlaysWith(environment, { frontend: settings, backend: settings }), environment);
}

for (const [environment, how] of [
  [SERVER, ' --server-side --force-conflicts'],
  [CLIENT, ''],
] as const) {
  proof(
    `${environment}, applied${how || ' client-side'}: from rolling to a Rollout and back as the guide says, each Service always has pods behind it`,
    async () => {
      const live = lives.find(({ name }) => name === environment)!;
      const [namespace] = live.namespaces as [string];
      const rolling = folderOf(environment, null);
      const guided = async (commands: string, folder: string) => {
        const own = commands
          .replaceAll(`dist/${GUIDED}`, folder)
          .replaceAll('-n contacts ', `-n ${namespace} `)
          .replaceAll('kubectl apply', `kubectl apply${how}`);
        const [apply, ...rest] = own.trim().split('\n');
        // What is said of one service is done to each; everything is applied once.
        await run(live, apply!);
        for (const service of Object.values(SERVICES)) {
          await run(live, rest.join('\n').replaceAll(SERVICES.backend, service));
        }
      };
      await run(live, `kubectl apply${how} -f ${rolling}`);
      for (const service of Object.values(SERVICES)) {
        await run(live, `kubectl -n ${namespace} rollout status deployment/${service} --timeout=90s`);
      }
      const watched = await Promise.all(Object.values(SERVICES).map((service) => watchServed(live, service)));
      const servedBy = (kind: string) => eventually(() => watched.every(({ now }) => now().join() === kind), 60);
      await servedBy('Deployment');
      for (const strategy of ['canary', 'blue-green']) {
        await guided(forward, folderOf(environment, { strategy, controller: 'argo-rollouts' }));
        await servedBy('Rollout');
        await eventually(async () => (await kinds(live)).join() === 'Rollout', 60);
        await guided(back, rolling);
        await servedBy('Deployment');
        await eventually(async () => (await kinds(live)).join() === 'Deployment', 60);
      }
      expect(watched.flatMap(({ problems }) => problems)).toEqual([]);
      return watched.map(({ service, turns }) => `${service}: ${turns.join(' → ')}`).join('; ');
    },
    400,
  );
}

/** Runs commands of a guide, while what happens is watched: what blocks this process would see it late, and in another order. */
async function run({ cluster }: LiveEnvironment, commands: string): Promise<void> {
  const home = scratchFolder('move');
  const path = `${dirname(toolPath('cluster', 'bin/kubectl'))}:${process.env['PATH']}`;
  const env = { PATH: path, KUBECONFIG: cluster.kubeconfig, HOME: home };
  await promisify(execFile)('sh', ['-euc', commands], { env, cwd: home, timeout: 120_000 });
}

/** What makes the pods of the services. */
async function kinds(live: LiveEnvironment): Promise<string[]> {
  const pods = (await live.pods()).filter(({ metadata }) =>
    Object.values(SERVICES).includes(metadata.labels['app.kubernetes.io/name']),
  );
  return [...new Set(pods.map(kindOf))].sort();
}
