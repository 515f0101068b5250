import type { Construct } from 'constructs';

import type { Container, EnvVar, Lifecycle, Probe, VolumeMount } from '../../imports/k8s';
import type { ListeningPort } from '../network/connectable';
import type { SecretFile } from '../platform/secret-file';
import { renderExporter, type ResolvedExporter } from '../workload/exporter';
import type { ResolvedImage } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import { hardened, type HardenedContainer } from '../workload/pod';
import type { ResolvedResources } from '../workload/resources';
import { DATA_VOLUME } from '../workload/stateful';
import { EXPORTER_KEY, EXPORTER_ROLE, SECRETS_MOUNT } from './postgres-roles';
import type { PostgresTls } from './postgres-tls';

/** Port on which a server answers. */
export const SQL: ListeningPort = { name: 'postgres', port: 5432 };

/** Port on which its exporter answers. */
export const METRICS: ListeningPort = { name: 'metrics', port: 9187 };

/** Where the volume of the data is mounted. Its own root may hold lost+found, in which initdb refuses to work. */
export const DATA_MOUNT = '/var/lib/postgresql/data';

/** Folder of the data. */
export const DATA_FOLDER = `${DATA_MOUNT}/pgdata`;

/** Whether a server accepts connections, asked in its own pod. */
export const READY = `pg_isready -q -h 127.0.0.1 -p ${SQL.port}`;

/** Is there while a script gets the data which its server is to begin with, for as long as that takes. */
export const PREPARING = '/tmp/preparing';

/** What makes the container of a server. */
export interface PostgresServerParts {
  readonly image: ResolvedImage;
  readonly profile: ImageProfile;
  readonly resources: ResolvedResources;
  readonly database: string;
  readonly command?: Container['command'];
  readonly args: string[];
  readonly env: EnvVar[];
  readonly lifecycle?: Lifecycle;
  readonly files: readonly SecretFile[];
  readonly mounts: VolumeMount[];
  /** Whether it has to get its data first. */
  readonly prepares?: boolean;
}

/** The container of a server. */
export function renderServer(parts: PostgresServerParts): HardenedContainer {
  const { image, profile, resources, files } = parts;
  const probe = (command: string, periodSeconds: number, failureThreshold: number): Probe => ({
    exec: { command: ['sh', '-c', command] },
    periodSeconds,
    timeoutSeconds: 5,
    failureThreshold,
  });
  // 1 means that the server is there and recovering; to kill it then would begin the recovery anew.
  const answers = `${READY}; test $? -le 1`;
  const alive = parts.prepares ? `test -e ${PREPARING} || { ${answers}; }` : answers;
  return hardened(
    { name: 'postgres', image, profile, resources, files },
    {
      command: parts.command,
      args: parts.args,
      env: [{ name: 'PGDATA', value: DATA_FOLDER }, ...parts.env],
      ports: [{ name: SQL.name, containerPort: SQL.port, protocol: 'TCP' }],
      lifecycle: parts.lifecycle,
      // Over TCP: while the image prepares an empty volume, its temporary server answers on the socket only.
      startupProbe: probe(alive, 5, 60),
      readinessProbe: probe(`${READY} -d ${parts.database}`, 10, 3),
      livenessProbe: probe(alive, 20, 6),
      volumeMounts: [{ name: DATA_VOLUME, mountPath: DATA_MOUNT }, ...parts.mounts],
    },
  );
}

/** The container of its exporter, whose password is in the volume `exporter-credentials`. */
export function renderServerExporter(
  scope: Construct,
  exporter: ResolvedExporter,
  database: string,
  tls: PostgresTls | undefined,
): HardenedContainer {
  const mount = [{ name: 'exporter-credentials', mountPath: SECRETS_MOUNT, readOnly: true }];
  const address = tls
    ? `localhost:${SQL.port}/${database}${tls.query}`
    : `127.0.0.1:${SQL.port}/${database}?sslmode=disable`;
  const env = [
    { name: 'DATA_SOURCE_PASS_FILE', value: `${SECRETS_MOUNT}/${EXPORTER_KEY}` },
    { name: 'DATA_SOURCE_URI', value: address },
    { name: 'DATA_SOURCE_USER', value: EXPORTER_ROLE },
  ];
  return renderExporter(scope, exporter, METRICS.port, { env, volumeMounts: mount }, tls?.clientFiles);
}

/** Parameters as arguments of a server, in the order of their names. */
export const argumentsOf = (parameters: Record<string, string>): string[] =>
  Object.entries(parameters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => ['-c', `${name}=${value}`]);
