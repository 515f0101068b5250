import { bucketBound } from '../../platform/bucket-bound';
import { canonicalBytes, canonicalNumber, formatCpu, fraction, parseBytes, parseCpu } from '../../platform/quantity';
import { dashboardUid } from '../../platform/dashboard-uid';
import { formatDuration, parseDuration } from '../../platform/duration';
import { imageReference, mirrored, versionOf } from '../../platform/image-reference';
import { dashboardOf, SUBJECTS } from '../../platform/panels';
import { isMap } from '../fields';
import type { Placed, ValuePath } from './template';
import type { Values } from './values';

/** A way in which a value is written. */
export interface Conversion {
  readonly name: string;
  /** Gives nothing where the value cannot be written so. The others are those around it. */
  readonly of: (value: unknown, others: Values) => unknown;
  /** The same in a template, of what an expression reads. The first two depend on the type; see `expressions.ts`. */
  readonly helm: (value: string) => string;
  /** Whether it makes numbers. */
  readonly isNumber?: boolean;
  /**
   * Whether what it makes never holds any of these characters, whatever the value.
   * @default - as the value itself
   */
  readonly isWithout?: (characters: readonly string[]) => boolean;
  /**
   * What it reads of a map, and beside it.
   * @default - the value as a whole
   */
  readonly reads?: {
    readonly needed: readonly string[];
    readonly optional: readonly string[];
    readonly beside?: readonly string[];
  };
}

const NUMBER = { isNumber: true, isWithout: () => true };

const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);
const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.every(isScalar);
const text = (value: unknown) => (isScalar(value) ? String(value) : undefined);
const attempt = <T>(action: () => T): T | undefined => {
  try {
    return action();
  } catch {
    return undefined;
  }
};
const parsed = (parse: (value: string) => number | string, pattern: RegExp) => (value: unknown) =>
  typeof value === 'string' && pattern.test(value) ? attempt(() => parse(value)) : undefined;
const joined = (name: string, separator: string): Conversion => ({
  name,
  of: (value) => (isList(value) ? value.map(String).join(separator) : undefined),
  helm: (value) => `join ${JSON.stringify(separator)} ${value}`,
});
const helper = (name: string) => (value: string) => `include "webstack.${name}" ${value}`;

const identityOf = (dashboard: string): Conversion => ({
  name: `identity of ${dashboard}`,
  of: (value) => (typeof value === 'string' ? dashboardUid(value, dashboard) : undefined),
  helm: (value) => `include "webstack.shortName" (print ${value} "-${dashboard}")`,
});

/** What is read of an image, and of a part where it depends on its release. */
const IMAGE = { needed: ['repository'], optional: ['tag', 'digest'] };
const inPart = (which: string) => ({
  needed: ['image.repository', ...(which === 'newest' ? ['replicas'] : [])],
  optional: [
    'release.active',
    ...['image', 'release.blue', 'release.green'].flatMap((path) => [`${path}.tag`, `${path}.digest`]),
  ],
});

/** As containers have it, as it is said elsewhere, and its version on labels. */
const FORMS = [
  {
    name: 'pulled image',
    of: (image: Values, { imageRegistry }: Values) =>
      mirrored(imageReference(named(image)), imageRegistry as string | undefined),
    helm: (image: string) => `include "webstack.pulledImage" (list $.Values ${image})`,
    beside: ['imageRegistry'],
  },
  { name: 'image', of: (image: Values) => imageReference(named(image)), helm: helper('image') },
  { name: 'version', of: (image: Values) => versionOf(named(image)), helm: helper('version') },
];

const named = ({ repository, tag, digest }: Values) => ({
  repository: String(repository),
  tag: String(tag ?? ''),
  digest: String(digest ?? ''),
});

/** The colours of a release, and which of them gets the requests, or is the newest that runs. */
const VERSIONS = ['blue', 'green', 'active', 'newest'];

/** The image of a part in one of these, as `release.ts` has it. */
function versionIn(part: unknown, which: string): Values | undefined {
  if (!isMap(part) || !isMap(part['image'])) return undefined;
  const release: Values = isMap(part['release']) ? part['release'] : {};
  const active = String(release['active'] ?? 'blue');
  const other = active === 'blue' ? 'green' : 'blue';
  const newest = isMap(release[other]) && Number(part['replicas'] ?? 0) > 0 ? other : active;
  const version = release[{ active, newest }[which] ?? which];
  return isMap(version) ? { repository: part['image']['repository'], ...version } : part['image'];
}

/** No reference or version has what would have to be escaped. */
const isPlainText = (characters: readonly string[]) => characters.every((one) => !/[\w.:@/-]/.test(one));

const IMAGES: readonly Conversion[] = FORMS.flatMap(({ name, of, helm, beside }): Conversion[] => [
  {
    name,
    of: (value, others) => (isMap(value) && 'repository' in value ? of(value, others) : undefined),
    helm,
    isWithout: isPlainText,
    reads: { ...IMAGE, beside },
  },
  ...VERSIONS.map((which): Conversion => ({
    name: `${name} of ${which}`,
    of: (value, others) => {
      const image = versionIn(value, which);
      return image && of(image, others);
    },
    helm: (part) => helm(`(include "webstack.imageIn" (list ${part} "${which}") | fromJson)`),
    isWithout: isPlainText,
    reads: { ...inPart(which), beside },
  })),
]);

/** Every way, the plainest first. */
export const CONVERSIONS: readonly Conversion[] = [
  { name: 'same', of: (value) => value, helm: (value) => value },
  { name: 'text', of: text, helm: helper('text') },
  { name: 'upper', of: (value) => text(value)?.toUpperCase(), helm: (value) => `upper ${value}` },
  { name: 'seconds', of: parsed(parseDuration, /^[0-9]+[smhd]$/), helm: helper('seconds'), ...NUMBER },
  { name: 'bytes', of: parsed(parseBytes, /^[0-9]+([KMGT]i)?$/), helm: helper('bytes'), ...NUMBER },
  { name: 'millicores', of: parsed(parseCpu, /^[0-9.]+m?$/), helm: helper('millicores'), ...NUMBER },
  {
    name: 'fraction',
    // As Helm divides: by digits, so that 0.9 is not 0.009000000000000001.
    of: (value) => (typeof value === 'number' ? fraction(value) : undefined),
    helm: (value) => `divf ${value} 100 | toJson`,
    ...NUMBER,
  },
  { name: 'amount', of: parsed(canonicalBytes, /^[0-9.]+([KMGT]i|[kMGT])?$/), helm: helper('amount') },
  { name: 'cores', of: parsed((value) => formatCpu(parseCpu(value)), /^[0-9.]+m?$/), helm: helper('cores') },
  { name: 'decimal', of: parsed(canonicalNumber, /^[0-9.]+m?$/), helm: helper('decimal') },
  {
    name: 'duration',
    of: parsed((value) => formatDuration(parseDuration(value)), /^[0-9]+[smhd]$/),
    helm: helper('duration'),
  },
  {
    name: 'port',
    of: (value) => (typeof value === 'string' && /:[0-9]+$/.test(value) ? Number(value.split(':').at(-1)) : undefined),
    helm: (value) => `regexFind "[0-9]+$" ${value}`,
    ...NUMBER,
  },
  {
    name: 'bucket bound',
    of: (value) => (typeof value === 'number' ? bucketBound(value) : undefined),
    helm: helper('bucketBound'),
    isWithout: (characters) => !characters.includes('\\'),
  },
  joined('commas', ','),
  joined('commas and spaces', ', '),
  joined('spaces', ' '),
  joined('newlines', '\n'),
  joined('bars', '|'),
  {
    name: 'json',
    of: (value) => (isScalar(value) ? JSON.stringify(value) : undefined),
    helm: (value) => `toRawJson ${value}`,
    isWithout: () => false,
  },
  ...SUBJECTS.map((subject) => identityOf(dashboardOf('dashboard', subject))),
  ...IMAGES,
];

const BY_NAME = new Map(CONVERSIONS.map((one) => [one.name, one]));

/** A conversion by its name. */
export const conversion = (name: string): Conversion => BY_NAME.get(name)!;

/** The paths of what is read where a value is placed: what has to be there for it, and what need not. */
export function readBy({ path, as }: Placed): { readonly needed: ValuePath[]; readonly optional: ValuePath[] } {
  const { reads } = conversion(as);
  if (!reads) return { needed: [path], optional: [] };
  const inside = (keys: string): ValuePath => [...path, ...keys.split('.')];
  const beside = (reads.beside ?? []).map((keys): ValuePath => keys.split('.'));
  return { needed: reads.needed.map(inside), optional: [...reads.optional.map(inside), ...beside] };
}
