"""InMemoryEntries: a shared memory in the host itself; it survives runs and dies with the host."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fleettui.core.memory import MemoryEntry


class InMemoryEntries:
    """Satisfies SharedMemory for one tenant and namespace."""

    def __init__(self) -> None:
        self._entries: dict[str, MemoryEntry] = {}

    async def put(self, entry: MemoryEntry) -> None:
        """Keep an entry; those that were over by then are let go."""
        over = [key for key, old in self._entries.items() if 0 < old.expires_at <= entry.at]
        for key in over:
            del self._entries[key]
        self._entries[entry.key] = entry

    async def entries(
        self, now: float, *, key: str = "", prefix: str = ""
    ) -> AsyncGenerator[MemoryEntry, None]:
        """Give the entries that are not over, by key."""
        for name in sorted(self._entries):
            entry = self._entries.get(name)
            if entry is None or 0 < entry.expires_at <= now:
                continue
            if name == key or (not key and name.startswith(prefix)):
                yield entry

    async def drop(self, key: str) -> bool:
        """Forget an entry."""
        return self._entries.pop(key, None) is not None
