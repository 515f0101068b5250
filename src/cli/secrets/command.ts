import type { V1Secret } from '@kubernetes/client-node';

import { toYaml } from '../../outputs/yaml';
import { type SecretDeclaration, Secrets } from '../../platform/secrets';
import type { Namespace } from '../../platform/namespace';
import type { System } from '../../platform/system';
import { BuildError, buildEnvironment, finish, type Registry } from '../build';
import { explainFailure } from '../command-line';
import { EXIT, type Terminal } from '../synth';
import { changesOf, unchangeable, valueFinder } from './changes';
import { type Cluster, connect } from './cluster';
import { ClusterError } from '../cluster/error';
import { journalName } from './journal';
import { secretManifest } from './manifest';
import { type KeyPath, type Options, parseOptions, SECRETS_EXIT } from './options';
import { findKey, rotateIn, taskOf } from './rotate';
import { describeSecrets } from './show';
import { declarationProblems, type FilledSecret, fillSecret } from './values';

/** Where the command prints, and what it is told by its surroundings. */
export interface Surroundings extends Terminal {
  readonly env: NodeJS.ProcessEnv;
  /** All of stdin, for a value that somebody gives. */
  readonly input: () => Promise<string>;
}

const PROCESS: Surroundings = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  env: process.env,
  input: async () => {
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  },
};

/** What all the things that the command can do begin with: one namespace of the system. */
interface Work {
  readonly system: System;
  readonly namespace: Namespace;
  readonly secrets: readonly SecretDeclaration[];
  readonly options: Options;
  readonly around: Surroundings;
}

/** The secrets command. Gives the exit code. */
export async function secrets(args: string[], registry: Registry, around: Surroundings = PROCESS): Promise<number> {
  const options = parseOptions(args, around);
  if (typeof options === 'number') return options;
  try {
    const system = build(options, registry);
    let code: number = EXIT.done;
    for (const [index, work] of worksOf({ system, options, around }).entries()) {
      if (index > 0 && !(options.show || options.apply || options.printStore)) around.out('---\n');
      code = Math.max(code, await carryOut(work));
    }
    return code;
  } catch (error) {
    return report(error, options, around);
  }
}

/** The namespaces that have to do with it: the one that has the Secret where one is named, else all that have some. */
function worksOf({ system, options, around }: Pick<Work, 'system' | 'options' | 'around'>): Work[] {
  const all = system.namespaces.map((namespace) => {
    return { system, namespace, secrets: Secrets.of(namespace).all, options, around };
  });
  const { printStore, rotate, set } = options;
  const named = (rotate ?? set)?.secret ?? (typeof printStore === 'string' ? printStore : undefined);
  const meant = all.filter(({ secrets: declared }) =>
    named === undefined ? declared.length > 0 : declared.some(({ name }) => name === named),
  );
  if (meant.length > 0) return meant;
  // Nothing is declared, or nothing of that name: what is said then knows all that there is.
  return [{ ...all[0]!, secrets: all.flatMap(({ secrets: declared }) => declared) }];
}

async function carryOut(work: Work): Promise<number> {
  const { namespace, options, around } = work;
  refuseSource(work);
  const cluster = options.offline ? undefined : await connect(around.env, namespace.namespaceName, options.context);
  if (options.show) return show(work, required(cluster));
  if (options.rotate) return rotateKey(work, required(cluster), options.rotate);
  if (options.apply || options.set) return apply(work, required(cluster));
  return print(work, cluster);
}

function build(options: Options, registry: Registry): System {
  const built = buildEnvironment(options, registry);
  const problems = declarationProblems(built.namespaces.flatMap((namespace) => Secrets.of(namespace).all));
  if (problems.length > 0) throw new BuildError(problems);
  return built;
}

/** Values of a store are not made here, and a Secret that comes from one is not written here. */
function refuseSource({ system, namespace, options }: Work): void {
  const external = namespace._storeKey('') !== undefined;
  if (options.printStore && !external) {
    throw new ClusterError('--print-store: there is no store; set secrets.source: external-secrets in the settings');
  }
  if (options.rotate && external !== (options.storeCommand !== undefined) && !options.dryRun) {
    const how = external
      ? 'the Secrets come from a store; give --store-command, which writes stdin into it'
      : 'give no --store-command: the Secrets come from no store';
    throw new ClusterError(`--rotate: ${how}`);
  }
  if (!external || options.printStore || options.rotate || options.show) return;
  const how = `write them there with what --print-store prints, and the operator makes the Secrets`;
  throw new ClusterError(`the Secrets of ${system.node.id} come from a store of secrets.store; ${how}`);
}

function required(cluster: Cluster | undefined): Cluster {
  if (cluster) return cluster;
  throw new ClusterError('there is no kubeconfig; set KUBECONFIG or make ~/.kube/config');
}

async function print(work: Work, cluster: Cluster | undefined): Promise<number> {
  const { namespace, options, around } = work;
  const existing = cluster ? await read(work, cluster) : undefined;
  const filled = fill(work, existing);
  if (!options.printStore) refuse(unchangeable(filled, existing));
  around.error(`${origin(namespace, cluster, existing !== undefined, options)}\n${states(work, filled)}`);
  if (options.printStore) around.out(storeEntries(work, filled, options.printStore));
  else around.out(filled.map((secret) => toYaml(secretManifest(namespace, secret))).join('---\n'));
  return missing(work, filled);
}

/** What the store must hold: one JSON object, or a line for each Secret with what the store calls it. */
function storeEntries(
  { namespace, secrets: declared }: Work,
  filled: readonly FilledSecret[],
  asked: true | string,
): string {
  const entries = filled.map(({ name, keys }) => {
    const { keys: known } = declared.find((one) => one.name === name)!;
    const own = keys.filter(({ key }) => known[key]?.template === undefined);
    return { name, value: Object.fromEntries(own.map(({ key, value }) => [key, value.toString()])) };
  });
  if (asked === true) {
    return entries.map(({ name, value }) => `${JSON.stringify({ key: namespace._storeKey(name), value })}\n`).join('');
  }
  const found = entries.find(({ name }) => name === asked);
  if (found) return JSON.stringify(found.value);
  throw new ClusterError(
    `${asked}: no such Secret is declared; known are ${entries.map(({ name }) => name).join(', ')}`,
  );
}

/** Says where the values of a printed Secret come from. */
function origin(
  { namespaceName: namespace }: Namespace,
  cluster: Cluster | undefined,
  found: boolean,
  { offline }: Options,
): string {
  if (cluster && found) return `compared with context "${cluster.context}", namespace "${namespace}"`;
  if (cluster) return `context "${cluster.context}" has no namespace "${namespace}" yet; all values are new`;
  const why = offline ? '--offline' : 'no kubeconfig: KUBECONFIG is not set and ~/.kube/config is not there';
  return `${why}; all values are new. Do not apply them over Secrets that are in use`;
}

async function apply(work: Work, cluster: Cluster): Promise<number> {
  const { namespace, options, around } = work;
  const existing = await readThere(work, cluster);
  const given = options.set ? await givenValue(work, options.set) : undefined;
  const filled = fill(work, existing, given);
  refuse(unchangeable(filled, existing));
  const writes = changesOf(namespace, filled, existing);
  await cluster.write(writes, valueFinder(filled, existing));
  const made = writes.filter(({ exists }) => !exists).length;
  const changed = writes.length - made;
  const counts = `${made} made, ${changed} changed, ${filled.length - writes.length} as before`;
  around.out(
    `${states(work, filled)}context "${cluster.context}", namespace "${namespace.namespaceName}": ${counts}\n`,
  );
  return missing(work, filled);
}

/** A value that somebody gives on stdin, less the line end that `echo` adds. */
async function givenValue({ secrets: declared, around }: Work, path: KeyPath): Promise<KeyPath & { value: string }> {
  const { secret, key } = path;
  const { keys, rotation = [] } = findKey(declared, path);
  const where = `${secret}/${key}`;
  const kept = rotation.some(({ renew, alternate = {} }) => renew.includes(key) || Object.hasOwn(alternate, key));
  if (kept) throw new ClusterError(`${where}: a server keeps it; give --rotate, which tells it, too`);
  const { template, initial } = keys[key]!;
  if (template !== undefined || initial !== undefined) throw new ClusterError(`${where}: follows from other keys`);
  return { ...path, value: await valueFrom(around, where) };
}

async function valueFrom(around: Surroundings, where: string): Promise<string> {
  const value = (await around.input()).replace(/\r?\n$/, '');
  if (value) return value;
  throw new ClusterError(`${where}: expected the value on stdin, got nothing; pipe it in, as in < FILE`);
}

async function show(work: Work, cluster: Cluster): Promise<number> {
  const existing = await readThere(work, cluster);
  const lines = describeSecrets(work.secrets, existing, Date.now());
  work.around.out(`context "${cluster.context}", namespace "${work.namespace.namespaceName}"\n${lines.join('\n')}\n`);
  return missing(work, fill(work, existing));
}

async function rotateKey(
  { system, namespace, secrets: declared, options, around }: Work,
  cluster: Cluster,
  path: KeyPath,
) {
  const manifests = finish(system).map(({ manifest }) => manifest);
  const task = taskOf(namespace, declared, manifests, path, options.timeout);
  await rotateIn(task, cluster, options, {
    out: (line) => around.out(`${line}\n`),
    input: () => valueFrom(around, `${path.secret}/${path.key}`),
    env: around.env,
  });
  return EXIT.done;
}

/** The declared Secrets, and the journals of their rotations. */
const read = ({ secrets: declared, options }: Work, cluster: Cluster) =>
  cluster.readSecrets(declared.flatMap(({ name }) => (options.show ? [name, journalName(name)] : [name])));

async function readThere(work: Work, cluster: Cluster): Promise<Map<string, V1Secret>> {
  const existing = await read(work, cluster);
  if (existing) return existing;
  const { systemName, environment } = work.system;
  const how = `make it with: kubectl apply -f dist/${systemName}/${environment}/00-platform.k8s.yaml`;
  throw new ClusterError(
    `context "${cluster.context}": there is no namespace "${work.namespace.namespaceName}"; ${how}`,
  );
}

type Existing = ReadonlyMap<string, V1Secret>;

/** All declared Secrets with their values, one of which may be given. */
const fill = (work: Work, existing?: Existing, given?: KeyPath & { value: string }): FilledSecret[] =>
  work.secrets
    .filter(({ name }) => given === undefined || name === given.secret)
    .map((secret) => {
      const found = existing?.get(secret.name)?.data;
      if (!given) return fillSecret(secret, found);
      const value = Buffer.from(given.value).toString('base64');
      const filled = fillSecret(secret, { ...found, [given.key]: value });
      const state = !found?.[given.key] ? 'added' : found[given.key] === value ? 'kept' : 'changed';
      return { ...filled, keys: filled.keys.map((one) => (one.key === given.key ? { ...one, state } : one)) };
    });

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ClusterError(problems.join('\n'));
}

/** Says which values only somebody else can give, and how. Without the optional ones nothing is incomplete. */
function missing(
  { secrets: declared, options: { system, environment, printStore }, around }: Work,
  filled: readonly FilledSecret[],
): number {
  const isOptional = (name: string, key: string) =>
    declared.some((secret) => secret.name === name && secret.keys[key]?.optional);
  const absent = filled.flatMap(({ name, missing: keys }) =>
    keys.map((key) => ({ path: `${name}/${key}`, optional: isOptional(name, key) })),
  );
  for (const { path, optional } of absent) {
    const how = printStore
      ? 'add it to what the store holds'
      : `npm run secrets -- ${system} ${environment} --set ${path} < FILE`;
    const what = optional
      ? 'is not given, and pods start without it; only somebody else'
      : 'is missing, and only somebody else';
    around.error(`${path}: ${what} can give it: ${how}\n`);
  }
  return absent.some(({ optional }) => !optional) ? SECRETS_EXIT.incomplete : EXIT.done;
}

/** One line per key, and never a value. What is empty to begin with may be. */
const states = ({ secrets: declared }: Work, filled: readonly FilledSecret[]) =>
  filled
    .flatMap(({ name, keys }) => keys.map((key) => ({ name, ...key })))
    .map(({ name, key, state, value }) => {
      const meant = declared.find((one) => one.name === name)?.keys[key]?.initial === '';
      return `${name}/${key}: ${state}${value.length === 0 && !meant ? ', and empty' : ''}\n`;
    })
    .join('');

function report(error: unknown, { apply: writes, set, rotate, show: tells }: Options, terminal: Terminal): number {
  if (error instanceof ClusterError) {
    const offline = error.unread && !(writes || set || rotate || tells);
    const without = offline ? 'to print new values without asking a cluster, give --offline\n' : '';
    terminal.error(`${error.message}\n${without}`);
    return EXIT.failed;
  }
  const { text, code } = explainFailure(error);
  terminal.error(text);
  return code;
}
