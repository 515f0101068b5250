/** A cluster could not be asked, or does not do what it is asked. */
export class ClusterError extends Error {
  /** @param unread whether what exists could not be read, so that one may want to go on without */
  public constructor(
    message: string,
    public readonly unread = false,
  ) {
    super(message);
    this.name = 'ClusterError';
  }
}

/** What the client throws: an answer with a status, or no answer. */
interface Failure {
  readonly code?: number | string;
  readonly body?: unknown;
  readonly name: string;
  readonly message: string;
}

/** Where and what something failed at. */
export interface Attempt {
  readonly context: string;
  readonly server: string;
  readonly namespace: string;
  /** What was tried, as in `cannot …`. */
  readonly action: string;
  /** Whether a text must not be shown. */
  readonly holdsValue: (text: string) => boolean;
}

/** What went wrong and what to do about it, without anything that was sent. */
export function explain(error: unknown, { context, server, namespace, action, holdsValue }: Attempt): string {
  const failure = error as Failure;
  const cannot = `context "${context}", namespace "${namespace}": cannot ${action}`;
  if (typeof failure.code !== 'number') return `${cannot}: ${noAnswer(failure, server)}`;
  const reason = reasonOf(error);
  const said = holdsValue(reason) ? 'for a reason that repeats a value and is not shown' : reason;
  const rights = / resource "secrets" /.test(reason)
    ? `get, create and patch on secrets in namespace "${namespace}"`
    : 'the rights that docs/guides/secrets.md names for --rotate';
  switch (failure.code) {
    case 401:
      return `${cannot}: the cluster does not accept the credentials; log in again or give another --context`;
    case 403:
      if (!/ cannot \w+ resource /.test(reason)) return `${cannot}: forbidden, ${said}; mend that and run again`;
      return `${cannot}: forbidden, ${said}; ask for a role with ${rights}`;
    case 404:
      return `${cannot}: not found, ${said}; is the namespace there?`;
    case 409:
      return `${cannot}: somebody else changed it in between; run again`;
    default:
      return `${cannot}: answer ${failure.code}, ${said}; mend that and run again`;
  }
}

function noAnswer({ code, name, message }: Failure, server: string): string {
  if (name === 'AbortError') return `${server} does not answer; is the cluster reachable from here?`;
  if (name === 'FetchError')
    return `${server} is not reachable (${code ?? 'no answer'}); is it up, and this its address?`;
  if (name === 'SyntaxError') return `${server} answers with something that is no JSON; is this the API server?`;
  return `${message.split('\n')[0]}; mend the kubeconfig`;
}

/** The number with which the API server answered. */
export const statusOf = (error: unknown) => (error as Failure).code;

/** Whether the API server says that something is not there. Any other server says 404 as well. */
export const isAbsence = (error: unknown) => statusOf(error) === 404 && statusBody(error)?.kind === 'Status';

function statusBody(error: unknown): { kind?: string; message?: string; reason?: string } | undefined {
  const { body } = error as Failure;
  try {
    return typeof body === 'string' ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}

/** What the API server says. Whatever else may have answered is not repeated. */
const reasonOf = (error: unknown) => statusBody(error)?.message || statusBody(error)?.reason || 'no reason given';
