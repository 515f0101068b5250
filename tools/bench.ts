import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { folderOf, toolSet } from './real/sets';

/**
 * Compares whole processes, side by side and in turn: our synth of all environments with `helm template` and
 * `kustomize build` of the same objects, once per environment, and with the stock start of cdk8s. What counts is CPU time
 * (user and system, with all children), for the machines are noisy and the clock is not ours.
 */

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const ROOT = process.cwd();

/** As `npm run synth`: a run this short ends before what the optimizing compiler makes could pay for itself. */
const NODE = ['node', '--no-opt'];

interface Peer {
  readonly name: string;
  /** The commands of one run; together they do what our synth does in one. */
  readonly commands: readonly (readonly string[])[];
  /** Why it cannot run here. */
  readonly missing?: string;
}

const work = mkdtempSync(join(tmpdir(), 'webstack-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const environments = readdirSync('dist', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: system }) =>
    readdirSync(join('dist', system), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${system}/${name}`),
  );

/** The same objects as a chart whose values are all placed already, and as a list of resources. */
function layOut(environment: string): { chart: string; kustomization: string } {
  const chart = join(work, environment, 'chart');
  const kustomization = join(work, environment, 'kustomize');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  mkdirSync(kustomization, { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: bench\nversion: 0.0.0\n');
  const files = readdirSync(join('dist', environment)).filter((name) => name.endsWith('.yaml'));
  for (const file of files) {
    const text = readFileSync(join('dist', environment, file), 'utf8');
    writeFileSync(join(chart, 'templates', file), text);
    writeFileSync(join(kustomization, file), text);
  }
  writeFileSync(
    join(kustomization, 'kustomization.yaml'),
    `resources:\n${files.map((file) => `- ${file}\n`).join('')}`,
  );
  return { chart, kustomization };
}

/** The tool's path: that of `npm run tools` first, then the PATH. */
function find(tool: string): string | undefined {
  const folders = [join(folderOf(toolSet(tool)), 'bin'), ...(process.env['PATH'] ?? '').split(':')];
  return folders.map((folder) => join(folder, tool)).find((path) => existsSync(path));
}

function peer(name: string, tool: string, command: (path: string, environment: string) => string[]): Peer {
  const path = find(tool);
  if (!path) return { name, commands: [], missing: `${tool} is not on the PATH: run "npm run tools -- ${tool}"` };
  return { name, commands: environments.map((environment) => command(path, environment)) };
}

/** What the template of `cdk8s init` starts: the CLI, which starts ts-node, which compiles the app. */
function stock(): Peer {
  const name = 'cdk8s synth, app compiled beforehand';
  const cli = join(ROOT, 'node_modules/.bin/cdk8s');
  const app = `node ${resolve('.build/main.js')} --overlays ${resolve('overlays')}`;
  return { name, commands: [[cli, 'synth', '--no-check-upgrade', '--app', app, '--output', join(work, 'cdk8s')]] };
}

function cpuMilliseconds(commands: Peer['commands']): number {
  const script = `const {spawnSync}=require('node:child_process');
    for (const [c,...a] of ${JSON.stringify(commands)}) {
      const r=spawnSync(c,a,{stdio:['ignore','ignore','pipe'],maxBuffer:1e9});
      if (r.status!==0) { process.stderr.write(c+' '+a.join(' ')+': '+(r.error??r.stderr)); process.exit(1); }
    }`;
  // `times` of a shell gives the time of its children, and a shell of its own for each run gives that of one run.
  const shell = spawnSync('bash', ['-c', `TIMEFORMAT='%U %S'; time node -e "$SCRIPT"`], {
    env: { ...process.env, SCRIPT: script },
    encoding: 'utf8',
  });
  if (shell.status !== 0) throw new Error(shell.stderr);
  const [user = 0, system = 0] = shell.stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return (user + system) * 1000;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const esbuild = join(ROOT, 'node_modules/.bin/esbuild');
const bundle = [
  esbuild,
  'main.ts',
  '--bundle',
  '--platform=node',
  '--target=node20',
  '--alias:yaml=./node_modules/yaml/dist/index.js',
  `--outfile=${join(work, 'main.js')}`,
  '--log-level=warning',
];
const laid = Object.fromEntries(environments.map((environment) => [environment, layOut(environment)]));
const out = join(work, 'dist');
const ours: Peer = {
  name: 'our synth, bundling included',
  commands: [bundle, [...NODE, join(work, 'main.js'), '--quiet', '--out', out]],
};
const peers: Peer[] = [
  { name: 'our synth, bundled beforehand', commands: [[...NODE, join(work, 'main.js'), '--quiet', '--out', out]] },
  peer('helm template', 'helm', (path, environment) => [path, 'template', 'x', laid[environment]!.chart]),
  peer('kustomize build', 'kustomize', (path, environment) => [path, 'build', laid[environment]!.kustomization]),
  stock(),
];

const able = [ours, ...peers].filter(({ missing }) => !missing);
const overhead: number[] = [];
const measured = new Map<Peer, number[]>(able.map((one) => [one, []]));
for (let round = 0; round <= ROUNDS; round += 1) {
  if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${ROUNDS} `);
  overhead.push(cpuMilliseconds([]));
  for (const one of able) {
    // A fresh output: what is already there and equal would not be written again.
    rmSync(out, { recursive: true, force: true });
    const milliseconds = cpuMilliseconds(one.commands);
    if (round > 0) measured.get(one)!.push(milliseconds);
  }
}
const idle = median(overhead);
const cost = (one: Peer) => Math.max(1, median([...measured.get(one)!]) - idle);
console.log(
  `\n${environments.length} environments, median CPU of ${ROUNDS} rounds in turn, less the harness (${idle.toFixed(0)} ms):`,
);
for (const one of [ours, ...peers]) {
  const line = one.missing
    ? `not measured: ${one.missing}`
    : `${cost(one).toFixed(0).padStart(6)} ms  ${(cost(one) / cost(ours)).toFixed(2)} × ours`;
  console.log(`  ${one.name.padEnd(38)} ${line}`);
}
