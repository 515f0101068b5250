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
}

/** What went wrong and what to do about it, without anything that was sent. */
export function explain(error: unknown, { context, server, namespace, action }: Attempt): string {
  const failure = error as Failure;
  const cannot = `context "${context}": cannot ${action}`;
  if (typeof failure.code !== 'number') return `${cannot}: ${noAnswer(failure, server)}`;
  const said = messageOf(failure.body);
  const rights = `get, create and patch on secrets in namespace "${namespace}"`;
  switch (failure.code) {
    case 401:
      return `${cannot}: the cluster does not accept the credentials; log in again or give another --context`;
    case 403:
      if (!/ cannot \w+ resource /.test(said)) return `${cannot}: forbidden, ${said}; mend that and run again`;
      return `${cannot}: forbidden, ${said}; ask for a role with ${rights}`;
    case 404:
      return `${cannot}: not found, ${said}; is the namespace there?`;
    case 409:
      return `${cannot}: somebody else changed it in between; run again, what is there is kept`;
    default:
      return `${cannot}: answer ${failure.code}, ${said}; mend that and run again`;
  }
}

function noAnswer({ code, name, message }: Failure, server: string): string {
  if (name === 'AbortError') return `${server} does not answer; is the cluster reachable from here?`;
  if (name === 'SyntaxError') return `${server} does not answer as an API server does; is the address right?`;
  if (code !== undefined) return `${server} is not reachable (${code}); is the cluster up, and this its address?`;
  return `${message.split('\n')[0]}; mend the kubeconfig`;
}

/** What a Status object says, or the beginning of whatever else came back. */
function messageOf(body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? '');
  try {
    const { message, reason } = JSON.parse(text) as { message?: string; reason?: string };
    return message || reason || 'with no reason given';
  } catch {
    return text.slice(0, 200) || 'with no reason given';
  }
}
