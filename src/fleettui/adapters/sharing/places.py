"""SharingPlaces: the table of backends, by the type that a fleet file names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from fleettui.adapters.sharing.inmemory import InMemoryEntries
from fleettui.adapters.sharing.postgres import open_postgres
from fleettui.adapters.sharing.redis import open_redis
from fleettui.adapters.sharing.sqlite import open_sqlite
from fleettui.core.memory import MemoryPlace
from fleettui.core.spec.shared import MemoryType
from fleettui.ports import SharedMemory

Opening = Callable[[MemoryPlace], AbstractAsyncContextManager[SharedMemory]]


class SharingPlaces:
    """Satisfies SharedMemories; owns what is kept in memory, for as long as the host lives."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], InMemoryEntries] = {}
        self._openings: Final[Mapping[MemoryType, Opening]] = {
            "inmemory": self._in_memory,
            "sqlite": open_sqlite,
            "redis": open_redis,
            "postgres": open_postgres,
        }

    def open(self, place: MemoryPlace) -> AbstractAsyncContextManager[SharedMemory]:
        """Give a memory to work with; raises MissingExtra or MemoryLost when it is entered."""
        return self._openings[place.kind](place)

    @asynccontextmanager
    async def _in_memory(self, place: MemoryPlace) -> AsyncIterator[SharedMemory]:
        yield self._kept.setdefault((place.tenant, place.namespace), InMemoryEntries())
