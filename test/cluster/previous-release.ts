import { join } from 'node:path';

import { run, scratchFolder } from '../runtime/support/process';

/** The release before this one: the end of issue 4. */
export const PREVIOUS = 'ead8250';

const ROOT = join(__dirname, '../..');

/** `dist/` as it was in the previous release, in a folder of its own. */
export function previousDist(commit = PREVIOUS): string {
  try {
    run('git', ['-C', ROOT, 'cat-file', '-e', `${commit}^{commit}`]);
  } catch {
    throw new Error(
      `commit ${commit}, the previous release, is not in this checkout: run "git fetch --unshallow" first`,
    );
  }
  const folder = scratchFolder('previous');
  const archive = join(folder, 'dist.tar');
  run('git', ['-C', ROOT, 'archive', `--output=${archive}`, commit, 'dist']);
  run('tar', ['-x', '-f', archive, '-C', folder]);
  return join(folder, 'dist');
}
