import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openReader } from '../../../src/cli/cluster/reader';
import { ask } from '../../../src/cli/preflight/ask';
import { preflight } from '../../../src/cli/preflight/command';
import type { Result } from '../../../src/cli/preflight/report';
import type { Wanted } from '../../../src/cli/preflight/wanted';
import type { Registry } from '../../../src/cli/build';
import { validators } from '../../../src/settings/validators';
import { SYSTEMS } from '../../../src/systems';
import { ApiServerForReading } from '../../support/api-server';

/** What a run of the command printed, and its exit code. */
export interface Run {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** A folder and a server for one test. */
export class Bench {
  public readonly server = new ApiServerForReading();
  public readonly folder = mkdtempSync(join(tmpdir(), 'preflight-test-'));

  public open = () => this.server.listen();
  public async close(): Promise<void> {
    await this.server.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Writes a kubeconfig that leads to the stand-in, or elsewhere. */
  public kubeconfig(address = this.server.address): string {
    const file = join(this.folder, 'kubeconfig');
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'stand-in',
      clusters: [{ name: 'stand-in', cluster: { server: address, 'insecure-skip-tls-verify': true } }],
      contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'tester' } }],
      users: [{ name: 'tester', user: { token: 'not-a-real-one' } }],
    };
    writeFileSync(file, JSON.stringify(content));
    return file;
  }

  /** Runs the command, with a kubeconfig unless the environment says otherwise. */
  public async run(
    args: string[],
    registry: Registry = { systems: SYSTEMS, validators },
    env: NodeJS.ProcessEnv = { KUBECONFIG: this.kubeconfig() },
  ): Promise<Run> {
    let out = '';
    let error = '';
    const code = await preflight(args, registry, {
      out: (text) => (out += text),
      error: (text) => (error += text),
      env: { HOME: this.folder, ...env },
    });
    return { code, out, error };
  }

  /** What is found for manifests that are built already. */
  public async found(wanted: Wanted): Promise<readonly Result[]> {
    const cluster = await openReader({ env: {}, kubeconfig: this.kubeconfig(), timeoutSeconds: 30 });
    return (await ask(wanted, cluster)).results;
  }

  /** What is found for production of the main system, or for another one. */
  public async results(environment = 'todo-evolution/production', registry?: Registry, more: string[] = []) {
    const { code, out, error } = await this.run([environment, '--json', ...more], registry);
    if (error !== '') throw new Error(error);
    return { code, results: JSON.parse(out).results as Result[] };
  }
}
