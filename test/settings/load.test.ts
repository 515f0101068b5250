import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Ajv from 'ajv';

import { loadSettings, type LoadOptions } from '../../src/settings/load';
import { SettingsError } from '../../src/settings/problems';
import { temporaryFolder } from '../outputs/folders';

const base = {
  type: 'object',
  properties: {
    namespace: { type: 'string' },
    replicas: { type: 'integer', minimum: 1 },
    image: { type: 'object', properties: { tag: { type: 'string' } }, required: ['tag'], additionalProperties: false },
    groups: { type: 'array', items: { type: 'string' } },
  },
  required: ['namespace', 'image'],
  additionalProperties: false,
};

const environment = {
  ...base,
  properties: {
    ...base.properties,
    replicas: { type: ['integer', 'null'], minimum: 1 },
    image: { type: ['object', 'null'], properties: { tag: { type: ['string', 'null'] } }, additionalProperties: false },
  },
  required: [],
};

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const shop = { base: ajv.compile(base), environment: ajv.compile(environment) };
const schemas = {
  'schemas/shop.base.json': JSON.stringify(base),
  'schemas/shop.json': JSON.stringify(environment),
};

const BASE = 'namespace: shop-base\nimage: { tag: v1 }\n';
const DEV = 'namespace: shop-dev\n';

function load(files: Record<string, string | Buffer>, options: Partial<LoadOptions> = {}) {
  const root = temporaryFolder({ ...schemas, ...files });
  return loadSettings({ root, validators: { shop }, ...options });
}

/** What is refused, with the folder of the overlays called `overlays`. */
function problems(files: Record<string, string | Buffer>, options: Partial<LoadOptions> = {}): string[] {
  const root = temporaryFolder({ ...schemas, ...files });
  try {
    loadSettings({ root, validators: { shop }, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message.replaceAll(root, 'overlays').split('\n');
  }
  return [];
}

test('each environment is base with its own changes, in the order of their names', () => {
  const loaded = load({
    'shop/base.yaml': `${BASE}replicas: 1\n`,
    'shop/staging.yaml': 'namespace: shop-staging\nreplicas: null\n',
    'shop/dev.yaml': `${DEV}image: { tag: v2 }\n`,
  });
  expect(loaded.map(({ system, environment, settings }) => [system, environment, { ...settings }])).toEqual([
    ['shop', 'dev', { namespace: 'shop-dev', replicas: 1, image: { tag: 'v2' } }],
    ['shop', 'staging', { namespace: 'shop-staging', image: { tag: 'v1' } }],
  ]);
});

test('hidden files and folders are nobody’s business', () => {
  const files = { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shop/.dev.yaml.swp': 'x', '.git/config': 'x' };
  expect(load(files)).toHaveLength(1);
});

describe('files and folders', () => {
  test.each([
    [
      'an overlay without base',
      { 'shop/dev.yaml': DEV },
      ['shop/base.yaml:1:1 is missing; it holds what all environments of the system share'],
    ],
    ['base alone', { 'shop/base.yaml': BASE }, ['shop:1:1 no environment; it has none']],
    [
      'an unknown system',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shpo/base.yaml': BASE },
      ['shpo:1:1 no system has this name; known are shop'],
    ],
    [
      'a system without a folder',
      { 'schemas/x.json': '{}' },
      ['shop:1:1 has no settings; make overlays/shop/base.yaml'],
    ],
    [
      'a .yml file',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shop/staging.yml': DEV },
      ['shop/staging.yml:1:1 expected a file whose name ends in .yaml; rename or remove it'],
    ],
    [
      'a folder instead of a file',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shop/test.yaml/x': '' },
      ['shop/test.yaml:1:1 expected a file whose name ends in .yaml; rename or remove it'],
    ],
    [
      'a file instead of a folder',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'notes.txt': '' },
      ['notes.txt:1:1 expected a folder per system here, found a file; move or remove it'],
    ],
    [
      'a name that is no DNS label',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shop/My_Env.yaml': DEV },
      ['shop/My_Env.yaml:1:1 expected a DNS label as name of an environment, got "My_Env"; rename the file'],
    ],
    [
      'a name of 64 letters',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, [`shop/${'x'.repeat(64)}.yaml`]: DEV },
      [
        `shop/${'x'.repeat(64)}.yaml:1:1 expected a DNS label as name of an environment, got "${'x'.repeat(64)}"; rename the file`,
      ],
    ],
    [
      'no name at all',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shop/-.yaml': DEV },
      ['shop/-.yaml:1:1 expected a DNS label as name of an environment, got "-"; rename the file'],
    ],
    [
      'a name that a folder of the output has',
      { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shop/chart.yaml': DEV },
      [
        'shop/chart.yaml:1:1 no environment can be called "chart", as a folder beside those of the environments is; rename the file',
      ],
    ],
    [
      'an empty base',
      { 'shop/base.yaml': '', 'shop/dev.yaml': DEV },
      ['shop/base.yaml:1:1 expected settings, found an empty file'],
    ],
  ] as [string, Record<string, string>, string[]][])('%s', (_, files, messages) => {
    expect(problems(files)).toEqual(messages.map((message) => `overlays/${message}`));
  });

  test('overlays that are nowhere', () => {
    expect(problems({}, { root: '/nowhere/overlays' })).toEqual([
      '/nowhere/overlays/shop:1:1 has no settings; make /nowhere/overlays/shop/base.yaml',
    ]);
  });

  test('an empty folder of a system', () => {
    const root = temporaryFolder(schemas);
    mkdirSync(join(root, 'shop'));
    expect(() => loadSettings({ root, validators: { shop } })).toThrow(
      `${root}/shop:1:1 no environment; it has none\n${root}/shop/base.yaml:1:1 is missing`,
    );
  });
});

describe('namespaces', () => {
  test('two environments may not share one', () => {
    const files = { 'shop/base.yaml': BASE, 'shop/dev.yaml': DEV, 'shop/test.yaml': `replicas: 2\n${DEV}` };
    expect(problems(files)).toEqual([
      'overlays/shop/test.yaml:2:12 namespace: "shop-dev" is that of shop/dev already; give test one of its own',
    ]);
  });

  test('nor both take that of base', () => {
    const files = { 'shop/base.yaml': BASE, 'shop/dev.yaml': 'replicas: 1', 'shop/test.yaml': 'replicas: 2' };
    expect(problems(files)).toEqual([
      'overlays/shop/base.yaml:1:12 namespace: "shop-base" is that of shop/dev already; give test one of its own',
    ]);
  });

  test('what has none shares none', () => {
    const files = { 'shop/base.yaml': 'a: [\n', 'shop/dev.yaml': 'replicas: 1', 'shop/test.yaml': 'replicas: 2' };
    expect(problems(files)).toEqual([expect.stringMatching(/^overlays\/shop\/base\.yaml:2:1 not valid YAML/)]);
  });
});

describe('an environment that removes what is needed', () => {
  test('is told where it removes it', () => {
    const files = { 'shop/base.yaml': BASE, 'shop/dev.yaml': `${DEV}image:\n  tag: null\n` };
    expect(problems(files)).toEqual(['overlays/shop/dev.yaml:2:1 image.tag: is missing; expected text']);
  });

  test('and so is one that removes a whole part', () => {
    const files = { 'shop/base.yaml': BASE, 'shop/dev.yaml': `${DEV}image: null\n` };
    expect(problems(files)).toEqual(['overlays/shop/dev.yaml:1:1 image: is missing; expected a map']);
  });
});

test('the item of a list that is wrong has its own place', () => {
  const files = { 'shop/base.yaml': BASE, 'shop/dev.yaml': `${DEV}groups:\n  - a\n  - 7\n` };
  expect(problems(files)).toEqual(['overlays/shop/dev.yaml:4:5 groups[1]: expected text, got 7; put it in quotes']);
});

test('every problem of every file is told at once, in the order of files and lines', () => {
  const files = {
    'shop/base.yaml': 'namespace: 7\nimage: {}\nextra: 1\n',
    'shop/dev.yaml': `${DEV}image: { tag: 1 }\nreplicas: two\n`,
    'shop/staging.yaml': 'namespace: [\n',
    'shop/test.yml': '',
    'other/base.yaml': '',
  };
  expect(problems(files)).toEqual([
    'overlays/other:1:1 no system has this name; known are shop',
    'overlays/shop/base.yaml:1:12 namespace: expected text, got 7; put it in quotes',
    'overlays/shop/base.yaml:2:1 image.tag: is missing; expected text',
    'overlays/shop/base.yaml:3:1 extra: unknown key; known here: groups, image, namespace, replicas',
    'overlays/shop/dev.yaml:2:15 image.tag: expected text, got 1; put it in quotes',
    'overlays/shop/dev.yaml:3:11 replicas: expected an integer ≥ 1, got "two"',
    expect.stringMatching(/^overlays\/shop\/staging\.yaml:2:1 not valid YAML/),
    'overlays/shop/test.yml:1:1 expected a file whose name ends in .yaml; rename or remove it',
  ]);
});

test('a problem of base is told once, however many environments have it', () => {
  const files = { 'shop/base.yaml': 'namespace: x\n', 'shop/dev.yaml': DEV, 'shop/test.yaml': 'namespace: shop-test' };
  expect(problems(files)).toEqual(['overlays/shop/base.yaml:1:1 image: is missing; expected a map']);
});

test('without base, what is wrong in an environment is still told', () => {
  expect(problems({ 'shop/dev.yaml': 'replicas: 0' })).toEqual([
    'overlays/shop/base.yaml:1:1 is missing; it holds what all environments of the system share',
    'overlays/shop/dev.yaml:1:11 replicas: expected an integer ≥ 1, got 0',
  ]);
});

describe('only', () => {
  const files = {
    'shop/base.yaml': BASE,
    'shop/dev.yaml': DEV,
    'shop/staging.yaml': 'namespace: shop-staging',
    'store/base.yaml': BASE,
    'store/dev.yaml': 'namespace: store-dev',
    'schemas/store.json': schemas['schemas/shop.json'],
    'schemas/store.base.json': schemas['schemas/shop.base.json'],
  };
  const validators = { shop, store: shop };
  const loaded = (only?: string) =>
    load(files, { validators, only }).map(({ system, environment }) => `${system}/${environment}`);

  test.each([
    [undefined, ['shop/dev', 'shop/staging', 'store/dev']],
    ['shop', ['shop/dev', 'shop/staging']],
    ['shop/staging', ['shop/staging']],
    ['store/dev', ['store/dev']],
  ])('%s', (only, expected) => {
    expect(loaded(only)).toEqual(expected);
  });

  test.each([
    ['shpo', ['overlays:1:1 no system is called "shpo"; known are shop, store']],
    ['shop/stagin', ['overlays/shop:1:1 no environment called "stagin"; known are dev, staging']],
    ['shop/base', ['overlays/shop:1:1 no environment called "base"; known are dev, staging']],
    ['', ['overlays:1:1 no system is called ""; known are shop, store']],
    ['shop/dev/x', ['overlays/shop:1:1 no environment called "dev/x"; known are dev, staging']],
  ])('%j is refused', (only, messages) => {
    expect(problems(files, { validators, only })).toEqual(messages);
  });

  test('what is wrong elsewhere does not matter', () => {
    const broken = { ...files, 'shop/staging.yaml': 'replicas: 0', 'store/base.yaml': 'a: [' };
    expect(problems(broken, { validators, only: 'shop/dev' })).toEqual([]);
    expect(problems(broken, { validators })).toHaveLength(2);
  });
});
