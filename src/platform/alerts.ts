import { Chart, Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import { MonitoringPrometheusRule } from '../../imports/prometheus';
import { type Alert, type RecordedFigure, rulesOf } from './alert';
import { Layer } from './layers';
import { System } from './system';

const ID = 'alerts';

/** Rules of one thing that is watched. */
interface Group {
  readonly figures: RecordedFigure[];
  readonly alerts: Alert[];
}

/** The alert rules of a namespace: each construct adds those of what it runs, and one object holds them all. */
export class Alerts extends Construct {
  /** The alerts of the namespace around `scope`. */
  public static of(scope: IConstruct): Alerts {
    const chart = Chart.of(scope);
    return (chart.node.tryFindChild(ID) as Alerts | undefined) ?? new Alerts(chart, ID);
  }

  private readonly groups = new Map<string, Group>();

  private constructor(scope: Chart, id: string) {
    super(scope, id);
    const { alertRules, prometheus, environment } = System.containing(this);
    if (alertRules === 'none') return;
    const common = { environment, namespace: scope.namespace };
    new MonitoringPrometheusRule(new Layer(this, 'observability'), 'rules', {
      metadata: {
        name: scope.node.id,
        labels: { ...prometheus.objectLabels, 'app.kubernetes.io/component': 'alerts' },
      },
      spec: { groups: Lazy.any({ produce: () => this.render(common) }) },
    });
  }

  /** Adds alerts to a group, named after what they watch. */
  public add(group: string, alerts: Alert[]): void {
    this.group(group).alerts.push(...alerts);
  }

  /** Adds figures to a group, which are worked out before its alerts are looked at. */
  public record(group: string, figures: RecordedFigure[]): void {
    this.group(group).figures.push(...figures);
  }

  private group(name: string): Group {
    const found = this.groups.get(name) ?? { alerts: [], figures: [] };
    this.groups.set(name, found);
    return found;
  }

  private render(common: Record<string, string | undefined>): object[] {
    return [...this.groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { alerts, figures }]) => ({ name, rules: rulesOf(alerts, figures, common) }));
  }
}
