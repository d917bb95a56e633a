"""SqliteStore: the event log in one SQLite file, durable at every commit."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiosqlite

from fleettui.adapters.sqlite.connection import connect
from fleettui.adapters.sqlite.failure import failure
from fleettui.adapters.sqlite.opening import prepare
from fleettui.adapters.sqlite.place import owned
from fleettui.adapters.sqlite.queries import load_queries
from fleettui.core.errors import NotFound, SequenceConflict, StoreForeign
from fleettui.ports import Row

_PAGE: Final = 2000
# Above this many bytes compressing is work for a thread.
_LARGE: Final = 64 * 1024


class SqliteStore:
    """Satisfies Store, Snapshots and Blobs; one writing connection, one process.

    Every append is one transaction with synchronous=FULL: when it returns, the rows are on the
    disk. Only use it within `async with SqliteStore.open(path)`: aiosqlite's thread is not a
    daemon and must be ended.
    """

    def __init__(self, db: aiosqlite.Connection, path: Path) -> None:
        self.path = path
        self._db = db
        self._queries = load_queries()
        # Each stream's number and last event. None when a commit's end is not known (it failed,
        # or whoever waited was cancelled): then the file is asked again, behind that commit.
        self._heads: dict[str, tuple[int, int]] | None = None
        self._writing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[SqliteStore]:
        """Open or make the store at `path`, and close it whatever happens.

        Raises StoreLocked, StoreForeign, StoreNewer, StoreReadOnly, StoreFull or StoreFailed.
        """
        with owned(path):
            await asyncio.to_thread(prepare, path)
            db = aiosqlite.Connection(partial(connect, path), iter_chunk_size=64)
            try:
                await db
                yield cls(db, path)
            finally:
                await _closed(db)

    async def append(self, rows: Sequence[Row]) -> None:
        """Commit all rows or none; raises SequenceConflict, StoreFull and their kin.

        A failure leaves the store usable: the same rows may be given again when its cause is gone.
        """
        if not rows:
            return
        async with self._writing:
            heads = await self._known_heads()
            moved, values = _numbered(rows, heads)
            self._heads = None
            new = [(number, name) for name, (number, _) in moved.items() if name not in heads]
            if new:
                await self._commit("add_stream", new)
            await self._commit("add_event", values)
            heads.update(moved)
            self._heads = heads

    async def _known_heads(self) -> dict[str, tuple[int, int]]:
        if self._heads is None:
            rows = await self._fetch("heads", ())
            self._heads = {name: (number, last) for name, number, last in rows}
        return self._heads

    async def read(self, stream: str, after: int = 0) -> AsyncIterator[Row]:
        """Give the rows of a stream whose seq is above `after`, page by page."""
        while page := await self._fetch("events_after", (stream, after, _PAGE)):
            for seq, at, actor, body in page:
                if seq != after + 1:
                    raise StoreForeign(
                        f"{self.path} is damaged: {stream} has a gap before event {seq}",
                        "restore a copy of it",
                    )
                after = seq
                yield Row(stream, seq, at, actor, body)
            if len(page) < _PAGE:
                return

    async def streams(self) -> tuple[str, ...]:
        """Name every stream that has a row, in order of first append."""
        return tuple(name for (name,) in await self._fetch("stream_names", ()))

    async def save_snapshot(self, stream: str, seq: int, body: bytes) -> None:
        """Keep a folded state; one older than there is changes nothing."""
        await self._commit("save_snapshot", [(seq, await _packed(body), stream)])

    async def load_snapshot(self, stream: str) -> tuple[int, bytes] | None:
        """Give the newest snapshot as (seq, body)."""
        for seq, body in await self._fetch("load_snapshot", (stream,)):
            return seq, await self._unpacked(body)
        return None

    async def put_blob(self, body: bytes) -> str:
        """Keep a large text durably, once, and return its SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        await self._commit("put_blob", [(digest, await _packed(body))])
        return digest

    async def get_blob(self, digest: str) -> bytes:
        """Give a blob back; raises NotFound."""
        for (body,) in await self._fetch("get_blob", (digest,)):
            return await self._unpacked(body)
        raise NotFound(f"there is no text {digest[:12]} in {self.path}")

    async def _commit(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        """Do a query for every row, in one transaction and one hop; see LogConnection."""
        try:
            await self._db.executemany(self._queries[query], rows)
        except (sqlite3.Error, ValueError) as error:
            raise failure(error, self.path) from error

    async def _fetch(self, query: str, values: Sequence[Any]) -> list[Any]:
        try:
            return list(await self._db.execute_fetchall(self._queries[query], values))
        except (sqlite3.Error, ValueError) as error:
            raise failure(error, self.path) from error

    async def _unpacked(self, body: bytes) -> bytes:
        try:
            if len(body) < _LARGE:
                return zlib.decompress(body)
            return await asyncio.to_thread(zlib.decompress, body)
        except zlib.error as error:
            raise StoreForeign(
                f"{self.path} is damaged: {error}", "restore a copy of it"
            ) from error


def _numbered(
    rows: Sequence[Row], heads: dict[str, tuple[int, int]]
) -> tuple[dict[str, tuple[int, int]], list[tuple[int, int, float, str, bytes]]]:
    """Give the heads that move and the values to store; raises SequenceConflict for a gap."""
    moved: dict[str, tuple[int, int]] = {}
    values, unused = [], len(heads) + 1
    for stream, seq, at, actor, body in rows:
        found = moved.get(stream) or heads.get(stream)
        number, last = found or (unused, 0)
        unused += found is None
        if seq != last + 1:
            raise SequenceConflict(
                f"event {seq} of {stream} is not the next, {last + 1}", "read the stream again"
            )
        moved[stream] = number, seq
        values.append((number, seq, at, actor, body))
    return moved, values


async def _packed(body: bytes) -> bytes:
    if len(body) < _LARGE:
        return zlib.compress(body, 1)
    return await asyncio.to_thread(zlib.compress, body, 1)


async def _closed(db: aiosqlite.Connection) -> None:
    """Close the connection and end its thread, also when the closing task is cancelled."""
    closing = asyncio.ensure_future(db.close())
    cancelled = False
    while not closing.done():
        try:
            await asyncio.wait([closing])
        except asyncio.CancelledError:
            cancelled = True
    closing.result()
    if cancelled:
        raise asyncio.CancelledError
