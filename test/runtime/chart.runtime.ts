/** @tools helm */
import { differences } from '../../src/outputs/chart/differences';
import { without } from '../../src/outputs/chart/fixed';
import { evaluateObjects } from '../../src/outputs/chart/evaluate';
import { asInChart } from '../../src/outputs/chart/helm-only';
import type { ObjectTemplate } from '../../src/outputs/chart/template';
import { ANNOTATED, joined, NASTY, TEMPLATES } from '../support/every-template';
import { byName, helm, render, writtenChart } from '../support/helm';
import { configMap, constant, flag, mapOf, objectOf, placed, SCHEMA, smallChart, VALUES } from '../support/small-chart';
import { proof } from './support/proof';
import type { Values } from '../../src/outputs/chart/values';

const CHANGES: readonly Values[] = [
  {},
  // No block of YAML holds odd characters, so no setting that stands in a file of lines may have them.
  ...NASTY.map((text) => ({
    text: /[\r\u0001]/.test(text) ? 'x' : text,
    either: text,
    names: [text, 'x', text],
    labels: { [`${text.trim()}k`]: text },
    things: [{ name: text }],
  })),
  { flag: false },
  { flag: false, kind: 'large', part: undefined },
  { part: undefined, hidden: 'x', labels: { team: 'x', y: 'z' } },
  { flag: false, notes: { team: 'note', other: 'note' }, labels: { team: 'x' } },
  { rates: Array.from({ length: 1001 }, (_, index) => index / 10) },
  { rates: [1e-5, 0.00001234, 33.333333, 12_345.678, 1e9, 0.07, 0.9, 1e-9, 99.999, 6_048_000_000_000], share: 0.1 },
  { part: {} },
  { part: { deep: {} } },
  { part: { size: 0, deep: { word: 'v' } } },
  { names: [], labels: {}, things: [], ports: [] },
  { hosts: ['a', '{{'], notes: { a: 'b', yes: 'no' } },
  { hosts: [], notes: {} },
  { names: ['a', 'b'], hosts: ['b', 'c', 'b'] },
  { names: ['a', 'b'], hosts: ['b', 'c'], flag: false, part: undefined },
  { names: [], hosts: ['b'], flag: false },
  { count: 6_048_000_000_000, share: 1e-7, either: 1_000_000 },
  { count: 4, share: 1234567.25, either: 0.1 },
  { share: 1, either: -3, time: '30d', memory: '3Ti', cpu: '1.5' },
  { time: '1000m' },
  { word: 'abc'.repeat(20) },
  { time: '90061s' },
  { time: '7d' },
  { address: 'tempo:65535' },
  { memory: '77', cpu: '0.001', labels: { a: 1, b: 2_000_000, c: '3' } },
];

/** Where what helm makes is not what the model says, and how it begins to differ. */
function differing(templates: readonly ObjectTemplate[], folder: string, changes = CHANGES, base = VALUES): string[] {
  return changes.flatMap((change) => {
    const values = { ...base, ...change };
    const over = differences(without(base, [['namespace']]), without(values, [['namespace']]));
    const made = byName(render(folder, over, 'shop'));
    const wanted = byName(evaluateObjects(templates, values).map(asInChart));
    return Object.keys({ ...made, ...wanted }).flatMap((key) => {
      const [a, b] = [made[key], wanted[key]].map((one) => JSON.stringify(one) ?? 'nothing') as [string, string];
      if (a === b) return [];
      const start = Math.max(0, [...a].findIndex((character, index) => character !== b[index]) - 40);
      return [
        `${JSON.stringify(change)} ${key}: ${[a, b].map((one) => one.slice(start, start + 120)).join(' instead of ')}`,
      ];
    });
  });
}

proof(
  'what helm makes of a chart is what its model says, whatever text, numbers and gaps the values hold',
  async () => {
    const folder = writtenChart(smallChart(TEMPLATES));
    expect(differing(TEMPLATES, folder)).toEqual([]);
    return `${CHANGES.length} sets of values, ${TEMPLATES.length} templates`;
  },
  120,
);

proof('an image is named with its registry, its colour, tag and digest, however little of these there is', async () => {
  const colours = ['', ' of blue', ' of green', ' of active', ' of newest'];
  const all = colours.flatMap((of) =>
    ['image', 'pulled image', 'version'].map((form) => [`${form}${of}`, of] as const),
  );
  const placedAs = all.map(([as, of]) => [as.replaceAll(' ', '-'), placed(of ? 'web' : 'web.image', as)]);
  const templates = [configMap('images', mapOf(Object.fromEntries(placedAs)))];
  const text = { type: 'string', pattern: '^[A-Za-z0-9._:@/-]+$' } as const;
  const object = (properties: object): any => ({ type: 'object', properties, additionalProperties: false });
  const version = object({ tag: text, digest: text });
  const release = object({ active: { enum: ['blue', 'green'] }, blue: version, green: version });
  const schema = structuredClone(SCHEMA);
  Object.assign(schema.definitions!['ShopSettings']!.properties!, {
    imageRegistry: text,
    web: object({
      image: object({ repository: text, tag: text, digest: text }),
      replicas: { type: 'integer' },
      release,
    }),
  });
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const image = { repository: 'shop/web', tag: '1.0.0' };
  const values = { ...VALUES, web: { image, replicas: 2, release: { active: 'blue' } } };
  const folder = writtenChart(smallChart(templates, { values, schema }));
  const repositories = ['web', 'quay.example/web', 'localhost/web', 'registry:5000/web'];
  const images = [
    ...repositories.map((repository) => ({ repository, tag: '2' })),
    ...['_1.0-', 'x'.repeat(70), `1.${'-'.repeat(80)}`, '1e3'].map((tag) => ({ ...image, tag })),
    ...[
      { ...image, digest },
      { ...image, tag: undefined, digest },
    ],
  ];
  const releases = [
    undefined,
    { green: { tag: '3' } },
    { blue: { tag: '4' } },
    { active: 'green' },
    { active: 'green', green: { tag: '3' } },
    { active: 'blue', blue: { digest }, green: { tag: '3', digest } },
  ];
  const webs = images.flatMap((one) =>
    [values.web.release, ...releases].flatMap((by) =>
      [0, 2].map((replicas) => ({ image: one, replicas, release: by })),
    ),
  );
  const changes = ['mirror.example/all', undefined].flatMap((imageRegistry) =>
    webs.map((web) => ({ imageRegistry, web })),
  );
  expect(differing(templates, folder, changes, values)).toEqual([]);
  return `${changes.length} sets of values, ${all.length} ways`;
});

proof('values that the settings refuse are refused, and what the chart cannot do without', async () => {
  const folder = writtenChart(smallChart(TEMPLATES));
  const refused: [values: object, reason: RegExp][] = [
    [{ word: 'Hello' }, /'\/word': 'Hello' does not match pattern/],
    [{ word: null }, /missing property 'word'/],
    [{ wrod: 'hello' }, /additional properties 'wrod' not allowed/],
    [{ namespace: 'shop' }, /additional properties 'namespace' not allowed/],
    [{ count: 0 }, /'\/count': minimum: got 0, want 1/],
    [{ count: 1.5 }, /'\/count': got number, want integer/],
    [{ kind: 'medium' }, /'\/kind': value must be one of 'small', 'large'/],
    [{ part: { deep: { wrod: 'w' } } }, /'\/part\/deep': additional properties 'wrod' not allowed/],
    [{ things: [{ size: 1 }] }, /'\/things\/0': missing property 'name'/],
    [{ count: null }, /missing property 'count'/],
    [{ environment: 'No Label' }, /'\/environment': 'No Label' does not match pattern/],
  ];
  for (const [values, reason] of refused) expect(() => render(folder, values, 'shop')).toThrow(reason);
  expect(render(folder, { global: { of: 'another chart' }, part: null, hosts: null }, 'shop')).toHaveLength(
    TEMPLATES.length,
  );
  return `${refused.length} kinds of mistakes`;
});

proof('helm test has the smoke test, and an upgrade all but it', async () => {
  const folder = writtenChart(smallChart(ANNOTATED));
  const shown = (...options: string[]) => {
    const { out, status } = helm('template', 'release', folder, ...options);
    return [status, [...out.matchAll(/^# Source: shop\/templates\/(.*)\.yaml$/gm)].map(([, name]) => name)] as const;
  };
  const [all, without_] = [shown(), shown('--skip-tests')];
  expect([all[0], without_[0]]).toEqual([0, 0]);
  expect(all[1].filter((name) => !without_[1].includes(name))).toEqual(['20-data/smoke-test-job']);
  expect(without_[1]).toContain('20-data/smoke-test-serviceaccount');
  return `${without_[1].length} objects of the release, and 1 test`;
});

proof('of an object that is not there nothing is left, not even a comment', async () => {
  const data = constant({ a: '1' });
  const folder = writtenChart(smallChart([configMap('it', data, { when: flag }), configMap('other', data)]));
  const sources = (is: boolean) => {
    const { out, status } = helm('template', 'release', folder, '--set', `flag=${is}`);
    return [
      status,
      [...out.matchAll(/^# Source: shop\/templates\/10-config\/(.*)-configmap\.yaml$/gm)].map(([, it]) => it),
    ];
  };
  expect(sources(true)).toEqual([0, ['it', 'other']]);
  expect(sources(false)).toEqual([0, ['other']]);
  return '1 of 2 objects';
});

proof('objects are in the namespace of the release, or in one that is a value', async () => {
  const inData = mapOf({ name: constant('data'), namespace: placed('namespaces.data') });
  const address = configMap(
    'it',
    mapOf({ host: joined('data.', { path: 'namespaces.data' }, '.', { path: 'namespace' }) }),
  );
  const templates = [objectOf('Service/data/it', inData), address];
  const values = { ...VALUES, namespaces: { data: 'shop-data' } };
  const folder = writtenChart(smallChart(templates, { values }));
  const shown = (over: object, namespace: string) => byName(render(folder, over, namespace));
  expect(shown({}, 'shop')).toEqual(byName(evaluateObjects(templates, values)));
  const moved = { ...values, namespaces: { data: 'own-data' }, namespace: 'own' };
  expect(shown({ namespaces: { data: 'own-data' } }, 'own')).toEqual(byName(evaluateObjects(templates, moved)));
  expect(Object.keys(shown({}, 'own')).sort()).toEqual(['ConfigMap/own/it', 'Service/shop-data/data']);
  return '2 namespaces';
});

proof('what is fixed is refused as a value', async () => {
  const paths = [['kind'], ['part', 'deep'], ['things', '*', 'size'], ['notes'], ['labels', 'team']];
  const fixed = paths.map((path) => ({ path, reason: 'It is.' }));
  const templates = [configMap('it', mapOf({ word: placed('word') }))];
  const folder = writtenChart(smallChart(templates, { fixed }));
  const refused: [values: object, reason: RegExp][] = [
    [{ kind: 'small' }, /additional properties 'kind' not allowed/],
    [{ part: { deep: {} } }, /'\/part': additional properties 'deep' not allowed/],
    [{ things: [{ name: 'a', size: 1 }] }, /'\/things\/0': additional properties 'size' not allowed/],
    [{ notes: {} }, /additional properties 'notes' not allowed/],
    [{ labels: { team: 'x' } }, /'\/labels\/team': 'not' failed/],
  ];
  for (const [values, reason] of refused) expect(() => render(folder, values, 'shop')).toThrow(reason);
  const others = { part: { size: 3 }, things: [{ name: 'a' }], labels: { other: 'x' } };
  expect(render(folder, others, 'shop')).toHaveLength(1);
  return `${refused.length} settings`;
});

proof('helm finds nothing to say of a chart but that it has no icon', async () => {
  const { status, out } = helm('lint', '--strict', writtenChart(smallChart(TEMPLATES)));
  expect([status, out.match(/\[(INFO|WARNING|ERROR)\].*/g)]).toEqual([0, ['[INFO] Chart.yaml: icon is recommended']]);
  return '0 warnings';
});

/* Broken on purpose. */

const NUMBERS = CHANGES.slice(CHANGES.findIndex((one) => 'count' in one));

const brokenChart = (from: RegExp, to: string) =>
  smallChart(TEMPLATES).map((file) =>
    file.path.includes('/templates/') ? { ...file, text: file.text.replace(from, to) } : file,
  );

test.each([
  ['text that looks like an action, left as it is,', /\{\{ "\{\{" \}\}/g, '{{', /parse error/],
  ['a key that is there twice', / = omit (\S+) .*?\}\}/g, ' = $1 }}', /keys must be unique/],
  ['a key of two maps', /if not \(hasKey .*\}\}/g, 'if true }}', /keys must be unique/],
  ['a tally that asks for no boolean', /not \(empty (\S+)\)/g, '$1', /expected bool/],
])('%s is seen', (_, from, to, error) => {
  expect(() => differing(TEMPLATES, writtenChart(brokenChart(from, to)))).toThrow(error);
});

test.each([
  ['numbers as Go prints them', /(\.Values\.count) \| int64/g, '$1'],
  ['an empty map left out', /^ *\{\{- else \}\}\n *\{\}\n/gm, ''],
  ['a digest of too much', / \| trunc 10/g, ''],
  ['lines without their end', /: \|$/gm, ': |-'],
  ['a fraction of another hundred', /divf (\S+) 100/g, 'divf $1 10'],
  ['data that goes with the release', /^ *helm\.sh\/resource-policy: keep\n/gm, ''],
  ['a namespace of ours', /\{\{ \.Release\.Namespace \}\}-/g, 'other-'],
])('%s is seen', (_, from, to) => {
  expect(differing(TEMPLATES, writtenChart(brokenChart(from, to)), [{}, ...NUMBERS])).not.toEqual([]);
});
