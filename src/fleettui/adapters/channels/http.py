"""An HTTP listener for small signed requests: bounded in size, in time and in what it says.

It answers with a status and nothing else, one request a connection. aiohttp is loaded with this
file, which is imported in a thread when the first flow needs it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from fleettui.adapters.channels.exchange import Answer, HttpAnswer, HttpRequest
from fleettui.core.errors import Refused

_log = logging.getLogger(__name__)

LARGEST_BODY: Final = 1 << 20
# A whole request must have come in this time (seconds), however slowly it trickles.
LONGEST_REQUEST: Final = 10.0
MOST_CONNECTIONS: Final = 256
MOST_HEADERS: Final = 64
LARGEST_HEADER: Final = 8 * 1024


_SILENT = logging.getLogger(f"{__name__}.requests")
_SILENT.disabled = True


class _Reader(web.RequestHandler):
    """Answers what can't be read with a status alone: no echo, and nothing of it in a log."""

    __slots__ = ("was_read",)

    was_read: Callable[[], None]

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        del request, exc, message
        return _response(HttpAnswer(status if status < 500 else 503))

    def log_exception(self, *args: object, **kwargs: object) -> None:
        """Keep what a stranger sent out of the log."""


class _Connection(asyncio.Protocol):
    """A connection that ends after its time, whatever it does."""

    def __init__(
        self, handler: _Reader, longest: float, gone: Callable[[_Connection], None]
    ) -> None:
        self._handler, self._longest, self._gone = handler, longest, gone
        self._timer: asyncio.TimerHandle | None = None
        handler.was_read = self._was_read

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._arm(min(LONGEST_REQUEST, self._longest))
        self._handler.connection_made(transport)

    def _was_read(self) -> None:
        self._arm(self._longest)

    def _arm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._handler.connection_lost(exc)
        self._gone(self)

    def data_received(self, data: bytes) -> None:
        self._handler.data_received(data)

    def eof_received(self) -> None:
        self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


class _Turned(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


@asynccontextmanager
async def listening(
    host: str, port: int, answer: Answer, longest: float = 30.0
) -> AsyncIterator[int]:
    """Listen while the context is open; gives the port (a free one for 0). Raises Refused.

    No answer takes longer than `longest` seconds.
    """

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return _response(await _answered(request, answer))

    server = web.Server(serve, access_log=None)
    open_connections: set[_Connection] = set()
    loop = asyncio.get_running_loop()

    def connect() -> asyncio.Protocol:
        if len(open_connections) >= MOST_CONNECTIONS:
            return _Turned()
        handler = _Reader(
            server, loop=loop, access_log=_SILENT, max_headers=MOST_HEADERS,
            max_line_size=LARGEST_HEADER, max_field_size=LARGEST_HEADER, lingering_time=0,
            auto_decompress=False,
        )  # fmt: skip
        connection = _Connection(handler, longest, open_connections.discard)
        open_connections.add(connection)
        return connection

    try:
        listener = await loop.create_server(connect, host, port)
    except OSError as error:
        raise Refused(
            f"webhooks can't be listened for at {host}:{port}: {error.strerror}",
            "choose another with server.host and server.port",
        ) from error
    try:
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        await server.shutdown(1.0)
        await listener.wait_closed()


async def _answered(request: web.BaseRequest, answer: Answer) -> HttpAnswer:
    """Read a request whole and have it answered; a defect is recorded and answered with 503."""
    if (request.content_length or 0) > LARGEST_BODY:
        return HttpAnswer(413)
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > LARGEST_BODY:
            return HttpAnswer(413)
    headers = tuple(
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
        for name, value in request.raw_headers
    )
    assert isinstance(request.protocol, _Reader)
    request.protocol.was_read()
    path = request.raw_path.partition("?")[0]
    try:
        return await answer(HttpRequest(request.method, path, headers, bytes(body)))
    except Exception:  # noqa: BLE001 it is recorded, and the sender may try again
        _log.exception("a request could not be answered")
        return HttpAnswer(503, 30)


def _response(answer: HttpAnswer) -> web.Response:
    headers = {"Connection": "close"}
    if answer.retry_after:
        headers["Retry-After"] = str(answer.retry_after)
    response = web.Response(status=answer.status, headers=headers)
    response.force_close()
    return response
