import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import { KubeConfigMap } from '../../imports/k8s';
import { dashboardUid } from '../platform/dashboard-uid';
import { Namespace } from '../platform/namespace';
import type { Section } from '../platform/panels';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { webSection } from '../workload/web-panels';
import type { WebService } from '../workload/web-service';
import { type DashboardSettings, type PanelSettings, resolveDashboard } from './dashboard-settings';
import { grafanaDashboard } from './grafana';

/**
 * A dashboard of Grafana, in a ConfigMap that Grafana's sidecar finds by its label. The business comes first, then each
 * service in the order in which they were added.
 */
export class Dashboard extends Construct {
  /** Labels of the ConfigMap, beside those of the system. */
  public readonly labels: { [label: string]: string };

  /** Holds the dashboard as a file. */
  public readonly configMap: KubeConfigMap;

  private readonly sections: Section[] = [];
  private shown: () => readonly Section[] = () => [];

  public constructor(scope: Construct, id: string, settings: DashboardSettings = {}) {
    super(scope, id);
    const { systemName, environment } = System.containing(this);
    const { namespaceName: namespace } = Namespace.around(this);
    const dashboard = resolveDashboard(systemName, environment, settings);
    this.labels = { 'app.kubernetes.io/component': 'dashboard', 'app.kubernetes.io/name': id };
    // The sidecar writes the files of all namespaces into one folder, and Grafana knows dashboards by their identity.
    const name = `${namespace}-${id}`;
    const uid = dashboardUid(namespace, id);
    const all = () => [...this.sections, ...this.shown()];
    const render = () => grafanaDashboard(uid, [systemName, environment], dashboard, all());
    this.configMap = new KubeConfigMap(this, 'config', {
      metadata: {
        name: id,
        labels: { grafana_dashboard: '1' },
        annotations: dashboard.folder === undefined ? undefined : { grafana_folder: dashboard.folder },
      },
      data: { [`${name}.json`]: Lazy.any({ produce: () => `${JSON.stringify(render(), undefined, 2)}\n` }) },
    });
    if (dashboard.panels.length > 0) this.addPanels('Business', dashboard.panels);
  }

  /** Adds panels under a heading. */
  public addPanels(heading: string, panels: PanelSettings[]): void {
    const { namespaceName: namespace } = Namespace.around(this);
    panels.forEach(({ title, expression }, index) => {
      if (isBalanced(expression)) return;
      const found = `expected an expression whose brackets and quotes are closed, got "${expression}"`;
      throw new ValidationError(this, `panels.${index}.expression`, `${found}; correct that of "${title}"`);
    });
    this.sections.push({
      title: heading,
      panels: panels.map(({ title, expression, unit = 'number', kind = 'graph', legend, description }) => ({
        title,
        unit,
        kind,
        description,
        targets: [{ expression: expression.replace(/\$namespace\b/g, namespace), legend }],
      })),
    });
  }

  /**
   * Shows what is known once everything is declared, after what was added.
   * @internal
   */
  public _show(sections: () => readonly Section[]): void {
    this.shown = sections;
  }

  /** Adds what there is to see of a service. */
  public addService(service: WebService): void {
    this.sections.push(webSection(service._queries));
  }
}

const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/** Whether each bracket and quote is closed: what most often goes wrong where an expression is copied. */
function isBalanced(expression: string): boolean {
  const open: string[] = [];
  const rest = expression.replace(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|`[^`]*`/g, '');
  for (const character of rest) {
    if (/["'`]/.test(character)) return false;
    if (CLOSING[character]) open.push(CLOSING[character]);
    else if (/[)\]}]/.test(character) && open.pop() !== character) return false;
  }
  return open.length === 0;
}
