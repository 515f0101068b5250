/** @tools busybox dockerfile linters postgres todo-app */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { objectsOf } from '../support/dist';
import { PodMachine } from './support/pod-machine';
import { PostgresServer } from './support/postgres';
import { eventually, freePort, run, scratchFolder, startProcess } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const EXAMPLE = resolve('examples/todo-app');
const PARTS = ['backend', 'frontend'] as const;
type Part = (typeof PARTS)[number];

const objects = objectsOf('todo-app/dev');
const podOf = (part: Part) =>
  objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === `todo-${part}`).spec.template;
const containerOf = (part: Part) => podOf(part).spec.containers[0];

/** What BuildKit makes of a Dockerfile; it asks no registry and builds nothing. */
function buildkit(file: string) {
  const [answer] = JSON.parse(run(toolPath('dockerfile', 'bin/dockerfile'), [file]));
  return answer as { problems: { rule: string }[]; error?: string; bases: string[]; config: any };
}

describe('the Dockerfiles', () => {
  const dockerfile = (part: Part) => join(EXAMPLE, part, 'Dockerfile');
  const broken = ['FROM node:latest AS build', 'RUN npm i', 'FROM build as runtime', 'CMD node server.js', ''].join(
    '\n',
  );

  proof("BuildKit's own checks, the experimental ones too, find nothing", async () => {
    for (const part of PARTS) expect(buildkit(dockerfile(part))).toMatchObject({ problems: [] });
    for (const part of PARTS) expect(buildkit(dockerfile(part)).error).toBeUndefined();
    const file = join(scratchFolder('dockerfile'), 'Dockerfile');
    writeFileSync(file, broken);
    const rules = buildkit(file).problems.map(({ rule }) => rule);
    expect(rules).toEqual(expect.arrayContaining(['FromAsCasing', 'JSONArgsRecommended']));
    return `${PARTS.length} files; in a bad one: ${rules.join(', ')}`;
  });

  proof('hadolint finds nothing', async () => {
    const hadolint = (file: string) =>
      JSON.parse(run(toolPath('linters', 'bin/hadolint'), ['--no-fail', '-f', 'json', file]));
    for (const part of PARTS) expect(hadolint(dockerfile(part))).toEqual([]);
    const file = join(scratchFolder('dockerfile'), 'Dockerfile');
    writeFileSync(file, broken);
    const found = hadolint(file).map(({ code }: any) => code);
    expect(found).toEqual(expect.arrayContaining(['DL3007', 'DL3025']));
    return `${PARTS.length} files; in a bad one: ${found.join(', ')}`;
  });

  proof('the images run as the manifests say: user, port, no shell, from the bases that seed 002 names', async () => {
    const bases = { backend: 'python:3.12-slim', frontend: 'node:20-alpine' };
    for (const part of PARTS) {
      const { bases: found, config } = buildkit(dockerfile(part));
      const { securityContext, ports } = containerOf(part);
      expect(new Set(found)).toEqual(new Set([bases[part]]));
      expect(found.length).toBeGreaterThan(1);
      expect(config.User).toBe(`${securityContext.runAsUser}:${securityContext.runAsGroup}`);
      expect(Object.keys(config.ExposedPorts)).toEqual([`${ports[0].containerPort}/tcp`]);
      expect([...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].join(' ')).not.toMatch(/\b(sh|bash|npm|npx)\b/);
      expect(config.WorkingDir).toBe('/app');
    }
    return '10001 on 8000, 1001 on 3000';
  });
});

proof('the scripts have no fault that shellcheck knows', async () => {
  const scripts = ['common.sh', 'build-images.sh', 'load-minikube.sh', 'deploy-dev.sh'];
  const cwd = join(EXAMPLE, 'scripts');
  run(toolPath('linters', 'bin/shellcheck'), ['--external-sources', ...scripts], { cwd });
  const bad = join(scratchFolder('script'), 'bad.sh');
  writeFileSync(bad, '#!/bin/sh\nrm -r $1\n');
  expect(() => run(toolPath('linters', 'bin/shellcheck'), [bad])).toThrow('SC2086');
  for (const script of scripts) run('sh', ['-n', script], { cwd });
  return `${scripts.length} scripts`;
});

/** The pods of dist/, as a kubelet runs them: only what the Dockerfiles copy comes from elsewhere. */
async function startMachine() {
  const bin = (set: string, file: string) => dirname(toolPath(set, file));
  const image = (part: Part) => buildkit(join(EXAMPLE, part, 'Dockerfile')).config;
  const environment = ({ Env }: any) => Object.fromEntries(Env.map((line: string) => line.split(/=(.*)/s).slice(0, 2)));
  const { backend, frontend } = { backend: image('backend'), frontend: image('frontend') };
  const machine = await PodMachine.start(objects, {
    'todo-backend': {
      tools: { busybox: bin('busybox', 'bin/busybox'), packages: bin('todo-app', 'packages/bin/fastapi') },
      home: '/nonexistent',
      env: { ...environment(backend), PYTHONPATH: '/opt/.packages' },
      workingDirectory: backend.WorkingDir,
      folders: { '/app/app': join(EXAMPLE, 'backend/app') },
      entrypoint: backend.Cmd,
    },
    'todo-frontend': {
      tools: { busybox: bin('busybox', 'bin/busybox'), node: dirname(process.execPath) },
      home: '/nonexistent',
      env: environment(frontend),
      workingDirectory: frontend.WorkingDir,
      folders: { '/app': dirname(toolPath('todo-app', 'web/server.js')) },
      entrypoint: frontend.Entrypoint,
    },
  });
  // What stands for the Service: both pods share the network of one machine.
  machine.one('ConfigMap', 'todo-frontend-config').data.TODO_BACKEND_URL = 'http://127.0.0.1:8000';
  return machine;
}

/** Asks something that only the machine can reach: its status and its text. */
function ask(network: number, url: string, options: object = {}): { status: number; text: string } {
  const script = `fetch(${JSON.stringify(url)}, ${JSON.stringify(options)}).then(async (response) =>
    console.log(JSON.stringify({ status: response.status, text: await response.text() })))`;
  return JSON.parse(run(process.execPath, ['-e', script], { network }));
}

const json = (body: object) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

describe('the pods of dev', () => {
  proof(
    'they run with their users on a read-only root, answer their probes, and end when they are told to',
    async () => {
      const machine = await startMachine();
      machine.secrets['todo-secrets'] = { 'better-auth-secret': 'x', 'database-url': 'memory:', 'openai-api-key': 'x' };
      const figures: string[] = [];
      const servers = [];
      for (const part of PARTS) {
        const pod = machine.pod(podOf(part), `todo-${part}`);
        const container = containerOf(part);
        const { startupProbe, readinessProbe, livenessProbe, ports } = container;
        const base = `http://127.0.0.1:${ports[0].containerPort}`;
        const began = Date.now();
        const server = await pod.start(container.name);
        const allowed = startupProbe.periodSeconds * startupProbe.failureThreshold;
        await eventually(() => ask(machine.pid, base + startupProbe.httpGet.path).status < 400, allowed);
        figures.push(`${part} up in ${((Date.now() - began) / 1000).toFixed(1)} of ${allowed} s`);
        for (const { httpGet } of [readinessProbe, livenessProbe]) {
          expect([httpGet.path, ask(machine.pid, base + httpGet.path).status]).toEqual([httpGet.path, 200]);
        }
        const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
        const { runAsUser } = container.securityContext;
        expect(status).toMatch(new RegExp(`^Uid:\\s+${runAsUser}\\s+${runAsUser}`, 'm'));
        // Root itself could not write where the pod must not.
        expect(() => run('nsenter', ['-t', `${server.pid}`, '-m', '-r', '--', 'touch', '/app/x'])).toThrow('Read-only');
        servers.push({ part, pod, server });
      }
      expect(ask(machine.pid, 'http://127.0.0.1:8000/api/todos', json({ title: 'buy milk' })).status).toBe(201);
      expect(ask(machine.pid, 'http://127.0.0.1:3000/').text).toContain('buy milk');
      for (const { part, pod, server } of servers) {
        const began = Date.now();
        await server.stop('SIGTERM', podOf(part).spec.terminationGracePeriodSeconds);
        const took = (Date.now() - began) / 1000;
        expect(took).toBeLessThan(podOf(part).spec.terminationGracePeriodSeconds);
        figures.push(`${part} gone after ${took.toFixed(1)} s`);
        pod.remove();
      }
      return figures.join('; ');
    },
    180,
  );
});

proof('the backend keeps what is to be done in PostgreSQL, and is not ready while that is away', async () => {
  const postgres = await PostgresServer.start();
  const port = await freePort();
  const fastapi = toolPath('todo-app', 'packages/bin/fastapi');
  const start = async () =>
    startProcess('backend', fastapi, ['run', 'app/main.py', '--host', '127.0.0.1', '--port', `${port}`], {
      cwd: join(EXAMPLE, 'backend'),
      env: {
        PYTHONPATH: resolve(dirname(fastapi), '..'),
        PYTHONDONTWRITEBYTECODE: '1',
        DATABASE_URL: `postgresql://postgres:${postgres.password}@127.0.0.1:${postgres.port}/postgres`,
      },
      unprivileged: true,
      port,
    });
  const server = await start();
  const get = (path: string, options = {}) => fetch(`http://127.0.0.1:${port}${path}`, options);
  expect((await get('/health/ready')).status).toBe(200);
  const added = await Promise.all(['a', 'b', 'c'].map((title) => get('/api/todos', json({ title }))));
  expect(added.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect((await get('/api/todos', json({ title: '' }))).status).toBe(422);
  await server.stop();

  const again = await start();
  const titles = ((await (await get('/api/todos')).json()) as { title: string }[]).map(({ title }) => title);
  expect(titles.sort()).toEqual(['a', 'b', 'c']);
  await postgres.kill();
  const [live, ready] = [await get('/health/live'), await get('/health/ready')];
  expect([live.status, ready.status]).toEqual([200, 503]);
  const text = (await ready.text()) + again.output;
  expect(text).not.toContain(postgres.password);
  await postgres.start();
  expect((await get('/health/ready')).status).toBe(200);
  return `3 of 3 kept over a restart; live ${live.status}, ready ${ready.status} without a database`;
});
