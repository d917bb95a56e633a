"""A Client over a constructed board: what a screen sends is kept, what it reads is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from fleettui.client import Notice, Reread
from fleettui.core.commands import OperatorCommand
from fleettui.core.errors import FleettuiError
from fleettui.core.views import queries
from fleettui.core.views.queries import AnyQuery
from fleettui.core.views.rows import Board


class MemoryWatch:
    """Gives the notices put into it."""

    def __init__(self) -> None:
        self.notices: asyncio.Queue[Notice | Exception] = asyncio.Queue()

    async def take(self) -> Sequence[Notice]:
        first = await self.notices.get()
        if isinstance(first, Exception):
            raise first
        return [first]


class MemoryClient:
    """Answers from `board` and `answers`; `refuse` makes the next commands fail."""

    def __init__(self, board: Board, operator: str = "ana") -> None:
        self.board = board
        self.name = operator
        self.sent: list[OperatorCommand] = []
        self.reads: list[AnyQuery] = []
        self.refuse: FleettuiError | None = None
        self.lost: Exception | None = None
        self.answers: dict[type, Any] = {}
        # What is shown in place of `board` where a fleet is named.
        self.boards: dict[str, Board] = {}
        self.watches: list[MemoryWatch] = []

    @property
    def operator(self) -> str:
        return self.name

    async def operators(self) -> int:
        return 2

    async def send(self, command: OperatorCommand) -> str:
        if self.refuse is not None:
            raise self.refuse
        self.sent.append(command)
        return "made/1"

    async def read(self, query: AnyQuery) -> Any:
        self.reads.append(query)
        if self.lost is not None:
            raise self.lost
        if isinstance(query, queries.ReadBoard):
            return self.boards.get(query.fleet, self.board)
        return self.answers.get(type(query), {} if isinstance(query, queries.ReadSpec) else ())

    def watch(self, fleet: str = "", *, stream: bool = False) -> Any:
        return self._watch()

    @asynccontextmanager
    async def _watch(self) -> AsyncIterator[MemoryWatch]:
        if self.lost is not None:
            raise self.lost
        watch = MemoryWatch()
        self.watches.append(watch)
        yield watch

    def notify(self, notice: Notice | Exception | None = None) -> None:
        """Wake every watcher."""
        for watch in self.watches:
            watch.notices.put_nowait(notice if notice is not None else Reread())

    def change(self, **fields: Any) -> None:
        """Put another board in place, as something happening would."""
        self.board = replace(self.board, seq=self.board.seq + 1, **fields)
        self.notify()
