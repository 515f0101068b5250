import type * as k8s from '@kubernetes/client-node';

import { ClusterError, explain } from './error';
import { kubeconfigFiles, loadKubeconfig } from './kubeconfig';

/** Questions that are open at one time. */
const AT_ONCE = 8;

/** Objects in one answer; more come in further ones. */
const PAGE = 500;

/** Where objects are found in the API. */
export interface Resource {
  /** Group; empty for the core. */
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths and in roles. */
  readonly resource: string;
  /** Namespace, for what lives in one. */
  readonly namespace?: string;
}

/** A question that the cluster did not answer: why, and what to do about it. */
export class Unanswered extends Error {
  public constructor(
    public readonly found: string,
    public readonly fix: string,
  ) {
    super(`${found}; ${fix}`);
    this.name = 'Unanswered';
  }
}

/** Which cluster to read, and for how long. */
export interface ReaderOptions {
  readonly env: NodeJS.ProcessEnv;
  /** File instead of those of the environment. */
  readonly kubeconfig?: string;
  /** Context instead of the current one. */
  readonly context?: string;
  /** Seconds after which nothing more is waited for. */
  readonly timeoutSeconds: number;
}

/** Opens the cluster of a kubeconfig for reading. */
export async function openReader({ env, kubeconfig, context, timeoutSeconds }: ReaderOptions): Promise<ClusterReader> {
  const files = kubeconfigFiles(kubeconfig === undefined ? env : { ...env, KUBECONFIG: kubeconfig });
  if (files.length === 0) {
    throw new ClusterError('there is no kubeconfig; give --kubeconfig, set KUBECONFIG or make ~/.kube/config');
  }
  const config = await loadKubeconfig(files, context);
  return new ClusterReader(config, await import('@kubernetes/client-node'), timeoutSeconds);
}

/** Looks at a cluster and changes nothing: every request is a GET, and each is made once. */
export class ClusterReader {
  /** Name of the kubeconfig's context. */
  public readonly context: string;

  /** Whether the time was up before everything was answered. */
  public late = false;

  private readonly server: string;
  private readonly http: k8s.Configuration['httpApi'];
  private readonly signal: AbortSignal;
  private readonly answers = new Map<string, Promise<any>>();
  private readonly waiting: (() => void)[] = [];
  private open = 0;

  public constructor(
    private readonly config: k8s.KubeConfig,
    private readonly client: typeof k8s,
    private readonly timeoutSeconds: number,
  ) {
    this.context = config.currentContext;
    this.server = (config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
    this.http = client.createConfiguration({ authMethods: { default: config } }).httpApi;
    this.signal = AbortSignal.timeout(timeoutSeconds * 1000);
  }

  /** The version of the server. Asked first and alone: without it, or without being let in, nothing can be asked. */
  public async version(): Promise<{ readonly gitVersion: string }> {
    try {
      const version = await this.ask('/version');
      if (typeof version?.gitVersion !== 'string') {
        throw new Error(`${this.server} does not answer as an API server does`);
      }
      // The version is anybody's to read; what the server offers is for those whom it knows.
      await this.ask('/apis');
      return version;
    } catch (error) {
      const where = { context: this.context, server: this.server, holdsValue: () => false };
      if (error instanceof Unanswered) throw new ClusterError(`context "${this.context}": ${error.message}`);
      throw new ClusterError(explain(error, { ...where, namespace: '', action: 'ask' }).replace(', namespace ""', ''));
    }
  }

  /** What is found at a path that needs no right but to be known; nothing where there is nothing. */
  public discover(path: string): Promise<any> {
    return this.read(path, `GET on ${path}`);
  }

  /** An object; nothing where it is not there, or the API does not have its kind. */
  public get(of: Resource, name: string): Promise<any> {
    return this.read(`${pathOf(of)}/${encodeURIComponent(name)}`, rightTo('get', of));
  }

  /** All objects of a kind; nothing where the API does not have it. */
  public async list(of: Resource, labels: Readonly<Record<string, string>> = {}): Promise<any[] | undefined> {
    const selector = Object.entries(labels).map((pair) => pair.join('='));
    const query = new URLSearchParams({ limit: `${PAGE}` });
    if (selector.length > 0) query.set('labelSelector', selector.join());
    const items: any[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      if (next) query.set('continue', next);
      const page: any = await this.read(`${pathOf(of)}?${query}`, rightTo('list', of));
      if (page === undefined) return undefined;
      items.push(...(page.items ?? []));
      next = page.metadata?.continue || undefined;
    }
    return items;
  }

  private async read(path: string, right: string): Promise<any> {
    try {
      return await this.ask(path);
    } catch (error) {
      throw this.unanswered(error, right);
    }
  }

  /** Asks each question once, and only so many at a time. */
  private ask(path: string): Promise<any> {
    const known = this.answers.get(path);
    if (known) return known;
    const answer = this.turn().then(() => this.request(path).finally(() => this.done()));
    this.answers.set(path, answer);
    return answer;
  }

  private turn(): Promise<void> {
    if (this.open < AT_ONCE) {
      this.open += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private done(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.open -= 1;
  }

  private async request(path: string): Promise<any> {
    const request = new this.client.RequestContext(`${this.server}${path}`, this.client.HttpMethod.GET);
    await this.config.applySecurityAuthentication(request);
    request.setHeaderParam('Accept', 'application/json');
    request.setSignal(this.signal);
    const response = await this.http.send(request).toPromise();
    const text = await response.body.text();
    const { httpStatusCode: code } = response;
    if (code === 404) return undefined;
    if (code < 200 || code > 299) throw new this.client.ApiException(code, `answer ${code}`, text, {});
    return JSON.parse(text);
  }

  private unanswered(error: unknown, right: string): Unanswered {
    const { code, name, body, message } = error as { code?: unknown; name: string; body?: unknown; message: string };
    if (this.signal.aborted || name === 'AbortError') {
      this.late = true;
      return new Unanswered(`no answer within ${this.timeoutSeconds} s`, 'give a longer --timeout');
    }
    if (code === 403) return new Unanswered(`not checked: no right to ${right}`, `ask for the right to ${right}`);
    if (code === 401) return new Unanswered('the credentials are no longer accepted', 'log in again and run again');
    if (typeof code === 'number') {
      const said = reason(body);
      return new Unanswered(`answer ${code}${said && `, ${said}`} to: ${right}`, 'mend that and run again');
    }
    const what = name === 'SyntaxError' ? 'an answer that is no JSON' : (code ?? message.split('\n')[0]);
    return new Unanswered(`${what} to: ${right}`, 'see whether the API server is well, and run again');
  }
}

function rightTo(verb: string, { group, resource, namespace }: Resource): string {
  const right = `${verb} ${resource}${group && `.${group}`}`;
  return namespace ? `${right} in namespace "${namespace}"` : right;
}

const pathOf = ({ group, version, resource, namespace }: Resource) =>
  [group ? `/apis/${group}` : '/api', version, ...(namespace ? ['namespaces', namespace] : []), resource].join('/');

/** What the API server says. Whatever else may have answered is not repeated. */
function reason(body: unknown): string {
  try {
    const { kind, message } = JSON.parse(String(body));
    return kind === 'Status' && message ? String(message) : '';
  } catch {
    return '';
  }
}
