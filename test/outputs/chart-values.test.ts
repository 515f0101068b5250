import { parse } from 'yaml';
import { differences } from '../../src/outputs/chart/differences';
import { without } from '../../src/outputs/chart/fixed';
import { isRe2 } from '../../src/outputs/chart/values-schema';
import type { Node } from '../../src/outputs/chart/template';
import type { Schema } from '../../src/outputs/chart/schema';
import {
  configMap,
  constant,
  ENVIRONMENTS,
  fileOf,
  flag,
  mapOf,
  placed,
  smallChart,
  TEMPLATES,
  VALUES,
} from '../support/small-chart';

test('values.yaml says what each value is, in the order of the schema, and is read as the values', () => {
  const text = fileOf('values.yaml', TEMPLATES, { environments: ENVIRONMENTS });
  const { namespace: _, ...values } = VALUES;
  expect(parse(text)).toEqual(values);
  expect(text).toContain(
    '\n\n# Any text.\n# Type: text\ntext: \'Hello: "all"\'\n\n# How many.\n# Type: whole number, at least 1\ncount: 3\n',
  );
  // What it is where nothing is said: of what has no value here, and only of that.
  expect(text).not.toContain('Default: a greeting.');
  expect(text).toContain(
    '\n# Hosts, of which there may be none.\n# Type: list (each: text)\n# As in values-dev.yaml:\n# hosts:\n#   - a\n',
  );
  expect(text).toContain('things:\n  -\n    # Its name.\n    # Type: text\n    name: one\n');
  expect(text).not.toContain('hidden');
  const keys = [...text.matchAll(/^(?:# )?([a-z]+):/gm)].map(([, key]) => key);
  expect(keys.slice(0, 4)).toEqual(['environment', 'word', 'text', 'count']);
});

test('keys stand as overlays have them, and after these what no overlay says, as the schema has it', () => {
  const overlays = [{ environment: 'dev', part: { size: 1 }, things: [{ size: 2, name: 'one' }], count: 1 }];
  const more = { environments: ENVIRONMENTS, overlays };
  const text = fileOf('values.yaml', TEMPLATES, more);
  const keys = [...text.matchAll(/^(?:# )?([a-z]+):/gm)].map(([, key]) => key);
  expect(keys.slice(0, 6)).toEqual(['environment', 'part', 'things', 'count', 'word', 'text']);
  expect(text.indexOf('# Its size.')).toBeLessThan(text.indexOf('# Its name.'));
  const { namespace: _, ...values } = VALUES;
  expect(parse(text)).toEqual(values);
  const dev = parse(fileOf('values-dev.yaml', TEMPLATES, more));
  expect(Object.keys(dev)).toEqual(['environment', 'part', 'count', 'labels', 'hosts']);
});

test('of keys that are limited together, others of their map are not', () => {
  const allowed = [{ size: 2 }, { size: 5, deep: { word: 'x' } }];
  const limited = [{ path: ['part'], keys: ['size', 'deep'], reason: 'there are two', allowed }];
  const { properties } = JSON.parse(fileOf('values.schema.json', TEMPLATES, { environments: ENVIRONMENTS, limited }));
  expect(properties.part.anyOf).toEqual([
    { properties: { size: { enum: [2] }, deep: { enum: [null] } }, required: ['size'] },
    { properties: { size: { enum: [5] }, deep: { enum: [{ word: 'x' }] } }, required: ['size', 'deep'] },
  ]);
  expect(properties.part).not.toHaveProperty('enum');
  expect(properties.part.description).toContain('Of `size`, `deep` only what an environment has: there are two.');
});

test('values of an environment are what differs, and null what it lacks', () => {
  expect(parse(fileOf('values-dev.yaml', TEMPLATES, { environments: ENVIRONMENTS }))).toEqual({
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
  const schema = JSON.parse(fileOf('values.schema.json', TEMPLATES, { environments: ENVIRONMENTS }));
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
  const text = fileOf('values.schema.json', [configMap('it', mapOf({ size: placed('part.size') }))]);
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
  expect(parse(fileOf('values.yaml', TEMPLATES, more))).not.toHaveProperty('kind');
  expect(JSON.parse(fileOf('values.schema.json', TEMPLATES, more)).properties).not.toHaveProperty('kind');
  const text = fileOf('README.md', TEMPLATES, more);
  expect(text).toContain('| `kind` | `"small"` | Each kind has other objects. |');
  expect(text).toContain('| `count` | whole number, at least 1 | `3` | How many. |');
  const [, unset] = text.split('## What is not set here');
  expect(unset).toMatch(/^\| .*`hidden`.* \| no environment says it: what it changes was not there to be learned \|$/m);
  expect(unset!.split('## ')[0]).not.toContain('`kind`');
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
  const found = parse(fileOf('values.yaml', TEMPLATES, more));
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
  expect(parse(fileOf('values-dev.yaml', TEMPLATES, more))).toEqual({ part: { size: 1 }, things: [{ name: 'three' }] });
  const { properties } = JSON.parse(fileOf('values.schema.json', TEMPLATES, more));
  expect(properties).not.toHaveProperty('notes');
  expect([properties.part, properties.things.items].map((one) => Object.keys(one.properties))).toEqual([
    ['size'],
    ['name'],
  ]);
  expect(properties.labels.properties).toEqual({
    team: { not: {}, description: 'Was decided when the chart was made.' },
  });
  const rows = fileOf('README.md', TEMPLATES, more).match(/^\| `.*(deep|notes|objects)\. \|$/gm);
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
  const text = fileOf('README.md', [], more);
  expect(text).toContain('--namespace shop-dev --values values-dev.yaml --set api.image.tag=2.1.0\n');
  expect(text).toContain('kubectl create namespace shop-dev\n');
  expect(text).toContain('kubectl create namespace shop-data-dev\n');
  expect(fileOf('README.md', TEMPLATES)).toContain('helm upgrade shop . --namespace shop\n');
});

test('the README names the kinds of others that a cluster has to serve', () => {
  const objectOf = (apiVersion: string, kind: string) => ({
    layer: 'apps',
    name: `${kind}//it`,
    node: mapOf({ apiVersion: constant(apiVersion), kind: constant(kind), metadata: mapOf({ name: constant('it') }) }),
  });
  const own = ['v1 Service', 'apps/v1 Deployment', 'networking.k8s.io/v1 Ingress', 'rbac.authorization.k8s.io/v1 Role'];
  const others = ['dapr.io/v1alpha1 Component', 'gateway.networking.k8s.io/v1 HTTPRoute', 'dapr.io/v2 Subscription'];
  const templates = [...own, ...others].map((one) => objectOf(...(one.split(' ') as [string, string])));
  const text = fileOf('README.md', templates, { environments: ENVIRONMENTS });
  expect(text).toContain(
    'where values ask for them:\n\n- `dapr.io`: Component, Subscription\n- `gateway.networking.k8s.io`: HTTPRoute\n\n',
  );
  expect(text).toContain('`npm run preflight -- shop/dev`');
  expect(fileOf('README.md', TEMPLATES)).toContain('a default storage class.\n\n`npm run preflight -- shop`');
});
