import { Construct } from 'constructs';

import { dashboardOf, Panels, type Subject } from '../platform/panels';
import { System } from '../platform/system';
import { Dashboard } from './dashboard';
import { type DashboardSettings, resolveDashboard } from './dashboard-settings';
import { namespaceSections } from './namespace-panels';

/**
 * The dashboards of a system: an overview, with the business first, and one for each kind of what runs. Constructs tell what
 * there is to see of them, before or after this one is made.
 */
export class Dashboards extends Construct {
  /** The business, objectives, backups, and what all workloads of a namespace share. */
  public readonly overview: Dashboard;

  /** Those of each kind. */
  public readonly others: Dashboard[] = [];

  public constructor(scope: Construct, id: string, settings: DashboardSettings = {}) {
    super(scope, id);
    const system = System.containing(this);
    const { systemName, environment } = system;
    const { title } = resolveDashboard(systemName, environment, settings);
    const panels = Panels.of(this);
    this.overview = new Dashboard(this, dashboardOf(id, 'overview'), settings);
    this.overview._show(() => [...panels.of('overview'), ...namespaceSections(system)]);
    const shared = { range: settings.range, refresh: settings.refresh, folder: settings.folder };
    panels.follow((subject: Subject) => {
      if (subject === 'overview') return;
      const dashboard = new Dashboard(this, dashboardOf(id, subject), {
        ...shared,
        title: `${title}: ${subject}`,
      });
      dashboard._show(() => panels.of(subject));
      this.others.push(dashboard);
    });
  }
}
