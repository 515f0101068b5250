import { chartFiles } from '../../src/outputs/chart/chart';
import type { Schema, SchemaDocument } from '../../src/outputs/chart/schema';
import type { ChartSource } from '../../src/outputs/chart/source';
import type { Condition, Node, ObjectTemplate } from '../../src/outputs/chart/template';
import type { OutputFile } from '../../src/outputs/plain';
import type { Values } from '../../src/outputs/chart/values';

/** A constant. */
export const constant = (literal: unknown): Node => ({ literal });

/** What stands at a path, such as `part.size`. */
export const placed = (path: string, as = 'same'): Node => ({ placed: { path: path.split('.'), as } });

/** A map of nodes. */
export const mapOf = (nodes: Readonly<Record<string, Node>>): Node => ({
  map: Object.entries(nodes).map(([key, node]) => ({ key, node })),
});

/** A ConfigMap with this data. */
export const configMap = (name: string, data: Node, more: Partial<ObjectTemplate> = {}): ObjectTemplate => ({
  name: `ConfigMap//${name}`,
  layer: 'config',
  node: mapOf({
    apiVersion: constant('v1'),
    data,
    kind: constant('ConfigMap'),
    metadata: mapOf({ name: constant(name), namespace: placed('namespace') }),
  }),
  ...more,
});

/** An object of this metadata. */
export const objectOf = (name: string, metadata: Node, more: Partial<ObjectTemplate> = {}): ObjectTemplate => ({
  name,
  layer: 'data',
  node: mapOf({ apiVersion: constant('v1'), kind: constant(name.split('/')[0]), metadata }),
  ...more,
});

export const SCHEMA: SchemaDocument = {
  $ref: '#/definitions/ShopSettings',
  definitions: {
    ShopSettings: {
      type: 'object',
      properties: {
        namespace: { type: 'string', pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$', description: 'Namespace.' },
        word: { type: 'string', pattern: '^[a-z]+$', title: 'a word in lower case', description: 'A word.' },
        text: { type: 'string', description: 'Any text.\n\nDefault: a greeting.' },
        count: { $ref: '#/definitions/Count', description: 'How many.' },
        share: { type: 'number', minimum: 0, description: 'A share.' },
        flag: { type: 'boolean', description: 'Whether it is so.' },
        kind: { enum: ['small', 'large'], description: 'The kind.' },
        either: { type: ['string', 'number'], description: 'A number or text.' },
        names: { type: 'array', items: { type: 'string' }, description: 'Names.' },
        ports: { type: 'array', items: { type: 'integer' }, description: 'Ports.' },
        rates: { type: 'array', items: { type: 'number' }, description: 'Percentages.' },
        labels: { type: 'object', additionalProperties: { type: ['string', 'number'] }, description: 'Labels.' },
        things: { type: 'array', items: { $ref: '#/definitions/Thing' }, description: 'Things.' },
        hosts: { type: 'array', items: { type: 'string' }, description: 'Hosts, of which there may be none.' },
        notes: { type: 'object', additionalProperties: { type: 'string' }, description: 'Notes, where there are any.' },
        part: { $ref: '#/definitions/Part', description: 'A part that may be left out.' },
        time: { type: 'string', pattern: '^[1-9][0-9]*[smhd]$', description: 'A time.' },
        address: { type: 'string', pattern: '^[a-z.]+:[0-9]{1,5}$', description: 'A host and port.' },
        memory: { type: 'string', pattern: '^[0-9.]+([KMGT]i)?$', description: 'Memory.' },
        cpu: { type: 'string', pattern: '^[0-9.]+m?$', description: 'CPU.' },
        namespaces: {
          type: 'object',
          properties: { data: { type: 'string', description: 'Where data is.' } },
          additionalProperties: false,
          description: 'Namespaces beside its own.',
        },
        hidden: { type: 'string', description: 'What no template reads, and no environment sets.' },
        inside: { type: 'string', pattern: '^(?!-)[a-z]+$', description: 'What RE2 cannot check.' },
      },
      required: ['namespace', 'word'],
      additionalProperties: false,
    },
    Count: { type: 'integer', minimum: 1, description: 'A count.' },
    Thing: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Its name.' },
        size: { type: 'integer', description: 'Its size.' },
      },
      required: ['name'],
      additionalProperties: false,
    },
    Part: {
      type: 'object',
      properties: {
        size: { type: 'integer', description: 'Its size.' },
        deep: { type: 'object', properties: { word: { type: 'string' } as Schema }, additionalProperties: false },
      },
      additionalProperties: false,
    },
  },
};

export const VALUES: Values = {
  environment: 'base',
  namespace: 'shop',
  word: 'hello',
  text: 'Hello: "all"',
  count: 3,
  share: 0.5,
  flag: true,
  kind: 'small',
  either: 'x',
  names: ['a', 'b'],
  ports: [80, 1_000_000],
  rates: [99.9, 7],
  labels: { team: 'shop' },
  things: [{ name: 'one', size: 1 }, { name: 'two' }],
  part: { size: 2, deep: { word: 'w' } },
  time: '15m',
  address: 'traces.shop:4317',
  memory: '256Mi',
  cpu: '250m',
};

/** A chart of these templates. */
export const smallChart = (templates: readonly ObjectTemplate[], more: Partial<ChartSource> = {}): OutputFile[] =>
  chartFiles('.', {
    name: 'shop',
    version: '2.0.0',
    appVersion: '1.2.3',
    description: 'A shop.',
    templates,
    values: VALUES,
    environments: [],
    schema: SCHEMA,
    fixed: [],
    ...more,
  });

/** The text of one of a chart's files. */
export const fileOf = (
  path: string,
  templates: readonly ObjectTemplate[] = [],
  more: Partial<ChartSource> = {},
): string => smallChart(templates, more).find((one) => one.path === `./${path}`)!.text;

/** That `flag` is on. */
export const flag: Condition = [[{ test: { path: ['flag'], is: 'true' }, not: false }]];

/** The environments of the small chart. */
export const ENVIRONMENTS = [
  {
    name: 'dev',
    values: { ...VALUES, environment: 'dev', count: 1, part: undefined, labels: { team: 'dev' }, hosts: ['a'] },
  },
];
/** A few templates that read two of its values. */
export const TEMPLATES = [configMap('it', mapOf({ word: placed('word'), inside: placed('inside') }))];
