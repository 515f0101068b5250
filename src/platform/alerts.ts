import { Chart, Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import { MonitoringPrometheusRule } from '../../imports/prometheus';
import type { Layer } from './layers';
import { Namespace } from './namespace';
import { System } from './system';

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

const ID = 'alerts';

/** The alert rules of a namespace: each construct adds those of what it runs, and one object holds them all. */
export class Alerts extends Construct {
  /** The alerts of what is in the namespace around `scope`. */
  public static of(scope: IConstruct): Alerts {
    const layer = Namespace.containing(scope).layer('observability');
    return (layer.node.tryFindChild(ID) as Alerts | undefined) ?? new Alerts(layer, ID);
  }

  private readonly groups = new Map<string, Alert[]>();

  private constructor(scope: Layer, id: string) {
    super(scope, id);
    if (System.containing(this).alertRules === 'none') return;
    new MonitoringPrometheusRule(this, 'rules', {
      metadata: {
        name: Chart.of(this).node.id,
        labels: { 'app.kubernetes.io/component': 'alerts' },
      },
      spec: { groups: Lazy.any({ produce: () => this.render() }) },
    });
  }

  /** Adds alerts to a group, named after what they watch. */
  public add(group: string, alerts: Alert[]): void {
    this.groups.set(group, [...(this.groups.get(group) ?? []), ...alerts]);
  }

  private render(): object[] {
    const { environment } = System.containing(this);
    const { namespaceName: namespace } = Namespace.containing(this);
    return [...this.groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, alerts]) => ({
        name,
        rules: alerts.map(({ name: alert, expression, forDuration, severity, summary, labels, runbook }) => ({
          alert,
          expr: expression,
          for: forDuration,
          labels: { environment, namespace, ...labels, severity },
          annotations: { runbook_url: runbook, summary },
        })),
      }));
  }
}
