import { evaluateCondition, evaluateObjects } from '../../src/outputs/chart/evaluate';
import type { ObjectTemplate } from '../../src/outputs/chart/template';
import { digestOf } from '../../src/platform/digest';
import { canonicalNumber } from '../../src/platform/quantity';
import { formatDuration, parseDuration } from '../../src/platform/duration';
import { alignItems } from '../../tools/charts/align';
import { changedBeside, contrasts, triedAt, withoutIdle } from '../../tools/charts/cases';
import { choicesAt, conditionFor } from '../../tools/charts/conditions';
import { closedSettings } from '../../tools/charts/finish';
import { heldOf, isClosed, keepsHeld } from '../../tools/charts/held';
import { jsonLines } from '../../tools/charts/json-lines';
import { Learner } from '../../tools/charts/learn';
import { Probe, type Schema } from '../../tools/charts/probe';
import { RandomChanges, randomNumbers } from '../../tools/charts/random-changes';
import { Resolver } from '../../tools/charts/resolve';
import { changesOf, type Sample, Sampler } from '../../tools/charts/samples';
import { type Values, withValue } from '../../src/outputs/chart/values';

interface Shop {
  readonly environment: string;
  readonly namespace: string;
  readonly image: { readonly repository: string; readonly tag: string };
  readonly replicas: number;
  readonly memory: string;
  readonly timeout: string;
  readonly collector: string;
  readonly mode: 'fast' | 'safe' | 'slow';
  readonly debug: boolean;
  readonly hosts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly proxy: { readonly enabled: boolean; readonly secrets: readonly string[] };
  readonly metrics: readonly Partial<Record<'pods' | 'external', { name: string; averageValue: string }>>[];
  readonly backup?: { readonly bucket: string };
}

const SHOP: Shop = {
  environment: 'dev',
  namespace: 'shop-dev',
  image: { repository: 'acme/shop', tag: '1.0' },
  replicas: 3,
  memory: '512Mi',
  timeout: '15m',
  collector: 'traces.shop:4317',
  mode: 'fast',
  debug: false,
  hosts: ['a.example.com'],
  labels: { team: 'shop' },
  secrets: [],
  proxy: { enabled: true, secrets: [] },
  metrics: [],
  backup: { bucket: 'copies' },
};

/** What constructs would make of it: all that templates have to say. */
function objectsOf(shop: Shop): any[] {
  const { namespace } = shop;
  const panels = [
    { title: 'Requests', id: 1 },
    ...(shop.backup ? [{ title: 'Backups', id: 2 }] : []),
    { title: `Errors above ${shop.replicas} %`, id: shop.backup ? 3 : 2 },
  ];
  const config = {
    kind: 'ConfigMap',
    metadata: { name: 'shop', namespace },
    data: {
      MODE: shop.mode,
      ROOM: `${Math.ceil((Number.parseInt(shop.memory, 10) * 11) / 10) + 64}Mi`,
      CHUNK: `${Math.max(8, Math.ceil(Number.parseInt(shop.memory, 10) / 100))}Mi`,
      LIMIT: String(Math.floor((Number.parseInt(shop.memory, 10) * 3) / 4)),
      SCRIPT: ['#!/bin/sh', ...(shop.debug ? ['set -x'] : []), `exec shop --env ${shop.environment}`, ''].join('\n'),
      'board.json': JSON.stringify({ title: namespace, panels }, null, 2),
    },
  };
  const secrets = [...new Set([...(shop.proxy.enabled ? shop.proxy.secrets : []), ...shop.secrets])];
  const metrics = shop.metrics.map(({ pods, external }) => {
    const { name, averageValue } = (pods ?? external)!;
    const figure = { metric: { name }, target: { type: 'AverageValue', averageValue: canonicalNumber(averageValue) } };
    return pods ? { type: 'Pods', pods: figure } : { type: 'External', external: figure };
  });
  const pod = {
    labels: { app: 'shop', ...shop.labels },
    spec: {
      ...(secrets.length > 0 ? { imagePullSecrets: secrets.map((name) => ({ name })) } : {}),
      containers: [
        {
          name: 'shop',
          image: `${shop.image.repository}:${shop.image.tag}`,
          args: ['serve', ...shop.hosts, '--quiet'],
          timeoutSeconds: parseDuration(shop.timeout),
          env: [`COLLECTOR=${shop.collector}`, `RUNBOOK=slower than ${formatDuration(parseDuration(shop.timeout))}`],
          peerPort: Number(shop.collector.split(':')[1]),
          priority: { fast: 1, safe: 5, slow: 9 }[shop.mode],
        },
      ],
    },
  };
  return [
    config,
    {
      kind: 'Deployment',
      metadata: { name: 'shop', namespace, annotations: { 'checksum/config': digestOf(config.data) } },
      metrics: [{ type: 'Resource' }, ...metrics],
      spec: { replicas: shop.replicas, minAvailable: Math.max(1, shop.replicas - 1), template: pod },
    },
    { kind: 'Job', metadata: { name: `copy-${digestOf(pod).slice(0, 10)}`, namespace }, spec: { template: pod } },
    ...(shop.backup ? [{ kind: 'CronJob', metadata: { name: 'backup', namespace }, bucket: shop.backup.bucket }] : []),
  ];
}

const CHANGES: readonly [path: readonly string[], values: readonly unknown[]][] = [
  [['environment'], ['devx']],
  [['namespace'], ['shop-devx']],
  [
    ['image', 'repository'],
    ['acme/shopx', 'probed'],
  ],
  [
    ['image', 'tag'],
    ['1.0x', '2.1'],
  ],
  [['replicas'], [4, 11, 1, 0, 2]],
  [['memory'], ['513Mi', '1538Mi', '1024Mi']],
  [['timeout'], ['16m', '915s', '47m']],
  [['collector'], ['traces.shop:4318', 'traces.shop:2159', 'probed-traces.shop:4317']],
  [['mode'], ['safe', 'slow']],
  [['debug'], [true]],
  [
    ['metrics'],
    [
      [{ pods: { name: 'probed', averageValue: '1000' } }],
      [{ external: { name: 'probed', averageValue: '70' } }],
      [{ pods: { name: 'probed_a', averageValue: '70' } }, { external: { name: 'probed_b', averageValue: '1500m' } }],
    ],
  ],
  [['secrets'], [['probed'], ['probed', 'second-probed']]],
  [
    ['proxy', 'secrets'],
    [['probed'], ['probed', 'second-probed']],
  ],
  [['hosts'], [['a.example.com', 'b'], [], ['c']]],
  [['labels', 'team'], ['shopx']],
  [['labels', 'probed'], ['x']],
  [['backup', 'bucket'], ['copiesx']],
  [['backup'], [undefined]],
];

const asObjects = (shop: Values) => objectsOf(shop as unknown as Shop).map((manifest) => ({ layer: 'apps', manifest }));
const plainName = (object: any) => `${object.kind}//${object.metadata.name.replace(/-[0-9a-f]{10}$/, '')}`;

function learned(make: (values: Values) => any[] = asObjects) {
  const values = SHOP as unknown as Values;
  const origin: Sample = { values, objects: make(values) };
  const samples: Sample[] = [origin];
  for (const [changed, others] of CHANGES) {
    for (const other of others) {
      const one = withValue(values, changed, other);
      samples.push({ values: one, objects: make(one), origin, changed });
    }
  }
  // Both lists of Secrets, and without what one of them is for.
  const steps: readonly [path: readonly string[], value: unknown][] = [
    [['proxy', 'secrets'], ['probed-0']],
    [['secrets'], ['probed-1']],
    [['proxy', 'enabled'], false],
    [['proxy', 'secrets'], ['probed-1']],
  ];
  let before = origin;
  for (const [changed, value] of steps) {
    const one = withValue(before.values, changed, value);
    before = { values: one, objects: make(one), origin: before, changed };
    samples.push(before);
  }
  choicesAt([['mode']]);
  const lists = [['hosts'], ['metrics'], ['secrets'], ['proxy', 'secrets']];
  const learner = new Learner('shop', samples, { maps: [['labels']], lists }, [], plainName);
  const templates: ObjectTemplate[] = learner.learn();
  return { templates, unexplained: learner.unexplained };
}

describe('templates that are learned of samples', () => {
  const { templates, unexplained } = learned();

  test('explain every field', () => {
    expect(unexplained.map(({ where }) => where)).toEqual([]);
  });

  test.each<[string, Partial<Shop>]>([
    ['as it is', {}],
    ['several values at once', { replicas: 8, memory: '300Mi', timeout: '3m', mode: 'slow' }],
    ['what is no less than a number, and more', { memory: '2201Mi' }],
    ['a duration of several units', { timeout: '1507m' }],
    ['what is rounded up, where there is nothing to round', { memory: '900Mi' }],
    ['words of two lists', { secrets: ['a', 'b'], proxy: { enabled: true, secrets: ['c', 'a'] } }],
    ['words of one of two lists', { secrets: [], proxy: { enabled: true, secrets: ['c', 'a'] } }],
    ['words of a list that does not count', { secrets: ['a'], proxy: { enabled: false, secrets: ['c'] } }],
    ['no words of lists that count', { secrets: [], proxy: { enabled: false, secrets: ['c'] } }],
    [
      'a list of things of two kinds',
      {
        metrics: [
          { external: { name: 'queue', averageValue: '2000m' } },
          { pods: { name: 'open', averageValue: '30000' } },
          { pods: { name: 'x', averageValue: '7' } },
        ],
      },
    ],
    ['another host and port', { collector: 'jaeger:443' }],
    [
      'what was never tried',
      { image: { repository: 'other/thing', tag: '9' }, environment: 'test', namespace: 'elsewhere' },
    ],
    ['switches together', { debug: true, backup: undefined, mode: 'safe', replicas: 0 }],
    ['more entries of a map and a list', { labels: { a: '1', team: 'x', z: '2' }, hosts: ['x', 'y', 'z'] }],
  ])('make what the constructs make: %s', (_, changes) => {
    const shop = { ...SHOP, ...changes };
    if (shop.backup === undefined) delete (shop as { backup?: unknown }).backup;
    const made = evaluateObjects(templates, shop as unknown as Values);
    expect(JSON.parse(JSON.stringify(made))).toEqual(JSON.parse(JSON.stringify(objectsOf(shop))));
  });

  test('say nothing of a field that no template can tell, but that they cannot', () => {
    const { unexplained: found } = learned((values) => [
      {
        layer: 'apps',
        manifest: { kind: 'A', metadata: { name: 'a' }, odd: digestOf([values['replicas'], values['memory']]) },
      },
    ]);
    expect(found.map(({ where }) => where)).toEqual(['A//a.odd']);
    expect(found[0]!.paths).toContainEqual(['replicas']);
  });
});

test('lines of JSON are told apart by what they say something of, whatever is before them', () => {
  const text = (panels: unknown[]) => JSON.stringify({ uid: 'x', panels }, null, 2);
  const [a, b] = [
    { title: 'A', id: 1 },
    { title: 'B in shop', id: 2 },
  ];
  const ids = (one: string) => jsonLines(one, { shop: '~' })!.map(({ id }) => id);
  expect(ids(text([a, b])).filter((id) => ids(text([b])).includes(id))).toEqual(ids(text([b])));
  expect(
    jsonLines(text([a, b]), { shop: '~' })!
      .map((line) => line.text)
      .join('\n'),
  ).toBe(text([a, b]));
  expect(jsonLines('{\n  not: json\n}', { shop: '~' })).toBeUndefined();
});

test('words after a flag that is said many times stay beside it', () => {
  const args = (...settings: string[]) => settings.flatMap((one) => ['-c', one]);
  const rows = alignItems([args('a=1', 'b=2', 'd=4'), args('a=1', 'b=20', 'c=3', 'd=4'), args('b=2', 'd=5')]);
  expect(rows).toEqual([
    ['-c', 'a=1', '-c', 'b=2', undefined, undefined, '-c', 'd=4'],
    ['-c', 'a=1', '-c', 'b=20', '-c', 'c=3', '-c', 'd=4'],
    [undefined, undefined, '-c', 'b=2', undefined, undefined, '-c', 'd=5'],
  ]);
});

test('what is held keeps what some environment says', () => {
  const all: Values[] = [
    { kafka: { brokers: 3 }, topics: ['a'] },
    { kafka: { brokers: 1 }, topics: ['a'] },
  ];
  const held = heldOf(all, [
    { path: '*.brokers', reason: 'r' },
    { path: 'topics', reason: 's' },
  ]);
  expect(held.map(({ path, allowed }) => [path.join('.'), allowed])).toEqual([
    ['kafka.brokers', [3, 1]],
    ['topics', [['a']]],
  ]);
  expect(keepsHeld({ kafka: { brokers: 1 }, topics: ['a'] }, held)).toBe(true);
  expect(keepsHeld({ kafka: { brokers: 2 }, topics: ['a'] }, held)).toBe(false);
  expect([isClosed(['backend', 'secrets']), isClosed(['backend', 'environment'])]).toEqual([true, false]);
});

test('a list of changes has another of each kind, and the same seed the same row', () => {
  expect(changesOf('512Mi', {})).toContain('1024Mi');
  expect(changesOf('1h', {})).toContain('75m');
  expect(changesOf('7d', {})).toContain('183h');
  expect(changesOf('45s', {}).every((one) => /^[0-9]+s$/.test(String(one)))).toBe(true);
  expect(changesOf('tempo:4317', {})).toEqual(expect.arrayContaining(['tempo:4318', 'tempo:2159']));
  expect(changesOf(['a'], {})).toContainEqual([]);
  expect(changesOf([80], {})).toContainEqual([80, 81]);
  expect(changesOf('fast', { enum: ['fast', 'slow'] })).toEqual(['fast', 'slow']);
  const row = (seed: number) => Array.from({ length: 5 }, randomNumbers(seed));
  expect(row(7)).toEqual(row(7));
  expect(row(7)).not.toEqual(row(8));
});

test('a condition of several tests is found beside what has no effect', () => {
  const names = ['wait', 'known', 'optional', 'other', 'x', 'y'];
  const all = Array.from({ length: 2 ** names.length }, (_, bits): Values =>
    Object.fromEntries(names.map((name, index) => [name, (bits & (1 << index)) !== 0])),
  );
  const isThere = ({ wait, known, optional, other }: Values) => (wait && known && !optional) || other === true;
  const cases = all.map((values, index) => ({ scope: { id: `${index}`, values }, value: undefined }));
  const wanted = Uint8Array.from(all, (values) => (isThere(values) ? 1 : 0));
  const condition = conditionFor(
    cases,
    wanted,
    names.map((name) => [name]),
  )!;
  expect(all.map((values) => evaluateCondition(condition, values))).toEqual([...wanted].map((one) => one === 1));
  const odd = Uint8Array.from(all, ({ x, y, wait }) => ([x, y, wait].filter(Boolean).length % 2 === 1 ? 1 : 0));
  expect(conditionFor(cases.slice(0, 32), odd.slice(0, 32), [['known']])).toBeUndefined();
});

test('what was changed together with something is known, even where it changed nothing by itself', () => {
  const cases = [
    { scope: { id: '0', values: { x: 1 } }, value: true },
    { scope: { id: '1', values: { x: 0 }, origin: '0', changed: ['x'] }, value: true },
    { scope: { id: '2', values: { x: 0, y: 0 }, origin: '1', changed: ['y'] }, value: false },
    { scope: { id: '3', values: { x: 1, z: 0 }, origin: '0', changed: ['z'] }, value: true },
  ];
  expect(changedBeside(cases, [['y']])).toEqual([['y'], ['x']]);
});

test('what no template reads is no value, with the reason', () => {
  const map = [['read'], ['postgres', 'read']].map((path) => ({ key: 'data', node: { placed: { path, as: 'same' } } }));
  const node = { map };
  const templates = [{ name: 'ConfigMap//a', layer: 'config', node }];
  const all: Values[] = [{ read: 1, tried: 2, refused: 3, postgres: { read: 1, parameters: {} } }];
  const { fixed, limited } = closedSettings(templates, all, [], [['tried']]);
  expect(limited).toEqual([]);
  expect(fixed).toEqual([
    { path: ['tried'], reason: 'changes no object of this system as it is set here' },
    { path: ['refused'], reason: 'no other value of it is accepted beside what else is set here' },
    {
      path: ['postgres', 'parameters'],
      reason: 'stand among the arguments of the server, in the order of their names',
    },
  ]);
});

/** A system of which there is nothing but the schema of its settings. */
const schemaProbe = (root: Schema): Probe =>
  Object.create(Probe.prototype, { root: { value: root }, resolve: { value: (one: Schema) => one } });

test('random changes also add entries and what has no default, but nothing to maps whose entries are those there are', () => {
  const text = { type: 'string' };
  const open = { type: 'object', additionalProperties: text };
  const part = { type: 'object', properties: { labels: open, secrets: open, command: { type: 'array', items: text } } };
  const changes = new RandomChanges(
    schemaProbe({ type: 'object', properties: { shop: part } }),
    randomNumbers(1),
    () => true,
    () => false,
  );
  const values: Values = { shop: { labels: { team: 'a' }, secrets: { KEY: 'x' } } };
  const paths = Array.from({ length: 300 }, () => changes.change(values)).flatMap((all) =>
    all.map(({ path }) => path.join('.')),
  );
  const kinds = paths.map((path) => path.replace(/(extra)(_|-|\.example\/)w[a-z0-9]{1,4}$/i, '$1$2…'));
  expect(new Set(kinds)).toEqual(
    new Set([
      ...['team', 'EXTRA_…', 'extra-…', 'extra.example/…'].map((key) => `shop.labels.${key}`),
      'shop.secrets.KEY',
      'shop.command',
    ]),
  );
  // No key comes often enough that a template could name it.
  expect(new Set(paths).size).toBeGreaterThan(100);
});

/** A system of these settings, of which one object says what `shown` makes of them. */
const probeOf = (properties: object, shown: (settings: any) => unknown) =>
  ({
    system: 'shop',
    root: { type: 'object', properties },
    resolve: (one: unknown) => one,
    at: () => ({}),
    build: (values: Values) => [{ manifest: { kind: 'ConfigMap', metadata: { name: 'shop' }, data: shown(values) } }],
  }) as unknown as Probe;

test('a map of any entries that has none is a value, and one of named settings without a default is none', () => {
  const labels = { type: 'object', default: {}, additionalProperties: { type: 'string' } };
  const probe = { type: 'object', properties: { path: { type: 'string' } } };
  const replicas = { type: 'integer', default: 2 };
  const shown = ({ labels = {}, replicas = 2, probe = {} }: Values) => [labels, replicas, probe];
  const found = new Resolver(probeOf({ labels, replicas, probe }, shown)).resolve({});
  expect(found).toEqual({ labels: {}, replicas: 2 });
});

test('what has no default is set, and then changed together with the texts beside it', () => {
  const text = { type: 'string' };
  const image = { type: 'object', properties: { repository: text, tag: text, digest: text } };
  const probe = probeOf(
    { image },
    ({ image: { repository, tag, digest } = {} as any }) => `${repository}:${tag}@${digest}`,
  );
  const sampler = new Sampler(probe);
  sampler.surround({ image: { repository: 'shop', tag: '1.0' } }, [], 2);
  const digestIn = (sample?: Sample) => (sample?.values['image'] as any)?.digest;
  const set = sampler.samples.filter((one) => digestIn(one) && !digestIn(one.origin));
  const beside = sampler.samples.filter((one) => digestIn(one.origin));
  expect(set.map(({ changed }) => changed)).toEqual([['image', 'digest']]);
  expect(new Set(beside.map(({ changed }) => changed!.join('.')))).toEqual(
    new Set(['image.digest', 'image.repository', 'image.tag']),
  );
});

test('parts are left out two at a time, and lists of one name are filled together: what is there for either is seen', () => {
  const flag = { type: 'boolean' };
  const list = { type: 'array', items: { type: 'string' } };
  const part = { type: 'object', properties: { enabled: flag, secrets: list } };
  const values: Values = { a: { enabled: true, secrets: [] }, b: { enabled: true, secrets: [] } };
  const probe = probeOf({ a: part, b: part }, (all) => JSON.stringify(all));
  const sampler = new Sampler(probe);
  sampler.surround(values, [], 2);
  const seen = sampler.samples.map((one) => one.values as any);
  const isIn = (wanted: (a: any, b: any) => boolean) => seen.some(({ a, b }) => a && b && wanted(a, b));
  expect(isIn((a, b) => !a.enabled && !b.enabled)).toBe(true);
  expect(isIn((a, b) => a.secrets.length === 1 && b.secrets.length === 1 && a.secrets[0] !== b.secrets[0])).toBe(true);
  expect(isIn((a, b) => a.secrets.length === 1 && a.secrets[0] === b.secrets[0])).toBe(true);
  expect(isIn((a, b) => !a.enabled && a.secrets.length === 1 && b.secrets.length === 1)).toBe(true);
  const tried = new RandomChanges(
    probe,
    randomNumbers(1),
    () => true,
    () => false,
  ).each(values);
  const together = tried.filter(({ length }) => length > 1).map((row) => row.map(({ path }) => path.join('.')).join());
  expect(together).toEqual(['a.enabled,b.enabled', 'a.secrets,b.secrets', 'a.secrets,b.secrets']);
});

test('two turns of one part are tried together, the second also where it is refused alone', () => {
  const part = {
    type: 'object',
    properties: { mode: { enum: ['a', 'b'] }, minAvailable: { type: 'integer' }, replicas: { type: 'integer' } },
  };
  const values = { shop: { mode: 'a', replicas: 2, minAvailable: 1 } };
  const taken = ({ shop }: any) => shop?.minAvailable < shop?.replicas;
  const probe = Object.assign(
    probeOf({ shop: part }, (all) => JSON.stringify(all)),
    {
      at: ([, key]: string[]) => part.properties[key as 'mode'],
    },
  );
  const { build } = probe;
  probe.build = (all) => (taken(all) ? build(all) : undefined);
  const sampler = new Sampler(probe);
  sampler.surround(values, [], 0);
  const together = sampler.samples.filter(
    ({ values: { shop } }: any) => shop.minAvailable !== 1 && shop.replicas !== 2,
  );
  expect(together.map(({ values: { shop } }) => shop)).toContainEqual({ mode: 'a', replicas: 4, minAvailable: 2 });
  const large = sampler.samples.find(({ values: { shop } }: any) => shop.replicas === 4 && shop.mode === 'b');
  expect([large!.origin!.origin!.values, large!.changed]).toEqual([values, ['shop', 'replicas']]);
  const rows = new RandomChanges(
    probe,
    randomNumbers(1),
    () => true,
    () => false,
  )
    .each(values)
    .filter(({ length }) => length === 2)
    .map((row) => row.map(({ path, value }) => `${path.at(-1)} ${String(value)}`).join(', '));
  expect(rows).toContain('replicas 5, minAvailable 3');
});

test('what is seen in one environment alone, and names it, names every other there', () => {
  const shown = (environment: string, mode: string): object =>
    mode === 'wide'
      ? { kind: 'ConfigMap', metadata: { name: 'a' }, spread: { words: [`shop-${environment}`, 'dev'], at: 1 } }
      : { kind: 'ConfigMap', metadata: { name: 'a' } };
  const sampleOf = (environment: string, mode: string, origin?: Sample): Sample => ({
    values: { environment, mode, namespace: 'shop' },
    objects: [{ manifest: shown(environment, mode), layer: 'config' }] as any,
    ...(origin ? { origin, changed: ['mode'] } : {}),
  });
  const dev = sampleOf('dev', 'near');
  const samples = [dev, sampleOf('dev', 'wide', dev), sampleOf('production', 'near')];
  choicesAt([['mode']]);
  const learner = new Learner('shop', samples, { maps: [], lists: [] }, [], plainName);
  const templates = learner.learn();
  expect(learner.unexplained).toEqual([]);
  const values = { environment: 'production', mode: 'wide', namespace: 'shop' };
  expect(evaluateObjects(templates, values)).toEqual([shown('production', 'wide')]);
});

test('what was changed alone and changed nothing tells nothing apart', () => {
  const scope = (id: string, values: Values, origin?: string, changed?: string[]) => ({ id, values, origin, changed });
  const cases = [
    { scope: scope('0', { level: 'info', mode: 'a' }), value: 1 },
    { scope: scope('1', { level: 'warn', mode: 'a' }, '0', ['level']), value: 1 },
    { scope: scope('2', { level: 'warn', mode: 'b' }), value: 2 },
  ];
  expect(contrasts(cases)).toEqual([['mode'], ['level']]);
  const found = () =>
    withoutIdle(
      cases,
      () => contrasts(cases),
      ({ length }) => length > 0,
    );
  expect(found()).toEqual([['mode']]);
  // What was never changed alone is asked last.
  triedAt([['level']]);
  expect(found()).toEqual([['mode']]);
  triedAt([['level'], ['mode']]);
  expect(found()).toEqual([['mode']]);
  expect(contrasts(cases)).toContainEqual(['level']);
});

test('an image is the one of the version that runs, wherever that was not tried', () => {
  const imageOf = ({ imageRegistry, web }: any): string => {
    const { tag } = web.release.green && web.replicas > 0 ? web.release.green : web.image;
    return `${imageRegistry ? `${imageRegistry}/` : ''}${web.image.repository}:${tag}`;
  };
  const origin = { namespace: 'shop', web: { image: { repository: 'shop', tag: '1' }, replicas: 2, release: {} } };
  const sampleOf = (values: Values, from?: Sample, changed?: string[]): Sample => {
    const manifest = { kind: 'ConfigMap', metadata: { name: 'a' }, image: imageOf(values) };
    return { values, objects: [{ manifest, layer: 'config' }] as any, origin: from, changed };
  };
  const first = sampleOf(origin);
  const changes: [path: string, value: unknown][] = [
    ['web.image.repository', 'other'],
    ['web.image.tag', '1.1'],
    ['web.release.green', { tag: '2' }],
    ['imageRegistry', 'mirror.example'],
  ];
  const alone = changes.map(([path, value]) =>
    sampleOf(withValue(origin, path.split('.'), value), first, path.split('.')),
  );
  const none = sampleOf(withValue(alone[2]!.values, ['web', 'replicas'], 0), alone[2], ['web', 'replicas']);
  choicesAt([]);
  const learner = new Learner('shop', [first, ...alone, none], { maps: [], lists: [] }, [], plainName);
  const templates = learner.learn();
  expect(learner.unexplained).toEqual([]);
  const all = changes.reduce<Values>((sum, [path, value]) => withValue(sum, path.split('.'), value), origin);
  expect(evaluateObjects(templates, all)).toMatchObject([{ image: 'mirror.example/other:2' }]);
  expect(JSON.stringify(templates)).not.toContain('choice');
});

test('entries are told apart by what they are, and not by which of a few words they have', () => {
  const origin = { namespace: 'shop', metrics: [] as object[] };
  const sampleOf = (metrics: readonly any[], from?: Sample): Sample => {
    const shown = metrics.map(({ pods }) => ({ type: pods ? 'Pods' : 'External' }));
    const manifest = { kind: 'ConfigMap', metadata: { name: 'a' }, metrics: shown };
    const values = { ...origin, metrics };
    return { values, objects: [{ manifest, layer: 'config' }] as any, origin: from, changed: from && ['metrics'] };
  };
  const first = sampleOf([]);
  const [one, two, three] = ['a', 'b', 'c'].map((name) => ({ pods: { name } }));
  const external = { external: { name: 'a' } };
  const rows = [[one], [external], [two, external], [external, three]].map((row) => sampleOf(row, first));
  choicesAt([]);
  const learner = new Learner('shop', [first, ...rows], { maps: [], lists: [['metrics']] }, [], plainName);
  const templates = learner.learn();
  expect(learner.unexplained).toEqual([]);
  const made = evaluateObjects(templates, { namespace: 'shop', metrics: [{ pods: { name: 'new' } }] });
  expect(made).toMatchObject([{ metrics: [{ type: 'Pods' }] }]);
});

test('a word that says nothing of what is seen is not asked', () => {
  const sampleOf = (values: Values, from?: Sample, changed?: string[]): Sample => {
    const manifest = {
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      at: values['registry'] ? `${values['registry']}/x` : 'x',
    };
    return { values, objects: [{ manifest, layer: 'config' }] as any, origin: from, changed };
  };
  const origins = ['blue', 'green'].map((active) => sampleOf({ namespace: 'shop', active }));
  const changed = sampleOf({ ...origins[0]!.values, registry: 'mirror.example' }, origins[0], ['registry']);
  const again = sampleOf({ ...changed.values, registry: 'second.example' }, changed, ['registry']);
  choicesAt([['active']]);
  triedAt([['active'], ['registry']]);
  const learner = new Learner('shop', [...origins, changed, again], { maps: [], lists: [] }, [['active']], plainName);
  const templates = learner.learn();
  expect(learner.unexplained).toEqual([]);
  const made = evaluateObjects(templates, { namespace: 'shop', active: 'green', registry: 'other.example' });
  expect(made).toMatchObject([{ at: 'other.example/x' }]);
});

test('what another environment lends is tried with what decides beside it, and all parts are stopped one after the other', () => {
  const count = { type: 'integer' };
  const budget = { type: 'object', properties: { minAvailable: count } };
  const part = { type: 'object', properties: { replicas: count, budget } };
  const probe = Object.assign(
    probeOf({ shop: part, desk: part }, (all) => JSON.stringify(all)),
    { at: (path: string[]) => (path.length === 1 ? part : path.at(-1) === 'budget' ? budget : count) },
  );
  const values = { shop: { replicas: 1 }, desk: { replicas: 3 } };
  const sampler = new Sampler(probe);
  sampler.surround(values, [{ ...values, shop: { replicas: 1, budget: { minAvailable: 1 } } }], 0);
  const tried = sampler.samples.map(({ values: { shop, desk } }: any) => [shop, desk]);
  expect(tried).toContainEqual([{ replicas: 4, budget: { minAvailable: 2 } }, { replicas: 3 }]);
  expect(tried).toContainEqual([{ replicas: 0 }, { replicas: 0 }]);
});
