import type * as k8s from '@kubernetes/client-node';

import { ClusterError, explain, isAbsence, statusOf } from '../cluster/error';

import { kubeconfigFiles, loadKubeconfig } from '../cluster/kubeconfig';
import { Workloads } from './workloads';

/** Who the API server notes as the one that wrote the keys. */
const FIELD_MANAGER = 'cdk8s-webstack-secrets';

/** How long one answer may take. */
const PATIENCE_MS = 15_000;

/** A Secret to make, or what to change in one that exists. */
export interface Write {
  readonly name: string;
  readonly exists: boolean;
  readonly body: k8s.V1Secret;
}

interface Answer {
  readonly kind?: string;
}

/**
 * The cluster of the kubeconfig's current context, or of the named one, as far as one namespace goes. Nothing where no
 * kubeconfig is configured.
 */
export async function connect(env: NodeJS.ProcessEnv, namespace: string, context?: string) {
  const files = kubeconfigFiles(env);
  if (files.length > 0) {
    return new Cluster(await loadKubeconfig(files, context), namespace, await import('@kubernetes/client-node'));
  }
  if (context === undefined) return undefined;
  throw new ClusterError(`context "${context}": there is no kubeconfig; set KUBECONFIG or make ~/.kube/config`, true);
}

/** The Secrets of a namespace in a cluster. */
export class Cluster {
  /** Name of the kubeconfig's context. */
  public readonly context: string;

  private readonly server: string;
  private readonly api: k8s.CoreV1Api;
  private readonly configuration: k8s.Configuration;

  public constructor(
    private readonly config: k8s.KubeConfig,
    private readonly namespace: string,
    private readonly client: typeof k8s,
  ) {
    this.context = config.currentContext;
    this.server = config.getCurrentCluster()?.server ?? '';
    this.configuration = client.createConfiguration({
      baseServer: new client.ServerConfiguration(this.server, {}),
      authMethods: { default: config },
      promiseMiddleware: [{ pre: prepare, post: (response) => Promise.resolve(response) }],
    });
    this.api = new client.CoreV1Api(this.configuration);
  }

  /** The named Secrets that exist; nothing where the namespace is not there. */
  public async readSecrets(names: readonly string[]): Promise<Map<string, k8s.V1Secret> | undefined> {
    if (!(await this.hasNamespace())) return undefined;
    const found = new Map<string, k8s.V1Secret>();
    for (const name of names) {
      const request = { name, namespace: this.namespace };
      const secret = await this.read(`secret "${name}"`, 'Secret', () => this.api.readNamespacedSecret(request));
      if (secret) found.set(name, secret);
    }
    return found;
  }

  /**
   * Writes Secrets, after the server has said of each that it would take it. What the server says is not repeated where
   * it holds a value.
   */
  public async write(writes: readonly Write[], holdsValue: (text: string) => boolean): Promise<void> {
    const refuse = (error: unknown, { name, exists }: Write, progress: string): never => {
      const message = this.explain(error, `${exists ? 'change' : 'make'} secret "${name}"`, holdsValue);
      throw new ClusterError(`${message}\n${progress}`);
    };
    for (const write of writes) {
      await this.send(write, { dryRun: 'All' }).catch((error) => refuse(error, write, 'nothing was written'));
    }
    for (const [index, write] of writes.entries()) {
      const names = writes.map(({ name }) => name);
      const written = names.slice(0, index).join(', ') || 'nothing';
      const progress = `written: ${written}; not confirmed: ${names.slice(index).join(', ')}`;
      await this.send(write).catch((error) =>
        refuse(error, write, `${progress}; what is there is kept when you run again`),
      );
    }
  }

  /** Deletes a Secret; one that is not there is as good as deleted. */
  public async deleteSecret(name: string): Promise<void> {
    await this.api.deleteNamespacedSecret({ name, namespace: this.namespace }).catch((error: unknown) => {
      if (!isAbsence(error)) throw new ClusterError(this.explain(error, `delete secret "${name}"`));
    });
  }

  /** The workloads of the namespace. */
  public workloads(holdsValue: (text: string) => boolean): Workloads {
    const { config, client, configuration, namespace } = this;
    const explainer = (error: unknown, action: string) => this.explain(error, action, holdsValue);
    return new Workloads({ config, client, configuration, namespace, explain: explainer, holdsValue });
  }

  /** Who may not look at namespaces may still be allowed the Secrets of one. */
  private async hasNamespace(): Promise<boolean> {
    const found = await this.read('the namespace', 'Namespace', () =>
      this.api.readNamespace({ name: this.namespace }).catch((error: unknown): k8s.V1Namespace => {
        if (statusOf(error) === 403) return { kind: 'Namespace' };
        throw error;
      }),
    );
    if (found?.status?.phase !== 'Terminating') return found !== undefined;
    const what = `namespace "${this.namespace}" is being deleted; wait until it is gone and make it anew`;
    throw new ClusterError(`context "${this.context}": ${what}`);
  }

  private async read<T extends Answer>(what: string, kind: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return this.expect(kind, await request());
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw new ClusterError(this.explain(error, `read ${what}`), true);
    }
  }

  /** A change names the version that was read, so that it is refused when somebody else was quicker. */
  private async send({ name, exists, body }: Write, options: { dryRun?: string } = {}): Promise<void> {
    const request = { namespace: this.namespace, body, fieldManager: FIELD_MANAGER, ...options };
    const sent = exists
      ? this.api.patchNamespacedSecret({ name, ...request })
      : this.api.createNamespacedSecret(request);
    this.expect('Secret', await sent);
  }

  /** A proxy that wants a log-in answers with success, too. */
  private expect<T extends Answer>(kind: string, answer: T): T {
    if (answer.kind === kind) return answer;
    throw new Error(`${this.server} does not answer as an API server does`);
  }

  private explain(error: unknown, action: string, holdsValue: (text: string) => boolean = () => false): string {
    const { context, server, namespace } = this;
    return explain(error, { context, server, namespace, action, holdsValue });
  }
}

/** Bounds the time of a request, and says of a change that it holds nothing but what changes. */
function prepare(request: k8s.RequestContext): Promise<k8s.RequestContext> {
  request.setSignal(AbortSignal.timeout(PATIENCE_MS));
  if (request.getHttpMethod() === 'PATCH') request.setHeaderParam('Content-Type', 'application/merge-patch+json');
  return Promise.resolve(request);
}
