import type { SchemaDocument } from './schema';
import type { ObjectTemplate, ValuePath } from './template';
import type { Values } from './values';

/** Values of one environment. */
export interface EnvironmentValues {
  readonly name: string;
  readonly values: Values;
}

/** A setting that is no value of the chart. */
export interface FixedSetting {
  readonly path: ValuePath;
  readonly reason: string;
}

/** A setting that may only be what some environment has. */
export interface LimitedSetting extends FixedSetting {
  /**
   * Keys of a map that are limited together, where others of it are not.
   * @default - all that stands there
   */
  readonly keys?: readonly string[];
  /** `null` where an environment has nothing. */
  readonly allowed: readonly unknown[];
}

/** What a chart is made of. */
export interface ChartSource {
  readonly name: string;
  readonly version: string;
  readonly appVersion: string;
  readonly description: string;
  readonly templates: readonly ObjectTemplate[];
  /** The settings of base, defaults filled in. */
  readonly values: Values;
  readonly environments: readonly EnvironmentValues[];
  /**
   * What the files of each environment say: charts have their keys in the same order.
   * @default - the order of the schema
   */
  readonly overlays?: readonly Values[];
  /** The schema of the settings. */
  readonly schema: SchemaDocument;
  readonly fixed: readonly FixedSetting[];
  readonly limited?: readonly LimitedSetting[];
  /** Maps that may be left out; where nothing is said, what templates ask for. */
  readonly switches?: readonly ValuePath[];
  /** Maps that have the keys that they have. */
  readonly closed?: readonly ValuePath[];
}
