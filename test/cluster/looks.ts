import type { KubeObject } from './api';
import type { LiveEnvironment } from './live';

/** What a look at all pods of an environment finds wrong: one line for each. */
export type Look = (pods: readonly KubeObject[]) => string[];

/** Problems that were seen, each once, in the order in which they came. */
export interface Seen {
  readonly problems: string[];
  stop(): void;
}

/** Looks at the pods now and at each change to one of them, in the API server's order, until it is stopped. */
export async function lookThroughout(live: LiveEnvironment, look: Look): Promise<Seen> {
  const problems: string[] = [];
  const lookOnce = () => {
    for (const problem of look(mirror.all)) if (!problems.includes(problem)) problems.push(problem);
  };
  let isListed = false;
  const mirror = await live.watchPods(() => {
    if (isListed) lookOnce();
  });
  isListed = true;
  lookOnce();
  return { problems, stop: () => mirror.stop() };
}
