/**
 * Arithmetic on Kubernetes quantities. Sums are kept in the smallest whole unit (millicores, bytes), so that adding
 * never loses a fraction.
 */

/**
 * An amount of CPU: whole or fractional cores, or millicores.
 * @pattern ^([1-9][0-9]{0,5}m|[1-9][0-9]{0,3}(\.[0-9]{1,3})?|0\.0{0,2}[1-9][0-9]{0,2})$
 * @title an amount of CPU such as 250m, 1 or 1.5
 */
export type Cpu = string;

/**
 * An amount of memory or storage, with a binary or decimal unit.
 * @pattern ^([1-9][0-9]{0,5}(\.[0-9]{1,3})?|0\.0{0,2}[1-9][0-9]{0,2})(Ki|Mi|Gi|Ti|k|M|G|T)$
 * @title an amount of bytes such as 256Mi or 1.5Gi
 */
export type Bytes = string;

const UNITS: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Millicores in an amount of CPU, rounded up as the scheduler does. Throws a RangeError on anything else. */
export function parseCpu(value: string | number): number {
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(value)) ?? notAQuantity(value, 'CPU');
  return Math.ceil(Number(number) * (milli ? 1 : 1000));
}

/** Bytes in an amount of memory or storage, rounded up. Throws a RangeError on anything else. */
export function parseBytes(value: string | number): number {
  const [, number, unit] =
    /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)$/.exec(String(value)) ?? notAQuantity(value, 'bytes');
  return Math.ceil(Number(number) * (UNITS[unit ?? ''] ?? 1));
}

/** The fraction that a percentage is: 0.009 of 0.9, without what binary fractions add. */
export const fraction = (percent: number) => Number((percent / 100).toPrecision(15));

function notAQuantity(value: string | number, what: string): never {
  throw new RangeError(`expected an amount of ${what}, got ${JSON.stringify(value)}`);
}

/** The shortest canonical form: `250m`, `2`. */
export const formatCpu = (millicores: number) => (millicores % 1000 === 0 ? `${millicores / 1000}` : `${millicores}m`);

/** A figure in canonical form, with the largest decimal unit that divides it: `1500m`, `250`, `5k`. */
export function canonicalNumber(value: string): string {
  const milli = parseCpu(value);
  if (milli % 1000 !== 0) return `${milli}m`;
  const number = milli / 1000;
  const unit = ['G', 'M', 'k'].find((one) => number > 0 && number % UNITS[one]! === 0);
  return unit ? `${number / UNITS[unit]!}${unit}` : `${number}`;
}

/** The canonical form with the largest binary unit that divides it: `1536Mi`, `2Gi`. */
export function formatBytes(bytes: number): string {
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki']) {
    const size = UNITS[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}`;
}

/** An amount of bytes in canonical form: as the API server gives it back, so that GitOps sees no difference. */
export const canonicalBytes = (value: string) => formatBytes(parseBytes(value));

/** A share of an amount of bytes, in whole mebibytes and at least one, for settings that software wants in megabytes. */
export const mebibytes = (value: string, share: number) =>
  Math.max(1, Math.floor((parseBytes(value) * share) / 2 ** 20));
