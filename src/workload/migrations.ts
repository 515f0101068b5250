import type { Seconds } from '../platform/names';
import { ValidationError } from '../platform/validation-error';
import { ApplicationTask, type ApplicationTaskSettings } from './application-task';
import type { IApplication } from './lent-pod';
import { locked, type LockType } from './lock';

/**
 * Where migrations run: in each pod before its containers start, or in one Job for which the pods wait.
 */
export type MigrationsRun = 'init' | 'job';

/** Changes to the database's schema that a release brings, made before its containers start. */
export interface MigrationsSettings {
  /**
   * Command in the application's image that brings the schema up to date, and does nothing where it is.
   * @minItems 1
   */
  readonly command: string[];

  /**
   * What keeps two replicas that start at once from migrating at once. `advisory` holds a lock in PostgreSQL around the
   * command and needs Python with SQLAlchemy in the image, which Alembic brings; `none` is for tools that lock by
   * themselves (Flyway, Liquibase, Prisma).
   * @default advisory
   */
  readonly lock?: LockType;

  /**
   * Where they run. `init` is an init container of each pod; `job` is one Job per release, beside which the new pods wait
   * until `check` succeeds.
   * @default init
   */
  readonly run?: MigrationsRun;

  /**
   * Command in the application's image that changes nothing and succeeds once the schema has all that this release needs,
   * also where a later release has already gone on. Where it succeeds nothing is migrated, so that a pod of the old release
   * can still start. Needs a shell in the image. `run: job` needs it.
   * @minItems 1
   * @default - none: whether there is something to do is the command's business
   */
  readonly check?: string[];

  /**
   * With `run: job`: how often a failed migration is tried again, after 10 s, then 20 s, and so on.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 10001
   * @default 3
   */
  readonly retries?: number;

  /**
   * With `run: job`: how long it may take, all tries together.
   * @minimum 1
   * @default 600
   */
  readonly deadlineSeconds?: Seconds;
}

/** An init container of the application's image. */
export interface InitCommand {
  readonly name: string;
  readonly command: string[];
}

/** Migrations with nothing left open. */
export interface ResolvedMigrations {
  /** What each pod runs before its containers start; undefined where that is not known. */
  readonly init?: InitCommand;
  /** What runs once for all pods, where something does. */
  readonly task?: ApplicationTaskSettings;
}

/** All that migrate the schema of a database take turns, wherever they run. */
const LOCK = 'schema migrations';

/** Name of the task that runs a service's migrations, where its pods do not. */
const taskOf = (application: string) => `${application}-migrations`;

/** Fills in defaults. */
export function resolveMigrations(application: string, settings: MigrationsSettings): ResolvedMigrations {
  const { check, retries = 3, deadlineSeconds = 600 } = settings;
  const command = migrationCommand(settings);
  if (settings.run !== 'job') return { init: { name: 'migrations', command } };
  return {
    init: check && { name: `wait-for-${taskOf(application)}`, command: ['sh', '-c', WAIT, 'migrations', ...check] },
    task: { command, trigger: 'release', retries, deadlineSeconds },
  };
}

/** Makes the Job of migrations that pods do not run themselves. */
export function renderMigrations(
  application: IApplication,
  { init, task }: ResolvedMigrations,
): ApplicationTask | undefined {
  if (init) return task && new ApplicationTask(application, taskOf(application.workloadName), task);
  const found = 'is missing, and migrations.run is job: the pods would not know when to go on';
  throw new ValidationError(application, 'migrations.check', `${found}; give a command that succeeds once they may`);
}

/** Asked at once, then ever less often: a migration may take hours, and a pod that is told to go goes at once. */
const WAIT = `trap 'exit 143' TERM
pause=1
until "$@"; do
  echo "the schema is not yet what this release needs; asking again in $pause s"
  sleep "$pause" & wait "$!"
  pause=$((pause < 16 ? pause * 2 : 30))
done
`;

/** The check is made under the lock: who had to wait finds the work done. */
function migrationCommand({ command, lock = 'advisory', check }: MigrationsSettings): string[] {
  const unlessDone = check ? ['sh', '-c', `${words(check)} || exec ${words(command)}`] : command;
  return lock === 'none' ? unlessDone : locked(LOCK, unlessDone);
}

/** Words as a shell reads them. */
const words = (command: readonly string[]) =>
  command.map((word) => (/^[-+\w./:=@%,]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`)).join(' ');
