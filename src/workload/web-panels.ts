import type { Construct } from 'constructs';

import { graph, type Panel, Panels, type Section } from '../platform/panels';
import type { Objectives } from './objectives';
import type { WebQueries } from './web-queries';

/** Puts a web service onto the dashboard of its kind, and what it has promised onto that of all. */
export function addWebPanels(scope: Construct, queries: WebQueries, objectives?: Objectives): void {
  const panels = Panels.of(scope);
  const { title, panels: own } = webSection(queries);
  panels.add('web services', title, own);
  if (objectives) panels.add('overview', 'Objectives', promised(title, objectives));
}

/** What there is to see of a web service: requests, errors and latency where it tells them, and what it uses. */
export function webSection(queries: WebQueries): Section {
  const { name, metrics } = queries.service;
  return { title: name, panels: [...(metrics ? traffic(queries, metrics.statusLabel) : []), ...saturation(queries)] };
}

function traffic(queries: WebQueries, statusLabel: string): Panel[] {
  const within = (percent: number): [string, string] => [queries.latency(percent), `${percent} %`];
  return [
    graph('Requests', 'per-second', [queries.requests('status'), `{{${statusLabel}}}`]),
    graph('Server errors', 'ratio', [queries.errorRatio, 'of all requests']),
    graph('Answered within', 'seconds', within(50), within(95), within(99)),
  ];
}

function saturation(queries: WebQueries): Panel[] {
  return [
    graph('Ready pods', 'number', [queries.readyPods, 'ready']),
    graph('CPU of its limit', 'ratio', [queries.cpuRatio, '{{pod}}']),
    graph('Memory of its limit', 'ratio', [queries.memoryRatio, '{{pod}}']),
    graph('Restarts in 15 minutes', 'number', [queries.restarts('15m'), '{{pod}}']),
  ];
}

/** What is left of what may go wrong in 30 days: below nothing, the promise is broken. */
function promised(name: string, objectives: Objectives): Panel[] {
  const { promised, availabilityLeft, latencyLeft } = objectives;
  const left = (what: string, expression: string): Panel => ({
    title: `${name}: left of ${what}`,
    unit: 'ratio',
    kind: 'number',
    targets: [{ expression }],
    description: 'Of what may go wrong in 30 days, how much has not yet. Below nothing the promise is broken.',
  });
  const { latency } = promised;
  return [
    left(`${promised.availabilityPercent} % answered`, availabilityLeft),
    ...(latency && latencyLeft ? [left(`${latency.percent} % within ${latency.seconds} s`, latencyLeft)] : []),
  ];
}
