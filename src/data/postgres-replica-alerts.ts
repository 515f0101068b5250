import { type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { formatDuration } from '../platform/duration';
import { Namespace } from '../platform/namespace';
import { series } from '../platform/metrics';
import { graph, Panels } from '../platform/panels';
import { statefulPods } from '../workload/watched';
import type { Workload } from '../workload/workload';
import type { ResolvedReadReplicas } from './postgres-replica-settings';

const RUNBOOK = 'docs/guides/replicas.md';

/**
 * Tells when replicas are behind, or not there, and shows how they follow. The server tells it of them: one that is away says
 * nothing of itself.
 */
export function addReplicaAlerts(replica: Workload, server: string, { replicas, maxLag }: ResolvedReadReplicas): void {
  const { workloadName } = replica;
  const told = [`namespace="${Namespace.around(replica).namespaceName}"`, statefulPods(server)];
  const follower = `application_name=~"${workloadName}-[0-9]+"`;
  const slot = `slot_name=~"${workloadName.replace(/-/g, '_')}_[0-9]+"`;
  const written = series('pg_stat_replication_pg_current_wal_lsn_bytes', ...told, follower);
  const byReplica = (figure: string) => `max by (application_name) (${figure})`;
  const missing = byReplica(series('pg_stat_replication_pg_wal_lsn_diff', ...told, follower));
  const following = `(sum(${series('pg_replication_slots_active', ...told, slot)}) or vector(0))`;
  const rows: AlertRow[] = [
    [
      'PostgresReplicaBehind',
      'warning',
      '1m',
      // More is missing than was written in that time. A time since the last transaction would grow while nobody writes.
      `${missing} > ${byReplica(written)} - ${byReplica(`${written} offset ${maxLag}s`)}`,
      `a replica of ${server} is more than ${formatDuration(maxLag)} behind; what is read there is old`,
      'a-replica-is-behind',
    ],
    [
      'PostgresReplicaMissing',
      'warning',
      '5m',
      `${following} < ${replicas}`,
      `fewer than ${replicas} replicas follow ${server}`,
      'a-replica-does-not-follow',
    ],
  ];
  Alerts.of(replica).add(workloadName, alertsOf(rows, { server }, RUNBOOK));
  Panels.of(replica).add('postgresql', server, [
    graph(`${server}: what replicas miss`, 'bytes', [missing, '{{application_name}}']),
    graph(`${server}: replicas that follow`, 'number', [following, 'follow'], [`vector(${replicas})`, 'wanted']),
  ]);
}
