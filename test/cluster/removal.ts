import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseDocument } from 'yaml';

import { scratchFolder } from '../runtime/support/process';
import { objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import type { Cluster } from './control-plane';
import { commandsOf } from './guide';

const GUIDE = 'operations.md';
const PROTECTION = 'protection.md';
const ROOT = join(__dirname, '../..');

/** The files of a folder without one of its objects, in another folder, which is made. */
export function copyWithout(folder: string, object: KubeObject, to: string): string {
  const isIt = (text: string) => {
    const { kind, metadata } = parseDocument(text).toJS() ?? {};
    const { name, namespace } = object.metadata;
    return kind === object.kind && metadata.name === name && metadata.namespace === namespace;
  };
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.k8s.yaml'))) {
    const documents = readFileSync(join(folder, name), 'utf8').split(/^---$/m);
    writeFileSync(join(to, name), documents.filter((text) => !isIt(text)).join('---'));
  }
  return to;
}

/** Everything but its data goes. */
export function removeAsDocumented(cluster: Cluster, environment: string): void {
  lift(cluster, environment, 'Lift it for servers');
  cluster.shell(one(commandsOf(GUIDE, 'Remove an environment', environment)), scratchFolder('removal'));
}

export function removeData(cluster: Cluster, environment: string): void {
  lift(cluster, environment, 'Lift it for all data');
  cluster.shell(one(commandsOf(GUIDE, 'Remove its data', environment)), scratchFolder('removal'));
}

/** Where data is protected, what is to go must say so. */
function lift(cluster: Cluster, environment: string, heading: string): void {
  if (!objectsOf(environment).some(({ metadata }) => metadata.name.endsWith('-deletion-protection'))) return;
  cluster.shell(one(commandsOf(PROTECTION, heading, environment)), scratchFolder('removal'));
}

/** What is in the cluster and not in the folder of the environment below `out` goes; how many objects that were. */
export function removeWhatLeft(cluster: Cluster, environment: string, out: string): number {
  const commands = commandsOf(GUIDE, 'What left `dist/`', environment).map((block) =>
    block.replaceAll(`-- ${environment}`, `-- ${environment} --out ${out}`),
  );
  const printed = cluster.shell(commands.join(''), ROOT);
  return printed.split('\n').filter((line) => / deleted( from |$)/.test(line)).length;
}

const one = ([first, ...more]: readonly string[]): string => {
  if (first === undefined || more.length > 0) throw new Error(`expected one block of commands, got ${more.length + 1}`);
  return first;
};
