import { formatBytes, formatCpu } from '../../platform/quantity';
import { addRanges, type Bill, type BillLine, type Range } from './bill';
import type { Prices } from './prices';

const HEADER = ['', 'pods', 'CPU', 'memory', 'volumes'];

/** The bills as a table for each environment, the sum of each system, and what is not in it. */
export function formatBills(bills: readonly Bill[], prices: Prices): string {
  const systems = [...new Set(bills.map(({ system }) => system))];
  const tables = systems.flatMap((system) => {
    const own = bills.filter((bill) => bill.system === system);
    const sum = addRanges(own.map((bill) => bill.sum));
    return [...own.map((bill) => formatBill(bill, prices)), `${system}: ${perMonth(sum, prices)}`];
  });
  return [...tables, formatNotes(bills, prices)].join('\n\n');
}

function formatBill(bill: Bill, prices: Prices): string {
  const rows = [
    [...HEADER.with(0, `${bill.system}/${bill.environment}`), `${prices.currency} a month`],
    ...bill.lines.map(row),
    ...(bill.loadBalancers.count > 0
      ? [[`${bill.loadBalancers.count} load balancers`, '', '', '', '', money(bill.loadBalancers.cost)]]
      : []),
    ['sum', '', '', '', '', money(bill.sum)],
    ...(bill.onSpot.most > 0 ? [['of it on spot nodes', '', '', '', '', money(bill.onSpot)]] : []),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows
    .map((cells) => {
      const [name = '', ...figures] = cells.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
      );
      return `${name}  ${figures.join('  ')}`;
    })
    .join('\n');
}

function row({ kind, name, spot, pods, cpu, memory, storage, cost }: BillLine): string[] {
  return [
    `  ${kind} ${name}${spot ? ' (spot)' : ''}`,
    spread(pods, String),
    spread(cpu, formatCpu),
    spread(memory, formatBytes),
    spread(storage, formatBytes),
    money(cost),
  ];
}

/** One figure where both ends are the same. */
function spread({ least, most }: Range, format: (figure: number) => string): string {
  if (most === 0) return '-';
  return least === most ? format(least) : `${format(least)}–${format(most)}`;
}

const money = ({ least, most }: Range): string => {
  const [low, high] = [least.toFixed(2), most.toFixed(2)];
  return low === high ? low : `${low}–${high}`;
};

const perMonth = (range: Range, { currency }: Prices) => `${money(range)} ${currency} a month`;

function formatNotes(bills: readonly Bill[], { spotDiscountPercent = 0, loadBalancerMonth }: Prices): string {
  const spot = bills.some(({ lines }) => lines.some((line) => line.spot));
  const balancers = bills.some(({ loadBalancers }) => loadBalancers.count > 0);
  return [
    'From the replicas, or the minimum of autoscalers, to their maximum; for what pods request, sidecars included, in 730 hours.',
    'Not known, and not in it: traffic, snapshots and object stores, the control plane, what nodes have to spare, Jobs,',
    "what an ingress controller and other tools of the cluster use, and services that are somebody else's.",
    ...(spot ? [`Spot: as if a node were always found, at ${spotDiscountPercent} % less.`] : []),
    ...(balancers && loadBalancerMonth === undefined
      ? ['Load balancers: without a price for them (loadBalancerMonth) they are not counted.']
      : []),
  ].join('\n');
}
