import type { Construct } from 'constructs';

import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { graph, Panels } from '../platform/panels';
import { checkWatchedName } from './kafka-alerts';
import type { ZooKeeperQueries } from './zookeeper-queries';

/** When somebody is told of a ZooKeeper ensemble. */
export interface ZooKeeperAlertsSettings {
  /**
   * Whether anybody is told.
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Requests of one server that may wait.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1000001
   * @default 10
   */
  readonly outstandingRequests?: number;

  /**
   * Milliseconds that a request may take, on average since the server began.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 60001
   * @default 100
   */
  readonly latencyMilliseconds?: number;
}

/** Fills in defaults. */
export function resolveZooKeeperAlerts(settings: ZooKeeperAlertsSettings = {}): Required<ZooKeeperAlertsSettings> {
  return {
    enabled: settings.enabled ?? true,
    outstandingRequests: settings.outstandingRequests ?? 10,
    latencyMilliseconds: settings.latencyMilliseconds ?? 100,
  };
}

const RUNBOOK = 'docs/guides/runbooks/zookeeper.md';

/** Tells when an ensemble does not do what it is there for, and shows how it is. */
export function watchZooKeeper(
  scope: Construct,
  queries: ZooKeeperQueries,
  servers: number,
  settings?: ZooKeeperAlertsSettings,
): void {
  const { enabled, outstandingRequests, latencyMilliseconds } = resolveZooKeeperAlerts(settings);
  addPanels(scope, queries);
  if (!enabled) return;
  const { ensemble } = queries;
  checkWatchedName(scope, ensemble);
  const quorum = queries.withoutQuorum(Math.floor(servers / 2) + 1);
  const missing = `${queries.up} < ${servers}`;
  const waiting = `${queries.outstanding} > ${outstandingRequests}`;
  const slow = `${queries.latency} > ${latencyMilliseconds}`;
  const lost = `${ensemble} has no quorum; Kafka can elect nobody`;
  const fewer = `a server of ${ensemble} does not answer`;
  const queue = `more than ${outstandingRequests} requests wait for {{ $labels.zk_host }}`;
  const late = `{{ $labels.zk_host }} takes more than ${latencyMilliseconds} ms for a request`;
  const mute = `nobody tells the figures of ${ensemble}`;
  const rows: AlertRow[] = [
    ['ZooKeeperQuorumLost', 'critical', '1m', quorum, lost, 'there-is-no-quorum'],
    ['ZooKeeperServerDown', 'warning', '5m', missing, fewer, 'a-server-does-not-answer'],
    ['ZooKeeperRequestsWait', 'warning', '5m', waiting, queue, 'requests-wait'],
    ['ZooKeeperSlow', 'warning', '5m', slow, late, 'requests-take-long'],
    ['ZooKeeperNotScraped', 'warning', '10m', queries.unscraped, mute, 'nobody-tells-the-figures-of-an-ensemble'],
  ];
  Alerts.of(scope).add(ensemble, alertsOf(rows, { server: ensemble }, RUNBOOK));
}

function addPanels(scope: Construct, queries: ZooKeeperQueries): void {
  Panels.of(scope).add('zookeeper', queries.ensemble, [
    graph('Servers', 'number', [queries.up, 'answer'], [queries.ready, 'in the quorum']),
    graph('Leader', 'number', [queries.leader, '{{zk_host}}']),
    graph('Requests that wait', 'number', [queries.outstanding, '{{zk_host}}']),
    graph('Milliseconds for a request', 'number', [queries.latency, '{{zk_host}}']),
    graph('Connections', 'number', [queries.connections, '{{zk_host}}']),
    graph('Nodes', 'number', [queries.nodes, 'nodes']),
  ]);
}
