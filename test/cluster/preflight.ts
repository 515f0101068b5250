import { spawn } from 'node:child_process';

import type { Report, Result } from '../../src/cli/preflight/report';

export interface PreflightRun {
  readonly code: number | null;
  readonly results: readonly Result[];
}

/** Runs the program itself, as README says. */
export async function preflight(environment: string, kubeconfig: string): Promise<PreflightRun> {
  const args = ['tools/run.sh', 'src/cli/preflight.ts', environment, '--json', '--kubeconfig', kubeconfig];
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, error] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  if (error !== '') throw new Error(error);
  return { code, results: (JSON.parse(out) as Report).results };
}

/** Answers that are not as this status says. */
export const but = (results: readonly Result[], status: string): Result[] =>
  results.filter((one) => one.status !== status);
