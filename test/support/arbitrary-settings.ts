import fc from 'fast-check';

import { onOneCloud } from './one-cloud';
import {
  backups,
  horizontal,
  outside,
  policies,
  priorities,
  releases,
  smokeTests,
  standby,
  telemetry,
  triggers,
  vertical,
} from './sensible-settings';

/** A JSON Schema, as tools/generate-settings.ts makes them. */
type Schema = any;
type Path = readonly (string | number)[];

/** An overlay that one change has made wrong. */
export interface BrokenOverlay {
  readonly overlay: Record<string, unknown>;
  /** Where it is wrong. */
  readonly path: Path;
  readonly fault: Fault;
}

export type Fault = 'wrong type' | 'not allowed' | 'out of range' | 'unknown key' | 'too few' | 'missing';

const mostly = fc.oneof({ weight: 60, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });

/** Any overlay that the schema of environments allows: what people write, and now and then whatever else is allowed. */
export const overlays = (schema: Schema, base?: unknown): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .tuple(mapOf(schema, deref(schema, schema), 2), mostly)
    // Left to chance, hardly any would say the same of its cloud in all places.
    .map(([overlay, fitting]) => (fitting ? onOneCloud(overlay, base) : overlay) as Record<string, unknown>);

/** An allowed overlay in which one thing is wrong; `base` is what the environment changes, with its own schema. */
export function brokenOverlays(schema: Schema, base: { schema: Schema; data: unknown }): fc.Arbitrary<BrokenOverlay> {
  const breaks = [
    ...breaksIn(schema, schema, []),
    ...requiredIn(base.schema, base.schema, base.data, []).map((path) => breakAt(path, 'missing', fc.constant(null))),
  ];
  const byFault = new Map(breaks.map(({ fault }) => [fault, breaks.filter((other) => other.fault === fault)]));
  const oneBreak = fc.oneof(...[...byFault.values()].map((some) => fc.constantFrom(...some)));
  return fc
    .tuple(overlays(schema, base.data), oneBreak)
    .chain(([overlay, { path, fault, values }]) =>
      values.map((value) => ({ overlay: withValueAt(overlay, path, value), path, fault })),
    );
}

/* Values that are allowed. */

/** What people write where the schema allows far more, by what the schema calls it. */
const USUAL: readonly [title: RegExp, values: readonly string[]][] = [
  [/amount of CPU/, ['10m', '100m', '250m', '1', '1.5', '2']],
  [/amount of bytes/, ['64Mi', '256Mi', '512Mi', '1Gi', '1.5Gi', '2Gi', '500M']],
  [/DNS label/, ['shop', 'todo-app-x', 'fast-ssd', 'a']],
  [/image repository/, ['postgres', 'redis', 'registry.example.com:5000/shop/postgres', 'oliver006/redis_exporter']],
  [/image tag/, ['1.0.0', '16.13-alpine', 'v2', '0775', '1e3']],
  [/begins and ends with a slash/, ['/assets/', '/static/js/']],
  [/address that ends with a slash/, ['https://docs.example.com/shop/']],
  [/beginning of a path/, ['/health', '/metrics']],
  [/path without spaces/, ['/loki', '/a/b']],
  [/slash/, ['/', '/health', '/metrics?full=1', '/a b']],
  [/version/, ['2.0.0', '1.0', '3']],
  [/vault\.azure\.net/, ['https://todo-secrets.vault.azure.net', 'https://todo.vault.usgovcloudapi.net']],
  [/vault\.example/, ['https://vault.example.com:8200', 'https://vault']],
  [/ARN of a role/, ['arn:aws:iam::123456789012:role/todo-secrets']],
  [/a service account such/, ['secrets@todo-project.iam.gserviceaccount.com']],
  [/UUID/, ['01234567-89ab-cdef-0123-456789abcdef']],
  [/fields of cron/, ['30 3 * * *', '0 */2 * * 1-5']],
  [/time zone/, ['Etc/UTC', 'Europe/Berlin']],
  [/an address such as http/, ['http://prometheus.monitoring:9090']],
  [/names of letters, digits and dashes/, ['team', 'team/todo', 'a/b/c']],
];

const VARIABLES = ['LOG_STYLE', 'DATABASE_URL', 'A', 'A_B', '_x', 'FEATURE_X', 'yes', 'E0'];
// Less those that JavaScript keeps for itself, which are refused when a file is read.
const STRANGE_KEYS = ['toString', '', ' ', 'a b', 'a.b', 'a/b', '1', 'ä', 'x\ny'];
const WORDS = [
  'run',
  '/tmp',
  '/var/cache/x',
  'prometheus',
  'team-a',
  'yes',
  '0775',
  '1e3',
  '$(PATH)',
  '{{ .Values.x }}',
  ' x',
  'a\nb\n',
  '',
];

const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
);
const anyKey = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...VARIABLES) },
  { weight: 4, arbitrary: fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/) },
  { weight: 1, arbitrary: fc.constantFrom(...STRANGE_KEYS) },
);

function deref(root: Schema, schema: Schema): Schema {
  if (!schema.$ref) return schema;
  const path = decodeURIComponent(schema.$ref).split('/').slice(1);
  const { $ref: _ref, ...beside } = schema;
  const target = path.reduce((node, key) => node[key], root);
  return { ...deref(root, target), ...beside };
}

const typesOf = (schema: Schema): string[] => [schema.type ?? []].flat();

function valueOf(root: Schema, reference: Schema): fc.Arbitrary<unknown> {
  const schema = deref(root, reference);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const types = typesOf(schema);
  return fc.oneof(
    ...types.map((type) => ({ weight: type === 'null' ? 1 : 40, arbitrary: valueOfType(root, schema, type) })),
  );
}

function valueOfType(root: Schema, schema: Schema, type: string): fc.Arbitrary<unknown> {
  if (type === 'object')
    return fc.oneof({ weight: 1, arbitrary: mapOf(root, schema, 3) }, ...sensibleMaps(root, schema));
  if (type === 'array') return fc.array(valueOf(root, schema.items), { minLength: schema.minItems ?? 0, maxLength: 3 });
  if (type === 'string') return textOf(schema);
  if (type === 'integer') return integerOf(schema);
  if (type === 'number') return numberOf(schema);
  return type === 'boolean' ? fc.boolean() : fc.constant(null);
}

/** To make one takes long, and most patterns are there many times. */
const MATCHING = new Map<string, fc.Arbitrary<string>>();

function matchingOf(pattern: string): fc.Arbitrary<string> {
  const matching = MATCHING.get(pattern) ?? fc.stringMatching(new RegExp(pattern));
  MATCHING.set(pattern, matching);
  return matching;
}

function textOf(schema: Schema): fc.Arbitrary<string> {
  if (!schema.pattern) return schema.minLength ? anyText.filter((text) => text.length >= schema.minLength) : anyText;
  const matching = matchingOf(schema.pattern);
  // A title may speak of something else, too: of images with slashes in them, and of paths that begin with one.
  const pattern = new RegExp(schema.pattern);
  const [, known = []] = USUAL.find(([title]) => title.test(schema.title ?? '')) ?? [];
  const usual = known.filter((text) => pattern.test(text));
  if (usual.length === 0) return matching;
  return fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: matching });
}

function integerOf({
  minimum = -10,
  exclusiveMaximum = Number.MAX_SAFE_INTEGER,
  maximum = exclusiveMaximum - 1,
}: Schema): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, minimum + 20) }) },
    { weight: 1, arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, 2 ** 31 - 1) }) },
    { weight: 1, arbitrary: fc.constantFrom(minimum, maximum) },
  );
}

function numberOf({ exclusiveMinimum, minimum = exclusiveMinimum ?? -1e6, maximum = 1e300 }: Schema) {
  const usual = fc
    .integer({ min: Math.ceil(minimum * 10), max: Math.floor(Math.min(maximum, minimum + 2) * 10) })
    .map((tenths) => tenths / 10);
  return fc
    .oneof(
      { weight: 20, arbitrary: usual },
      { weight: 1, arbitrary: fc.double({ min: minimum, max: maximum, noNaN: true }) },
    )
    .filter((number) => number !== exclusiveMinimum);
}

/** A key of a map whose keys are free, as far as the schema lets them be. */
function keyOf({ propertyNames }: Schema): fc.Arbitrary<string> {
  if (!propertyNames) return anyKey;
  if (/application/.test(propertyNames.title)) return fc.constantFrom('backend', 'frontend');
  const pattern = new RegExp(propertyNames.pattern);
  const known = [...VARIABLES, 'team', 'work_mem', 'backend', 'frontend'].filter((key) => pattern.test(key));
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: matchingOf(propertyNames.pattern) },
  );
}

/** Settings of which only some go together, in the way in which they do: left to chance, nearly all would be refused. */
function sensibleMaps(root: Schema, schema: Schema): fc.WeightedArbitrary<unknown>[] {
  if (schema.properties?.rpo && schema.properties.target) return [{ weight: 15, arbitrary: backups }];
  if (schema.properties?.anyPublicAddress && schema.properties.hosts) return [{ weight: 15, arbitrary: outside }];
  if (schema.properties?.engines && schema.properties.rules) return [{ weight: 15, arbitrary: policies }];
  if (schema.properties?.traces && schema.properties.logs) return [{ weight: 15, arbitrary: telemetry }];
  if (schema.properties?.checks && schema.properties.deadlineSeconds) return [{ weight: 15, arbitrary: smokeTests }];
  if (schema.properties?.source && schema.properties.promoted) return [{ weight: 15, arbitrary: standby }];
  if (schema.properties?.tasks && schema.properties.preemptionPolicy) return [{ weight: 15, arbitrary: priorities }];
  if (schema.properties?.mode && schema.properties.min) return [{ weight: 15, arbitrary: vertical }];
  if (schema.properties?.maxReplicas && schema.properties.metrics) {
    const scaled = fc
      .tuple(mapOf(root, schema, 2), horizontal)
      .map(([map, given]) => ({ ...(map as object), ...given }));
    return [{ weight: 15, arbitrary: scaled }];
  }
  if (schema.properties?.run && schema.properties.check) {
    const check = valueOf(root, schema.properties.check).map((given) => given ?? ['true']);
    const job = fc
      .tuple(mapOf(root, schema, 2), check)
      .map(([map, given]) => ({ ...(map as object), run: 'job', check: given }));
    return [{ weight: 1, arbitrary: job }];
  }
  if (schema.properties?.strategy && schema.properties.controller) return [{ weight: 15, arbitrary: releases }];
  if (schema.properties?.trigger && schema.properties.schedule) {
    const task = fc.tuple(mapOf(root, schema, 2), triggers).map(([map, given]) => ({ ...(map as object), ...given }));
    return [{ weight: 15, arbitrary: task }];
  }
  const { source, store, provider } = schema.properties ?? {};
  const required = (name: string) => {
    const inside = deref(root, schema.properties[name]);
    return valueOf(root, { ...inside, type: 'object', required: store ? [] : Object.keys(inside.properties) });
  };
  if (source?.enum && store) {
    const external = fc.tuple(mapOf(root, schema, 2), required('store')).map(([map, given]) => {
      const { provider: chosen } = given as { provider?: string };
      const others = Object.keys(deref(root, schema.properties.store).properties).filter(
        (name) => !['provider', chosen].includes(name),
      );
      const removed = Object.fromEntries(others.map((name) => [name, null]));
      return { ...(map as object), source: 'external-secrets', store: { ...(given as object), ...removed } };
    });
    return [
      { weight: 10, arbitrary: external },
      { weight: 10, arbitrary: fc.constant({ source: 'kubernetes', store: null }) },
    ];
  }
  const providers: string[] = provider?.enum?.filter((name: unknown) => typeof name === 'string') ?? [];
  return providers.map((name) => ({
    weight: 4,
    // One that needs no settings has none.
    arbitrary: schema.properties[name]
      ? required(name).map((given) => ({ provider: name, [name]: given }))
      : fc.constant({ provider: name }),
  }));
}

/** An environment may leave out whatever base has; of what base has not, these are what cannot be left out. */
const NEEDED = [
  'command',
  'database',
  'maxReplicas',
  'name',
  'origins',
  'prometheus',
  'repository',
  'requestsPerMinute',
  'seconds',
];

/** Each key of a map is there once in so many times, the required ones always. */
function mapOf(root: Schema, schema: Schema, absent: number): fc.Arbitrary<unknown> {
  const entries = Object.entries<Schema>(schema.properties ?? {}).map(([key, inside]) => {
    const given = key === 'namespaces' ? namespacesOf(inside) : valueOf(root, inside);
    const value = given.map((found) => [[key, found] as const]);
    if (schema.required?.includes(key)) return value;
    const weights = NEEDED.includes(key) ? { without: 1, given: 12 } : { without: absent, given: 1 };
    return fc.oneof(
      { weight: weights.without, arbitrary: fc.constant([]) },
      { weight: weights.given, arbitrary: value },
    );
  });
  const free =
    typeof schema.additionalProperties === 'object'
      ? fc.uniqueArray(fc.tuple(keyOf(schema), valueOf(root, schema.additionalProperties)), {
          selector: ([key]) => key,
          minLength: schema.minProperties ?? 0,
          maxLength: 3,
        })
      : fc.constant([]);
  const made = fc.tuple(free, ...entries).map((parts) => Object.fromEntries(parts.flat() as [string, unknown][]));
  return made.map((map) => consistent(schema.properties?.rpo ? withoutPaths(map) : map, schema));
}

/** Namespaces that the system asks for, each by a name of its own; most ask for none. */
const namespacesOf = ({ properties = {} }: Schema): fc.Arbitrary<unknown> =>
  fc.constant(Object.fromEntries(Object.keys(properties).map((name) => [name, `shop-${name}`])));

/** The image of backups brings one program, which writes where the scripts say: `synth` refuses further paths, as read by nobody. */
function withoutPaths({ image, ...map }: Record<string, unknown>): Record<string, unknown> {
  if (typeof image !== 'object' || image === null) return image === undefined ? map : { ...map, image };
  const { writablePaths: _, ...rest } = image as Record<string, unknown>;
  return { ...map, image: rest };
}

/** What no schema says of two settings together, and is refused: now and then is enough, and every other time is not. */
function consistent(map: Record<string, unknown>, { properties = {} }: Schema): Record<string, unknown> {
  // A site is served by nginx, whose command is not for the settings to say.
  if (properties.assets && 'command' in map) return { ...map, command: null };
  // What is kept needs no room to be made, and what makes room keeps nothing.
  if (properties.evictionPolicy && properties.mode) {
    const keeps = ['storage', 'backup', 'evictionPolicy'].some((key) => key in map);
    if (keeps) return { ...map, mode: 'store' };
  }
  // Nobody is told of what no rule tells.
  if (map['alertRules'] === 'none') return { ...map, telemetry: null };
  // An issuer is called something.
  if ('kind' in map && properties.name && !('name' in map)) return { ...map, name: 'a' };
  const { volumePercent, volumeCriticalPercent } = map;
  if (typeof volumePercent === 'number' || typeof volumeCriticalPercent === 'number') {
    return { ...map, volumePercent: 70, volumeCriticalPercent: 71 };
  }
  const { durationDays, renewBeforeDays } = map;
  if (typeof durationDays !== 'number' || typeof renewBeforeDays !== 'number') return map;
  return { ...map, renewBeforeDays: Math.min(renewBeforeDays, durationDays - 1) };
}

/* Values that are not. */

interface Break {
  readonly path: Path;
  readonly fault: Fault;
  readonly values: fc.Arbitrary<unknown>;
}

const breakAt = (path: Path, fault: Fault, values: fc.Arbitrary<unknown>): Break => ({ path, fault, values });

const SAMPLES: Record<string, fc.Arbitrary<unknown>> = {
  array: fc.constantFrom([], ['x']),
  boolean: fc.boolean(),
  null: fc.constant(null),
  number: fc.constantFrom(0, 7, 1.5),
  object: fc.constantFrom({}, { x: 1 }),
  string: fc.constantFrom('', 'yes', 'two', '7', '!'),
};

/** Every way in which something below a path can be wrong. */
function breaksIn(root: Schema, reference: Schema, path: Path): Break[] {
  const schema = deref(root, reference);
  const own = path.length === 0 ? [] : [...wrongTypes(schema, path), ...wrongValues(schema, path)];
  const item = schema.items && breaksIn(root, schema.items, [...path, 0]);
  return [...own, ...(item ?? []), ...breaksInMap(root, schema, path)];
}

function wrongTypes(schema: Schema, path: Path): Break[] {
  const allowed = typesOf(schema).flatMap((type) => (type === 'integer' ? ['integer', 'number'] : [type]));
  const others = Object.entries(SAMPLES).filter(([type]) => !allowed.includes(type));
  return [breakAt(path, 'wrong type', fc.oneof(...others.map(([, values]) => values)))];
}

function wrongValues(
  {
    enum: allowed,
    pattern,
    minLength,
    minimum,
    exclusiveMinimum,
    exclusiveMaximum,
    maximum = exclusiveMaximum && exclusiveMaximum - 1,
    minItems,
    ...rest
  }: Schema,
  path: Path,
): Break[] {
  const numbers = [
    ...(minimum === undefined ? [] : [minimum - 1, -1e9]),
    ...(exclusiveMinimum === undefined ? [] : [exclusiveMinimum, -1e9]),
    ...(maximum === undefined ? [] : [maximum + 1, 2 ** 53]),
    ...(typesOf(rest).includes('integer') ? [1.5] : []),
  ];
  const texts = fc.oneof(fc.constantFrom('', '!', 'two words', 'Ä', '-'), fc.string());
  const isWrong = (text: string) => (allowed ? !allowed.includes(text) : !new RegExp(pattern).test(text));
  return [
    ...(allowed || pattern ? [breakAt(path, 'not allowed', texts.filter(isWrong))] : []),
    ...(minLength ? [breakAt(path, 'not allowed', fc.constant(''))] : []),
    ...(numbers.length > 0 ? [breakAt(path, 'out of range', fc.constantFrom(...numbers))] : []),
    ...(minItems ? [breakAt(path, 'too few', fc.constant([]))] : []),
  ];
}

function breaksInMap(root: Schema, schema: Schema, path: Path): Break[] {
  const { properties = {}, additionalProperties, required = [] } = schema;
  if (!typesOf(schema).includes('object')) return [];
  const unknown = ['unknown', 'replica', 'x'].filter((key) => !Object.hasOwn(properties, key));
  return [
    ...Object.entries(properties).flatMap(([key, inside]) => breaksIn(root, inside, [...path, key])),
    ...(additionalProperties === false
      ? unknown.map((key) => breakAt([...path, key], 'unknown key', fc.constantFrom<unknown>(1, 'x', {})))
      : additionalProperties
        ? breaksIn(root, additionalProperties, [...path, 'key'])
        : []),
    ...(required as string[]).map((key) => breakAt([...path, key], 'missing', fc.constant(undefined))),
  ];
}

/** What an environment must not remove. */
function requiredIn(root: Schema, reference: Schema, data: any, path: Path): Path[] {
  const { properties = {}, required = [] } = deref(root, reference);
  const own = (required as string[]).map((key) => [...path, key]);
  const inside = Object.entries(properties).flatMap(([key, schema]) =>
    data?.[key] === undefined ? [] : requiredIn(root, schema, data[key], [...path, key]),
  );
  return [...own, ...inside];
}

/** A copy with a value at a path; `undefined` takes away what is there, and a list on the way has that one item. */
function withValueAt(around: any, [key, ...rest]: Path, value: unknown): any {
  if (key === undefined) return value;
  if (typeof key === 'number') return [withValueAt(Array.isArray(around) ? around[0] : undefined, rest, value)];
  const isMap = typeof around === 'object' && around !== null && !Array.isArray(around);
  const entries = new Map<string, unknown>(isMap ? Object.entries(around) : []);
  if (rest.length === 0 && value === undefined) entries.delete(key);
  else entries.set(key, withValueAt(entries.get(key), rest, value));
  return Object.fromEntries(entries);
}
