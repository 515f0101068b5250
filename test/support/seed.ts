import { spawnSync } from 'node:child_process';

/**
 * With what everything that is tried at random begins. Each commit tries others, and the same one the same again, wherever it
 * is checked out: what fails can be looked at. `FC_SEED=… npx jest …` takes another.
 */
export const SEED = Number(process.env['FC_SEED'] ?? ofCommit() ?? Date.now() % 2 ** 31);

/** Of what was committed, not of who did and when; nothing outside of git. */
function ofCommit(): number | undefined {
  const { stdout, status } = spawnSync('git', ['rev-parse', 'HEAD^{tree}'], { encoding: 'utf8' });
  return status === 0 ? Number.parseInt(stdout.slice(0, 7), 16) : undefined;
}
