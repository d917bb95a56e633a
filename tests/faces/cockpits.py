"""Cockpits for tests: the real app on a client in memory, a clock that stands still, a screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from boards import CHECKPOINTS, DIFF, LOG, MEMORY, PREVIEW, board
from memory_client import MemoryClient
from textual.pilot import Pilot

from fleettui.core.views import queries
from fleettui.core.views.rows import Board
from fleettui.tui.app import CockpitApp
from fleettui.tui.screens.cockpit import CockpitScreen

WIDE, TABBED, NARROW = (120, 36), (80, 24), (50, 20)
NOWHERE = Path("/nonexistent/fleettui")


class SetClock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Cockpit(NamedTuple):
    """A running cockpit and what a test needs of it."""

    app: CockpitApp
    pilot: Pilot[Any]
    client: MemoryClient
    clock: SetClock

    @property
    def screen(self) -> CockpitScreen:
        return next(one for one in self.app.screen_stack if isinstance(one, CockpitScreen))

    async def press(self, *keys: str, after: float = 1.0) -> None:
        """Press keys one after another, each after some seconds of the test's clock."""
        for key in keys:
            self.clock.seconds += after
            await self.pilot.press(key)
            await self.pilot.pause()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(10):
            while not holds():
                await self.pilot.pause()

    def text(self) -> str:
        """Give what is on the screen, top to bottom."""
        screen = self.app.screen
        strips = screen._compositor.render_strips(screen.size)
        return "\n".join(strip.text for strip in strips)

    async def change(self, **fields: Any) -> None:
        """Let something happen in the fleet, and wait until the screen has it."""
        self.client.change(**fields)
        await self.until(lambda: self.screen.board.seq == self.client.board.seq)
        await self.pilot.pause()


def client_of(shown: Board | None = None) -> MemoryClient:
    client = MemoryClient(shown if shown is not None else board())
    client.answers = {
        queries.ReadLog: LOG,
        queries.ReadCheckpoints: CHECKPOINTS,
        queries.PreviewRollback: PREVIEW,
        queries.ReadDiff: DIFF,
        queries.ReadMemory: MEMORY,
    }
    return client


@asynccontextmanager
async def cockpit(
    shown: Board | None = None,
    size: tuple[int, int] = WIDE,
    *,
    client: MemoryClient | None = None,
    **more: Any,
) -> AsyncIterator[Cockpit]:
    """Open a cockpit and wait until it shows the board."""
    client = client or client_of(shown)
    clock = SetClock()
    settings = {"colors": "truecolor", "config": NOWHERE} | more
    app = CockpitApp(client, fleet=client.board.fleet, clock=clock, **settings)
    async with app.run_test(size=size) as pilot:
        opened = Cockpit(app, pilot, client, clock)
        await opened.until(lambda: client.lost or opened.screen.board is client.board)
        await pilot.pause()
        yield opened
