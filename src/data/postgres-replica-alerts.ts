import { Chart } from 'cdk8s';

import { Alerts } from '../platform/alerts';
import { formatDuration } from '../platform/duration';
import type { Workload } from '../workload/workload';
import type { ResolvedReadReplicas } from './postgres-replica-settings';

const RUNBOOK = 'docs/guides/replicas.md';

/** Tells when replicas are behind, or not there. The server tells it of them: one that is away says nothing of itself. */
export function addReplicaAlerts(replica: Workload, server: string, { replicas, maxLag }: ResolvedReadReplicas): void {
  const { namespace } = Chart.of(replica);
  const follower = `namespace="${namespace}",application_name=~"${replica.workloadName}-[0-9]+"`;
  const slot = `namespace="${namespace}",slot_name=~"${replica.workloadName.replace(/-/g, '_')}_[0-9]+"`;
  const written = `pg_stat_replication_pg_current_wal_lsn_bytes{${follower}}`;
  const byReplica = (series: string) => `max by (application_name) (${series})`;
  const missing = `pg_stat_replication_pg_wal_lsn_diff{${follower}}`;
  Alerts.of(replica).add(replica.workloadName, [
    {
      name: 'PostgresReplicaBehind',
      // More is missing than was written in that time. A time since the last transaction would grow while nobody writes.
      expression: `${byReplica(missing)} > ${byReplica(written)} - ${byReplica(`${written} offset ${maxLag}s`)}`,
      forDuration: '1m',
      severity: 'warning',
      summary: `a replica of ${server} is more than ${formatDuration(maxLag)} behind; what is read there is old`,
      runbook: `${RUNBOOK}#a-replica-is-behind`,
    },
    {
      name: 'PostgresReplicaMissing',
      expression: `(sum(pg_replication_slots_active{${slot}}) or vector(0)) < ${replicas}`,
      forDuration: '5m',
      severity: 'warning',
      summary: `fewer than ${replicas} replicas follow ${server}`,
      runbook: `${RUNBOOK}#a-replica-does-not-follow`,
    },
  ]);
}
