const SUFFIXES: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * A quantity in any form that an API server gives back, as a number of cores, bytes or things; nothing where it is none.
 * Settings are read more strictly.
 */
export function amount(value: unknown): number | undefined {
  const [, number, exponent, suffix] =
    /^([+-]?(?:\d+\.?\d*|\.\d+))(?:(e[+-]?\d+|E[+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(String(value ?? '')) ?? [];
  return number === undefined ? undefined : Number(`${number}${exponent ?? ''}`) * (SUFFIXES[suffix ?? ''] ?? 1);
}

/** Whether two values are the same, as quantities where they are that. */
export const sameAmount = (a: unknown, b: unknown) => a === b || (amount(a) !== undefined && amount(a) === amount(b));

/** Bytes, for people. */
export function formatAmount(bytes: number): string {
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki']) {
    const size = SUFFIXES[unit] ?? 1;
    if (bytes >= size) return `${Math.round((bytes / size) * 10) / 10}${unit}`;
  }
  return `${bytes}`;
}
