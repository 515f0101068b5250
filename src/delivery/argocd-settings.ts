import type { CronSchedule, TimeZone } from '../workload/cron';
import type { Duration } from '../platform/duration';
import type { DnsLabel } from '../platform/names';

/** A time in which environments are synced, or are not. */
export interface SyncWindowSettings {
  /** Whether environments are synced in it alone, or not at all. */
  readonly kind: 'allow' | 'deny';

  /** When it begins. */
  readonly schedule: CronSchedule;

  /** How long it lasts. */
  readonly duration: Duration;

  /**
   * Where it is that time.
   * @default Etc/UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * Names of the environments, such as `production`, in all systems that have one.
   * @minItems 1
   */
  readonly environments: DnsLabel[];

  /**
   * Whether somebody may sync all the same, by hand.
   * @default true
   */
  readonly manualSync?: boolean;
}

/** Environments that are synced together, once those of the stage before are well. */
export interface StageSettings {
  /**
   * Names of the environments, in all systems that have one.
   * @minItems 1
   */
  readonly environments: DnsLabel[];
}

/** What Argo CD has to know of the repository and its cluster. One file for all systems: overlays/argocd.yaml. */
export interface ArgoCdSettings {
  /**
   * Address of the git repository.
   * @pattern ^((https|ssh|file)://|[A-Za-z0-9][-._A-Za-z0-9]*@)[^\s]+$
   * @title the address of a git repository such as https://example.com/team/repository.git
   */
  readonly repository: string;

  /**
   * The branch, tag or commit that is followed.
   * @pattern ^[A-Za-z0-9][-._/A-Za-z0-9]*$
   * @title a branch, a tag or a commit
   * @default HEAD
   */
  readonly revision?: string;

  /**
   * Folder of the repository in which `dist/` is, with its name; `.` where its content is at the top.
   * @pattern ^(\.|[A-Za-z0-9_][-._A-Za-z0-9]*(/[A-Za-z0-9_][-._A-Za-z0-9]*)*)$
   * @title a folder such as dist or deploy/dist, without dots and slashes around it
   * @default dist
   */
  readonly path?: string;

  /**
   * Namespace of Argo CD.
   * @default argocd
   */
  readonly namespace?: DnsLabel;

  /**
   * API server of the cluster in which the environments are, as Argo CD knows it.
   * @pattern ^https://[^\s/]+$
   * @title the address of an API server such as https://kubernetes.default.svc
   * @default https://kubernetes.default.svc
   */
  readonly server?: string;

  /**
   * The order in which a commit comes to the environments: those of a stage are synced when all of the one before are well.
   * What is in no stage, such as a standby, is synced by itself.
   * @default - dev, then test and staging, then production
   */
  readonly stages?: StageSettings[];

  /**
   * How often a sync that failed is tried again, at most: after 10 s, then after twice as long each time, up to 3 min. A stage
   * takes the commit that mends it when it has been tried so often.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 101
   * @default 3
   */
  readonly retries?: number;

  /**
   * When environments are synced, and when they are not.
   * @default - at any time
   */
  readonly windows?: SyncWindowSettings[];
}

/** The same, with nothing left open. */
export interface ResolvedArgoCd {
  readonly repository: string;
  readonly revision: string;
  readonly path: string;
  readonly namespace: string;
  readonly server: string;
  readonly stages: readonly (readonly string[])[];
  readonly retries: number;
  readonly windows: readonly Required<SyncWindowSettings>[];
}

/** Fills in defaults. */
export function resolveArgoCd(settings: ArgoCdSettings): ResolvedArgoCd {
  const { stages = [['dev'], ['test', 'staging'], ['production']].map((environments) => ({ environments })) } =
    settings;
  return {
    repository: settings.repository,
    revision: settings.revision ?? 'HEAD',
    path: settings.path ?? 'dist',
    namespace: settings.namespace ?? 'argocd',
    server: settings.server ?? 'https://kubernetes.default.svc',
    stages: stages.map(({ environments }) => environments),
    retries: settings.retries ?? 3,
    windows: (settings.windows ?? []).map((window) => ({ timeZone: 'Etc/UTC', manualSync: true, ...window })),
  };
}
