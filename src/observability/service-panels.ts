import type { WebQueries } from '../workload/web-queries';
import type { Panel, Section } from './grafana';

/** What there is to see of a web service: requests, errors and latency where it tells them, and what it uses. */
export function serviceSection(queries: WebQueries): Section {
  const { name, metrics } = queries.service;
  return { title: name, panels: [...(metrics ? traffic(queries, metrics.statusLabel) : []), ...saturation(queries)] };
}

function traffic(queries: WebQueries, statusLabel: string): Panel[] {
  const quantiles = [50, 95, 99].map((percent) => ({ expression: queries.latency(percent), legend: `${percent} %` }));
  return [
    graph('Requests', 'per-second', [{ expression: queries.requests('status'), legend: `{{${statusLabel}}}` }]),
    graph('Server errors', 'ratio', [{ expression: queries.errorRatio, legend: 'of all requests' }]),
    graph('Answered within', 'seconds', quantiles),
  ];
}

function saturation(queries: WebQueries): Panel[] {
  return [
    graph('Ready pods', 'number', [{ expression: queries.readyPods, legend: 'ready' }]),
    graph('CPU of its limit', 'ratio', [{ expression: queries.cpuRatio, legend: '{{pod}}' }]),
    graph('Memory of its limit', 'ratio', [{ expression: queries.memoryRatio, legend: '{{pod}}' }]),
    graph('Restarts in 15 minutes', 'number', [{ expression: queries.restarts('15m'), legend: '{{pod}}' }]),
  ];
}

const graph = (title: string, unit: Panel['unit'], targets: Panel['targets']): Panel => ({
  title,
  unit,
  targets,
  kind: 'graph',
});
