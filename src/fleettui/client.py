"""The one door: every face sends, reads and watches through a Client."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from fleettui.core.commands import OperatorCommand
from fleettui.core.events import Recorded
from fleettui.core.views.queries import AnyQuery


class Streamed(msgspec.Struct, frozen=True, tag=True):
    """A piece of text a model is producing right now; never stored.

    With an `action` it says how far that action is, in place of what it said before.
    """

    fleet: str
    agent: str
    turn: str
    text: str
    action: str = ""


class Reread(msgspec.Struct, frozen=True, tag=True):
    """The watcher was too slow and missed something: read again."""


Notice = Recorded | Streamed | Reread


class Watch(Protocol):
    """What happens, as it happens."""

    async def take(self) -> Sequence[Notice]:
        """Wait for at least one notice and give all that are there, in order."""


class Client(Protocol):
    """The door, bound to one operator by the Session behind it.

    In process it is the Session itself, elsewhere the same three calls over the host's socket.
    Every refusal is an error of core.errors.
    """

    @property
    def operator(self) -> str:
        """Name the person this client speaks for."""

    async def send(self, command: OperatorCommand) -> str:
        """Carry out a command; answer the id of what it made, or an empty text."""

    async def read(self, query: AnyQuery) -> Any:
        """Answer a query with the view its docstring names."""

    def watch(self, fleet: str = "", *, stream: bool = False) -> AbstractAsyncContextManager[Watch]:
        """Watch a fleet, or all; `stream` adds the text of models that answer right now."""

    async def operators(self) -> int:
        """Count who is at a face of this host right now."""
