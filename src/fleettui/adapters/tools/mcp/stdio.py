"""The pipes of a server as the streams that the MCP package reads and writes; loaded late."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import ErrorData, JSONRPCError, jsonrpc_message_adapter

from fleettui.adapters.processes.serving import Serving, serve
from fleettui.adapters.tools.mcp.settings import Settings
from fleettui.core.errors import ToolFailed

MOST_LINE: Final = 4_000_000
TOO_LONG: Final = -32_050
_MOST_GARBAGE: Final = 100
_SIDE: Final = 400
_TERMINATED: Final = 143  # what a shell makes of our own SIGTERM
_ID: Final = re.compile(rb'"id"\s*:\s*(\d{1,15}|"[^"\\]{1,100}")')


@asynccontextmanager
async def stdio_streams(
    settings: Settings, env: Mapping[str, str], on_ended: Callable[[], None]
) -> AsyncGenerator[TransportStreams, None]:
    """Start a server and give its streams; ends its whole process group at the end."""
    serving = await serve(settings.argv, cwd=settings.cwd, env=env)
    to_us, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, from_us = anyio.create_memory_object_stream[SessionMessage](0)
    reading = asyncio.ensure_future(_Lines(serving, to_us).run())
    writing = asyncio.ensure_future(_write(serving, from_us))
    reading.add_done_callback(lambda _: on_ended())
    failure: Exception | None = None
    try:
        yield incoming, outgoing
    except Exception as error:  # noqa: BLE001 it is raised again, once all has ended
        failure = error
    finally:
        for stream in (outgoing, from_us, incoming):
            stream.close()
        writing.cancel()
        try:
            await serving.end()
        finally:
            reading.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
            to_us.close()
    if (serving.exit_code or 0) > 0 and serving.exit_code != _TERMINATED:
        last = serving.errors.splitlines()[-1:] or ["it said nothing"]
        raise ToolFailed(f"it ended with exit code {serving.exit_code}: {last[0][:300]}")
    if failure is not None:
        raise failure


class _Lines:
    """Takes messages out of the bytes of a server; what is none, or too long, does no harm."""

    def __init__(self, serving: Serving, to_us: Any) -> None:
        self._serving, self._to_us = serving, to_us
        self._rest = bytearray()
        self._dropped = 0
        self._garbage = 0

    async def run(self) -> None:
        """Read to the end, which ends the session too."""
        try:
            while chunk := await self._serving.stdout.read(65_536):
                self._rest += chunk
                if b"\n" in chunk:
                    *lines, self._rest = self._rest.split(b"\n")
                    for line in lines:
                        await self._take(bytes(line))
                if len(self._rest) > MOST_LINE:
                    self._dropped += len(self._rest) - 2 * _SIDE
                    del self._rest[_SIDE:-_SIDE]
                if self._garbage > _MOST_GARBAGE:
                    return
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            return
        finally:
            self._to_us.close()

    async def _take(self, line: bytes) -> None:
        if self._dropped:
            await self._too_long(line)
            return
        if not line.strip():
            return
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            self._garbage += 1
            return
        self._garbage = 0
        await self._to_us.send(SessionMessage(message))

    async def _too_long(self, line: bytes) -> None:
        """Answer in place of a message that nobody wants to hold: what asked for it is told."""
        size, self._dropped = self._dropped + len(line), 0
        found = _ID.search(line[:_SIDE]) or _ID.search(line[-_SIDE:])
        if found is None:
            return
        name: Any = found[1].decode()
        name = int(name) if name.isdigit() else name.strip('"')
        why = f"it answered with {size:,} bytes, more than the {MOST_LINE:,} that are read"
        error = JSONRPCError(jsonrpc="2.0", id=name, error=ErrorData(code=TOO_LONG, message=why))
        await self._to_us.send(SessionMessage(error))


async def _write(serving: Serving, from_us: Any) -> None:
    try:
        async for item in from_us:
            text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
            serving.stdin.write(text.encode() + b"\n")
            await serving.stdin.drain()
    except (OSError, anyio.ClosedResourceError):
        return
