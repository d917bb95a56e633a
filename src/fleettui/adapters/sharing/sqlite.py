"""SqliteEntries: a shared memory in a file of its own, which several hosts may use."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from fleettui.adapters.sharing.queries import load_queries
from fleettui.core.errors import MemoryLost
from fleettui.core.memory import MemoryEntry, MemoryPlace

APPLICATION_ID: Final = 0x666C746D  # "fltm"
_PAGE: Final = 50
_QUERIES: Final = load_queries("sqlite.sql")
_T = TypeVar("_T")
_Entry = tuple[str, bytes, str, float, float]


@asynccontextmanager
async def open_sqlite(place: MemoryPlace) -> AsyncIterator[SqliteEntries]:
    """Give the memory in the file of a place."""
    yield SqliteEntries(place)


class SqliteEntries:
    """Satisfies SharedMemory; every use opens the file anew.

    So nothing is written into a file that was deleted or replaced meanwhile.
    """

    def __init__(self, place: MemoryPlace) -> None:
        self._path = Path(place.folder, place.path).absolute()
        self._place = (place.tenant, place.namespace)

    async def put(self, entry: MemoryEntry) -> None:
        """Keep an entry, durably."""
        value = entry.value.encode("utf-8", "surrogatepass")
        row = (*self._place, entry.key, value, entry.by, entry.at, entry.expires_at)

        def write(db: sqlite3.Connection) -> None:
            db.execute(_QUERIES["put"], row)
            db.execute(_QUERIES["sweep"], (*self._place, entry.at))

        await self._with_file(write)

    async def entries(
        self, now: float, *, key: str = "", prefix: str = ""
    ) -> AsyncGenerator[MemoryEntry, None]:
        """Give the entries that are not over, by key, a page at a time."""
        after = ""
        while True:
            given = (*self._place, after, key, key, prefix, prefix, now, _PAGE)
            rows = await self._with_file(partial(_page, given=given))
            for name, value, by, at, expires_at in rows:
                yield MemoryEntry(name, value.decode("utf-8", "surrogatepass"), by, at, expires_at)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    async def drop(self, key: str) -> bool:
        """Forget an entry."""
        row = (*self._place, key)
        return await self._with_file(lambda db: db.execute(_QUERIES["drop"], row).rowcount > 0)

    async def _with_file(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.to_thread(self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            os.close(os.open(self._path, flags, 0o600))
            with closing(sqlite3.connect(self._path, timeout=5.0)) as db:
                self._prepare(db)
                with db:
                    return work(db)
        except OSError as error:
            raise MemoryLost(
                f"{self._path} can't be opened: {error.strerror}", "mend spec.shared.memory.path"
            ) from error
        except sqlite3.Error as error:
            raise MemoryLost(
                f"{self._path} can't be used: {error}", "mend the file, or name another one"
            ) from error

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Make the table in a file that is ours or empty; what is not ours is not touched."""
        if _mark(db) == APPLICATION_ID:
            return
        with db:
            # Whoever makes the file does it in one transaction: ask again inside of it.
            db.execute("BEGIN IMMEDIATE")
            mark = _mark(db)
            (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if mark not in {0, APPLICATION_ID} or (tables and not mark):
                raise MemoryLost(
                    f"{self._path} is a database of another program", "name another file in 'path'"
                )
            db.execute(_QUERIES["schema"])
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _mark(db: sqlite3.Connection) -> int:
    (mark,) = db.execute("PRAGMA application_id").fetchone()
    return int(mark)


def _page(db: sqlite3.Connection, given: tuple[object, ...]) -> list[_Entry]:
    return db.execute(_QUERIES["page"], given).fetchall()
