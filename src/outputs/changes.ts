import { dirname } from 'node:path';

import { parse } from 'yaml';

import { podTemplateOf } from '../platform/pod-template';
import { type FieldChange, fieldChanges } from './fields';
import { isLayerFile, type OutputFile } from './plain';
import { type FixedChange, fixedChanges } from './upgrade';

/** What becomes of an object. */
export interface ObjectChange {
  readonly what: 'added' | 'changed' | 'removed';
  readonly kind: string;
  /** Namespace and name, or the name alone of what has no namespace. */
  readonly name: string;
  /** Where it changed. */
  readonly fields: readonly FieldChange[];
  /** Whether its pods are replaced by others. */
  readonly replacesPods: boolean;
  /** What of it the API server refuses to change in place. */
  readonly fixed: readonly FixedChange[];
}

/** What becomes of one environment. */
export interface EnvironmentChanges {
  /** Its folder, such as `todo-app/dev`. */
  readonly environment: string;
  readonly objects: readonly ObjectChange[];
}

/** The difference of two output folders. */
export interface Changes {
  readonly environments: readonly EnvironmentChanges[];
  /** Files that changed and say the objects of an environment in another form, or something else. */
  readonly otherFiles: readonly string[];
}

/** How many objects are added, changed and removed. */
export type Counts = Readonly<Record<ObjectChange['what'], number>>;

export const countsOf = (objects: readonly ObjectChange[]): Counts => ({
  added: objects.filter(({ what }) => what === 'added').length,
  changed: objects.filter(({ what }) => what === 'changed').length,
  removed: objects.filter(({ what }) => what === 'removed').length,
});

/**
 * Compares two output folders, environment by environment and object by object. An environment's files are those of its
 * layers; the others are made of the same objects.
 */
export function changesBetween(before: readonly OutputFile[], after: readonly OutputFile[]): Changes {
  const [was, is] = [before.filter(isLayerFile), after.filter(isLayerFile)];
  const folders = [...new Set([...was, ...is].map(({ path }) => dirname(path)))].sort();
  const environments = folders
    .map((environment) => {
      const inside = ({ path }: OutputFile) => dirname(path) === environment;
      return { environment, objects: objectChanges(was.filter(inside), is.filter(inside)) };
    })
    .filter(({ objects }) => objects.length > 0);
  const rest = (files: readonly OutputFile[]) => files.filter((file) => !isLayerFile(file));
  return { environments, otherFiles: changedPaths(rest(before), rest(after)) };
}

/** The paths at which two sets of files are not the same. */
export function changedPaths(before: readonly OutputFile[], after: readonly OutputFile[]): string[] {
  const was = new Map(before.map(({ path, text }) => [path, text]));
  const is = new Map(after.map(({ path, text }) => [path, text]));
  return [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path)).sort();
}

function objectChanges(before: readonly OutputFile[], after: readonly OutputFile[]): ObjectChange[] {
  const [was, is] = [documentsOf(before), documentsOf(after)];
  // To parse takes by far the longest: what is the same in both is left out.
  const old = byIdentity([...was].filter((document) => !is.has(document)));
  const young = byIdentity([...is].filter((document) => !was.has(document)));
  return [...new Set([...old.keys(), ...young.keys()])]
    .sort()
    .flatMap((key) => objectChange(old.get(key), young.get(key)));
}

const documentsOf = (files: readonly OutputFile[]) =>
  new Set(files.flatMap(({ text }) => text.replace(/^(#.*\n)+/, '').split(/^---$/m)).map((text) => text.trim()));

const nameOf = ({ metadata: { name, namespace } }: any) => (namespace === undefined ? name : `${namespace}/${name}`);

/** A new version of an API is a change of the object; another group makes it another object. */
const identityOf = (object: any) =>
  `${object.kind} ${nameOf(object)} ${object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : ''}`;

const byIdentity = (documents: readonly string[]) =>
  new Map(
    documents
      .map((text): any => parse(text))
      .filter(Boolean)
      .map((object) => [identityOf(object), object] as const),
  );

function objectChange(before: any, after: any): ObjectChange[] {
  const { kind, ...object } = after ?? before;
  const subject = { kind, name: nameOf(object) };
  const alone = { ...subject, fields: [], replacesPods: false, fixed: [] };
  if (before === undefined) return [{ ...alone, what: 'added' }];
  if (after === undefined) return [{ ...alone, what: 'removed' }];
  const fields = fieldChanges(before, after);
  // The same object may be written in another way, or in another file.
  if (fields.length === 0) return [];
  const replacesPods = RUNS_ON.includes(kind) && differ(podTemplateOf(before), podTemplateOf(after));
  return [{ ...subject, what: 'changed', fields, replacesPods, fixed: fixedChanges(before, after) }];
}

/** What keeps pods and replaces them when their template changes. A task that changes gets another name. */
const RUNS_ON = ['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'];

const differ = (before: unknown, after: unknown) => JSON.stringify(before) !== JSON.stringify(after);
