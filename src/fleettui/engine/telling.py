"""Telling: how far a long tool is, said to whoever watches right now, and never stored."""

from __future__ import annotations

import asyncio
from typing import Final

from fleettui.client import Streamed
from fleettui.core.safe import one_line
from fleettui.core.state.fleet import ActionState
from fleettui.engine.engine import Engine

_PERIOD: Final = 0.25
_LONGEST: Final = 300


class Telling:
    """Says the newest of what a tool says, at most four times a second."""

    def __init__(self, engine: Engine, fleet: str, action: ActionState) -> None:
        self._engine, self._fleet, self._action = engine, fleet, action
        self._newest, self._due = "", 0.0
        self._timer: asyncio.TimerHandle | None = None

    def say(self, text: str) -> None:
        """Take a line; what came before it and was not said yet is forgotten."""
        if not self._engine.is_watched(self._fleet):
            return
        self._newest = text
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_at(max(self._due, loop.time()), self._tell)

    def stop(self) -> None:
        """Say nothing more: the result is there."""
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self) -> None:
        self._timer = None
        self._due = asyncio.get_running_loop().time() + _PERIOD
        text = one_line(self._newest, _LONGEST)
        said = Streamed(self._fleet, self._action.agent, self._action.turn, text, self._action.id)
        self._engine.tell(said)
