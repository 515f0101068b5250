/** Runs of a property. A failure prints its seed; `FC_SEED=… npx jest …` runs the very same again. */
export const runs = (numRuns: number): { readonly numRuns: number; readonly seed?: number } => ({
  numRuns,
  ...(process.env['FC_SEED'] ? { seed: Number(process.env['FC_SEED']) } : {}),
});
