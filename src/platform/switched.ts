/** Something that a system may do without. */
export interface SwitchSettings {
  /**
   * Whether it is there at all. Without it, nothing of what uses it knows it: no variables, no waits, no policies.
   * @default true
   */
  readonly enabled?: boolean;
}

/**
 * Makes something, or not, as its settings say.
 * @param dependents further settings, of what is nothing without it: they count as read, too
 */
export function whenEnabled<S extends SwitchSettings, T>(
  settings: S,
  make: (settings: S) => T,
  ...dependents: unknown[]
): T | undefined {
  if (settings.enabled ?? true) return make(settings);
  countAsRead(settings, dependents);
  return undefined;
}

/**
 * Lets settings of what is not there count as read, down to the items of lists. They are right for when it is there again;
 * that no construct reads them is no mistake.
 */
export function countAsRead(...settings: unknown[]): void {
  JSON.stringify(settings);
}
