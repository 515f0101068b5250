import type { Panel, PanelUnit, Section } from '../platform/panels';
import type { ResolvedDashboard } from './dashboard-settings';

/** Units as Grafana calls them. */
const UNITS: Record<PanelUnit, string> = {
  bytes: 'bytes',
  number: 'short',
  'per-second': 'cps',
  ratio: 'percentunit',
  seconds: 's',
};

/** Of the 24 columns that a dashboard has. */
const WIDTH = 8;
const HEIGHT = 7;
const PER_LINE = 24 / WIDTH;

/** Whoever looks may choose among the Prometheus servers that Grafana knows. */
const SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The model of a dashboard, as Grafana reads it. */
export function grafanaDashboard(
  uid: string,
  tags: readonly string[],
  { title, range, refresh }: ResolvedDashboard,
  sections: readonly Section[],
): object {
  return {
    uid,
    title,
    tags,
    // The file is the dashboard: what somebody changed in Grafana would be lost with the next release.
    editable: false,
    graphTooltip: 1,
    schemaVersion: 39,
    timezone: 'browser',
    time: { from: `now-${range}`, to: 'now' },
    refresh,
    templating: { list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
    annotations: { list: [] },
    panels: layOut(sections),
  };
}

/** Section under section, three panels in a line, numbered in that order. */
function layOut(sections: readonly Section[]): object[] {
  let y = 0;
  let id = 0;
  return sections.flatMap(({ title, panels }) => {
    const row = { type: 'row', id: ++id, title, collapsed: false, gridPos: { h: 1, w: 24, x: 0, y }, panels: [] };
    const top = y + 1;
    y = top + Math.ceil(panels.length / PER_LINE) * HEIGHT;
    return [
      row,
      ...panels.map((panel, index) => {
        const line = Math.floor(index / PER_LINE);
        const place = { h: HEIGHT, w: WIDTH, x: (index % PER_LINE) * WIDTH, y: top + line * HEIGHT };
        return { id: ++id, gridPos: place, ...render(panel) };
      }),
    ];
  });
}

function render({ title, description, kind, unit, targets }: Panel): object {
  return {
    type: kind === 'number' ? 'stat' : 'timeseries',
    title,
    ...(description === undefined ? {} : { description }),
    datasource: SOURCE,
    fieldConfig: { defaults: { unit: UNITS[unit], ...(kind === 'graph' ? { min: 0 } : {}) }, overrides: [] },
    targets: targets.map(({ expression, legend }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: SOURCE,
      expr: expression,
      ...(legend === undefined ? {} : { legendFormat: legend }),
      ...(kind === 'number' ? { instant: true } : { range: true }),
    })),
  };
}
