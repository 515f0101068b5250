import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
}

/** What is answered to it: an object, or text that is none. */
export interface ApiAnswer {
  readonly code: number;
  readonly body: any;
}

/** A rule of a Role: what of an API somebody may do. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** An answer of the kind that an API server gives to what it does not do. */
export const refusal = (code: number, reason: string, message: string): ApiAnswer => ({
  code,
  body: { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message },
});

/** The path of a kind, and its name in roles. */
export function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (/[^aeiou]y$/.test(name)) return name.replace(/y$/, 'ies');
  return name.endsWith('s') ? `${name}es` : `${name}s`;
}

const livesInNamespace = (kind: string) =>
  !/^(Cluster|Mutating|(Image)?Validating)|Class$|^(APIService|CSIDriver|Namespace|Node)$/.test(kind);

const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.split('/')[0]! : '');

interface Place {
  readonly group: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/**
 * A stand-in for the API server, on loopback, for what only looks: objects in memory, discovery of their kinds, and rights.
 * It is no API server, and what it does is what its tests believe one does.
 */
export class ApiServerForReading {
  public readonly requests: ApiRequest[] = [];
  /** The rights that were needed, as `verb resource.group`. */
  public readonly used = new Set<string>();
  public version = 'v1.35.4';
  /** What the caller may do; everything, where it is not said. */
  public rules?: readonly Rule[];
  /** Answers something else. */
  public answers: (request: ApiRequest) => ApiAnswer | undefined = () => undefined;
  /** Whether a request is left without an answer. */
  public silent: (request: ApiRequest) => boolean = () => false;
  /** Objects in one page, where less than asked for. */
  public page = Infinity;
  private objects: any[] = [];
  private readonly kinds = new Map<string, Set<string>>();
  private readonly server: Server = createServer((request, response) => this.receive(request, response));

  public listen = () => new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
  public close = () =>
    new Promise<void>((done) => {
      this.server.closeAllConnections();
      this.server.close(() => done());
    });

  public get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Serves kinds, given as `apiVersion Kind`. */
  public serve(...kinds: readonly string[]): void {
    for (const one of kinds) {
      const [apiVersion = '', kind = ''] = one.split(' ');
      this.kinds.set(apiVersion, (this.kinds.get(apiVersion) ?? new Set()).add(kind));
    }
  }

  /** Serves nothing of a group any more, and has none of its objects. */
  public forget(group: string): void {
    [...this.kinds.keys()].filter((one) => groupOf(one) === group).forEach((one) => this.kinds.delete(one));
    this.objects = this.objects.filter(({ apiVersion }) => groupOf(apiVersion) !== group);
  }

  /** Adds objects, and serves their kinds. */
  public add(...objects: readonly any[]): void {
    for (const object of objects) {
      this.serve(`${object.apiVersion} ${object.kind}`);
      this.objects.push(structuredClone(object));
    }
  }

  /** The one object of a kind with a name, to be changed. */
  public one(kind: string, name: string): any {
    const found = this.objects.filter((object) => object.kind === kind && object.metadata.name === name);
    if (found.length !== 1) throw new Error(`expected one ${kind} ${name}, found ${found.length}`);
    return found[0];
  }

  public all(kind: string): any[] {
    return this.objects.filter((object) => object.kind === kind);
  }

  public remove(kind: string, name?: string): void {
    const before = this.objects.length;
    this.objects = this.objects.filter(
      (object) => object.kind !== kind || (name !== undefined && object.metadata.name !== name),
    );
    if (this.objects.length === before) throw new Error(`there is no ${kind} ${name ?? ''}`);
  }

  private receive(incoming: IncomingMessage, response: ServerResponse): void {
    const url = new URL(incoming.url ?? '', this.address);
    const query = Object.fromEntries(url.searchParams);
    const request = { method: incoming.method ?? '', path: url.pathname, query };
    this.requests.push(request);
    if (this.silent(request)) return;
    const { code, body } = this.answers(request) ?? this.answer(request);
    response.writeHead(code, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  private answer({ method, path, query }: ApiRequest): ApiAnswer {
    if (method !== 'GET') return refusal(405, 'MethodNotAllowed', 'this one is for reading');
    if (path === '/version') return { code: 200, body: { gitVersion: this.version } };
    const found = this.discovery(path) ?? this.resource(path, query);
    return found ?? { code: 404, body: '404 page not found\n' };
  }

  private discovery(path: string): ApiAnswer | undefined {
    const groups = [...new Set([...this.kinds.keys()].filter((one) => one.includes('/')).map(groupOf))].map((name) => {
      const versions = [...this.kinds.keys()]
        .filter((one) => groupOf(one) === name)
        .map((groupVersion) => ({ groupVersion, version: groupVersion.split('/')[1] }));
      return { name, versions, preferredVersion: versions[0] };
    });
    if (path === '/apis') return { code: 200, body: { kind: 'APIGroupList', groups } };
    const group = groups.find(({ name }) => path === `/apis/${name}`);
    if (group) return { code: 200, body: { kind: 'APIGroup', ...group } };
    const kinds = this.kinds.get(path.replace(/^\/apis?\//, ''));
    if (!kinds) return undefined;
    const resources = [...kinds].flatMap((kind) =>
      [`${pluralOf(kind)}/status`, pluralOf(kind)].map((name) => ({
        name,
        kind,
        namespaced: livesInNamespace(kind),
        verbs: ['delete', 'get', 'list'],
      })),
    );
    return { code: 200, body: { kind: 'APIResourceList', resources } };
  }

  private resource(path: string, query: Record<string, string>): ApiAnswer | undefined {
    const [, core, group = '', version, namespace, resource = '', name] =
      /^\/(?:(api)|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(path) ??
      /^\/(?:(api)|apis\/([^/]+))\/([^/]+)()\/(namespaces)\/([^/]+)$/.exec(path) ??
      [];
    if (version === undefined) return undefined;
    const place = { group, apiVersion: core ? version : `${group}/${version}`, resource, namespace, name };
    const denied = this.deny(place);
    if (denied) return denied;
    const kind = [...(this.kinds.get(place.apiVersion) ?? [])].find((one) => pluralOf(one) === resource);
    if (!kind || (namespace && !livesInNamespace(kind))) return undefined;
    const there = this.objects.filter(
      (object) =>
        object.apiVersion === place.apiVersion &&
        object.kind === kind &&
        (namespace === undefined || namespace === '' || object.metadata.namespace === namespace),
    );
    if (name === undefined) return this.list(there, query);
    const found = there.find(({ metadata }) => metadata.name === name);
    return found ? { code: 200, body: found } : refusal(404, 'NotFound', `${resource} "${name}" not found`);
  }

  /** Items of a list tell neither kind nor version, as with a real one. */
  private list(
    there: readonly any[],
    { labelSelector, limit, continue: from = '0' }: Record<string, string>,
  ): ApiAnswer {
    const wanted = (labelSelector ?? '')
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split('='));
    const chosen = there.filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key!] === value));
    const end = Number(from) + Math.min(this.page, Number(limit ?? Infinity));
    const items = chosen.slice(Number(from), end).map(({ kind: _, apiVersion: __, ...item }) => item);
    return { code: 200, body: { kind: 'List', items, metadata: end < chosen.length ? { continue: `${end}` } : {} } };
  }

  private deny({ group, resource, name, namespace }: Place): ApiAnswer | undefined {
    const verb = name === undefined ? 'list' : 'get';
    this.used.add(`${verb} ${resource}.${group}`);
    const allowed = (this.rules ?? [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]).some(
      ({ apiGroups, resources, verbs }) =>
        [group, '*'].some((one) => apiGroups.includes(one)) &&
        [resource, '*'].some((one) => resources.includes(one)) &&
        [verb, '*'].some((one) => verbs.includes(one)),
    );
    if (allowed) return undefined;
    const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
    const what = `User "tester" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
    return refusal(403, 'Forbidden', `${resource} is forbidden: ${what}`);
  }
}
