import type { Condition, Node, ObjectTemplate, Test } from '../../src/outputs/chart/template';
import { configMap, constant, flag, mapOf, objectOf, placed } from './small-chart';

/** Text that YAML, Helm or a template might read as something else. */
export const NASTY = [
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
/** Text of parts. */
export const joined = (...parts: (string | { path: string; as?: string })[]): Node => ({
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
    placed('time', 'duration'),
    placed('address', 'port'),
    ...['share', 'count'].flatMap((path) => [
      placed(path, 'bucket bound'),
      joined('le=~"', { path, as: 'bucket bound' }, `"`),
      joined("le=~'", { path, as: 'bucket bound' }, "'"),
    ]),
    joined('to ', { path: 'address', as: 'port' }),
    placed('word', 'identity of dashboard-overview'),
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
      { list: [{ over: ['names'], others: [{ over: ['hosts'] }], node: mapOf({ name: placed('$value') }) }] },
      {
        list: [
          {
            over: ['hosts'],
            when: flag,
            others: [{ over: ['names'], when: isSet('part.size') }],
            node: placed('$value'),
          },
        ],
      },
      {
        list: [
          { node: constant('first') },
          { over: ['names'], others: [{ over: ['hosts'], when: flag }], node: joined('x-', { path: '$value' }) },
        ],
      },
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

/** Annotations with which Helm and Argo CD leave an object alone. */
export const ANNOTATED: ObjectTemplate[] = [
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

/** A template of every kind that there is. */
export const TEMPLATES = [
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
