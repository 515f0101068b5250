import { SEED } from '../support/seed';

/** Runs of a property. A failure prints its seed. */
export const runs = (numRuns: number): { readonly numRuns: number; readonly seed: number } => ({ numRuns, seed: SEED });
