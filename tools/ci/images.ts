import { parseAllDocuments } from 'yaml';

import { filesBelow, filesSince } from '../../src/cli/git/files';
import type { OutputFile } from '../../src/outputs/plain';

const USAGE = `Usage: npm run images -- [--since REF]

Prints every image that the manifests of dist/ name, one on a line; with --since those alone that they did not name where
this branch left REF.
`;

/** Every image that plain files name, in pods and in custom resources. */
function imagesOf(files: readonly OutputFile[]): Set<string> {
  const objects = files
    .filter(({ path }) => path.endsWith('.k8s.yaml'))
    .flatMap(({ text }) => parseAllDocuments(text).map((document): unknown => document.toJS()));
  return new Set(objects.flatMap(imagesIn));
}

function imagesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) =>
    key === 'image' && typeof below === 'string' ? [below] : imagesIn(below),
  );
}

function images(args: readonly string[]): number {
  const [option, since, ...more] = args;
  if ((args.length > 0 && option !== '--since') || (option && !since) || more.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const before = since === undefined ? new Set<string>() : imagesOf(filesSince(since, 'dist'));
  const found = [...imagesOf(filesBelow('dist').files)].filter((image) => !before.has(image)).sort();
  process.stdout.write(found.map((image) => `${image}\n`).join(''));
  return 0;
}

process.exitCode = images(process.argv.slice(2));
