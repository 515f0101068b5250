import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import type { KubeConfig } from '@kubernetes/client-node';

import { ClusterError } from './error';

/** The files that hold the kubeconfig, as kubectl looks for them; none where nothing is configured. */
export function kubeconfigFiles(env: NodeJS.ProcessEnv): string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  if (named.length > 0) return named;
  const usual = join(env['HOME'] ?? homedir(), '.kube', 'config');
  return existsSync(usual) ? [usual] : [];
}

/** Reads kubeconfig files, the first winning as with kubectl, and chooses the context. */
export async function loadKubeconfig(files: readonly string[], context?: string): Promise<KubeConfig> {
  const client = await import('@kubernetes/client-node');
  const there = files.filter((file) => existsSync(file));
  if (there.length === 0) {
    throw new ClusterError(`kubeconfig ${files.join(', ')}: is not there; set KUBECONFIG to a file that is`, true);
  }
  const loaded = there.map((file) => {
    const config = new client.KubeConfig();
    reading(file, () => config.loadFromFile(file));
    return config;
  });
  const config = new client.KubeConfig();
  config.loadFromOptions({
    clusters: loaded.flatMap(({ clusters }) => clusters),
    contexts: loaded.flatMap(({ contexts }) => contexts),
    users: loaded.flatMap(({ users }) => users),
    currentContext: context ?? loaded.map(({ currentContext }) => currentContext).find(Boolean),
  });
  checkContext(config, there.join(', '));
  return config;
}

/** A parser's message shows lines of the file, which may hold tokens; its first line says what and where. */
function reading(file: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    const [what] = (error as Error).message.split('\n');
    throw new ClusterError(`kubeconfig ${file}: cannot be read as one (${what}); mend it or name another`, true);
  }
}

function checkContext(config: KubeConfig, files: string): void {
  const known = config.contexts.map(({ name }) => name).join(', ') || 'none';
  const name = config.currentContext;
  if (!name)
    throw new ClusterError(`kubeconfig ${files}: has no current context; give --context, one of ${known}`, true);
  const context = config.contexts.find((one) => one.name === name);
  if (!context) throw new ClusterError(`kubeconfig ${files}: has no context "${name}"; known are ${known}`, true);
  if (!config.getCurrentCluster()) {
    throw new ClusterError(
      `kubeconfig ${files}: context "${name}" names cluster "${context.cluster}", which is not there; mend it`,
      true,
    );
  }
}
