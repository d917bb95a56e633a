"""Who comes in: a terminal is shown an app, another process the door."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Protocol

from fleettui.client import Client
from fleettui.core.commands import OpenFleet
from fleettui.core.errors import BadSpec, FleettuiError, NotFound, Refused
from fleettui.core.safe import sanitize
from fleettui.core.views.queries import ReadFleets
from fleettui.host.door import Door
from fleettui.host.hello import Hello, read_hello
from fleettui.host.house import House, Visitor
from fleettui.host.kin import is_below
from fleettui.host.line import Line
from fleettui.host.wire import About, error_body

# Terminal types that can't show a screen.
_TOO_PLAIN = frozenset({"", "dumb", "unknown"})
_PLAINLY = "use the commands that print: fleettui run, ps, inbox, log"


_OWN = "a program that an agent started can't use this door; only people answer and give tasks"


class Show(Protocol):
    """Shows an app on a terminal until it ends, and tells the client how."""

    async def __call__(self, line: Line, hello: Hello, client: Client, fleet: str) -> None:
        """Show it; the line is told its end."""


class Reception:
    """Sends each connection where it belongs, and knows who is at a screen.

    `load_show` loads Textual and the cockpit; it is called for the first terminal that comes.
    With `own_refused` no program that this process started comes in: an agent is no operator.
    """

    def __init__(self, load_show: Callable[[], Show], *, own_refused: bool = False) -> None:
        self._load_show, self._own_refused = load_show, own_refused
        self._show: Show | None = None
        self._terminals: set[Line] = set()

    def count(self) -> int:
        """Count the terminals that are attached."""
        return len(self._terminals)

    async def receive(
        self,
        line: Line,
        first: tuple[bytes, bytes],
        house: House,
        about: Callable[[str], About],
        stop: Callable[[], None],
    ) -> None:
        """See a connection through, by what its first frame is."""
        kind, body = first
        if self._own_refused and is_below(line.pid, os.getpid()):
            self.turn_away(line, first, _OWN)
            return
        session = partial(house.session, line.operator)
        match kind:
            case b"H":
                await self._receive_terminal(line, body, session)
            case b"Q":
                await Door(line, session, about, stop).serve(body)
            case _:
                line.end(1, "this is the socket of a fleettui host")

    async def _receive_terminal(
        self, line: Line, body: bytes, session: Callable[[str, str], Visitor]
    ) -> None:
        """Open what the terminal asks for and show it; refuse before its screen has changed."""
        try:
            hello = read_hello(body)
            if hello.term in _TOO_PLAIN:
                raise Refused(
                    f"a terminal of type {hello.term or '(none)'!r} has no screen", _PLAINLY
                )
            client = session(hello.tenant, hello.rights_of)
            fleet = await _fleet_to_show(client, hello)
            show = self._show = self._show or self._load_show()
        except BadSpec as error:
            line.end(3, sanitize("\n".join([*error.problems, str(error)])))
            return
        except FleettuiError as error:
            line.end(1, sanitize(error))
            return
        self._terminals.add(line)
        try:
            async with client.present():
                await show(line, hello, client, fleet)
        finally:
            self._terminals.discard(line)

    def turn_away(self, line: Line, first: tuple[bytes, bytes], trouble: str) -> None:
        """Tell a connection why there is nothing to serve it with."""
        if first[0] == b"Q":
            line.answer(error_body(0, FleettuiError(trouble)))
            line.close()
        else:
            line.end(1, sanitize(trouble))

    def dismiss(self, line: Line) -> None:
        """Tell a connection that the host ends."""
        if line in self._terminals:
            line.end(0, "the host was stopped; open the fleet again: fleettui open FILE")
        else:
            line.close()


async def _fleet_to_show(client: Client, hello: Hello) -> str:
    """Open the file a terminal asks for, or find the fleet; gives the fleet's id."""
    if hello.file:
        return await client.send(
            OpenFleet(
                fleet=hello.fleet,
                path=hello.file,
                workspace=hello.workspace,
                choose=hello.choose,
                environment=dict(hello.environment),
            )
        )
    fleets = [row for row in await client.read(ReadFleets()) if row.state == "open"]
    if not fleets:
        raise NotFound("no fleet is open here", "open one: fleettui open FILE")
    if not hello.fleet:
        return str(fleets[0].id)
    for row in fleets:
        if hello.fleet in {row.id, row.name}:
            return str(row.id)
    names = ", ".join(sorted({row.name for row in fleets}))
    raise NotFound(f"no open fleet is called {hello.fleet!r}", f"open are: {names}")
