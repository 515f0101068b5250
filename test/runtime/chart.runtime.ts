/** @tools helm */
import { differences } from '../../src/outputs/chart/differences';
import { without } from '../../src/outputs/chart/fixed';
import { evaluateObjects } from '../../src/outputs/chart/evaluate';
import { asInChart } from '../../src/outputs/chart/helm-only';
import type { Condition, Node, ObjectTemplate, Test } from '../../src/outputs/chart/template';
import { byName, helm, render, writtenChart } from '../support/helm';
import { configMap, constant, mapOf, objectOf, placed, smallChart, VALUES } from '../support/small-chart';
import { proof } from './support/proof';
import type { Values } from '../../src/outputs/chart/values';

const NASTY = [
  '',
  ' ',
  'yes',
  'n',
  '~',
  '1',
  '010',
  '1e3',
  '0x1F',
  '12:30:45',
  '2001-12-14',
  '{{ .Values.word }}',
  '{{- end }}',
  '{{{',
  '{',
  '}}',
  '%s %d %',
  '"',
  "'",
  '\\',
  '\\n',
  'a: b',
  'a #b',
  '- a',
  '[a]',
  '*a',
  '&a',
  '|',
  'é ü 漢字 🚀',
  '\u00a0',
  // Helm's own toYaml loses \u007f, \u0085 and \ufeff.
  '\u0001',
  '<a href="x">&</a>',
  'tab\there',
  ' a\nb',
  'a\nb',
  'a\nb\n',
  'a\n\n\nb\n\n',
  '\n\na',
  'a \n b\t\n  c',
  '\n',
  'a\r\nb',
  '---\na',
];

const when = (test: Test, not = false): Condition => [[{ test, not }]];
const isSet = (path: string) => when({ path: path.split('.'), is: 'set' });
const joined = (...parts: (string | { path: string; as?: string })[]): Node => ({
  joined: {
    parts: parts.map((part) =>
      typeof part === 'string' ? part : { path: part.path.split('.'), as: part.as ?? 'same' },
    ),
  },
});
const entries = (nodes: readonly Node[]) => mapOf(Object.fromEntries(nodes.map((node, index) => [`k${index}`, node])));

const CONVERSIONS = ['same', 'text', 'upper', 'json'];
const lines = (...all: readonly (string | { readonly when?: Condition; readonly node: Node })[]): Node => ({
  lines: all.map((line) => (typeof line === 'string' ? { node: constant(line) } : line)),
});
const flag = when({ path: ['flag'], is: 'true' });

const TEXTS = configMap(
  'texts',
  entries([
    lines(
      'first',
      { when: flag, node: constant('only with it') },
      { when: isSet('part.size'), node: joined('{', { path: 'part.size' }, '}') },
      'last',
    ),
    lines(
      { when: flag, node: constant('{{ template "x" }}') },
      '',
      '  in',
      { when: flag, node: constant('') },
      'end',
      '',
    ),
    lines(
      'blank before',
      '',
      { when: flag, node: constant('with') },
      'trailing \t',
      { when: flag, node: constant('more  ') },
      '',
      { when: flag, node: constant('x') },
      'end',
    ),
    lines('maybe empty at the end', { when: flag, node: constant('') }),
    lines({ when: flag, node: constant('all or nothing') }),
    lines(' leading', { node: joined('text ', { path: 'text' }, ' in a line') }, { node: placed('text') }, 'end'),
    lines('a', { node: placed('text') }),
    lines(
      { node: { choice: [{ when: flag, node: constant('  yes') }, { node: joined('no ', { path: 'word' }) }] } },
      'b',
      '',
      '',
    ),
    lines('odd \u0001', { when: flag, node: constant('\u2028') }, 'end'),
    joined('several\n\nlines {', { path: 'word' }, '}\nof ', { path: 'count' }, '\n'),
  ]),
);

const VALUES_PLACED = configMap(
  'placed',
  entries([
    ...CONVERSIONS.flatMap((as) =>
      ['word', 'text', 'count', 'share', 'either', 'flag', 'kind'].map((path) => placed(path, as)),
    ),
    ...['commas', 'commas and spaces', 'spaces', 'newlines'].flatMap((as) =>
      ['names', 'ports'].map((path) => placed(path, as)),
    ),
    ...['names', 'ports', 'labels', 'things'].map((path) => placed(path)),
    placed('time', 'seconds'),
    placed('memory', 'bytes'),
    placed('memory', 'amount'),
    placed('cpu', 'millicores'),
    placed('cpu', 'cores'),
    placed('cpu', 'decimal'),
    joined('{{', { path: 'word' }, '}} {', { path: 'text' }, '%: ', { path: 'share' }),
    joined('{"', { path: 'word' }, '\\', { path: 'count' }, '{'),
    joined({ path: 'either' }, ' ', { path: 'names', as: 'commas' }),
    { joined: { parts: ['0.0', { path: ['count'], as: 'same' }] }, numeric: true },
    { computed: { factors: [{ path: ['count'], as: 'same' }], times: 3, over: 2, plus: 1, round: 'floor' } },
    { computed: { factors: [{ path: ['count'], as: 'same' }], times: -3, over: 2, plus: 100, round: 'floor' } },
    { computed: { factors: [{ path: ['count'], as: 'same' }], times: -3, over: 2, plus: 100, round: 'ceil' } },
    { computed: { factors: [{ path: ['count'], as: 'same' }], times: 1, over: 2, plus: 0, round: 'ceil', atLeast: 8 } },
    {
      computed: {
        factors: [{ path: ['memory'], as: 'bytes' }],
        times: 1,
        over: 100 * 2 ** 20,
        plus: 0,
        round: 'ceil',
        atLeast: 2,
      },
    },
    {
      computed: {
        factors: [
          { path: ['time'], as: 'seconds' },
          { path: ['count'], as: 'same' },
        ],
        times: 1,
        over: 7,
        plus: -5,
        round: 'ceil',
      },
    },
    { computed: { factors: [{ path: ['memory'], as: 'bytes' }], times: 3, over: 4, plus: 0, round: 'floor' } },
    {
      computed: {
        factors: [
          { path: ['share'], as: 'same' },
          { path: ['count'], as: 'same' },
        ],
        times: 3,
        over: 4,
        plus: 1,
        round: 'ceil',
      },
    },
  ]),
);

const TESTS: Test[] = [
  { path: ['part'], is: 'set' },
  { path: ['part', 'deep', 'word'], is: 'set' },
  { path: ['flag'], is: 'true' },
  { path: ['labels'], is: 'filled' },
  { path: ['names'], is: 'filled' },
  { path: ['part', 'deep'], is: 'filled' },
  { path: ['kind'], is: 'equal', to: 'small' },
  { path: ['part', 'deep', 'word'], is: 'equal', to: 'w' },
  { path: ['either'], is: 'equal', to: 'x' },
  { path: ['count'], is: 'equal', to: 3 },
  { path: ['part', 'size'], is: 'equal', to: 0 },
  { path: ['share'], is: 'equal', to: 0.5 },
  { path: ['share'], is: 'equal', to: 1 },
  { path: ['flag'], is: 'equal', to: false },
  { path: ['count'], is: 'above', to: 3 },
  { path: ['share'], is: 'above', to: 0.25 },
  { path: ['part', 'size'], is: 'above', to: 0 },
  { path: ['count'], is: 'moreThan', than: ['part', 'size'] },
  { path: ['share'], is: 'moreThan', than: ['count'] },
  { path: ['things', '1', 'name'], is: 'equal', to: 'two' },
  { path: ['hidden'], is: 'equal', to: 'x' },
  { path: ['notes'], is: 'filled' },
];

const CONDITIONS: Condition[] = [
  ...TESTS.flatMap((test) => [when(test), when(test, true)]),
  TESTS.slice(6).map((test) => [
    { test, not: false },
    { test: TESTS[2]!, not: true },
  ]),
  [TESTS.slice(0, 3).map((test) => ({ test, not: false })), [{ test: TESTS[14]!, not: false }]],
];

const CONDITIONAL: ObjectTemplate[] = [
  configMap('tests', {
    map: CONDITIONS.map((condition, index) => ({ key: `t${index}`, when: condition, node: constant('there') })),
  }),
  configMap(
    'choices',
    entries(
      CONDITIONS.map((condition): Node => ({
        choice: [
          { when: condition, node: constant('yes') },
          { when: flag, node: constant('a\nb\n') },
          { node: joined('no ', { path: 'word' }) },
        ],
      })),
    ),
  ),
  configMap(
    'empty',
    entries([
      { map: [{ key: 'a', when: flag, node: constant(1) }] },
      {
        list: [
          { when: flag, node: constant('a') },
          { when: isSet('part.size'), node: mapOf({ size: placed('part.size') }) },
        ],
      },
      {
        list: [
          {
            node: {
              map: [
                { key: 'a', when: flag, node: constant([]) },
                { key: 'b', node: constant({}) },
              ],
            },
          },
        ],
      },
      {
        list: [
          { node: { map: [{ key: 'a', when: flag, node: constant(1) }] } },
          { node: { list: [{ when: flag, node: constant('deep') }] } },
        ],
      },
      { map: [], ranges: [{ over: ['labels'], node: placed('$value', 'text') }] },
      {
        map: [],
        ranges: [
          {
            over: ['labels'],
            when: flag,
            key: joined('x-', { path: '$key' }),
            node: joined({ path: '$key' }, '=', { path: '$value', as: 'text' }, ' ', { path: 'word' }),
          },
        ],
      },
      { list: [{ over: ['names'], node: placed('$value') }] },
      { list: [{ over: ['hosts'], node: placed('$value') }] },
      { map: [], ranges: [{ over: ['notes'], node: placed('$value') }] },
      {
        list: [
          { node: constant('first') },
          {
            over: ['things'],
            node: {
              map: [
                { key: 'name', node: placed('$value.name', 'upper') },
                { key: 'size', when: isSet('$value.size'), node: placed('$value.size', 'text') },
              ],
            },
          },
          { node: constant('last') },
        ],
      },
    ]),
    { when: [[{ test: TESTS[6]!, not: false }], [{ test: TESTS[2]!, not: true }]] },
  ),
];

const tally = (...terms: readonly (readonly [amount: number, when: Condition])[]) => ({
  plus: 3,
  terms: terms.map(([amount, condition]) => ({ amount, when: condition })),
});

const TALLIES = configMap(
  'tallies',
  entries([
    ...CONDITIONS.map((condition): Node => ({
      joined: { parts: [tally([8, condition], [-2, flag])] },
      numeric: true,
    })),
    {
      joined: { parts: ['line ', tally([8, CONDITIONS.at(-1)!], [0.25, flag]), ': ', { path: ['text'], as: 'same' }] },
    },
    { joined: { parts: ['0.', tally([8, CONDITIONS.at(-2)!])] }, numeric: true },
  ]),
);

const FRACTIONS = configMap(
  'fractions',
  entries([
    placed('share', 'fraction'),
    placed('count', 'fraction'),
    joined('> ', { path: 'share', as: 'fraction' }),
    { list: [{ over: ['rates'], node: joined({ path: '$value', as: 'fraction' }) }] },
    { list: [{ over: ['rates'], node: placed('$value', 'fraction') }] },
  ]),
);

const conditionalChoice = (condition: Condition, yes: unknown): Node => ({
  choice: [{ when: condition, node: constant(yes) }],
});

const KEYS: ObjectTemplate[] = [
  configMap('keys', constant({ '{namespace}-todo.json': '{"namespace": "{namespace}"}', '{namespace}': 'x', a: '{' })),
  configMap('more-keys', {
    map: [
      { key: 'a: {namespace}"', node: constant({ 'in-{namespace}-{namespace}': ['x'] }) },
      { key: 'team', when: flag, node: constant('own') },
      { key: 'always', node: constant('own') },
      { key: 'x-team', node: constant('own') },
    ],
    ranges: [
      { over: ['labels'], node: placed('$value', 'text') },
      { over: ['notes'], node: placed('$value', 'text') },
      { over: ['labels'], key: joined('x-', { path: '$key' }), node: placed('$value', 'text') },
    ],
  }),
  configMap(
    'maybe',
    entries([
      { list: [{ node: conditionalChoice(flag, 'a') }, { node: conditionalChoice(isSet('part'), ['b']) }] },
      { list: [{ node: constant('first') }, { when: flag, node: conditionalChoice(isSet('part'), { c: 1 }) }] },
      mapOf({ a: conditionalChoice(flag, 'a'), b: conditionalChoice(isSet('part'), { c: 1 }) }),
      { list: [{ node: mapOf({ a: conditionalChoice(flag, 'a') }) }] },
      lines('first', { node: conditionalChoice(flag, 'second') }, { node: conditionalChoice(isSet('part'), 'third') }),
      lines({ node: conditionalChoice(flag, 'only') }),
      {
        list: [
          {
            node: {
              choice: [{ when: flag, node: constant('x') }, { node: conditionalChoice(isSet('part.size'), 'y') }],
            },
          },
        ],
      },
    ]),
  ),
];

const LEFT = { 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false' };
const metadata = (name: string, annotations: Node, more?: Condition): Node => ({
  map: [
    { key: 'annotations', when: more, node: annotations },
    { key: 'labels', node: constant({ 'app.kubernetes.io/component': name }) },
    { key: 'name', node: constant(name) },
    { key: 'namespace', node: placed('namespace') },
  ],
});
const sometimes: Node = { choice: [{ when: isSet('part.size'), node: constant({ ...LEFT, a: 'b' }) }] };

const ANNOTATED: ObjectTemplate[] = [
  objectOf('Job//smoke-test', metadata('smoke-test', constant({ 'argocd.argoproj.io/hook': 'PostSync' }))),
  objectOf('ServiceAccount//smoke-test', metadata('smoke-test', constant({}))),
  objectOf('PersistentVolumeClaim//always', metadata('always', constant(LEFT))),
  objectOf('PersistentVolumeClaim//sometimes', metadata('sometimes', constant(LEFT), flag)),
  objectOf('PersistentVolumeClaim//chosen', metadata('chosen', sometimes, flag)),
  objectOf('PersistentVolumeClaim//none', mapOf({ name: constant('none') })),
  objectOf('Service//sometimes', metadata('sometimes', constant(LEFT), flag)),
  objectOf('Service//chosen', metadata('chosen', sometimes, flag)),
  objectOf(
    'Service//beside',
    metadata('beside', {
      map: Object.entries({ ...LEFT, other: 'x' }).map(([key, value]) => ({
        key,
        when: key === 'other' ? isSet('part') : flag,
        node: constant(value),
      })),
      ranges: [{ over: ['notes'], node: placed('$value') }],
    }),
  ),
];

const CONSTANTS = configMap(
  'constants',
  mapOf({
    texts: entries([...NASTY, '\u007f \u0085 \u2028 \ufeff'].map(constant)),
    numbers: constant([0, -1, 1.5, 604_800_000, 1e21, true, null]),
    keys: constant(Object.fromEntries(NASTY.map((key) => [`${key}x`, key]))),
  }),
);

const DIGESTS: ObjectTemplate[] = [
  {
    name: 'Job//task',
    layer: 'apps',
    node: mapOf({
      apiVersion: constant('batch/v1'),
      kind: constant('Job'),
      metadata: mapOf({
        name: { digest: { of: ['Job//task', 'spec', 'template'], length: 10, prefix: 'task-' } },
        namespace: placed('namespace'),
      }),
      spec: mapOf({
        template: mapOf({
          metadata: mapOf({
            annotations: mapOf({
              'checksum/config': { digest: { of: ['ConfigMap//texts', 'data'], length: 64, prefix: '' } },
            }),
          }),
          spec: mapOf({
            seconds: placed('time', 'seconds'),
            share: placed('share'),
            big: constant(604_800_000),
            command: { list: [{ node: constant('a\n\nb\n') }, { node: placed('text') }] },
          }),
        }),
      }),
    }),
  },
  configMap(
    'digests',
    entries([
      { digest: { of: ['ConfigMap//empty', 'data', 'k0'], length: 8, prefix: 'x' } },
      { digest: { of: ['ConfigMap//constants', 'data'], length: 64, prefix: '' } },
    ]),
  ),
];

const TEMPLATES = [
  TEXTS,
  VALUES_PLACED,
  ...CONDITIONAL,
  TALLIES,
  FRACTIONS,
  ...KEYS,
  ...ANNOTATED,
  CONSTANTS,
  ...DIGESTS,
];

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
  { count: 6_048_000_000_000, share: 1e-7, either: 1_000_000 },
  { count: 4, share: 1234567.25, either: 0.1 },
  { share: 1, either: -3, time: '30d', memory: '3Ti', cpu: '1.5' },
  { memory: '77', cpu: '0.001', labels: { a: 1, b: 2_000_000, c: '3' } },
];

/** Where what helm makes is not what the model says, and how it begins to differ. */
function differing(templates: readonly ObjectTemplate[], folder: string, changes = CHANGES): string[] {
  return changes.flatMap((change) => {
    const values = { ...VALUES, ...change };
    const over = differences(without(VALUES, [['namespace']]), without(values, [['namespace']]));
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
  expect(differing(TEMPLATES, writtenChart(brokenChart(from, to)), [{}, ...CHANGES.slice(-8)])).not.toEqual([]);
});
