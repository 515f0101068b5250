import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The Kubernetes client is published as ECMAScript modules only, which jest does not load: bundled into the old kind. */
export function bundledClient(): object {
  const folder = mkdtempSync(join(tmpdir(), 'test-client-'));
  const entry = 'node_modules/@kubernetes/client-node/dist/index.js';
  const options = ['--bundle', '--platform=node', '--format=cjs', '--log-level=error'];
  execFileSync('node_modules/.bin/esbuild', [entry, ...options, `--outfile=${folder}/client.cjs`]);
  const client = jest.requireActual<object>(`${folder}/client.cjs`);
  rmSync(folder, { recursive: true });
  return client;
}
