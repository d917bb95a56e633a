"""The Client of another process: the door of a host, over its socket."""

from __future__ import annotations

import _socket
import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import msgspec

from fleettui.client import Notice, Reread, Streamed
from fleettui.core.commands import OpenFleet, OperatorCommand
from fleettui.core.errors import FleettuiError, HostGone, Refused
from fleettui.core.events import Recorded
from fleettui.core.views.queries import AnyQuery
from fleettui.host.answers import ANSWERS
from fleettui.host.frames import MOST_UP, FrameReader, frame, read_end
from fleettui.host.spawn import connect, connect_or_start
from fleettui.host.wire import About, Answer, Request, Watching, encode, error_from_wire

_decode = msgspec.json.Decoder(Answer).decode
_MOST_DOWN = 1 << 30
_GONE = "the host ended", "open the fleet again: fleettui open FILE"


async def join(state: str, tenant: str = "", rights_of: str = "") -> RemoteClient:
    """Join the host of a state folder; raises HostGone when there is none."""
    stream = await asyncio.to_thread(connect, state)
    if stream is None:
        raise HostGone(f"no host runs on {state}", "open a fleet first: fleettui open FILE")
    return await RemoteClient.over(stream, tenant, rights_of)


async def join_or_start(state: str, tenant: str = "", rights_of: str = "") -> RemoteClient:
    """Join the host of a state folder, starting one if there is none."""
    stream = await asyncio.to_thread(connect_or_start, state)
    return await RemoteClient.over(stream, tenant, rights_of)


class RemoteClient:
    """A Client over a host's socket; close it, or use it as an async context manager."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        tenant: str = "",
        rights_of: str = "",
    ) -> None:
        self._reader, self._writer = reader, writer
        self._tenant, self._rights_of = tenant, rights_of
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._watching: dict[int, asyncio.Queue[Answer | FleettuiError]] = {}
        self._gone: FleettuiError | None = None
        self._reading = asyncio.create_task(self._read_on())
        self.host = About("", "", 0, "", 0.0, 0)

    @classmethod
    async def over(cls, stream: _socket.socket, tenant: str = "", rights_of: str = "") -> Self:
        """Speak over a connected socket; raises HostGone or the host's own trouble."""
        stream.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(
            sock=socket.socket(fileno=stream.detach())
        )
        client = cls(reader, writer, tenant, rights_of)
        try:
            client.host = await client.about()
        except BaseException:
            await client.close()
            raise
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave; the host goes on."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    # --- the door ---------------------------------------------------------------------------------

    @property
    def operator(self) -> str:
        """Name the person this client speaks for: who runs this process."""
        return self.host.operator

    async def send(self, command: OperatorCommand) -> str:
        """Carry out a command; answer the id of what it made, or an empty text."""
        if isinstance(command, OpenFleet):
            command = msgspec.structs.replace(command, environment=_sendable(command.environment))
        made: str = await self._ask(Request(self._next(), send=command), str)
        return made

    async def read(self, query: AnyQuery) -> Any:
        """Answer a query with the view its docstring names."""
        return await self._ask(Request(self._next(), read=query), ANSWERS[type(query)])

    @asynccontextmanager
    async def watch(self, fleet: str = "", *, stream: bool = False) -> AsyncIterator[RemoteWatch]:
        """Watch a fleet, or all; `stream` adds the text of models that answer right now."""
        number = self._next()
        answers: asyncio.Queue[Answer | FleettuiError] = asyncio.Queue()
        self._watching[number] = answers
        try:
            await self._ask(Request(number, watch=Watching(fleet, stream)), None)
            yield RemoteWatch(answers)
        finally:
            del self._watching[number]
            if self._gone is None:
                self._write(Request(self._next(), unwatch=number))

    async def operators(self) -> int:
        """Count who is at a face of the host right now."""
        return (await self.about()).faces

    async def about(self) -> About:
        """Ask the host who it is."""
        about: About = await self._ask(Request(self._next(), host="about"), About)
        return about

    async def stop_host(self) -> None:
        """End the host in good order, and wait until it is gone; its fleets stay in the store."""
        await self._ask(Request(self._next(), host="stop"), About)
        await asyncio.gather(self._reading, return_exceptions=True)

    # --- frames -----------------------------------------------------------------------------------

    def _next(self) -> int:
        return next(self._numbers)

    async def _ask(self, request: Request, kind: Any) -> Any:
        """Send a request and wait for its answer, decoded as `kind`."""
        if self._gone is not None:
            raise self._gone
        answered = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = answered
        try:
            self._write(request)
            await self._writer.drain()
            body = await answered
        except (ConnectionError, BrokenPipeError) as error:
            raise HostGone(*_GONE) from error
        finally:
            self._waiting.pop(request.id, None)
        return None if kind is None else msgspec.json.decode(body, type=kind)

    def _write(self, request: Request) -> None:
        scoped = msgspec.structs.replace(request, tenant=self._tenant, rights_of=self._rights_of)
        body = encode(scoped)
        if len(body) > MOST_UP:
            raise Refused(
                f"a request of {len(body)} bytes is over the limit of {MOST_UP}", "send less"
            )
        self._writer.write(frame(b"Q", body))

    async def _read_on(self) -> None:
        """Hand answers to who waits for them until the host is gone, then tell everybody."""
        frames = FrameReader(_MOST_DOWN)
        gone: FleettuiError = HostGone(*_GONE)
        try:
            while data := await self._reader.read(1 << 16):
                for kind, body in frames.feed(data):
                    if kind == b"A":
                        self._deliver(_decode(body))
                    elif kind == b"X":
                        gone = HostGone(read_end(body)[1])
        except (ConnectionError, FleettuiError, msgspec.DecodeError) as error:
            gone = HostGone(*_GONE) if isinstance(error, ConnectionError) else HostGone(str(error))
        finally:
            self._gone = self._gone or gone
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(self._gone)
            for watching in self._watching.values():
                watching.put_nowait(self._gone)

    def _deliver(self, answer: Answer) -> None:
        error = None if answer.error is None else error_from_wire(answer.error)
        waiting = self._waiting.get(answer.id)
        if waiting is not None and not waiting.done():
            if error is None:
                waiting.set_result(answer.ok)
            else:
                waiting.set_exception(error)
        elif answer.id in self._watching:
            self._watching[answer.id].put_nowait(answer if error is None else error)
        elif answer.id == 0 and error is not None:
            # The host could not start: everything we ask has this answer.
            self._gone = error
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(error)


class RemoteWatch:
    """What happens at a host, as it happens."""

    def __init__(self, answers: asyncio.Queue[Answer | FleettuiError]) -> None:
        self._answers = answers

    async def take(self) -> Sequence[Notice]:
        """Wait for at least one notice and give all that are there, in order; raises HostGone."""
        notices: list[Notice] = []
        while not notices or not self._answers.empty():
            answer = await self._answers.get()
            if isinstance(answer, FleettuiError):
                if notices:
                    self._answers.put_nowait(answer)
                    break
                raise answer
            notices += _notices(answer)
        return notices


def _notices(answer: Answer) -> list[Notice]:
    again: list[Notice] = [Reread()] if answer.reread else []
    events: tuple[Recorded, ...] = answer.events
    streamed: tuple[Streamed, ...] = answer.streamed
    return [*again, *events, *streamed]


def _sendable(environment: dict[str, str]) -> dict[str, str]:
    """Leave out the variables that are no text in UTF-8: JSON can't carry them."""
    return {name: value for name, value in environment.items() if _is_utf8(name + value)}


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
