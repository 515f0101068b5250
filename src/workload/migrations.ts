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
 * Holds a session lock while the command runs. The server frees it when the session ends, however the pod dies, and
 * autocommit keeps the session from holding back the migration's own locks.
 */
const WITH_LOCK = `import asyncio, os, subprocess, sys
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

url = make_url(os.environ["DATABASE_URL"])
lock = text("select pg_advisory_lock(hashtext('schema migrations'))")
migrate = lambda: subprocess.call(sys.argv[1:])

async def locked():
    async with create_async_engine(url, isolation_level="AUTOCOMMIT").connect() as session:
        await session.execute(lock)
        return migrate()

if url.get_dialect().is_async:
    sys.exit(asyncio.run(locked()))
with create_engine(url, isolation_level="AUTOCOMMIT").connect() as session:
    session.execute(lock)
    sys.exit(migrate())
`;

/** The command of the init container. */
export function migrationCommand({ command, lock = 'advisory' }: MigrationsSettings): string[] {
  return lock === 'none' ? command : ['python', '-c', WITH_LOCK, ...command];
}
