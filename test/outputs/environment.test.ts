import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { parse, parseAllDocuments } from 'yaml';

import { DIST, environments, filesOf, objectsOf } from '../support/dist';

describe.each(environments())('%s', (environment) => {
  test('has the same objects in one file, in the same order', () => {
    const text = readFileSync(join(DIST, `${environment}.yaml`), 'utf8');
    expect(parseAllDocuments(text).map((document) => document.toJS())).toEqual(objectsOf(environment));
  });

  test('has a kustomization that names each of its files, in their order', () => {
    const { kind, resources, sortOptions } = parse(readFileSync(join(DIST, environment, 'Kustomization'), 'utf8'));
    expect(kind).toBe('Kustomization');
    expect(resources).toEqual(filesOf(environment).map((file) => basename(file)));
    expect(sortOptions).toEqual({ order: 'fifo' });
  });
});
