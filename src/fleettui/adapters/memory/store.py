"""MemoryStore: the event log in memory, under the same contract as the real one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

from fleettui.core.errors import NotFound, SequenceConflict
from fleettui.ports import Row


class MemoryStore:
    """Satisfies Store, Snapshots and Blobs; forgets everything with the process."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._snapshots: dict[str, tuple[int, bytes]] = {}
        self._blobs: dict[str, bytes] = {}

    async def append(self, rows: Sequence[Row]) -> None:
        """Keep all rows or none; raises SequenceConflict where one is not its stream's next."""
        last: dict[str, int] = {}
        for row in rows:
            expected = last.get(row.stream, len(self._rows.get(row.stream, ()))) + 1
            if row.seq != expected:
                raise SequenceConflict(
                    f"event {row.seq} of {row.stream} is not the next, {expected}",
                    "read the stream again",
                )
            last[row.stream] = row.seq
        for row in rows:
            self._rows.setdefault(row.stream, []).append(row)

    async def read(self, stream: str, after: int = 0) -> AsyncIterator[Row]:
        """Give the rows of a stream whose seq is above `after`."""
        for row in self._rows.get(stream, [])[after:]:
            yield row

    async def streams(self) -> tuple[str, ...]:
        """Name every stream that has a row, in order of first append."""
        return tuple(self._rows)

    async def save_snapshot(self, stream: str, seq: int, body: bytes) -> None:
        """Keep a folded state of a stream that has rows; an older one changes nothing."""
        kept = self._snapshots.get(stream)
        if stream in self._rows and (kept is None or kept[0] <= seq):
            self._snapshots[stream] = (seq, body)

    async def load_snapshot(self, stream: str) -> tuple[int, bytes] | None:
        """Give the newest snapshot as (seq, body)."""
        return self._snapshots.get(stream)

    async def put_blob(self, body: bytes) -> str:
        """Keep a large text, once, and return its SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        self._blobs[digest] = body
        return digest

    async def get_blob(self, digest: str) -> bytes:
        """Give a blob back; raises NotFound."""
        try:
            return self._blobs[digest]
        except KeyError:
            raise NotFound(f"there is no text {digest[:12]} in memory") from None
