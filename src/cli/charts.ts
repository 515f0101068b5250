import { readFileSync } from 'node:fs';

import { readModel } from '../outputs/chart/model';
import { type ChartedEnvironment, systemChart } from '../outputs/chart/of-system';
import type { OutputFile } from '../outputs/plain';
import { schemaFile } from '../settings/load';

/**
 * The chart of a system, where a model of it was made. Where its templates no longer make what the settings do there is
 * none, and `warn` is told: a chart that says something else would be worse.
 */
export function chartOf(
  overlays: string,
  system: string,
  environments: readonly ChartedEnvironment[],
  warn: (text: string) => void,
): OutputFile[] {
  const model = readModel(overlays, system);
  if (!model) return [];
  const schema = JSON.parse(readFileSync(schemaFile(overlays, system, true), 'utf8'));
  const { files, unlike } = systemChart({ system, model, schema, environments });
  if (unlike.length > 0) {
    const found = `its templates do not make what is set now (${unlike.join(', ')})`;
    warn(`${system} has no chart: ${found}; make them anew: npm run generate:charts -- ${system}`);
  }
  return files;
}
