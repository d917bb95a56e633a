"""One connection on the host's socket: frames in, frames out, and whose it is."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import struct
from collections.abc import Callable

from fleettui.core.errors import Refused
from fleettui.host.frames import MOST_UP, FrameReader, end_frame, frame

# A client that takes nothing has at most this many bytes of ours waiting: the kernel's buffer,
# and what asyncio holds before it tells us to pause.
KERNEL_BUFFER = 1 << 16
_HIGH_WATER = 1 << 14


class Line(asyncio.Protocol):
    """A connection; what its first frame asks for decides who takes its frames."""

    def __init__(self, on_open: Callable[[Line], None]) -> None:
        self._on_open = on_open
        self._frames = FrameReader(MOST_UP)
        self._transport: asyncio.Transport | None = None
        self._backlog: list[tuple[bytes, bytes]] = []
        self._taker: Callable[[bytes, bytes], None] | None = None
        self.lost = asyncio.Event()
        self.drained = asyncio.Event()
        self.arrived = asyncio.Event()
        self.on_drained: Callable[[], None] = _nothing
        self.operator = ""
        self.pid = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.drained.set()
        peer = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
        transport.set_write_buffer_limits(high=_HIGH_WATER, low=0)
        self.pid, self.operator = _peer(peer)
        if not self.operator:
            self.end(1, "this host belongs to another user")
            return
        self._on_open(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._hand_over(self._frames.feed(data))
        except Refused as refusal:
            self.end(1, str(refusal))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the shape is asyncio's
        self._transport = None
        self.drained.set()
        self.arrived.set()
        self.lost.set()

    def pause_writing(self) -> None:
        self.drained.clear()

    def resume_writing(self) -> None:
        self.drained.set()
        self.on_drained()

    async def wait_first(self) -> tuple[bytes, bytes] | None:
        """Wait for the first frame; None when the connection goes without one."""
        await self.arrived.wait()
        return self._backlog.pop(0) if self._backlog else None

    def take(self, taker: Callable[[bytes, bytes], None]) -> None:
        """Hand every frame from here on to `taker`, those that wait already included.

        A frame that it refuses (Refused) ends the line.
        """
        self._taker = taker
        backlog, self._backlog = self._backlog, []
        self.resume_reading()
        self._hand_over(backlog)

    def _hand_over(self, frames: list[tuple[bytes, bytes]]) -> None:
        if self._taker is None:
            # Until somebody takes them, frames wait; from the second read on, in the client.
            self._backlog += frames
            if self._backlog:
                self.pause_reading()
                self.arrived.set()
            return
        try:
            for kind, body in frames:
                self._taker(kind, body)
        except Refused as refusal:
            self.end(1, str(refusal))

    def write(self, data: bytes) -> None:
        """Send bytes that are framed already; without a client they go nowhere."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    @property
    def pending(self) -> int:
        """Count the bytes the client has not taken, without those in the kernel."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Let the client wait with what it sends."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what the client sends again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def end(self, code: int, message: str = "") -> None:
        """Tell the client why this is the end, and close once it has taken that."""
        self.write(end_frame(code, message))
        self.close()

    def close(self) -> None:
        """Close once the client has taken what waits for it."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self, patience: float) -> None:
        """Wait until the client took everything and the line is closed, or cut it."""
        try:
            async with asyncio.timeout(patience):
                await self.lost.wait()
        except TimeoutError:
            self.abort()

    def answer(self, body: bytes) -> None:
        """Send one answer of the door."""
        self.write(frame(b"A", body))


def _peer(peer: socket.socket) -> tuple[int, str]:
    """Give process and user at the other end, as the kernel says; no user if it is not ours."""
    packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _gid = struct.unpack("3i", packed)
    if uid != os.geteuid():
        return pid, ""
    try:
        return pid, pwd.getpwuid(uid).pw_name
    except KeyError:
        return pid, f"uid{uid}"


def _nothing() -> None:
    """Do nothing."""
