"""Wire: JSON-RPC messages over the pipes of an agent, with bounds on what it may write."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from fleettui.adapters.processes.child import Child
from fleettui.core.safe import sanitize

LARGEST: Final = 16 << 20  # bytes of one message
_MOST_NOISE: Final = 200  # lines that are no messages
_CHUNK: Final = 65_536

Message = dict[str, Any]


class Wire:
    """Satisfies the library's transport: `send`, `receive` and `close`.

    Agents sometimes print a warning where only messages belong: a little of that is skipped.
    `trouble` says why nothing more can be received, where the agent is to blame.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._held = bytearray()
        self._noise: list[str] = []
        self._writing = asyncio.Lock()
        self._room = asyncio.Event()
        self._room.set()
        self.trouble = ""

    def hold(self, full: bool) -> None:
        """Read nothing more while there is much to do already."""
        if full:
            self._room.clear()
        else:
            self._room.set()

    @property
    def noise(self) -> str:
        """What it wrote last that was no message."""
        return self._noise[-1] if self._noise else ""

    async def send(self, message: Message) -> None:
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
        async with self._writing:
            try:
                self._child.input.write(body + b"\n")
                await self._child.input.drain()
            except (BrokenPipeError, ConnectionResetError, RuntimeError) as gone:
                raise ConnectionError("the agent does not read any more") from gone

    async def receive(self) -> Message | None:
        """Give the next message, None at the end."""
        while True:
            await self._room.wait()
            line = await self._line()
            if line is None:
                return None
            message = self._read(line)
            if message is not None:
                return message
            if len(self._noise) > _MOST_NOISE:
                self.trouble = f"it writes what is no message: {self.noise}"
                return None

    async def close(self) -> None:
        """Leave the pipes to the child."""

    def _read(self, line: bytes) -> Message | None:
        if not line.strip():
            return None
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._noise.append(sanitize(line[:200].decode(errors="replace")))
            return None
        own = message.get("id")
        if "method" not in message and isinstance(own, str) and own.isdigit():
            # Ids of ours are numbers; some agents give them back as texts.
            message["id"] = int(own)
        return message

    async def _line(self) -> bytes | None:
        start = 0
        while (end := self._held.find(b"\n", start)) < 0:
            start = len(self._held)
            if start > LARGEST:
                self.trouble = f"it sent a message of more than {LARGEST >> 20} MiB"
                return None
            chunk = await self._child.output.read(_CHUNK)
            if not chunk:
                return None
            self._held += chunk
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        return line
