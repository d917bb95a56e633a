"""A host in this process, and terminals and raw connections to it over its real socket."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyte
from demo_app import DemoApp
from demo_fleet import DemoHouse
from ptys import KnownScreen

from fleettui.host.frames import FrameReader, frame, read_end
from fleettui.host.hello import Hello, hello_frame
from fleettui.host.lock import claim
from fleettui.host.reception import Reception
from fleettui.host.screen import Showing, Streams
from fleettui.host.serve import Host

_PATIENCE = 60.0
TRUE_COLOUR = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


class Served:
    """A running host and what it was given."""

    def __init__(self, host: Host, house: DemoHouse, state: str, fleet: Path) -> None:
        self.host, self.house, self.state, self.fleet = host, house, state, fleet
        self.apps: list[Any] = []
        self.peers: list[Peer] = []

    async def terminal(self, columns: int = 80, rows: int = 24, **more: Any) -> Peer:
        """Attach a terminal that has opened the demo fleet."""
        environment = more.pop("environment", TRUE_COLOUR)
        fields: dict[str, Any] = {"file": str(self.fleet), "workspace": "/w", **more}
        peer = await self.connect(columns, rows)
        peer.write(hello_frame(Hello(columns, rows, environment=environment, **fields)))
        return peer

    async def connect(self, columns: int = 80, rows: int = 24) -> Peer:
        """Connect without a word."""
        peer = await Peer.connect(self.state, columns, rows)
        self.peers.append(peer)
        return peer


@asynccontextmanager
async def serving(folder: Path, *, idle: float = 60.0) -> AsyncIterator[Served]:
    """Serve the demo fleet from a state folder."""
    state = str(folder / "state")
    fleet = folder / "fleet.yaml"
    fleet.write_text("fine")
    claimed = claim(state)
    assert claimed is not None
    house = DemoHouse()
    streams = Streams(sys.stdout, sys.stderr)

    def make_app(visit: Any) -> Any:
        app = DemoApp(visit)
        served.apps.append(app)
        return app

    @asynccontextmanager
    async def build() -> AsyncIterator[DemoHouse]:
        yield house

    showing = Showing(make_app, lambda result, _fleet: str(result or ""), streams)
    host = Host(claimed, idle, build, Reception(lambda: showing))
    served = Served(host, house, state, fleet)
    running = asyncio.create_task(host.run())
    try:
        yield served
    finally:
        host.stop()
        for peer in served.peers:
            peer.hang_up()
        await running


class Peer:
    """The far end of a connection: frames up, and what came down as a screen."""

    def __init__(self, stream: socket.socket, columns: int, rows: int) -> None:
        self.stream = stream
        self.raw = bytearray()
        self.frames: list[tuple[bytes, bytes]] = []
        self.closed = False
        self.reading = True
        self._reader = FrameReader(1 << 28)
        self.screen = KnownScreen(columns, rows)
        self._feed = pyte.ByteStream(self.screen)

    @classmethod
    async def connect(cls, state: str, columns: int = 80, rows: int = 24) -> Peer:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.setblocking(False)
        await asyncio.get_running_loop().sock_connect(stream, f"{state}/host.sock")
        return cls(stream, columns, rows)

    def write(self, data: bytes) -> None:
        """Send bytes that fit into the kernel's buffer."""
        assert self.stream.send(data) == len(data)

    async def write_all(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.stream, data)

    def type(self, keys: str | bytes) -> None:
        self.write(frame(b"D", keys.encode() if isinstance(keys, str) else keys))

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    @property
    def end(self) -> tuple[int, str] | None:
        return next((read_end(body) for kind, body in self.frames if kind == b"X"), None)

    async def read(self) -> None:
        data = await asyncio.get_running_loop().sock_recv(self.stream, 1 << 16)
        if not data:
            self.closed = True
        for kind, body in self._reader.feed(data):
            self.frames.append((kind, body))
            if kind == b"D":
                self.raw += body
                known = re.sub(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p", b"", body)
                self._feed.feed(known)

    async def until(self, seen: Callable[[], bool]) -> None:
        """Read until something is so."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not seen():
                    assert not self.closed, f"the host closed; {self.end}\n{self.text}"
                    await self.read()
        except TimeoutError:
            raise AssertionError(f"never came; the screen is\n{self.text}") from None

    async def until_text(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.text for text in texts))

    async def until_end(self) -> tuple[int, str]:
        await self.until(lambda: self.end is not None)
        assert self.end is not None
        return self.end

    def hang_up(self) -> None:
        self.stream.close()
