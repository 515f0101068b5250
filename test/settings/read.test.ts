import { join } from 'node:path';

import { formatProblem, SettingsError } from '../../src/settings/problems';
import { parseSettings, readSettingsFile } from '../../src/settings/read';
import { temporaryFolder } from '../outputs/folders';

const read = (text: string) => parseSettings(text, 'staging.yaml');
const problemsIn = (text: string) => read(text).problems.map(formatProblem);
const at = ({ line, column }: { line: number; column: number }) => `${line}:${column}`;

test('data is what the file says', () => {
  const { data, problems } = read('a: 1\nb: { c: [x, 2, true, null, 775, yes] }\nd: |\n  text\n');
  expect(problems).toEqual([]);
  // YAML 1.2: yes is a word.
  expect(data).toEqual({ a: 1, b: { c: ['x', 2, true, null, 775, 'yes'] }, d: 'text\n' });
});

test.each([
  ['0775', '775'],
  ['3.10', '3.1'],
  ['12345678901234567890', '12345678901234567000'],
  ['0x1f', '31'],
  ['1e3', '1000'],
])('the number %s is refused, for it would be read as %s', (written, value) => {
  expect(problemsIn(`a: ${written}\n`)).toEqual([
    `staging.yaml:1:4 the number ${written} would be read as ${value}; write it so, or in quotes where it is text`,
  ]);
  expect(read(`a: "${written}"\n`).data).toEqual({ a: written });
});

test('a file that was read has its place in messages under the name it was given', () => {
  const folder = temporaryFolder({ 'staging.yaml': 'a: [\n' });
  const file = readSettingsFile(join(folder, 'staging.yaml'), 'overlays/staging.yaml');
  expect(formatProblem(file.problems[0]!)).toMatch(/^overlays\/staging\.yaml:2:1 not valid YAML: /);
});

describe('positions', () => {
  const text = [
    'namespace: todo', // 1
    'backend:', // 2
    '  # how many', // 3
    '  "replicas": 2', // 4
    '  image: { repository: a/b, tag: "1" }', // 5
    '  command: [run, fast]', // 6
    '  args:', // 7
    '    - one', // 8
    '    - { name: two }', // 9
    'ümläut: &anchor { x: 1 }', // 10
    'copy: *anchor', // 11
    'empty:', // 12
  ].join('\n');

  test.each([
    [['namespace'], '1:1', '1:12'],
    [['backend', 'replicas'], '4:3', '4:15'],
    [['backend', 'image'], '5:3', '5:10'],
    [['backend', 'image', 'tag'], '5:29', '5:34'],
    [['ümläut', 'x'], '10:19', '10:22'],
    [['copy'], '11:1', '11:7'],
    [['empty'], '12:1', '12:7'],
  ])('%j has its key at %s and its value at %s', (path, key, value) => {
    const file = read(text);
    expect([at(file.keyPlace(path)), at(file.valuePlace(path))]).toEqual([key, value]);
    expect(file.has(path)).toBe(true);
  });

  test('an item of a list has a place, whether its index is a number or, as in a JSON pointer, text', () => {
    const file = read(text);
    expect(at(file.valuePlace(['backend', 'command', 1]))).toBe('6:18');
    expect(at(file.valuePlace(['backend', 'command', '1']))).toBe('6:18');
    expect(at(file.keyPlace(['backend', 'args', '1', 'name']))).toBe('9:9');
    expect(file.has(['backend', 'args', '1', 'name'])).toBe(true);
  });

  test('what is not there is at the nearest thing around it', () => {
    const file = read(text);
    expect(at(file.valuePlace(['backend', 'image', 'digest']))).toBe('5:10');
    expect(at(file.keyPlace(['backend', 'image', 'digest', 'x']))).toBe('5:10');
    expect(at(file.valuePlace(['redis', 'storage']))).toBe('1:1');
    expect(file.has(['backend', 'image', 'digest'])).toBe(false);
  });

  test('what an alias brings stands where the alias stands', () => {
    expect(at(read(text).valuePlace(['copy']))).toBe('11:7');
    expect(read(text).data['copy']).toEqual({ x: 1 });
  });

  test('a key without a value in a flow map is at fault itself', () => {
    const file = read('a: 1\nbackend: { replicas, port: 1 }');
    expect(file.data).toEqual({ a: 1, backend: { replicas: null, port: 1 } });
    expect(at(file.valuePlace(['backend', 'replicas']))).toBe('2:12');
  });

  test('neither a byte order mark nor line ends of Windows move anything', () => {
    const folder = temporaryFolder({ 'a.yaml': '\uFEFFa: 1\r\nb:\r\n  c: 2\r\n' });
    const file = readSettingsFile(join(folder, 'a.yaml'), 'a.yaml');
    expect(file.data).toEqual({ a: 1, b: { c: 2 } });
    expect([at(file.keyPlace(['a'])), at(file.valuePlace(['b', 'c']))]).toEqual(['1:1', '3:6']);
  });
});

describe('what is no settings file', () => {
  test.each([
    ['', '1:1 expected settings, found an empty file'],
    ['# only words\n', '1:1 expected settings, found an empty file'],
    ['- a\n- b\n', '1:1 expected a map of settings, such as "namespace: my-app"'],
    ['just text', '1:1 expected a map of settings, such as "namespace: my-app"'],
    ['a: 1\nb: 2\na: 3\n', '3:1 this key is given twice; keep one of them'],
    ['a: { b: 1, b: 2 }\n', '1:12 this key is given twice; keep one of them'],
    ['a: 1\n? [x]\n: 2\n', '2:3 expected a plain key'],
    ['a: 1\n~: 2\n', '2:1 expected a plain key'],
    ['a: &x { b: 1 }\nc:\n  <<: *x\n', '3:3 merge keys are not read: what environments share belongs into base.yaml'],
    ['a: &x { b: *x }\n', '1:12 the alias *x contains itself'],
    ['a: &x\n  - { b: [*x] }\n', '2:11 the alias *x contains itself'],
  ])('%j', (text, message) => {
    expect(problemsIn(text)).toEqual([`staging.yaml:${message}`]);
  });

  test.each([
    ['a: [1, 2\nb: 3\n', /^staging\.yaml:2:1 not valid YAML: flow sequence .* must/],
    ['a: "open\n', /^staging\.yaml:\d:\d not valid YAML: missing closing "quote/],
    ['a: *nowhere\n', /^staging\.yaml:1:4 .*nowhere/],
    ['a: 1\n---\nb: 2\n', /^staging\.yaml:2:1 not valid YAML: .*documents/],
    ['a: !secret x\n', /^staging\.yaml:1:4 not valid YAML: unresolved tag: !secret/],
    ['a:\n\tb: 1\n', /^staging\.yaml:2:1 not valid YAML: tabs are not allowed/],
  ])('%j', (text, message) => {
    expect(problemsIn(text)[0]).toMatch(message);
    expect(problemsIn(text).join('')).not.toMatch(/at line \d/);
  });

  test('a syntax error says where, and nothing else is said of the file', () => {
    const file = read('a: 1\nb: c: d\n');
    expect(file.problems.map(formatProblem)).toEqual([
      'staging.yaml:2:4 not valid YAML: nested mappings are not allowed in compact mappings',
    ]);
    expect(file.data).toEqual({});
    expect(at(file.valuePlace(['b']))).toBe('1:1');
    expect(at(file.keyPlace(['b']))).toBe('1:1');
    expect(file.has(['a'])).toBe(false);
  });

  test.each(['latin 1', 'UTF-16'])('bytes that are %s', (encoding) => {
    const bytes = encoding === 'UTF-16' ? Buffer.from('\uFEFFa: b\n', 'utf16le') : Buffer.from('a: \xfc\n', 'latin1');
    const folder = temporaryFolder({ 'a.yaml': bytes });
    expect(readSettingsFile(join(folder, 'a.yaml'), 'a.yaml').problems.map(formatProblem)).toEqual([
      'a.yaml:1:1 expected text in UTF-8, found other bytes; save the file as UTF-8',
    ]);
  });
});

test('aliases that explode end early and quickly', () => {
  const levels = 'bcdefghij'.split('').map((name, index) => {
    const before = 'abcdefghij'[index];
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`;
  });
  const start = performance.now();
  expect(problemsIn(['a: &a [x, x, x, x, x, x, x, x, x]', ...levels].join('\n'))).toEqual([
    expect.stringMatching(/^staging\.yaml:\d+:\d+ the aliases of this file expand to more than 20000 values$/),
  ]);
  expect(performance.now() - start).toBeLessThan(5000);
});

test('an alias that is used often, but not within itself, is fine', () => {
  const { data, problems } = read('a: &a { b: 1 }\nc: &c [*a, *a]\nd: [*c, *a]\n');
  expect(problems).toEqual([]);
  expect(data['d']).toEqual([[{ b: 1 }, { b: 1 }], { b: 1 }]);
});

test.each(['__proto__', 'constructor'])('a key called %s is refused, for it would be lost on the way', (key) => {
  expect(problemsIn(`a:\n  ${key}: { polluted: true }\n`)).toEqual([
    `staging.yaml:2:3 the key ${key} is one that JavaScript keeps for itself; use another`,
  ]);
  expect(({} as any).polluted).toBeUndefined();
});

test.each(['toString', 'hasOwnProperty'])('a key called %s is a key like any other', (key) => {
  const { data, problems, has } = read(`${key}: { polluted: true }\n`);
  expect(problems).toEqual([]);
  expect(Object.keys(data)).toEqual([key]);
  expect(Object.hasOwn(data, key)).toBe(true);
  expect(({} as any).polluted).toBeUndefined();
  expect(has([key, 'polluted'])).toBe(true);
});

test('problems are told in the order of files, lines, columns and texts', () => {
  const problem = (file: string, line: number, column: number, message: string) => ({ file, line, column, message });
  const problems = [
    problem('b', 1, 1, 'x'),
    problem('a', 10, 1, 'x'),
    problem('a', 9, 2, 'x'),
    problem('a', 9, 1, 'z'),
    problem('a', 9, 1, 'y'),
  ];
  const error = new SettingsError(problems);
  expect(error.message).toBe(['a:9:1 y', 'a:9:1 z', 'a:9:2 x', 'a:10:1 x', 'b:1:1 x'].join('\n'));
  expect(error.problems[0]).toBe(problems[4]);
  expect(problems[0]!.file).toBe('b');
});
