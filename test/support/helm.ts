import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { OutputFile } from '../../src/outputs/plain';
import { runFolder } from '../runtime/support/run-folder';
import { toolPath } from '../runtime/support/tools';

/** What is text in JSON, and not in YAML, as which helm reads it. */
const ODD = /[\u007f-\u009f\u2028\u2029\ufeff]/g;

/** Writes a chart, below the folder of this run; returns where its files are. */
export function writtenChart(files: readonly OutputFile[]): string {
  const folder = mkdtempSync(join(runFolder(), 'chart-'));
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** What helm does with a chart. */
export function helm(...args: readonly string[]): {
  readonly status: number | null;
  readonly out: string;
  readonly said: string;
} {
  const { status, stdout, stderr } = spawnSync(toolPath('helm', 'bin/helm'), args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return { status, out: stdout, said: stdout + stderr };
}

/** The objects that helm makes of a chart, with these values over its own; `null` takes one out. */
export function render(folder: string, values: object, namespace: string): any[] {
  const file = join(mkdtempSync(join(runFolder(), 'values-')), 'values.json');
  writeFileSync(
    file,
    JSON.stringify(values).replace(ODD, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  return rendered(folder, [file], namespace);
}

/** The objects that helm makes of a chart, with files of values over its own. */
export function rendered(folder: string, files: readonly string[], namespace: string): any[] {
  const { status, out, said } = helm(
    'template',
    'release',
    folder,
    '-n',
    namespace,
    ...files.flatMap((file) => ['-f', file]),
  );
  if (status !== 0) throw new Error(said);
  // As Go reads it: with the words of YAML 1.1.
  const documents = parseAllDocuments(out, { version: '1.1', merge: false });
  const wrong = documents.flatMap(({ errors }) => errors);
  // Such as a key that is there twice: the API server would refuse it.
  if (wrong.length > 0) throw wrong[0]!;
  return documents.flatMap((document) => document.toJS() ?? []);
}

/** Without keys that hold nothing, and with those left in order: as the API server sees it. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && item !== null);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, plain(item)]));
}

/** Objects by kind, namespace and name, without what holds nothing. */
export const byName = (objects: readonly any[]): Record<string, unknown> =>
  Object.fromEntries(
    objects.map((object) => [
      `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`,
      plain(object),
    ]),
  );
