import { Chart } from 'cdk8s';

import { kindsIn } from '../platform/namespace-alerts';
import { NamespaceQueries } from '../platform/namespace-queries';
import { graph, type Panel, type Section } from '../platform/panels';

/** What all workloads of each namespace of a system share, as far as there is something of it. */
export function namespaceSections(system: Chart): Section[] {
  const charts = system.node.findAll().filter((construct): construct is Chart => Chart.isChart(construct));
  return charts.map((chart) => {
    const namespace = chart.namespace!;
    return { title: `Namespace ${namespace}`, panels: panelsOf(kindsIn(chart), new NamespaceQueries(namespace)) };
  });
}

function panelsOf(kinds: ReadonlySet<string>, queries: NamespaceQueries): Panel[] {
  const rows: [kinds: string[], panel: Panel][] = [
    [['Namespace'], graph('Alerts', 'number', [queries.firing, '{{severity}} {{alertname}}'])],
    [['ResourceQuota'], graph('Quota', 'ratio', [queries.quotaUse, '{{resource}}'])],
    [
      ['StatefulSet', 'PersistentVolumeClaim'],
      graph('Volumes', 'ratio', [queries.volumeUse, '{{persistentvolumeclaim}}']),
    ],
    [
      ['HorizontalPodAutoscaler'],
      graph('Replicas of those there may be', 'ratio', [queries.autoscalerUse, '{{horizontalpodautoscaler}}']),
    ],
    [
      ['PodDisruptionBudget'],
      graph('Pods that may be evicted', 'number', [queries.disruptionsAllowed, '{{poddisruptionbudget}}']),
    ],
    [['Certificate'], graph('Certificates end in', 'seconds', [queries.certificateLeft, '{{name}}'])],
  ];
  return rows.filter(([wanted]) => wanted.some((kind) => kinds.has(kind))).map(([, panel]) => panel);
}
