import { buildSystem, finish } from '../../src/cli/build';
import { podTemplateOf } from '../../src/platform/pod-template';
import { loadSettings } from '../../src/settings/load';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { finished, testSystem } from '../support/system';

const costLabels = { 'cost-center': 'cc-4711', 'example.com/owner': 'shop', team: 'web' };
const NAMES = Object.keys(costLabels);

/** The objects of an environment of ours, with more settings. */
function objectsOf(only: string, more: object): any[] {
  const [loaded] = loadSettings({ root: 'overlays', validators, only });
  const settings = { ...loaded!, settings: { ...loaded!.settings, ...more } };
  return finish(buildSystem(SYSTEMS[loaded!.system]!, settings)).map(({ manifest }) => manifest);
}

/** Takes the labels away wherever they stand, and says where that was. */
function stripped(value: any, path = ''): { value: any; places: string[] } {
  if (value === null || typeof value !== 'object') return { value, places: [] };
  if (Array.isArray(value)) {
    const items = value.map((item) => stripped(item, `${path}[]`));
    return { value: items.map((item) => item.value), places: items.flatMap(({ places }) => places) };
  }
  const kept = Object.entries(value).filter(([key]) => !NAMES.includes(key));
  const inside = kept.map(([key, item]) => [key, stripped(item, path ? `${path}.${key}` : key)] as const);
  const here = Object.keys(value).length - kept.length === NAMES.length ? [path] : [];
  return {
    value: Object.fromEntries(inside.map(([key, item]) => [key, item.value])),
    places: [...here, ...inside.flatMap(([, item]) => item.places)],
  };
}

describe.each(['todo-evolution/production', 'todo-app/production', 'contacts/production'])('%s', (environment) => {
  const plain = objectsOf(environment, {});
  const labelled = objectsOf(environment, { costLabels });

  test('every object carries them, the namespace first, and every pod', () => {
    expect(labelled.find(({ kind }) => kind === 'Namespace').metadata.labels).toMatchObject(costLabels);
    for (const { metadata } of labelled) expect(metadata.labels).toMatchObject(costLabels);
    const templates = labelled.map(podTemplateOf).filter((template) => template?.spec.containers);
    expect(templates.length).toBeGreaterThan(1);
    for (const { metadata } of templates) expect(metadata.labels).toMatchObject(costLabels);
  });

  test('they stand in labels of objects and pods alone: in no selector, and in no template of volumes', () => {
    const places = new Set(labelled.flatMap((object) => stripped(object).places));
    expect(
      [...places].filter(
        (place) => !/^metadata\.labels$|^spec(\.jobTemplate\.spec)?\.template\.metadata\.labels$/.test(place),
      ),
    ).toEqual([]);
  });

  test('nothing else changes, but for the names of Jobs, whose pods cannot be changed', () => {
    const named = (objects: any[]) =>
      objects
        .map((object) =>
          object.kind === 'Job' ? { ...object, metadata: { ...object.metadata, name: 'job' } } : object,
        )
        .map((object) => JSON.stringify(stripped(object).value))
        .sort();
    expect(named(labelled)).toEqual(named(plain));
  });
});

test('the order in which a file lists them means nothing, in names of Jobs neither', () => {
  const turned = Object.fromEntries(Object.entries(costLabels).reverse());
  const environment = 'todo-evolution/dev';
  expect(JSON.stringify(objectsOf(environment, { costLabels: turned }))).toBe(
    JSON.stringify(objectsOf(environment, { costLabels })),
  );
});

test('without them, and with none, everything is as it was', () => {
  expect(finished(testSystem({ costLabels: {} })).objects).toEqual(finished(testSystem()).objects);
});

test.each([
  'environment',
  'version',
  'app.kubernetes.io/name',
  'app.kubernetes.io/team',
  'pod-security.kubernetes.io/enforce',
  'node.k8s.io/x',
  'azure.workload.identity/use',
  'dapr.io/enabled',
  'argoproj.io/x',
  'pod-template-hash',
  'rollouts-pod-template-hash',
])('%s is refused', (name) => {
  expect(() => testSystem({ costLabels: { [name]: 'x' } })).toThrow(
    `costLabels.${name}: is a label that has a meaning of its own here or in the cluster; choose another name, such as cost-center`,
  );
});

test.each(['environments', 'kubernetes', 'mykubernetes.io/team', 'example.com/version'])('%s is accepted', (name) => {
  expect(() => testSystem({ costLabels: { [name]: 'x' } })).not.toThrow();
});
