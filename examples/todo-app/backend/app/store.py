"""Where what is to be done is kept: in PostgreSQL, or in memory."""

import uuid
from typing import Protocol

import psycopg
from psycopg.conninfo import make_conninfo


class StoreError(Exception):
    """The store does not do as asked; says so without its address or password."""


class Store(Protocol):
    async def check(self) -> None: ...

    async def all(self) -> list[tuple[str, str]]: ...

    async def add(self, title: str) -> str: ...


def open_store(url: str) -> Store:
    """The store of a DATABASE_URL. Connects when it is first asked, so that a probe tells of a server that is away."""
    if url in ("", "memory:"):
        return Memory()
    if url.startswith(("postgresql://", "postgres://")):
        return Postgres(url)
    raise SystemExit("DATABASE_URL: expected postgresql://…, or memory: to keep nothing; write it into todo-secrets anew")


class Memory:
    """Each process has a list of its own, and loses it when it ends."""

    def __init__(self) -> None:
        self._todos: list[tuple[str, str]] = []

    async def check(self) -> None:
        pass

    async def all(self) -> list[tuple[str, str]]:
        return self._todos

    async def add(self, title: str) -> str:
        id = str(uuid.uuid4())
        self._todos.append((id, title))
        return id


TABLE = """CREATE TABLE IF NOT EXISTS todos (
  id uuid PRIMARY KEY, title text NOT NULL, added timestamptz NOT NULL DEFAULT now())"""


class Postgres:
    """A connection for each request: few enough for an example. A probe waits longer than this does."""

    def __init__(self, url: str) -> None:
        self._conninfo = make_conninfo(url, connect_timeout=2)

    async def check(self) -> None:
        await self._run("SELECT 1")

    async def all(self) -> list[tuple[str, str]]:
        rows = await self._run("SELECT id, title FROM todos ORDER BY added, id", table=True)
        return [(str(id), title) for id, title in rows]

    async def add(self, title: str) -> str:
        id = str(uuid.uuid4())
        await self._run("INSERT INTO todos (id, title) VALUES (%s, %s) RETURNING id", (id, title), table=True)
        return id

    async def _run(self, statement: str, values: tuple[str, ...] = (), table: bool = False) -> list[tuple]:
        try:
            async with await psycopg.AsyncConnection.connect(self._conninfo) as connection:
                if table:
                    # Of two pods that make it at once one would fail; the lock ends with the transaction.
                    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('todos'))")
                    await connection.execute(TABLE)
                return await (await connection.execute(statement, values)).fetchall()
        except psycopg.Error as error:
            raise StoreError(f"the database does not do as asked: {type(error).__name__}") from error
