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
  subfolders(DIST).flatMap((system) => subfolders(join(DIST, system)).map((name) => `${system}/${name}`));

/** The plain files of an environment, in the order in which they are applied. */
export const filesOf = (environment: string): string[] =>
  readdirSync(join(DIST, environment))
    .filter((name) => name.endsWith('.k8s.yaml'))
    .sort()
    .map((name) => join(DIST, environment, name));

/** The objects of an environment, in the order in which they are applied. */
export const objectsOf = (environment: string): any[] =>
  filesOf(environment).flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS()),
  );
