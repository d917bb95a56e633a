"""MemoryStore: the event log in memory, under the same contract as the real one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

from fleettui.core.errors import NotFound, SequenceConflict
from fleettui.core.tenancy import current_tenant, sealed
from fleettui.ports import Row


class MemoryStore:
    """Satisfies Store, Snapshots and Blobs; forgets everything with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._snapshots: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._blobs: dict[tuple[str, str], bytes] = {}

    async def append(self, rows: Sequence[Row]) -> None:
        """Keep all rows or none; raises SequenceConflict where one is not its stream's next."""
        last: dict[tuple[str, str], int] = {}
        for row in rows:
            key = sealed(row.tenant), row.stream
            expected = last.get(key, len(self._rows.get(key, ()))) + 1
            if row.seq != expected:
                raise SequenceConflict(
                    f"event {row.seq} of {row.stream} is not the next, {expected}",
                    "read the stream again",
                )
            last[key] = row.seq
        for row in rows:
            self._rows.setdefault((row.tenant, row.stream), []).append(row)

    async def read(self, tenant: str, stream: str, after: int = 0) -> AsyncIterator[Row]:
        """Give the rows of a stream whose seq is above `after`."""
        for row in self._rows.get((sealed(tenant), stream), [])[after:]:
            yield row

    async def streams(self) -> tuple[tuple[str, str], ...]:
        """Name every stream that has a row, with its tenant, in order of first append."""
        mine = current_tenant.get()
        return tuple(key for key in self._rows if not mine or key[0] == mine)

    async def save_snapshot(self, tenant: str, stream: str, seq: int, body: bytes) -> None:
        """Keep a folded state of a stream that has rows; an older one changes nothing."""
        key = sealed(tenant), stream
        kept = self._snapshots.get(key)
        if key in self._rows and (kept is None or kept[0] <= seq):
            self._snapshots[key] = (seq, body)

    async def load_snapshot(self, tenant: str, stream: str) -> tuple[int, bytes] | None:
        """Give the newest snapshot as (seq, body)."""
        return self._snapshots.get((sealed(tenant), stream))

    async def put_blob(self, tenant: str, body: bytes) -> str:
        """Keep a large text, once, and return its SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        self._blobs[sealed(tenant), digest] = body
        return digest

    async def get_blob(self, tenant: str, digest: str) -> bytes:
        """Give a blob back; raises NotFound."""
        try:
            return self._blobs[sealed(tenant), digest]
        except KeyError:
            raise NotFound(f"there is no text {digest[:12]} in memory") from None
