/**
 * What keeps two runs of a command from working at once.
 */
export type LockType = 'advisory' | 'none';

/**
 * Holds a session lock while the command runs: the server frees it when the session ends, however the pod dies.
 * - It asks again and again instead of waiting in the server: a session that waits there holds a snapshot, for whose end
 *   `CREATE INDEX CONCURRENTLY` in the other pod's migration would wait in turn, for ever.
 * - A URL without a driver means another one in each release of SQLAlchemy, so the first that is installed is taken.
 * - SQLAlchemy's asyncio needs a library that is not always there, so it is loaded only for a driver that needs it.
 */
const withLock = (name: string) => `import asyncio, os, subprocess, sys, time
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
lock = text("select pg_try_advisory_lock(hashtext('${name}'))")
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

/** A command that runs while it holds the lock of this name. */
export const locked = (name: string, command: readonly string[]): string[] => [
  'python',
  '-c',
  withLock(name),
  ...command,
];
