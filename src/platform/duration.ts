/**
 * A span of time with its unit: seconds, minutes, hours or days.
 * @pattern ^[1-9][0-9]{0,4}[smhd]$
 * @title a duration such as 90s, 15m, 1h or 30d
 */
export type Duration = string;

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };

/** Seconds in a duration. Throws a RangeError on anything else. */
export function parseDuration(value: Duration): number {
  const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(value) ?? [];
  if (number === undefined) throw new RangeError(`expected a duration such as 15m, got ${JSON.stringify(value)}`);
  return Number(number) * (SECONDS[unit] ?? 1);
}

/** Seconds as people say them: `25m 22s`, `1d`. Fractions are rounded up. */
export function formatDuration(seconds: number): string {
  let rest = Math.ceil(seconds);
  const parts = Object.entries(SECONDS)
    .reverse()
    .flatMap(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count > 0 ? [`${count}${unit}`] : [];
    });
  return parts.join(' ') || '0s';
}
