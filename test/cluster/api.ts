import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { sleep } from '../runtime/support/process';

/** An object of Kubernetes, as the API server has it. */
export type KubeObject = any;

/** Where the API has what runs for long, or another object of a group in a namespace. */
export const groupPathOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): string =>
  `/apis/${apiVersion}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;

export interface ApiOptions {
  readonly url: string;
  /** Certificate that the server must show. */
  readonly ca: Buffer;
  readonly token: string;
}

/** An answer that is none: `status` is HTTP's. */
export class ApiError extends Error {
  public constructor(
    public readonly status: number,
    message: string,
  ) {
    super(`${status}: ${message}`);
    this.name = 'ApiError';
  }
}

/** How often a request is made again that the server wants later, such as for a kind that it has known for no second. As of kubectl. */
const REPEATS = 10;

const PATCH = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
};

/**
 * Reads, writes and watches by path. The official client for Node is a module that jest cannot load without an experiment,
 * and kubectl costs a process for each question, which a proof that looks many times in a second cannot pay.
 */
export class Api {
  private readonly agent: Agent;

  public constructor(private readonly options: ApiOptions) {
    // The server closes a connection that nobody used for a while: ours must be given up before.
    this.agent = new Agent({ keepAlive: true, timeout: 30_000, ca: options.ca });
  }

  public async get(path: string): Promise<KubeObject> {
    return this.ask('GET', path);
  }

  public async list(path: string): Promise<KubeObject[]> {
    return (await this.ask('GET', path)).items;
  }

  public async create(path: string, body: object): Promise<KubeObject> {
    return this.ask('POST', path, body);
  }

  public async patch(path: string, body: object, how: keyof typeof PATCH = 'merge'): Promise<KubeObject> {
    return this.ask('PATCH', path, body, PATCH[how]);
  }

  public async delete(path: string, body: object = {}): Promise<KubeObject> {
    return this.ask('DELETE', path, body);
  }

  /** Every change from this version on, line by line, until the server or `abort` ends it. */
  public async watch(
    path: string,
    version: string,
    onLine: (event: { type: string; object: KubeObject }) => void,
    abort: AbortSignal,
  ): Promise<void> {
    const response = await this.open('GET', `${path}?watch=1&resourceVersion=${version}`, undefined, undefined, abort);
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(JSON.parse(line));
    }
  }

  public close(): void {
    this.agent.destroy();
  }

  private async ask(
    method: string,
    path: string,
    body?: object,
    type?: string,
    repeats = REPEATS,
  ): Promise<KubeObject> {
    const response = await this.open(method, path, body, type);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    const { statusCode = 0 } = response;
    const later = Number(response.headers['retry-after']);
    if (later > 0 && repeats > 0) {
      await sleep(later * 1000);
      return this.ask(method, path, body, type, repeats - 1);
    }
    // Not every refusal is an object: what no handler takes is refused in plain words.
    const isObject = response.headers['content-type']?.startsWith('application/json');
    if (statusCode >= 300) throw new ApiError(statusCode, isObject ? JSON.parse(text).message : text.trim());
    return JSON.parse(text);
  }

  private open(
    method: string,
    path: string,
    body?: object,
    type = 'application/json',
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const text = body && JSON.stringify(body);
    // Node gives the length of a body by itself, but not of a DELETE's: the server would take it for the next request.
    const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
    const headers = { authorization: `Bearer ${this.options.token}`, 'content-type': type, ...length };
    return new Promise((done, fail) =>
      request(`${this.options.url}${path}`, { method, headers, agent: this.agent, signal }, done)
        .on('error', fail)
        .end(text),
    );
  }
}
