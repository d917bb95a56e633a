"""The door for other processes: JSON frames in, the Client's answers out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal

import msgspec

from fleettui.client import Client, Notice, Reread, Streamed
from fleettui.core.errors import FleettuiError, Forbidden, Refused
from fleettui.core.events import Recorded
from fleettui.host.line import Line
from fleettui.host.wire import About, Request, Watching, encode, error_body, ok_body

_log = logging.getLogger(__name__)
# Requests of one connection that may be under way at a time; the next ones wait in its client.
MOST_AT_ONCE = 256
_decode: Final = msgspec.json.Decoder(Request).decode


class Door:
    """One connection that sends, reads and watches; its watches end with it, its sends do not."""

    def __init__(
        self,
        line: Line,
        session: Callable[[str, str], Client],
        about: Callable[[str], About],
        stop: Callable[[], None],
    ) -> None:
        self._line = line
        self._session = session
        self._clients: dict[tuple[str, str], Client] = {}
        self._about = about
        self._stop = stop
        self._group = asyncio.TaskGroup()
        self._watches: dict[int, asyncio.Task[None]] = {}
        self._under_way = 0

    async def serve(self, first: bytes) -> None:
        """Answer the first request and all that follow, until the connection is gone."""
        async with self._group:
            self._take(b"Q", first)
            self._line.take(self._take)
            await self._line.lost.wait()
            for watch in self._watches.values():
                watch.cancel()

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind != b"Q":
            raise Refused(f"a door takes no {kind!r} frames")
        try:
            request = _decode(body)
        except msgspec.DecodeError as error:
            trouble = Refused(f"the request can't be read: {error}", "see docs/host.md")
            self._line.answer(error_body(_id_of(body), trouble))
            return
        try:
            client = self._client(request)
        except FleettuiError as error:
            self._line.answer(error_body(request.id, error))
            return
        match request:
            case Request(send=command) if command is not None:
                self._begin(request.id, client.send(command))
            case Request(read=query) if query is not None:
                self._begin(request.id, client.read(query))
            case Request(watch=watching) if watching is not None:
                self._watches[request.id] = self._group.create_task(
                    self._watch(request.id, client, watching)
                )
            case Request(unwatch=watch) if watch is not None:
                task = self._watches.pop(watch, None)
                if task is not None:
                    task.cancel()
            case Request(host=wish) if wish is not None:
                whole = not (request.tenant or request.rights_of)
                self._begin(request.id, self._serve_host(wish, whole=whole))
            case _:
                self._line.answer(error_body(request.id, Refused("the request asks for nothing")))

    def _client(self, request: Request) -> Client:
        """Give the door of whoever asks, in the tenant and with the rights they ask for."""
        scope = request.tenant, request.rights_of
        if scope not in self._clients:
            self._clients[scope] = self._session(*scope)
        return self._clients[scope]

    def _begin(self, request: int, work: Coroutine[Any, Any, Any]) -> None:
        self._under_way += 1
        if self._under_way >= MOST_AT_ONCE:
            self._line.pause_reading()
        self._group.create_task(self._answer(request, work))

    async def _answer(self, request: int, work: Coroutine[Any, Any, Any]) -> None:
        """Do one request and send what came of it, once the client takes answers."""
        try:
            body = ok_body(request, await work)
        except FleettuiError as error:
            body = error_body(request, error)
        except Exception as error:  # noqa: BLE001 it is recorded, and this client told
            _log.exception("a request failed")
            body = error_body(request, _our_fault(error))
        await self._line.drained.wait()
        self._line.answer(body)
        self._under_way -= 1
        if self._under_way < MOST_AT_ONCE:
            self._line.resume_reading()

    async def _watch(self, request: int, client: Client, watching: Watching) -> None:
        """Pass on what happens, no faster than the client takes it: its queue may overflow."""
        try:
            async with client.watch(watching.fleet, stream=watching.stream) as watch:
                self._line.answer(ok_body(request, None))
                while True:
                    self._line.answer(_notices(request, await watch.take()))
                    await self._line.drained.wait()
        except FleettuiError as error:
            self._line.answer(error_body(request, error))
        except Exception as error:  # noqa: BLE001 it is recorded, and this client told
            _log.exception("a watch failed")
            self._line.answer(error_body(request, _our_fault(error)))

    async def _serve_host(self, wish: Literal["about", "stop"], *, whole: bool) -> About:
        """Say what the host is, and end it for whoever came as its owner."""
        about = self._about(self._line.operator)
        if wish == "stop":
            if not whole:
                raise Forbidden("a host is ended by who owns it", "leave --tenant and --as out")
            # After the answer has left: the loop runs this in its next round.
            asyncio.get_running_loop().call_later(0.05, self._stop)
        return about


def _notices(request: int, notices: Any) -> bytes:
    """Encode a batch of notices; their kinds keep their order within the kind."""
    answer: dict[str, Any] = {"id": request}
    batch: list[Notice] = list(notices)
    if any(isinstance(notice, Reread) for notice in batch):
        answer["reread"] = True
    if events := [notice for notice in batch if isinstance(notice, Recorded)]:
        answer["events"] = events
    if streamed := [notice for notice in batch if isinstance(notice, Streamed)]:
        answer["streamed"] = streamed
    return encode(answer)


def _our_fault(error: Exception) -> FleettuiError:
    """Say that this is a defect of ours, without its details."""
    return FleettuiError(f"the host failed at this: {type(error).__name__}", "see the host's log")


class _Numbered(msgspec.Struct):
    id: int = 0


def _id_of(body: bytes) -> int:
    """Give the id of a request that can't be read otherwise; 0 if even that fails."""
    try:
        return msgspec.json.decode(body, type=_Numbered).id
    except msgspec.DecodeError:
        return 0
