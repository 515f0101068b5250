import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { argoCdProblems } from '../delivery/argocd-problems';
import { type ArgoCdSettings, resolveArgoCd } from '../delivery/argocd-settings';
import { argoCdFiles, type DeliveredEnvironment } from '../outputs/argocd';
import type { OutputFile } from '../outputs/plain';
import { ARGOCD_FILE } from '../settings/load';
import { readOneFile } from '../settings/one-file';
import { argocd as validate } from '../settings/validators/argocd';
import { BuildError } from './build';

/** What Argo CD reads of all systems; nothing where the overlays do not tell it where the repository is. */
export function deliveredFiles(overlays: string, environments: readonly DeliveredEnvironment[]): OutputFile[] {
  const path = join(overlays, ARGOCD_FILE);
  if (!existsSync(path)) return [];
  const settings = readOneFile<ArgoCdSettings>(path, validate, join(overlays, 'schemas/argocd.json'));
  const names = environments.map(({ environment }) => environment);
  const problems = argoCdProblems(settings, names);
  if (problems.length > 0) throw new BuildError(problems.map((problem) => `${path} ${problem}`));
  return argoCdFiles(resolveArgoCd(settings), environments);
}
