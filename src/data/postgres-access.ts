import { KubeConfigMap, type Volume, type VolumeMount } from '../../imports/k8s';
import type { Workload } from '../workload/workload';
import type { Replicator } from './postgres-roles';

const MOUNT = '/etc/postgresql';
const FILE = 'pg_hba.conf';

/**
 * Who may log in, from where: everybody with a password, and over the network only with TLS where `type` says so. What counts
 * as replication is not among "all".
 */
export const hostBasedAccess = (type: 'host' | 'hostssl', replicators: readonly Replicator[]) =>
  [
    'local all all scram-sha-256',
    `${type} all all all scram-sha-256`,
    ...replicators.map(({ role }) => `${type} replication ${role} all scram-sha-256`),
    '',
  ].join('\n');

/** The list of who may log in, where the image's own would not do. */
export class PostgresAccess {
  /** The list of a server; undefined where everybody with a password is enough. */
  public static ofServer(
    server: Workload,
    tls: boolean,
    replicators: readonly Replicator[],
  ): PostgresAccess | undefined {
    return tls || replicators.length > 0 ? new PostgresAccess(server, tls, replicators) : undefined;
  }

  private readonly list: KubeConfigMap;

  private constructor(server: Workload, tls: boolean, replicators: readonly Replicator[]) {
    this.list = new KubeConfigMap(server, 'access', {
      metadata: { name: `${server.workloadName}-access` },
      data: { [FILE]: hostBasedAccess(tls ? 'hostssl' : 'host', replicators) },
    });
  }

  /** Parameters of the server. */
  public get parameters(): Record<string, string> {
    return { hba_file: `${MOUNT}/${FILE}` };
  }

  /** The list as a volume. */
  public get volume(): Volume {
    return { name: 'access', configMap: { name: this.list.name } };
  }

  /** Where the server reads it. */
  public get mount(): VolumeMount {
    return { name: 'access', mountPath: MOUNT, readOnly: true };
  }
}
