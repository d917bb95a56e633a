"""SqliteStore: the event log in one SQLite file, durable at every commit."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from fleettui.adapters.sqlite.opening import failure, locked, prepare
from fleettui.adapters.sqlite.queries import load_queries
from fleettui.core.errors import NotFound, SequenceConflict, StoreFailed
from fleettui.ports import Row

_PAGE = 2000


class SqliteStore:
    """Satisfies Store, Snapshots and Blobs; one writing connection, one process.

    Every append is one transaction with synchronous=FULL: when it returns, the rows are on the
    disk. Use `async with SqliteStore.open(path)`; aiosqlite's thread must be ended by its owner.
    """

    def __init__(self, db: aiosqlite.Connection, path: Path) -> None:
        self._db, self._path = db, path
        self._queries = load_queries()
        self._ids: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._writing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[SqliteStore]:
        """Open or make the store at `path`; raises StoreFailed's kinds."""
        with locked(path):
            await asyncio.to_thread(prepare, path)
            db = await aiosqlite.connect(path, isolation_level=None)
            try:
                store = cls(db, path)
                await store._begin()
                yield store
            finally:
                await asyncio.shield(db.close())

    async def _begin(self) -> None:
        try:
            for pragma in ("synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
                await self._db.execute(f"PRAGMA {pragma}")
            rows = await self._db.execute_fetchall(self._queries["all_streams"])
        except sqlite3.Error as error:
            raise failure(error, self._path) from error
        for number, name, last in rows:
            self._ids[name], self._last[name] = number, last

    async def append(self, rows: Sequence[Row]) -> None:
        """Commit all rows or none; raises SequenceConflict, StoreFull and their kin."""
        async with self._writing:
            ids, last = dict(self._ids), dict(self._last)
            new: list[tuple[int, str]] = []
            values = []
            for stream, seq, at, actor, body in rows:
                if stream not in ids:
                    ids[stream], last[stream] = len(ids) + 1, 0
                    new.append((ids[stream], stream))
                if seq != last[stream] + 1:
                    raise SequenceConflict(
                        f"row {seq} of stream {stream!r} is not the next, {last[stream] + 1}"
                    )
                last[stream] = seq
                values.append((ids[stream], seq, at, actor, body))
            moved = [(last[name], ids[name]) for name in {row.stream for row in rows}]
            await self._transact(new, values, moved)
            self._ids, self._last = ids, last

    async def _transact(
        self,
        new: Sequence[tuple[int, str]],
        values: Sequence[tuple[int, int, float, str, bytes]],
        moved: Sequence[tuple[int, int]],
    ) -> None:
        db, query = self._db, self._queries
        try:
            await db.execute("BEGIN IMMEDIATE")
            if new:
                await db.executemany(query["add_stream"], new)
            await db.executemany(query["add_event"], values)
            await db.executemany(query["move_last"], moved)
            await db.execute("COMMIT")
        except BaseException as error:
            await asyncio.shield(self._roll_back())
            if isinstance(error, sqlite3.IntegrityError):
                raise SequenceConflict(f"two writers on {self._path}: {error}") from error
            if isinstance(error, (sqlite3.Error, ValueError)):
                raise failure(error, self._path) from error
            raise

    async def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                await self._db.execute("ROLLBACK")
        except (sqlite3.Error, ValueError):
            return

    async def read(self, stream: str, after: int = 0) -> AsyncIterator[Row]:
        """Give the rows of a stream whose seq is above `after`, page by page."""
        number = self._ids.get(stream)
        while number is not None:
            try:
                page = await self._db.execute_fetchall(
                    self._queries["events_after"], (number, after, _PAGE)
                )
            except sqlite3.Error as error:
                raise failure(error, self._path) from error
            for seq, at, actor, body in page:
                if seq != after + 1:
                    raise StoreFailed(
                        f"stream {stream!r} has a gap before {seq}", "restore a copy of the store"
                    )
                after = seq
                yield Row(stream, seq, at, actor, body)
            if len(list(page)) < _PAGE:
                return

    async def streams(self) -> tuple[str, ...]:
        return tuple(self._ids)

    async def save_snapshot(self, stream: str, seq: int, body: bytes) -> None:
        """Keep a folded state; an older one than there is changes nothing."""
        await self._write("save_snapshot", (self._ids[stream], seq, zlib.compress(body, 1)))

    async def load_snapshot(self, stream: str) -> tuple[int, bytes] | None:
        found = await self._one("load_snapshot", (self._ids.get(stream, 0),))
        return None if found is None else (found[0], zlib.decompress(found[1]))

    async def put_blob(self, body: bytes) -> str:
        """Keep a large text durably, once, and return its SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        await self._write("put_blob", (digest, zlib.compress(body, 1)))
        return digest

    async def get_blob(self, digest: str) -> bytes:
        """Give a blob back; raises NotFound."""
        found = await self._one("get_blob", (digest,))
        if found is None:
            raise NotFound(f"no blob {digest[:12]} in {self._path}")
        return zlib.decompress(found[0])

    async def _write(self, query: str, values: Sequence[object]) -> None:
        async with self._writing:
            try:
                await self._db.execute(self._queries[query], values)
            except sqlite3.Error as error:
                raise failure(error, self._path) from error

    async def _one(self, query: str, values: Sequence[object]) -> sqlite3.Row | None:
        try:
            rows = list(await self._db.execute_fetchall(self._queries[query], values))
        except sqlite3.Error as error:
            raise failure(error, self._path) from error
        return rows[0] if rows else None
