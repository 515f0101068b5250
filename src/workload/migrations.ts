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
  readonly lock?: 'advisory' | 'none';
}

/**
 * Holds a session lock while the command runs: the server frees it when the session ends, however the pod dies.
 * - It asks again and again instead of waiting in the server: a session that waits there holds a snapshot, for whose end
 *   `CREATE INDEX CONCURRENTLY` in the other pod's migration would wait in turn, for ever.
 * - A URL without a driver means another one in each release of SQLAlchemy, so the first that is installed is taken.
 * - SQLAlchemy's asyncio needs a library that is not always there, so it is loaded only for a driver that needs it.
 */
const WITH_LOCK = `import asyncio, os, subprocess, sys, time
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

def installed(url):
    try:
        url.get_dialect().import_dbapi()
        return True
    except ImportError:
        return False

given = make_url(os.environ["DATABASE_URL"])
drivers = [given.drivername, "postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg"]
url = next(filter(installed, (given.set(drivername=driver) for driver in drivers)), given)
lock = text("select pg_try_advisory_lock(hashtext('schema migrations'))")
migrate = lambda: subprocess.call(sys.argv[1:])

async def locked():
    from sqlalchemy.ext.asyncio import create_async_engine
    async with create_async_engine(url, isolation_level="AUTOCOMMIT").connect() as session:
        while not await session.scalar(lock):
            await asyncio.sleep(1)
        return migrate()

if url.get_dialect().is_async:
    sys.exit(asyncio.run(locked()))
with create_engine(url, isolation_level="AUTOCOMMIT").connect() as session:
    while not session.scalar(lock):
        time.sleep(1)
    sys.exit(migrate())
`;

/** The command of the init container. */
export function migrationCommand({ command, lock = 'advisory' }: MigrationsSettings): string[] {
  return lock === 'none' ? command : ['python', '-c', WITH_LOCK, ...command];
}
