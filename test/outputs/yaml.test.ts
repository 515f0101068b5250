import { Yaml } from 'cdk8s';
import fc from 'fast-check';
import { parse } from 'yaml';

import { toYaml } from '../../src/outputs/yaml';
import { runs } from '../properties/runs';
import { environments, objectsOf } from '../support/dist';

const WORDS = ['yes', 'no', 'on', 'off', 'y', 'n', 'null', '~', 'true', 'True', '.inf', '.nan', '<<', '__proto__'];
const NUMBERS = ['E0', 'e-1', '0775', '0x1F', '1e3', '1_000', '12:30:45', '1.0', '-1', '+1', '.5', '2001-12-14', '0b1'];
const MARKS = [
  '',
  ' ',
  '-',
  '- a',
  '?',
  ': ',
  'a: b',
  'a:',
  '#',
  'a #b',
  '!tag',
  '&a',
  '*a',
  '%',
  '@',
  '`',
  '|',
  '>',
  '{}',
  '[]',
];
const LINES = [
  'a\nb',
  'a\n',
  'a\n\n',
  '\na',
  '\n',
  ' a\nb',
  'a\n  b',
  '  a\n b\n',
  'a \nb',
  '\ta\nb',
  'a\r\nb',
  '---\na',
  '...\n',
];
const SIGNS = [
  '\u0000',
  '\u0007',
  '\u001b[0m',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\uFEFF',
  'é',
  '日本語',
  '🚀',
  '\\',
  '"',
  "'",
  `'"`,
];
const LONG = ['x'.repeat(2000), 'word '.repeat(300), `${'x '.repeat(200)}\n${'y '.repeat(200)}`];

const line = fc.oneof(
  fc.constantFrom(...WORDS, ...NUMBERS, ...MARKS, ...SIGNS),
  fc.string(),
  fc.string({ unit: 'binary' }),
);
const text = fc.oneof(
  { weight: 4, arbitrary: line },
  { weight: 2, arbitrary: fc.constantFrom(...LINES, ...LONG) },
  { weight: 3, arbitrary: fc.array(line, { minLength: 2, maxLength: 5 }).map((lines) => lines.join('\n')) },
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 0.1, 1e21, 1e-7, Number.MAX_SAFE_INTEGER));
// JSON knows no negative zero.
const unsigned = number.map((any) => (any === 0 ? 0 : any));
const leaf = fc.oneof({ weight: 4, arbitrary: text }, unsigned, fc.boolean(), fc.constant(null));
const { map: manifest } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: 'small' }, leaf, tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc
    .uniqueArray(fc.tuple(text, tie('value')), { selector: ([key]) => key, maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
}));

test('any map is written as cdk8s writes it', () => {
  fc.assert(
    fc.property(manifest, (any) => {
      expect(toYaml(any)).toBe(Yaml.stringify(any));
    }),
    runs(3000),
  );
});

test.each([
  ['text of several lines, deep', { a: [{ b: 'x\n  y\n\n' }, ['p\nq', ['r\n']]] }],
  ['lists in lists', [[[]], [[1, [2, {}]], { a: [[{ b: 1 }]] }]]],
  ['maps in lists', { a: [{ b: { c: 1 } }, { d: [] }, {}] }],
  ['keys that need quotes', { yes: 1, '0775': 2, 'a: b': 3, '': 4, '- x': 5, '#': 6, ' ': 7 }],
  ['a key of several lines', { 'a\nb': 1, c: { 'd\ne\n': [1], 'f\n': { g: 1 } } }],
  ['a very long key', { ['k'.repeat(1100)]: 1, a: { ['k'.repeat(1100)]: { b: [1] } } }],
  ['a key that grows long in quotes', { ['\u0007'.repeat(500)]: 1 }],
  ['undefined', { a: undefined, b: [undefined, { c: undefined }] }],
  ['nothing in a map', {}],
  ['nothing in a list', []],
])('%s', (_, any) => {
  expect(toYaml(any)).toBe(Yaml.stringify(any));
});

test('what both a 1.1 and a 1.2 parser read is what was written', () => {
  const config = {
    data: Object.fromEntries([...WORDS, ...NUMBERS, ...LINES].map((word, index) => [`k${index}`, word])),
  };
  expect(parse(toYaml(config), { version: '1.1' })).toEqual(config);
  expect(parse(toYaml(config), { version: '1.2' })).toEqual(config);
});

test('the same object in two places is written twice, and not as an alias that only some tools follow', () => {
  const labels = { app: 'x' };
  expect(toYaml({ a: labels, b: labels })).toBe('a:\n  app: x\nb:\n  app: x\n');
});

test.each(environments())('every object of %s', (environment) => {
  const objects = objectsOf(environment);
  expect(objects.length).toBeGreaterThan(0);
  for (const object of objects) expect(toYaml(object)).toBe(Yaml.stringify(object));
});
