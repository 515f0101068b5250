import { parse } from 'yaml';
import { escaped, isOdd, quoted, written } from '../../src/outputs/chart/escape';
import { differences } from '../../src/outputs/chart/differences';
import { without } from '../../src/outputs/chart/fixed';
import { isRe2 } from '../../src/outputs/chart/values-schema';
import type { Condition, Node, ObjectTemplate } from '../../src/outputs/chart/template';
import type { ChartSource } from '../../src/outputs/chart/source';
import { asInChart, HELM_ONLY } from '../../src/outputs/chart/helm-only';
import type { Schema } from '../../src/outputs/chart/schema';
import { HEADER } from '../../src/outputs/plain';
import { configMap, constant, mapOf, objectOf, placed, smallChart, VALUES } from '../support/small-chart';

const file = (path: string, templates: readonly ObjectTemplate[] = [], more: Partial<ChartSource> = {}): string =>
  smallChart(templates, more).find((one) => one.path === `./${path}`)!.text;

/** The template of a node, as the data of a ConfigMap. */
function templateOf(node: Node, more: readonly ObjectTemplate[] = []): string {
  const text = file('templates/10-config/it-configmap.yaml', [configMap('it', mapOf({ key: node }))].concat(more));
  return text
    .slice(text.indexOf('\ndata:\n') + '\ndata:\n'.length)
    .replace(/^ {2}/gm, '')
    .trimEnd();
}

const flag: Condition = [[{ test: { path: ['flag'], is: 'true' }, not: false }]];
const noFlag: Condition = [[{ test: { path: ['flag'], is: 'true' }, not: true }]];
const when = (...all: Condition[number]): Condition => [all];

test('an object is a file of its own in the folder of its layer, in the namespace of the release', () => {
  expect(file('templates/10-config/it-configmap.yaml', [configMap('it', constant({ a: '1' }), { when: flag })])).toBe(
    `${HEADER}{{- if .Values.flag }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: it
  namespace: {{ .Release.Namespace | quote }}
data:
  a: "1"
{{- end }}
`,
  );
});

test('files are told apart, and the namespace is none of them', () => {
  const namespace = { ...configMap('shop', constant({})), name: 'Namespace//own' };
  const names = ['Secret//a', 'Secret//a-', 'Secret/data/a', 'PrometheusRule//shop-*-platform'];
  const templates = names.map((name) => ({ ...configMap('x', constant({})), name, layer: 'observability' }));
  const paths = smallChart([namespace, ...templates]).map(({ path }) => path);
  expect(paths.filter((path) => /templates\/[0-9]/.test(path))).toEqual([
    './templates/80-observability/a-secret.yaml',
    './templates/80-observability/a-secret-2.yaml',
    './templates/80-observability/data-a-secret.yaml',
    './templates/80-observability/shop-platform-prometheusrule.yaml',
  ]);
});

test.each<[string, Node, string]>([
  ['text', placed('text'), 'key: {{ .Values.text | quote }}'],
  ['a whole number', placed('count'), 'key: {{ .Values.count | int64 }}'],
  ['another number', placed('share'), 'key: {{ toJson .Values.share }}'],
  ['a boolean', placed('flag'), 'key: {{ .Values.flag }}'],
  ['either', placed('either'), 'key: {{ include "webstack.scalar" .Values.either }}'],
  ['a list', placed('names'), 'key:\n  {{- toYaml .Values.names | nindent 4 }}'],
  ['what may be in nothing', placed('part.deep.word'), 'key: {{ .Values.part.deep.word | quote }}'],
  ['a number as text', placed('count', 'text'), 'key: {{ .Values.count | int64 | quote }}'],
  ['upper case', placed('word', 'upper'), 'key: {{ upper .Values.word | quote }}'],
  ['seconds', placed('time', 'seconds'), 'key: {{ include "webstack.seconds" .Values.time }}'],
  ['names with commas', placed('names', 'commas'), 'key: {{ join "," .Values.names | quote }}'],
  [
    'numbers with spaces',
    placed('ports', 'spaces'),
    'key: {{ include "webstack.join" (list " " .Values.ports) | quote }}',
  ],
  ['JSON', placed('text', 'json'), 'key: {{ toRawJson .Values.text | quote }}'],
])('a placed value: %s', (_, node, text) => {
  expect(templateOf(node)).toBe(text);
});

test.each<[string, Node, string]>([
  [
    'with a safe value',
    { joined: { parts: ['a "', { path: ['word'], as: 'same' }, '"'] } },
    `key: 'a "{{ .Values.word }}"'`,
  ],
  [
    'with any text',
    { joined: { parts: ['100%: ', { path: ['text'], as: 'same' }] } },
    'key: {{ printf "100%%: %v" .Values.text | quote }}',
  ],
  [
    'that is a number',
    { joined: { parts: ['0.', { path: ['count'], as: 'same' }] }, numeric: true },
    'key: {{ printf "0.%v" (.Values.count | int64) | float64 | toJson }}',
  ],
  [
    'of several lines',
    { joined: { parts: ['a\n\nb ', { path: ['word'], as: 'same' }, ' c\n'] } },
    'key: |\n  a\n\n  b {{ .Values.word }} c',
  ],
])('text %s', (_, node, text) => {
  expect(templateOf(node)).toBe(text);
});

test.each<[string, Partial<Extract<Node, { computed: unknown }>['computed']>, string]>([
  ['a product', { times: 3 }, 'mul (int64 .Values.count) 3'],
  ['a share, rounded down', { over: 2 }, 'div (int64 .Values.count) 2'],
  ['a share, rounded up', { over: 2, round: 'ceil' }, 'div (add (int64 .Values.count) 1) 2'],
  ['no less than a number', { over: 2, atLeast: 8 }, 'max 8 (div (int64 .Values.count) 2)'],
  ['a sum', { plus: 5 }, 'add (int64 .Values.count) 5'],
  ['a difference', { times: -1, over: 2, plus: 5 }, 'sub 5 (div (add (int64 .Values.count) 1) 2)'],
  [
    'a fraction',
    { factors: [{ path: ['share'], as: 'same' }], times: 3, over: 4 },
    '(floor (divf (mulf (float64 .Values.share) 3) 4) | int64)',
  ],
])('a computed number: %s', (_, computed, text) => {
  const node: Node = {
    computed: { factors: [{ path: ['count'], as: 'same' }], times: 1, over: 1, plus: 0, round: 'floor', ...computed },
  };
  expect(templateOf(node)).toBe(`key: {{ ${text} }}`);
});

test('a choice stands on one line where it fits, and else on lines of its own', () => {
  const short: Node = { choice: [{ when: flag, node: constant('yes') }, { node: placed('count') }] };
  expect(templateOf(short)).toBe('key: {{ if .Values.flag }}"yes"{{ else }}{{ .Values.count | int64 }}{{ end }}');
  const kind = when({ test: { path: ['kind'], is: 'equal', to: 'small' }, not: false });
  const long: Node = {
    choice: [{ when: flag, node: constant({ a: 1 }) }, { node: { choice: [{ when: kind, node: constant('x') }] } }],
  };
  expect(templateOf(long)).toBe(
    [
      '{{- if or .Values.flag (eq .Values.kind "small") }}',
      '{{- if .Values.flag }}',
      'key:',
      '  a: 1',
      '{{- else if eq .Values.kind "small" }}',
      'key: x',
      '{{- end }}',
      '{{- else }}',
      '{}',
      '{{- end }}',
    ].join('\n'),
  );
});

test.each<[string, Extract<Node, { joined: unknown }>['joined']['parts'][number], string]>([
  ['one more', { plus: 3, terms: [{ when: flag, amount: 8 }] }, 'add 3 (ternary 8 0 (not (empty .Values.flag)))'],
  [
    'one less, and nothing before',
    {
      plus: 0,
      terms: [
        { when: noFlag, amount: -1 },
        { when: when({ test: { path: ['part'], is: 'set' }, not: false }), amount: 2 },
      ],
    },
    'add (ternary -1 0 (not .Values.flag)) (ternary 2 0 (ne .Values.part nil))',
  ],
  ['just one', { plus: 0, terms: [{ when: noFlag, amount: 5 }] }, 'ternary 5 0 (not .Values.flag)'],
  [
    'fractions',
    { plus: 0.5, terms: [{ when: noFlag, amount: 1 }] },
    'addf 0.5 (ternary 1 0 (not .Values.flag)) | toJson',
  ],
])('a tally: %s', (_, tally, text) => {
  expect(templateOf({ joined: { parts: [tally] }, numeric: true })).toBe(`key: {{ ${text} }}`);
  expect(templateOf({ joined: { parts: ['n', tally] } })).toBe(`key: "n{{ ${text} }}"`);
});

test('what only a tally asks for is a value of the chart', () => {
  const tally = {
    plus: 1,
    terms: [{ when: when({ test: { path: ['hidden'], is: 'equal', to: 'x' }, not: false }), amount: 2 }],
  };
  const text = file('values.schema.json', [
    configMap('it', mapOf({ key: { joined: { parts: [tally] }, numeric: true } })),
  ]);
  expect(JSON.parse(text).properties).toHaveProperty('hidden');
});

test('a percentage as a fraction is a number, and text where it is joined', () => {
  expect(templateOf(placed('share', 'fraction'))).toBe('key: {{ divf .Values.share 100 | toJson }}');
  expect(templateOf({ joined: { parts: ['> ', { path: ['share'], as: 'fraction' }] } })).toBe(
    'key: "> {{ divf .Values.share 100 | toJson }}"',
  );
});

test('the namespace in keys', () => {
  const key = (literal: string) => templateOf(constant({ [literal]: 'x' })).replace('key:\n  ', '');
  expect(key('{namespace}-todo.json')).toBe('{{ .Release.Namespace }}-todo.json: x');
  expect(key('{namespace}')).toBe('"{{ .Release.Namespace }}": x');
  expect(key('a: {namespace}"')).toBe('"a: {{ .Release.Namespace }}\\"": x');
});

test('a range leaves out what the map has of its own', () => {
  const shown = (when: Condition | undefined, more: readonly string[] = []) =>
    templateOf({
      map: [{ key: 'own', when, node: constant(1) }],
      ranges: ['labels', ...more].map((path) => ({ over: [path], node: placed('$value', 'text') })),
    });
  // What is always there the schema refuses.
  expect(shown(undefined)).toContain('{{- range $key, $value := .Values.labels }}\n');
  expect(shown(noFlag)).toContain(
    [
      '  {{- $left := (.Values.labels | default dict) }}',
      '  {{- if not .Values.flag }}{{ $left = omit $left "own" }}{{ end }}',
      '  {{- range $key, $value := $left }}',
    ].join('\n'),
  );
  expect(shown(when({ test: { path: ['labels', 'own'], is: 'set' }, not: true }))).toContain(
    '{{- range $key, $value := .Values.labels }}\n',
  );
  expect(shown(undefined, ['notes'])).toContain(
    '{{- range $key, $value := .Values.notes }}\n  {{- if not (hasKey ($.Values.labels | default dict) $key) }}\n',
  );
  const keyed: Node = {
    map: [
      { key: 'x-a', node: constant(1) },
      { key: 'y', node: constant(2) },
    ],
    ranges: [
      { over: ['labels'], key: { joined: { parts: ['x-', { path: ['$key'], as: 'same' }] } }, node: constant(1) },
    ],
  };
  expect(templateOf(keyed)).toContain('{{- if not (has (printf "x-%v" $key) (list "x-a")) }}');
});

test('keys that templates write beside those of a map are refused, unless it has them already', () => {
  const node: Node = {
    map: ['team', 'own'].map((key) => ({ key, node: constant(1) })),
    ranges: [{ over: ['labels'], node: placed('$value', 'text') }],
  };
  const templates = [configMap('it', mapOf({ node }))];
  const schema = JSON.parse(file('values.schema.json', templates));
  expect(schema.properties.labels.propertyNames).toEqual({ not: { enum: ['own'] } });
  expect(file('templates/10-config/it-configmap.yaml', templates)).toContain(
    ' := omit (.Values.labels | default dict) "team" }}',
  );
});

test('an item that is a choice without a default may be none', () => {
  const choice: Node = { choice: [{ when: flag, node: constant('a') }] };
  expect(templateOf({ list: [{ node: choice }] })).toBe(
    'key:\n  {{- if .Values.flag }}\n  {{- if .Values.flag }}\n  - a\n  {{- end }}\n  {{- else }}\n  []\n  {{- end }}',
  );
});

test('parts that come and go: neighbours together, opposites by else, and nothing left is written as such', () => {
  const node: Node = {
    map: [
      { key: 'a', when: flag, node: constant(1) },
      { key: 'b', when: flag, node: constant(2) },
      { key: 'c', when: noFlag, node: constant(3) },
    ],
  };
  expect(templateOf(node)).toBe(
    [
      'key:',
      '  {{- if or .Values.flag (not .Values.flag) }}',
      '  {{- if .Values.flag }}',
      '  a: 1',
      '  b: 2',
      '  {{- else }}',
      '  c: 3',
      '  {{- end }}',
      '  {{- else }}',
      '  {}',
      '  {{- end }}',
    ].join('\n'),
  );
  expect(templateOf({ list: [{ when: flag, node: constant('a') }] })).toBe(
    'key:\n  {{- if .Values.flag }}\n  - a\n  {{- else }}\n  []\n  {{- end }}',
  );
});

test('an item begins with what is always there', () => {
  const node: Node = {
    list: [
      {
        node: {
          map: [
            { key: 'a', when: flag, node: constant(1) },
            { key: 'name', node: constant('x') },
          ],
        },
      },
    ],
  };
  expect(templateOf(node)).toBe('key:\n  - name: x\n    {{- if .Values.flag }}\n    a: 1\n    {{- end }}');
});

test('ranges over maps and lists', () => {
  const map: Node = {
    map: [{ key: 'a', node: constant(1) }],
    ranges: [{ over: ['labels'], node: placed('$value', 'text') }],
  };
  expect(templateOf(map)).toBe(
    'key:\n  a: 1\n  {{- range $key, $value := .Values.labels }}\n  {{ $key | quote }}: {{ include "webstack.text" $value | quote }}\n  {{- end }}',
  );
  const list: Node = {
    list: [
      { node: constant('x') },
      { over: ['things'], node: mapOf({ name: placed('$value.name'), word: placed('word') }) },
    ],
  };
  expect(templateOf(list)).toBe(
    'key:\n  - x\n  {{- range $value := .Values.things }}\n  - name: {{ $value.name | quote }}\n    word: {{ $.Values.word | quote }}\n  {{- end }}',
  );
});

test('lines that come and go keep the empty ones around them', () => {
  const node: Node = {
    lines: [
      { node: constant('a') },
      { node: constant('') },
      { when: flag, node: constant('b') },
      { node: constant('c') },
      { node: constant('') },
    ],
  };
  expect(templateOf(node)).toBe('key: |\n  a\n  {{ "" }}\n  {{- if .Values.flag }}\n  b\n  {{- end }}\n  c');
});

test('text whose end no block can say is a template of its own', () => {
  const text = templateOf({ lines: [{ node: constant('a') }, { when: flag, node: constant('') }] });
  expect(text).toContain('key: {{ include "shop.it-configmap.text-1" . | trimPrefix "\\n" | quote }}');
  expect(text).toContain(
    '{{- define "shop.it-configmap.text-1" }}\na\n{{- if .Values.flag }}\n{{ "" }}\n{{- end }}{{ end }}',
  );
});

test('digests: of another object by its file, of its own part by a template', () => {
  const other = configMap('other', constant({ a: '1' }));
  expect(templateOf({ digest: { of: ['ConfigMap//other', 'data'], length: 64, prefix: '' } }, [other])).toBe(
    'key: "{{ ((include (print $.Template.BasePath "/10-config/other-configmap.yaml") . | fromYaml).data) | toJson | sha256sum }}"',
  );
  const own = file('templates/10-config/own-configmap.yaml', [
    configMap(
      'own',
      mapOf({
        sum: { digest: { of: ['ConfigMap//own', 'data', 'part'], length: 10, prefix: 'x-' } },
        part: constant({ a: '1' }),
      }),
    ),
  ]);
  expect(own).toContain(
    'sum: "x-{{ include "shop.own-configmap.data.part" . | fromYaml | toJson | sha256sum | trunc 10 }}"',
  );
  expect(own).toContain('  part:\n    {{- include "shop.own-configmap.data.part" . | nindent 4 }}\n');
  expect(own).toContain('{{- define "shop.own-configmap.data.part" }}\na: "1"\n{{ end }}\n');
  const missing: Node = { digest: { of: ['ConfigMap//missing', 'data'], length: 64, prefix: '' } };
  expect(() => templateOf(missing)).toThrow(
    'ConfigMap//it has the digest of ConfigMap//missing, which is not in the chart',
  );
});

test('what may be missing is read with care, and without where a condition has asked', () => {
  const asked: Condition = when({ test: { path: ['part'], is: 'set' }, not: false });
  const word: Condition = when({ test: { path: ['part', 'deep', 'word'], is: 'equal', to: 'w' }, not: true });
  const text = templateOf({
    map: [
      { key: 'a', when: asked, node: placed('part.size') },
      { key: 'b', when: word, node: constant(1) },
    ],
  });
  expect(text).toContain('{{- if ne .Values.part nil }}\n  a: {{ .Values.part.size | int64 }}');
  expect(text).toContain('{{- if ne ((.Values.part).deep).word "w" }}');
});

test('text that looks like an action stays text', () => {
  expect(templateOf(constant('{{ $labels.pod }} of {{{'))).toBe('key: "{{ "{{" }} $labels.pod }} of {{ "{{" }}{"');
  expect(written(['{', { action: '.x' }, '{'])).toBe('{{ "{" }}{{ .x }}{');
  expect(escaped('}}')).toBe('}}');
  expect(isOdd('\u2028')).toBe(true);
  expect(quoted('\u007f"')).toBe('"\\u007f\\""');
});

const ENVIRONMENTS = [
  {
    name: 'dev',
    values: { ...VALUES, environment: 'dev', count: 1, part: undefined, labels: { team: 'dev' }, hosts: ['a'] },
  },
];
const TEMPLATES = [configMap('it', mapOf({ word: placed('word'), inside: placed('inside') }))];

test('values.yaml says what each value is, in the order of the schema, and is read as the values', () => {
  const text = file('values.yaml', TEMPLATES, { environments: ENVIRONMENTS });
  const { namespace: _, ...values } = VALUES;
  expect(parse(text)).toEqual(values);
  expect(text).toContain(
    '\n\n# Any text.\n# Default: a greeting.\n# Type: text\ntext: \'Hello: "all"\'\n\n# How many.\n# Type: whole number, at least 1\ncount: 3\n',
  );
  expect(text).toContain('\n# Hosts, of which there may be none.\n# Type: list (each: text)\n# hosts:\n');
  expect(text).toContain('things:\n  -\n    # Its name.\n    # Type: text\n    name: one\n');
  expect(text).not.toContain('hidden');
  const keys = [...text.matchAll(/^(?:# )?([a-z]+):/gm)].map(([, key]) => key);
  expect(keys.slice(0, 4)).toEqual(['environment', 'word', 'text', 'count']);
});

test('values of an environment are what differs, and null what it lacks', () => {
  expect(parse(file('values-dev.yaml', TEMPLATES, { environments: ENVIRONMENTS }))).toEqual({
    environment: 'dev',
    count: 1,
    labels: { team: 'dev' },
    part: null,
    hosts: ['a'],
  });
  expect(differences({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: 1 }, d: [2], e: {} })).toEqual({
    a: { c: null },
    d: [2],
    e: {},
  });
  expect(without({ a: { b: 1, c: 2 }, d: 1 }, [['a', 'b'], ['d']])).toEqual({ a: { c: 2 } });
});

test('the schema has the values of the chart and no others, and patterns that Helm can check', () => {
  const schema = JSON.parse(file('values.schema.json', TEMPLATES, { environments: ENVIRONMENTS }));
  expect(Object.keys(schema)[0]).toBe('$comment');
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(['environment', 'word']);
  expect(schema.properties.count).toEqual({ type: ['integer', 'null'], description: 'How many.', minimum: 1 });
  expect(schema.properties.kind.enum).toEqual(['small', 'large', null]);
  expect(schema.properties.part.properties.deep.additionalProperties).toBe(false);
  expect(schema.properties.things.items.required).toEqual(['name']);
  expect(schema.properties.inside).toEqual({
    type: ['string', 'null'],
    description: 'What RE2 cannot check.',
    $comment: 'Helm cannot check the pattern ^(?!-)[a-z]+$',
  });
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['environment', 'global', 'hosts']));
  expect(Object.keys(schema.properties)).not.toEqual(expect.arrayContaining(['namespace']));
  expect(schema.properties).not.toHaveProperty('hidden');
});

test('what is placed and always there cannot be taken out', () => {
  const text = file('values.schema.json', [configMap('it', mapOf({ size: placed('part.size') }))]);
  const { required, properties } = JSON.parse(text);
  expect([required, properties.part.required]).toEqual([['environment', 'word', 'part'], ['size']]);
});

test.each<[string, boolean]>([
  ['^[a-z]{1,1000}$', true],
  ['(?:a|b)', true],
  ['\\\\1', true],
  ['a(?!b)', false],
  ['(?<=a)b', false],
  ['(a)\\1', false],
  ['a{1,1001}', false],
])('RE2 takes %s: %s', (pattern, is) => {
  expect(isRe2(pattern)).toBe(is);
});

test('fixed settings are no values, and the README says why', () => {
  const fixed = [{ path: ['kind'], reason: 'Each kind has other objects.' }];
  const more = { fixed, environments: ENVIRONMENTS };
  expect(parse(file('values.yaml', TEMPLATES, more))).not.toHaveProperty('kind');
  expect(JSON.parse(file('values.schema.json', TEMPLATES, more)).properties).not.toHaveProperty('kind');
  const text = file('README.md', TEMPLATES, more);
  expect(text).toContain('| `kind` | `"small"` | Each kind has other objects. |');
  expect(text).toContain('| `count` | whole number, at least 1 | `3` | How many. |');
  const unset = [...text.matchAll(/^- `(.*)`$/gm)].map(([, path]) => path);
  expect(unset).toContain('hidden');
  expect(unset).not.toContain('kind');
  expect(text).toContain('| `things[].name` | text |  | Its name. |');
  expect(text).toContain('helm install shop . --namespace shop --values values-dev.yaml');
});

test('fixed settings in maps and lists, and whole maps', () => {
  const fixed = [
    { path: ['part', 'deep'], reason: 'It is deep.' },
    { path: ['kind'], reason: 'Each kind has other objects.' },
    { path: ['things', '*', 'size'], reason: 'It is deep.' },
    { path: ['notes'], reason: 'They are notes.' },
    { path: ['labels', 'team'], reason: 'It is deep.' },
  ];
  const notes = { one: 'a note that is longer than what fits into a table', two: 'another one' };
  const values = { ...VALUES, notes, labels: { team: 'shop', other: 'x' } };
  const dev = { ...values, things: [{ name: 'three', size: 3 }], part: { size: 1, deep: { word: 'v' } } };
  const more = { fixed, values, environments: [{ name: 'dev', values: dev }] };
  const found = parse(file('values.yaml', TEMPLATES, more));
  expect(found).toMatchObject({
    part: { size: 2 },
    things: [{ name: 'one' }, { name: 'two' }],
    labels: { other: 'x' },
  });
  expect([found.part, found.things[0], found.labels].map((one) => Object.keys(one))).toEqual([
    ['size'],
    ['name'],
    ['other'],
  ]);
  expect(Object.keys(found)).not.toEqual(expect.arrayContaining(['notes']));
  expect(parse(file('values-dev.yaml', TEMPLATES, more))).toEqual({ part: { size: 1 }, things: [{ name: 'three' }] });
  const { properties } = JSON.parse(file('values.schema.json', TEMPLATES, more));
  expect(properties).not.toHaveProperty('notes');
  expect([properties.part, properties.things.items].map((one) => Object.keys(one.properties))).toEqual([
    ['size'],
    ['name'],
  ]);
  expect(properties.labels.properties).toEqual({
    team: { not: {}, description: 'Was decided when the chart was made.' },
  });
  const rows = file('README.md', TEMPLATES, more).match(/^\| `.*(deep|notes|objects)\. \|$/gm);
  expect(rows).toEqual([
    '| `part.deep` | `{"word":"w"}` | It is deep. |',
    '| `things[].size` | `[1]` | It is deep. |',
    '| `labels.team` | `"shop"` | It is deep. |',
    '| `kind` | `"small"` | Each kind has other objects. |',
    '| `notes` | see `overlays/shop/base.yaml` | They are notes. |',
  ]);
});

test.each<[string, Node, string[]]>([
  ['placed', placed('part.size'), ['part', 'size']],
  ['placed with what is around it', placed('things'), ['things', '*', 'size']],
  ['gone through', { map: [], ranges: [{ over: ['labels'], node: placed('$value') }] }, ['labels', 'team']],
  ['asked for', { list: [{ when: flag, node: constant(1) }] }, ['flag']],
])('what is fixed must not be %s', (_, node, path) => {
  const templates = [configMap('it', mapOf({ key: node }))];
  const message = `templates read what is said to be fixed: ${path.join('.')}`;
  expect(() => smallChart(templates, { fixed: [{ path, reason: 'It is.' }] })).toThrow(message);
});

const ANNOTATED = 'argocd.argoproj.io/sync-options';
const LEFT = 'Prune=false,Delete=false';

/** The metadata of an object in the chart, with these annotations in its model. */
function metadataOf(kind: string, metadata: Node): string {
  const files = smallChart([objectOf(`${kind}//it`, metadata)]);
  const { text } = files.find(({ path }) => path.startsWith('./templates/20-data/'))!;
  return text.slice(text.indexOf('metadata:\n') + 'metadata:\n'.length).replace(/^ {2}/gm, '');
}

test('helm leaves claims, and what Argo CD leaves just as long', () => {
  const name = constant('it');
  expect(metadataOf('PersistentVolumeClaim', mapOf({ name }))).toBe(
    'name: it\nannotations:\n  helm.sh/resource-policy: keep\n',
  );
  expect(metadataOf('PersistentVolumeClaim', constant({ annotations: { [ANNOTATED]: LEFT } }))).toBe(
    `annotations:\n  ${ANNOTATED}: ${LEFT}\n  helm.sh/resource-policy: keep\n`,
  );
  const sometimes: Node = { map: [{ key: 'annotations', when: flag, node: constant({ [ANNOTATED]: LEFT }) }] };
  expect(metadataOf('PersistentVolumeClaim', sometimes)).toBe(
    `annotations:\n  {{- if .Values.flag }}\n  ${ANNOTATED}: ${LEFT}\n  {{- end }}\n  helm.sh/resource-policy: keep\n`,
  );
  expect(metadataOf('StatefulSet', sometimes)).toContain(
    `  {{- if .Values.flag }}\nannotations:\n  ${ANNOTATED}: ${LEFT}\n  helm.sh/resource-policy: keep\n`.trimStart(),
  );
  const beside = mapOf({
    annotations: {
      map: [
        { key: ANNOTATED, when: flag, node: constant(LEFT) },
        { key: 'x', node: constant('y') },
      ],
    },
  });
  expect(metadataOf('StatefulSet', beside)).toBe(
    `annotations:\n  {{- if .Values.flag }}\n  ${ANNOTATED}: ${LEFT}\n  {{- end }}\n  x: "y"\n  {{- if .Values.flag }}\n  helm.sh/resource-policy: keep\n  {{- end }}\n`,
  );
  expect(metadataOf('StatefulSet', constant({ annotations: { [ANNOTATED]: 'Replace=true' } }))).not.toContain(
    'helm.sh',
  );
});

const SMOKE_TEST = { 'app.kubernetes.io/component': 'smoke-test' };
const smokeTest = (kind: string, more: Partial<ObjectTemplate> = {}) =>
  objectOf(
    `${kind}//smoke-test`,
    constant({ name: 'smoke-test', labels: SMOKE_TEST, annotations: { 'argocd.argoproj.io/hook': 'PostSync' } }),
    { ...more, layer: 'delivery' },
  );

test('the smoke test is run by helm test; what it needs is of the release', () => {
  const files = smallChart([smokeTest('Job', { when: flag }), smokeTest('ServiceAccount')]);
  const [job, account] = ['job', 'serviceaccount'].map(
    (kind) => files.find(({ path }) => path === `./templates/90-delivery/smoke-test-${kind}.yaml`)!.text,
  );
  expect(job).toContain(
    '  annotations:\n    argocd.argoproj.io/hook: PostSync\n    helm.sh/hook: test\n    helm.sh/hook-delete-policy: before-hook-creation\n',
  );
  expect(account).not.toContain('helm.sh');
  const notes = files.find(({ path }) => path === './templates/NOTES.txt')!.text;
  expect(notes).toMatch(/\{\{- if \.Values\.flag \}\}\n.*\n\n {2}helm test \{\{ \.Release\.Name \}\}/);
  expect(files.find(({ path }) => path === './README.md')!.text).toContain('helm test shop --namespace shop\n');
  expect(file('templates/NOTES.txt', TEMPLATES)).not.toContain('helm test');
});

test('a finished object as it is in a chart', () => {
  const claim = { kind: 'PersistentVolumeClaim', metadata: { name: 'a' } };
  expect(asInChart(claim)).toEqual({
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'a', annotations: { 'helm.sh/resource-policy': 'keep' } },
  });
  const other = { kind: 'ConfigMap', metadata: { name: 'a', annotations: { [ANNOTATED]: 'Replace=true' } } };
  expect(asInChart(other)).toBe(other);
  expect(
    HELM_ONLY.every(({ why, adds }) => why !== '' && Object.keys(adds).every((key) => key.startsWith('helm.sh/'))),
  ).toBe(true);
});

test('the README names the namespaces and a tag that there is', () => {
  const image = { type: 'object', properties: { tag: { type: 'string' } } };
  const properties = {
    count: { type: 'integer' },
    api: { type: 'object', properties: { image } },
    database: { type: 'object', properties: { image } },
    namespace: { type: 'string' },
    namespaces: { type: 'object', properties: { data: { type: 'string' } } },
  } as unknown as Record<string, Schema>;
  const values = { database: { image: { tag: '16' } }, api: { image: { tag: '1' } }, count: 1, namespace: 'shop-base' };
  const dev = { ...values, namespace: 'shop-dev', namespaces: { data: 'shop-data-dev' } };
  const more = { schema: { type: 'object', properties }, values, environments: [{ name: 'dev', values: dev }] };
  const text = file('README.md', [], more);
  expect(text).toContain('--namespace shop-dev --values values-dev.yaml --set api.image.tag=2.1.0\n');
  expect(text).toContain('kubectl create namespace shop-dev\n');
  expect(text).toContain('kubectl create namespace shop-data-dev\n');
  expect(file('README.md', TEMPLATES)).toContain('helm upgrade shop . --namespace shop\n');
});

test('the namespace of the release is that of the system; others are values', () => {
  const other: Node = mapOf({ name: constant('it'), namespace: placed('part.deep.word') });
  const files = smallChart([objectOf('Service/data/it', other), configMap('it', constant({}))]);
  const [service, map] = ['20-data/data-it-service', '10-config/it-configmap'].map(
    (path) => files.find((one) => one.path === `./templates/${path}.yaml`)!.text,
  );
  expect(service).toContain('  namespace: {{ .Values.part.deep.word | quote }}\n');
  expect(map).toContain('  namespace: {{ .Release.Namespace | quote }}\n');
});

test('every file says whose it is, and the chart which clusters it is for', () => {
  for (const { path, text } of smallChart(TEMPLATES, { environments: ENVIRONMENTS })) {
    const [first = ''] = text.replace(/^\{\n/, '').split('\n');
    expect([path, first]).toEqual([path, expect.stringMatching(/Made by cdk8s-webstack/)]);
  }
  expect(parse(file('Chart.yaml'))).toEqual({
    apiVersion: 'v2',
    name: 'shop',
    description: 'A shop.',
    type: 'application',
    version: '2.0.0',
    appVersion: '1.2.3',
    kubeVersion: '>=1.30.0-0',
  });
});
