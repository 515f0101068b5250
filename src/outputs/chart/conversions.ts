import { bucketBound } from '../../platform/bucket-bound';
import { canonicalBytes, canonicalNumber, formatCpu, fraction, parseBytes, parseCpu } from '../../platform/quantity';
import { dashboardUid } from '../../platform/dashboard-uid';
import { formatDuration, parseDuration } from '../../platform/duration';
import { dashboardOf, SUBJECTS } from '../../platform/panels';

/** A way in which a value is written. */
export interface Conversion {
  readonly name: string;
  /** Gives nothing where the value cannot be written so. */
  readonly of: (value: unknown) => unknown;
  /** The same in a template, of what an expression reads. The first two depend on the type; see `expressions.ts`. */
  readonly helm: (value: string) => string;
  /** Whether it makes numbers. */
  readonly isNumber?: boolean;
  /**
   * Whether what it makes never holds any of these characters, whatever the value.
   * @default - as the value itself
   */
  readonly isWithout?: (characters: readonly string[]) => boolean;
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
];

const BY_NAME = new Map(CONVERSIONS.map((one) => [one.name, one]));

/** A conversion by its name. */
export const conversion = (name: string): Conversion => BY_NAME.get(name)!;
