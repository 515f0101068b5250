import { escaped, isOdd, quoted, written } from '../../src/outputs/chart/escape';
import type { Condition, Node, ObjectTemplate } from '../../src/outputs/chart/template';
import { configMap, constant, fileOf, flag, mapOf, placed } from '../support/small-chart';

/** The template of a node, as the data of a ConfigMap. */
function templateOf(node: Node, more: readonly ObjectTemplate[] = []): string {
  const text = fileOf('templates/10-config/it-configmap.yaml', [configMap('it', mapOf({ key: node }))].concat(more));
  return text
    .slice(text.indexOf('\ndata:\n') + '\ndata:\n'.length)
    .replace(/^ {2}/gm, '')
    .trimEnd();
}

const noFlag: Condition = [[{ test: { path: ['flag'], is: 'true' }, not: true }]];
const when = (...all: Condition[number]): Condition => [all];

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
  [
    'a text with backslashes, which double quotes would need twice',
    { joined: { parts: ["le=~'", { path: ['share'], as: 'bucket bound' }, "'"] } },
    `key: {{ printf "le=~'%v'" (include "webstack.bucketBound" .Values.share) | quote }}`,
  ],
  ['the port of an address', placed('address', 'port'), 'key: {{ regexFind "[0-9]+$" .Values.address }}'],
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

test('words of several lists are each said once', () => {
  const when = [[{ test: { path: ['flag'], is: 'true' as const }, not: false }]];
  const range = { over: ['names'], when, others: [{ over: ['hosts'] }], node: mapOf({ name: placed('$value') }) };
  expect(templateOf({ list: [range] })).toBe(`key:
  {{- if or (and .Values.flag .Values.names) .Values.hosts }}
  {{- $words := list }}
  {{- if .Values.flag }}
  {{- $words = concat $words (.Values.names | default list) }}
  {{- end }}
  {{- $words = concat $words (.Values.hosts | default list) }}
  {{- range $value := uniq $words }}
  - name: {{ $value | quote }}
  {{- end }}
  {{- else }}
  []
  {{- end }}`);
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
  const text = fileOf('values.schema.json', [
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
  const schema = JSON.parse(fileOf('values.schema.json', templates));
  expect(schema.properties.labels.propertyNames).toEqual({ not: { enum: ['own'] } });
  expect(fileOf('templates/10-config/it-configmap.yaml', templates)).toContain(
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
  const own = fileOf('templates/10-config/own-configmap.yaml', [
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

test('what a condition around has asked is not asked again', () => {
  const words: Node = { list: [{ over: ['names'], node: placed('$value') }] };
  const filled = when({ test: { path: ['names'], is: 'filled' }, not: false });
  expect(templateOf({ choice: [{ when: filled, node: words }, { node: constant('none') }] })).toBe(
    [
      '{{- if .Values.names }}',
      'key:',
      '  {{- range $value := .Values.names }}',
      '  - {{ $value | quote }}',
      '  {{- end }}',
      '{{- else }}',
      'key: none',
      '{{- end }}',
    ].join('\n'),
  );
});

test('text that looks like an action stays text', () => {
  expect(templateOf(constant('{{ $labels.pod }} of {{{'))).toBe('key: "{{ "{{" }} $labels.pod }} of {{ "{{" }}{"');
  expect(written(['{', { action: '.x' }, '{'])).toBe('{{ "{" }}{{ .x }}{');
  expect(escaped('}}')).toBe('}}');
  expect(isOdd('\u2028')).toBe(true);
  expect(quoted('\u007f"')).toBe('"\\u007f\\""');
});
