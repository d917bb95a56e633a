"""PostgresEntries: a shared memory in a table of PostgreSQL; needs the extra `postgres`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Final, TypeVar

from fleettui.adapters.sharing.queries import load_queries
from fleettui.core.errors import MemoryLost, MissingExtra
from fleettui.core.memory import MemoryEntry, MemoryPlace, redacted, shown

_CONNECT_WITHIN: Final = 3.0
_ANSWER_WITHIN: Final = 10.0
_CONNECTIONS: Final = 4
_PAGE: Final = 50
_QUERIES: Final = load_queries("postgres.sql")
_T = TypeVar("_T")


@asynccontextmanager
async def open_postgres(place: MemoryPlace) -> AsyncIterator[PostgresEntries]:
    """Give the memory on the server of a place; raises MissingExtra or MemoryLost."""
    try:
        library: Any = import_module("asyncpg")
    except ImportError:
        raise MissingExtra(
            "memory postgres needs a package that is not installed",
            "pip install 'fleettui[postgres]'",
        ) from None
    # It connects at the first use; without prepared statements it works behind a pooler too.
    pool = await library.create_pool(
        place.url, min_size=0, max_size=_CONNECTIONS, timeout=_CONNECT_WITHIN,
        command_timeout=_ANSWER_WITHIN, statement_cache_size=0,
    )  # fmt: skip
    try:
        yield PostgresEntries(library, pool, place)
    finally:
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                await pool.close()
        except (TimeoutError, OSError, library.PostgresError, library.InterfaceError):
            pool.terminate()


class PostgresEntries:
    """Satisfies SharedMemory; the table `fleettui_memory` is made where it is not there."""

    def __init__(self, library: Any, pool: Any, place: MemoryPlace) -> None:
        self._pool, self._url = pool, place.url
        self._place = (place.tenant, place.namespace)
        self._gone = (library.InterfaceError, library.PostgresConnectionError, ConnectionError)
        self._failures = (
            library.PostgresError, library.InterfaceError, OSError, TimeoutError, ValueError,
        )  # fmt: skip
        self._no_table = library.UndefinedTableError

    async def put(self, entry: MemoryEntry) -> None:
        """Keep an entry, and let go of those that were over by then."""
        value = entry.value.encode("utf-8", "surrogatepass")
        row = (*self._place, entry.key, value, entry.by, entry.at, entry.expires_at)

        async def write(db: Any) -> None:
            await db.execute(_QUERIES["put"], *row)
            await db.execute(_QUERIES["sweep"], *self._place, entry.at)

        await self._with_table(write)

    async def entries(
        self, now: float, *, key: str = "", prefix: str = ""
    ) -> AsyncGenerator[MemoryEntry, None]:
        """Give the entries that are not over, by key, a page at a time."""
        after = ""
        while True:
            given = (*self._place, after, key, prefix, now, _PAGE)
            rows = await self._with_table(_page(given))
            for name, value, by, at, expires_at in rows:
                yield MemoryEntry(name, value.decode("utf-8", "surrogatepass"), by, at, expires_at)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    async def drop(self, key: str) -> bool:
        """Forget an entry."""

        async def delete(db: Any) -> bool:
            return bool(await db.fetchval(_QUERIES["drop"], *self._place, key))

        return await self._with_table(delete)

    async def _with_table(self, work: Callable[[Any], Awaitable[_T]]) -> _T:
        """Do some work on a connection, once more where it had gone or the table was not there."""
        try:
            try:
                return await self._with_connection(work)
            except self._no_table:
                await self._with_connection(_make_table)
            except self._gone:
                pass
            return await self._with_connection(work)
        except self._failures as error:
            what = redacted(str(error) or type(error).__name__, self._url)
            if isinstance(error, ValueError):
                # It quotes what it could not read of the address, perhaps a piece of a password.
                what = "the address can't be read"
            raise MemoryLost(
                f"postgres at {shown(self._url)}: {what}", "it is tried again by itself"
            ) from None

    async def _with_connection(self, work: Callable[[Any], Awaitable[_T]]) -> _T:
        async with self._pool.acquire(timeout=_ANSWER_WITHIN) as db, db.transaction():
            return await work(db)


def _page(given: tuple[object, ...]) -> Callable[[Any], Awaitable[Any]]:
    async def read(db: Any) -> Any:
        return await db.fetch(_QUERIES["page"], *given)

    return read


async def _make_table(db: Any) -> None:
    """Make the table; two who do it at once would fail without the lock."""
    await db.execute(_QUERIES["lock"])
    await db.execute(_QUERIES["schema"])
