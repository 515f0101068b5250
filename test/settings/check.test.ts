import { join } from 'node:path';

import Ajv from 'ajv';

import { checkSettings, dotted } from '../../src/settings/check';
import { validators } from '../../src/settings/validators';
import { temporaryFolder } from '../outputs/folders';

/** One of everything that the settings' schemas use. */
const schema = {
  $ref: '#/definitions/Settings',
  definitions: {
    Settings: {
      type: 'object',
      properties: {
        namespace: { $ref: '#/definitions/Name' },
        replicas: { type: 'integer', minimum: 1, maximum: 10 },
        headroom: { type: 'number', minimum: 1 },
        seconds: { type: 'number', exclusiveMinimum: 0, maximum: 60 },
        image: { $ref: '#/definitions/Image' },
        level: { type: 'string', enum: ['debug', 'info'] },
        removable: { type: ['string', 'null'], enum: ['on', 'off', null] },
        mode: { const: 'fast' },
        debug: { type: 'boolean' },
        code: { type: 'string', pattern: '^[a-z]+$' },
        command: { type: 'array', items: { type: 'string' }, minItems: 1 },
        images: { type: 'array', items: { $ref: '#/definitions/Image' } },
        environment: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
        secrets: {
          type: 'object',
          propertyNames: { pattern: '^[a-z]{1,10}$', title: 'a name of at most 10 letters' },
          additionalProperties: { $ref: '#/definitions/Image' },
        },
        title: { type: 'string', minLength: 1 },
        a: { type: 'string' },
      },
      required: ['namespace', 'image', 'replicas'],
      additionalProperties: false,
    },
    Name: { type: 'string', pattern: '^[a-z]{1,10}$', title: 'a name of at most 10 letters' },
    Image: {
      type: 'object',
      properties: { repository: { type: 'string' }, tag: { type: 'string' } },
      required: ['repository'],
      additionalProperties: false,
    },
  },
};

const validate = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  inlineRefs: false,
  strict: false,
  strictNumbers: true,
}).compile(schema);
const schemaFile = join(temporaryFolder({ 'schema.json': JSON.stringify(schema) }), 'schema.json');
const good = { namespace: 'todo', replicas: 1, image: { repository: 'x' } };
const check = (changes: object) => checkSettings({ ...good, ...changes }, validate, schemaFile);
const messages = (changes: object) => check(changes).map(({ message }) => message);

test('good settings are good, and the text of their schema is not even read', () => {
  expect(checkSettings(good, validate, '/nowhere/schema.json')).toEqual([]);
});

test.each([
  ['wrong type', { replicas: 'two' }, 'replicas: expected an integer ≥ 1 and ≤ 10, got "two"'],
  ['a fraction', { replicas: 1.5 }, 'replicas: expected an integer ≥ 1 and ≤ 10, got 1.5'],
  ['below the minimum', { replicas: 0 }, 'replicas: expected an integer ≥ 1 and ≤ 10, got 0'],
  ['above the maximum', { replicas: 11 }, 'replicas: expected an integer ≥ 1 and ≤ 10, got 11'],
  ['a number', { headroom: 0.5 }, 'headroom: expected a number ≥ 1, got 0.5'],
  ['what is no number', { headroom: Infinity }, 'headroom: expected a number ≥ 1, got Infinity'],
  ['what must be above something', { seconds: 0 }, 'seconds: expected a number > 0 and ≤ 60, got 0'],
  ['no text at all', { title: '' }, 'title: expected text of at least 1 character, got ""'],
  ['a map for text', { a: { b: 1 } }, 'a: expected text, got {"b":1}'],
  ['a list for a map', { image: ['x'] }, 'image: expected a map, got ["x"]'],
  ['text for a list', { command: 'run' }, 'command: expected a list with at least 1 item, got "run"'],
  ['an empty list', { command: [] }, 'command: expected a list with at least 1 item, got []'],
  ['null', { namespace: null }, 'namespace: expected a name of at most 10 letters, got null'],
  ['not of the enumeration', { level: 'trace' }, 'level: expected one of debug, info, got "trace"'],
  ['null of an enumeration is not told', { removable: 'x' }, 'removable: expected one of on, off, got "x"'],
  ['not the constant', { mode: 'slow' }, 'mode: expected "fast", got "slow"'],
  ['a pattern with a title', { namespace: 'A' }, 'namespace: expected a name of at most 10 letters, got "A"'],
  ['a pattern without one', { code: 'A1' }, 'code: expected text matching ^[a-z]+$, got "A1"'],
  ['an item of a list', { command: ['a', ['b']] }, 'command[1]: expected text, got ["b"]'],
  ['a field of an item', { images: [{ repository: [] }] }, 'images[0].repository: expected text, got []'],
  [
    'a value of a free key',
    { environment: { 'A/B~C': [] } },
    'environment.A/B~C: expected text or a number or true or false, got []',
  ],
  [
    'a key with a percent sign',
    { environment: { '50%': [] } },
    'environment.50%: expected text or a number or true or false, got []',
  ],
  [
    'a key of digits',
    { environment: { '8080': [] } },
    'environment[8080]: expected text or a number or true or false, got []',
  ],
  [
    'a key that is no name',
    { secrets: { A: { repository: 'x' } } },
    'secrets.A: expected a name of at most 10 letters as key',
  ],
  ['text that is a number', { a: 16 }, 'a: expected text, got 16; put it in quotes'],
  ['text that is true or false', { a: true }, 'a: expected text, got true; put it in quotes'],
  ['yes', { debug: 'yes' }, 'debug: expected true or false, got "yes"; YAML 1.2 knows only true and false'],
  [
    'long values are cut',
    { replicas: 'x'.repeat(99) },
    `replicas: expected an integer ≥ 1 and ≤ 10, got "${'x'.repeat(56)}...`,
  ],
])('%s', (_, changes, message) => {
  expect(messages(changes)).toEqual([message]);
});

test('an unknown key names the nearest known one', () => {
  expect(messages({ replica: 1 })).toEqual(['replica: unknown key; did you mean "replicas"?']);
  expect(messages({ image: { repository: 'x', tga: '1' } })).toEqual(['image.tga: unknown key; did you mean "tag"?']);
});

test('an unknown key far from all others is told which are known', () => {
  expect(messages({ image: { repository: 'x', digest: '1' } })).toEqual([
    'image.digest: unknown key; known here: repository, tag',
  ]);
});

test.each(['__proto__', 'constructor', 'toString'])('%s is a key like any other, and unknown', (key) => {
  expect(messages(JSON.parse(`{ "${key}": 1 }`))).toEqual([expect.stringContaining(`${key}: unknown key; known here`)]);
});

test('a missing key is told at what it is missing from, with what is expected', () => {
  expect(checkSettings({ replicas: 1, image: {} }, validate, schemaFile)).toEqual([
    { path: [], atKey: true, message: 'namespace: is missing; expected a name of at most 10 letters' },
    { path: ['image'], atKey: true, message: 'image.repository: is missing; expected text' },
  ]);
});

test('a finding knows whether the key or the value is at fault', () => {
  expect(check({ replicas: 0, replica: 0 })).toEqual([
    { path: ['replica'], atKey: true, message: expect.anything() },
    { path: ['replicas'], atKey: false, message: expect.anything() },
  ]);
});

test('everything is found at once, and a place that breaks several rules is told once', () => {
  expect(messages({ level: 5, replicas: 0.5, namespace: 7 }).sort()).toEqual([
    'level: expected one of debug, info, got 5',
    'namespace: expected a name of at most 10 letters, got 7',
    'replicas: expected an integer ≥ 1 and ≤ 10, got 0.5',
  ]);
});

test('paths read as in code', () => {
  expect(dotted(['kafka', 'topics', 0, 'name'])).toBe('kafka.topics[0].name');
  expect(dotted(['kafka', 'topics', '10'])).toBe('kafka.topics[10]');
  expect(dotted([])).toBe('');
});

describe('the compiled schemas of todo-evolution', () => {
  const root = join(__dirname, '../../overlays/schemas');
  const environment = (changes: object) =>
    checkSettings(changes, validators['todo-evolution']!.environment, join(root, 'todo-evolution.json')).map(
      ({ message }) => message,
    );

  test.each([
    [{ backend: { replicas: 'two' } }, 'backend.replicas: expected an integer ≥ 0, got "two"'],
    [{ backend: { replica: 2 } }, 'backend.replica: unknown key; did you mean "replicas"?'],
    [{ backend: { logLevel: 'trace' } }, 'backend.logLevel: expected one of debug, info, warn, error, got "trace"'],
    [
      { backend: { image: { tag: 1.5 } } },
      'backend.image.tag: expected an image tag (in quotes, where it looks like a number), got 1.5; put it in quotes',
    ],
    [{ backend: { port: 80 } }, 'backend.port: expected an integer ≥ 1024 and ≤ 65535, got 80'],
    [
      { redis: { storage: { size: '10 GB' } } },
      'redis.storage.size: expected an amount of bytes such as 256Mi or 1.5Gi, got "10 GB"',
    ],
    [
      { namespace: 'Todo' },
      'namespace: expected a DNS label (lower-case letters, digits and dashes, at most 63, beginning with a letter), got "Todo"',
    ],
    [
      { backend: { migrations: { command: [] } } },
      'backend.migrations.command: expected a list with at least 1 item, got []',
    ],
    [
      { backend: { image: { writablePaths: [{ path: '/x' }] } } },
      'backend.image.writablePaths[0].reason: is missing; expected text',
    ],
  ])('%j', (changes, message) => {
    expect(environment(changes)).toEqual([message]);
  });

  test('an environment may leave out and remove anything', () => {
    expect(environment({})).toEqual([]);
    expect(environment({ backend: { image: null, replicas: null, logLevel: null }, redis: null })).toEqual([]);
  });

  test('but a list in it is whole', () => {
    expect(environment({ backend: { command: [null] } })).toEqual(['backend.command[0]: expected text, got null']);
  });
});
