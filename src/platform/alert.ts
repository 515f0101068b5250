/** How soon somebody must look: at once, in working hours, or whenever they like. */
export type AlertSeverity = 'critical' | 'warning' | 'info';

/** Something that somebody must be told of. */
export interface Alert {
  /** Name, in the form `PostgresWalNotShipped`. */
  readonly name: string;

  /** Expression in Prometheus' language; the alert is there where it gives something. */
  readonly expression: string;

  /** How long it must hold before anybody is told, in Prometheus' form: `5m`. */
  readonly forDuration: string;

  readonly severity: AlertSeverity;

  /** What is wrong, in one line. */
  readonly summary: string;

  /**
   * Labels beside the system's: what tells it from alerts of the same name.
   * @default - none
   */
  readonly labels?: { [label: string]: string };

  /** What to do, as a path in the documentation: `docs/guides/backup-and-restore.md#…`. */
  readonly runbook: string;
}

/** A figure that Prometheus works out ahead, for alerts and dashboards that would ask for it again and again. */
export interface RecordedFigure {
  /** Name, in the form `service:requests:rate5m`. */
  readonly name: string;

  readonly expression: string;

  /** Labels beside the system's. */
  readonly labels: { [label: string]: string };
}

/** Alerts of one thing, from rows: what differs between them, and what does not. */
export type AlertRow = readonly [
  name: string,
  severity: AlertSeverity,
  forDuration: string,
  expression: string,
  summary: string,
  anchor: string,
];

/** Alerts of a table, with their labels and the page of their runbooks. */
export const alertsOf = (rows: readonly AlertRow[], labels: Record<string, string>, page: string): Alert[] =>
  rows.map(([name, severity, forDuration, expression, summary, anchor]) => {
    return { name, severity, forDuration, expression, summary, labels, runbook: `${page}#${anchor}` };
  });

/** Rules of Prometheus for a group, as they stand in a `PrometheusRule`. */
export function rulesOf(
  alerts: readonly Alert[],
  figures: readonly RecordedFigure[],
  common: Record<string, string | undefined>,
): object[] {
  return [
    ...figures.map(({ name: record, expression: expr, labels }) => ({
      record,
      expr,
      labels: { ...common, ...labels },
    })),
    ...alerts.map(({ name: alert, expression: expr, forDuration, severity, summary, labels, runbook }) => ({
      alert,
      expr,
      for: forDuration,
      labels: { ...common, ...labels, severity },
      annotations: { runbook_url: runbook, summary },
    })),
  ];
}
