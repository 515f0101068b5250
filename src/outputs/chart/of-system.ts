import type { FinishedObject, OutputFile } from '../plain';
import { chartFiles } from './chart';
import { valuesOf } from './fit';
import { withoutPlans } from './helm-only';
import type { ChartModel } from './model';
import type { SchemaDocument } from './schema';
import type { Values } from './values';

/** The version of every chart: of what its values are called and mean, and not of what it runs. */
export const CHART_VERSION = '2.0.0';

/** What a chart of a system is made of. */
export interface ChartedSystem {
  readonly system: string;
  readonly model: ChartModel;
  /** That of all its settings. */
  readonly schema: SchemaDocument;
  readonly environments: readonly ChartedEnvironment[];
}

/** An environment with what its files say. */
export interface ChartedEnvironment {
  readonly environment: string;
  readonly settings: Values;
  readonly objects: readonly FinishedObject[];
}

/**
 * The files of a system's chart, and the environments of which its templates make other objects than there are: then there
 * are no files.
 */
export function systemChart({ system, model, schema, environments }: ChartedSystem): {
  readonly files: OutputFile[];
  readonly unlike: readonly string[];
} {
  const fitted = environments.map(({ environment, settings, objects }) => {
    const manifests = objects.map(({ manifest }) => withoutPlans(manifest));
    return { name: environment, values: valuesOf(model, { environment, settings, manifests }) };
  });
  const unlike = fitted.flatMap(({ name, values }) => (values ? [] : [name]));
  if (unlike.length > 0) return { files: [], unlike };
  const files = chartFiles(`${system}/chart`, {
    name: system,
    version: CHART_VERSION,
    appVersion: String(model.values['version']),
    description: `${system}, from the same constructs and settings as its plain manifests`,
    templates: model.templates,
    values: model.values,
    environments: fitted.map(({ name, values }) => ({ name, values: values! })),
    overlays: environments.map(({ environment, settings }) => ({ environment, ...settings })),
    schema,
    fixed: model.fixed,
    limited: model.limited,
    switches: model.switches,
    closed: model.closed,
  });
  return { files, unlike };
}
