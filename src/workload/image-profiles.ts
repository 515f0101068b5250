import type { Bytes } from '../platform/quantity';

/** A folder that a process writes to although its root filesystem is read-only. */
export interface WritablePath {
  /**
   * Absolute path of the folder.
   * @pattern ^/[^:]*[^:/]$
   * @title an absolute path such as /var/cache
   */
  readonly path: string;

  /** Why the process writes there. */
  readonly reason: string;

  /**
   * Most that it may hold.
   * @default 64Mi
   */
  readonly sizeLimit?: Bytes;

  /**
   * Whether it is kept in memory, where it counts against the memory limit.
   * @default false
   */
  readonly inMemory?: boolean;
}

/** How an image runs as a numeric user with a read-only root filesystem. */
export interface ImageProfile {
  /** Numeric user the process runs as. */
  readonly user: number;

  /** Numeric group the process runs as. */
  readonly group: number;

  /** Where it writes. */
  readonly writablePaths: readonly WritablePath[];
}

/** Profiles of kinds of application, chosen by name in the settings. `nginx` is nginx-unprivileged and what is built on it. */
export type ApplicationProfile = 'fastapi' | 'flask' | 'nextjs' | 'nginx';

const TMP: WritablePath = { path: '/tmp', reason: 'temporary files', sizeLimit: '64Mi' };

/** Of `nginxinc/nginx-unprivileged`, which a container runtime stops by SIGQUIT: it finishes what it began. */
const NGINX: ImageProfile = {
  user: 101,
  group: 101,
  writablePaths: [{ path: '/tmp', reason: 'process id and parts of requests', sizeLimit: '64Mi' }],
};

const APPLICATIONS: Record<ApplicationProfile, ImageProfile> = {
  fastapi: { user: 1000, group: 1000, writablePaths: [TMP] },
  flask: { user: 1000, group: 1000, writablePaths: [TMP] },
  nextjs: {
    user: 1000,
    group: 1000,
    writablePaths: [
      TMP,
      { path: '/app/.next/cache', reason: 'rendered pages and optimized images', sizeLimit: '256Mi' },
    ],
  },
  nginx: NGINX,
};

const POSTGRES_PATHS: WritablePath[] = [
  TMP,
  { path: '/var/run/postgresql', reason: 'socket and lock file of the server', sizeLimit: '16Mi' },
  { path: '/dev/shm', reason: 'shared memory of parallel queries', sizeLimit: '128Mi', inMemory: true },
];

const CONFLUENT_PATHS: WritablePath[] = [
  { path: '/tmp', reason: 'native libraries of compression codecs, which the JVM unpacks', sizeLimit: '64Mi' },
  { path: '/etc/kafka', reason: 'configuration, which the entrypoint writes from the environment', sizeLimit: '16Mi' },
  { path: '/var/log/kafka', reason: 'log files of tools', sizeLimit: '64Mi' },
];

/**
 * Known images, by the last part of their repository and what their tag contains; the first row that fits counts.
 * Users and groups are those that the images' own build files create.
 */
const IMAGES: readonly { name: string; tag: string; profile: ImageProfile }[] = [
  { name: 'postgres', tag: 'alpine', profile: { user: 70, group: 70, writablePaths: POSTGRES_PATHS } },
  { name: 'postgres', tag: '', profile: { user: 999, group: 999, writablePaths: POSTGRES_PATHS } },
  { name: 'redis', tag: 'alpine', profile: { user: 999, group: 1000, writablePaths: [TMP] } },
  { name: 'redis', tag: '', profile: { user: 999, group: 999, writablePaths: [TMP] } },
  { name: 'busybox', tag: '', profile: { user: 65534, group: 65534, writablePaths: [] } },
  { name: 'postgres-exporter', tag: '', profile: { user: 65534, group: 65534, writablePaths: [] } },
  { name: 'cp-kafka', tag: '', profile: { user: 1000, group: 1000, writablePaths: CONFLUENT_PATHS } },
  { name: 'cp-zookeeper', tag: '', profile: { user: 1000, group: 1000, writablePaths: CONFLUENT_PATHS } },
  { name: 'kafka-exporter', tag: '', profile: { user: 65534, group: 65534, writablePaths: [] } },
  { name: 'zookeeper-exporter', tag: '', profile: { user: 65534, group: 65534, writablePaths: [] } },
  { name: 'opentelemetry-collector-contrib', tag: '', profile: { user: 10001, group: 10001, writablePaths: [] } },
  { name: 'nginx-unprivileged', tag: '', profile: NGINX },
  { name: 'redis_exporter', tag: '', profile: { user: 59000, group: 59000, writablePaths: [] } },
];

/** The profile of a kind of application. */
export const applicationProfile = (name: ApplicationProfile): ImageProfile => APPLICATIONS[name];

/** What the table holds, for error messages. */
export const knownImages = () => [...new Set(IMAGES.map(({ name }) => name))].join(', ');

/** The profile of a known image, wherever it is mirrored; undefined for an image that the table does not hold. */
export function imageProfile(repository: string, tag = ''): ImageProfile | undefined {
  const name = repository.split('/').at(-1);
  return IMAGES.find((row) => row.name === name && tag.includes(row.tag))?.profile;
}
