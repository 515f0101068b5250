import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import type { SecretDeclaration, SecretRotation } from '../../platform/secrets';
import type { Namespace } from '../../platform/namespace';
import { valueFinder } from './changes';
import type { Cluster } from './cluster';
import { ClusterError } from '../cluster/error';
import type { KeyPath, Options } from './options';
import { type Reader, readersOf, RESTARTABLE } from './readers';
import { planOf, rotate, type RotationSite, type RotationTask } from './rotation';
import { fillSecret } from './values';
import type { Workloads } from './workloads';

/** How long an operator may take to fetch what a store holds. */
const FETCH_MS = 120_000;

/** What a rotation is made of, less the value that stdin may give. */
export function taskOf(
  namespace: Namespace,
  secrets: readonly SecretDeclaration[],
  manifests: readonly any[],
  { secret, key }: KeyPath,
  timeoutSeconds: number,
): RotationTask {
  const declaration = findKey(secrets, { secret, key });
  const rotation = declaration.rotation?.find((one) => one.renew.includes(key)) ?? { renew: [key] };
  const { template, initial } = declaration.keys[key]!;
  if (template !== undefined || initial !== undefined) {
    const own = Object.keys(declaration.keys).filter((one) => isOwn(declaration.keys[one]!));
    throw new ClusterError(`${secret}/${key}: follows from other keys; rotate one of ${own.join(', ')}`);
  }
  const changed = changedKeys(declaration, rotation);
  const readers = readersOf(manifests, secret, changed).filter((reader) => !keepsRunning(reader, rotation));
  const odd = readers.filter(({ kind }) => !RESTARTABLE.includes(kind)).map(({ kind, name }) => `${kind} ${name}`);
  if (odd.length > 0) throw new ClusterError(`${secret}/${key}: read by ${odd.join(', ')}, which cannot be restarted`);
  return { namespace, declaration, key, rotation, readers, timeoutSeconds };
}

const isOwn = ({ template, initial }: SecretDeclaration['keys'][string]) =>
  template === undefined && initial === undefined;

/** The declared Secret that has a key. */
export function findKey(secrets: readonly SecretDeclaration[], { secret, key }: KeyPath): SecretDeclaration {
  const declaration = secrets.find(({ name }) => name === secret);
  if (declaration && Object.hasOwn(declaration.keys, key)) return declaration;
  const known = declaration
    ? Object.keys(declaration.keys).map((one) => `${secret}/${one}`)
    : secrets.map(({ name }) => `${name}/…`);
  throw new ClusterError(`${secret}/${key}: no such key is declared; known are ${known.join(', ')}`);
}

/** The keys whose values change, those of templates included: found by trying. */
function changedKeys(declaration: SecretDeclaration, { renew, alternate = {}, during = {} }: SecretRotation): string[] {
  const touched = [...renew, ...Object.keys(alternate), ...Object.keys(during)];
  const own = Object.keys(declaration.keys).filter((key) => declaration.keys[key]?.template === undefined);
  const data = (mark: string) =>
    Object.fromEntries(own.map((key) => [key, Buffer.from(touched.includes(key) ? mark : key).toString('base64')]));
  const before = fillSecret(declaration, data('before')).keys;
  const after = new Map(fillSecret(declaration, data('after')).keys.map(({ key, value }) => [key, value]));
  return before.filter(({ key, value }) => !after.get(key)!.equals(value)).map(({ key }) => key);
}

/** The server itself is told, and only restarted where something in its pods reads the value, too. */
const keepsRunning = ({ name }: Reader, { server, interrupts }: SecretRotation) =>
  interrupts === undefined && server?.pod.replace(/-\d+$/, '') === name;

/** Where a rotation says what it does, and who gives it a value. */
export interface RotateSurroundings {
  readonly out: (line: string) => void;
  readonly input: () => Promise<string>;
  readonly env: NodeJS.ProcessEnv;
}

/** Prints the plan and, unless that is all, carries it out. */
export async function rotateIn(
  task: RotationTask,
  cluster: Cluster,
  { interrupt, dryRun, storeCommand }: Options,
  around: RotateSurroundings,
): Promise<void> {
  const { declaration, key, rotation, namespace } = task;
  const path = `${declaration.name}/${key}`;
  around.out(`${path} in context "${cluster.context}", namespace "${namespace.namespaceName}":`);
  planOf(task).forEach((title, index) => around.out(`  ${index + 1}. ${title}`));
  if (rotation.interrupts) around.out(`  interrupts ${rotation.interrupts}`);
  if (dryRun) return;
  if (rotation.interrupts && !interrupt) {
    throw new ClusterError(`${path}: interrupts ${rotation.interrupts}; give --interrupt if that may be now`);
  }
  const provided = declaration.keys[key]?.provided ? await around.input() : undefined;
  const existing = await cluster.readSecrets([declaration.name]);
  if (!existing)
    throw new ClusterError(`context "${cluster.context}": there is no namespace "${namespace.namespaceName}"`);
  // What a server says may repeat values that are not even in the Secret yet.
  const known = valueFinder([fillSecret(declaration, existing.get(declaration.name)?.data)], existing);
  const seen = new Set<string>(provided ? [provided] : []);
  const holdsValue = (text: string) => known(text) || [...seen].some((value) => text.includes(value));
  const site = siteIn(cluster, cluster.workloads(holdsValue), seen, holdsValue);
  const store = storeCommand ? storing(cluster, site, task, storeCommand, around.env) : undefined;
  await rotate({ ...task, provided }, { ...site, store }, around.out);
}

type Site = Omit<RotationSite, 'store'>;

function siteIn(
  cluster: Cluster,
  workloads: Workloads,
  seen: Set<string>,
  holdsValue: (text: string) => boolean,
): Site {
  return {
    readSecret: async (name) => (await cluster.readSecrets([name]))?.get(name),
    writeSecret: (write) => cluster.write([write], holdsValue),
    deleteSecret: (name) => cluster.deleteSecret(name),
    run: (pod, container, script, input) => {
      input.split('\n').forEach((line) => seen.add(line.split(' ').slice(2).join(' ')));
      seen.forEach((value) => value.length < 6 && seen.delete(value));
      return workloads.run(pod, container, script, input);
    },
    restart: (reader, mark) => workloads.restart(reader, mark),
    rollout: (reader, mark) => workloads.rollout(reader, mark),
    sleep: (milliseconds) => sleep(milliseconds),
    now: () => Date.now(),
  };
}

/** Hands new values to the store's own tool, and waits until the operator has brought them into the cluster. */
function storing(cluster: Cluster, site: Site, task: RotationTask, command: string, env: NodeJS.ProcessEnv) {
  const { declaration, namespace } = task;
  return async (secret: string, values: Record<string, string>, mark: string): Promise<void> => {
    const key = namespace._storeKey(secret) ?? secret;
    await runStoreCommand(command, { ...env, STORE_KEY: key }, JSON.stringify(values));
    await cluster.workloads(() => true).refresh(secret, `${mark}-${site.now()}`);
    const data = Object.entries(values).map(([one, value]) => [one, Buffer.from(value).toString('base64')]);
    const expected = fillSecret(declaration, Object.fromEntries(data)).keys;
    const end = site.now() + FETCH_MS;
    for (;;) {
      const found = await site.readSecret(secret);
      if (expected.every((one) => found?.data?.[one.key] === one.value.toString('base64'))) return;
      if (site.now() >= end) {
        const how = `look at: kubectl -n ${namespace.namespaceName} describe externalsecret ${secret}`;
        throw new ClusterError(`secret ${secret}: does not get the values that were written to "${key}"; ${how}`);
      }
      await site.sleep(1_000);
    }
  };
}

/** Runs the command in a shell. The values go to its stdin, and to nowhere else. */
function runStoreCommand(command: string, env: NodeJS.ProcessEnv, input: string): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('sh', ['-c', command], { env, stdio: ['pipe', 'ignore', 'inherit'] });
    child.on('error', fail);
    child.stdin.on('error', () => undefined);
    child.on('close', (code) => {
      if (code === 0) return done();
      fail(new ClusterError(`the store command ended with exit code ${code ?? 'none'}; mend it`));
    });
    child.stdin.end(input);
  });
}
