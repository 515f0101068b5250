import type { CoreV1Api, KubeConfig, RequestContext, ResponseContext, V1Secret } from '@kubernetes/client-node';

import { ClusterError, explain } from './cluster-error';
import { kubeconfigFiles, loadKubeconfig } from './kubeconfig';

/** Who the API server notes as the one that wrote the keys. */
const FIELD_MANAGER = 'cdk8s-webstack-secrets';

/** How long one answer may take. */
const PATIENCE_MS = 15_000;

/** A Secret to make, or what to change in one that exists. */
export interface Write {
  readonly name: string;
  readonly exists: boolean;
  readonly body: V1Secret;
}

/** Takes what must not be shown out of a text. */
export type Hide = (text: string) => string;

/** The cluster of the kubeconfig's current context, or of the named one. Nothing where no kubeconfig is configured. */
export async function connect(env: NodeJS.ProcessEnv, context?: string): Promise<Cluster | undefined> {
  const files = kubeconfigFiles(env);
  if (files.length > 0) return new Cluster(await loadKubeconfig(files, context), await import('@kubernetes/client-node'));
  if (context === undefined) return undefined;
  throw new ClusterError(`context "${context}": there is no kubeconfig; set KUBECONFIG or make ~/.kube/config`, true);
}

/** The Secrets of a namespace in a cluster. */
export class Cluster {
  /** Name of the kubeconfig's context. */
  public readonly context: string;

  private readonly server: string;
  private readonly api: CoreV1Api;

  public constructor(config: KubeConfig, client: typeof import('@kubernetes/client-node')) {
    this.context = config.currentContext;
    this.server = config.getCurrentCluster()?.server ?? '';
    const configuration = client.createConfiguration({
      baseServer: new client.ServerConfiguration(this.server, {}),
      authMethods: { default: config },
      promiseMiddleware: [{ pre: prepare, post: (response: ResponseContext) => Promise.resolve(response) }],
    });
    this.api = new client.CoreV1Api(configuration);
  }

  /** Whether a namespace is there. Who may not know that may still be allowed its Secrets. */
  public async hasNamespace(namespace: string): Promise<boolean> {
    const found = await this.read(namespace, `read namespace "${namespace}"`, () =>
      this.api.readNamespace({ name: namespace }),
    ).catch((error: ClusterError) => {
      if (statusOf(error) === 403) return {};
      throw error;
    });
    if (found?.status?.phase !== 'Terminating') return found !== undefined;
    const what = `namespace "${namespace}" is being deleted; wait until it is gone and make it anew`;
    throw new ClusterError(`context "${this.context}": ${what}`);
  }

  /** The named Secrets that exist. */
  public async readSecrets(namespace: string, names: readonly string[]): Promise<Map<string, V1Secret>> {
    const found = new Map<string, V1Secret>();
    for (const name of names) {
      const secret = await this.read(namespace, `read secret "${name}" in namespace "${namespace}"`, () =>
        this.api.readNamespacedSecret({ name, namespace }),
      );
      if (secret) found.set(name, secret);
    }
    return found;
  }

  /** Writes Secrets, after the server has said of each that it would take it. */
  public async write(namespace: string, writes: readonly Write[], hide: Hide): Promise<void> {
    for (const write of writes) {
      await this.send(namespace, write, true).catch((error: unknown) => {
        throw new ClusterError(`${hide(this.failure(error, namespace, write))}\nnothing was written`);
      });
    }
    for (const [index, write] of writes.entries()) {
      await this.send(namespace, write, false).catch((error: unknown) => {
        const written = writes.slice(0, index).map(({ name }) => name);
        const open = writes.slice(index).map(({ name }) => name);
        const progress = `written before that: ${written.join(', ') || 'nothing'}; not written: ${open.join(', ')}`;
        throw new ClusterError(`${hide(this.failure(error, namespace, write))}\n${progress}`);
      });
    }
  }

  /** A change names the version that was read, so that it is refused when somebody else was quicker. */
  private async send(namespace: string, { name, exists, body }: Write, rehearsal: boolean): Promise<void> {
    const request = { namespace, body, fieldManager: FIELD_MANAGER, ...(rehearsal ? { dryRun: 'All' } : {}) };
    if (exists) await this.api.patchNamespacedSecret({ name, ...request });
    else await this.api.createNamespacedSecret(request);
  }

  private async read<T>(namespace: string, action: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      const message = explain(error, { context: this.context, server: this.server, namespace, action });
      throw Object.assign(new ClusterError(message, true), { code: statusOf(error) });
    }
  }

  private failure(error: unknown, namespace: string, { name, exists }: Write): string {
    const action = `${exists ? 'change' : 'make'} secret "${name}" in namespace "${namespace}"`;
    return explain(error, { context: this.context, server: this.server, namespace, action });
  }
}

const statusOf = (error: unknown) => (error as { code?: unknown }).code;

/** Bounds the time of a request, and says of a change that it holds nothing but what changes. */
function prepare(request: RequestContext): Promise<RequestContext> {
  request.setSignal(AbortSignal.timeout(PATIENCE_MS));
  if (request.getHttpMethod() === 'PATCH') request.setHeaderParam('Content-Type', 'application/merge-patch+json');
  return Promise.resolve(request);
}
