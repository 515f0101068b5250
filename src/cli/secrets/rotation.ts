import type { V1Secret } from '@kubernetes/client-node';

import type { SecretDeclaration, SecretRotation } from '../../platform/secrets';
import type { Namespace } from '../../platform/namespace';
import type { Write } from './cluster';
import { ClusterError } from '../cluster/error';
import { type Journal, journalManifest, journalName, readJournal, type Values } from './journal';
import type { Reader, Rollout } from './readers';
import { encoded } from './manifest';
import { expand, fillSecret, randomValue } from './values';

/** What a rotation does to the world: a cluster, or what stands in for one in a test. */
export interface RotationSite {
  readSecret(name: string): Promise<V1Secret | undefined>;
  writeSecret(write: Write): Promise<void>;
  deleteSecret(name: string): Promise<void>;
  /** Runs a script in the container of a server. */
  run(pod: string, container: string, script: string, input: string): Promise<void>;
  /** Restarts a workload, unless it carries the mark already. Tells whether there is such a workload. */
  restart(reader: Reader, mark: string): Promise<boolean>;
  rollout(reader: Reader, mark: string): Promise<Rollout>;
  /** Has the values written by whoever keeps them, where that is not the cluster, and fetched from there. */
  readonly store?: (secret: string, values: Record<string, string>, mark: string) => Promise<void>;
  sleep(milliseconds: number): Promise<void>;
  now(): number;
}

/** What is to be rotated, and who reads it. */
export interface RotationTask {
  readonly namespace: Namespace;
  readonly declaration: SecretDeclaration;
  readonly key: string;
  readonly rotation: SecretRotation;
  readonly readers: readonly Reader[];
  /** Value of a key that only somebody else can give. */
  readonly provided?: string;
  readonly timeoutSeconds: number;
}

interface Step {
  readonly title: string;
  /** What holds while the step is not done. */
  readonly until: string;
  readonly run: () => Promise<void>;
}

const POLL_MS = 1_000;
const AGAIN = 'run the same command again: it goes on with the same new values';

/** Replaces values of a Secret: server, Secret, readers, server. Every step bears to be done again. */
export async function rotate(task: RotationTask, site: RotationSite, say: (line: string) => void): Promise<void> {
  const { name } = task.declaration;
  const found = await site.readSecret(name);
  if (!found) throw new ClusterError(`secret ${name}: is not there; make it first`);
  const known = readJournal(name, await site.readSecret(journalName(name)));
  if (known && known.key !== task.key) {
    const todo = `end that one first, with --rotate ${name}/${known.key}`;
    throw new ClusterError(`secret ${name}: a rotation of ${known.key} began at ${known.startedAt}; ${todo}`);
  }
  const journal = known ?? begin(task, found, site.now());
  refuseForeign(task, found, journal);
  if (known) say(`goes on with the rotation that began at ${known.startedAt}`);
  for (const { title, until, run } of stepsOf(task, site, journal, known !== undefined, say)) {
    say(`${title} …`);
    await run().catch((error: unknown) => {
      if (!(error instanceof Error)) throw error;
      throw new ClusterError(`${error.message}\nstopped at: ${title}. ${until}; ${AGAIN}`);
    });
  }
  say(`${name}/${task.key}: rotated`);
}

/** The keys that are no templates. */
const plainKeys = ({ keys }: SecretDeclaration) => Object.keys(keys).filter((key) => keys[key]?.template === undefined);

function begin({ declaration, rotation, key, provided }: RotationTask, found: V1Secret, now: number): Journal {
  const { name, keys } = declaration;
  const absent = fillSecret(declaration, found.data).keys.filter(({ state }) => state === 'added');
  if (absent.length > 0) {
    const names = absent.map((one) => one.key).join(', ');
    throw new ClusterError(`secret ${name}: has no ${names}; add what is missing first, without --rotate`);
  }
  const before = Object.fromEntries(plainKeys(declaration).map((one) => [one, found.data?.[one] ?? '']));
  const text = (one: string) => Buffer.from(before[one] ?? '', 'base64').toString();
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  const renewed = rotation.renew.map((one) => [one, base64(provided ?? randomValue(keys[one]?.length))]);
  const turned = Object.entries(rotation.alternate ?? {}).map(([one, list]) => [
    one,
    base64(list[(list.indexOf(text(one)) + 1) % list.length] ?? ''),
  ]);
  const after = { ...before, ...Object.fromEntries([...renewed, ...turned]) };
  return { key, startedAt: new Date(now).toISOString(), before, after };
}

/** What the Secret holds while old and new are both in use. */
function meanwhile({ rotation }: RotationTask, { before, after }: Journal): Values {
  const old = (key: string) => Buffer.from(before[key] ?? '', 'base64');
  const lent = Object.entries(rotation.during ?? {}).map(([key, template]) => [
    key,
    expand(template, old)?.toString('base64') ?? '',
  ]);
  return { ...after, ...Object.fromEntries(lent) };
}

/** Somebody else's value must not be overwritten. */
function refuseForeign(task: RotationTask, { data = {} }: V1Secret, journal: Journal): void {
  const { name } = task.declaration;
  const ours = [journal.before, meanwhile(task, journal), journal.after];
  const foreign = plainKeys(task.declaration).filter((key) => !ours.some((values) => values[key] === data[key]));
  if (foreign.length === 0) return;
  const what = `${foreign.join(', ')} changed since the rotation began at ${journal.startedAt}`;
  const how = `if what the Secret holds is right, delete the secret ${journalName(name)}; if not, put it right`;
  throw new ClusterError(`secret ${name}: ${what}; ${how}, and run again`);
}

function stepsOf(
  task: RotationTask,
  site: RotationSite,
  journal: Journal,
  begun: boolean,
  say: (line: string) => void,
): Step[] {
  const { declaration, rotation, readers, namespace } = task;
  const { name } = declaration;
  const { server } = rotation;
  const input = () => scriptInput(name, journal);
  const accept = () => site.run(server!.pod, server!.container, server!.accept, input());
  const titles = titlesOf(task);
  const old = 'The Secret and all that read it have the old values';
  const both = `The Secret has the new values, ${
    server?.retire === undefined ? 'and pods that have not restarted the old ones' : 'and old and new are valid'
  }`;
  const body = journalManifest(namespace, name, journal);
  const keep = () => site.writeSecret({ name: journalName(name), exists: false, body });
  const steps: (Step | undefined)[] = [
    begun ? undefined : { title: titles.begin, until: 'Nothing has changed', run: keep },
    server && { title: titles.accept, until: `${old}; the server may know the new ones already`, run: accept },
    { title: titles.change, until: old, run: () => put(task, site, meanwhile(task, journal), journal) },
    // A restart between the two would have made a server forget what it keeps in memory only.
    server && { title: titles.acceptAgain, until: both, run: accept },
    ...readers.map((reader) => ({
      title: titles.restart(reader),
      until: both,
      run: () => restart(reader, task, site, journal.startedAt, say),
    })),
    rotation.during && { title: titles.clean, until: both, run: () => put(task, site, journal.after, journal) },
    server?.retire === undefined
      ? undefined
      : {
          title: titles.retire,
          until: 'All use the new values; the old may still be accepted',
          run: () => site.run(server.pod, server.container, server.retire!, input()),
        },
    { title: titles.end, until: 'All is done but this', run: () => site.deleteSecret(journalName(name)) },
  ];
  return steps.filter((step) => step !== undefined);
}

/** What each step is called, in the plan as while it is done. */
function titlesOf({ declaration: { name }, rotation }: RotationTask) {
  const { server, during = {}, alternate = {}, renew } = rotation;
  const where = server ? `${server.pod} (container ${server.container})` : '';
  const changed = [...renew, ...Object.keys(alternate), ...Object.keys(during)].join(', ');
  return {
    begin: `note the new values in secret ${journalName(name)}`,
    accept: `${where}: accept the new ${renew.join(', ')}`,
    change: `secret ${name}: change ${changed}`,
    acceptAgain: `${where}: accept the new ${renew.join(', ')}, in case it restarted in between`,
    restart: ({ kind, name: workload }: Reader) => `restart ${kind.toLowerCase()}/${workload} and wait for its pods`,
    clean: `secret ${name}: take the old value out of ${Object.keys(during).join(', ')}`,
    retire: `${where}: refuse the old ${renew.join(', ')}`,
    end: `delete secret ${journalName(name)}`,
  };
}

/** The steps of a rotation that has not begun, as lines for people. */
export function planOf(task: RotationTask): string[] {
  const titles = titlesOf(task);
  const { rotation, readers } = task;
  return [
    titles.begin,
    ...(rotation.server ? [titles.accept] : []),
    titles.change,
    ...(rotation.server ? [titles.acceptAgain] : []),
    ...readers.map(titles.restart),
    ...(rotation.during ? [titles.clean] : []),
    ...(rotation.server?.retire ? [titles.retire] : []),
    titles.end,
  ];
}

/** What a script reads. A value of more than one line would be taken for several. */
function scriptInput(name: string, { before, after }: Journal): string {
  const lines = (word: string, values: Values) =>
    Object.entries(values).map(([key, value]) => {
      const text = Buffer.from(value, 'base64').toString();
      if (!/[\u0000-\u001f\u007f]/.test(text)) return `${word} ${key} ${text}`;
      const what = `secret ${name}, key ${key}: holds control characters, and cannot be told to the server`;
      throw new ClusterError(`${what}; change it by hand`);
    });
  return [...lines('old', before), ...lines('new', after), 'end', ''].join('\n');
}

/** Has the Secret hold values, and what its templates make of them. */
async function put({ declaration }: RotationTask, site: RotationSite, values: Values, { startedAt }: Journal) {
  const { name } = declaration;
  const found = await site.readSecret(name);
  const changed = fillSecret(declaration, { ...found?.data, ...values }).keys.filter(
    ({ key, value }) => found?.data?.[key] !== value.toString('base64'),
  );
  if (changed.length === 0) return;
  if (site.store) {
    const texts = Object.entries(values).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
    return site.store(name, Object.fromEntries(texts), startedAt);
  }
  const { resourceVersion } = found?.metadata ?? {};
  await site.writeSecret({ name, exists: true, body: { metadata: { resourceVersion }, data: encoded(changed) } });
}

async function restart(
  reader: Reader,
  { timeoutSeconds }: RotationTask,
  site: RotationSite,
  mark: string,
  say: (line: string) => void,
): Promise<void> {
  const what = `${reader.kind.toLowerCase()}/${reader.name}`;
  if (!(await site.restart(reader, mark))) return say(`${what} is not in the cluster`);
  const end = site.now() + timeoutSeconds * 1000;
  for (;;) {
    const { done, failed, state } = await site.rollout(reader, mark);
    if (done) return;
    if (failed) throw new ClusterError(`${what}: ${state}; mend that`);
    if (site.now() >= end) {
      throw new ClusterError(`${what}: after ${timeoutSeconds} seconds ${state}; mend that or give a longer --timeout`);
    }
    await site.sleep(POLL_MS);
  }
}
