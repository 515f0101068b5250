/** @tools kustomize cluster */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { DIST, environments, objectsIn, objectsOf } from '../support/dist';
import { run, scratchFolder } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const TOOLS: Record<string, (folder: string) => string> = {
  kustomize: (folder) => run(toolPath('kustomize', 'bin/kustomize'), ['build', folder]),
  // It has an older one inside.
  kubectl: (folder) => run(toolPath('cluster', 'bin/kubectl'), ['kustomize', folder]),
};

const build = (folder: string, tool = 'kustomize'): any[] =>
  parseAllDocuments(TOOLS[tool]!(folder)).map((document) => document.toJS());

const titleOf = ({ apiVersion, kind, metadata: { namespace = '', name } }: any) =>
  `${apiVersion} ${kind} ${namespace}/${name}`;

/** Titles of objects that are in one list only, or are not the same in every field. */
function unlike(wanted: readonly any[], found: readonly any[]): string[] {
  const [first, second] = [wanted, found].map((list) => new Map(list.map((one) => [titleOf(one), sorted(one)])));
  const titles = new Set([...first!.keys(), ...second!.keys()]);
  const different = [...titles].filter((title) => first!.get(title) !== second!.get(title));
  return [...different, ...(found.length === second!.size ? [] : ['something is there twice'])];
}

/** Text that does not depend on the order of keys. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );

const overlayOf = (name: string, dist = DIST) => {
  const [system, environment] = name.split('/');
  return join(dist, system!, 'kustomize/overlays', environment!);
};

for (const tool of Object.keys(TOOLS)) {
  proof(
    `each folder and each overlay is built to the objects of the plain files, field by field, by ${tool}`,
    async () => {
      let count = 0;
      for (const name of environments()) {
        const wanted = objectsOf(name);
        for (const folder of [join(DIST, name), overlayOf(name)]) {
          expect({ folder, unlike: unlike(wanted, build(folder, tool)) }).toEqual({ folder, unlike: [] });
        }
        count += wanted.length;
      }
      return `${count} objects of ${environments().length} environments, each built twice`;
    },
    300,
  );
}

proof('a value that is changed in one step of one patch is seen', async () => {
  const dist = scratchFolder('patched');
  cpSync(join(DIST, 'todo-evolution'), join(dist, 'todo-evolution'), { recursive: true });
  const file = join(overlayOf('todo-evolution/dev', dist), 'patches/deployment-backend.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('value: debug', 'value: info'));
  expect(text).toContain('value: debug');
  const found = build(overlayOf('todo-evolution/dev', dist));
  const seen = unlike(objectsOf('todo-evolution/dev'), found);
  expect(seen).toEqual(['apps/v1 Deployment todo-app-dev/backend']);
  return seen.join();
});

const GUIDE = readFileSync('docs/guides/kustomize.md', 'utf8');

/** Beside a `dist`, as in a checkout. */
function writeExample(): string {
  const root = scratchFolder('team');
  symlinkSync(DIST, join(root, 'dist'));
  const [, path, text] = /```yaml\n# (\S+)\n([\s\S]*?)```/.exec(GUIDE)!;
  mkdirSync(dirname(join(root, path!)), { recursive: true });
  writeFileSync(join(root, path!), text!);
  return dirname(join(root, path!));
}

/** What the guide says that a team changes. */
function asSaid(object: any): any {
  const copy = structuredClone(object);
  const { kind, metadata } = copy;
  if (kind === 'Namespace') metadata.name = 'todo-web-anna';
  else metadata.namespace = 'todo-web-anna';
  if (kind === 'ConfigMap' && metadata.name === 'todo-backend-config') copy.data.LOG_LEVEL = 'warn';
  if (kind === 'Deployment' && metadata.name === 'todo-frontend') copy.spec.replicas = 1;
  if (kind === 'Deployment' && metadata.name === 'todo-backend') {
    for (const container of copy.spec.template.spec.containers) container.image = 'todo-backend:anna';
  }
  if (kind === 'Ingress') {
    copy.spec.rules[0].host = 'anna.todo-app.local';
    metadata.annotations['nginx.ingress.kubernetes.io/custom-headers'] = 'todo-web-anna/edge-headers';
  }
  return copy;
}

describe.each(Object.keys(TOOLS))('with %s', (tool) => {
  proof(`the example of the guide, built by ${tool}, changes what it says, and nothing else`, async () => {
    const found = build(writeExample(), tool);
    const wanted = objectsOf('todo-app/dev').map(asSaid);
    expect(unlike(wanted, found)).toEqual([]);
    const naming = found.filter((one) => JSON.stringify(one).includes('todo-web-dev')).map(titleOf);
    expect(naming.filter((title) => !/ConfigMap \S+\/dashboard-/.test(title))).toEqual([]);
    return `${found.length} objects; ${naming.length} dashboards still ask for the old namespace`;
  });
});

/** Objects in whose text a namespace is, beside the field for it. */
const naming = (objects: readonly any[], namespace: string) =>
  objects
    .map(({ metadata: { namespace: _, ...metadata }, ...object }) => ({ ...object, metadata }))
    .filter(({ kind }) => kind !== 'Namespace')
    .filter((one) => new RegExp(`\\b${namespace}\\b`).test(JSON.stringify(one)))
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .filter((title) => !title.startsWith('ConfigMap dashboard-'));

proof('Todo Evolution names its namespace in the places of which the guide tells', async () => {
  const found = naming(objectsIn(join(DIST, 'todo-evolution/dev')), 'todo-app-dev');
  expect(found).toEqual(['StatefulSet kafka', 'Configuration backend', 'Ingress edge']);
  return found.join(', ');
});
