import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { FixedSetting, LimitedSetting } from './source';
import type { ObjectTemplate, ValuePath } from './template';
import type { Values } from './values';

/** How the objects of a system follow from its settings, as `npm run generate:charts` has found by trying. */
export interface ChartModel {
  readonly templates: readonly ObjectTemplate[];
  /** The settings of base, defaults filled in. */
  readonly values: Values;
  /** What each environment said when the model was made, and the same with defaults filled in. */
  readonly environments: Readonly<Record<string, { readonly given: Values; readonly values: Values }>>;
  readonly fixed: readonly FixedSetting[];
  readonly limited: readonly LimitedSetting[];
  /** Maps that may be left out: nothing is there then, where others have defaults. */
  readonly switches: readonly ValuePath[];
  /** Maps whose keys are those of the environments. */
  readonly closed: readonly ValuePath[];
}

/** Where the model of a system is kept. */
export const modelPath = (overlays: string, system: string) => join(overlays, 'charts', `${system}.json`);

/** The model of a system; nothing where none was made: then it has no chart. */
export function readModel(overlays: string, system: string): ChartModel | undefined {
  const path = modelPath(overlays, system);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ChartModel) : undefined;
}

/** The model as a file: a line for each template, so that a difference shows whose it is. */
export function modelText({ templates, ...rest }: ChartModel): string {
  const parts = Object.entries(rest).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const lines = templates.map((template) => JSON.stringify(template));
  return `{\n${parts.join(',\n')},\n"templates": [\n${lines.join(',\n')}\n]\n}\n`;
}
