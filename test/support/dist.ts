import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { parseAllDocuments } from 'yaml';

/** What a reader of the repository sees: the committed YAML, and nothing of how it came about. */
export const DIST = resolve('dist');

const subfolders = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** `system/environment` of everything in `dist/`. */
export const environments = (): string[] =>
  subfolders(DIST)
    .flatMap((system) => subfolders(join(DIST, system)).map((name) => `${system}/${name}`))
    .filter((folder) => filesOf(folder).length > 0);

/** The plain files of a folder, in the order in which they are applied. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.k8s.yaml'))
    .sort()
    .map((name) => join(folder, name));

/** Those of an environment of `dist/`. */
export const filesOf = (environment: string): string[] => filesIn(join(DIST, environment));

/** The objects of a folder, in the order in which they are applied. */
export const objectsIn = (folder: string): any[] =>
  filesIn(folder).flatMap((file) => parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS()));

/** The objects of an environment of `dist/`. */
export const objectsOf = (environment: string): any[] => objectsIn(join(DIST, environment));
