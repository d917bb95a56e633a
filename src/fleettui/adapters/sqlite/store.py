"""SqliteStore: the event log in one SQLite file, durable at every commit."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiosqlite

from fleettui.adapters.sqlite.connection import connect
from fleettui.adapters.sqlite.ends import Ends
from fleettui.adapters.sqlite.failure import failure
from fleettui.adapters.sqlite.lots import in_lots
from fleettui.adapters.sqlite.opening import prepare
from fleettui.adapters.sqlite.place import owned
from fleettui.adapters.sqlite.queries import load_queries
from fleettui.core.errors import NotFound, StoreForeign
from fleettui.core.tenancy import current_tenant, sealed
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
        # What is at the end of the log. None when a commit's end is not known (it failed, or
        # whoever waited was cancelled): then the file is asked again, behind that commit.
        self._ends: Ends | None = None
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
            ends = self._ends or await self._read_ends()
            added = ends.add(rows)
            self._ends = None
            await self._commit(
                (self._queries["add_stream"], added.streams),
                *in_lots(self._queries["add_event"], added.events),
                (
                    self._queries["move_chain"],
                    [(tenant, *end) for tenant, end in added.chains.items()],
                ),
            )
            ends.move(added.heads, added.chains)
            self._ends = ends

    async def _read_ends(self) -> Ends:
        ends = Ends()
        for tenant, length, hashed in await self._fetch("chains", {}):
            found = await self._fetch("heads", {"tenant": tenant})
            heads = {(tenant, name): (number, last) for name, number, last in found}
            ends.move(heads, {tenant: (length, hashed)})
        return ends

    async def read(self, tenant: str, stream: str, after: int = 0) -> AsyncIterator[Row]:
        """Give the rows of a stream whose seq is above `after`, page by page."""
        wanted = {"tenant": sealed(tenant), "stream": stream, "most": _PAGE}
        while page := await self._fetch("events_after", {**wanted, "after": after}):
            for seq, at, actor, body in page:
                if seq != after + 1:
                    raise StoreForeign(
                        f"{self.path} is damaged: {stream} has a gap before event {seq}",
                        "restore a copy of it",
                    )
                after = seq
                yield Row(tenant, stream, seq, at, actor, body)
            if len(page) < _PAGE:
                return

    async def streams(self) -> tuple[tuple[str, str], ...]:
        """Name every stream that has a row, with its tenant, in order of first append."""
        mine = current_tenant.get()
        heads = (await self._read_ends()).heads
        found = sorted((number, *key) for key, (number, seq) in heads.items() if seq)
        return tuple((tenant, name) for _, tenant, name in found if not mine or tenant == mine)

    async def save_snapshot(self, tenant: str, stream: str, seq: int, body: bytes) -> None:
        """Keep a folded state; one older than there is changes nothing."""
        key = {"tenant": sealed(tenant), "stream": stream}
        kept = {**key, "seq": seq, "body": await _packed(body)}
        await self._commit((self._queries["save_snapshot"], [kept]))

    async def load_snapshot(self, tenant: str, stream: str) -> tuple[int, bytes] | None:
        """Give the newest snapshot as (seq, body)."""
        key = {"tenant": sealed(tenant), "stream": stream}
        for seq, body in await self._fetch("load_snapshot", key):
            return seq, await self._unpacked(body)
        return None

    async def put_blob(self, tenant: str, body: bytes) -> str:
        """Keep a large text durably, once a tenant, and return its SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        kept = sealed(tenant), digest, await _packed(body)
        await self._commit((self._queries["put_blob"], [kept]))
        return digest

    async def get_blob(self, tenant: str, digest: str) -> bytes:
        """Give a blob back; raises NotFound."""
        key = {"tenant": sealed(tenant), "digest": digest}
        for (body,) in await self._fetch("get_blob", key):
            return await self._unpacked(body)
        raise NotFound(f"there is no text {digest[:12]} in {self.path}")

    async def _commit(self, *steps: tuple[str, Sequence[Any]]) -> None:
        """Do statements for all their rows, in one transaction and one hop; see LogConnection."""
        try:
            await self._db.executemany("BEGIN IMMEDIATE", steps)
        except (sqlite3.Error, ValueError) as error:
            raise failure(error, self.path) from error

    async def _fetch(self, query: str, values: Mapping[str, Any]) -> list[Any]:
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
