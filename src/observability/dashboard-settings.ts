import type { Duration } from '../platform/duration';
import type { PanelKind, PanelUnit } from '../platform/panels';

/** One picture of a dashboard. */
export interface PanelSettings {
  /**
   * What it shows.
   * @pattern \S
   * @title a text that is not empty
   */
  readonly title: string;

  /**
   * Expression in Prometheus' language. `$namespace` stands for the namespace of the environment.
   * @pattern \S
   * @title a text that is not empty
   */
  readonly expression: string;

  /**
   * What the figures count.
   * @default number
   */
  readonly unit?: PanelUnit;

  /**
   * How they are shown.
   * @default graph
   */
  readonly kind?: PanelKind;

  /**
   * What a line is called, with labels of the result as `{{label}}`.
   * @default - all of its labels
   */
  readonly legend?: string;

  /**
   * What somebody should know who looks at it.
   * @default - nothing
   */
  readonly description?: string;
}

/** A dashboard of Grafana. */
export interface DashboardSettings {
  /**
   * Its title.
   * @pattern \S
   * @title a text that is not empty
   * @default - the system and the environment
   */
  readonly title?: string;

  /**
   * What the system's owners want to see of their business.
   * @default []
   */
  readonly panels?: PanelSettings[];

  /**
   * How much of the past is shown at first.
   * @default 6h
   */
  readonly range?: Duration;

  /**
   * How often it is brought up to date while somebody looks.
   * @default 1m
   */
  readonly refresh?: Duration;

  /**
   * Folder in Grafana, where its sidecar heeds the annotation `grafana_folder`.
   * @pattern \S
   * @title a text that is not empty
   * @default - that of the sidecar
   */
  readonly folder?: string;
}

/** A dashboard with nothing left open. */
export interface ResolvedDashboard {
  readonly title: string;
  readonly panels: PanelSettings[];
  readonly range: string;
  readonly refresh: string;
  readonly folder?: string;
}

/** Fills in defaults. */
export function resolveDashboard(system: string, environment: string, settings: DashboardSettings): ResolvedDashboard {
  return {
    title: settings.title ?? `${system} ${environment}`,
    panels: settings.panels ?? [],
    range: settings.range ?? '6h',
    refresh: settings.refresh ?? '1m',
    folder: settings.folder,
  };
}
